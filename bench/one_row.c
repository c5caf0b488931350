/* Calls tpp_evaluate on one row at a time, `times` times in turn over `count` tables of one row:
 * what an embedding C program pays, without Python. Built by bench/one_chip.py. */
#include "tppcore.h"

typedef tpp_status evaluate(const tpp_program *, const tpp_column *, uint64_t, uint64_t,
                            uint64_t *const *, uint64_t *const *, tpp_error *);

int one_row(evaluate *call, const tpp_program *program, const tpp_column *const *tables,
            uint64_t count, uint64_t *const *values, uint64_t *const *valid, uint64_t times);

int one_row(evaluate *call, const tpp_program *program, const tpp_column *const *tables,
            uint64_t count, uint64_t *const *values, uint64_t *const *valid, uint64_t times)
{
    int status = TPP_OK;
    for (uint64_t i = 0; i < times; i++)
        status |= call(program, tables[i % count], 0, 1, values, valid, NULL);
    return status;
}
