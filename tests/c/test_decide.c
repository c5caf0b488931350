/* One row of doubles has the verdicts, and the errors, that it has as columns. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "law.h"
#include "table.h"
#include "tppcore.h"

enum { ROWS = 200, WORDS = (ROWS + 63) / 64 };

static int verdict_of(const uint64_t *values, const uint64_t *valid, uint64_t row)
{
    return (valid[row / 64] >> row % 64 & 1) == 0 ? -1 : (int)(values[row / 64] >> row % 64 & 1);
}

static double cell(const tpp_column *column, uint64_t row)
{
    if (column->values == NULL) {
        return (double)NAN;
    }
    if (column->kind == TPP_BOOLEAN) {
        const uint8_t flag = ((const uint8_t *)column->values)[row];
        return flag == 255 ? (double)NAN : flag;
    }
    return ((const double *)column->values)[row];
}

static double end_of(const double *end, uint64_t row)
{
    return end != NULL ? end[row] : (double)NAN;
}

static void test_every_style(void)
{
    unsigned long long state = 51;
    tpp_program *program = open_law();
    int seen = 0;
    for (int style = 0; style < KINDS; style++) { /* doubles and flags, holes, ranges */
        for (int round = 0; round < 8; round++) {
            table t = random_table(ROWS, style, &state);
            uint64_t bits[2][LAW_PARAGRAPHS][WORDS], *values[LAW_PARAGRAPHS], *valid[LAW_PARAGRAPHS];
            for (int p = 0; p < LAW_PARAGRAPHS; p++) {
                values[p] = bits[0][p];
                valid[p] = bits[1][p];
            }
            CHECK(tpp_evaluate(program, t.column, 0, ROWS, values, valid, NULL) == TPP_OK);
            for (uint64_t row = 0; row < ROWS; row++) {
                double numbers[3][LAW_INPUTS];
                int8_t verdicts[LAW_PARAGRAPHS];
                for (int i = 0; i < LAW_INPUTS; i++) {
                    numbers[0][i] = cell(&t.column[i], row);
                    numbers[1][i] = end_of(t.column[i].low, row);
                    numbers[2][i] = end_of(t.column[i].high, row);
                }
                const bool ranged = (style & RANGES) != 0;
                CHECK(tpp_decide(program, numbers[0], ranged ? numbers[1] : NULL,
                                 ranged ? numbers[2] : NULL, verdicts, NULL) == TPP_OK);
                for (int p = 0; p < LAW_PARAGRAPHS; p++) {
                    CHECK(verdicts[p] == verdict_of(values[p], valid[p], row));
                    seen |= 1 << (verdicts[p] + 1);
                }
            }
            free_table(&t);
        }
    }
    CHECK(seen == 7);
    tpp_program_close(program);
}

static void test_every_error(void)
{
    static const double wrong[9] = {-1.0, HUGE_VAL, 1e25, 9e-16, -HUGE_VAL, 0.0, 5e-324, 3.0, 7.0};
    unsigned long long state = 52;
    tpp_program *program = open_law();
    int count[TPP_STATUS_COUNT] = {0};
    for (int round = 0; round < 20000; round++) {
        double numbers[3][LAW_INPUTS];
        tpp_column columns[LAW_INPUTS];
        for (int i = 0; i < LAW_INPUTS; i++) {
            for (int part = 0; part < 3; part++) {
                const uint64_t way = next_random(&state) % 12;
                const double usual = part == 0 && way < 8 ? 1.0 : (double)NAN;
                numbers[part][i] = way == 11 ? wrong[next_random(&state) % 9] : usual;
            }
            columns[i] = (tpp_column){
                .values = &numbers[0][i], .low = &numbers[1][i], .high = &numbers[2][i]};
        }
        uint64_t bits[2 * LAW_PARAGRAPHS], *each[2 * LAW_PARAGRAPHS];
        for (int p = 0; p < 2 * LAW_PARAGRAPHS; p++) {
            each[p] = &bits[p];
        }
        int8_t verdicts[LAW_PARAGRAPHS];
        tpp_error a, b;
        const tpp_status status =
            tpp_evaluate(program, columns, 0, 1, each, each + LAW_PARAGRAPHS, &a);
        CHECK(tpp_decide(program, numbers[0], numbers[1], numbers[2], verdicts, &b) == status);
        if (status != TPP_OK) {
            CHECK(a.status == b.status && a.row == 0 && b.row == 0);
            CHECK(a.input == b.input && a.part == b.part);
            CHECK(memcmp(&a.value, &b.value, sizeof a.value) == 0);
        }
        count[status]++;
    }
    for (int status = TPP_ERROR_NOT_FINITE; status <= TPP_ERROR_EMPTY_RANGE; status++) {
        CHECK(count[status] > 0 || status == TPP_ERROR_NOT_BOOLEAN);
    }
    int8_t verdicts[LAW_PARAGRAPHS];
    const double row[LAW_INPUTS] = {1, 1, 1, 1, 1, 1, 1};
    CHECK(tpp_decide(NULL, row, NULL, NULL, verdicts, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_decide(program, NULL, NULL, NULL, verdicts, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_decide(program, row, NULL, NULL, NULL, NULL) == TPP_ERROR_ARGUMENT);
    tpp_program_close(program);
}

/* a >= 1, 2 ... as paragraphs: more cuts than one row alone is decided by in tpp_evaluate. */
static void test_many_cuts(void)
{
    enum { CUTS = 160 };
    static const char names[] = "\0a\0p";
    const file_counts counts = {1, 1, CUTS, CUTS, 2 * CUTS, 2 * CUTS, 0, 0, 0, 0, sizeof names};
    program_file out = begin(&counts);
    put_input(&out, 1, GIVEN, 0);
    put_node(&out, INPUT, 0, 0, 0, 0);
    for (uint32_t i = 0; i < CUTS; i++) {
        put_test(&out, 0, AT_LEAST, 0.0, i + 1, 0);
    }
    for (uint32_t i = 0; i < CUTS; i++) {
        put_paragraph(&out, 3, 2 * i, 1, 1);
    }
    for (uint32_t i = 0; i < 2 * CUTS; i++) {
        put_box(&out, i, 1);
    }
    for (uint32_t i = 0; i < 2 * CUTS; i++) {
        put(&out, i, 4);
    }
    end(&out, names, sizeof names);
    tpp_program *program;
    CHECK(tpp_program_open(out.bytes, out.size, &program, NULL) == TPP_OK);
    int8_t verdicts[CUTS];
    const double low = 20.0, high = 150.0, missing = (double)NAN;
    for (int i = 0; i < 2 * CUTS; i++) {
        const double a = 0.5 * i;
        CHECK(tpp_decide(program, &a, NULL, NULL, verdicts, NULL) == TPP_OK);
        for (int p = 0; p < CUTS; p++) {
            CHECK(verdicts[p] == (a >= p + 1));
        }
    }
    CHECK(tpp_decide(program, &missing, &low, &high, verdicts, NULL) == TPP_OK);
    for (int p = 0; p < CUTS; p++) {
        CHECK(verdicts[p] == (p + 1 <= 20 ? 1 : p + 1 > 150 ? 0 : -1));
    }
    tpp_program_close(program);
}

/* An input of flags, one of three words, and one that takes no range; the tests look at the first. */
static tpp_program *open_choices(void)
{
    static const char names[] = "\0flag\0word\0fixed\0x\0y\0z\0p";
    const file_counts counts = {3, 1, 1, 1, 2, 2, 0, 3, 0, 0, sizeof names};
    program_file out = begin(&counts);
    put_choice(&out, 1, GIVEN, TPP_QUANTITY_BOOLEAN, 0, 0);
    put_choice(&out, 6, GIVEN, TPP_QUANTITY_CATEGORY, 0, 3);
    put_input(&out, 11, GIVEN | NO_RANGE, 0);
    put_node(&out, INPUT, 0, 0, 0, 0);
    put_test(&out, 0, AT_LEAST, 0.0, 1, 0);
    put_paragraph(&out, 23, 0, 1, 1);
    put_box(&out, 0, 1);
    put_box(&out, 1, 1);
    put(&out, 0, 4);
    put(&out, 1, 4);
    put(&out, 17, 4);
    put(&out, 19, 4);
    put(&out, 21, 4);
    end(&out, names, sizeof names);
    tpp_program *program;
    CHECK(tpp_program_open(out.bytes, out.size, &program, NULL) == TPP_OK);
    CHECK(tpp_program_input_kind(program, 0) == TPP_QUANTITY_BOOLEAN);
    CHECK(tpp_program_input_words(program, 1) == 3);
    CHECK(strcmp(tpp_program_input_word(program, 1, 2), "z") == 0);
    CHECK(tpp_program_input_word(program, 1, 3) == NULL);
    CHECK(tpp_program_input_word(program, 0, 0) == NULL);
    return program;
}

/* A row as both take it; their common status and error. */
static tpp_status decide(const tpp_program *program, const double *values, const double *low,
                         const double *high, tpp_error *error)
{
    int8_t verdict;
    tpp_column columns[3];
    for (int i = 0; i < 3; i++) {
        columns[i] = (tpp_column){.values = values + i, .low = low + i, .high = high + i};
    }
    uint64_t value, valid, *value_bits[1] = {&value}, *valid_bits[1] = {&valid};
    tpp_error other;
    const tpp_status status = tpp_decide(program, values, low, high, &verdict, error);
    CHECK(tpp_evaluate(program, columns, 0, 1, value_bits, valid_bits, &other) == status);
    if (status == TPP_OK) {
        CHECK(verdict == verdict_of(&value, &valid, 0));
        return status;
    }
    CHECK(other.status == error->status && other.input == error->input);
    CHECK(other.part == error->part && other.value == error->value);
    CHECK(tpp_metrics(program, columns, 0, 1, NULL, NULL, &other) == status);
    return status;
}

static void test_choices(void)
{
    const double nan = (double)NAN;
    tpp_program *program = open_choices();
    tpp_error error = {TPP_OK, 0, 0, TPP_PART_VALUE, 0.0};
    const double none[3] = {nan, nan, nan};
    static const struct {
        double value[3];
        tpp_status status;
        uint32_t input;
    } cases[] = {
        {{1, 2, 7}, TPP_OK, 0},
        {{0, 0, 0.5}, TPP_OK, 0},
        {{0.5, 0, 1}, TPP_ERROR_NOT_BOOLEAN, 0},
        {{2, 0, 1}, TPP_ERROR_NOT_BOOLEAN, 0},
        {{1, 3, 1}, TPP_ERROR_CATEGORY, 1},
        {{1, 1.5, 1}, TPP_ERROR_CATEGORY, 1},
        {{1, 1e24, 1}, TPP_ERROR_CATEGORY, 1},
        {{1, -1, 1}, TPP_ERROR_CATEGORY, 1},
        {{1, 1, -1}, TPP_ERROR_NEGATIVE, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(decide(program, cases[i].value, none, none, &error) == cases[i].status);
        CHECK(cases[i].status == TPP_OK || error.input == cases[i].input);
    }
    const double low[3] = {0, 1, nan}, high[3] = {1, nan, nan};
    CHECK(decide(program, none, low, high, &error) == TPP_OK);
    const double between[3] = {0, 1.5, nan};
    CHECK(decide(program, none, low, between, &error) == TPP_ERROR_CATEGORY);
    CHECK(error.part == TPP_PART_HIGH && error.value == 1.5);
    const double fixed[3] = {nan, nan, 4};
    CHECK(decide(program, none, none, fixed, &error) == TPP_ERROR_NO_RANGE);
    CHECK(error.input == 2 && error.part == TPP_PART_HIGH && error.value == 4);
    tpp_program_close(program);
}

/* Of several wrong choices in columns the first row is told. */
static void test_first_wrong_choice(void)
{
    tpp_program *program = open_choices();
    const float flags[4] = {1, 0, 1, 9};
    const int32_t words[4] = {0, 1, 5, 7};
    const tpp_column columns[3] = {{.values = flags, .kind = TPP_FLOAT32},
                                   {.values = words, .kind = TPP_INT32},
                                   {.values = NULL}};
    uint64_t value, valid, *value_bits[1] = {&value}, *valid_bits[1] = {&valid};
    tpp_error error;
    CHECK(tpp_evaluate(program, columns, 0, 4, value_bits, valid_bits, &error) ==
          TPP_ERROR_CATEGORY);
    CHECK(error.row == 2 && error.input == 1 && error.value == 5.0);
    CHECK(tpp_evaluate(program, columns, 0, 2, value_bits, valid_bits, &error) == TPP_OK);
    CHECK(value == 1 && valid == 3);
    tpp_program_close(program);
}

int main(void)
{
    test_every_style();
    test_every_error();
    test_many_cuts();
    test_choices();
    test_first_wrong_choice();
    return 0;
}
