/** words.h in 128-bit vectors. */
#ifndef TPP_WORDS_SSE2_H
#define TPP_WORDS_SSE2_H

#include <emmintrin.h>

#include "words_any.h"

static inline bool tpp_all_usual(const double *v, uint32_t n)
{
    const __m128i shift = _mm_set1_epi64x(-(INT64_C(974) << 52));
    __m128i any = _mm_setzero_si128();
    for (uint32_t i = 0; i < n; i += 2) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(v + i));
        any = _mm_or_si128(any, _mm_add_epi64(x, shift));
    }
    return _mm_movemask_epi8(_mm_cmpeq_epi32(_mm_srli_epi64(any, 59), _mm_setzero_si128())) ==
           0xFFFF;
}

static TPP_INLINE uint64_t tpp_word_at_least(const double *v, double bound)
{
    const __m128d bounds = _mm_set1_pd(bound);
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 2) {
        const __m128d holds = _mm_cmpge_pd(_mm_loadu_pd(v + i), bounds);
        word |= (uint64_t)(unsigned)_mm_movemask_pd(holds) << i;
    }
    return word;
}

static inline void tpp_ranks(int16_t *restrict ranks, const double *restrict v, int32_t offset,
                             uint32_t shift, uint32_t n)
{
    const __m128i less = _mm_set1_epi32(offset), right = _mm_cvtsi32_si128((int)shift);
    for (uint32_t i = 0; i < n; i += 8) {
        __m128i rank[2];
        for (unsigned j = 0; j < 2; j++) {
            const __m128 low = _mm_castpd_ps(_mm_loadu_pd(v + i + 4 * j));
            const __m128 high = _mm_castpd_ps(_mm_loadu_pd(v + i + 4 * j + 2));
            const __m128i halves = _mm_castps_si128(_mm_shuffle_ps(low, high, 0xDD));
            rank[j] = _mm_sub_epi32(_mm_sra_epi32(halves, right), less);
        }
        _mm_store_si128((__m128i *)(void *)(ranks + i), _mm_packs_epi32(rank[0], rank[1]));
    }
}

static TPP_INLINE __m128i tpp_ranks_at(const int16_t *ranks)
{
    return _mm_load_si128((const __m128i *)(const void *)ranks);
}

static TPP_INLINE uint64_t tpp_ranks_below(const int16_t *ranks, int16_t bound)
{
    const __m128i bounds = _mm_set1_epi16(bound);
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 16) {
        const __m128i low = _mm_cmpgt_epi16(bounds, tpp_ranks_at(ranks + i));
        const __m128i high = _mm_cmpgt_epi16(bounds, tpp_ranks_at(ranks + i + 8));
        word |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_packs_epi16(low, high)) << i;
    }
    return word;
}

static inline bool tpp_ranks_any(const int16_t *ranks, int16_t first, int16_t last, uint32_t n)
{
    const __m128i below = _mm_set1_epi16(first), above = _mm_set1_epi16(last);
    __m128i outside = _mm_set1_epi16(-1);
    for (uint32_t i = 0; i < n; i += 8) {
        const __m128i x = tpp_ranks_at(ranks + i);
        outside = _mm_and_si128(
            outside, _mm_or_si128(_mm_cmplt_epi16(x, below), _mm_cmpgt_epi16(x, above)));
    }
    return _mm_movemask_epi8(outside) != 0xFFFF;
}

static TPP_INLINE uint64_t tpp_word_of_bytes(const uint8_t *flags)
{
    uint64_t word = 0;
    for (unsigned part = 0; part < 64; part += 16) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(flags + part));
        const unsigned zero = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_setzero_si128()));
        word |= (uint64_t)(~zero & 0xFFFF) << part;
    }
    return word;
}

static inline uint64_t tpp_word_nan(const double *v)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 2) {
        const __m128d x = _mm_loadu_pd(v + i);
        word |= (uint64_t)(unsigned)_mm_movemask_pd(_mm_cmpunord_pd(x, x)) << i;
    }
    return word;
}

#endif
