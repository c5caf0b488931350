#include "check.h"
#include "u128.h"
#include "wide.h"

static tpp_wide power(uint64_t base, uint32_t exponent)
{
    tpp_wide a;
    tpp_wide_set(&a, 1);
    while (exponent-- > 0) {
        CHECK(tpp_wide_multiply_small(&a, base));
    }
    return a;
}

static tpp_wide random_wide(unsigned long long *state, uint32_t limbs)
{
    tpp_wide a;
    tpp_wide_set(&a, next_random(state) | 1);
    for (uint32_t i = 1; i < limbs; i++) {
        CHECK(tpp_wide_shift_left(&a, 64));
        a.limb[0] = next_random(state) & next_random(state);
    }
    return a;
}

static void test_powers(void)
{
    for (uint32_t n = 0; n < 380; n++) {
        tpp_wide a, b = power(10, n), c = power(5, n);
        tpp_wide_set(&a, 1);
        CHECK(tpp_wide_multiply_power_of_ten(&a, n));
        CHECK(tpp_wide_compare(&a, &b) == 0);
        CHECK(tpp_wide_shift_left(&c, n));
        CHECK(tpp_wide_compare(&a, &c) == 0);
    }
}

static void test_ring(void)
{
    unsigned long long state = 1;
    for (int i = 0; i < 20000; i++) {
        const tpp_wide a = random_wide(&state, 1 + (uint32_t)(i % 9));
        const tpp_wide b = random_wide(&state, 1 + (uint32_t)(i % 7));
        const tpp_wide c = random_wide(&state, 1 + (uint32_t)(i % 5));
        tpp_wide sum = a, left, right, other;
        CHECK(tpp_wide_add(&sum, &b));
        CHECK(tpp_wide_compare(&sum, &a) > 0);
        CHECK(tpp_wide_multiply(&left, &sum, &c));
        CHECK(tpp_wide_multiply(&right, &a, &c));
        CHECK(tpp_wide_multiply(&other, &b, &c));
        CHECK(tpp_wide_add(&right, &other));
        CHECK(tpp_wide_compare(&left, &right) == 0);
        tpp_wide_subtract(&sum, &a);
        CHECK(tpp_wide_compare(&sum, &b) == 0);
        tpp_wide_subtract(&sum, &b);
        CHECK(tpp_wide_is_zero(&sum));
    }
}

static void test_capacity(void)
{
    tpp_wide a, full, product;
    tpp_wide_set(&a, 1);
    CHECK(tpp_wide_shift_left(&a, 64 * TPP_WIDE_LIMBS - 1));
    full = a;
    CHECK(!tpp_wide_shift_left(&full, 1));
    full = a;
    CHECK(!tpp_wide_add(&full, &a));
    full = a;
    CHECK(!tpp_wide_multiply_small(&full, 2));
    full = a;
    CHECK(!tpp_wide_multiply_power_of_ten(&full, 1));
    CHECK(!tpp_wide_multiply(&product, &a, &a));
    tpp_wide_set(&full, 2);
    CHECK(!tpp_wide_multiply(&product, &a, &full));
    tpp_wide_set(&full, 1);
    CHECK(tpp_wide_multiply(&product, &a, &full));
    CHECK(tpp_wide_compare(&product, &a) == 0);
}

static tpp_wide wide_of(tpp_u128 value)
{
    tpp_wide a, low;
    tpp_wide_set(&a, tpp_u128_high(value));
    CHECK(tpp_wide_shift_left(&a, 64));
    tpp_wide_set(&low, (uint64_t)value);
    CHECK(tpp_wide_add(&a, &low));
    return a;
}

/* Numbers of 128 bits are those of any width, or outgrown. */
static void test_u128(void)
{
    unsigned long long state = 4;
    int fits[2] = {0, 0};
    for (int i = 0; i < 20000; i++) {
        const tpp_u128 a = ((tpp_u128)next_random(&state) << 64 | next_random(&state)) >>
                           next_random(&state) % 128;
        const tpp_u128 b = ((tpp_u128)next_random(&state) << 64 | next_random(&state)) >>
                           next_random(&state) % 128;
        const tpp_wide x = wide_of(a), y = wide_of(b);
        tpp_wide product, sum = x;
        tpp_u128 found = 0;
        CHECK(tpp_wide_multiply(&product, &x, &y));
        CHECK(tpp_u128_multiply(&found, a, b) == (product.length <= 2));
        const tpp_wide is_product = wide_of(found);
        CHECK(product.length > 2 || tpp_wide_compare(&product, &is_product) == 0);
        fits[product.length <= 2]++;
        CHECK(tpp_wide_add(&sum, &y));
        CHECK(tpp_u128_add(&found, a, b) == (sum.length <= 2));
        const tpp_wide is_sum = wide_of(found);
        CHECK(sum.length > 2 || tpp_wide_compare(&sum, &is_sum) == 0);
    }
    CHECK(fits[0] > 1000 && fits[1] > 1000);
}

static void test_zero(void)
{
    tpp_wide zero, a = power(10, 40), product;
    tpp_wide_set(&zero, 0);
    CHECK(tpp_wide_is_zero(&zero));
    CHECK(tpp_wide_shift_left(&zero, 5000));
    CHECK(tpp_wide_multiply_power_of_ten(&zero, 5000));
    CHECK(tpp_wide_is_zero(&zero));
    CHECK(tpp_wide_multiply(&product, &a, &zero));
    CHECK(tpp_wide_is_zero(&product));
    CHECK(tpp_wide_multiply_small(&a, 0));
    CHECK(tpp_wide_is_zero(&a));
}

int main(void)
{
    test_powers();
    test_ring();
    test_capacity();
    test_u128();
    test_zero();
    return 0;
}
