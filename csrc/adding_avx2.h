/** The loops of sums.c in 256-bit vectors; see adding_plain.h. */
#ifndef TPP_ADDING_AVX2_H
#define TPP_ADDING_AVX2_H

#include <immintrin.h>

/* The file is built for AVX2 alone, as there are processors that have no FMA. */
#define WITH_FMA __attribute__((target("avx2,fma")))

static TPP_INLINE __m256i words_at(const uint64_t *words)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)words);
}

static TPP_INLINE __m256d doubles_at(const uint64_t *words)
{
    return _mm256_castsi256_pd(words_at(words));
}

enum { MAX_SUMS = 4, MAX_OTHERS = 2, MAX_VECTORS = MAX_SUMS + MAX_OTHERS };

/* Which vectors of a row are added up in one pass over the parts, and where these are. All are constants
 * for the usual rows, so that sums stay in registers and so does what finds them. */
typedef struct {
    uint32_t sums;
    uint32_t others;
    size_t sum_at;
    size_t other_at;
    size_t width;
} tile;

/* Adds up parts [p, last), at least one, to the vectors of a tile. */
WITH_FMA static TPP_INLINE void add_one(const tpp_items *items, const uint32_t *row,
                                        const double *count, size_t p, size_t last, tile t,
                                        __m256d *out)
{
    const uint64_t *const table = items->table;
    const uint64_t *from = table + row[p];
    __m256d c = _mm256_broadcast_sd(count + p);
    __m256d total[MAX_SUMS], most[MAX_OTHERS], all[MAX_OTHERS];
    for (uint32_t i = 0; i < t.sums; i++) {
        total[i] = _mm256_mul_pd(c, doubles_at(from + t.sum_at + TPP_LANES * i));
    }
    for (uint32_t i = 0; i < t.others; i++) {
        most[i] = all[i] = doubles_at(from + t.other_at + TPP_LANES * i);
    }
    while (++p < last) {
        from = table + row[p];
        c = _mm256_broadcast_sd(count + p);
        for (uint32_t i = 0; i < t.sums; i++) {
            total[i] = _mm256_fmadd_pd(c, doubles_at(from + t.sum_at + TPP_LANES * i), total[i]);
        }
        for (uint32_t i = 0; i < t.others; i++) {
            const __m256d more = doubles_at(from + t.other_at + TPP_LANES * i);
            most[i] = _mm256_max_pd(most[i], more);
            all[i] = _mm256_or_pd(all[i], more);
        }
    }
    for (uint32_t i = 0; i < t.sums; i++) {
        out[i] = total[i];
    }
    for (uint32_t i = 0; i < t.others; i++) {
        const uint64_t *is_set = items->scales.is_set + t.other_at + TPP_LANES * i;
        out[t.sums + i] = _mm256_blendv_pd(most[i], all[i], doubles_at(is_set));
    }
}

WITH_FMA static TPP_INLINE void add_tile(const tpp_items *items, const uint32_t *row,
                                         const double *count, const uint32_t *end,
                                         uint32_t systems, double *sum, tile t)
{
    for (uint32_t s = 0; s < systems; s++, sum += t.width) {
        __m256d x[MAX_VECTORS];
        add_one(items, row, count, end[s], end[s + 1], t, x);
        for (uint32_t i = 0; i < t.sums; i++) {
            _mm256_storeu_pd(sum + t.sum_at + TPP_LANES * i, x[i]);
        }
        for (uint32_t i = 0; i < t.others; i++) {
            _mm256_storeu_pd(sum + t.other_at + TPP_LANES * i, x[t.sums + i]);
        }
    }
}

/* Whole numbers of units as doubles: products with 10^k, or quotients by it, both rounded once.
 *
 * A quotient n / b with b = 10^k, k <= 22, and n <= 10^15: let y be the double nearest to 1 / b,
 * q = n y rounded, r = n - b q, and x = q + r y rounded (P. Markstein, "Computation of elementary
 * functions on the IBM RISC System/6000", 1990). q is less than 1.5 units of its last place, u, away
 * from n / b. So r is below 1.5 u b and a multiple of 2^k u or of 1: at most 1.5 * 5^k multiples, or
 * 1.5 u b <= 3.1 n 2^-52 of them; it is a double. Then q + r y is within 1.5 u 2^-53 of n / b before
 * it is rounded. The middle m of two doubles, an odd multiple of u / 2, is no n / b, which would
 * have n a multiple of 5^k times a number of 54 bits; so n - b m, a multiple of 2^k u / 2 or of 1, is
 * not 0, and n / b is at least u / (2 * 5^k) > 1.5 u 2^-53, or 1 / b >= u 2^52 / n / 2, away from m:
 * x is rounded as n / b is. */
typedef struct {
    __m256d times;
    __m256d over;
    __m256d mend;
} scale;

WITH_FMA static TPP_INLINE __m256d scaled(scale by, __m256d n)
{
    const __m256d q = _mm256_mul_pd(n, by.times);
    return _mm256_fmadd_pd(_mm256_fnmadd_pd(q, by.over, n), by.mend, q);
}

/* Turns a vector of a row, of four systems, into columns; `is_sums`: there are no sets in it. */
WITH_FMA static TPP_INLINE void spread_four(const tpp_item_scales *scales, uint32_t lane,
                                            bool is_sums, __m256d a, __m256d b, __m256d c, __m256d d,
                                            double *const *to, uint32_t at, __m256d *largest)
{
    __m256d x[4] = {a, b, c, d};
    *largest = _mm256_max_pd(*largest, _mm256_max_pd(_mm256_max_pd(a, b), _mm256_max_pd(c, d)));
    if (scales->is_scaled[lane / TPP_LANES]) {
        const scale by = {_mm256_loadu_pd(scales->times + lane),
                          _mm256_loadu_pd(scales->over + lane),
                          _mm256_loadu_pd(scales->mend + lane)};
        const __m256d is_set = doubles_at(scales->is_set + lane);
        for (uint32_t i = 0; i < 4; i++) {
            /* Sets would be subnormal numbers, which processors are slow at. */
            const __m256d number = scaled(by, is_sums ? x[i] : _mm256_andnot_pd(is_set, x[i]));
            x[i] = is_sums ? number : _mm256_blendv_pd(number, x[i], is_set);
        }
    }
    const __m256d low[2] = {_mm256_unpacklo_pd(x[0], x[1]), _mm256_unpacklo_pd(x[2], x[3])};
    const __m256d high[2] = {_mm256_unpackhi_pd(x[0], x[1]), _mm256_unpackhi_pd(x[2], x[3])};
    _mm256_storeu_pd(to[lane] + at, _mm256_permute2f128_pd(low[0], low[1], 0x20));
    _mm256_storeu_pd(to[lane + 1] + at, _mm256_permute2f128_pd(high[0], high[1], 0x20));
    _mm256_storeu_pd(to[lane + 2] + at, _mm256_permute2f128_pd(low[0], low[1], 0x31));
    _mm256_storeu_pd(to[lane + 3] + at, _mm256_permute2f128_pd(high[0], high[1], 0x31));
}

/* Columns for all lanes: `nobody` where one is not wanted. */
static TPP_INLINE void find_columns(double *const *to, double *nobody, uint32_t lanes, double **out)
{
    for (uint32_t i = 0; i < lanes; i++) {
        out[i] = to[i] != NULL ? to[i] : nobody;
    }
}

WITH_FMA static void spread(const tpp_items *items, const double *sum, double *const *to,
                            uint32_t at, double *largest)
{
    double nobody[TPP_GROUP], *column[TPP_MAX_WIDTH];
    find_columns(to, nobody, items->width, column);
    for (uint32_t lane = 0; lane < items->width; lane += TPP_LANES) {
        __m256d most = _mm256_loadu_pd(largest + lane);
        const double *x = sum + lane;
        for (uint32_t s = 0; s < TPP_FEW; s += 4, x += 4 * (size_t)items->width) {
            spread_four(&items->scales, lane, false, _mm256_loadu_pd(x),
                        _mm256_loadu_pd(x + items->width), _mm256_loadu_pd(x + 2 * (size_t)items->width),
                        _mm256_loadu_pd(x + 3 * (size_t)items->width), column, at + s, &most);
        }
        _mm256_storeu_pd(largest + lane, most);
    }
}

/* Both at once, from registers. */
WITH_FMA static TPP_INLINE void total_tile(const tpp_items *items, const uint32_t *row,
                                           const double *count, const uint32_t *end,
                                           double *const *to, double *largest, tile t)
{
    double nobody[TPP_GROUP], *column[MAX_VECTORS * TPP_LANES];
    __m256d most[MAX_VECTORS];
    find_columns(to, nobody, (uint32_t)t.width, column);
    for (uint32_t i = 0; i < t.sums + t.others; i++) {
        most[i] = _mm256_setzero_pd();
    }
    for (uint32_t s = 0; s < TPP_GROUP; s += 4) {
        __m256d x[4][MAX_VECTORS];
        add_one(items, row, count, end[s], end[s + 1], t, x[0]);
        add_one(items, row, count, end[s + 1], end[s + 2], t, x[1]);
        add_one(items, row, count, end[s + 2], end[s + 3], t, x[2]);
        add_one(items, row, count, end[s + 3], end[s + 4], t, x[3]);
        for (uint32_t i = 0; i < t.sums + t.others; i++) {
            spread_four(&items->scales, TPP_LANES * i, i < t.sums, x[0][i], x[1][i], x[2][i], x[3][i],
                        column, s, &most[i]);
        }
    }
    for (uint32_t i = 0; i < t.sums + t.others; i++) {
        _mm256_storeu_pd(largest + TPP_LANES * i, most[i]);
    }
}

#define FOR_EACH_TILE(DO)                                                                          \
    DO_OTHERS(DO, 0) DO_OTHERS(DO, 1) DO_OTHERS(DO, 2) DO_OTHERS(DO, 3) DO_OTHERS(DO, 4)
#define DO_OTHERS(DO, sums) DO(sums, 0) DO(sums, 1) DO(sums, 2)
#define TILE_NUMBER(sums, others) ((sums) * (MAX_OTHERS + 1) + (others))
#define TILE(sums, others)                                                                         \
    ((tile){sums, others, 0, TPP_LANES * (sums), TPP_LANES * ((sums) + (others))})

/* The tile that a whole row is, or none. */
static uint32_t tile_of(const tpp_items *items)
{
    const bool is_small = items->sums <= MAX_SUMS && items->others <= MAX_OTHERS;
    return is_small ? TILE_NUMBER(items->sums, items->others) : UINT32_MAX;
}

/* Vector by vector. */
WITH_FMA static void add_any(const tpp_items *items, const uint32_t *row, const double *count,
                             const uint32_t *end, uint32_t systems, double *sum)
{
    const size_t width = items->width;
    for (size_t at = 0; at < TPP_LANES * items->sums; at += TPP_LANES) {
        add_tile(items, row, count, end, systems, sum,
                 (tile){.sums = 1, .sum_at = at, .width = width});
    }
    for (size_t at = TPP_LANES * items->sums; at < width; at += TPP_LANES) {
        add_tile(items, row, count, end, systems, sum,
                 (tile){.others = 1, .other_at = at, .width = width});
    }
}

WITH_FMA static void add(const tpp_items *items, const uint32_t *row, const double *count,
                         const uint32_t *end, uint32_t systems, double *sum)
{
    switch (tile_of(items)) {
#define ADD(sums, others)                                                                          \
    case TILE_NUMBER(sums, others):                                                                \
        add_tile(items, row, count, end, systems, sum, TILE(sums, others));                        \
        break;
        FOR_EACH_TILE(ADD)
#undef ADD
    default:
        add_any(items, row, count, end, systems, sum);
    }
}

WITH_FMA static bool total(const tpp_items *items, const uint32_t *row, const double *count,
                           const uint32_t *end, double *const *to, double *largest)
{
    switch (tile_of(items)) {
#define TOTAL(sums, others)                                                                        \
    case TILE_NUMBER(sums, others):                                                                \
        total_tile(items, row, count, end, to, largest, TILE(sums, others));                       \
        return true;
        FOR_EACH_TILE(TOTAL)
#undef TOTAL
    default:
        return false;
    }
}

/* Bits 7 to 0 of 32 bytes. */
static TPP_INLINE void put_bits(__m256i bytes, uint64_t *set, uint32_t half)
{
    for (int bit = 7; bit >= 0; bit--) {
        const uint32_t found = (uint32_t)_mm256_movemask_epi8(bytes);
        memcpy((char *)(set + bit) + sizeof found * half, &found, sizeof found);
        bytes = _mm256_add_epi8(bytes, bytes);
    }
}

/* A word of 32 systems, those of the second 16 in the upper halves of the vectors: pairs of systems
 * by byte, then 8 such pairs transposed, so that each byte of all 32 is a vector. */
static TPP_INLINE void turn_word(const uint64_t *from, uint32_t bytes, uint64_t *set, uint32_t half)
{
    const __m256i pairs = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0,
                                           8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    __m256i v[8], w[8];
    for (uint32_t i = 0; i < 8; i++) {
        const __m256i words = _mm256_loadu2_m128i((const __m128i *)(const void *)(from + 2 * i + 16),
                                                  (const __m128i *)(const void *)(from + 2 * i));
        v[i] = _mm256_shuffle_epi8(words, pairs);
    }
    for (uint32_t i = 0; i < 4; i++) {
        w[i] = _mm256_unpacklo_epi16(v[2 * i], v[2 * i + 1]);     /* bytes 0 to 3 of 4 systems */
        w[4 + i] = _mm256_unpackhi_epi16(v[2 * i], v[2 * i + 1]); /* bytes 4 to 7 */
    }
    for (uint32_t i = 0; i < 4; i++) {
        v[2 * i] = _mm256_unpacklo_epi32(w[2 * i], w[2 * i + 1]); /* 2 bytes of 8 systems */
        v[2 * i + 1] = _mm256_unpackhi_epi32(w[2 * i], w[2 * i + 1]);
    }
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t at = i / 2 * 4 + i % 2;
        const uint32_t byte = 2 * i;
        if (byte < bytes) {
            put_bits(_mm256_unpacklo_epi64(v[at], v[at + 2]), set + (size_t)8 * byte, half);
        }
        if (byte + 1 < bytes) {
            put_bits(_mm256_unpackhi_epi64(v[at], v[at + 2]), set + (size_t)8 * byte + 8, half);
        }
    }
}

static void turn(const tpp_items *items, const uint64_t *set, uint64_t *out)
{
    const uint32_t all = (items->set_bits + 7) / 8;
    for (uint32_t w = 0; 8 * w < all; w++) {
        const uint32_t bytes = all - 8 * w < 8 ? all - 8 * w : 8;
        const uint64_t *from = set + (size_t)TPP_GROUP * w;
        turn_word(from, bytes, out + (size_t)64 * w, 0);
        turn_word(from + TPP_GROUP / 2, bytes, out + (size_t)64 * w, 1);
    }
}

static void open_ends(const double *in, uint64_t open, double *out)
{
    const __m256d infinity = _mm256_set1_pd(HUGE_VAL);
    const __m256i bits = _mm256_set1_epi64x((long long)open);
    __m256i to_sign = _mm256_setr_epi64x(63, 62, 61, 60);
    for (uint32_t i = 0; i < TPP_GROUP; i += 4) {
        const __m256d is_open = _mm256_castsi256_pd(_mm256_sllv_epi64(bits, to_sign));
        _mm256_storeu_pd(out + i, _mm256_blendv_pd(_mm256_loadu_pd(in + i), infinity, is_open));
        to_sign = _mm256_sub_epi64(to_sign, _mm256_set1_epi64x(4));
    }
}

/* Bytes that are all ones where a bit is set. */
static TPP_INLINE __m256i bytes_of(uint32_t bits)
{
    const __m256i place = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                           2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bit = _mm256_set1_epi64x((long long)UINT64_C(0x8040201008040201));
    const __m256i four = _mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), place);
    return _mm256_cmpeq_epi8(_mm256_and_si256(four, bit), bit);
}

static void flags(uint64_t met, uint64_t possible, uint8_t *out)
{
    const __m256i one = _mm256_set1_epi8(1);
    for (uint32_t i = 0; i < TPP_GROUP; i += 32) {
        const __m256i is = bytes_of((uint32_t)(met >> i)), can = bytes_of((uint32_t)(possible >> i));
        const __m256i found = _mm256_or_si256(_mm256_andnot_si256(is, can), _mm256_and_si256(is, one));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), found);
    }
}

#endif
