/** Decimals: what a person wrote, and what a binary number stands for. */
#ifndef TPP_DECIMAL_H
#define TPP_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* mantissa * 10^exponent, and the double nearest to it. */
typedef struct {
    uint64_t mantissa;
    int32_t exponent;
    double approx;
} tpp_decimal;

enum { TPP_EXACT_POWERS = 23 };

/* The powers of ten that are doubles. */
extern const double tpp_power_of_ten[TPP_EXACT_POWERS];

/* Every decimal of at most 15 digits survives the way to a double and back (DBL_DIG), so that the
 * one found with a mantissa up to 10^15 is the only one that short. */
#define TPP_MAX_UNIQUE 1e15

/* The integers up to here are doubles. */
#define TPP_MAX_INTEGER 0x1p53

/* The shortest decimal that reads back as `value`, which is finite and not negative; of several the
 * nearest. Mantissas may end in zeros. */
tpp_decimal tpp_decimal_of(double value);

/* The same for a float in its own width; it is 0 or a quantity, in [1e-15, 1e24]. */
tpp_decimal tpp_decimal_of_float(float value);

/* The same where tpp_decimal_recover finds nothing. */
tpp_decimal tpp_decimal_find(double value);

/* The same of positive numbers by the general algorithm alone, slowly; for tests. */
tpp_decimal tpp_decimal_generate(double value);
tpp_decimal tpp_decimal_generate_float(float value);

enum { TPP_RECOVERED = 64 };

/* The shortest decimals of doubles that have one of at most 15 digits.
 * @param value at most TPP_RECOVERED numbers
 * @return the set of those found: bit i is value[i]; of the others nothing is said */
uint64_t tpp_decimal_recover(const double *value, uint32_t count, uint64_t *mantissa,
                             int32_t *exponent);

/* The same number without trailing zeros in its mantissa. */
tpp_decimal tpp_decimal_strip(tpp_decimal decimal);

/* The double nearest to mantissa * 10^-scale, where `mantissa` is below 2^127 in two halves and
 * `scale` is 0 to 38. */
double tpp_decimal_nearest(uint64_t high, uint64_t low, int32_t scale);

#endif
