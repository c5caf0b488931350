/* Systems against sums in 128 bits, part by part: every kernel, two threads, and what is refused. */
#define _POSIX_C_SOURCE 200809L /* setenv */

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "tppcore.h"

__extension__ typedef unsigned __int128 u128;

enum { ITEMS = 70, FIGURES = 6, LEAVES = 33, SYSTEMS = 1500, PARTS = 3 * SYSTEMS + 3000 };
enum { WORDS = (SYSTEMS + 63) / 64, NULL_BIT = 5 };

typedef struct {
    uint64_t low[FIGURES][ITEMS];
    uint64_t high[FIGURES][ITEMS];
    uint64_t met[LEAVES][2];
    uint64_t open[LEAVES][2];
    tpp_figure figure[FIGURES];
    tpp_leaf leaf[LEAVES];
    int64_t offset[SYSTEMS + 1];
    int32_t item[PARTS];
    uint32_t count[PARTS];
    uint8_t host[PARTS];
    uint8_t known[PARTS / 8 + 2];   /* items */
    uint8_t counted[PARTS / 8 + 2]; /* counts */
    tpp_parts parts;
} table;

typedef struct {
    uint64_t value[LEAVES][WORDS];
    uint64_t valid[LEAVES][WORDS];
    double low[FIGURES][SYSTEMS];
    double high[FIGURES][SYSTEMS];
} answer;


/* Figure 3 has sums of up to 10^17, figure 5 of more than 64 bits. */
static void fill_items(table *t, unsigned long long *state)
{
    static const uint64_t most[FIGURES] = {9, 20000, 20000, 2000000000000000, 5000, UINT64_MAX - 1};
    static const int32_t exponent[FIGURES] = {0, -1, -3, -2, 3, -9};
    for (int f = 0; f < FIGURES; f++) {
        for (int i = 0; i < ITEMS; i++) {
            const uint64_t low = next_random(state) % most[f];
            const uint64_t kind = f % 2 == 0 ? 0 : next_random(state) % 9;
            t->low[f][i] = low;
            t->high[f][i] = kind == 1 ? UINT64_MAX : kind == 2 ? low + (f == 1) : low;
        }
        t->figure[f] = (tpp_figure){"", t->low[f], t->high[f], 1, exponent[f], f != 2, f != 4};
    }
    for (int l = 0; l < LEAVES; l++) {
        for (int w = 0; w < 2; w++) {
            t->met[l][w] = next_random(state) & next_random(state);
            t->open[l][w] = ~t->met[l][w] & next_random(state) & next_random(state);
        }
        t->leaf[l] = (tpp_leaf){"", t->met[l], l % 3 == 0 ? NULL : t->open[l]};
    }
}

static table *random_table(bool nulls, unsigned long long *state)
{
    table *t = calloc(1, sizeof *t);
    CHECK(t != NULL);
    fill_items(t, state);
    for (int s = 0; s < SYSTEMS; s++) {
        const int64_t many = s == 700 ? 2500 : (int64_t)(next_random(state) % 4) + 1;
        const int64_t rest = PARTS - t->offset[s] - (SYSTEMS - 1 - s);
        t->offset[s + 1] = t->offset[s] + (many < rest ? many : rest);
    }
    for (int p = 0; p < PARTS; p++) {
        const uint64_t large = next_random(state) % 500;
        t->item[p] = (int32_t)(next_random(state) % ITEMS);
        t->count[p] = large == 0 ? UINT32_MAX : (uint32_t)(next_random(state) % 72 + 1);
        t->host[p] = nulls && next_random(state) % 5 == 0;
        const int null = nulls ? (int)(next_random(state) % 40) : 9;
        t->known[(p + NULL_BIT) / 8] |= (uint8_t)((null != 0) << (p + NULL_BIT) % 8);
        t->counted[p / 8] |= (uint8_t)((null != 1) << p % 8);
        t->item[p] = null == 0 ? -1 : t->item[p];
        t->count[p] = null == 1 ? 0 : t->count[p];
    }
    t->parts = (tpp_parts){.offsets = t->offset, .kind = TPP_INT64, .parts = PARTS};
    t->parts.items = (tpp_column){.values = t->item, .kind = TPP_INT32};
    t->parts.counts = (tpp_column){.values = t->count, .kind = TPP_UINT32};
    if (nulls) {
        t->parts.items.present = t->known;
        t->parts.items.first_bit = NULL_BIT;
        t->parts.counts.present = t->counted;
        t->parts.hosts = (tpp_column){.values = t->host, .kind = TPP_BOOLEAN};
    }
    return t;
}

static tpp_items *open_items(const table *t)
{
    tpp_items *items = NULL;
    CHECK(tpp_items_open(NULL, t->figure, FIGURES, t->leaf, LEAVES, ITEMS, &items, NULL) == TPP_OK);
    return items;
}

static tpp_status run(const tpp_items *items, const tpp_parts *parts, answer *out, uint64_t begin,
                      uint64_t end, tpp_error *error)
{
    uint64_t *value[LEAVES], *valid[LEAVES];
    double *low[FIGURES], *high[FIGURES];
    for (int l = 0; l < LEAVES; l++) {
        value[l] = out->value[l];
        valid[l] = out->valid[l];
    }
    for (int f = 0; f < FIGURES; f++) {
        low[f] = out->low[f];
        high[f] = out->high[f];
    }
    return tpp_systems(items, parts, NULL, begin, end, value, valid, NULL, low, high, error);
}

/* whole * 10^exponent within a rounding or two: tests/engine compares them to the bit. */
static bool is_about(double found, u128 whole, int32_t exponent)
{
    const double expected = (double)whole * pow(10.0, exponent);
    return fabs(found - expected) <= expected * 4e-16;
}

static void check_system(const table *t, const answer *found, int s)
{
    for (int f = 0; f < FIGURES; f++) {
        const tpp_figure *figure = &t->figure[f];
        u128 low = 0, high = 0;
        bool open = false;
        for (int64_t p = t->offset[s]; p < t->offset[s + 1]; p++) {
            const bool known = t->item[p] >= 0, counted = t->count[p] > 0;
            if (t->host[p] != 0 && figure->with_hosts == 0) {
                continue;
            }
            const uint64_t a = known ? t->low[f][t->item[p]] : 0;
            const uint64_t b = known ? t->high[f][t->item[p]] : UINT64_MAX;
            const uint64_t times = figure->is_sum != 0 && counted ? t->count[p] : 1;
            open |= b == UINT64_MAX || (!counted && figure->is_sum != 0 && b > 0);
            low = figure->is_sum != 0 ? low + (u128)times * a : a > low ? a : low;
            high = figure->is_sum != 0 ? high + (u128)times * b : b > high ? b : high;
        }
        CHECK(is_about(found->low[f][s], low, figure->exponent));
        CHECK(open ? isinf(found->high[f][s]) : is_about(found->high[f][s], high, figure->exponent));
    }
    for (int l = 0; l < LEAVES; l++) {
        bool met = false, possible = false;
        for (int64_t p = t->offset[s]; p < t->offset[s + 1]; p++) {
            const int32_t i = t->item[p];
            const bool is_open = t->leaf[l].open != NULL;
            met |= i >= 0 && (t->met[l][i / 64] >> i % 64 & 1) != 0;
            possible |= i < 0 || (is_open && (t->open[l][i / 64] >> i % 64 & 1) != 0);
        }
        CHECK(((found->value[l][s / 64] >> s % 64 & 1) != 0) == met);
        CHECK(((found->valid[l][s / 64] >> s % 64 & 1) != 0) == (met || !possible));
    }
}

typedef struct {
    const tpp_items *items;
    const table *t;
    answer *out;
    uint64_t begin;
    uint64_t end;
} task;

static void *work(void *argument)
{
    const task *some = argument;
    CHECK(run(some->items, &some->t->parts, some->out, some->begin, some->end, NULL) == TPP_OK);
    return NULL;
}

static void test_kernels_and_threads(void)
{
    static answer found[3];
    unsigned long long state = 41;
    for (int round = 0; round < 4; round++) {
        table *t = random_table(round % 2 != 0, &state);
        for (int k = 0; k < 2; k++) {
            CHECK(setenv("TPPCORE_KERNEL", k == 0 ? "portable" : "", 1) == 0);
            tpp_items *items = open_items(t);
            CHECK(k == 1 || strcmp(tpp_items_kernel(items), "portable") == 0);
            memset(&found[k], 0xA5, sizeof found[k]);
            CHECK(run(items, &t->parts, &found[k], 0, SYSTEMS, NULL) == TPP_OK);
            if (k == 1) {
                memset(&found[2], 0xA5, sizeof found[2]);
                pthread_t other;
                task both[2] = {{items, t, &found[2], 0, 704}, {items, t, &found[2], 704, SYSTEMS}};
                CHECK(pthread_create(&other, NULL, work, &both[0]) == 0);
                work(&both[1]);
                CHECK(pthread_join(other, NULL) == 0);
            }
            tpp_items_close(items);
        }
        CHECK(memcmp(&found[0], &found[1], sizeof found[0]) == 0);
        CHECK(memcmp(&found[0], &found[2], sizeof found[0]) == 0);
        for (int s = 0; s < SYSTEMS; s++) {
            check_system(t, &found[0], s);
        }
        free(t);
    }
}

static void expect(const tpp_items *items, const tpp_parts *parts, tpp_status status, uint64_t row)
{
    static answer ignored;
    tpp_error error = {TPP_OK, 0, 0, TPP_PART_VALUE, 0.0};
    CHECK(run(items, parts, &ignored, 0, SYSTEMS, &error) == status);
    CHECK(error.status == status && error.row == row);
}

static void test_errors(void)
{
    unsigned long long state = 43;
    table *t = random_table(false, &state);
    tpp_items *items = open_items(t);
    const int64_t part = t->offset[900];
    t->host[part + 1] = 2;
    t->parts.hosts = (tpp_column){.values = t->host, .kind = TPP_BOOLEAN};
    expect(items, &t->parts, TPP_ERROR_HOST, (uint64_t)part + 1);
    t->count[part] = 0;
    expect(items, &t->parts, TPP_ERROR_COUNT, (uint64_t)part);
    t->item[part] = ITEMS;
    expect(items, &t->parts, TPP_ERROR_ITEM, (uint64_t)part);
    t->offset[800] = t->offset[799];
    expect(items, &t->parts, TPP_ERROR_EMPTY_SYSTEM, 799);
    t->offset[790] = PARTS + 1;
    expect(items, &t->parts, TPP_ERROR_OFFSETS, 789);
    t->offset[0] = INT64_MIN;
    expect(items, &t->parts, TPP_ERROR_OFFSETS, 0);
    t->parts.kind = TPP_FLOAT64;
    expect(items, &t->parts, TPP_ERROR_ARGUMENT, 0);
    tpp_items_close(items);
    free(t);
}

static void refuse(const tpp_figure *figure, uint32_t figures, uint32_t leaves, tpp_status status)
{
    tpp_items *items = NULL;
    CHECK(tpp_items_open(NULL, figure, figures, NULL, leaves, 2, &items, NULL) == status);
    CHECK(items == NULL);
}

static void test_refusals(void)
{
    static const uint64_t low[2] = {1, 2}, below[2] = {1, 1}, most[2] = {UINT64_MAX, 0};
    const tpp_figure good = {"f", low, NULL, 1, 0, 1, 1};
    tpp_figure bad = good;
    refuse(&good, 33, 0, TPP_ERROR_LIMIT);
    refuse(&good, 1, 257, TPP_ERROR_LIMIT);
    refuse(&good, 1, 1, TPP_ERROR_ARGUMENT);
    refuse(NULL, 1, 0, TPP_ERROR_ARGUMENT);
    bad.divisor = 15;
    refuse(&bad, 1, 0, TPP_ERROR_ARGUMENT);
    bad.divisor = 0;
    refuse(&bad, 1, 0, TPP_ERROR_ARGUMENT);
    bad = good;
    bad.exponent = -39;
    refuse(&bad, 1, 0, TPP_ERROR_ARGUMENT);
    bad = good;
    bad.high = below;
    refuse(&bad, 1, 0, TPP_ERROR_ARGUMENT);
    bad.high = NULL;
    bad.low = most;
    refuse(&bad, 1, 0, TPP_ERROR_ARGUMENT);
    CHECK(setenv("TPPCORE_KERNEL", "abacus", 1) == 0);
    refuse(&good, 1, 0, TPP_ERROR_KERNEL);
    CHECK(setenv("TPPCORE_KERNEL", "", 1) == 0);
    tpp_items_close(NULL);
}

int main(void)
{
    test_kernels_and_threads();
    test_errors();
    test_refusals();
    return 0;
}
