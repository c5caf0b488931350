/* Near rows: integers of 128 bits, many rows at a time, against rationals, row by row. */
#include "near.h"

#include <math.h>
#include <string.h>

#include "cell.h"
#include "check.h"
#include "exact.h"
#include "law.h"
#include "narrow.h"
#include "table.h"

enum { WORDS = TPP_MAX_CUTS / 64 };

static bool has(const uint64_t *set, uint64_t at)
{
    return (set[at / 64] >> at % 64 & 1) != 0;
}

static bool states(const tpp_column *column, uint64_t row)
{
    return !isnan(tpp_cell_approx(column, row)) ||
           (column->low != NULL && !isnan(column->low[row])) ||
           (column->high != NULL && !isnan(column->high[row]));
}

static bool is_rated(const table *t, uint64_t row)
{
    return states(&t->column[FP16], row) || states(&t->column[FP8], row);
}

/* Every cut of one row. */
typedef struct {
    uint64_t possible[WORDS];
    uint64_t certain[WORDS];
} truth;

static truth decide(const tpp_program *program, const table *t, uint64_t row)
{
    truth found;
    uint64_t all[WORDS];
    memset(all, 0xFF, sizeof all);
    CHECK(tpp_exact_cuts(program, t->column, row, is_rated(t, row), all, found.possible,
                         found.certain) == TPP_OK);
    return found;
}

/* How many rows there were, and how many of them were decided in 128 bits. */
typedef struct {
    unsigned rows;
    unsigned decided;
} tally;

static void compare_target(const tpp_program *program, const table *t, uint32_t target,
                           bool rated, tally *count)
{
    uint64_t row[TPP_NARROW_ROWS];
    tpp_narrow_cut cut[LAW_TESTS];
    uint32_t rows = 0, cuts = 0;
    for (uint64_t i = 0; i < t->rows; i++) {
        if (is_rated(t, i) == rated) {
            row[rows++] = i;
        }
    }
    for (uint32_t c = 0; c < program->cuts; c++) {
        if (program->cut[c].target == target) {
            cut[cuts++] = (tpp_narrow_cut){.cut = c, .wanted = UINT64_MAX >> (64 - rows) % 64};
        }
    }
    if (rows == 0) {
        return;
    }
    const uint64_t done =
        tpp_narrow_decide(program, t->column, rated, target, row, rows, cut, cuts);
    CHECK(rows == 64 || done >> rows == 0);
    for (uint32_t i = 0; i < rows; i++) {
        count->rows++;
        if ((done >> i & 1) == 0) {
            continue;
        }
        count->decided++;
        const truth expected = decide(program, t, row[i]);
        for (uint32_t c = 0; c < cuts; c++) {
            CHECK(has(expected.possible, cut[c].cut) == has(&cut[c].possible, i));
            CHECK(has(expected.certain, cut[c].cut) == has(&cut[c].certain, i));
        }
    }
}

static void test_narrow(void)
{
    unsigned long long state = 31;
    tpp_program *program = open_law();
    for (int style = 0; style < STYLES; style++) {
        tally count = {0, 0};
        for (int round = 0; round < 100; round++) {
            table t = random_table(next_random(&state) % TPP_NARROW_ROWS + 1, style, &state);
            for (uint32_t target = 0; target < program->targets; target++) {
                compare_target(program, &t, target, true, &count);
                compare_target(program, &t, target, false, &count);
            }
            free_table(&t);
        }
        /* Of points, all but what applies to no row and the few that are very long. */
        CHECK(count.decided > count.rows / ((style & ~KINDS) == 0 ? 2 : 8));
    }
    tpp_program_close(program);
}

/* Rows that are near get the literals of exact arithmetic, the others keep theirs. */
static void compare_block(const tpp_program *program, const table *t, uint64_t share,
                          unsigned long long *state)
{
    static tpp_outcome outcome;
    static uint64_t before[LAW_TESTS][2][TPP_BLOCK_WORDS], near[LAW_TESTS][TPP_BLOCK_WORDS];
    uint64_t mask[TPP_BLOCK_WORDS] = {0}, rated[TPP_BLOCK_WORDS] = {0};
    uint64_t chooses[TPP_BLOCK_WORDS] = {0};
    memset(&outcome, 0, sizeof outcome);
    for (uint64_t i = 0; i < t->rows; i++) {
        mask[i / 64] |= UINT64_C(1) << i % 64;
        rated[i / 64] |= (uint64_t)is_rated(t, i) << i % 64;
    }
    for (uint32_t c = 0; c < program->cuts; c++) {
        /* A near choice has all cuts of its row decided: without, where all rows are near. */
        const uint64_t part = program->cut[c].selects && share == 1 ? 0 : share;
        for (uint32_t w = 0; w < TPP_BLOCK_WORDS; w++) {
            before[c][0][w] = outcome.literal[c][0][w] = next_random(state);
            before[c][1][w] = outcome.literal[c][1][w] = next_random(state);
            const uint64_t some = part == 0 ? 0 : next_random(state) % part == 0 ? mask[w] : 0;
            near[c][w] = outcome.near[c][w] = some & (part == 1 ? mask[w] : next_random(state));
            outcome.any_near[w] |= near[c][w];
            chooses[w] |= program->cut[c].selects ? near[c][w] : 0;
        }
        outcome.near_cuts[c / 64] |= UINT64_C(1) << c % 64;
    }
    const tpp_rows rows = {program, t->column, 0, (uint32_t)(t->rows + 63) / 64, mask, rated};
    tpp_error error;
    CHECK(tpp_near_decide(&rows, &outcome, &error) == TPP_OK);
    for (uint64_t i = 0; i < t->rows; i++) {
        const truth expected = decide(program, t, i);
        for (uint32_t c = 0; c < program->cuts; c++) {
            const bool can_hold = has(outcome.literal[c][0], i);
            const bool can_fail = has(outcome.literal[c][1], i);
            const bool is_true = can_hold == has(expected.possible, c) &&
                                 can_fail == !has(expected.certain, c);
            const bool is_kept =
                can_hold == has(before[c][0], i) && can_fail == has(before[c][1], i);
            CHECK(has(near[c], i) || has(chooses, i) ? is_true : is_true || is_kept);
        }
    }
}

static void test_blocks(void)
{
    unsigned long long state = 33;
    tpp_program *program = open_law();
    for (int style = 0; style < STYLES; style++) {
        for (int round = 0; round < 12; round++) {
            const uint64_t rows = round % 3 == 0 ? 512 : next_random(&state) % 512 + 1;
            table t = random_table(rows, style, &state);
            compare_block(program, &t, (uint64_t)(round % 4), &state);
            free_table(&t);
        }
    }
    tpp_program_close(program);
}

/* 16 a and 6 b are equal or an ulp apart, and 6 b is rounded in doubles; an area puts one of them on
 * 5.92. The larger double need not be the larger number. */
static void test_maxima_an_ulp_apart(void)
{
    enum { N = TPP_NARROW_ROWS };
    static const uint8_t planar[N] = {0};
    unsigned long long state = 35;
    tally count = {0, 0};
    tpp_program *program = open_law();
    for (int round = 0; round < 300; round++) {
        double a[N], b[N], area[N];
        for (int i = 0; i < N; i++) {
            const uint64_t n = next_random(&state) % 90000 + 10000;
            const double both[2] = {(double)(111 * n) / 1e4, (double)(296 * n) / 1e4};
            const uint64_t way = next_random(&state) % 9;
            a[i] = way % 3 == 0 ? both[0] : nextafter(both[0], way % 3 == 1 ? 0.0 : 1e9);
            b[i] = way / 3 == 0 ? both[1] : nextafter(both[1], way / 3 == 1 ? 0.0 : 1e9);
            area[i] = (double)(3 * n) / 1e2;
        }
        table t = {.rows = N};
        t.column[FP16].values = a;
        t.column[FP8].values = b;
        t.column[AREA].values = area;
        t.column[PLANAR] = (tpp_column){.values = planar, .kind = TPP_BOOLEAN};
        for (uint32_t target = 0; target < program->targets; target++) {
            compare_target(program, &t, target, true, &count);
        }
    }
    CHECK(count.decided > count.rows / 2);
    tpp_program_close(program);
}

int main(void)
{
    test_narrow();
    test_maxima_an_ulp_apart();
    test_blocks();
    return 0;
}
