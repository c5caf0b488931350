#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

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

/* Three outcomes; a and b have the first, c the second, d none. */
static program_file outcomes(void)
{
    static const char names[] = "\0in\0W\0a\0b\0c\0d\0first\0second\0last\0as_of\0 2026\0cited";
    enum { IN = 1, UNIT = 4, A = 6, FIRST = 14, SECOND = 20, LAST = 27, AS_OF = 32, DATE = 38, CITED = 44 };
    const file_counts counts = {1, 0, 0, 4, 0, 0, 0, 0, 3, 1, sizeof names};
    program_file out = begin(&counts);
    put_input(&out, IN, GIVEN, 0);
    out.size -= 12;
    put(&out, UNIT, 4);
    put(&out, 0, 8);
    for (uint32_t p = 0; p < 4; p++) {
        put_paragraph(&out, A + 2 * p, 0, 0, 0);
        out.size -= 8;
        put(&out, p < 2 ? 1 : p == 2 ? 2 : 0, 4);
        put(&out, p == 1 ? CITED : 0, 4);
    }
    put(&out, FIRST, 4);
    put(&out, SECOND, 4);
    put(&out, LAST, 4);
    put(&out, AS_OF, 4);
    put(&out, DATE, 4);
    end(&out, names, sizeof names);
    return out;
}

static void test_says_what_it_is(void)
{
    const program_file bytes = outcomes();
    tpp_program *opened;
    CHECK(tpp_program_open(bytes.bytes, bytes.size, &opened, NULL) == TPP_OK);
    CHECK(strcmp(tpp_program_input_unit(opened, 0), "W") == 0);
    CHECK(tpp_program_input_unit(opened, 1) == NULL && tpp_program_metric_unit(opened, 0) == NULL);
    CHECK(tpp_program_find_input(opened, "in") == 0);
    CHECK(tpp_program_find_input(opened, "i") == TPP_ABSENT);
    CHECK(tpp_program_find_input(opened, NULL) == TPP_ABSENT);
    CHECK(tpp_program_find_paragraph(opened, "c") == 2);
    CHECK(tpp_program_find_paragraph(opened, "") == TPP_ABSENT);
    CHECK(tpp_program_paragraph_outcome(opened, 2) == 1);
    CHECK(tpp_program_paragraph_outcome(opened, 3) == TPP_ABSENT);
    CHECK(tpp_program_paragraph_outcome(opened, 4) == TPP_ABSENT);
    CHECK(strcmp(tpp_program_paragraph_citation(opened, 1), "cited") == 0);
    CHECK(strcmp(tpp_program_paragraph_citation(opened, 0), "") == 0);
    CHECK(tpp_program_outcomes(opened) == 3 && tpp_program_outcome(opened, 3) == NULL);
    CHECK(tpp_program_facts(opened) == 1);
    CHECK(strcmp(tpp_program_fact(opened, "as_of"), " 2026") == 0);
    CHECK(strcmp(tpp_program_fact_name(opened, 0), "as_of") == 0);
    CHECK(tpp_program_fact(opened, "other") == NULL && tpp_program_fact_name(opened, 1) == NULL);
    tpp_program_close(opened);
}

/* All verdicts of the four paragraphs, by row and in bitmaps. */
static void test_highest_outcome_exhaustively(void)
{
    static const char *const words[3] = {"first", "second", "last"};
    const program_file bytes = outcomes();
    tpp_program *opened;
    CHECK(tpp_program_open(bytes.bytes, bytes.size, &opened, NULL) == TPP_OK);
    for (int n = 0; n < 81; n++) {
        const int8_t verdicts[4] = {(int8_t)(n % 3 - 1), (int8_t)(n / 3 % 3 - 1),
                                    (int8_t)(n / 9 % 3 - 1), (int8_t)(n / 27 - 1)};
        const bool yes[2] = {verdicts[0] > 0 || verdicts[1] > 0, verdicts[2] > 0};
        const bool may[2] = {verdicts[0] < 0 || verdicts[1] < 0, verdicts[2] < 0};
        const uint32_t certain = yes[0] ? 0 : yes[1] ? 1 : 2;
        const uint32_t possible = yes[0] ? 3 : may[0] ? 0 : may[1] ? 1 : 3;
        CHECK(tpp_highest_outcome(opened, verdicts) == certain * 4 + possible);

        uint64_t bits[8], *each[8];
        for (int p = 0; p < 4; p++) {
            bits[p] = (uint64_t)(verdicts[p] > 0) << 5;
            bits[4 + p] = (uint64_t)(verdicts[p] >= 0) << 5;
            each[p] = &bits[p];
            each[4 + p] = &bits[4 + p];
        }
        uint8_t codes[7] = {0, 0, 0, 0, 0, 0, 77};
        tpp_highest_outcomes(opened, each, each + 4, 5, 6, codes);
        CHECK(codes[5] == certain * 4 + possible && codes[6] == 77 && codes[4] == 0);

        char text[100], expected[100];
        if (possible == 3) {
            snprintf(expected, sizeof expected, "%s", words[certain]);
        } else {
            snprintf(expected, sizeof expected, "undetermined: up to %s; at least %s",
                     words[possible], certain < 2 ? words[certain] : "no requirement found");
        }
        CHECK(tpp_outcome_text(opened, codes[5], text, sizeof text) == strlen(expected));
        CHECK(strcmp(text, expected) == 0);
    }
    tpp_program_close(opened);
}

static void test_opens_files(void)
{
    char path[] = "/tmp/test_program_XXXXXX";
    const program_file bytes = program();
    tpp_program *opened;
    tpp_error error;
    const int descriptor = mkstemp(path);
    CHECK(descriptor >= 0 && close(descriptor) == 0);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes.bytes, 1, bytes.size, file) == bytes.size);
    CHECK(fclose(file) == 0);
    CHECK(tpp_program_open_file(path, &opened, &error) == TPP_OK);
    CHECK(tpp_program_inputs(opened) == 2);
    tpp_program_close(opened);
    CHECK((file = fopen(path, "ab")) != NULL && fputc(0, file) == 0 && fclose(file) == 0);
    CHECK(tpp_program_open_file(path, &opened, &error) == TPP_ERROR_SIZE && opened == NULL);
    CHECK(error.status == TPP_ERROR_SIZE);
    CHECK((file = fopen(path, "wb")) != NULL && fclose(file) == 0);
    CHECK(tpp_program_open_file(path, &opened, &error) == TPP_ERROR_TRUNCATED);
    CHECK(remove(path) == 0);
    CHECK(tpp_program_open_file(path, &opened, &error) == TPP_ERROR_FILE && opened == NULL);
    CHECK(tpp_program_open_file(".", &opened, &error) == TPP_ERROR_FILE);
    CHECK(tpp_program_open_file("/dev/zero", &opened, &error) == TPP_ERROR_LIMIT);
    CHECK(tpp_program_open_file(NULL, &opened, &error) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_program_open_file(path, NULL, &error) == TPP_ERROR_ARGUMENT);
}

static void test_texts(void)
{
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", TPP_VERSION_MAJOR, TPP_VERSION_MINOR,
             TPP_VERSION_PATCH);
    CHECK(strcmp(version, TPP_VERSION) == 0 && strcmp(version, tpp_version()) == 0);
    CHECK(TPP_VERSION_NUMBER / 10000 == TPP_VERSION_MAJOR);
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
    test_says_what_it_is();
    test_highest_outcome_exhaustively();
    test_opens_files();
    test_texts();
    return 0;
}
