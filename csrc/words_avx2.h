/** words.h in 256-bit vectors. */
#ifndef TPP_WORDS_AVX2_H
#define TPP_WORDS_AVX2_H

#include <immintrin.h>

/* Words of bits, as many as a register holds. */
typedef uint64_t tpp_vector __attribute__((vector_size(32), aligned(8), may_alias));

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

/* The ranks of 16 doubles in their order. Shuffles and packs work within 128-bit halves and leave
 * pairs of rows apart, which one permutation of pairs mends. */
static TPP_INLINE __m256i tpp_ranks_of(const double *v, __m256i offset, __m128i shift)
{
    __m256i rank[2];
    for (unsigned i = 0; i < 2; i++) {
        const __m256 low = _mm256_castpd_ps(_mm256_loadu_pd(v + 8 * i));
        const __m256 high = _mm256_castpd_ps(_mm256_loadu_pd(v + 8 * i + 4));
        const __m256i halves = _mm256_castps_si256(_mm256_shuffle_ps(low, high, 0xDD));
        rank[i] = _mm256_sub_epi32(_mm256_sra_epi32(halves, shift), offset);
    }
    return _mm256_permutevar8x32_epi32(_mm256_packs_epi32(rank[0], rank[1]),
                                       _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* The ranks of n doubles (see rank.h), 64 a word. Of every 32, rows 8 to 15 and 16 to 23 change
 * places, so that packing two vectors to bytes leaves all in order. */
static inline void tpp_ranks(int16_t *restrict ranks, const double *restrict v, int32_t offset,
                             uint32_t shift, uint32_t n)
{
    const __m256i less = _mm256_set1_epi32(offset);
    const __m128i right = _mm_cvtsi32_si128((int)shift);
    for (uint32_t i = 0; i < n; i += 32) {
        const __m256i one = tpp_ranks_of(v + i, less, right);
        const __m256i two = tpp_ranks_of(v + i + 16, less, right);
        _mm256_store_si256((__m256i *)(void *)(ranks + i), _mm256_permute2x128_si256(one, two, 0x20));
        _mm256_store_si256((__m256i *)(void *)(ranks + i + 16),
                           _mm256_permute2x128_si256(one, two, 0x31));
    }
}

static TPP_INLINE __m256i tpp_ranks_at(const int16_t *ranks)
{
    return _mm256_load_si256((const __m256i *)(const void *)ranks);
}

/* Bit i: rank i is below `bound`. */
static TPP_INLINE uint64_t tpp_ranks_below(const int16_t *ranks, int16_t bound)
{
    const __m256i bounds = _mm256_set1_epi16(bound);
    uint64_t word = 0;
    for (unsigned part = 0; part < 64; part += 32) {
        const __m256i low = _mm256_cmpgt_epi16(bounds, tpp_ranks_at(ranks + part));
        const __m256i high = _mm256_cmpgt_epi16(bounds, tpp_ranks_at(ranks + part + 16));
        const uint32_t bits = (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(low, high));
        word |= (uint64_t)bits << part;
    }
    return word;
}

/* Whether any of n ranks, a multiple of 64, lies from `first` to `last`. */
static inline bool tpp_ranks_any(const int16_t *ranks, int16_t first, int16_t last, uint32_t n)
{
    const __m256i least = _mm256_set1_epi16(first);
    const __m256i most = _mm256_set1_epi16(-1);
    __m256i any[4] = {most, most, most, most};
    for (uint32_t i = 0; i < n; i += 64) {
        for (unsigned j = 0; j < 4; j++) {
            const __m256i above = _mm256_sub_epi16(tpp_ranks_at(ranks + i + 16 * j), least);
            any[j] = _mm256_min_epu16(any[j], above);
        }
    }
    const __m256i nearest =
        _mm256_min_epu16(_mm256_min_epu16(any[0], any[1]), _mm256_min_epu16(any[2], any[3]));
    const __m256i width = _mm256_set1_epi16((int16_t)(last - first));
    const __m256i inside = _mm256_cmpeq_epi16(_mm256_min_epu16(nearest, width), nearest);
    return _mm256_testz_si256(inside, inside) == 0;
}

/* Writes 8 words past the caches where they fill a line: what nobody reads soon need not be read
 * before it is written, nor push out what is. */
static TPP_INLINE void tpp_stream(uint64_t *out, const uint64_t *words)
{
    if (((uintptr_t)out & 63) != 0) {
        memcpy(out, words, 8 * sizeof *out);
        return;
    }
    for (unsigned i = 0; i < 8; i += 4) {
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(words + i));
        _mm256_stream_si256((__m256i *)(void *)(out + i), x);
    }
}

static inline void tpp_stream_end(void)
{
    _mm_sfence();
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
    for (uint32_t i = 0; i < n; i += 32) {
        __m256d most[8];
        const __m256d first = _mm256_set1_pd(constant[0]);
        for (unsigned j = 0; j < 8; j++) {
            most[j] = _mm256_mul_pd(first, _mm256_loadu_pd(x[0] + i + 4 * j));
        }
        for (uint32_t t = 1; t < terms; t++) {
            const __m256d c = _mm256_set1_pd(constant[t]);
            const double *from = x[t] + i;
            for (unsigned j = 0; j < 8; j++) {
                most[j] = _mm256_max_pd(most[j], _mm256_mul_pd(c, _mm256_loadu_pd(from + 4 * j)));
            }
        }
        for (unsigned j = 0; j < 8; j++) {
            _mm256_store_pd(out + i + 4 * j, most[j]);
        }
    }
}

/* True only if every v[i] is usual (see below), NaN or, with `zeros`, 0. Bit i of `given`: v[i] is
 * not NaN. */
static TPP_INLINE bool tpp_word_plain(const double *v, bool zeros, uint64_t *given)
{
    const __m256i shift = _mm256_set1_epi64x(-(INT64_C(974) << 52));
    const __m256d zero = _mm256_setzero_pd();
    __m256i any = _mm256_setzero_si256();
    uint64_t word = 0;
    for (unsigned half = 0; half < 64; half += 32) {
        __m256d there[8];
        for (unsigned i = 0; i < 8; i++) {
            const __m256d x = _mm256_loadu_pd(v + half + 4 * i);
            there[i] = _mm256_cmp_pd(x, x, _CMP_ORD_Q);
            const __m256d asked = zeros ? _mm256_cmp_pd(x, zero, _CMP_NEQ_OQ) : there[i];
            const __m256i shifted = _mm256_add_epi64(_mm256_castpd_si256(x), shift);
            any = _mm256_or_si256(any, _mm256_and_si256(shifted, _mm256_castpd_si256(asked)));
        }
        word |= (uint64_t)tpp_pack(there) << half;
    }
    *given = word;
    const __m256i upper = _mm256_srli_epi64(any, 59);
    return _mm256_testz_si256(upper, upper) != 0;
}

/* True only if 2^-49 <= v[i] < 2^79 for all of n doubles, a multiple of 64: what a spec sheet holds,
 * zeros and blanks aside. The bit patterns of such doubles, less that of 2^-49, are below 2^59;
 * every other double, read as an unsigned integer, has one of the upper five bits set then. */
static inline bool tpp_all_usual(const double *v, uint32_t n)
{
    const __m256i shift = _mm256_set1_epi64x(-(INT64_C(974) << 52));
    __m256i any[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(),
                      _mm256_setzero_si256()};
    for (uint32_t i = 0; i < n; i += 32) {
        for (unsigned j = 0; j < 8; j++) {
            const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(v + i + 4 * j));
            any[j % 4] = _mm256_or_si256(any[j % 4], _mm256_add_epi64(x, shift));
        }
    }
    const __m256i all = _mm256_or_si256(_mm256_or_si256(any[0], any[1]),
                                        _mm256_or_si256(any[2], any[3]));
    const __m256i upper = _mm256_srli_epi64(all, 59);
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

#endif
