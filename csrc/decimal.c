#include "decimal.h"

#include <math.h>
#include <string.h>

#include "tppcore.h"
#include "wide.h"

enum { DIGITS = 17, MAX_EXACT_POWER = 22, FRACTION_BITS = 52, LEAST_EXPONENT = -1074 };

/* Every decimal of at most 15 digits survives the way to a double and back (DBL_DIG), so that the
 * one found with a mantissa up to 10^15 is the only one that short. */
static const double MAX_UNIQUE = 1e15;

/* The powers of ten that are doubles. */
static const double POWERS[MAX_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Clinger's fast path backwards: mantissa and power are exact, so mantissa / power and
 * mantissa * power are rounded once, which makes them the double that the decimal reads as. */
static int recover(double value, tpp_decimal *decimal)
{
    for (int32_t k = 0; k <= MAX_EXACT_POWER; k++) {
        const double scaled = value * POWERS[k];
        if (!(scaled <= MAX_UNIQUE)) {
            break;
        }
        /* scaled is within 2^-53 * 10^15 < 0.12 of the mantissa, if there is one. */
        const int64_t mantissa = (int64_t)(scaled + 0.5);
        if ((double)mantissa / POWERS[k] == value) {
            *decimal = (tpp_decimal){(uint64_t)mantissa, -k, value};
            return 1;
        }
    }
    for (int32_t k = 1; k <= MAX_EXACT_POWER && value > MAX_UNIQUE; k++) {
        const double scaled = value / POWERS[k];
        if (scaled > MAX_UNIQUE) {
            continue;
        }
        const int64_t mantissa = (int64_t)(scaled + 0.5);
        if ((double)mantissa * POWERS[k] == value) {
            *decimal = (tpp_decimal){(uint64_t)mantissa, k, value};
            return 1;
        }
        break;
    }
    return 0;
}

/* Burger and Dybvig, "Printing floating-point numbers quickly and accurately" (1996), figure 1:
 * value = r / s, and its neighbours are half a gap away at (r + above) / s and (r - below) / s.
 * A reader rounds half to even, so that the ends belong to values of even fraction. No step can
 * overflow: the largest number is below 2^1131. */
tpp_decimal tpp_decimal_generate(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    const uint32_t biased = (uint32_t)(bits >> FRACTION_BITS) & 0x7ff;
    /* The gap below a power of two is half the gap above it. */
    const uint32_t uneven = fraction == 0 && biased > 1;
    const int32_t exponent = LEAST_EXPONENT + (biased == 0 ? 0 : (int32_t)biased - 1);
    if (biased != 0) {
        fraction |= UINT64_C(1) << FRACTION_BITS;
    }
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

tpp_decimal tpp_decimal_of(double value)
{
    tpp_decimal decimal = {0, 0, 0.0};
    if (value == 0.0 || recover(value, &decimal)) {
        return decimal;
    }
    return tpp_decimal_generate(value);
}

TPP_API tpp_status tpp_shortest_decimal(double value, uint64_t *mantissa, int32_t *exponent)
{
    if (!(value >= 0.0 && value <= 1.7976931348623157e308) || mantissa == NULL ||
        exponent == NULL) {
        return TPP_ERROR_ARGUMENT;
    }
    const tpp_decimal decimal = tpp_decimal_of(value);
    *mantissa = decimal.mantissa;
    *exponent = decimal.exponent;
    return TPP_OK;
}
