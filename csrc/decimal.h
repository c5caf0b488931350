/** Decimals: what a person wrote, and what a double stands for. */
#ifndef TPP_DECIMAL_H
#define TPP_DECIMAL_H

#include <stdint.h>

/* mantissa * 10^exponent, and the double nearest to it. */
typedef struct {
    uint64_t mantissa;
    int32_t exponent;
    double approx;
} tpp_decimal;

/* The shortest decimal that reads back as `value`, which is finite and not negative. */
tpp_decimal tpp_decimal_of(double value);

/* The same, by the general algorithm alone; for tests. `value` is positive. */
tpp_decimal tpp_decimal_generate(double value);

#endif
