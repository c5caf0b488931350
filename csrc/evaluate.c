#include "block.h"
#include "choices.h"
#include "error.h"
#include "program.h"
#include "row.h"

static bool is_bad_table(const tpp_program *program, const tpp_column *columns, uint64_t row_begin,
                         uint64_t row_end)
{
    if (program == NULL || (columns == NULL && program->inputs > 0) || row_begin > row_end) {
        return true;
    }
    for (uint32_t i = 0; i < program->inputs; i++) {
        if ((unsigned)columns[i].kind >= TPP_KIND_COUNT) {
            return true;
        }
    }
    return false;
}

TPP_API tpp_status tpp_evaluate(const tpp_program *program, const tpp_column *columns,
                                uint64_t row_begin, uint64_t row_end, uint64_t *const *value_bits,
                                uint64_t *const *valid_bits, tpp_error *error)
{
    if (is_bad_table(program, columns, row_begin, row_end) || row_begin % 64 != 0 ||
        ((value_bits == NULL || valid_bits == NULL) && program->paragraphs > 0)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    const tpp_status status = tpp_choices_check(program, columns, row_begin, row_end, error);
    if (status != TPP_OK) {
        return status;
    }
    if (tpp_row_takes(program, row_end - row_begin)) {
        return tpp_row_evaluate(program, columns, row_begin, row_end, value_bits, valid_bits,
                                error);
    }
    return program->kernel->evaluate(program, columns, row_begin, row_end, value_bits, valid_bits,
                                     error);
}

TPP_API tpp_status tpp_decide(const tpp_program *program, const double *values, const double *low,
                              const double *high, int8_t *verdicts, tpp_error *error)
{
    if (program == NULL || (values == NULL && program->inputs > 0) ||
        (verdicts == NULL && program->paragraphs > 0)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    return tpp_row_decide(program, values, low, high, verdicts, error);
}

TPP_API tpp_status tpp_metrics(const tpp_program *program, const tpp_column *columns,
                               uint64_t row_begin, uint64_t row_end, double *const *low,
                               double *const *high, tpp_error *error)
{
    if (is_bad_table(program, columns, row_begin, row_end) ||
        ((low == NULL || high == NULL) && program->metrics > 0)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    const tpp_status status = tpp_choices_check(program, columns, row_begin, row_end, error);
    if (status != TPP_OK) {
        return status;
    }
    return program->kernel->metrics(program, columns, row_begin, row_end, low, high, error);
}
