/* Runs and crossings against looking at each place, and what is refused. */
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "tppcore.h"

enum { POINTS = 37, PLACES = 23, CELLS = 3, CODES = TPP_MOST_CUTS + 1, MANY = 100 };

typedef struct {
    uint64_t cells[POINTS];
    int64_t codes[POINTS];
    int64_t weights[POINTS];
    int32_t ends[TPP_MOST_CUTS * POINTS];
    int64_t steps[TPP_MOST_CUTS];
    int64_t prefix[PLACES + 1];
} table;

static uint64_t below(unsigned long long *state, uint64_t limit)
{
    return next_random(state) % limit;
}

/* Some steps lead up and some down, in such a number that codes stay in [0, cuts]. */
static tpp_runs random_runs(table *t, uint32_t cuts, unsigned long long *state)
{
    const uint32_t down = (uint32_t)below(state, cuts + 1);
    const uint32_t places = (uint32_t)below(state, PLACES + 1);
    for (uint32_t k = 0; k < cuts; k++) {
        t->steps[k] = k < down ? -1 : 1;
    }
    t->prefix[0] = -5;
    for (uint32_t i = 0; i < places; i++) {
        t->prefix[i + 1] = t->prefix[i] + (int64_t)below(state, 3);
    }
    for (uint32_t i = 0; i < POINTS; i++) {
        t->cells[i] = below(state, CELLS);
        t->codes[i] = down;
        t->weights[i] = (int64_t)below(state, 1000);
        for (uint32_t k = 0; k < cuts; k++) {
            t->ends[k * POINTS + i] = (int32_t)below(state, places + 1);
        }
    }
    return (tpp_runs){.points = POINTS,
                      .cells = below(state, 2) ? t->cells : NULL,
                      .codes = t->codes,
                      .ends = t->ends,
                      .steps = t->steps,
                      .cuts = cuts,
                      .places = places,
                      .prefix = t->prefix,
                      .weights = below(state, 2) ? t->weights : NULL};
}

static void by_place(const tpp_runs *runs, int64_t *counts)
{
    for (uint32_t i = 0; i < runs->points; i++) {
        const uint64_t cell = runs->cells == NULL ? 0 : runs->cells[i];
        const int64_t weight = runs->weights == NULL ? 1 : runs->weights[i];
        for (uint32_t place = 0; place < runs->places; place++) {
            int64_t code = runs->codes[i];
            for (uint32_t k = 0; k < runs->cuts; k++) {
                code += runs->ends[k * runs->points + i] <= (int32_t)place ? runs->steps[k] : 0;
            }
            const int64_t more = runs->prefix[place + 1] - runs->prefix[place];
            counts[cell * CODES + (uint64_t)code] += more * weight;
        }
    }
}

static void test_runs(void)
{
    static table t;
    unsigned long long state = 1;
    for (int round = 0; round < 500; round++) {
        int64_t found[CELLS * CODES] = {0}, expected[CELLS * CODES] = {0};
        const uint32_t cuts = round % 50 == 49 ? TPP_MOST_CUTS : (uint32_t)below(&state, 9);
        const tpp_runs runs = random_runs(&t, cuts, &state);
        CHECK(tpp_add_runs(&runs, found, CELLS, CODES, NULL) == TPP_OK);
        by_place(&runs, expected);
        CHECK(memcmp(found, expected, sizeof found) == 0);
    }
}

/* Sums that leave an int64_t on the way and come back are exact. */
static void test_wrapping(void)
{
    const int64_t codes[] = {0, INT64_MAX}, prefix[] = {INT64_MIN, INT64_MAX};
    const int32_t ends[] = {1, 0};
    const int64_t steps[] = {INT64_MIN + 1};
    int64_t count = 2;
    tpp_runs runs = {2, NULL, codes, ends, steps, 1, 1, prefix, NULL};
    CHECK(tpp_add_runs(&runs, &count, 1, 1, NULL) == TPP_OK);
    CHECK(count == 0); /* 2 + 2 (2^64 - 1) */
}

/* ---- what is refused ---- */

static void refuse(tpp_runs runs, uint64_t cells, uint64_t codes, tpp_status expected, uint64_t row)
{
    int64_t counts[4] = {0};
    tpp_error error;
    CHECK(tpp_add_runs(&runs, counts, cells, codes, NULL) == expected);
    CHECK(tpp_add_runs(&runs, counts, cells, codes, &error) == expected);
    CHECK(error.status == expected && error.row == row);
}

static void test_refused_runs(void)
{
    const uint64_t cells[] = {0, 1};
    const int64_t codes[] = {0, 0}, prefix[] = {0, 1, 2}, steps[] = {1}, down[] = {-1};
    const int64_t below_0[] = {0, -1}, largest[] = {0, INT64_MAX};
    const int32_t ends[] = {1, 1}, after[] = {2, 3}, before[] = {-1, 0}, least[] = {0, INT32_MIN};
    const uint64_t beyond[] = {0, UINT64_MAX};
    const tpp_runs good = {2, cells, codes, ends, steps, 1, 2, prefix, NULL};
    int64_t counts[4] = {0};
    CHECK(tpp_add_runs(&good, counts, 2, 2, NULL) == TPP_OK);

    tpp_runs bad = good;
    refuse(good, 1, 2, TPP_ERROR_ARGUMENT, 1);
    refuse(good, 0, 2, TPP_ERROR_ARGUMENT, 0);
    refuse(good, 2, 1, TPP_ERROR_ARGUMENT, 0);
    refuse(good, 2, 0, TPP_ERROR_ARGUMENT, 0);
    refuse(good, UINT64_MAX, UINT64_MAX, TPP_ERROR_ARGUMENT, 0);
    refuse(good, UINT64_C(1) << 32, UINT64_C(1) << 32, TPP_ERROR_ARGUMENT, 0);
    bad.ends = after;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 1);
    bad.ends = before;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 0);
    bad.ends = least;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 1);
    bad.ends = NULL;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 0);
    bad = good;
    bad.cells = beyond;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 1);
    bad = good;
    bad.codes = below_0;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 1);
    bad.codes = largest;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 1);
    bad.codes = NULL;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 0);
    bad = good;
    bad.steps = down;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 0);
    bad.steps = NULL;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 0);
    bad = good;
    bad.prefix = NULL;
    refuse(bad, 2, 2, TPP_ERROR_ARGUMENT, 0);
    bad = good;
    bad.cuts = TPP_MOST_CUTS + 1;
    refuse(bad, 2, 2, TPP_ERROR_LIMIT, 0);
    bad = good;
    bad.places = (uint32_t)INT32_MAX + 1;
    refuse(bad, 2, 2, TPP_ERROR_LIMIT, 0);
    CHECK(tpp_add_runs(NULL, counts, 2, 2, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_add_runs(&good, NULL, 2, 2, NULL) == TPP_ERROR_ARGUMENT);
    bad = (tpp_runs){0};
    CHECK(tpp_add_runs(&bad, NULL, 0, 0, NULL) == TPP_OK);
}

/* ---- crossings ---- */

static int32_t first(const int64_t *values, uint32_t places, int64_t threshold, bool is_strict)
{
    uint32_t i = 0;
    while (i < places && (is_strict ? values[i] <= threshold : values[i] < threshold)) {
        i++;
    }
    return (int32_t)i;
}

static void test_crossings(void)
{
    static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX};
    unsigned long long state = 2;
    for (uint32_t round = 0; round < 2000; round++) {
        const uint32_t places = round % 40, count = (uint32_t)below(&state, MANY);
        const uint64_t gap = 1 + below(&state, 4);
        int64_t *values = malloc(places > 0 ? places * sizeof *values : 1); /* none beyond */
        int64_t thresholds[MANY];
        int32_t ends[MANY];
        CHECK(values != NULL);
        int64_t value = -20;
        for (uint32_t i = 0; i < places; i++) {
            values[i] = i == 0 && gap == 1 ? INT64_MIN : value;
            value += (int64_t)below(&state, gap);
        }
        if (places > 1 && gap == 2) {
            values[places - 1] = INT64_MAX;
        }
        for (uint32_t i = 0; i < count; i++) {
            const uint64_t any = below(&state, 80);
            thresholds[i] = any < 4 ? extremes[any] : (int64_t)any - 30;
        }
        for (int is_strict = 0; is_strict < 2; is_strict++) {
            CHECK(tpp_crossings(values, places, thresholds, count, is_strict, ends, NULL) ==
                  TPP_OK);
            for (uint32_t i = 0; i < count; i++) {
                CHECK(ends[i] == first(values, places, thresholds[i], is_strict != 0));
            }
        }
        free(values);
    }
}

static void test_refused_crossings(void)
{
    const int64_t some[] = {1};
    int32_t end;
    tpp_error error;
    CHECK(tpp_crossings(some, (uint32_t)INT32_MAX + 1, some, 1, 0, &end, &error) ==
          TPP_ERROR_LIMIT);
    CHECK(error.status == TPP_ERROR_LIMIT);
    CHECK(tpp_crossings(NULL, 1, some, 1, 0, &end, &error) == TPP_ERROR_ARGUMENT);
    CHECK(error.status == TPP_ERROR_ARGUMENT);
    CHECK(tpp_crossings(some, 1, NULL, 1, 0, &end, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_crossings(some, 1, some, 1, 0, NULL, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_crossings(NULL, 0, NULL, 0, 0, NULL, NULL) == TPP_OK);
    CHECK(tpp_crossings(NULL, 0, some, 1, 0, &end, NULL) == TPP_OK && end == 0);
}

int main(void)
{
    test_runs();
    test_wrapping();
    test_refused_runs();
    test_crossings();
    test_refused_crossings();
    return 0;
}
