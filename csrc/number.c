#include "number.h"

#include <math.h>

#include "error.h"

enum { MISSING = 255 };

/* The value, or NaN. */
static double read_value(const tpp_column *column, uint64_t row)
{
    if (column->values == NULL) {
        return NAN;
    }
    if (column->kind != TPP_BOOLEAN) {
        return ((const double *)column->values)[row];
    }
    const uint8_t flag = ((const uint8_t *)column->values)[row];
    return flag != MISSING ? flag : NAN;
}

static double read_end(const double *end, uint64_t row)
{
    return end != NULL ? end[row] : NAN;
}

tpp_number tpp_number_read(const tpp_program *program, const tpp_column *columns, uint64_t row,
                           bool rated, uint32_t input)
{
    const tpp_input *entry = &program->input[input];
    const tpp_column *column = &columns[input];
    if (entry->given) {
        const double value = read_value(column, row);
        if (!isnan(value)) {
            return (tpp_number){value, value, false};
        }
        const double low = read_end(column->low, row), high = read_end(column->high, row);
        if (!isnan(low) || !isnan(high)) {
            return (tpp_number){isnan(low) ? 0.0 : low, isnan(high) ? HUGE_VAL : high, false};
        }
    }
    if (entry->has_default) {
        return (tpp_number){entry->fill.approx, entry->fill.approx, true};
    }
    const bool is_zero = entry->closed_list && !entry->open_unlisted && rated;
    return (tpp_number){0.0, is_zero ? 0.0 : HUGE_VAL, false};
}

static tpp_status check_one(const tpp_input *input, double value)
{
    if (isnan(value) || (value >= TPP_SMALLEST && value <= TPP_LARGEST)) {
        return TPP_OK;
    }
    if (value == 0.0) {
        return input->positive ? TPP_ERROR_ZERO : TPP_OK;
    }
    return isinf(value) ? TPP_ERROR_NOT_FINITE : value < 0 ? TPP_ERROR_NEGATIVE : TPP_ERROR_RANGE;
}

static tpp_status check_row(const tpp_input *input, const tpp_column *column, uint64_t row,
                            tpp_part *part, double *number)
{
    const double value = read_value(column, row);
    const double low = read_end(column->low, row), high = read_end(column->high, row);
    const double numbers[3] = {value, low, high};
    for (int i = 0; i < 3; i++) {
        *part = (tpp_part)i;
        *number = numbers[i];
        const tpp_status status = check_one(input, numbers[i]);
        if (status != TPP_OK) {
            return status;
        }
    }
    *part = TPP_PART_VALUE;
    *number = value;
    if (column->kind == TPP_BOOLEAN && value > 1.0) {
        return TPP_ERROR_NOT_BOOLEAN;
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
    *value = read_value(column, row);
    return true;
}
