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

static TPP_INLINE void put(uint64_t *out, __m256i words)
{
    _mm256_storeu_si256((__m256i *)(void *)out, words);
}

/* Some vectors of all systems: `sums` from `sum_at` on, `maxima`, and `unions`. Their numbers are
 * constants, so that all of them stay in registers. */
WITH_FMA static TPP_INLINE void add_vectors(const tpp_items *items, const uint32_t *row,
                                            const double *count, const uint32_t *end,
                                            uint32_t systems, uint64_t *sum, uint32_t sum_at,
                                            uint32_t sums, uint32_t maximum_at, uint32_t maxima,
                                            uint32_t union_at, uint32_t unions)
{
    const uint64_t *table = items->table;
    const uint32_t width = items->width;
    uint32_t p = end[0];
    for (uint32_t s = 0; s < systems; s++, sum += width) {
        const uint32_t last = end[s + 1];
        const uint64_t *from = table + row[p];
        __m256d total[4], most[2];
        __m256i all[1];
        const __m256d first = _mm256_broadcast_sd(count + p);
        for (uint32_t i = 0; i < sums; i++) {
            total[i] = _mm256_mul_pd(first, doubles_at(from + sum_at + TPP_LANES * i));
        }
        for (uint32_t i = 0; i < maxima; i++) {
            most[i] = doubles_at(from + maximum_at + TPP_LANES * i);
        }
        for (uint32_t i = 0; i < unions; i++) {
            all[i] = words_at(from + union_at + TPP_LANES * i);
        }
        while (++p < last) {
            from = table + row[p];
            const __m256d c = _mm256_broadcast_sd(count + p);
            for (uint32_t i = 0; i < sums; i++) {
                total[i] = _mm256_fmadd_pd(c, doubles_at(from + sum_at + TPP_LANES * i), total[i]);
            }
            for (uint32_t i = 0; i < maxima; i++) {
                most[i] = _mm256_max_pd(most[i], doubles_at(from + maximum_at + TPP_LANES * i));
            }
            for (uint32_t i = 0; i < unions; i++) {
                all[i] = _mm256_or_si256(all[i], words_at(from + union_at + TPP_LANES * i));
            }
        }
        for (uint32_t i = 0; i < sums; i++) {
            put(sum + sum_at + TPP_LANES * i, _mm256_castpd_si256(total[i]));
        }
        for (uint32_t i = 0; i < maxima; i++) {
            put(sum + maximum_at + TPP_LANES * i, _mm256_castpd_si256(most[i]));
        }
        for (uint32_t i = 0; i < unions; i++) {
            put(sum + union_at + TPP_LANES * i, all[i]);
        }
    }
}

WITH_FMA static void add(const tpp_items *items, const uint32_t *row, const double *count,
                         const uint32_t *end, uint32_t systems, uint64_t *sum)
{
    enum { SUMS = 4, MAXIMA = 2 };
    const uint32_t maximum = TPP_LANES * items->sums, set = items->lanes;
    uint32_t sums = items->sums < SUMS ? items->sums : SUMS;
    uint32_t maxima = items->maxima < MAXIMA ? items->maxima : MAXIMA;
#define ADD(s, m, u)                                                                               \
    add_vectors(items, row, count, end, systems, sum, TPP_LANES *first, s, maximum + TPP_LANES *second, m, \
                set + TPP_LANES *third, u)
    uint32_t first = 0, second = 0, third = 0;
    switch (sums * (MAXIMA + 1) + maxima) {
#define CASE(s, m)                                                                                 \
    case s * (MAXIMA + 1) + m:                                                                     \
        ADD(s, m, 1);                                                                              \
        break;
#define CASES(s) CASE(s, 0) CASE(s, 1) CASE(s, 2)
        CASES(0) CASES(1) CASES(2) CASES(3) CASES(4)
    }
    for (first = SUMS; first < items->sums; first++) {
        ADD(1, 0, 0);
    }
    for (second = MAXIMA; second < items->maxima; second++) {
        ADD(0, 1, 0);
    }
    for (third = 1; third < items->sets; third++) {
        ADD(0, 0, 1);
    }
#undef CASES
#undef CASE
#undef ADD
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
WITH_FMA static TPP_INLINE __m256d scaled(const tpp_item_scales *scales, uint32_t lane, __m256d n)
{
    const __m256d times = _mm256_loadu_pd(scales->times + lane);
    const __m256d q = _mm256_mul_pd(n, times);
    const __m256d r = _mm256_fnmadd_pd(q, _mm256_loadu_pd(scales->over + lane), n);
    return _mm256_fmadd_pd(r, _mm256_loadu_pd(scales->mend + lane), q);
}

WITH_FMA static TPP_INLINE void spread_vector(const tpp_items *items, const uint64_t *sum,
                                              uint32_t lane, bool is_scaled, double *const *to,
                                              double *largest)
{
    const uint32_t width = items->width;
    __m256d most = _mm256_setzero_pd();
    for (uint32_t s = 0; s < TPP_GROUP; s += 4) {
        const uint64_t *from = sum + (size_t)s * width + lane;
        __m256d x[4];
        for (uint32_t i = 0; i < 4; i++) {
            x[i] = doubles_at(from + (size_t)i * width);
            most = _mm256_max_pd(most, x[i]);
            x[i] = is_scaled ? scaled(&items->scales, lane, x[i]) : x[i];
        }
        const __m256d low[2] = {_mm256_unpacklo_pd(x[0], x[1]), _mm256_unpacklo_pd(x[2], x[3])};
        const __m256d high[2] = {_mm256_unpackhi_pd(x[0], x[1]), _mm256_unpackhi_pd(x[2], x[3])};
        const __m256d column[4] = {_mm256_permute2f128_pd(low[0], low[1], 0x20),
                                   _mm256_permute2f128_pd(high[0], high[1], 0x20),
                                   _mm256_permute2f128_pd(low[0], low[1], 0x31),
                                   _mm256_permute2f128_pd(high[0], high[1], 0x31)};
        for (uint32_t i = 0; i < 4; i++) {
            _mm256_storeu_pd(to[i] + s, column[i]);
        }
    }
    _mm256_storeu_pd(largest + lane, most);
}

WITH_FMA static void spread(const tpp_items *items, const uint64_t *sum, double *const *to,
                            double *largest)
{
    double nobody[TPP_GROUP];
    for (uint32_t lane = 0; lane < items->lanes; lane += TPP_LANES) {
        double *four[TPP_LANES];
        for (uint32_t i = 0; i < TPP_LANES; i++) {
            four[i] = to[lane + i] != NULL ? to[lane + i] : nobody;
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
static TPP_INLINE void put_sets(const uint64_t *from, uint32_t width, uint32_t bytes, uint64_t *set,
                                uint32_t half)
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

static void sets(const tpp_items *items, const uint64_t *sum, uint64_t *set)
{
    const uint32_t width = items->width, all = (2 * items->leaves + 7) / 8;
    for (uint32_t w = 0; w < items->set_words; w++) {
        const uint32_t bytes = all - 8 * w < 8 ? all - 8 * w : 8;
        const uint64_t *from = sum + items->lanes + w;
        put_sets(from, width, bytes, set + (size_t)64 * w, 0);
        put_sets(from + (size_t)32 * width, width, bytes, set + (size_t)64 * w, 1);
    }
}

#endif
