/**
 * Unsigned integers of a fixed capacity and a variable length: most are one or two limbs long.
 * Functions that may outgrow the capacity return false then, and leave their result unspecified.
 */
#ifndef TPP_WIDE_H
#define TPP_WIDE_H

#include <stdbool.h>
#include <stdint.h>

/* 1,280 bits: programs need at most 1,024 (the compiler refuses more), and the shortest decimal of
 * the smallest double 1,131. */
enum { TPP_WIDE_LIMBS = 20 };

typedef struct {
    uint32_t length; /* limbs in use; the highest of them is not 0, so zero has none */
    uint64_t limb[TPP_WIDE_LIMBS];
} tpp_wide;

void tpp_wide_set(tpp_wide *a, uint64_t value);
void tpp_wide_copy(tpp_wide *a, const tpp_wide *b);
int tpp_wide_compare(const tpp_wide *a, const tpp_wide *b);
bool tpp_wide_add(tpp_wide *a, const tpp_wide *b);
/* a -= b; needs a >= b. */
void tpp_wide_subtract(tpp_wide *a, const tpp_wide *b);
bool tpp_wide_shift_left(tpp_wide *a, uint32_t bits);
bool tpp_wide_multiply_small(tpp_wide *a, uint64_t factor);
/* `product` is neither a nor b. */
bool tpp_wide_multiply(tpp_wide *product, const tpp_wide *a, const tpp_wide *b);
bool tpp_wide_multiply_power_of_ten(tpp_wide *a, uint32_t power);
/* The value as fraction * 2^exponent, truncated to 64 bits. */
double tpp_wide_fraction(const tpp_wide *a, int *exponent);

static inline bool tpp_wide_is_zero(const tpp_wide *a)
{
    return a->length == 0;
}

static inline bool tpp_wide_is_one(const tpp_wide *a)
{
    return a->length == 1 && a->limb[0] == 1;
}

#endif
