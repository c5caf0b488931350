/**
 * Tables for the law of law.h: numbers on its thresholds, one ulp beside them, and at the ends of
 * what is a number; with holes and ranges, in every kind of column. Every array has exactly the
 * length of the table, so that a read past it is seen.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>

#include "law.h"

enum { PARTS = 4 };

typedef struct {
    uint64_t rows;
    tpp_column column[LAW_INPUTS];
    void *owned[LAW_INPUTS][PARTS];
} table;

enum { HOLES = 1, RANGES = 2, KINDS = 4, STYLES = 8 };

static inline void *owned(table *t, uint32_t input, int part, size_t size)
{
    void *memory = malloc(size == 0 ? 1 : size);
    CHECK(memory != NULL);
    memset(memory, 0xA5, size);
    t->owned[input][part] = memory;
    return memory;
}

static inline void free_table(table *t)
{
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        for (int part = 0; part < PARTS; part++) {
            free(t->owned[i][part]);
        }
    }
}

static inline double tail(unsigned long long *state)
{
    static const double ends[8] = {1e-15, 1e24,  1.2345678901234567e-15, 9.87654321e23,
                                   0.1,   1e15,  99999999999999.99,      5e-15};
    return ends[next_random(state) % 8];
}

/* A number for an input; those of `usual` meet on the law's thresholds. */
static inline double number(uint32_t input, unsigned long long *state)
{
    static const double usual[LAW_INPUTS][8] = {
        [FP16] = {300, 100, 257.15, 37, 75, 29.6, 18.5, 0},
        [FP8] = {800, 0, 0, 0, 266.66666666666669, 685.73333333333335, 0, 12.5},
        [AREA] = {695, 100, 600, 80, 50, 810.81081081081084, 0.1, 700},
        [DRAM] = {4500, 5000, 4499.9, 0.1, 4000, 0, 2500, 4500.000000000001},
        [OTHER] = {0, 0, 0.1, 500, 1000, 0.2, 4499.8, 0},
        [ITEMS] = {1, 1, 2, 4, 1, 8, 1, 3},
        [PLANAR] = {0, 0, 0, 1, 0, 0, 1, 0},
    };
    double value = usual[input][next_random(state) % 8];
    if (input == ITEMS || input == PLANAR) {
        return value;
    }
    switch (next_random(state) % 8) {
    case 0:
        value = nextafter(value, 0.0);
        break;
    case 1:
        value = value > 0.0 ? nextafter(value, HUGE_VAL) : 0.0;
        break;
    case 2:
        value = (double)(next_random(state) % 100000 + 1) / 100.0;
        break;
    case 3:
        value = next_random(state) % 8 == 0 ? tail(state) : value;
        break;
    default:
        break;
    }
    return value;
}

static inline bool is_missing(unsigned long long *state, int style)
{
    return (style & HOLES) != 0 && next_random(state) % 6 == 0;
}

static inline void fill_doubles(table *t, uint32_t input, int style, unsigned long long *state)
{
    double *values = owned(t, input, 0, t->rows * sizeof *values);
    t->column[input].values = values;
    t->column[input].kind = TPP_FLOAT64;
    for (uint64_t i = 0; i < t->rows; i++) {
        values[i] = is_missing(state, style) ? (double)NAN : number(input, state);
    }
    if ((style & RANGES) == 0) {
        return;
    }
    double *low = owned(t, input, 1, t->rows * sizeof *low);
    double *high = owned(t, input, 2, t->rows * sizeof *high);
    t->column[input].low = low;
    t->column[input].high = high;
    for (uint64_t i = 0; i < t->rows; i++) {
        low[i] = high[i] = (double)NAN;
        const unsigned choice = next_random(state) % 16;
        if (choice < 4) {
            const double one = number(input, state), other = number(input, state);
            values[i] = (double)NAN;
            low[i] = choice == 1 ? (double)NAN : fmin(one, other);
            high[i] = choice == 2 ? (double)NAN : choice == 3 ? low[i] : fmax(one, other);
        }
    }
}

static inline void fill_flags(table *t, uint32_t input, int style, unsigned long long *state)
{
    uint8_t *values = owned(t, input, 0, t->rows);
    t->column[input].values = values;
    t->column[input].kind = TPP_BOOLEAN;
    for (uint64_t i = 0; i < t->rows; i++) {
        values[i] = is_missing(state, style) ? 255 : (uint8_t)number(input, state);
    }
}

/* Nulls by a bitmap of its own length, which begins in the middle of a byte. */
static inline void fill_present(table *t, uint32_t input, int style, unsigned long long *state)
{
    const uint32_t first = (uint32_t)(next_random(state) % 8);
    const size_t size = (size_t)((first + t->rows + 7) / 8);
    uint8_t *present = owned(t, input, 3, size);
    memset(present, 0, size);
    for (uint64_t i = 0; i < t->rows; i++) {
        if (!is_missing(state, style)) {
            present[(first + i) / 8] |= (uint8_t)(1 << (first + i) % 8);
        }
    }
    t->column[input].present = present;
    t->column[input].first_bit = first;
}

/* Booleans by a bitmap of its own length; it begins where that of the nulls does, if there is one. */
static inline void fill_bits(table *t, uint32_t input, int style, unsigned long long *state)
{
    fill_present(t, input, style, state);
    const uint32_t first = t->column[input].first_bit;
    const size_t size = (size_t)((first + t->rows + 7) / 8);
    uint8_t *values = owned(t, input, 0, size);
    for (uint64_t i = 0; i < t->rows; i++) {
        const uint64_t at = first + i;
        const uint8_t bit = (uint8_t)(1 << at % 8);
        const bool is_set = input == AREA || input == ITEMS || number(input, state) >= 1.0;
        values[at / 8] = (uint8_t)((values[at / 8] & ~bit) | (is_set ? bit : 0));
    }
    if ((style & HOLES) == 0 && next_random(state) % 2 == 0) {
        t->column[input].present = NULL;
    }
    t->column[input].values = values;
    t->column[input].kind = TPP_BIT;
}

/* At most `most`, and whole. */
static inline uint64_t whole(uint32_t input, unsigned long long *state, double most)
{
    const double value = floor(number(input, state));
    const uint64_t least = input == AREA || input == ITEMS;
    return value < (double)least ? least : (uint64_t)(value < most ? value : most);
}

#define FILL_INTEGERS(kind_, type, most)                                                           \
    case kind_: {                                                                                  \
        type *values = owned(t, input, 0, t->rows * sizeof *values);                               \
        for (uint64_t i = 0; i < t->rows; i++) {                                                   \
            values[i] = (type)whole(input, state, most);                                           \
        }                                                                                          \
        t->column[input].values = values;                                                          \
        break;                                                                                     \
    }

/* Any kind but doubles and booleans; where a bitmap tells, some rows are null. */
static inline void fill_kind(table *t, uint32_t input, tpp_kind kind, int style,
                             unsigned long long *state)
{
    t->column[input].kind = kind;
    switch (kind) {
    case TPP_FLOAT32: {
        float *values = owned(t, input, 0, t->rows * sizeof *values);
        for (uint64_t i = 0; i < t->rows; i++) {
            values[i] = is_missing(state, style) ? NAN : (float)number(input, state);
        }
        t->column[input].values = values;
        break;
    }
        FILL_INTEGERS(TPP_INT8, int8_t, 127)
        FILL_INTEGERS(TPP_INT16, int16_t, 32767)
        FILL_INTEGERS(TPP_INT32, int32_t, 2147483647)
        FILL_INTEGERS(TPP_INT64, int64_t, 9007199254740992)
        FILL_INTEGERS(TPP_UINT8, uint8_t, 255)
        FILL_INTEGERS(TPP_UINT16, uint16_t, 65535)
        FILL_INTEGERS(TPP_UINT32, uint32_t, 4294967295)
        FILL_INTEGERS(TPP_UINT64, uint64_t, 9007199254740992)
    case TPP_DECIMAL128: {
        const int32_t scale = (int32_t)(next_random(state) % 4);
        uint64_t *values = owned(t, input, 0, t->rows * 2 * sizeof *values);
        for (uint64_t i = 0; i < t->rows; i++) {
            values[2 * i] = whole(input, state, 1e9) * (uint64_t)(scale == 3 ? 1000 : 1) +
                            (input == ITEMS || input == PLANAR ? 0 : next_random(state) % 2);
            values[2 * i + 1] = 0;
        }
        t->column[input].values = values;
        t->column[input].scale = scale;
        break;
    }
    default:
        CHECK(kind < TPP_KIND_COUNT);
    }
    fill_present(t, input, style, state);
}

static inline table random_table(uint64_t rows, int style, unsigned long long *state)
{
    table t = {.rows = rows};
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        if ((style & HOLES) != 0 && next_random(state) % 8 == 0) {
            continue; /* the table lacks it */
        }
        const tpp_kind kind = (tpp_kind)(next_random(state) % TPP_KIND_COUNT);
        if (kind == TPP_BIT && (style & KINDS) != 0) {
            fill_bits(&t, i, style, state);
        } else if (kind == TPP_BOOLEAN ? i == PLANAR : (style & KINDS) == 0 && i == PLANAR) {
            fill_flags(&t, i, style, state);
        } else if ((style & KINDS) != 0 && kind != TPP_BOOLEAN && kind != TPP_BIT &&
                   kind != TPP_FLOAT64) {
            fill_kind(&t, i, kind, style, state);
        } else {
            fill_doubles(&t, i, style, state);
        }
    }
    return t;
}

#endif
