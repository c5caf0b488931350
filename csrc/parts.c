#include "parts.h"

#include <math.h>

#include "cell.h"
#include "error.h"

static bool is_integer(tpp_kind kind)
{
    return (unsigned)kind < TPP_DECIMAL128 && kind > TPP_BOOLEAN;
}

bool tpp_parts_are_bad(const tpp_parts *parts)
{
    const bool has_parts = parts->items.values != NULL && parts->counts.values != NULL;
    return parts->offsets == NULL || (parts->kind != TPP_INT32 && parts->kind != TPP_INT64) ||
           (parts->parts > 0 && !has_parts) || !is_integer(parts->items.kind) ||
           !(is_integer(parts->counts.kind) || parts->counts.kind == TPP_FLOAT64) ||
           (parts->hosts.values != NULL && parts->hosts.kind != TPP_BOOLEAN);
}

/* An integer of any kind by its two's complement. */
static uint64_t integer_at(const tpp_column *column, uint64_t at, bool *negative)
{
    int64_t value = 0;
    *negative = false;
    switch (column->kind) {
    case TPP_INT8:
        value = ((const int8_t *)column->values)[at];
        break;
    case TPP_INT16:
        value = ((const int16_t *)column->values)[at];
        break;
    case TPP_INT32:
        value = ((const int32_t *)column->values)[at];
        break;
    case TPP_INT64:
        value = ((const int64_t *)column->values)[at];
        break;
    case TPP_UINT8:
        return ((const uint8_t *)column->values)[at];
    case TPP_UINT16:
        return ((const uint16_t *)column->values)[at];
    case TPP_UINT32:
        return ((const uint32_t *)column->values)[at];
    default:
        return ((const uint64_t *)column->values)[at];
    }
    *negative = value < 0;
    return (uint64_t)value;
}

static double number_of(uint64_t bits, bool negative)
{
    return negative ? (double)(int64_t)bits : (double)bits;
}

tpp_status tpp_parts_one(const tpp_items *items, const tpp_parts *parts, uint64_t at,
                         tpp_one_part *part, tpp_error *error)
{
    uint32_t item = items->items, kind = 0;
    bool negative;
    if (!tpp_cell_is_null(&parts->items, at)) {
        const uint64_t place = integer_at(&parts->items, at, &negative);
        if (negative || place >= items->items) {
            return tpp_error_number(error, TPP_ERROR_ITEM, at, 0, TPP_PART_VALUE,
                                    number_of(place, negative));
        }
        item = (uint32_t)place;
    }
    double count = NAN;
    if (!tpp_cell_is_null(&parts->counts, at)) {
        if (parts->counts.kind == TPP_FLOAT64) {
            count = ((const double *)parts->counts.values)[at];
        } else {
            const uint64_t bits = integer_at(&parts->counts, at, &negative);
            count = number_of(bits, negative);
        }
    }
    if (isnan(count)) {
        kind |= TPP_ROW_UNCOUNTED;
        count = 1.0;
    } else if (!(count >= 1.0 && count <= TPP_LARGEST_COUNT && floor(count) == count)) {
        return tpp_error_number(error, TPP_ERROR_COUNT, at, 0, TPP_PART_VALUE, count);
    }
    if (parts->hosts.values != NULL) {
        const uint8_t host = ((const uint8_t *)parts->hosts.values)[at];
        if (host > 1 || tpp_cell_is_null(&parts->hosts, at)) {
            return tpp_error_number(error, TPP_ERROR_HOST, at, 0, TPP_PART_VALUE, host);
        }
        kind |= host * (uint32_t)TPP_ROW_HOST;
    }
    *part = (tpp_one_part){tpp_items_row(items, item, kind), count};
    return TPP_OK;
}
