/**
 * The block evaluator. block.c is compiled once for every instruction set; kernel.c chooses.
 */
#ifndef TPP_BLOCK_H
#define TPP_BLOCK_H

#include "tppcore.h"

/* An input that the caller has in vectors already, of whole words of rows and of numbers that need no
 * check; without them it is read from its column. The column says the same, in its low and high ends
 * or its booleans, for the rows that are decided one by one. */
typedef struct {
    const double *low;
    const double *high;      /* infinity where unbounded; `low` where they are equal in every row */
    const uint64_t *met;     /* of a boolean, in their place: the rows where it is true, */
    const uint64_t *possible; /* and those where it may be */
} tpp_ready;

/* As tpp_evaluate and tpp_metrics, arguments checked. */
typedef struct tpp_block_kernel {
    const char *name;
    tpp_status (*evaluate)(const tpp_program *program, const tpp_column *columns, uint64_t row,
                           uint64_t end, uint64_t *const *value_bits, uint64_t *const *valid_bits,
                           tpp_error *error);
    /* The same of the first `rows` rows, up to TPP_BLOCK; one of `ready` an input. */
    tpp_status (*decide)(const tpp_program *program, const tpp_column *columns,
                         const tpp_ready *ready, uint32_t rows, uint64_t *const *value_bits,
                         uint64_t *const *valid_bits, tpp_error *error);
    tpp_status (*metrics)(const tpp_program *program, const tpp_column *columns, uint64_t row,
                          uint64_t end, double *const *low, double *const *high,
                          tpp_error *error);
} tpp_block_kernel;

extern const tpp_block_kernel tpp_block_portable;
#if defined(TPP_WITH_AVX2)
extern const tpp_block_kernel tpp_block_avx2;
#endif

/* The kernel that TPPCORE_KERNEL names, NULL if there is none; else the fastest one here. */
const tpp_block_kernel *tpp_block_kernel_choose(void);

/* A kernel by its name; NULL if there is none, or not for this processor. */
const tpp_block_kernel *tpp_block_kernel_named(const char *name);

#endif
