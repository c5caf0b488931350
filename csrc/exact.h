/** One row decided in exact rational arithmetic. */
#ifndef TPP_EXACT_H
#define TPP_EXACT_H

#include "program.h"

/**
 * Decides cuts of one row, whose numbers are valid.
 * @param rated whether the row states any peak rate
 * @param wanted a set of cuts: bit c % 64 of word c / 64
 * @param possible receives the bits of the wanted cuts that hold for some value of the row
 * @param certain receives the bits of those that hold for every value
 * @return TPP_OK, or TPP_ERROR_WIDTH
 */
tpp_status tpp_exact_cuts(const tpp_program *program, const tpp_column *columns, uint64_t row,
                          bool rated, const uint64_t *wanted, uint64_t *possible, uint64_t *certain);

/* A metric of one row, within 4 units in the last place; NaN where it does not apply. */
tpp_status tpp_exact_metric(const tpp_program *program, const tpp_column *columns, uint64_t row,
                            bool rated, uint32_t metric, double *low, double *high);

#endif
