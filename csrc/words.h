/**
 * The loops of 64 rows that compilers do not vectorise by themselves, for block.c alone: one file an
 * instruction set, of which every translation unit gets the widest that its flags allow. All have
 * the same functions, which words_plain.h says in plain C.
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
#include "words_avx2.h"
#elif defined(__SSE2__)
#include "words_sse2.h"
#else
#include "words_plain.h"
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

#endif
