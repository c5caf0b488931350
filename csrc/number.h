/** The numbers of a table, one row at a time: what they mean, and which are refused. */
#ifndef TPP_NUMBER_H
#define TPP_NUMBER_H

#include "cell.h"
#include "program.h"

/* A quantity in one row: a value (both ends are equal) or a range. */
typedef struct {
    tpp_decimal low;
    tpp_decimal high;
    bool is_open; /* there is no high end */
} tpp_number;

/* Reads an input of a row whose numbers are valid; `rated` where the row states any peak rate. */
tpp_number tpp_number_read(const tpp_program *program, const tpp_column *columns, uint64_t row,
                           bool rated, uint32_t input);

/* What an input means in a row that says nothing of it. */
tpp_number tpp_number_absent(const tpp_input *input, bool rated);

/* The double whose shortest decimal a number is (a float is widened); NaN where missing. False where
 * a number has more digits than a double carries; `value` is then the nearest double. */
bool tpp_number_double(const tpp_column *column, uint64_t row, double *value);

/* Checks all numbers of the rows [row, row + count): TPP_OK, or the first error. */
tpp_status tpp_number_check(const tpp_program *program, const tpp_column *columns, uint64_t row,
                            uint32_t count, tpp_error *error);

#endif
