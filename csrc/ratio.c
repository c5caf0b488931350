#include "ratio.h"

#include <math.h>
#include <string.h>

#include "decimal.h"
#include "wide.h"

/* whole * 10^exponent / divisor, both sides of the fraction without a power of two. */
typedef struct {
    tpp_wide over;
    tpp_wide under;
} fraction;

static fraction fraction_of(tpp_u128 whole, int32_t exponent, uint64_t divisor)
{
    fraction out;
    tpp_wide low;
    tpp_wide_set(&out.over, tpp_u128_high(whole));
    (void)tpp_wide_shift_left(&out.over, 64);
    tpp_wide_set(&low, (uint64_t)whole);
    (void)tpp_wide_add(&out.over, &low);
    tpp_wide_set(&out.under, divisor);
    (void)tpp_wide_multiply_power_of_ten(exponent < 0 ? &out.under : &out.over,
                                         (uint32_t)(exponent < 0 ? -exponent : exponent));
    return out;
}

/* The order of a fraction and the middle between a double, which is normal, and the next one up. */
static int compare_with_middle(const fraction *number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t mantissa = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
    const int32_t exponent = (int32_t)(bits >> 52) - 1076;
    tpp_wide left, right;
    tpp_wide_copy(&left, &number->over);
    tpp_wide_copy(&right, &number->under);
    (void)tpp_wide_multiply_small(&right, 2 * mantissa + 1);
    (void)tpp_wide_shift_left(exponent < 0 ? &left : &right,
                              (uint32_t)(exponent < 0 ? -exponent : exponent));
    return tpp_wide_compare(&left, &right);
}

static bool is_even(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits & 1) == 0;
}

/* The estimate is rounded up to five times, so that the nearest is a few steps away at most. All
 * numbers are normal doubles, from 10^-38 / 2^64 to 2^128 * 10^38, and fit 1,280 bits. */
static double nearest_to(const fraction *number, double estimate)
{
    for (double value = estimate;;) {
        const double last = nextafter(value, 0.0);
        const int to_next = compare_with_middle(number, value);
        const int to_last = compare_with_middle(number, last);
        if (to_next > 0 || (to_next == 0 && !is_even(value))) {
            value = nextafter(value, HUGE_VAL);
        } else if (to_last < 0 || (to_last == 0 && !is_even(value))) {
            value = last;
        } else {
            return value;
        }
    }
}

static double scaled(double value, int32_t exponent)
{
    const int32_t size = exponent < 0 ? -exponent : exponent;
    const int32_t part = size < TPP_EXACT_POWERS ? size : TPP_EXACT_POWERS - 1;
    const double one = tpp_power_of_ten[part], two = tpp_power_of_ten[size - part];
    return exponent < 0 ? value / one / two : value * one * two;
}

bool tpp_ratio_double(tpp_u128 whole, int32_t exponent, uint64_t divisor, double *nearest)
{
    if (whole == 0) {
        *nearest = 0.0;
        return true;
    }
    /* Many sums of thirds are whole. */
    const bool is_decimal = whole % divisor == 0;
    const fraction number = fraction_of(whole, exponent, divisor);
    if (is_decimal) {
        whole /= divisor;
    }
    const bool is_short = is_decimal && whole <= (tpp_u128)TPP_MAX_INTEGER &&
                          exponent > -TPP_EXACT_POWERS && exponent < TPP_EXACT_POWERS;
    const double estimate =
        scaled((double)whole / (is_decimal ? 1.0 : (double)divisor), exponent);
    /* Short: rounded once. */
    *nearest = is_short ? estimate : nearest_to(&number, estimate);
    if (!is_decimal) {
        return false;
    }
    if (is_short && whole <= (tpp_u128)TPP_MAX_UNIQUE) {
        return true;
    }
    const tpp_decimal shortest = tpp_decimal_strip(tpp_decimal_of(*nearest));
    while (whole % 10 == 0) {
        whole /= 10;
        exponent++;
    }
    return whole == shortest.mantissa && exponent == shortest.exponent;
}
