/** words.h in plain C, for any processor; it says what the functions of the others do. */
#ifndef TPP_WORDS_PLAIN_H
#define TPP_WORDS_PLAIN_H

#include "words_any.h"

/* Bytes of 0 or 1, which compilers fill in vectors, as bits: a product moves 8 of them to the upper
 * byte, 2^(8 i) * 2^(56 - 7 i) = 2^(56 + i). */
static TPP_INLINE uint64_t tpp_bits_of(const uint8_t bytes[64])
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t eight = 0;
        for (unsigned j = 0; j < 8; j++) {
            eight |= (uint64_t)bytes[8 * i + j] << 8 * j;
        }
        word |= (eight * UINT64_C(0x0102040810204080) >> 56) << 8 * i;
    }
    return word;
}

/* Bit i: v[i] >= bound. */
static TPP_INLINE uint64_t tpp_word_at_least(const double *v, double bound)
{
    uint8_t holds[64];
    for (unsigned i = 0; i < 64; i++) {
        holds[i] = v[i] >= bound;
    }
    return tpp_bits_of(holds);
}

/* Bit i: v[i] is NaN. */
static inline uint64_t tpp_word_nan(const double *v)
{
    uint8_t holds[64];
    for (unsigned i = 0; i < 64; i++) {
        holds[i] = v[i] != v[i];
    }
    return tpp_bits_of(holds);
}

/* Bit i: flags[i] != 0. */
static TPP_INLINE uint64_t tpp_word_of_bytes(const uint8_t *flags)
{
    uint8_t holds[64];
    for (unsigned i = 0; i < 64; i++) {
        holds[i] = flags[i] != 0;
    }
    return tpp_bits_of(holds);
}

/* True only if 2^-49 <= v[i] < 2^79 for all of n doubles, a multiple of 64: what a spec sheet holds,
 * zeros and blanks aside. The bit patterns of such doubles, less that of 2^-49, are below 2^59;
 * every other double, read as an unsigned integer, has one of the upper five bits set then. */
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

/* The ranks of n doubles (see rank.h), 64 a word, in any order that the two functions below know. */
static inline void tpp_ranks(int16_t *restrict ranks, const double *restrict v, int32_t offset,
                             uint32_t shift, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, v + i, sizeof bits);
        const int32_t rank = ((int32_t)(bits >> 32) >> shift) - offset;
        ranks[i] = (int16_t)(rank < INT16_MIN ? INT16_MIN : rank > INT16_MAX ? INT16_MAX : rank);
    }
}

/* Bit i: the rank of double i is below `bound`. */
static TPP_INLINE uint64_t tpp_ranks_below(const int16_t *ranks, int16_t bound)
{
    uint8_t holds[64];
    for (unsigned i = 0; i < 64; i++) {
        holds[i] = ranks[i] < bound;
    }
    return tpp_bits_of(holds);
}

/* Whether any of n ranks, a multiple of 64, lies from `first` to `last`. */
static inline bool tpp_ranks_any(const int16_t *ranks, int16_t first, int16_t last, uint32_t n)
{
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        any |= ranks[i] >= first && ranks[i] <= last;
    }
    return any;
}

#endif
