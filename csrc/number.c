#include "number.h"

#include <math.h>

#include "error.h"

static const tpp_decimal ZERO = {0, 0, 0.0};

static double read_end(const double *end, uint64_t row)
{
    return end != NULL ? end[row] : NAN;
}

tpp_number tpp_number_absent(const tpp_input *input, bool rated)
{
    if (input->has_default) {
        return (tpp_number){input->fill, input->fill, false};
    }
    return (tpp_number){ZERO, ZERO, !(input->closed_list && !input->open_unlisted && rated)};
}

tpp_number tpp_number_read(const tpp_program *program, const tpp_column *columns, uint64_t row,
                           bool rated, uint32_t input)
{
    const tpp_input *entry = &program->input[input];
    const tpp_column *column = &columns[input];
    if (!entry->given) {
        return tpp_number_absent(entry, rated);
    }
    if (!isnan(tpp_cell_approx(column, row))) {
        const tpp_decimal value = tpp_decimal_strip(tpp_cell_decimal(column, row));
        return (tpp_number){value, value, false};
    }
    const double low = read_end(column->low, row), high = read_end(column->high, row);
    if (isnan(low) && isnan(high)) {
        return tpp_number_absent(entry, rated);
    }
    const bool is_open = !(high < HUGE_VAL);
    return (tpp_number){isnan(low) ? ZERO : tpp_decimal_strip(tpp_decimal_of(low)),
                        is_open ? ZERO : tpp_decimal_strip(tpp_decimal_of(high)), is_open};
}

static tpp_status check_zero(const tpp_input *input, tpp_status status, double number)
{
    return status == TPP_OK && number == 0.0 && input->positive ? TPP_ERROR_ZERO : status;
}

static tpp_status check_row(const tpp_input *input, const tpp_column *column, uint64_t row,
                            tpp_part *part, double *number)
{
    double value;
    const double low = read_end(column->low, row), high = read_end(column->high, row);
    tpp_status status = tpp_cell_check(column, row, &value);
    status = check_zero(input, status, value);
    *part = TPP_PART_VALUE;
    *number = value;
    if (status != TPP_OK) {
        return status;
    }
    const double ends[2] = {low, high};
    for (int i = 0; i < 2; i++) {
        status = check_zero(input, tpp_cell_check_double(ends[i]), ends[i]);
        if (status != TPP_OK) {
            *part = i == 0 ? TPP_PART_LOW : TPP_PART_HIGH;
            *number = ends[i];
            return status;
        }
    }
    if (!isnan(value) && !(isnan(low) && isnan(high))) {
        return TPP_ERROR_VALUE_AND_RANGE;
    }
    *part = TPP_PART_LOW;
    *number = low;
    return low > high ? TPP_ERROR_EMPTY_RANGE : TPP_OK;
}

tpp_status tpp_number_check(const tpp_program *program, const tpp_column *columns, uint64_t row,
                            uint32_t count, tpp_error *error)
{
    for (uint64_t at = row; at < row + count; at++) {
        for (uint32_t i = 0; i < program->inputs; i++) {
            if (!program->input[i].given) {
                continue;
            }
            tpp_part part;
            double number;
            const tpp_status status =
                check_row(&program->input[i], &columns[i], at, &part, &number);
            if (status != TPP_OK) {
                return tpp_error_number(error, status, at, i, part, number);
            }
        }
    }
    return TPP_OK;
}

bool tpp_number_double(const tpp_column *column, uint64_t row, double *value)
{
    return tpp_cell_check(column, row, value) != TPP_ERROR_DIGITS;
}
