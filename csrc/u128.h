/** Integers of 128 bits, which may be outgrown. */
#ifndef TPP_U128_H
#define TPP_U128_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 tpp_u128;

static inline uint64_t tpp_u128_high(tpp_u128 a)
{
    return (uint64_t)(a >> 64);
}

/* *out = a * b; false if it does not fit. */
static inline bool tpp_u128_multiply(tpp_u128 *out, tpp_u128 a, tpp_u128 b)
{
    if ((tpp_u128_high(a) | tpp_u128_high(b)) == 0) {
        *out = (tpp_u128)(uint64_t)a * (uint64_t)b;
        return true;
    }
    if (tpp_u128_high(a) != 0 && tpp_u128_high(b) != 0) {
        return false;
    }
    const tpp_u128 large = a > b ? a : b;
    const uint64_t factor = (uint64_t)(a > b ? b : a);
    const tpp_u128 low = (tpp_u128)(uint64_t)large * factor;
    const tpp_u128 high = (tpp_u128)tpp_u128_high(large) * factor + tpp_u128_high(low);
    *out = high << 64 | (uint64_t)low;
    return tpp_u128_high(high) == 0;
}

/* *out = a + b; false if it does not fit. */
static inline bool tpp_u128_add(tpp_u128 *out, tpp_u128 a, tpp_u128 b)
{
    *out = a + b;
    return *out >= a;
}

#endif
