#include "wide.h"

#include <math.h>
#include <string.h>

#include "u128.h"

void tpp_wide_set(tpp_wide *a, uint64_t value)
{
    a->length = value != 0;
    a->limb[0] = value;
}

void tpp_wide_copy(tpp_wide *a, const tpp_wide *b)
{
    a->length = b->length;
    memcpy(a->limb, b->limb, b->length * sizeof b->limb[0]);
}

int tpp_wide_compare(const tpp_wide *a, const tpp_wide *b)
{
    if (a->length != b->length) {
        return a->length < b->length ? -1 : 1;
    }
    for (uint32_t i = a->length; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

bool tpp_wide_add(tpp_wide *a, const tpp_wide *b)
{
    uint64_t carry = 0;
    for (uint32_t i = 0; i < b->length || carry != 0; i++) {
        if (i == a->length) {
            if (i == TPP_WIDE_LIMBS) {
                return false;
            }
            a->limb[a->length++] = 0;
        }
        tpp_u128 sum = (tpp_u128)a->limb[i] + (i < b->length ? b->limb[i] : 0) + carry;
        a->limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    return true;
}

void tpp_wide_subtract(tpp_wide *a, const tpp_wide *b)
{
    uint64_t borrow = 0;
    for (uint32_t i = 0; i < a->length; i++) {
        tpp_u128 difference = (tpp_u128)a->limb[i] - (i < b->length ? b->limb[i] : 0) - borrow;
        a->limb[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    while (a->length > 0 && a->limb[a->length - 1] == 0) {
        a->length--;
    }
}

bool tpp_wide_shift_left(tpp_wide *a, uint32_t bits)
{
    const uint32_t limbs = bits / 64, rest = bits % 64;
    if (a->length == 0) {
        return true;
    }
    const uint64_t top = rest == 0 ? 0 : a->limb[a->length - 1] >> (64 - rest);
    const uint64_t length = (uint64_t)a->length + limbs + (top != 0);
    if (length > TPP_WIDE_LIMBS) {
        return false;
    }
    if (top != 0) {
        a->limb[length - 1] = top;
    }
    for (uint32_t i = a->length; i-- > 0;) {
        const uint64_t below = rest == 0 || i == 0 ? 0 : a->limb[i - 1] >> (64 - rest);
        a->limb[i + limbs] = a->limb[i] << rest | below;
    }
    memset(a->limb, 0, limbs * sizeof a->limb[0]);
    a->length = (uint32_t)length;
    return true;
}

bool tpp_wide_multiply_small(tpp_wide *a, uint64_t factor)
{
    if (factor == 0) {
        a->length = 0;
        return true;
    }
    uint64_t carry = 0;
    for (uint32_t i = 0; i < a->length; i++) {
        tpp_u128 product = (tpp_u128)a->limb[i] * factor + carry;
        a->limb[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    if (carry != 0) {
        if (a->length == TPP_WIDE_LIMBS) {
            return false;
        }
        a->limb[a->length++] = carry;
    }
    return true;
}

bool tpp_wide_multiply(tpp_wide *product, const tpp_wide *a, const tpp_wide *b)
{
    if (a->length == 0 || b->length == 0) {
        product->length = 0;
        return true;
    }
    /* The product has a->length + b->length limbs or one fewer. */
    if (a->length + b->length > TPP_WIDE_LIMBS + 1) {
        return false;
    }
    uint64_t limb[TPP_WIDE_LIMBS + 1];
    memset(limb, 0, (a->length + b->length) * sizeof limb[0]);
    for (uint32_t i = 0; i < a->length; i++) {
        uint64_t carry = 0;
        for (uint32_t j = 0; j < b->length; j++) {
            /* (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1: no overflow. */
            tpp_u128 sum = (tpp_u128)a->limb[i] * b->limb[j] + limb[i + j] + carry;
            limb[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        limb[i + b->length] = carry;
    }
    const uint32_t length = a->length + b->length - (limb[a->length + b->length - 1] == 0);
    if (length > TPP_WIDE_LIMBS) {
        return false;
    }
    memcpy(product->limb, limb, length * sizeof limb[0]);
    product->length = length;
    return true;
}

bool tpp_wide_multiply_power_of_ten(tpp_wide *a, uint32_t power)
{
    static const uint64_t POWERS[20] = {1u,
                                        10u,
                                        100u,
                                        1000u,
                                        10000u,
                                        100000u,
                                        1000000u,
                                        10000000u,
                                        100000000u,
                                        1000000000u,
                                        10000000000u,
                                        100000000000u,
                                        1000000000000u,
                                        10000000000000u,
                                        100000000000000u,
                                        1000000000000000u,
                                        10000000000000000u,
                                        100000000000000000u,
                                        1000000000000000000u,
                                        10000000000000000000u};
    if (a->length == 0) {
        return true;
    }
    for (; power >= 20; power -= 19) {
        if (!tpp_wide_multiply_small(a, POWERS[19])) {
            return false;
        }
    }
    return power == 0 || tpp_wide_multiply_small(a, POWERS[power]);
}

double tpp_wide_fraction(const tpp_wide *a, int *exponent)
{
    if (a->length == 0) {
        *exponent = 0;
        return 0.0;
    }
    double value = (double)a->limb[a->length - 1];
    if (a->length > 1) {
        value += ldexp((double)a->limb[a->length - 2], -64);
    }
    *exponent = 64 * (int)(a->length - 1);
    return value;
}
