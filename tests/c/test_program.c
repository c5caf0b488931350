#include <math.h>
#include <string.h>

#include "check.h"
#include "program_file.h"
#include "tppcore.h"

/* tpp / area >= 5.92, and the choice of tpp where that holds, else of area. */
static program_file program(void)
{
    static const char names[] = "\0tpp\0area\0dense\0metric";
    const file_counts counts = {2, 4, 1, 1, 2, 2, 1, 0, 0, 0, sizeof names};
    program_file out = begin(&counts);
    put_input(&out, 1, GIVEN, 0);
    put_input(&out, 5, GIVEN | POSITIVE, 0);
    put_node(&out, INPUT, 0, 0, 0, 0);
    put_node(&out, INPUT, 1, 0, 0, 0);
    put_node(&out, DIVIDE, 0, 1, 0, POSITIVE);
    put_node(&out, SELECT, 0, 1, 0, 0);
    put_test(&out, 2, AT_LEAST, 1e-14, 592, -2);
    put_paragraph(&out, 10, 0, 1, 1);
    put_box(&out, 0, 1);
    put_box(&out, 1, 1);
    put(&out, 0, 4);
    put(&out, 1, 4);
    put_metric(&out, 16, 3);
    end(&out, names, sizeof names);
    return out;
}

static tpp_status open_bytes(const void *bytes, size_t size)
{
    /* In memory of exactly that size, so that a read past it is seen. */
    void *copy = malloc(size == 0 ? 1 : size);
    CHECK(copy != NULL);
    memcpy(copy, bytes, size);
    tpp_program *opened;
    tpp_error error;
    const tpp_status status = tpp_program_open(copy, size, &opened, &error);
    CHECK((status == TPP_OK) == (opened != NULL));
    CHECK(status == TPP_OK || error.status == status);
    tpp_program_close(opened);
    free(copy);
    return status;
}

static void test_evaluates(void)
{
    const program_file bytes = program();
    tpp_program *opened;
    CHECK(tpp_program_open(bytes.bytes, bytes.size, &opened, NULL) == TPP_OK);
    CHECK(tpp_program_inputs(opened) == 2);
    CHECK(tpp_program_paragraphs(opened) == 1);
    CHECK(tpp_program_metrics(opened) == 1);
    CHECK(strcmp(tpp_program_input_name(opened, 1), "area") == 0);
    CHECK(strcmp(tpp_program_paragraph_id(opened, 0), "dense") == 0);
    CHECK(strcmp(tpp_program_metric_name(opened, 0), "metric") == 0);
    CHECK(tpp_program_input_name(opened, 2) == NULL);
    CHECK(tpp_program_use_kernel(opened, "portable") == TPP_OK);
    CHECK(tpp_program_use_kernel(opened, "none") == TPP_ERROR_KERNEL);

    const double nan = (double)NAN;
    const double tpp[5] = {5.92 * 100, 4.144, nextafter(4.144, 0.0), nan, 3.0};
    const double area[5] = {100, 0.7, 0.7, 100, nan};
    const tpp_column columns[2] = {{.values = tpp}, {.values = area}};
    uint64_t values = UINT64_MAX, valid = UINT64_MAX;
    uint64_t *value_bits[1] = {&values}, *valid_bits[1] = {&valid};
    tpp_error error;
    CHECK(tpp_evaluate(opened, columns, 0, 5, value_bits, valid_bits, &error) == TPP_OK);
    CHECK(values == 3 && valid == 7);
    double low[5], high[5];
    double *lows[1] = {low}, *highs[1] = {high};
    CHECK(tpp_metrics(opened, columns, 0, 5, lows, highs, &error) == TPP_OK);
    CHECK(low[1] == 4.144 && high[1] == 4.144 && low[2] == 0.7);
    CHECK(low[3] == 0.0 && high[3] == HUGE_VAL);

    const double bad[5] = {1, 1, 0, -1, 1};
    const tpp_column wrong[2] = {{.values = tpp}, {.values = bad}};
    CHECK(tpp_evaluate(opened, wrong, 0, 5, value_bits, valid_bits, &error) == TPP_ERROR_ZERO);
    CHECK(error.row == 2 && error.input == 1 && error.part == TPP_PART_VALUE);
    CHECK(tpp_evaluate(opened, columns, 1, 5, value_bits, valid_bits, &error) ==
          TPP_ERROR_ARGUMENT);
    CHECK(tpp_evaluate(NULL, columns, 0, 5, value_bits, valid_bits, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_evaluate(opened, NULL, 0, 5, value_bits, valid_bits, NULL) == TPP_ERROR_ARGUMENT);
    tpp_program_close(opened);
}

static void test_refuses_every_truncation(void)
{
    const program_file bytes = program();
    CHECK(open_bytes(bytes.bytes, bytes.size) == TPP_OK);
    for (size_t size = 0; size < bytes.size; size++) {
        CHECK(open_bytes(bytes.bytes, size) != TPP_OK);
    }
    CHECK(open_bytes(bytes.bytes, bytes.size + 1) == TPP_ERROR_SIZE);
    tpp_program *opened;
    CHECK(tpp_program_open(NULL, 0, &opened, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_program_open(bytes.bytes, bytes.size, NULL, NULL) == TPP_ERROR_ARGUMENT);
}

static void test_refuses_every_flipped_byte(void)
{
    const program_file bytes = program();
    for (size_t i = 0; i < bytes.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            program_file flipped = bytes;
            flipped.bytes[i] ^= (uint8_t)(1 << bit);
            CHECK(open_bytes(flipped.bytes, flipped.size) != TPP_OK);
        }
    }
}

/* With a checksum that is right: whatever opens must also evaluate without harm. */
static void test_survives_forgery(void)
{
    const program_file bytes = program();
    unsigned long long state = 3;
    double numbers[70];
    for (int i = 0; i < 70; i++) {
        numbers[i] = 1.0 + i;
    }
    for (int round = 0; round < 60000; round++) {
        const program_file forged = forge(&bytes, 20, 9, &state);
        tpp_program *opened;
        if (tpp_program_open(forged.bytes, forged.size, &opened, NULL) != TPP_OK) {
            continue;
        }
        CHECK(tpp_program_inputs(opened) == 2 && tpp_program_paragraphs(opened) == 1);
        const tpp_column columns[2] = {{.values = numbers}, {.values = numbers}};
        uint64_t values[2], valid[2];
        uint64_t *value_bits[1] = {values}, *valid_bits[1] = {valid};
        double low[70], high[70];
        double *lows[1] = {low}, *highs[1] = {high};
        tpp_error error;
        (void)tpp_evaluate(opened, columns, 0, 70, value_bits, valid_bits, &error);
        (void)tpp_metrics(opened, columns, 0, 70, lows, highs, &error);
        tpp_program_close(opened);
    }
}

static void test_texts(void)
{
    for (int status = 0; status < TPP_STATUS_COUNT; status++) {
        CHECK(strcmp(tpp_status_text((tpp_status)status), "unknown status") != 0);
    }
    CHECK(strcmp(tpp_status_text(TPP_STATUS_COUNT), "unknown status") == 0);
}

int main(void)
{
    test_evaluates();
    test_refuses_every_truncation();
    test_refuses_every_flipped_byte();
    test_survives_forgery();
    test_texts();
    return 0;
}
