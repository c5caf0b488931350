#include "near.h"

#include "error.h"
#include "exact.h"

static bool has(const uint64_t *set, uint32_t at)
{
    return (set[at / 64] >> at % 64 & 1) != 0;
}

/* One near row: the cuts that are near, or all if a choice between formulas is. */
static tpp_status decide_row(const tpp_rows *rows, uint32_t at, tpp_outcome *outcome)
{
    const tpp_program *program = rows->program;
    const uint32_t w = at / 64, bit = at % 64;
    uint64_t wanted[TPP_MAX_CUTS / 64] = {0};
    uint64_t possible[TPP_MAX_CUTS / 64], certain[TPP_MAX_CUTS / 64];
    bool chooses = false;
    for (uint32_t c = 0; c < program->cuts; c++) {
        const bool near = has(outcome->near_cuts, c) && has(outcome->near[c], at);
        wanted[c / 64] |= (uint64_t)near << c % 64;
        chooses |= near && program->cut[c].selects;
    }
    for (uint32_t c = 0; c < program->cuts && chooses; c++) {
        wanted[c / 64] |= UINT64_C(1) << c % 64;
    }
    const tpp_status status = tpp_exact_cuts(program, rows->columns, rows->row + at,
                                             has(rows->rated, at), wanted, possible, certain);
    for (uint32_t c = 0; c < program->cuts && status == TPP_OK; c++) {
        if (has(wanted, c)) {
            const uint64_t row = UINT64_C(1) << bit;
            const uint64_t may = has(possible, c), must_not = !has(certain, c);
            uint64_t *can_hold = &outcome->literal[c][0][w], *can_fail = &outcome->literal[c][1][w];
            *can_hold = (*can_hold & ~row) | may << bit;
            *can_fail = (*can_fail & ~row) | must_not << bit;
        }
    }
    return status;
}

tpp_status tpp_near_decide(const tpp_rows *rows, tpp_outcome *outcome, tpp_error *error)
{
    for (uint32_t w = 0; w < rows->words; w++) {
        for (uint64_t left = outcome->any_near[w] & rows->mask[w]; left != 0; left &= left - 1) {
            const uint32_t at = 64 * w + (uint32_t)__builtin_ctzll(left);
            const tpp_status status = decide_row(rows, at, outcome);
            if (status != TPP_OK) {
                return tpp_error_number(error, status, rows->row + at, 0, TPP_PART_VALUE, 0.0);
            }
        }
    }
    return TPP_OK;
}

static tpp_status report_row(const tpp_rows *rows, uint32_t at, double *const *low,
                             double *const *high)
{
    const uint64_t row = rows->row + at;
    tpp_status status = TPP_OK;
    for (uint32_t m = 0; m < rows->program->metrics && status == TPP_OK; m++) {
        status = tpp_exact_metric(rows->program, rows->columns, row, has(rows->rated, at), m,
                                  &low[m][row], &high[m][row]);
    }
    return status;
}

tpp_status tpp_near_report(const tpp_rows *rows, const tpp_outcome *outcome, double *const *low,
                           double *const *high, tpp_error *error)
{
    for (uint32_t w = 0; w < rows->words; w++) {
        for (uint64_t left = outcome->any_near[w] & rows->mask[w]; left != 0; left &= left - 1) {
            const uint32_t at = 64 * w + (uint32_t)__builtin_ctzll(left);
            const tpp_status status = report_row(rows, at, low, high);
            if (status != TPP_OK) {
                return tpp_error_number(error, status, rows->row + at, 0, TPP_PART_VALUE, 0.0);
            }
        }
    }
    return TPP_OK;
}
