/**
 * Comparing the vectors of a metric with all thresholds that the law sets for it, for block.c alone.
 */
#ifndef TPP_COMPARE_H
#define TPP_COMPARE_H

#include "near.h"
#include "read.h"

typedef struct {
    tpp_outcome outcome;
    bool sure[TPP_MAX_CUTS]; /* possible and certain are the same in every row */
} comparison;

/* One word of a node: its doubles and their upper halves. */
typedef struct {
    const double *v;
    const int32_t *halves; /* NULL where comparing the doubles is cheaper */
} word;

static TPP_INLINE bool is_filtered(const tpp_bound *bound)
{
    return bound->below < bound->above;
}

/* The rows of a word that are at least the bound, and those that may not be. */
static TPP_INLINE uint64_t at_least(word x, const tpp_bound *bound, uint64_t *near)
{
    if (x.halves != NULL) {
        const uint64_t holds = tpp_halves_above(x.halves, bound->half);
        if (bound->doubt_first > bound->doubt_last ||
            !tpp_halves_any(x.halves, bound->doubt_first, bound->doubt_last)) {
            return holds;
        }
    }
    const uint64_t holds = tpp_word_at_least(x.v, bound->above);
    if (is_filtered(bound)) {
        *near |= holds ^ tpp_word_at_least(x.v, bound->below);
    }
    return holds;
}

static void write_word(const block *b, comparison *result, uint32_t cut, uint32_t w,
                       uint64_t possible, uint64_t certain, uint64_t near)
{
    tpp_outcome *outcome = &result->outcome;
    outcome->literal[cut][0][w] = possible;
    outcome->literal[cut][1][w] = ~certain;
    near &= b->mask[w];
    if (near != 0) {
        uint64_t *cuts = &outcome->near_cuts[cut / 64];
        if ((*cuts >> cut % 64 & 1) == 0) {
            *cuts |= UINT64_C(1) << cut % 64;
            memset(outcome->near[cut], 0, sizeof outcome->near[cut]);
        }
        outcome->near[cut][w] = near;
        outcome->any_near[w] |= near;
    }
}

/* A cut of a column that is not there: any number from 0. */
static void compare_nothing(const block *b, comparison *result, uint32_t cut,
                            const tpp_bound *bound)
{
    const uint64_t certain = 0.0 >= bound->above ? UINT64_MAX : 0;
    const uint64_t near = 0.0 >= bound->below && certain == 0 ? UINT64_MAX : 0;
    for (uint32_t w = 0; w < b->words; w++) {
        write_word(b, result, cut, w, UINT64_MAX, certain, near);
    }
    result->sure[cut] = certain != 0;
}

/* A cut of booleans that are all there, straight from their bytes. */
static void compare_flags(const block *b, comparison *result, uint32_t cut, const tpp_bound *bound,
                          const uint8_t *flags)
{
    const uint64_t if_true = 1.0 >= bound->above ? UINT64_MAX : 0;
    const uint64_t if_false = 0.0 >= bound->above ? UINT64_MAX : 0;
    for (uint32_t w = 0; w < b->words; w++) {
        uint8_t room[64] = {0};
        const uint8_t *at = flags + 64 * w;
        const uint32_t left = b->count - 64 * w;
        if (left < 64) {
            memcpy(room, at, left);
            at = room;
        }
        const uint64_t bits = tpp_word_of_bytes(at);
        const uint64_t holds = (bits & if_true) | (~bits & if_false);
        write_word(b, result, cut, w, holds, holds, 0);
    }
    result->sure[cut] = true;
}

static void compare_points(block *b, comparison *result, uint32_t cut, const tpp_bound *bound,
                           const double *v, const int32_t *halves)
{
    if (halves != NULL && bound->doubt_first > bound->doubt_last) {
        uint64_t(*literal)[WORDS] = result->outcome.literal[cut];
        for (uint32_t w = 0; w < b->words; w++) {
            const uint64_t holds = tpp_halves_above(halves + 64 * w, bound->half);
            literal[0][w] = holds;
            literal[1][w] = ~holds;
        }
    } else {
        for (uint32_t w = 0; w < b->words; w++) {
            const word x = {v + 64 * w, halves != NULL ? halves + 64 * w : NULL};
            uint64_t near = 0;
            const uint64_t holds = at_least(x, bound, &near);
            write_word(b, result, cut, w, holds, holds, near);
        }
    }
    result->sure[cut] = true;
    look_ahead(b);
}

/* `nan`: the rows of each word to which the metric does not apply. */
static void compare_ends(const block *b, comparison *result, uint32_t cut, const tpp_bound *bound,
                         const word end[2], const uint64_t *nan)
{
    for (uint32_t w = 0; w < b->words; w++) {
        uint64_t near = 0, holds[2];
        for (int i = 0; i < 2; i++) {
            const word x = {end[i].v + 64 * w, end[i].halves + 64 * w};
            holds[i] = at_least(x, bound, &near);
        }
        write_word(b, result, cut, w, holds[1] | nan[w], holds[0] & ~nan[w], near & ~nan[w]);
    }
    result->sure[cut] = false;
}

static uint64_t find_nan(const block *b, const double *v, uint64_t *nan)
{
    uint64_t any = 0;
    for (uint32_t w = 0; w < b->words; w++) {
        nan[w] = tpp_word_nan(v + 64 * w) & b->mask[w];
        any |= nan[w];
    }
    return any;
}

static void halves_of(const block *b, const double *v, int32_t *halves)
{
    for (uint32_t w = 0; w < b->words; w++) {
        tpp_halves(halves + 64 * w, v + 64 * w);
    }
}

/* Upper halves pay for themselves from the second cut on, or at once where a cut is filtered. */
static bool needs_halves(const block *b, const tpp_plan *plan, const tpp_step *step)
{
    return step->cuts > 1 ||
           is_filtered(&b->program->cut[plan->list[step->first_cut]].bound[b->single]);
}

static void compare_all(block *b, const tpp_plan *plan, const tpp_step *step, ends node,
                        comparison *result)
{
    _Alignas(32) int32_t halves[2][TPP_BLOCK];
    uint64_t nan[WORDS] = {0};
    if (step->cuts == 0) {
        return;
    }
    const bool is_nothing = node.high == b->anything && node.low == b->nothing;
    const bool applies = !step->may_not_apply || find_nan(b, node.low, nan) == 0;
    const bool point = is_point(node) && applies;
    const bool split = !is_nothing && (!point || needs_halves(b, plan, step));
    if (split) {
        halves_of(b, node.low, halves[0]);
    }
    if (split && !is_point(node)) {
        halves_of(b, node.high, halves[1]);
    }
    const word end[2] = {{node.low, halves[0]}, {node.high, halves[is_point(node) ? 0 : 1]}};
    for (uint32_t i = 0; i < step->cuts; i++) {
        const uint32_t cut = plan->list[step->first_cut + i];
        const tpp_bound *bound = &b->program->cut[cut].bound[b->single];
        if (is_nothing) {
            compare_nothing(b, result, cut, bound);
        } else if (point) {
            compare_points(b, result, cut, bound, node.low, split ? halves[0] : NULL);
        } else {
            compare_ends(b, result, cut, bound, end, nan);
        }
    }
}

/* The cuts of booleans that nothing else is computed from; false if that does not do. */
static bool compare_bytes(const block *b, const tpp_plan *plan, const tpp_step *step,
                          comparison *result)
{
    if (step->kind != TPP_STEP_LOAD || !step->compared_only || !is_there(b, step->input) ||
        b->columns[step->input].kind != TPP_BOOLEAN || !b->complete[step->input]) {
        return false;
    }
    for (uint32_t i = 0; i < step->cuts; i++) {
        if (is_filtered(&b->program->cut[plan->list[step->first_cut + i]].bound[b->single])) {
            return false;
        }
    }
    const uint8_t *flags = (const uint8_t *)b->columns[step->input].values + b->row;
    for (uint32_t i = 0; i < step->cuts; i++) {
        const uint32_t cut = plan->list[step->first_cut + i];
        compare_flags(b, result, cut, &b->program->cut[cut].bound[b->single], flags);
    }
    return true;
}

#endif
