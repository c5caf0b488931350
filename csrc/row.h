/**
 * Few rows, decided one at a time on plain numbers: a block costs the same for one row as for 64.
 */
#ifndef TPP_ROW_H
#define TPP_ROW_H

#include "row_view.h"

/* Up to so many rows one at a time take less than a block, which costs some 9 of them (measured on
 * doubles; 6 on integers). */
enum { TPP_FEW_ROWS = 6, TPP_FEW_WORDS = 4 };

/* Whether tpp_row_evaluate takes a call of so many rows; programs of very many cuts it does not. */
static inline bool tpp_row_takes(const tpp_program *program, uint64_t rows)
{
    return rows <= TPP_FEW_ROWS && program->row_view->words <= TPP_FEW_WORDS;
}

/* As tpp_evaluate, arguments checked, for rows that tpp_row_takes. */
tpp_status tpp_row_evaluate(const tpp_program *program, const tpp_column *columns, uint64_t row,
                            uint64_t end, uint64_t *const *value_bits, uint64_t *const *valid_bits,
                            tpp_error *error);

/* As tpp_decide, arguments checked, of any program. */
tpp_status tpp_row_decide(const tpp_program *program, const double *values, const double *low,
                          const double *high, int8_t *verdicts, tpp_error *error);

#endif
