/**
 * 64 doubles against a bound, as a word of 64 bits: the loops that compilers do not vectorise by
 * themselves. Every translation unit gets the widest form that its flags allow.
 */
#ifndef TPP_WORDS_H
#define TPP_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#if defined(__AVX__)
#include <immintrin.h>

/* Bit i: v[i] >= bound. */
static inline uint64_t tpp_word_at_least(const double *v, double bound)
{
    const __m256d bounds = _mm256_set1_pd(bound);
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 4) {
        const __m256d holds = _mm256_cmp_pd(_mm256_loadu_pd(v + i), bounds, _CMP_GE_OQ);
        word |= (uint64_t)(unsigned)_mm256_movemask_pd(holds) << i;
    }
    return word;
}

/* Bit i: v[i] is NaN. */
static inline uint64_t tpp_word_nan(const double *v)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 4) {
        const __m256d x = _mm256_loadu_pd(v + i);
        word |= (uint64_t)(unsigned)_mm256_movemask_pd(_mm256_cmp_pd(x, x, _CMP_UNORD_Q)) << i;
    }
    return word;
}

/* Whether least <= v[i] <= most for all i. */
static inline bool tpp_word_within(const double *v, double least, double most)
{
    const __m256d low = _mm256_set1_pd(least), high = _mm256_set1_pd(most);
    __m256d all = _mm256_cmp_pd(low, low, _CMP_EQ_OQ);
    for (unsigned i = 0; i < 64; i += 4) {
        const __m256d x = _mm256_loadu_pd(v + i);
        const __m256d inside = _mm256_and_pd(_mm256_cmp_pd(x, low, _CMP_GE_OQ),
                                             _mm256_cmp_pd(x, high, _CMP_LE_OQ));
        all = _mm256_and_pd(all, inside);
    }
    return _mm256_movemask_pd(all) == 15;
}

#elif defined(__SSE2__)
#include <emmintrin.h>

static inline uint64_t tpp_word_at_least(const double *v, double bound)
{
    const __m128d bounds = _mm_set1_pd(bound);
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i += 2) {
        const __m128d holds = _mm_cmpge_pd(_mm_loadu_pd(v + i), bounds);
        word |= (uint64_t)(unsigned)_mm_movemask_pd(holds) << i;
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

static inline bool tpp_word_within(const double *v, double least, double most)
{
    const __m128d low = _mm_set1_pd(least), high = _mm_set1_pd(most);
    __m128d all = _mm_cmpeq_pd(low, low);
    for (unsigned i = 0; i < 64; i += 2) {
        const __m128d x = _mm_loadu_pd(v + i);
        all = _mm_and_pd(all, _mm_and_pd(_mm_cmpge_pd(x, low), _mm_cmple_pd(x, high)));
    }
    return _mm_movemask_pd(all) == 3;
}

#else

static inline uint64_t tpp_word_at_least(const double *v, double bound)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++) {
        word |= (uint64_t)(v[i] >= bound) << i;
    }
    return word;
}

static inline uint64_t tpp_word_nan(const double *v)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++) {
        word |= (uint64_t)(v[i] != v[i]) << i;
    }
    return word;
}

static inline bool tpp_word_within(const double *v, double least, double most)
{
    bool all = true;
    for (unsigned i = 0; i < 64; i++) {
        all &= v[i] >= least && v[i] <= most;
    }
    return all;
}

#endif

#endif
