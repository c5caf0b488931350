/* Every kernel gives the same bits, on the same rows cut in any way; and the same errors. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "law.h"
#include "table.h"
#include "tppcore.h"

enum { MAX_ROWS = 1100, WORDS = MAX_ROWS / 64 + 2 };

static const char *const kernels[] = {"portable", "avx2", "avx512", "neon"};
enum { KERNELS = sizeof kernels / sizeof *kernels };

typedef struct {
    tpp_status status;
    tpp_error error;
    uint64_t values[LAW_PARAGRAPHS][WORDS];
    uint64_t valid[LAW_PARAGRAPHS][WORDS];
    double low[LAW_METRICS][MAX_ROWS];
    double high[LAW_METRICS][MAX_ROWS];
} answer;

/* Evaluates `step` rows at a time, a multiple of 64. */
static void evaluate(const tpp_program *program, const table *t, uint64_t step, answer *out)
{
    uint64_t *values[LAW_PARAGRAPHS], *valid[LAW_PARAGRAPHS];
    double *low[LAW_METRICS], *high[LAW_METRICS];
    memset(out, 0, sizeof *out);
    for (int p = 0; p < LAW_PARAGRAPHS; p++) {
        values[p] = out->values[p];
        valid[p] = out->valid[p];
        memset(values[p], 0x5A, sizeof out->values[p]); /* beyond the last row stays as it is */
        memset(valid[p], 0x5A, sizeof out->valid[p]);
    }
    for (int m = 0; m < LAW_METRICS; m++) {
        low[m] = out->low[m];
        high[m] = out->high[m];
    }
    for (uint64_t row = 0; row < t->rows && out->status == TPP_OK; row += step) {
        const uint64_t stop = t->rows - row < step ? t->rows : row + step;
        out->status = tpp_evaluate(program, t->column, row, stop, values, valid, &out->error);
        if (out->status == TPP_OK) {
            CHECK(tpp_metrics(program, t->column, row, stop, low, high, &out->error) == TPP_OK);
        }
    }
}

static bool same_doubles(const double *a, const double *b, uint64_t rows)
{
    for (uint64_t i = 0; i < rows; i++) {
        if (!(isnan(a[i]) && isnan(b[i])) && memcmp(&a[i], &b[i], sizeof *a) != 0) {
            return false;
        }
    }
    return true;
}

static void expect_same(const answer *a, const answer *b, uint64_t rows)
{
    CHECK(a->status == b->status);
    if (a->status != TPP_OK) {
        CHECK(a->error.row == b->error.row && a->error.input == b->error.input);
        CHECK(a->error.part == b->error.part && a->error.status == b->error.status);
        CHECK(memcmp(&a->error.value, &b->error.value, sizeof a->error.value) == 0);
        return;
    }
    CHECK(memcmp(a->values, b->values, sizeof a->values) == 0);
    CHECK(memcmp(a->valid, b->valid, sizeof a->valid) == 0);
    for (int m = 0; m < LAW_METRICS; m++) {
        CHECK(same_doubles(a->low[m], b->low[m], rows));
        CHECK(same_doubles(a->high[m], b->high[m], rows));
    }
}

/* All kernels, on the whole table and on pieces of it; `usual` receives the portable answer. */
static void compare_kernels(tpp_program *program, const table *t, answer *usual)
{
    static answer other;
    CHECK(tpp_program_use_kernel(program, "portable") == TPP_OK);
    evaluate(program, t, MAX_ROWS, usual);
    for (int k = 0; k < KERNELS; k++) {
        if (tpp_program_use_kernel(program, kernels[k]) != TPP_OK) {
            continue;
        }
        CHECK(strcmp(tpp_program_kernel(program), kernels[k]) == 0);
        for (uint64_t step = 64; step <= 576; step += 256) {
            evaluate(program, t, step, &other);
            expect_same(usual, &other, t->rows);
        }
        evaluate(program, t, MAX_ROWS - MAX_ROWS % 64, &other);
        expect_same(usual, &other, t->rows);
    }
}

static int count_bits(uint64_t word)
{
    int count = 0;
    for (; word != 0; word &= word - 1) {
        count++;
    }
    return count;
}

static void test_every_length_and_style(void)
{
    static answer found;
    unsigned long long state = 11;
    tpp_program *program = open_law();
    int seen[3] = {0};
    for (int style = 0; style < STYLES; style++) {
        for (uint64_t rows = 1; rows <= MAX_ROWS; rows += rows < 130 ? 1 : 97) {
            table t = random_table(rows, style, &state);
            compare_kernels(program, &t, &found);
            CHECK(found.status == TPP_OK);
            const uint64_t last = (rows - 1) / 64;
            for (int p = 0; p < LAW_PARAGRAPHS; p++) {
                for (uint64_t w = 0; w <= last; w++) {
                    const uint64_t valid = found.valid[p][w], values = found.values[p][w];
                    CHECK((values & ~valid) == 0);
                    CHECK(w < last || rows % 64 == 0 || valid >> rows % 64 == 0);
                    seen[0] += count_bits(values);
                    seen[1] += count_bits(valid & ~values);
                    seen[2] += count_bits(~valid);
                }
                for (uint64_t w = last + 1; w < WORDS; w++) {
                    CHECK(found.valid[p][w] == UINT64_C(0x5A5A5A5A5A5A5A5A));
                }
            }
            free_table(&t);
        }
    }
    CHECK(seen[0] > 10000 && seen[1] > 10000 && seen[2] > 10000);
    tpp_program_close(program);
}

/* One cell of a good table is wrong: its row, input, part and value are told, by every kernel. */
static void test_every_error(void)
{
    static const double wrong[6] = {-1.0, HUGE_VAL, 1e25, 9e-16, -HUGE_VAL, -1e-300};
    static answer found;
    unsigned long long state = 12;
    tpp_program *program = open_law();
    for (int round = 0; round < 600; round++) {
        table t = random_table(1 + next_random(&state) % 700, round % STYLES, &state);
        const uint64_t row = next_random(&state) % t.rows;
        const uint32_t input = (uint32_t)(next_random(&state) % LAW_INPUTS);
        const tpp_column *column = &t.column[input];
        const int part = column->low == NULL ? 0 : (int)(next_random(&state) % 3);
        if (t.owned[input][part] == NULL) {
            free_table(&t);
            continue;
        }
        double value = 0.0;
        if (column->kind == TPP_BOOLEAN) {
            ((uint8_t *)t.owned[input][0])[row] = 2;
        } else if (column->kind == TPP_FLOAT64 || part > 0) {
            value = wrong[next_random(&state) % 6];
            ((double *)t.owned[input][part])[row] = value;
        } else {
            free_table(&t);
            continue;
        }
        compare_kernels(program, &t, &found);
        CHECK(found.status >= TPP_ERROR_NOT_FINITE && found.error.status == found.status);
        CHECK(found.error.row == row && found.error.input == input);
        if (column->kind == TPP_BOOLEAN) {
            CHECK(found.status == TPP_ERROR_NOT_BOOLEAN && found.error.value == 2.0);
        } else {
            CHECK(found.error.part == (tpp_part)part && found.error.value == value);
        }
        free_table(&t);
    }
    tpp_program_close(program);
}

/* Ends of which the low one is above the high one, and a value beside a range. */
static void test_ranges_that_are_none(void)
{
    static answer found;
    double value[70], low[70], high[70];
    table t = {.rows = 70};
    tpp_program *program = open_law();
    for (int i = 0; i < 70; i++) {
        value[i] = (double)NAN;
        low[i] = 5.0;
        high[i] = 6.0;
    }
    t.column[AREA] = (tpp_column){.values = value, .low = low, .high = high};
    compare_kernels(program, &t, &found);
    CHECK(found.status == TPP_OK);
    high[69] = 4.0;
    compare_kernels(program, &t, &found);
    CHECK(found.status == TPP_ERROR_EMPTY_RANGE && found.error.row == 69);
    value[3] = 5.5;
    compare_kernels(program, &t, &found);
    CHECK(found.status == TPP_ERROR_VALUE_AND_RANGE && found.error.row == 3);
    low[2] = 0.0; /* an area is positive */
    compare_kernels(program, &t, &found);
    CHECK(found.status == TPP_ERROR_ZERO && found.error.part == TPP_PART_LOW);
    tpp_program_close(program);
}

/* One wrong cell in a column of another kind; and under a null it does not matter. */
static void test_errors_of_every_kind(void)
{
    static answer found;
    static const uint64_t beyond = (UINT64_C(1) << 53) + 1; /* no double's decimal */
    float singles[70];
    int8_t bytes[70];
    int64_t longs[70];
    uint64_t naturals[70], decimals[70][2];
    uint8_t present[11];
    table t = {.rows = 70};
    tpp_program *program = open_law();
    for (int i = 0; i < 70; i++) {
        singles[i] = 514.3f;
        bytes[i] = 100;
        longs[i] = 100;
        naturals[i] = 100;
        decimals[i][0] = 51430;
        decimals[i][1] = 0;
    }
    singles[65] = 1e25f;
    bytes[66] = -1;
    longs[67] = (int64_t)beyond;
    naturals[68] = UINT64_MAX;
    decimals[69][1] = UINT64_MAX;
    const struct {
        tpp_column column;
        uint64_t row;
        tpp_status status;
    } wrong[] = {
        {{.values = singles, .kind = TPP_FLOAT32}, 65, TPP_ERROR_RANGE},
        {{.values = bytes, .kind = TPP_INT8}, 66, TPP_ERROR_NEGATIVE},
        {{.values = longs, .kind = TPP_INT64}, 67, TPP_ERROR_DIGITS},
        {{.values = naturals, .kind = TPP_UINT64}, 68, TPP_ERROR_DIGITS},
        {{.values = decimals, .kind = TPP_DECIMAL128, .scale = 2}, 69, TPP_ERROR_NEGATIVE},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        t.column[DRAM] = wrong[i].column;
        compare_kernels(program, &t, &found);
        CHECK(found.status == wrong[i].status);
        CHECK(found.error.row == wrong[i].row && found.error.input == DRAM);
        const uint64_t bit = wrong[i].row + 7;
        memset(present, 0xFF, sizeof present);
        present[bit / 8] &= (uint8_t)~(1u << bit % 8);
        t.column[DRAM].present = present;
        t.column[DRAM].first_bit = 7;
        compare_kernels(program, &t, &found);
        CHECK(found.status == TPP_OK);
    }
    tpp_program_close(program);
}

/* Programs with a right checksum and wrong bytes: what opens evaluates without harm, and alike. */
static void test_forged_laws(void)
{
    static answer found;
    const program_file bytes = law();
    unsigned long long state = 13;
    int opened = 0;
    for (int round = 0; round < 20000; round++) {
        const program_file forged = forge(&bytes, HEADER, 17, &state);
        tpp_program *program;
        if (tpp_program_open(forged.bytes, forged.size, &program, NULL) != TPP_OK) {
            continue;
        }
        opened++;
        table t = random_table(1 + next_random(&state) % 80, round % STYLES, &state);
        const uint64_t last = (t.rows - 1) / 64;
        uint64_t values[2][LAW_PARAGRAPHS][2], valid[2][LAW_PARAGRAPHS][2];
        memset(values, 0, sizeof values);
        memset(valid, 0, sizeof valid);
        tpp_status status[2] = {TPP_OK, TPP_OK};
        int tried = 0;
        for (int k = 0; k < 2; k++) {
            uint64_t *value_bits[LAW_PARAGRAPHS], *valid_bits[LAW_PARAGRAPHS];
            for (int p = 0; p < LAW_PARAGRAPHS; p++) {
                value_bits[p] = values[k][p];
                valid_bits[p] = valid[k][p];
            }
            if (tpp_program_use_kernel(program, kernels[k]) == TPP_OK) {
                tried++;
                status[k] = tpp_evaluate(program, t.column, 0, t.rows, value_bits, valid_bits,
                                         &found.error);
            }
        }
        CHECK(last < 2);
        CHECK(tried < 2 || status[0] == status[1]);
        CHECK(tried < 2 || status[0] != TPP_OK ||
              (memcmp(values[0], values[1], sizeof values[0]) == 0 &&
               memcmp(valid[0], valid[1], sizeof valid[0]) == 0));
        free_table(&t);
        tpp_program_close(program);
    }
    CHECK(opened > 2000);
}

int main(void)
{
    test_every_length_and_style();
    test_every_error();
    test_ranges_that_are_none();
    test_errors_of_every_kind();
    test_forged_laws();
    return 0;
}
