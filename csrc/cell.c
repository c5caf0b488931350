#include "cell.h"

#include <math.h>

#include "u128.h"

const uint8_t tpp_kind_size[TPP_KIND_COUNT] = {8, 4, 1, 1, 2, 4, 8, 1, 2, 4, 8, 16, 0};

/* Anything but a float: (-1)^negative * magnitude * 10^-scale. */
typedef struct {
    tpp_u128 magnitude;
    int32_t scale;
    bool negative;
} integer;

static integer of_signed(int64_t value)
{
    const uint64_t bits = (uint64_t)value;
    return (integer){value < 0 ? 0 - bits : bits, 0, value < 0};
}

static integer of_unsigned(uint64_t value)
{
    return (integer){value, 0, false};
}

static uint64_t read_u64(const uint8_t *p)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < 8; i++) {
        value |= (uint64_t)p[i] << 8 * i;
    }
    return value;
}

static integer of_decimal(const uint8_t *cell, int32_t scale)
{
    const tpp_u128 bits = (tpp_u128)read_u64(cell + 8) << 64 | read_u64(cell);
    const bool negative = bits >> 127 != 0;
    return (integer){negative ? 0 - bits : bits, scale, negative};
}

static integer read_integer(const tpp_column *column, uint64_t row)
{
    const void *values = column->values;
    switch (column->kind) {
    case TPP_INT8:
        return of_signed(((const int8_t *)values)[row]);
    case TPP_INT16:
        return of_signed(((const int16_t *)values)[row]);
    case TPP_INT32:
        return of_signed(((const int32_t *)values)[row]);
    case TPP_INT64:
        return of_signed(((const int64_t *)values)[row]);
    case TPP_BOOLEAN:
    case TPP_UINT8:
        return of_unsigned(((const uint8_t *)values)[row]);
    case TPP_UINT16:
        return of_unsigned(((const uint16_t *)values)[row]);
    case TPP_UINT32:
        return of_unsigned(((const uint32_t *)values)[row]);
    case TPP_UINT64:
        return of_unsigned(((const uint64_t *)values)[row]);
    case TPP_BIT:
        return of_unsigned(tpp_bit(values, row + column->first_bit));
    default:
        return of_decimal((const uint8_t *)values + 16 * row, column->scale);
    }
}

static double nearest(integer value)
{
    const double magnitude = tpp_decimal_nearest((uint64_t)(value.magnitude >> 64),
                                                 (uint64_t)value.magnitude, value.scale);
    return value.negative ? -magnitude : magnitude;
}

/* Without the zeros that a decimal column of that scale adds. */
static integer strip(integer value)
{
    while (value.scale > 0 && value.magnitude % 10 == 0) {
        value.magnitude /= 10;
        value.scale--;
    }
    return value;
}

double tpp_cell_approx(const tpp_column *column, uint64_t row)
{
    if (column->values == NULL || tpp_cell_is_null(column, row)) {
        return NAN;
    }
    switch (column->kind) {
    case TPP_FLOAT64:
        return ((const double *)column->values)[row];
    case TPP_FLOAT32:
        return (double)((const float *)column->values)[row];
    case TPP_BOOLEAN: {
        const uint8_t flag = ((const uint8_t *)column->values)[row];
        return flag != TPP_MISSING ? flag : NAN;
    }
    case TPP_BIT:
        return tpp_bit(column->values, row + column->first_bit);
    default:
        return nearest(read_integer(column, row));
    }
}

tpp_decimal tpp_cell_decimal(const tpp_column *column, uint64_t row)
{
    if (column->kind == TPP_FLOAT64) {
        return tpp_decimal_of(((const double *)column->values)[row]);
    }
    if (column->kind == TPP_FLOAT32) {
        return tpp_decimal_of_float(((const float *)column->values)[row]);
    }
    const integer value = read_integer(column, row);
    const double approx = nearest(value);
    if (value.magnitude >> 64 == 0) {
        return (tpp_decimal){(uint64_t)value.magnitude, -value.scale, approx};
    }
    /* A valid decimal has at most 17 digits, and zeros behind them. */
    const integer digits = strip(value);
    int32_t exponent = -digits.scale;
    tpp_u128 magnitude = digits.magnitude;
    for (; magnitude >> 64 != 0; magnitude /= 10) {
        exponent++;
    }
    return (tpp_decimal){(uint64_t)magnitude, exponent, approx};
}

tpp_status tpp_cell_check_double(double value)
{
    if (isnan(value) || value == 0.0 || (value >= TPP_SMALLEST && value <= TPP_LARGEST)) {
        return TPP_OK;
    }
    return isinf(value) ? TPP_ERROR_NOT_FINITE : value < 0 ? TPP_ERROR_NEGATIVE : TPP_ERROR_RANGE;
}

/* In its own width: the floats nearest to the ends of the range are their shortest decimals. */
static tpp_status check_float(float value)
{
    if (value >= (float)TPP_SMALLEST && value <= (float)TPP_LARGEST) {
        return TPP_OK;
    }
    const tpp_status status = tpp_cell_check_double((double)value);
    return status == TPP_OK && value != 0.0f ? TPP_ERROR_RANGE : status;
}

/* A decimal of at most 15 digits is that of a double, an integer up to 2^53 too; of others the
 * nearest double tells. */
static bool is_of_a_double(integer value, double approx)
{
    const integer digits = strip(value);
    const uint64_t most = digits.scale == 0 ? UINT64_C(1) << 53 : UINT64_C(1000000000000000);
    if (digits.magnitude <= most && digits.scale < TPP_EXACT_POWERS) {
        return true;
    }
    tpp_decimal shortest = tpp_decimal_strip(tpp_decimal_of(approx));
    tpp_u128 mantissa = shortest.mantissa;
    for (; shortest.exponent > 0; shortest.exponent--) {
        mantissa *= 10; /* at most 10^24 in all */
    }
    return mantissa == digits.magnitude && -shortest.exponent == digits.scale;
}

tpp_status tpp_cell_check(const tpp_column *column, uint64_t row, double *number)
{
    *number = tpp_cell_approx(column, row);
    if (isnan(*number)) {
        return TPP_OK;
    }
    if (column->kind == TPP_FLOAT32) {
        return check_float(((const float *)column->values)[row]);
    }
    if (column->kind == TPP_BOOLEAN && *number > 1.0) {
        return TPP_ERROR_NOT_BOOLEAN;
    }
    const tpp_status status = tpp_cell_check_double(*number);
    if (status != TPP_OK || column->kind == TPP_FLOAT64) {
        return status;
    }
    return is_of_a_double(read_integer(column, row), *number) ? TPP_OK : TPP_ERROR_DIGITS;
}
