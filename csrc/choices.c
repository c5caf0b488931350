#include "choices.h"

#include "cell.h"
#include "error.h"

static bool is_bad(double x, uint32_t choices)
{
    return !isnan(x) && !tpp_is_choice(x, choices);
}

static double end_of(const double *end, uint64_t row)
{
    return end != NULL ? end[row] : NAN;
}

static tpp_status check_cell(const tpp_input *input, const tpp_column *column, uint64_t row,
                             tpp_part *part, double *number)
{
    if (input->no_range && tpp_has_end(column, row)) {
        *part = isnan(end_of(column->low, row)) ? TPP_PART_HIGH : TPP_PART_LOW;
        *number = end_of(*part == TPP_PART_LOW ? column->low : column->high, row);
        return TPP_ERROR_NO_RANGE;
    }
    const double parts[3] = {tpp_cell_approx(column, row), end_of(column->low, row),
                             end_of(column->high, row)};
    for (int i = 0; i < 3 && input->choices > 0; i++) {
        if (is_bad(parts[i], input->choices)) {
            *part = (tpp_part)i;
            *number = parts[i];
            return input->kind == TPP_QUANTITY_BOOLEAN ? TPP_ERROR_NOT_BOOLEAN
                                                       : TPP_ERROR_CATEGORY;
        }
    }
    return TPP_OK;
}

/* A flag of one byte has no other values, and is told elsewhere if it has. */
static bool is_safe(const tpp_input *input, const tpp_column *column)
{
    const bool has_range = column->low != NULL || column->high != NULL;
    return !input->given || (!has_range && (input->choices == 0 || column->values == NULL ||
                                            (column->kind == TPP_BOOLEAN && input->choices == 2)));
}

tpp_status tpp_choices_check(const tpp_program *program, const tpp_column *columns, uint64_t row,
                             uint64_t end, tpp_error *error)
{
    tpp_status status = TPP_OK;
    for (uint32_t i = 0; i < program->inputs && program->is_choosy; i++) {
        const tpp_input *input = &program->input[i];
        if ((input->choices == 0 && !input->no_range) || is_safe(input, &columns[i])) {
            continue;
        }
        for (uint64_t at = row; at < end; at++) {
            tpp_part part;
            double number;
            const tpp_status found = check_cell(input, &columns[i], at, &part, &number);
            if (found != TPP_OK) {
                status = tpp_error_number(error, found, at, i, part, number);
                end = at; /* a later input may be wrong in an earlier row */
                break;
            }
        }
    }
    return status;
}
