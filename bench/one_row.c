/* One row at a time, `times` times in turn over `count` of them: what an embedding C program pays,
 * without Python. Built by bench/one_chip.py. */
#include "tppcore.h"

typedef tpp_status evaluate(const tpp_program *, const tpp_column *, uint64_t, uint64_t,
                            uint64_t *const *, uint64_t *const *, tpp_error *);
typedef tpp_status decide(const tpp_program *, const double *, const double *, const double *,
                          int8_t *, tpp_error *);

int one_row(evaluate *call, const tpp_program *program, const tpp_column *const *tables,
            uint64_t count, uint64_t *const *values, uint64_t *const *valid, uint64_t times);
int one_row_decide(decide *call, const tpp_program *program, const double *const *rows,
                   uint64_t count, int8_t *verdicts, uint64_t times);

/* tpp_evaluate on tables of one row. */
int one_row(evaluate *call, const tpp_program *program, const tpp_column *const *tables,
            uint64_t count, uint64_t *const *values, uint64_t *const *valid, uint64_t times)
{
    int status = TPP_OK;
    for (uint64_t i = 0; i < times; i++)
        status |= call(program, tables[i % count], 0, 1, values, valid, NULL);
    return status;
}

/* tpp_decide on rows of doubles. */
int one_row_decide(decide *call, const tpp_program *program, const double *const *rows,
                   uint64_t count, int8_t *verdicts, uint64_t times)
{
    int status = TPP_OK;
    for (uint64_t i = 0; i < times; i++)
        status |= call(program, rows[i % count], NULL, NULL, verdicts, NULL);
    return status;
}
