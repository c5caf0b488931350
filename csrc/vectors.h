/**
 * The operations of a program on vectors of n doubles: loops that compilers vectorise.
 */
#ifndef TPP_VECTORS_H
#define TPP_VECTORS_H

#include <math.h>
#include <stdint.h>

static inline void fill(double *restrict out, double value, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = value;
    }
}

static inline void add(double *restrict out, const double *restrict a, const double *restrict b,
                uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = a[i] + b[i];
    }
}

static inline void multiply(double *restrict out, const double *restrict a, const double *restrict b,
                     uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = a[i] * b[i];
    }
}

static inline void divide(double *restrict out, const double *restrict a, const double *restrict b,
                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = a[i] / b[i];
    }
}

static inline void divide_or_nan(double *restrict out, const double *restrict a, const double *restrict b,
                          uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = b[i] != 0.0 ? a[i] / b[i] : NAN;
    }
}

static inline void maximum(double *restrict out, const double *restrict a, const double *restrict b,
                    uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = a[i] > b[i] ? a[i] : b[i];
    }
}

static inline void scale(double *restrict out, double c, const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = c * b[i];
    }
}

static inline void add_scaled(double *restrict out, const double *restrict a, double c,
                       const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = a[i] + c * b[i];
    }
}

static inline void maximum_scaled(double *restrict out, const double *restrict a, double c,
                           const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double x = c * b[i];
        out[i] = a[i] > x ? a[i] : x;
    }
}

static inline void choose(double *restrict out, const double *restrict condition, double bound,
                   const double *restrict a, const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = condition[i] >= bound ? a[i] : b[i];
    }
}

/* Vectors of ends, where infinity may occur and NaN is "not applicable". */

/* 0 * infinity = 0; no other product of two numbers is NaN. */
static inline double product(double x, double y)
{
    const double xy = x * y;
    return xy == xy || x != x || y != y ? xy : 0.0;
}

static inline double larger(double x, double y)
{
    return x > y || x != x ? x : y;
}

static inline double smaller(double x, double y)
{
    return x < y || x != x ? x : y;
}

static inline void multiply_ends(double *restrict out, const double *restrict a, const double *restrict b,
                          uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = product(a[i], b[i]);
    }
}

static inline void maximum_ends(double *restrict out, const double *restrict a, const double *restrict b,
                         uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = larger(a[i], b[i]);
    }
}

static inline void scale_ends(double *restrict out, double c, const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = product(c, b[i]);
    }
}

static inline void add_scaled_ends(double *restrict out, const double *restrict a, double c,
                            const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = a[i] + product(c, b[i]);
    }
}

static inline void maximum_scaled_ends(double *restrict out, const double *restrict a, double c,
                                const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = larger(a[i], product(c, b[i]));
    }
}

/* The high end of a quotient whose denominator comes close to 0 at most: 0 / 0 = 0. */
static inline void divide_high(double *restrict out, const double *restrict a, const double *restrict b,
                        uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double q = a[i] / b[i];
        out[i] = q == q || a[i] != a[i] || b[i] != b[i] ? q : 0.0;
    }
}

/* The low end of a quotient that does not apply where the denominator is 0, and may be anything
 * where it may be 0. */
static inline void divide_low_or_nan(double *restrict out, const double *restrict a,
                              const double *restrict b_low, const double *restrict b_high,
                              uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double q = a[i] / b_high[i];
        const double r = b_low[i] == 0.0 && a[i] == a[i] ? 0.0 : q;
        out[i] = b_high[i] == 0.0 ? NAN : r;
    }
}

static inline void divide_high_or_nan(double *restrict out, const double *restrict a,
                               const double *restrict b_low, const double *restrict b_high,
                               uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double q = a[i] / b_low[i];
        const double r = b_low[i] == 0.0 && a[i] == a[i] ? HUGE_VAL : q;
        out[i] = b_high[i] == 0.0 ? NAN : r;
    }
}

/* `a` if certain, `b` if not possible, else the hull. */
static inline void choose_low(double *restrict out, const double *restrict low,
                       const double *restrict high, double bound, const double *restrict a,
                       const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double hull = a[i] != a[i] ? a[i] : smaller(b[i], a[i]);
        const double rest = high[i] < bound ? b[i] : hull;
        out[i] = low[i] >= bound ? a[i] : rest;
    }
}

static inline void choose_high(double *restrict out, const double *restrict low,
                        const double *restrict high, double bound, const double *restrict a,
                        const double *restrict b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const double hull = a[i] != a[i] ? a[i] : larger(b[i], a[i]);
        const double rest = high[i] < bound ? b[i] : hull;
        out[i] = low[i] >= bound ? a[i] : rest;
    }
}

#endif
