#include <math.h>
#include <string.h>

#include "check.h"
#include "decimal.h"
#include "tppcore.h"

static void expect(double value, uint64_t mantissa, int32_t exponent)
{
    uint64_t m;
    int32_t e;
    CHECK(tpp_shortest_decimal(value, &m, &e) == TPP_OK);
    while (m != 0 && m % 10 == 0) {
        m /= 10;
        e++;
    }
    CHECK(m == mantissa && (m == 0 || e == exponent));
}

static void test_known(void)
{
    expect(0.0, 0, 0);
    expect(-0.0, 0, 0);
    expect(5.92, 592, -2);
    expect(4800.0, 48, 2);
    expect(0.1, 1, -1);
    expect(299.99999, 29999999, -5);
    expect(1e-15, 1, -15);
    expect(1e24, 1, 24);
    expect(1e23, 1, 23);
    expect(5e-324, 5, -324);
    expect(2.2250738585072014e-308, 22250738585072014u, -324);
    expect(1.7976931348623157e308, 17976931348623157u, 292);
    expect(9007199254740993.0, 9007199254740992u, 0);
    expect(0x1p-44, 5684341886080802u, -29);
    expect(9.5367431640625e-7, 95367431640625u, -20);
}

/* C's own conversion reads back what was found, and nothing shorter reads back. */
static void test_reads_back(void)
{
    unsigned long long state = 7;
    for (int i = 0; i < 100000; i++) {
        const unsigned long long bits = next_random(&state) >> 1;
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) {
            continue;
        }
        const tpp_decimal found = tpp_decimal_of(value);
        char text[64];
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)found.mantissa, found.exponent);
        CHECK(strtod(text, NULL) == value);
        int digits = 0;
        for (uint64_t m = found.mantissa; m != 0; m /= 10) {
            digits++;
        }
        if (digits > 1) {
            snprintf(text, sizeof text, "%.*e", digits - 2, value);
            CHECK(found.mantissa % 10 == 0 || strtod(text, NULL) != value);
        }
    }
}

static void test_fast_and_general_agree(void)
{
    unsigned long long state = 9;
    for (int i = 0; i < 20000; i++) {
        const double value =
            (double)(next_random(&state) % 10000000 + 1) / pow(10.0, (int)(i % 12));
        tpp_decimal fast = tpp_decimal_of(value), slow = tpp_decimal_generate(value);
        while (fast.exponent > slow.exponent) {
            fast.mantissa *= 10;
            fast.exponent--;
        }
        while (slow.exponent > fast.exponent) {
            slow.mantissa *= 10;
            slow.exponent--;
        }
        CHECK(fast.mantissa == slow.mantissa);
    }
}

static void test_refusal(void)
{
    uint64_t m;
    int32_t e;
    CHECK(tpp_shortest_decimal(-1.0, &m, &e) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_shortest_decimal(HUGE_VAL, &m, &e) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_shortest_decimal((double)NAN, &m, &e) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_shortest_decimal(1.0, NULL, &e) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_shortest_decimal(1.0, &m, NULL) == TPP_ERROR_ARGUMENT);
}

int main(void)
{
    test_known();
    test_reads_back();
    test_fast_and_general_agree();
    test_refusal();
    return 0;
}
