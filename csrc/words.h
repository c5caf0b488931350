/**
 * 64 doubles against a bound, as a word of 64 bits: the loops that compilers do not vectorise by
 * themselves. Every translation unit gets the widest form that its flags allow.
 */
#ifndef TPP_WORDS_H
#define TPP_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define TPP_INLINE inline __attribute__((always_inline))
#else
#define TPP_INLINE inline
#endif

/* Asks for the cache line of an address, which may be past the end of its column. */
static TPP_INLINE void tpp_prefetch(uintptr_t address)
{
#if defined(__GNUC__)
    __builtin_prefetch((const void *)address, 0, 2);
#else
    (void)address;
#endif
}

#if defined(__AVX2__)
#include <immintrin.h>

/* 32 results of 4 doubles each, all ones or all zeros a lane, as 32 bits in their order. The packs
 * work within 128-bit halves, so after them the low half holds doubles 0 and 1 of every vector and
 * the high half 2 and 3; interleaving the halves by pairs restores the order. */
static TPP_INLINE uint32_t tpp_pack(const __m256d m[8])
{
    __m256i pair[4];
    for (unsigned i = 0; i < 4; i++) {
        /* The low 32 bits of each lane say it all. */
        pair[i] = _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castpd_ps(m[2 * i]),
                                                        _mm256_castpd_ps(m[2 * i + 1]), 0x88));
    }
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(pair[0], pair[1]),
                                             _mm256_packs_epi32(pair[2], pair[3]));
    const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    const unsigned first = (unsigned)_mm_movemask_epi8(_mm_unpacklo_epi16(low, high));
    const unsigned last = (unsigned)_mm_movemask_epi8(_mm_unpackhi_epi16(low, high));
    return first | last << 16;
}

/* Bit i: v[i] >= bound. */
static TPP_INLINE uint64_t tpp_word_at_least(const double *v, double bound)
{
    const __m256d bounds = _mm256_set1_pd(bound);
    uint64_t word = 0;
    for (unsigned half = 0; half < 64; half += 32) {
        __m256d holds[8];
        for (unsigned i = 0; i < 8; i++) {
            holds[i] = _mm256_cmp_pd(bounds, _mm256_loadu_pd(v + half + 4 * i), _CMP_LE_OQ);
        }
        word |= (uint64_t)tpp_pack(holds) << half;
    }
    return word;
}

/* Four upper halves in their order. */
static TPP_INLINE __m128i tpp_halves_of(const double *v)
{
    const __m128 low = _mm_castpd_ps(_mm_loadu_pd(v)), high = _mm_castpd_ps(_mm_loadu_pd(v + 2));
    return _mm_castps_si128(_mm_shuffle_ps(low, high, 0xDD));
}

/* The upper halves of 64 doubles, in an order of their own: packing works within 128-bit halves, so
 * of every 32 the first 16 go to the low halves of 4 vectors and the rest to the high ones. */
static TPP_INLINE void tpp_halves(int32_t *restrict halves, const double *restrict v)
{
    for (unsigned part = 0; part < 64; part += 32) {
        for (unsigned i = 0; i < 4; i++) {
            const __m256i low = _mm256_castsi128_si256(tpp_halves_of(v + part + 4 * i));
            const __m256i both =
                _mm256_inserti128_si256(low, tpp_halves_of(v + part + 16 + 4 * i), 1);
            _mm256_store_si256((__m256i *)(void *)(halves + part + 8 * i), both);
        }
    }
}

static TPP_INLINE uint32_t tpp_pack_halves(const __m256i m[4])
{
    const __m256i bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(m[0], m[1]), _mm256_packs_epi32(m[2], m[3]));
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

/* Bit i: the half of double i is above `half`. */
static TPP_INLINE uint64_t tpp_halves_above(const int32_t *halves, int32_t half)
{
    const __m256i bound = _mm256_set1_epi32(half);
    uint64_t word = 0;
    for (unsigned part = 0; part < 64; part += 32) {
        __m256i holds[4];
        for (unsigned i = 0; i < 4; i++) {
            const __m256i x = _mm256_load_si256((const __m256i *)(const void *)(halves + part + 8 * i));
            holds[i] = _mm256_cmpgt_epi32(x, bound);
        }
        word |= (uint64_t)tpp_pack_halves(holds) << part;
    }
    return word;
}

/* Whether any half lies from `first` to `last`. */
static TPP_INLINE bool tpp_halves_any(const int32_t *halves, int32_t first, int32_t last)
{
    const __m256i least = _mm256_set1_epi32(first);
    __m256i any = _mm256_set1_epi32(-1);
    for (unsigned i = 0; i < 64; i += 8) {
        const __m256i x = _mm256_load_si256((const __m256i *)(const void *)(halves + i));
        any = _mm256_min_epu32(any, _mm256_sub_epi32(x, least));
    }
    const __m256i width = _mm256_set1_epi32((int32_t)((uint32_t)last - (uint32_t)first));
    const __m256i inside = _mm256_cmpeq_epi32(_mm256_min_epu32(any, width), any);
    return _mm256_testz_si256(inside, inside) == 0;
}

/* Bit i: flags[i] != 0. */
static TPP_INLINE uint64_t tpp_word_of_bytes(const uint8_t *flags)
{
    uint64_t word = 0;
    for (unsigned part = 0; part < 64; part += 32) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(flags + part));
        const __m256i zero = _mm256_cmpeq_epi8(x, _mm256_setzero_si256());
        word |= (uint64_t)~(uint32_t)_mm256_movemask_epi8(zero) << part;
    }
    return word;
}

/* out[i] = the largest of constant * x[i] over some vectors. */
static inline void tpp_maximum_of(double *restrict out, const double *const *x,
                                  const double *constant, uint32_t terms, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 16) {
        __m256d most[4];
        const __m256d first = _mm256_set1_pd(constant[0]);
        for (unsigned j = 0; j < 4; j++) {
            most[j] = _mm256_mul_pd(first, _mm256_loadu_pd(x[0] + i + 4 * j));
        }
        for (uint32_t t = 1; t < terms; t++) {
            const __m256d c = _mm256_set1_pd(constant[t]);
            for (unsigned j = 0; j < 4; j++) {
                const __m256d y = _mm256_mul_pd(c, _mm256_loadu_pd(x[t] + i + 4 * j));
                most[j] = _mm256_max_pd(most[j], y);
            }
        }
        for (unsigned j = 0; j < 4; j++) {
            _mm256_store_pd(out + i + 4 * j, most[j]);
        }
    }
}

/* Whether below <= v[i] < above for any i. */
static TPP_INLINE bool tpp_word_any_between(const double *v, double below, double above)
{
    const __m256d low = _mm256_set1_pd(below), high = _mm256_set1_pd(above);
    __m256d any = _mm256_setzero_pd();
    for (unsigned i = 0; i < 64; i += 4) {
        const __m256d x = _mm256_loadu_pd(v + i);
        any = _mm256_or_pd(any, _mm256_and_pd(_mm256_cmp_pd(x, low, _CMP_GE_OQ),
                                              _mm256_cmp_pd(x, high, _CMP_LT_OQ)));
    }
    return _mm256_movemask_pd(any) != 0;
}

/* True only if 2^-49 <= v[i] < 2^79 for all of n doubles, a multiple of 8: what a spec sheet holds,
 * zeros and blanks aside. The bit patterns of such doubles, less that of 2^-49, are below 2^59;
 * every other double, read as an unsigned integer, has one of the upper five bits set then. */
static inline bool tpp_all_usual(const double *v, uint32_t n)
{
    const __m256i shift = _mm256_set1_epi64x(-(INT64_C(974) << 52));
    __m256i any = _mm256_setzero_si256(), more = any;
    for (uint32_t i = 0; i < n; i += 8) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(v + i));
        const __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)(v + i + 4));
        any = _mm256_or_si256(any, _mm256_add_epi64(x, shift));
        more = _mm256_or_si256(more, _mm256_add_epi64(y, shift));
    }
    const __m256i upper = _mm256_srli_epi64(_mm256_or_si256(any, more), 59);
    return _mm256_testz_si256(upper, upper) != 0;
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

static TPP_INLINE bool tpp_word_any_between(const double *v, double below, double above)
{
    const __m128d low = _mm_set1_pd(below), high = _mm_set1_pd(above);
    __m128d any = _mm_setzero_pd();
    for (unsigned i = 0; i < 64; i += 2) {
        const __m128d x = _mm_loadu_pd(v + i);
        any = _mm_or_pd(any, _mm_and_pd(_mm_cmpge_pd(x, low), _mm_cmplt_pd(x, high)));
    }
    return _mm_movemask_pd(any) != 0;
}

static inline bool tpp_all_usual(const double *v, uint32_t n)
{
    const __m128i shift = _mm_set1_epi64x(-(INT64_C(974) << 52));
    __m128i any = _mm_setzero_si128();
    for (uint32_t i = 0; i < n; i += 2) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(v + i));
        if (i % 8 == 0) {
            }
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

static TPP_INLINE void tpp_halves(int32_t *restrict halves, const double *restrict v)
{
    for (unsigned i = 0; i < 64; i += 4) {
        const __m128 low = _mm_castpd_ps(_mm_loadu_pd(v + i));
        const __m128 high = _mm_castpd_ps(_mm_loadu_pd(v + i + 2));
        _mm_store_ps((float *)(void *)(halves + i), _mm_shuffle_ps(low, high, 0xDD));
    }
}

static TPP_INLINE uint64_t tpp_halves_above(const int32_t *halves, int32_t half)
{
    const __m128i bound = _mm_set1_epi32(half);
    uint64_t word = 0;
    for (unsigned part = 0; part < 64; part += 16) {
        __m128i holds[4];
        for (unsigned i = 0; i < 4; i++) {
            const __m128i x = _mm_load_si128((const __m128i *)(const void *)(halves + part + 4 * i));
            holds[i] = _mm_cmpgt_epi32(x, bound);
        }
        const __m128i bytes = _mm_packs_epi16(_mm_packs_epi32(holds[0], holds[1]),
                                              _mm_packs_epi32(holds[2], holds[3]));
        word |= (uint64_t)(unsigned)_mm_movemask_epi8(bytes) << part;
    }
    return word;
}

static TPP_INLINE bool tpp_halves_any(const int32_t *halves, int32_t first, int32_t last)
{
    const __m128i below = _mm_set1_epi32(first), above = _mm_set1_epi32(last);
    __m128i any = _mm_setzero_si128();
    for (unsigned i = 0; i < 64; i += 4) {
        const __m128i x = _mm_load_si128((const __m128i *)(const void *)(halves + i));
        const __m128i outside = _mm_or_si128(_mm_cmplt_epi32(x, below), _mm_cmpgt_epi32(x, above));
        any = _mm_or_si128(any, _mm_cmpeq_epi32(outside, _mm_setzero_si128()));
    }
    return _mm_movemask_epi8(any) != 0;
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

static TPP_INLINE bool tpp_word_any_between(const double *v, double below, double above)
{
    bool any = false;
    for (unsigned i = 0; i < 64; i++) {
        any |= v[i] >= below && v[i] < above;
    }
    return any;
}

static inline bool tpp_all_usual(const double *v, uint32_t n)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, v + i, sizeof bits);
        any |= bits - (UINT64_C(974) << 52);
    }
    return any >> 59 == 0;
}

static TPP_INLINE uint64_t tpp_word_at_least(const double *v, double bound)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++) {
        word |= (uint64_t)(v[i] >= bound) << i;
    }
    return word;
}

static TPP_INLINE void tpp_halves(int32_t *restrict halves, const double *restrict v)
{
    for (unsigned i = 0; i < 64; i++) {
        int64_t bits;
        memcpy(&bits, v + i, sizeof bits);
        halves[i] = (int32_t)(bits >> 32);
    }
}

static TPP_INLINE uint64_t tpp_word_of_bytes(const uint8_t *flags)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++) {
        word |= (uint64_t)(flags[i] != 0) << i;
    }
    return word;
}

static TPP_INLINE uint64_t tpp_halves_above(const int32_t *halves, int32_t half)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 64; i++) {
        word |= (uint64_t)(halves[i] > half) << i;
    }
    return word;
}

static TPP_INLINE bool tpp_halves_any(const int32_t *halves, int32_t first, int32_t last)
{
    bool any = false;
    for (unsigned i = 0; i < 64; i++) {
        any |= halves[i] >= first && halves[i] <= last;
    }
    return any;
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

/* The same for floats: 2^-49 <= v[i] < 2^79. Compilers vectorise it. */
static inline bool tpp_all_usual32(const float *v, uint32_t n)
{
    uint32_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, v + i, sizeof bits);
        any |= bits - (UINT32_C(78) << 23);
    }
    return any >> 30 == 0;
}

#if !defined(__AVX2__)

static inline void tpp_maximum_of(double *restrict out, const double *const *x,
                                  const double *constant, uint32_t terms, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 8) {
        double most[8];
        for (unsigned j = 0; j < 8; j++) {
            most[j] = constant[0] * x[0][i + j];
        }
        for (uint32_t t = 1; t < terms; t++) {
            for (unsigned j = 0; j < 8; j++) {
                const double y = constant[t] * x[t][i + j];
                most[j] = most[j] > y ? most[j] : y;
            }
        }
        for (unsigned j = 0; j < 8; j++) {
            out[i + j] = most[j];
        }
    }
}

#endif

#endif
