/**
 * Adding up the parts of systems. sums.c is compiled once for every instruction set; tpp_sums_kernel_choose
 * chooses. All give the same numbers, to the bit.
 */
#ifndef TPP_SUMS_H
#define TPP_SUMS_H

#include "parts.h"

enum { TPP_GROUP = 64 }; /* systems that are added up together: a word of their bitmaps */

/* A column of numbers over systems for the program: a value, or else a range (see tpp_column). */
typedef struct {
    double *value;
    double *low;
    double *high;
} tpp_ends;

typedef struct tpp_sums_kernel {
    const char *name;
    /* The rows and counts of parts [first, first + n); false if any is null or wrong. */
    bool (*read)(const tpp_items *items, const tpp_parts *parts, uint64_t first, uint32_t n,
                 uint32_t *row, double *count);
    /* Adds the parts of `systems` systems up, each from row[end[s]] to row[end[s + 1]] and not
     * empty, to one row of `sum` a system. */
    void (*add)(const tpp_items *items, const uint32_t *row, const double *count,
                const uint32_t *end, uint32_t systems, uint64_t *sum);
    /* Turns the sums of a group into doubles, a column a lane of 64 elements; to[lane] is NULL where
     * it is not wanted. `largest`: of every lane, in units. */
    void (*spread)(const tpp_items *items, const uint64_t *sum, double *const *to,
                   double *largest);
    /* The sets of a group by element: bit s of set[e] is element e of system s. */
    void (*sets)(const tpp_items *items, const uint64_t *sum, uint64_t *set);
    /* Splits 64 numbers whose values are low ends into values and ranges. `high`: the high ends, or
     * NULL where they are the low ones; bit `figure` of open[s]: there is none. */
    void (*split)(const double *high, const uint64_t *open, uint32_t figure, tpp_ends out);
    /* Bits as booleans: 1 where `met`, else missing where `possible`, else 0. */
    void (*flags)(uint64_t met, uint64_t possible, uint8_t *out);
    /* Writes the verdicts on a leaf, 8 words, past the caches with `streams`. */
    void (*write)(const uint64_t *words, uint64_t *out, bool streams);
    void (*finish)(void);
} tpp_sums_kernel;

extern const tpp_sums_kernel tpp_sums_portable;
#if defined(TPP_WITH_AVX2)
extern const tpp_sums_kernel tpp_sums_avx2;
#endif

/* The kernel that TPPCORE_KERNEL names, NULL if there is none; else the fastest one here. */
const tpp_sums_kernel *tpp_sums_kernel_choose(void);

#endif
