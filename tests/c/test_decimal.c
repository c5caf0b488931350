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

static bool is_same(tpp_decimal a, tpp_decimal b)
{
    a = tpp_decimal_strip(a);
    b = tpp_decimal_strip(b);
    return a.mantissa == b.mantissa && a.exponent == b.exponent;
}

static double random_double(unsigned long long *state)
{
    const unsigned long long r = next_random(state);
    unsigned long long bits = (1023 - 50 + r % 130) << 52 | next_random(state) >> 12;
    if (r >> 60 < 4) {
        bits &= ~0ull << (r >> 50) % 52; /* few bits: decimals at the ends of their intervals */
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
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
        value = i % 2 == 0 ? random_double(&state) : value;
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

/* The fast ways and the general one, in the range of quantities and at its ends. */
static void test_agrees_with_its_twin(void)
{
    unsigned long long state = 9;
    for (int i = 0; i < 60000; i++) {
        const double value = random_double(&state);
        CHECK(is_same(tpp_decimal_of(value), tpp_decimal_generate(value)));
        CHECK(is_same(tpp_decimal_find(value), tpp_decimal_generate(value)));
    }
    for (int i = 0; i < 20000; i++) {
        const double decimal =
            (double)(next_random(&state) % 1000000000000000 + 1) / pow(10.0, (int)(i % 30));
        const double beside[3] = {decimal, nextafter(decimal, 0.0), nextafter(decimal, 1e300)};
        for (int j = 0; j < 3; j++) {
            CHECK(is_same(tpp_decimal_of(beside[j]), tpp_decimal_generate(beside[j])));
        }
    }
    for (int exponent = -110; exponent < 120; exponent++) {
        double below = ldexp(1.0, exponent), above = below;
        for (int i = 0; i < 20; i++) {
            CHECK(is_same(tpp_decimal_of(below), tpp_decimal_generate(below)));
            CHECK(is_same(tpp_decimal_of(above), tpp_decimal_generate(above)));
            below = nextafter(below, 0.0);
            above = nextafter(above, HUGE_VAL);
        }
    }
}

static void check_float(float value)
{
    const tpp_decimal found = tpp_decimal_of_float(value);
    CHECK(is_same(found, tpp_decimal_generate_float(value)));
    char text[64];
    snprintf(text, sizeof text, "%llue%d", (unsigned long long)found.mantissa, found.exponent);
    CHECK(strtof(text, NULL) == value);
    CHECK(strtod(text, NULL) == found.approx);
}

static void test_floats(void)
{
    CHECK(tpp_decimal_of_float(0.0f).mantissa == 0);
    const tpp_decimal known = tpp_decimal_strip(tpp_decimal_of_float(514.3f));
    CHECK(known.mantissa == 5143 && known.exponent == -1 && known.approx == 514.3);
    uint32_t first, last;
    const float ends[2] = {(float)1e-15, (float)1e24};
    memcpy(&first, &ends[0], sizeof first);
    memcpy(&last, &ends[1], sizeof last);
    check_float(ends[0]);
    check_float(ends[1]);
    CHECK(is_same(tpp_decimal_of_float(ends[0]), tpp_decimal_of(1e-15)));
    CHECK(is_same(tpp_decimal_of_float(ends[1]), tpp_decimal_of(1e24)));
    for (uint32_t bits = first; bits < last; bits += 8191) {
        float value;
        memcpy(&value, &bits, sizeof value);
        check_float(value);
    }
    for (int exponent = -49; exponent < 80; exponent++) {
        float below = ldexpf(1.0f, exponent), above = below;
        for (int i = 0; i < 20; i++) {
            check_float(below);
            check_float(above);
            below = nextafterf(below, 0.0f);
            above = nextafterf(above, 1e30f);
        }
    }
}

/* Up to 15 digits are recovered, whatever stands beside; what is recovered is the shortest. */
static void test_recover(void)
{
    unsigned long long state = 5;
    for (int round = 0; round < 2000; round++) {
        double value[TPP_RECOVERED];
        uint64_t mantissa[TPP_RECOVERED], expected = 0;
        int32_t exponent[TPP_RECOVERED];
        const uint32_t count = (uint32_t)(next_random(&state) % TPP_RECOVERED) + 1;
        for (uint32_t i = 0; i < count; i++) {
            const uint64_t digits = next_random(&state) % 1000000000000001;
            const int places = (int)(next_random(&state) % 23);
            const bool is_short = next_random(&state) % 4 != 0;
            value[i] = is_short ? (double)digits / pow(10.0, places) : random_double(&state);
            expected |= (uint64_t)is_short << i;
        }
        const uint64_t found = tpp_decimal_recover(value, count, mantissa, exponent);
        CHECK((expected & ~found) == 0);
        CHECK(count == 64 || found >> count == 0);
        for (uint32_t i = 0; i < count; i++) {
            if ((found >> i & 1) != 0 && value[i] != 0.0) {
                const tpp_decimal decimal = {mantissa[i], exponent[i], value[i]};
                CHECK(is_same(decimal, tpp_decimal_generate(value[i])));
            }
        }
    }
}

static void test_strip(void)
{
    uint64_t power = 1;
    for (int32_t zeros = 0; zeros < 20; zeros++, power *= zeros < 20 ? 10 : 1) {
        const tpp_decimal found = tpp_decimal_strip((tpp_decimal){power, -3, 0.0});
        CHECK(found.mantissa == 1 && found.exponent == zeros - 3);
    }
    const tpp_decimal zero = tpp_decimal_strip((tpp_decimal){0, 0, 0.0});
    CHECK(zero.mantissa == 0 && zero.exponent == 0);
}

/* As C reads the same digits. */
static void test_nearest(void)
{
    unsigned long long state = 3;
    CHECK(tpp_decimal_nearest(0, 0, 38) == 0.0);
    CHECK(tpp_decimal_nearest(0, 9007199254740993u, 0) == 9007199254740992.0);
    CHECK(tpp_decimal_nearest(0, 9007199254740995u, 0) == 9007199254740996.0);
    for (int i = 0; i < 20000; i++) {
        const int32_t scale = (int32_t)(next_random(&state) % 39);
        const uint64_t low = next_random(&state) >> next_random(&state) % 64;
        char text[64];
        snprintf(text, sizeof text, "%llue-%d", (unsigned long long)low, scale);
        CHECK(tpp_decimal_nearest(0, low, scale) == strtod(text, NULL));
        /* high * 2^64 with low zeros, and beside a half between two doubles */
        const uint64_t high = next_random(&state) >> (next_random(&state) % 63 + 1);
        CHECK(tpp_decimal_nearest(high, 0, 0) == ldexp((double)high, 64));
    }
    const double half = ldexp(1.0, 100) + ldexp(1.0, 47); /* the middle is at 2^100 + 2^47 */
    CHECK(half == ldexp(1.0, 100));
    CHECK(tpp_decimal_nearest(UINT64_C(1) << 36, UINT64_C(1) << 47, 0) == half);
    CHECK(tpp_decimal_nearest(UINT64_C(1) << 36, (UINT64_C(1) << 47) + 1, 0) ==
          nextafter(half, HUGE_VAL));
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
    test_agrees_with_its_twin();
    test_floats();
    test_recover();
    test_strip();
    test_nearest();
    test_refusal();
    return 0;
}
