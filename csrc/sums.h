/**
 * Adding up the parts of systems. sums.c is compiled once for every instruction set; sums_kernel.c
 * chooses. All of them give the same numbers where these are settled (see items.h).
 */
#ifndef TPP_SUMS_H
#define TPP_SUMS_H

#include "parts.h"

enum {
    TPP_GROUP = 64, /* systems of which bits are a word */
    TPP_FEW = 32    /* systems whose rows of sums are in the L1 cache beside the table of items */
};

typedef struct tpp_sums_kernel {
    const char *name;
    /* Where the parts of some systems end, from `first` on; false if an offset is wrong or they are
     * more than `most`. */
    bool (*offsets)(const tpp_parts *parts, uint64_t system, uint32_t systems, uint32_t most,
                    uint64_t *first, uint32_t *end);
    /* The rows and counts of parts [first, first + n); false if any is null or wrong. */
    bool (*read)(const tpp_items *items, const tpp_parts *parts, uint64_t first, uint32_t n,
                 uint32_t *row, double *count);
    /* Adds up the parts of `systems` systems, each from row[end[s]] to row[end[s + 1]] and not empty:
     * one row a system, like those of the table. */
    void (*add)(const tpp_items *items, const uint32_t *row, const double *count,
                const uint32_t *end, uint32_t systems, double *sum);
    /* Turns the rows of TPP_FEW systems into columns of doubles, and of words of sets as they are:
     * elements at, at + 1 ... of to[lane], which is NULL where it is not wanted. `largest`: of every
     * lane of doubles so far, in units. */
    void (*spread)(const tpp_items *items, const double *sum, double *const *to, uint32_t at,
                   double *largest);
    /* Both for a whole group in one go, from its first element on; false if this kernel does not. */
    bool (*total)(const tpp_items *items, const uint32_t *row, const double *count,
                  const uint32_t *end, double *const *to, double *largest);
    /* The sets of a group, TPP_GROUP first words and so on, by element: bit s of out[e] is element e of system s. */
    void (*turn)(const tpp_items *items, const uint64_t *set, uint64_t *out);
    /* The high ends of a group: infinity where `open` has a bit, else those of `in`. */
    void (*open)(const double *in, uint64_t open, double *out);
    /* Bits as booleans: 1 where `met`, else missing where `possible`, else 0. */
    void (*flags)(uint64_t met, uint64_t possible, uint8_t *out);
    /* Writes 8 words, past the caches. */
    void (*stream)(uint64_t *out, const uint64_t *words);
    void (*stream_end)(void);
} tpp_sums_kernel;

extern const tpp_sums_kernel tpp_sums_portable;
#if defined(TPP_WITH_AVX2)
extern const tpp_sums_kernel tpp_sums_avx2;
#endif

/* The kernel that TPPCORE_KERNEL names, NULL if there is none; else the fastest one here. */
const tpp_sums_kernel *tpp_sums_kernel_choose(void);

#endif
