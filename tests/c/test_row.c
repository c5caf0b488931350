/* Rows decided one at a time come out as in blocks, bit for bit, and so do their errors. */
#include <math.h>
#include <string.h>

#include "block.h"
#include "check.h"
#include "law.h"
#include "program.h"
#include "row.h"
#include "table.h"
#include "tppcore.h"

enum { ROWS = 150, WORDS = ROWS / 64 + 2, UNTOUCHED = 0x5A };

static const size_t SIZES[TPP_KIND_COUNT] = {8, 4, 1, 1, 2, 4, 8, 1, 2, 4, 8, 16, 0};

typedef struct {
    tpp_status status;
    tpp_error error;
    uint64_t values[LAW_PARAGRAPHS][WORDS];
    uint64_t valid[LAW_PARAGRAPHS][WORDS];
} answer;

typedef tpp_status evaluation(const tpp_program *, const tpp_column *, uint64_t, uint64_t,
                              uint64_t *const *, uint64_t *const *, tpp_error *);

static void evaluate(evaluation *call, const tpp_program *program, const tpp_column *columns,
                     uint64_t begin, uint64_t end, answer *out)
{
    uint64_t *values[LAW_PARAGRAPHS], *valid[LAW_PARAGRAPHS];
    memset(out, 0, sizeof *out);
    memset(out->values, UNTOUCHED, sizeof out->values);
    memset(out->valid, UNTOUCHED, sizeof out->valid);
    for (int p = 0; p < LAW_PARAGRAPHS; p++) {
        values[p] = out->values[p];
        valid[p] = out->valid[p];
    }
    out->status = call(program, columns, begin, end, values, valid, &out->error);
}

static const void *moved(const void *from, size_t bytes)
{
    return from == NULL ? NULL : (const uint8_t *)from + bytes;
}

/* The same table from a row on. */
static void move(const table *t, uint64_t row, tpp_column *out)
{
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        const tpp_column *column = &t->column[i];
        out[i] = *column;
        out[i].values = moved(column->values, row * SIZES[column->kind]);
        out[i].low = moved(column->low, row * sizeof(double));
        out[i].high = moved(column->high, row * sizeof(double));
        out[i].first_bit += (uint32_t)row;
    }
}

static void expect_same(const answer *a, const answer *b)
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
}

/* One to TPP_FEW_ROWS rows from `row` on, which is row `begin` of the call. */
static tpp_status compare(const tpp_program *program, const table *t, uint64_t row, uint64_t begin)
{
    answer alone, block;
    tpp_column column[LAW_INPUTS];
    move(t, row - begin, column);
    for (uint64_t rows = 1; rows <= TPP_FEW_ROWS && row + rows <= t->rows; rows++) {
        CHECK(tpp_row_takes(program, rows));
        evaluate(program->kernel->evaluate, program, column, begin, begin + rows, &block);
        evaluate(tpp_row_evaluate, program, column, begin, begin + rows, &alone);
        expect_same(&block, &alone);
        evaluate(tpp_evaluate, program, column, begin, begin + rows, &alone);
        expect_same(&block, &alone);
        if (block.status != TPP_OK) {
            return block.status;
        }
    }
    return TPP_OK;
}

/* A row alone has the verdicts that it has among all others, which decide by another plan. */
static int expect_bits(const tpp_program *program, const table *t, const answer *whole)
{
    answer alone;
    tpp_column column[LAW_INPUTS];
    int seen = 0;
    for (uint64_t row = 0; row < t->rows; row++) {
        move(t, row, column);
        evaluate(tpp_evaluate, program, column, 0, 1, &alone);
        CHECK(alone.status == TPP_OK);
        for (int p = 0; p < LAW_PARAGRAPHS; p++) {
            CHECK(alone.values[p][0] == (whole->values[p][row / 64] >> row % 64 & 1));
            CHECK(alone.valid[p][0] == (whole->valid[p][row / 64] >> row % 64 & 1));
            seen |= 1 << (alone.values[p][0] + 2 * alone.valid[p][0]);
        }
    }
    return seen;
}

/* Nulls by a bitmap in columns of any kind, doubles, flags and ranges among them. */
static void add_nulls(table *t, uint8_t *bitmap, size_t size, unsigned long long *state)
{
    for (size_t i = 0; i < size; i++) {
        bitmap[i] = (uint8_t)(next_random(state) | next_random(state) | next_random(state));
    }
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        if (t->column[i].values != NULL && t->column[i].present == NULL &&
            t->column[i].kind != TPP_BIT) {
            t->column[i].present = bitmap;
            t->column[i].first_bit = i;
        }
    }
}

static void test_every_style_exhaustively(void)
{
    static answer whole;
    unsigned long long state = 31;
    tpp_program *program = open_law();
    int seen = 0;
    for (int style = 0; style < STYLES; style++) {
        for (int round = 0; round < 4; round++) {
            table t = random_table(ROWS, style, &state);
            uint8_t bitmap[(ROWS + LAW_INPUTS + 7) / 8];
            if (round % 4 >= 2) {
                add_nulls(&t, bitmap, sizeof bitmap, &state);
            }
            for (uint64_t row = 0; row < ROWS; row++) {
                CHECK(compare(program, &t, row, row >= 64 && round % 2 == 0 ? 64 : 0) == TPP_OK);
            }
            evaluate(program->kernel->evaluate, program, t.column, 0, ROWS, &whole);
            seen |= expect_bits(program, &t, &whole);
            free_table(&t);
        }
    }
    CHECK(seen == (1 << 0 | 1 << 2 | 1 << 3)); /* undetermined, false, true */
    tpp_program_close(program);
}

static void test_no_rows(void)
{
    answer found;
    table t = {.rows = 0};
    tpp_program *program = open_law();
    evaluate(tpp_evaluate, program, t.column, 0, 0, &found);
    CHECK(found.status == TPP_OK && found.values[0][0] == UINT64_C(0x5A5A5A5A5A5A5A5A));
    tpp_program_close(program);
}

/* Wrong numbers in several cells of a few rows: the first is told. */
static void test_every_error(void)
{
    static const double wrong[10] = {-1.0, HUGE_VAL, 1e25, 9e-16, -HUGE_VAL,
                                     -1e-300, 0.0, 5e-324, -0.0, 7.0};
    unsigned long long state = 32;
    tpp_program *program = open_law();
    int count[TPP_STATUS_COUNT] = {0};
    for (int round = 0; round < 4000; round++) {
        table t = random_table(TPP_FEW_ROWS, round % STYLES, &state);
        for (int cell = 0; cell < 3; cell++) {
            const uint64_t row = next_random(&state) % t.rows;
            const uint32_t input = (uint32_t)(next_random(&state) % LAW_INPUTS);
            const int part = (int)(next_random(&state) % 3);
            const tpp_column *column = &t.column[input];
            if (t.owned[input][part] == NULL) {
                continue;
            }
            const double value = wrong[next_random(&state) % 10];
            if (part > 0 || column->kind == TPP_FLOAT64) {
                ((double *)t.owned[input][part])[row] = value;
            } else if (column->kind == TPP_FLOAT32) {
                ((float *)t.owned[input][part])[row] = (float)value;
            } else { /* a flag of 254, a negative or a very large number; or one of many digits */
                memset((uint8_t *)t.owned[input][part] + row * SIZES[column->kind],
                       value < 0.0 ? 0xFE : 0x7E, SIZES[column->kind]);
            }
        }
        count[compare(program, &t, 0, 0)]++;
        free_table(&t);
    }
    for (int status = TPP_ERROR_NOT_FINITE; status <= TPP_ERROR_DIGITS; status++) {
        CHECK(count[status] > 0);
    }
    CHECK(count[TPP_OK] > 0);
    tpp_program_close(program);
}

/* Flags in an input that must be positive. */
static void test_flags_that_are_none(void)
{
    static const uint8_t flags[TPP_FEW_ROWS] = {1, 1, 255, 0, 2};
    table t = {.rows = TPP_FEW_ROWS};
    answer found;
    tpp_program *program = open_law();
    t.column[AREA] = (tpp_column){.values = flags, .kind = TPP_BOOLEAN};
    CHECK(compare(program, &t, 0, 0) == TPP_ERROR_ZERO);
    CHECK(compare(program, &t, 4, 0) == TPP_ERROR_NOT_BOOLEAN);
    evaluate(tpp_evaluate, program, t.column, 0, 5, &found);
    CHECK(found.error.row == 3 && found.error.input == AREA && found.error.value == 0.0);
    tpp_program_close(program);
}

/* The same in bits: in every kernel, in a block and in a part of one, but not under a null. */
static void test_bits_that_are_none(void)
{
    enum { MANY = 600, FIRST = 5, WRONG = 520 };
    uint8_t bits[(FIRST + MANY + 7) / 8], present[sizeof bits];
    static answer found;
    tpp_program *program = open_law();
    tpp_column column[LAW_INPUTS] = {0};
    memset(bits, 0xFF, sizeof bits);
    memset(present, 0xFF, sizeof present);
    column[AREA] = (tpp_column){.values = bits, .first_bit = FIRST, .kind = TPP_BIT};
    for (uint64_t wrong = 3; wrong < MANY; wrong += WRONG - 3) {
        uint64_t values[LAW_PARAGRAPHS][MANY / 64 + 1], *to[LAW_PARAGRAPHS];
        for (int p = 0; p < LAW_PARAGRAPHS; p++) {
            to[p] = values[p];
        }
        const uint8_t bit = (uint8_t)(1 << (FIRST + wrong) % 8);
        bits[(FIRST + wrong) / 8] &= (uint8_t)~bit;
        present[(FIRST + wrong) / 8] &= (uint8_t)~bit;
        column[AREA].present = NULL;
        CHECK(tpp_evaluate(program, column, 0, MANY, to, to, &found.error) == TPP_ERROR_ZERO);
        CHECK(found.error.row == wrong && found.error.input == AREA);
        column[AREA].present = present;
        CHECK(tpp_evaluate(program, column, 0, MANY, to, to, &found.error) == TPP_OK);
        bits[(FIRST + wrong) / 8] |= bit;
    }
    CHECK(bits[(FIRST + WRONG) / 8] == 0xFF);
    tpp_program_close(program);
}

/* a^64 against a threshold that 1.2345678901234567^64 is very near. */
static tpp_program *open_power(void)
{
    enum { SQUARES = 6 };
    static const char names[] = "\0a\0b\0p";
    const file_counts counts = {2, 1 + SQUARES, 1, 1, 2, 2, 0, 0, 0, 0, sizeof names};
    program_file out = begin(&counts);
    put_input(&out, 1, GIVEN | POSITIVE, 0);
    put_input(&out, 3, GIVEN, 0);
    put_node(&out, INPUT, 0, 0, 0, 0);
    for (uint32_t i = 0; i < SQUARES; i++) {
        put_node(&out, MULTIPLY, i, i, 0, 0);
    }
    put_test(&out, SQUARES, AT_LEAST, 1e-9, UINT64_C(719380301628748235), -12);
    put_paragraph(&out, 5, 0, 1, 1);
    put_box(&out, 0, 1);
    put_box(&out, 1, 1);
    put(&out, 0, 4);
    put(&out, 1, 4);
    end(&out, names, sizeof names);
    tpp_program *program;
    CHECK(tpp_program_open(out.bytes, out.size, &program, NULL) == TPP_OK);
    return program;
}

/* Too wide for exact arithmetic; but a bad number, even of a later row, is told first. */
static void test_numbers_that_grow_too_wide(void)
{
    static const double a[3] = {1.25, 1.2345678901234567, 1.2345678901234567};
    double b[3] = {1.0, 1.0, 1.0};
    const tpp_column column[2] = {{.values = a}, {.values = b}};
    tpp_program *program = open_power();
    evaluation *const both[2] = {program->kernel->evaluate, tpp_evaluate};
    for (int i = 0; i < 2; i++) {
        answer found;
        b[2] = 1.0;
        evaluate(both[i], program, column, 0, 1, &found);
        CHECK(found.status == TPP_OK && found.values[0][0] == 1 && found.valid[0][0] == 1);
        evaluate(both[i], program, column, 0, 3, &found);
        CHECK(found.status == TPP_ERROR_WIDTH && found.error.row == 1);
        b[2] = -1.0;
        evaluate(both[i], program, column, 0, 3, &found);
        CHECK(found.status == TPP_ERROR_NEGATIVE && found.error.row == 2 && found.error.input == 1);
    }
    tpp_program_close(program);
}

/* Programs with a right checksum and wrong bytes: what opens decides few rows without harm. */
static void test_forged_laws(void)
{
    answer found;
    const program_file bytes = law();
    unsigned long long state = 33;
    int opened = 0;
    for (int round = 0; round < 20000; round++) {
        const program_file forged = forge(&bytes, HEADER, 17, &state);
        tpp_program *program;
        if (tpp_program_open(forged.bytes, forged.size, &program, NULL) == TPP_OK) {
            opened++;
            table t = random_table(TPP_FEW_ROWS, round % STYLES, &state);
            evaluate(tpp_evaluate, program, t.column, 0, t.rows, &found);
            for (int p = 0; p < LAW_PARAGRAPHS && found.status == TPP_OK; p++) {
                CHECK((found.values[p][0] & ~found.valid[p][0]) == 0);
                CHECK(found.valid[p][0] >> TPP_FEW_ROWS == 0);
            }
            free_table(&t);
            tpp_program_close(program);
        }
    }
    CHECK(opened > 2000);
}

int main(void)
{
    test_every_style_exhaustively();
    test_no_rows();
    test_every_error();
    test_flags_that_are_none();
    test_bits_that_are_none();
    test_numbers_that_grow_too_wide();
    test_forged_laws();
    return 0;
}
