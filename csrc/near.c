#include "near.h"

#include <string.h>

#include "error.h"
#include "exact.h"
#include "narrow.h"

enum { WORDS = TPP_MAX_CUTS / 64 };

static bool has(const uint64_t *set, uint32_t at)
{
    return (set[at / 64] >> at % 64 & 1) != 0;
}

static void write_literal(tpp_outcome *outcome, uint32_t cut, uint32_t at, bool may, bool must)
{
    const uint32_t w = at / 64, bit = at % 64;
    const uint64_t row = UINT64_C(1) << bit;
    uint64_t *can_hold = &outcome->literal[cut][0][w], *can_fail = &outcome->literal[cut][1][w];
    *can_hold = (*can_hold & ~row) | (uint64_t)may << bit;
    *can_fail = (*can_fail & ~row) | (uint64_t)!must << bit;
}

/* Some cuts of one row, as wide as it takes. */
static tpp_status decide_row(const tpp_rows *rows, uint32_t at, const uint64_t *wanted,
                             tpp_outcome *outcome)
{
    const tpp_program *program = rows->program;
    uint64_t possible[WORDS], certain[WORDS];
    const tpp_status status = tpp_exact_cuts(program, rows->columns, rows->row + at,
                                             has(rows->rated, at), wanted, possible, certain);
    for (uint32_t c = 0; c < program->cuts && status == TPP_OK; c++) {
        if (has(wanted, c)) {
            write_literal(outcome, c, at, has(possible, c), has(certain, c));
        }
    }
    return status;
}

/* All cuts of the rows in which a choice between formulas is near. */
static tpp_status decide_choices(const tpp_rows *rows, const uint64_t *chooses,
                                 tpp_outcome *outcome, uint32_t *at)
{
    uint64_t wanted[WORDS] = {0};
    for (uint32_t c = 0; c < rows->program->cuts; c++) {
        wanted[c / 64] |= UINT64_C(1) << c % 64;
    }
    for (*at = 0; *at < 64 * rows->words; ++*at) {
        if (has(chooses, *at)) {
            const tpp_status status = decide_row(rows, *at, wanted, outcome);
            if (status != TPP_OK) {
                return status;
            }
        }
    }
    return TPP_OK;
}

/* The near cuts of one tested node, and the rows in which any of them is near. */
typedef struct {
    uint32_t target;
    uint32_t cuts;
    tpp_narrow_cut cut[TPP_MAX_CUTS];
    uint64_t any[TPP_BLOCK_WORDS];
} group;

static void collect(const tpp_rows *rows, const tpp_outcome *outcome, const uint64_t *left,
                    uint32_t first, group *out)
{
    const tpp_program *program = rows->program;
    out->target = program->cut[first].target;
    out->cuts = 0;
    memset(out->any, 0, sizeof out->any);
    for (uint32_t c = first; c < program->cuts; c++) {
        if (!has(left, c) || program->cut[c].target != out->target) {
            continue;
        }
        out->cut[out->cuts++].cut = c;
        for (uint32_t w = 0; w < rows->words; w++) {
            out->any[w] |= outcome->near[c][w] & rows->mask[w];
        }
    }
}

/* Some near rows of a block: where each is. */
typedef struct {
    uint32_t at[TPP_NARROW_ROWS];
    uint32_t count;
} selection;

/* Whether it is one word of the block, which is common where all rows are near. */
static bool is_word(const selection *some)
{
    return some->count == 64 && some->at[0] % 64 == 0 && some->at[63] - some->at[0] == 63;
}

/* The rows of a set that are selected; bit i is at[i]. */
static uint64_t gather(const uint64_t *set, const selection *some)
{
    if (is_word(some)) {
        return set[some->at[0] / 64];
    }
    uint64_t found = 0;
    for (uint32_t i = 0; i < some->count; i++) {
        found |= (uint64_t)has(set, some->at[i]) << i;
    }
    return found;
}

static void scatter(tpp_outcome *outcome, const tpp_narrow_cut *found, const selection *some,
                    uint64_t decided)
{
    const uint32_t cut = found->cut;
    if (is_word(some)) {
        uint64_t *can_hold = &outcome->literal[cut][0][some->at[0] / 64];
        uint64_t *can_fail = &outcome->literal[cut][1][some->at[0] / 64];
        *can_hold = (*can_hold & ~decided) | (found->possible & decided);
        *can_fail = (*can_fail & ~decided) | (~found->certain & decided);
        return;
    }
    for (; decided != 0; decided &= decided - 1) {
        const uint32_t i = (uint32_t)__builtin_ctzll(decided);
        write_literal(outcome, cut, some->at[i], (found->possible >> i & 1) != 0,
                      (found->certain >> i & 1) != 0);
    }
}

/* Decides a selection of a group: all of it rated, or nothing. */
static tpp_status decide_some(const tpp_rows *rows, group *near, const selection *some, bool rated,
                              tpp_outcome *outcome, uint32_t *failed)
{
    uint64_t row[TPP_NARROW_ROWS], wanted[WORDS] = {0};
    for (uint32_t i = 0; i < some->count; i++) {
        row[i] = rows->row + some->at[i];
    }
    for (uint32_t c = 0; c < near->cuts; c++) {
        const uint32_t cut = near->cut[c].cut;
        near->cut[c].wanted = gather(outcome->near[cut], some);
        wanted[cut / 64] |= UINT64_C(1) << cut % 64;
    }
    const uint64_t done = tpp_narrow_decide(rows->program, rows->columns, rated, near->target, row,
                                            some->count, near->cut, near->cuts);
    for (uint32_t c = 0; c < near->cuts; c++) {
        scatter(outcome, &near->cut[c], some, near->cut[c].wanted & done);
    }
    /* What is left is little; and cuts that are not near come out as they are. */
    for (uint32_t i = 0; i < some->count; i++) {
        if ((done >> i & 1) == 0) {
            const tpp_status status = decide_row(rows, some->at[i], wanted, outcome);
            if (status != TPP_OK) {
                *failed = some->at[i];
                return status;
            }
        }
    }
    return TPP_OK;
}

static tpp_status decide_group(const tpp_rows *rows, group *near, bool rated, tpp_outcome *outcome,
                               uint32_t *failed)
{
    selection some = {.count = 0};
    for (uint32_t w = 0; w < rows->words; w++) {
        uint64_t left = near->any[w] & (rated ? rows->rated[w] : ~rows->rated[w]);
        for (; left != 0; left &= left - 1) {
            some.at[some.count++] = 64 * w + (uint32_t)__builtin_ctzll(left);
            if (some.count == TPP_NARROW_ROWS) {
                const tpp_status status = decide_some(rows, near, &some, rated, outcome, failed);
                if (status != TPP_OK) {
                    return status;
                }
                some.count = 0;
            }
        }
    }
    return some.count > 0 ? decide_some(rows, near, &some, rated, outcome, failed) : TPP_OK;
}

tpp_status tpp_near_decide(const tpp_rows *rows, tpp_outcome *outcome, tpp_error *error)
{
    const tpp_program *program = rows->program;
    uint64_t any = 0, chooses[TPP_BLOCK_WORDS] = {0}, left[WORDS];
    for (uint32_t w = 0; w < rows->words; w++) {
        any |= outcome->any_near[w] & rows->mask[w];
    }
    if (any == 0) {
        return TPP_OK;
    }
    memcpy(left, outcome->near_cuts, sizeof left);
    bool choice = false;
    tpp_status status = TPP_OK;
    uint32_t failed = 0;
    group near;
    for (uint32_t c = 0; c < program->cuts && status == TPP_OK; c++) {
        if (!has(left, c)) {
            continue;
        }
        for (uint32_t w = 0; w < rows->words && program->cut[c].selects; w++) {
            chooses[w] |= outcome->near[c][w] & rows->mask[w];
            choice |= chooses[w] != 0;
        }
        collect(rows, outcome, left, c, &near);
        for (uint32_t i = 0; i < near.cuts; i++) {
            left[near.cut[i].cut / 64] &= ~(UINT64_C(1) << near.cut[i].cut % 64);
        }
        status = decide_group(rows, &near, true, outcome, &failed);
        if (status == TPP_OK) {
            status = decide_group(rows, &near, false, outcome, &failed);
        }
    }
    if (status == TPP_OK && choice) {
        status = decide_choices(rows, chooses, outcome, &failed);
    }
    return status == TPP_OK ? status
                            : tpp_error_number(error, status, rows->row + failed, 0,
                                               TPP_PART_VALUE, 0.0);
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
