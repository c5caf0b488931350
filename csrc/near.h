/**
 * Rows of a block in which a comparison of doubles proves nothing: they are decided again, exactly.
 */
#ifndef TPP_NEAR_H
#define TPP_NEAR_H

#include "program.h"

/* What the tests of a block came to; bit i % 64 of word i / 64 is row i of the block. */
typedef struct {
    uint64_t literal[TPP_MAX_CUTS][2][TPP_BLOCK_WORDS]; /* [0]: possible; [1]: its negation is */
    uint64_t near[TPP_MAX_CUTS][TPP_BLOCK_WORDS]; /* of the cuts in near_cuts */
    uint64_t near_cuts[TPP_MAX_CUTS / 64];
    uint64_t any_near[TPP_BLOCK_WORDS];
} tpp_outcome;

/* Rows of a table: `words` words of them, of which `mask` are there and `rated` state a rate. */
typedef struct {
    const tpp_program *program;
    const tpp_column *columns;
    uint64_t row;
    uint32_t words;
    const uint64_t *mask;
    const uint64_t *rated;
} tpp_rows;

/* Writes the literals of all near rows over. TPP_ERROR_WIDTH where exact numbers outgrow theirs. */
tpp_status tpp_near_decide(const tpp_rows *rows, tpp_outcome *outcome, tpp_error *error);

/* Both ends of the metrics in all near rows: a choice between formulas that is near may have been
 * that of the wrong one. Element 0 of `low[m]` and `high[m]` is row 0 of the table. */
tpp_status tpp_near_report(const tpp_rows *rows, const tpp_outcome *outcome, double *const *low,
                           double *const *high, tpp_error *error);

#endif
