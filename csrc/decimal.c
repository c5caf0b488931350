#include "decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tppcore.h"
#include "u128.h"
#include "wide.h"

enum { DIGITS = 17, FRACTION_BITS = 52, LEAST_EXPONENT = -1074, FLOAT_BITS = 23 };

const double tpp_power_of_ten[TPP_EXACT_POWERS] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* The largest k up to 22 with value * 10^k <= 10^15, or 0 for an integer. */
static uint32_t scale_of(double value, uint64_t bits)
{
    /* 15 - floor(log2(value)) * log10(2), where 1262611 / 2^22 is log10(2) less 10^-7. */
    const int64_t estimate =
        (INT64_C(15) << 22) + (INT64_C(1023) - (int64_t)(bits >> 52 & 0x7ff)) * INT64_C(1262611);
    const bool is_whole = (value + 0x1p52) - 0x1p52 == value;
    int64_t k = estimate < 0 ? 0 : estimate >> 22;
    k = k < TPP_EXACT_POWERS ? k : TPP_EXACT_POWERS - 1;
    k = is_whole ? 0 : k;
    /* The estimate is that of the power of two below, so that it may be one too high. */
    return (uint32_t)k - (uint32_t)((k > 0) & (value * tpp_power_of_ten[k] > TPP_MAX_UNIQUE));
}

/* Clinger's fast path backwards. If value is the double nearest to some n / 10^j with n <= 10^15
 * and j <= 22, then j <= k, the largest power up to 22 with value * 10^k <= 10^15;
 * n * 10^(k - j) / 10^k is the same number, and value * 10^k within 2 * 2^-53 * 10^15 < 0.23 of
 * that numerator. Numerator and power are doubles, so that their quotient is rounded once: to value
 * for that numerator alone.
 *
 * Adding 2^52 to a number below it leaves its nearest integer in the fraction. */
uint64_t tpp_decimal_recover(const double *value, uint32_t count, uint64_t *mantissa,
                             int32_t *exponent)
{
    double power[TPP_RECOVERED], shifted[TPP_RECOVERED], back[TPP_RECOVERED];
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &value[i], sizeof bits);
        const uint32_t k = scale_of(value[i], bits);
        power[i] = tpp_power_of_ten[k];
        exponent[i] = -(int32_t)k;
    }
    for (uint32_t i = 0; i < count; i++) {
        shifted[i] = value[i] * power[i] + 0x1p52;
        back[i] = (shifted[i] - 0x1p52) / power[i];
    }
    uint64_t set = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &shifted[i], sizeof bits);
        mantissa[i] = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
        const bool found = (back[i] == value[i]) & (shifted[i] <= 0x1p52 + TPP_MAX_UNIQUE);
        set |= (uint64_t)found << i;
    }
    return set;
}

/* A positive binary number, fraction * 2^exponent, and what reads back as it: decimals up to half
 * the gap to its neighbours away. A reader rounds half to even, so that the ends belong to numbers
 * of even fraction. The gap below a power of two is half the gap above it (`uneven`). */
typedef struct {
    uint64_t fraction;
    int32_t exponent;
    bool uneven;
} binary;

static binary split(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t hidden = UINT64_C(1) << FRACTION_BITS, fraction = bits & (hidden - 1);
    const int32_t biased = (int32_t)(bits >> FRACTION_BITS) & 0x7ff;
    return biased == 0 ? (binary){fraction, LEAST_EXPONENT, false}
                       : (binary){fraction | hidden, LEAST_EXPONENT + biased - 1,
                                  fraction == 0 && biased > 1};
}

static binary split_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t hidden = UINT32_C(1) << FLOAT_BITS, fraction = bits & (hidden - 1);
    const int32_t biased = (int32_t)(bits >> FLOAT_BITS) & 0xff;
    return biased == 0 ? (binary){fraction, -149, false}
                       : (binary){fraction | hidden, biased - 150, fraction == 0 && biased > 1};
}

/* Where the exact integers of find_shortest stay below 2^128: all of [1e-15, 1e24] and more. */
enum { LEAST_SHORT = -102, MOST_SHORT = 60 };

/* 5^0 to 5^27, which fill 64 bits. */
static const uint64_t FIVES[28] = {
    1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u,
    244140625u, 1220703125u, 6103515625u, 30517578125u, 152587890625u, 762939453125u,
    3814697265625u, 19073486328125u, 95367431640625u, 476837158203125u, 2384185791015625u,
    11920928955078125u, 59604644775390625u, 298023223876953125u, 1490116119384765625u,
    7450580596923828125u};

/* Like U. Adams, "Ryu: fast float-to-string conversion" (2018), this works on the ends of the
 * interval in integers, and like R. Giulietti, "The Schubfach way to render doubles" (2021), it
 * looks at four decimals only. They round their powers of ten; the range here is so narrow that all
 * numbers are exact.
 *
 * Let 10^k be the largest power of ten that is no wider than the interval of what reads back as
 * value. Then the interval holds a multiple of 10^k, one of the two nearest to value, and at most
 * one multiple of 10^(k + 1), one of the two nearest likewise. If it holds the latter, any shorter
 * decimal is that same number; otherwise the multiples of 10^k in it are equally long, and the
 * nearest is wanted (of two, the even one).
 *
 * Everything is counted in parts of 10^k, `unit` of them to a whole: value is `at`, and a quarter
 * of the gap above it, 2^(exponent - 2), is `quarter`. Up to exponent 0 these are 5^-k of
 * 2^(2 - exponent + k) parts, above it 2^exponent of 4 * 10^k parts. The greatest number is
 * (4 * fraction + 2) * 5^31 < 2^127. */
static tpp_decimal find_shortest(binary value)
{
    const bool even = (value.fraction & 1) == 0;
    /* floor(exponent * log10(2)), or floor(exponent * log10(2) + log10(3 / 4)). */
    const int32_t scaled = value.exponent * 1262611 - (value.uneven ? 524031 : 0);
    const int32_t k = (int32_t)((uint32_t)(scaled + (64 << 22)) >> 22) - 64;
    tpp_u128 quarter, unit;
    uint64_t n;
    uint32_t shift = 0;
    if (value.exponent <= 0) {
        const uint32_t power = (uint32_t)-k, part = power < 27 ? power : 27;
        quarter = (tpp_u128)FIVES[part] * FIVES[power - part];
        shift = (uint32_t)(2 - value.exponent) - power;
        unit = (tpp_u128)1 << shift;
    } else {
        quarter = (tpp_u128)1 << value.exponent;
        unit = (tpp_u128)(UINT64_C(4) * (FIVES[k] << k));
    }
    const tpp_u128 at = quarter * (4 * value.fraction);
    n = (uint64_t)(shift > 0 ? at >> shift : at / unit);
    /* An open interval is one of integers, a step shorter. */
    const tpp_u128 low = at - (value.uneven ? quarter : 2 * quarter) + !even;
    const tpp_u128 high = at + 2 * quarter - !even;
    const uint64_t tens = n / 10;
    const tpp_u128 below = tens * 10 * unit, above = below + 10 * unit;
    if (below >= low || above <= high) {
        return (tpp_decimal){tens + (below < low), k + 1, 0.0};
    }
    const tpp_u128 floor = n * unit, ceiling = floor + unit;
    const tpp_u128 down = at - floor, up = ceiling - at;
    const bool is_nearer = up < down || (up == down && n % 2 != 0);
    const bool rises = floor < low || (ceiling <= high && is_nearer);
    return (tpp_decimal){n + rises, k, 0.0};
}

static bool is_short(binary value)
{
    return value.exponent >= LEAST_SHORT && value.exponent <= MOST_SHORT;
}

/* Burger and Dybvig, "Printing floating-point numbers quickly and accurately" (1996), figure 1:
 * value = r / s, and what reads back as it lies between (r - below) / s and (r + above) / s. No
 * step can overflow: the largest number is below 2^1131. */
static tpp_decimal generate(binary parts, double value)
{
    const uint64_t fraction = parts.fraction;
    const int32_t exponent = parts.exponent;
    const uint32_t uneven = parts.uneven;
    const int even = (fraction & 1) == 0;

    tpp_wide r, s, above, below, sum;
    tpp_wide_set(&r, fraction);
    tpp_wide_set(&s, 1);
    tpp_wide_set(&above, 1);
    tpp_wide_set(&below, 1);
    const uint32_t up = exponent > 0 ? (uint32_t)exponent : 0;
    const uint32_t down = exponent < 0 ? (uint32_t)-exponent : 0;
    (void)tpp_wide_shift_left(&r, up + 1 + uneven);
    (void)tpp_wide_shift_left(&s, down + 1 + uneven);
    (void)tpp_wide_shift_left(&above, up + uneven);
    (void)tpp_wide_shift_left(&below, up);

    /* An estimate of the number of digits before the point, at most one too low. */
    int32_t point = (int32_t)ceil(log10(value) - 1e-10);
    if (point >= 0) {
        (void)tpp_wide_multiply_power_of_ten(&s, (uint32_t)point);
    } else {
        (void)tpp_wide_multiply_power_of_ten(&r, (uint32_t)-point);
        (void)tpp_wide_multiply_power_of_ten(&above, (uint32_t)-point);
        (void)tpp_wide_multiply_power_of_ten(&below, (uint32_t)-point);
    }
    tpp_wide_copy(&sum, &r);
    (void)tpp_wide_add(&sum, &above);
    const int order = tpp_wide_compare(&sum, &s);
    if (order > 0 || (order == 0 && even)) {
        point++;
        (void)tpp_wide_multiply_small(&s, 10);
    }

    uint64_t mantissa = 0;
    for (int32_t digits = 1;; digits++) {
        (void)tpp_wide_multiply_small(&r, 10);
        (void)tpp_wide_multiply_small(&above, 10);
        (void)tpp_wide_multiply_small(&below, 10);
        uint64_t digit = 0;
        while (tpp_wide_compare(&r, &s) >= 0) {
            tpp_wide_subtract(&r, &s);
            digit++;
        }
        const int to_below = tpp_wide_compare(&r, &below);
        tpp_wide_copy(&sum, &r);
        (void)tpp_wide_add(&sum, &above);
        const int to_above = tpp_wide_compare(&sum, &s);
        const int low_enough = to_below < 0 || (to_below == 0 && even);
        const int high_enough = to_above > 0 || (to_above == 0 && even);
        if (low_enough && high_enough) {
            tpp_wide_copy(&sum, &r);
            (void)tpp_wide_add(&sum, &r);
            const int half = tpp_wide_compare(&sum, &s);
            digit += half > 0 || (half == 0 && (digit & 1) != 0);
        } else if (high_enough) {
            digit++;
        }
        mantissa = mantissa * 10 + digit;
        if (low_enough || high_enough || digits == DIGITS) {
            return (tpp_decimal){mantissa, point - digits, value};
        }
    }
}

tpp_decimal tpp_decimal_generate(double value)
{
    return generate(split(value), value);
}

tpp_decimal tpp_decimal_generate_float(float value)
{
    return generate(split_float(value), (double)value);
}

tpp_decimal tpp_decimal_strip(tpp_decimal decimal)
{
    static const uint32_t STEPS[4] = {100000000, 10000, 100, 10};
    for (int i = 0; i < 4 && decimal.mantissa != 0; i++) {
        /* A mantissa below 2^64 has at most 19 zeros. */
        while (decimal.mantissa % STEPS[i] == 0) {
            decimal.mantissa /= STEPS[i];
            decimal.exponent += 8 >> i;
        }
    }
    return decimal;
}

tpp_decimal tpp_decimal_find(double value)
{
    const binary parts = split(value);
    tpp_decimal decimal = is_short(parts) ? find_shortest(parts) : tpp_decimal_generate(value);
    decimal.approx = value;
    return decimal;
}

tpp_decimal tpp_decimal_of(double value)
{
    tpp_decimal decimal = {0, 0, value};
    const bool found = tpp_decimal_recover(&value, 1, &decimal.mantissa, &decimal.exponent) != 0;
    return found ? decimal : tpp_decimal_find(value);
}

tpp_decimal tpp_decimal_of_float(float value)
{
    if (value == 0.0f) {
        return (tpp_decimal){0, 0, 0.0};
    }
    tpp_decimal decimal = find_shortest(split_float(value));
    if (decimal.exponent > 0) {
        /* Below 2^53 and up to 10^16: both are doubles. */
        decimal.approx = (double)decimal.mantissa * tpp_power_of_ten[decimal.exponent];
    } else {
        decimal.approx = tpp_decimal_nearest(0, decimal.mantissa, -decimal.exponent);
    }
    return decimal;
}

/* The order of mantissa * 10^-scale and of the middle between a double and the next one up. */
static int compare_with_middle(tpp_u128 mantissa, int32_t scale, binary value)
{
    tpp_wide left, right;
    tpp_wide_set(&left, (uint64_t)(mantissa >> 64));
    (void)tpp_wide_shift_left(&left, 64);
    tpp_wide other;
    tpp_wide_set(&other, (uint64_t)mantissa);
    (void)tpp_wide_add(&left, &other);
    tpp_wide_set(&right, 2 * value.fraction + 1);
    (void)tpp_wide_multiply_power_of_ten(&right, (uint32_t)scale);
    const int32_t exponent = value.exponent - 1;
    (void)tpp_wide_shift_left(exponent < 0 ? &left : &right, (uint32_t)abs(exponent));
    return tpp_wide_compare(&left, &right);
}

double tpp_decimal_nearest(uint64_t high, uint64_t low, int32_t scale)
{
    const int32_t part = scale < TPP_EXACT_POWERS ? scale : TPP_EXACT_POWERS - 1;
    const tpp_u128 mantissa = (tpp_u128)high << 64 | low;
    double value = (double)mantissa / tpp_power_of_ten[part];
    if (mantissa == 0 || (part == scale && mantissa <= (tpp_u128)TPP_MAX_INTEGER)) {
        return value; /* rounded once */
    }
    /* Rounded up to four times, so that the nearest is a few steps away at most. */
    value /= tpp_power_of_ten[scale - part];
    for (;;) {
        const double next = nextafter(value, HUGE_VAL), last = nextafter(value, 0.0);
        const binary here = split(value), below = split(last);
        const int to_next = compare_with_middle(mantissa, scale, here);
        const int to_last = compare_with_middle(mantissa, scale, below);
        if (to_next > 0 || (to_next == 0 && (here.fraction & 1) != 0)) {
            value = next;
        } else if (to_last < 0 || (to_last == 0 && (below.fraction & 1) == 0)) {
            value = last;
        } else {
            return value;
        }
    }
}

TPP_API tpp_status tpp_shortest_decimal(double value, uint64_t *mantissa, int32_t *exponent)
{
    if (!(value >= 0.0 && value <= 1.7976931348623157e308) || mantissa == NULL ||
        exponent == NULL) {
        return TPP_ERROR_ARGUMENT;
    }
    const tpp_decimal decimal = tpp_decimal_strip(tpp_decimal_of(value));
    *mantissa = decimal.mantissa;
    *exponent = decimal.exponent;
    return TPP_OK;
}
