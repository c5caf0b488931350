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

/* Which vectors of a row are added up in one pass over the parts, and where these are. All are constants
 * for the usual rows, so that sums stay in registers and so does what finds them. */
typedef struct {
    uint32_t sums;
    uint32_t maxima;
    uint32_t unions;
    size_t sum_at;
    size_t maximum_at;
    size_t set_at; /* in a row of the table, after its lanes */
    size_t lanes;
    size_t words; /* of sets */
} tile;

WITH_FMA static TPP_INLINE void add_tile(const uint64_t *table, const uint32_t *row,
                                         const double *count, const uint32_t *end,
                                         uint32_t systems, double *sum, uint64_t *set, tile t)
{
    const size_t union_at = t.lanes + t.set_at;
    size_t p = end[0];
    for (const uint32_t *stop = end + systems; end < stop; sum += t.lanes, set += t.words) {
        const size_t last = *++end;
        const uint64_t *from = table + row[p];
        __m256d c = _mm256_broadcast_sd(count + p);
        __m256d total[4], most[2];
        __m256i all[1];
        for (uint32_t i = 0; i < t.sums; i++) {
            total[i] = _mm256_mul_pd(c, doubles_at(from + t.sum_at + TPP_LANES * i));
        }
        for (uint32_t i = 0; i < t.maxima; i++) {
            most[i] = doubles_at(from + t.maximum_at + TPP_LANES * i);
        }
        for (uint32_t i = 0; i < t.unions; i++) {
            all[i] = words_at(from + union_at + TPP_LANES * i);
        }
        while (++p < last) {
            from = table + row[p];
            c = _mm256_broadcast_sd(count + p);
            for (uint32_t i = 0; i < t.sums; i++) {
                total[i] = _mm256_fmadd_pd(c, doubles_at(from + t.sum_at + TPP_LANES * i), total[i]);
            }
            for (uint32_t i = 0; i < t.maxima; i++) {
                most[i] = _mm256_max_pd(most[i], doubles_at(from + t.maximum_at + TPP_LANES * i));
            }
            for (uint32_t i = 0; i < t.unions; i++) {
                all[i] = _mm256_or_si256(all[i], words_at(from + union_at + TPP_LANES * i));
            }
        }
        for (uint32_t i = 0; i < t.sums; i++) {
            _mm256_storeu_pd(sum + t.sum_at + TPP_LANES * i, total[i]);
        }
        for (uint32_t i = 0; i < t.maxima; i++) {
            _mm256_storeu_pd(sum + t.maximum_at + TPP_LANES * i, most[i]);
        }
        for (uint32_t i = 0; i < t.unions; i++) {
            _mm256_storeu_si256((__m256i *)(void *)(set + t.set_at + TPP_LANES * i), all[i]);
        }
    }
}

/* Vector by vector. */
WITH_FMA static void add_any(const tpp_items *items, const uint32_t *row, const double *count,
                             const uint32_t *end, uint32_t systems, double *sum, uint64_t *set)
{
    const size_t lanes = items->lanes, words = TPP_LANES * items->sets;
    for (size_t at = 0; at < TPP_LANES * items->sums; at += TPP_LANES) {
        add_tile(items->table, row, count, end, systems, sum, set,
                 (tile){.sums = 1, .sum_at = at, .lanes = lanes, .words = words});
    }
    for (size_t at = TPP_LANES * items->sums; at < lanes; at += TPP_LANES) {
        add_tile(items->table, row, count, end, systems, sum, set,
                 (tile){.maxima = 1, .maximum_at = at, .lanes = lanes, .words = words});
    }
    for (size_t at = 0; at < words; at += TPP_LANES) {
        add_tile(items->table, row, count, end, systems, sum, set,
                 (tile){.unions = 1, .set_at = at, .lanes = lanes, .words = words});
    }
}

WITH_FMA static void add(const tpp_items *items, const uint32_t *row, const double *count,
                         const uint32_t *end, uint32_t systems, double *sum, uint64_t *set)
{
    enum { SUMS = 4, MAXIMA = 2 };
    if (items->sums > SUMS || items->maxima > MAXIMA || items->sets > 1) {
        add_any(items, row, count, end, systems, sum, set);
        return;
    }
    switch (items->sums * (MAXIMA + 1) + items->maxima) {
#define CASE(s, m)                                                                                 \
    case s * (MAXIMA + 1) + m:                                                                     \
        add_tile(items->table, row, count, end, systems, sum, set,                                 \
                 (tile){s, m, 1, 0, TPP_LANES * s, 0, TPP_LANES *(s + m), TPP_LANES});             \
        break;
#define CASES(s) CASE(s, 0) CASE(s, 1) CASE(s, 2)
        CASES(0) CASES(1) CASES(2) CASES(3) CASES(4)
#undef CASES
#undef CASE
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

WITH_FMA static TPP_INLINE void spread_vector(const tpp_items *items, const double *sum,
                                              uint32_t lane, bool is_scaled, double *const *to,
                                              double *largest)
{
    const size_t lanes = items->lanes;
    const tpp_item_scales *scales = &items->scales;
    const scale by = {_mm256_loadu_pd(scales->times + lane), _mm256_loadu_pd(scales->over + lane),
                      _mm256_loadu_pd(scales->mend + lane)};
    double *const to0 = to[0], *const to1 = to[1], *const to2 = to[2], *const to3 = to[3];
    __m256d most = _mm256_loadu_pd(largest + lane);
    sum += lane;
    for (uint32_t s = 0; s < TPP_FEW; s += 4, sum += 4 * lanes) {
        __m256d x[4];
        for (uint32_t i = 0; i < 4; i++) {
            x[i] = _mm256_loadu_pd(sum + i * lanes);
            most = _mm256_max_pd(most, x[i]);
            x[i] = is_scaled ? scaled(by, x[i]) : x[i];
        }
        const __m256d low[2] = {_mm256_unpacklo_pd(x[0], x[1]), _mm256_unpacklo_pd(x[2], x[3])};
        const __m256d high[2] = {_mm256_unpackhi_pd(x[0], x[1]), _mm256_unpackhi_pd(x[2], x[3])};
        _mm256_storeu_pd(to0 + s, _mm256_permute2f128_pd(low[0], low[1], 0x20));
        _mm256_storeu_pd(to1 + s, _mm256_permute2f128_pd(high[0], high[1], 0x20));
        _mm256_storeu_pd(to2 + s, _mm256_permute2f128_pd(low[0], low[1], 0x31));
        _mm256_storeu_pd(to3 + s, _mm256_permute2f128_pd(high[0], high[1], 0x31));
    }
    _mm256_storeu_pd(largest + lane, most);
}

WITH_FMA static void spread(const tpp_items *items, const double *sum, double *const *to,
                            uint32_t at, double *largest)
{
    double nobody[TPP_FEW];
    for (uint32_t lane = 0; lane < items->lanes; lane += TPP_LANES) {
        double *four[TPP_LANES];
        for (uint32_t i = 0; i < TPP_LANES; i++) {
            four[i] = to[lane + i] != NULL ? to[lane + i] + at : nobody;
        }
        if (items->scales.is_scaled[lane / TPP_LANES]) {
            spread_vector(items, sum, lane, true, four, largest);
        } else {
            spread_vector(items, sum, lane, false, four, largest);
        }
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
static TPP_INLINE void turn_word(const uint64_t *from, uint32_t width, uint32_t bytes,
                                 uint64_t *set, uint32_t half)
{
    const __m256i pairs = _mm256_setr_epi8(0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15, 0,
                                           8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    __m256i v[8], w[8];
    for (uint32_t i = 0; i < 8; i++) {
        const uint64_t *at = from + (size_t)2 * i * width, *other = at + (size_t)16 * width;
        const __m256i words =
            _mm256_set_epi64x((long long)other[width], (long long)other[0], (long long)at[width],
                              (long long)at[0]);
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
    const uint32_t words = TPP_LANES * items->sets, all = (items->set_bits + 7) / 8;
    for (uint32_t w = 0; 8 * w < all; w++) {
        const uint32_t bytes = all - 8 * w < 8 ? all - 8 * w : 8;
        turn_word(set + w, words, bytes, out + (size_t)64 * w, 0);
        turn_word(set + w + (size_t)32 * words, words, bytes, out + (size_t)64 * w, 1);
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
