/**
 * One cell of a column: the number that it holds, whichever way that lies in memory. A float stands
 * for its shortest decimal, an integer and a decimal for themselves.
 */
#ifndef TPP_CELL_H
#define TPP_CELL_H

#include <stdbool.h>

#include "decimal.h"
#include "tppcore.h"

#define TPP_SMALLEST 1e-15
#define TPP_LARGEST 1e24

enum { TPP_MISSING = 255 }; /* of a boolean */

/* Bytes of a number, by the kind of its column; 0 of a bit. */
extern const uint8_t tpp_kind_size[TPP_KIND_COUNT];

/* Bit `at` of a bitmap, the least bit of a byte first. */
static inline bool tpp_bit(const void *bitmap, uint64_t at)
{
    return (((const uint8_t *)bitmap)[at / 8] >> at % 8 & 1) != 0;
}

/* Whether a cell is null by the bitmap of its column; `values` may say so too. */
static inline bool tpp_cell_is_null(const tpp_column *column, uint64_t row)
{
    return column->present != NULL && !tpp_bit(column->present, row + column->first_bit);
}

/* The double nearest to a cell, or of a float its value; NaN where missing. */
double tpp_cell_approx(const tpp_column *column, uint64_t row);

/* The decimal of a cell that is there and valid. Its mantissa may end in zeros. */
tpp_decimal tpp_cell_decimal(const tpp_column *column, uint64_t row);

/* TPP_OK for a quantity or a missing cell, or why a number is none; `number` as tpp_cell_approx. */
tpp_status tpp_cell_check(const tpp_column *column, uint64_t row, double *number);

/* The same for a double; zero is a quantity here. */
tpp_status tpp_cell_check_double(double value);

#endif
