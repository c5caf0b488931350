/** Reading the parts of many systems at once, for sums.c alone: loops that compilers vectorise. */
#ifndef TPP_READ_PARTS_H
#define TPP_READ_PARTS_H

#include <string.h>

#include "cell.h"
#include "parts.h"

/* Integers, and the unsigned type to compare them in: negative ones are large there, above any
 * place in a table (rows begin below 2^32, so that items are fewer than 2^28). */
#define FOR_EACH_WHOLE(DO)                                                                         \
    DO(TPP_INT8, int8_t, uint32_t, INT32_MAX)                                                      \
    DO(TPP_INT16, int16_t, uint32_t, INT32_MAX)                                                    \
    DO(TPP_INT32, int32_t, uint32_t, INT32_MAX)                                                    \
    DO(TPP_INT64, int64_t, uint64_t, UINT32_MAX)                                                   \
    DO(TPP_UINT8, uint8_t, uint32_t, UINT32_MAX)                                                   \
    DO(TPP_UINT16, uint16_t, uint32_t, UINT32_MAX)                                                 \
    DO(TPP_UINT32, uint32_t, uint32_t, UINT32_MAX)                                                 \
    DO(TPP_UINT64, uint64_t, uint64_t, UINT32_MAX)

/* Offsets ascend if and only if no difference, less 1, has an upper bit as an unsigned number; from 0
 * or above to the number of parts or below, none can be outside then. */
#define READ_OFFSETS(type, unsigned_type, bits)                                                    \
    {                                                                                              \
        const type *restrict in = (const type *)parts->offsets + system;                           \
        const unsigned_type from = (unsigned_type)in[0];                                           \
        unsigned_type upper = 0;                                                                   \
        for (uint32_t s = 0; s < systems; s++) {                                                   \
            const unsigned_type next = (unsigned_type)in[s + 1];                                   \
            upper |= next - (unsigned_type)in[s] - 1;                                              \
            end[s + 1] = (uint32_t)(next - from);                                                  \
        }                                                                                          \
        good = upper >> bits == 0 && in[0] >= 0 && in[systems] >= 0;                               \
        *first = from;                                                                             \
        last = (uint64_t)in[systems];                                                              \
    }

static bool read_offsets(const tpp_parts *parts, uint64_t system, uint32_t systems, uint32_t most,
                         uint64_t *first, uint32_t *end)
{
    bool good;
    uint64_t last;
    end[0] = 0;
    if (parts->kind == TPP_INT32) {
        READ_OFFSETS(int32_t, uint32_t, 31)
    } else {
        READ_OFFSETS(int64_t, uint64_t, 31)
    }
    return good && last <= parts->parts && last - *first <= most;
}

/* A whole number below 2^32 as a double: with the exponent of 2^52 in front it is 2^52 more. */
static inline double double_of(uint64_t whole)
{
    const uint64_t bits = whole | UINT64_C(0x433) << 52;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value - 0x1p52;
}

/* False if an item is not in the table. */
static bool read_items(const tpp_column *column, uint64_t first, uint32_t n, uint32_t items,
                       uint32_t width, uint32_t *restrict row)
{
    switch (column->kind) {
#define READ(kind_, type, unsigned_type, most)                                                     \
    case kind_: {                                                                                  \
        const type *restrict in = (const type *)column->values + first;                            \
        unsigned_type bad = 0;                                                                     \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            const unsigned_type place = (unsigned_type)in[i];                                      \
            bad |= place >= items;                                                                 \
            row[i] = (uint32_t)place * width;                                                      \
        }                                                                                          \
        return bad == 0;                                                                           \
    }
        FOR_EACH_WHOLE(READ)
#undef READ
    default:
        return false;
    }
}

/* False if a count is none. */
static bool read_counts(const tpp_column *column, uint64_t first, uint32_t n,
                        double *restrict count)
{
    switch (column->kind) {
#define READ(kind_, type, unsigned_type, most)                                                     \
    case kind_: {                                                                                  \
        const type *restrict in = (const type *)column->values + first;                            \
        unsigned_type bad = 0;                                                                     \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            const unsigned_type x = (unsigned_type)in[i];                                          \
            bad |= (unsigned_type)(x - 1) >= (unsigned_type)most;                                  \
            count[i] = most == INT32_MAX ? (double)(int32_t)x : double_of(x);                      \
        }                                                                                          \
        return bad == 0;                                                                           \
    }
        FOR_EACH_WHOLE(READ)
#undef READ
    case TPP_FLOAT64: {
        const double *restrict in = (const double *)column->values + first;
        uint64_t good = 1;
        for (uint32_t i = 0; i < n; i++) {
            const double x = in[i];
            good &= (x >= 1.0) & (x <= TPP_LARGEST_COUNT) & ((x + 0x1p52) - 0x1p52 == x);
            count[i] = x;
        }
        return good != 0;
    }
    default:
        return false;
    }
}

static bool add_hosts(const tpp_column *column, uint64_t first, uint32_t n, uint32_t step,
                      uint32_t *restrict row)
{
    if (column->values == NULL) {
        return true;
    }
    const uint8_t *restrict in = (const uint8_t *)column->values + first;
    uint32_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        any |= in[i];
        row[i] += in[i] * step;
    }
    return any <= 1;
}

static bool has_nulls(const tpp_column *column, uint64_t first, uint32_t n)
{
    if (column->present == NULL) {
        return false;
    }
    uint64_t bit = column->first_bit + first;
    const uint64_t end = bit + n;
    bool all = true;
    while (all && bit < end) {
        const bool whole = bit % 8 == 0 && end - bit >= 8;
        all = whole ? column->present[bit / 8] == 0xFF : (column->present[bit / 8] >> bit % 8 & 1) != 0;
        bit += whole ? 8 : 1;
    }
    return !all;
}

/* Asks for the parts that are read some calls later: in bursts as short as these, hardware does not see
 * three streams early enough. */
static void look_ahead(const tpp_column *column, uint64_t first, uint32_t n)
{
    enum { AHEAD = 2048, LINE_BYTES = 64 };
    const uint32_t size = tpp_kind_size[column->kind];
    const uintptr_t at = (uintptr_t)column->values + first * size + AHEAD;
    for (uint32_t i = 0; i < n * size; i += LINE_BYTES) {
        tpp_prefetch(at + i);
    }
}

/* The rows and counts of parts [first, first + n); false if any is null or wrong. */
static bool read_parts(const tpp_items *items, const tpp_parts *parts, uint64_t first, uint32_t n,
                       uint32_t *row, double *count)
{
    const uint32_t step = tpp_items_row(items, 0, TPP_ROW_HOST);
    look_ahead(&parts->items, first, n);
    look_ahead(&parts->counts, first, n);
    return read_items(&parts->items, first, n, items->items, items->width, row) &&
           read_counts(&parts->counts, first, n, count) &&
           add_hosts(&parts->hosts, first, n, step, row) &&
           !has_nulls(&parts->items, first, n) && !has_nulls(&parts->counts, first, n) &&
           !has_nulls(&parts->hosts, first, n);
}

#endif
