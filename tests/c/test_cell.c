/* Cells of every kind: what they are, and which are refused. */
#include "cell.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "number.h"

static tpp_decimal decimal_of(const tpp_column *column, uint64_t row)
{
    return tpp_decimal_strip(tpp_cell_decimal(column, row));
}

/* A valid cell, by its value and its decimal. */
static void expect(const tpp_column *column, uint64_t row, double value, uint64_t mantissa,
                   int32_t exponent)
{
    double number;
    CHECK(tpp_cell_check(column, row, &number) == TPP_OK);
    CHECK(number == value && tpp_cell_approx(column, row) == value);
    const tpp_decimal found = decimal_of(column, row);
    CHECK(found.mantissa == mantissa && (mantissa == 0 || found.exponent == exponent));
}

static void expect_missing(const tpp_column *column, uint64_t row)
{
    double number;
    CHECK(tpp_cell_check(column, row, &number) == TPP_OK);
    CHECK(isnan(number) && isnan(tpp_cell_approx(column, row)));
}

static void expect_refusal(const tpp_column *column, uint64_t row, tpp_status status, double value)
{
    double number, approx;
    CHECK(tpp_cell_check(column, row, &number) == status && number == value);
    CHECK(tpp_number_double(column, row, &approx) == (status != TPP_ERROR_DIGITS));
    CHECK(approx == value);
}

static void test_doubles(void)
{
    const double values[] = {514.3,    0.0,     -0.0, 1e-15,        1e24, (double)NAN,
                             HUGE_VAL, -1e-300, 9e-16, nextafter(1e24, HUGE_VAL)};
    const tpp_column column = {.values = values, .kind = TPP_FLOAT64};
    expect(&column, 0, 514.3, 5143, -1);
    expect(&column, 1, 0.0, 0, 0);
    expect(&column, 2, 0.0, 0, 0);
    expect(&column, 3, 1e-15, 1, -15);
    expect(&column, 4, 1e24, 1, 24);
    expect_missing(&column, 5);
    expect_refusal(&column, 6, TPP_ERROR_NOT_FINITE, HUGE_VAL);
    expect_refusal(&column, 7, TPP_ERROR_NEGATIVE, -1e-300);
    expect_refusal(&column, 8, TPP_ERROR_RANGE, 9e-16);
    expect_refusal(&column, 9, TPP_ERROR_RANGE, nextafter(1e24, HUGE_VAL));
}

/* The floats nearest to the ends of the range are its ends, though one is a larger double. */
static void test_floats(void)
{
    const float values[] = {514.3f,     (float)1e-15, (float)1e24, 0.0f,          (float)NAN,
                            -1.0f,      (float)1e25,  HUGE_VALF,   16777215.0f,
                            nextafterf((float)1e24, HUGE_VALF), nextafterf((float)1e-15, 0.0f)};
    const tpp_column column = {.values = values, .kind = TPP_FLOAT32};
    expect(&column, 0, (double)514.3f, 5143, -1);
    expect(&column, 1, (double)values[1], 1, -15);
    CHECK((double)values[2] > 1e24);
    expect(&column, 2, (double)values[2], 1, 24);
    expect(&column, 3, 0.0, 0, 0);
    expect_missing(&column, 4);
    expect_refusal(&column, 5, TPP_ERROR_NEGATIVE, -1.0);
    expect_refusal(&column, 6, TPP_ERROR_RANGE, (double)values[6]);
    expect_refusal(&column, 7, TPP_ERROR_NOT_FINITE, HUGE_VAL);
    expect(&column, 8, 16777215.0, 16777215, 0);
    expect_refusal(&column, 9, TPP_ERROR_RANGE, (double)values[9]);
    expect_refusal(&column, 10, TPP_ERROR_RANGE, (double)values[10]);
}

static void test_integers(void)
{
    const int8_t small[] = {100, -1, 0};
    const uint8_t flags[] = {0, 1, 2, 255};
    const int16_t middle[] = {-300, 4800};
    const uint16_t unsigned_middle[] = {65535};
    const int32_t usual[] = {2000000000, -5};
    const uint32_t unsigned_usual[] = {4294967295u};
    const int64_t large[] = {9007199254740992, 9007199254740993, 1000000000000000000, INT64_MIN};
    const uint64_t largest[] = {UINT64_MAX, 10000000000000000000u, 4800};
    tpp_column column = {.values = small, .kind = TPP_INT8};
    expect(&column, 0, 100.0, 1, 2);
    expect_refusal(&column, 1, TPP_ERROR_NEGATIVE, -1.0);
    expect(&column, 2, 0.0, 0, 0);
    column = (tpp_column){.values = flags, .kind = TPP_UINT8};
    expect(&column, 3, 255.0, 255, 0);
    column.kind = TPP_BOOLEAN;
    expect(&column, 0, 0.0, 0, 0);
    expect(&column, 1, 1.0, 1, 0);
    expect_refusal(&column, 2, TPP_ERROR_NOT_BOOLEAN, 2.0);
    expect_missing(&column, 3);
    column = (tpp_column){.values = middle, .kind = TPP_INT16};
    expect_refusal(&column, 0, TPP_ERROR_NEGATIVE, -300.0);
    expect(&column, 1, 4800.0, 48, 2);
    column = (tpp_column){.values = unsigned_middle, .kind = TPP_UINT16};
    expect(&column, 0, 65535.0, 65535, 0);
    column = (tpp_column){.values = usual, .kind = TPP_INT32};
    expect(&column, 0, 2e9, 2, 9);
    expect_refusal(&column, 1, TPP_ERROR_NEGATIVE, -5.0);
    column = (tpp_column){.values = unsigned_usual, .kind = TPP_UINT32};
    expect(&column, 0, 4294967295.0, 4294967295u, 0);
    column = (tpp_column){.values = large, .kind = TPP_INT64};
    expect(&column, 0, 0x1p53, 9007199254740992, 0);
    expect_refusal(&column, 1, TPP_ERROR_DIGITS, 0x1p53);
    expect(&column, 2, 1e18, 1, 18);
    expect_refusal(&column, 3, TPP_ERROR_NEGATIVE, -0x1p63);
    column = (tpp_column){.values = largest, .kind = TPP_UINT64};
    expect_refusal(&column, 0, TPP_ERROR_DIGITS, 0x1p64);
    expect(&column, 1, 1e19, 1, 19);
    expect(&column, 2, 4800.0, 48, 2);
}

/* mantissa * 10^shift, negated or not, as 16 bytes. */
static void put(uint64_t *cell, uint64_t mantissa, int shift, bool negative)
{
    cell[0] = mantissa;
    cell[1] = 0;
    for (; shift > 0; shift--) {
        uint64_t carry = 0;
        for (int i = 0; i < 2; i++) {
            const uint64_t low = (cell[i] & UINT32_MAX) * 10 + carry;
            const uint64_t high = (cell[i] >> 32) * 10 + (low >> 32);
            cell[i] = high << 32 | (low & UINT32_MAX);
            carry = high >> 32;
        }
    }
    if (negative) {
        cell[0] = ~cell[0] + 1;
        cell[1] = ~cell[1] + (cell[0] == 0);
    }
}

static void test_decimals(void)
{
    uint64_t cells[2];
    tpp_column column = {.values = cells, .kind = TPP_DECIMAL128, .scale = 2};
    put(cells, 51430, 0, false);
    expect(&column, 0, 514.3, 5143, -1);
    put(cells, 0, 0, false);
    expect(&column, 0, 0.0, 0, 0);
    put(cells, 1, 0, true);
    expect_refusal(&column, 0, TPP_ERROR_NEGATIVE, -0.01);
    put(cells, 1, 26, false);
    expect(&column, 0, 1e24, 1, 24);
    put(cells, 11, 25, false);
    expect_refusal(&column, 0, TPP_ERROR_RANGE, 1.1e24);
    put(cells, 17, 36, false);
    expect_refusal(&column, 0, TPP_ERROR_RANGE, 1.7e35);
    column.scale = 38;
    put(cells, 0, 0, false);
    expect(&column, 0, 0.0, 0, 0);
    put(cells, 1, 37, false);
    expect(&column, 0, 0.1, 1, -1);
    put(cells, 125, 21, false);
    expect(&column, 0, 1.25e-15, 125, -17);
    put(cells, 1, 22, false);
    expect_refusal(&column, 0, TPP_ERROR_RANGE, 1e-16);
    put(cells, 12345678901234567u, 22, false); /* 17 digits that are those of a double */
    expect(&column, 0, 1.2345678901234567, 12345678901234567u, -16);
    put(cells, 12345678901234568u, 22, false); /* the same double, but it is written as ...67 */
    expect_refusal(&column, 0, TPP_ERROR_DIGITS, 1.2345678901234567);
    column.scale = 18;
    put(cells, 1000000000000000001u, 0, false);
    expect_refusal(&column, 0, TPP_ERROR_DIGITS, 1.0);
}

/* The decimal columns of a double's own digits take every double that has the room. */
static void test_decimals_of_doubles(void)
{
    unsigned long long state = 21;
    for (int i = 0; i < 20000; i++) {
        const double power = pow(10.0, (double)(next_random(&state) % 12));
        const double value = (double)(next_random(&state) >> 11) / 0x1p53 * power + 1e-3;
        const tpp_decimal shortest = tpp_decimal_strip(tpp_decimal_of(value));
        uint64_t cells[2];
        const tpp_column column = {
            .values = cells, .kind = TPP_DECIMAL128, .scale = 20};
        put(cells, shortest.mantissa, 20 + shortest.exponent, false);
        expect(&column, 0, value, shortest.mantissa, shortest.exponent);
        if (shortest.mantissa < UINT64_C(1000000000000000)) {
            continue;
        }
        /* One unit of the last of 16 or 17 digits further: another double's, or none's. */
        double number;
        put(cells, shortest.mantissa + 1, 20 + shortest.exponent, false);
        const tpp_status status = tpp_cell_check(&column, 0, &number);
        const tpp_decimal other = tpp_decimal_strip(tpp_decimal_of(number));
        const tpp_decimal next =
            tpp_decimal_strip((tpp_decimal){shortest.mantissa + 1, shortest.exponent, 0.0});
        const bool is_own = other.mantissa == next.mantissa && other.exponent == next.exponent;
        CHECK(status == (is_own ? TPP_OK : TPP_ERROR_DIGITS));
    }
}

static void test_nulls(void)
{
    const double values[] = {1.0, -1.0, 3.0, 4.0};
    const uint8_t present[] = {0x40, 0x03}; /* bits 6, 8 and 9 */
    const tpp_column column = {
        .values = values, .present = present, .first_bit = 6, .kind = TPP_FLOAT64};
    expect(&column, 0, 1.0, 1, 0);
    expect_missing(&column, 1); /* whatever stands there */
    expect(&column, 2, 3.0, 3, 0);
    expect(&column, 3, 4.0, 4, 0);
    const tpp_column nothing = {.kind = TPP_FLOAT64};
    expect_missing(&nothing, 7);
}

static void test_bits(void)
{
    const uint8_t bits[] = {0x40, 0x03}, present[] = {0xC0, 0x02}; /* bits 6, 8, 9; 6, 7, 9 */
    tpp_column column = {.values = bits, .first_bit = 6, .kind = TPP_BIT};
    expect(&column, 0, 1.0, 1, 0);
    expect(&column, 1, 0.0, 0, 0);
    expect(&column, 2, 1.0, 1, 0);
    column.present = present;
    expect(&column, 0, 1.0, 1, 0);
    expect(&column, 1, 0.0, 0, 0);
    expect_missing(&column, 2);
    expect(&column, 3, 1.0, 1, 0);
}

int main(void)
{
    test_bits();
    test_doubles();
    test_floats();
    test_integers();
    test_decimals();
    test_decimals_of_doubles();
    test_nulls();
    return 0;
}
