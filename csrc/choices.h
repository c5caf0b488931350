/** Inputs that are not any number: flags and categories, and those that may not be a range. */
#ifndef TPP_CHOICES_H
#define TPP_CHOICES_H

#include <math.h>
#include <stdbool.h>

#include "program.h"

/* Whether a number is a whole one below `choices`. */
static inline bool tpp_is_choice(double x, uint32_t choices)
{
    return x >= 0.0 && x < choices && x == (double)(uint32_t)x;
}

/* Whether either end of a range is stated in a row. */
static inline bool tpp_has_end(const tpp_column *column, uint64_t row)
{
    return (column->low != NULL && !isnan(column->low[row])) ||
           (column->high != NULL && !isnan(column->high[row]));
}

/* Whether numbers that are any quantity are also what their inputs may be. TPP_OK,
 * TPP_ERROR_NOT_BOOLEAN, _CATEGORY or _NO_RANGE: of the first row, and in it the first input. */
tpp_status tpp_choices_check(const tpp_program *program, const tpp_column *columns, uint64_t row,
                             uint64_t end, tpp_error *error);

#endif
