/**
 * Comparing the vectors of a metric with all thresholds that the law sets for it, for block.c alone.
 */
#ifndef TPP_COMPARE_H
#define TPP_COMPARE_H

#include "near.h"
#include "read.h"

typedef struct {
    tpp_outcome outcome;
    uint64_t unsure[TPP_MAX_CUTS / 64]; /* the cuts that are not decided in every row */
} comparison;

static void set_unsure(comparison *result, uint32_t cut)
{
    result->unsure[cut / 64] |= UINT64_C(1) << cut % 64;
}

/* A cut of a node, and where its doubles stand. */
typedef struct {
    uint32_t index;
    const tpp_bound *bound;
    tpp_rank rank;
} ranked_cut;

/* One word of a node: its doubles and their ranks. */
typedef struct {
    const double *v;
    const int16_t *ranks; /* NULL where comparing the doubles is cheaper */
} word;

static TPP_INLINE bool is_filtered(const tpp_bound *bound)
{
    return bound->below < bound->above;
}

static TPP_INLINE bool is_in_doubt(const ranked_cut *c, const int16_t *ranks, uint32_t n)
{
    return c->rank.rank <= c->rank.last_doubt &&
           tpp_ranks_any(ranks, c->rank.rank, c->rank.last_doubt, n);
}

/* The rows of a word that are at least the bound, and those that may not be. */
static TPP_INLINE uint64_t at_least(word x, const ranked_cut *c, uint64_t *near)
{
    if (x.ranks != NULL && !is_in_doubt(c, x.ranks, 64)) {
        return ~tpp_ranks_below(x.ranks, c->rank.rank);
    }
    const uint64_t holds = tpp_word_at_least(x.v, c->bound->above);
    if (is_filtered(c->bound)) {
        *near |= holds ^ tpp_word_at_least(x.v, c->bound->below);
    }
    return holds;
}

static void write_word(const block *b, comparison *result, uint32_t index, uint32_t w,
                       uint64_t possible, uint64_t certain, uint64_t near)
{
    tpp_outcome *outcome = &result->outcome;
    outcome->literal[index][0][w] = possible;
    outcome->literal[index][1][w] = ~certain;
    near &= b->mask[w];
    if (near != 0) {
        uint64_t *cuts = &outcome->near_cuts[index / 64];
        if ((*cuts >> index % 64 & 1) == 0) {
            *cuts |= UINT64_C(1) << index % 64;
            memset(outcome->near[index], 0, sizeof outcome->near[index]);
        }
        outcome->near[index][w] = near;
        outcome->any_near[w] |= near;
    }
}

/* A cut of a column that is not there: any number from 0. */
static void compare_nothing(const block *b, comparison *result, const ranked_cut *c)
{
    const uint64_t certain = 0.0 >= c->bound->above ? UINT64_MAX : 0;
    const uint64_t near = 0.0 >= c->bound->below && certain == 0 ? UINT64_MAX : 0;
    for (uint32_t w = 0; w < b->words; w++) {
        write_word(b, result, c->index, w, UINT64_MAX, certain, near);
    }
    if (certain == 0) {
        set_unsure(result, c->index);
    }
}

/* A cut of booleans that are all there, straight from their bytes. */
static void compare_flags(const block *b, comparison *result, const ranked_cut *c, const uint8_t *flags)
{
    const uint64_t if_true = 1.0 >= c->bound->above ? UINT64_MAX : 0;
    const uint64_t if_false = 0.0 >= c->bound->above ? UINT64_MAX : 0;
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
        write_word(b, result, c->index, w, holds, holds, 0);
    }
}

/* All words, those past the end too: they cost less than to count. */
static void compare_points(block *b, comparison *result, const ranked_cut *c, const double *v,
                           const int16_t *ranks)
{
    if (ranks != NULL && !is_in_doubt(c, ranks, b->size)) {
        uint64_t(*literal)[WORDS] = result->outcome.literal[c->index];
        for (unsigned w = 0; w < WORDS; w++) {
            const uint64_t below = tpp_ranks_below(ranks + 64 * w, c->rank.rank);
            literal[0][w] = ~below;
            literal[1][w] = below;
        }
    } else {
        for (uint32_t w = 0; w < b->words; w++) {
            const word x = {v + 64 * w, ranks != NULL ? ranks + 64 * w : NULL};
            uint64_t near = 0;
            const uint64_t holds = at_least(x, c, &near);
            write_word(b, result, c->index, w, holds, holds, near);
        }
    }
    look_ahead(b);
}

/* `nan`: the rows of each word to which the metric does not apply. */
static void compare_ends(const block *b, comparison *result, const ranked_cut *c, const word end[2],
                         const uint64_t *nan)
{
    set_unsure(result, c->index);
    if (!is_in_doubt(c, end[0].ranks, b->size) && !is_in_doubt(c, end[1].ranks, b->size)) {
        uint64_t(*literal)[WORDS] = result->outcome.literal[c->index];
        for (unsigned w = 0; w < WORDS; w++) {
            literal[0][w] = ~tpp_ranks_below(end[1].ranks + 64 * w, c->rank.rank) | nan[w];
            literal[1][w] = tpp_ranks_below(end[0].ranks + 64 * w, c->rank.rank) | nan[w];
        }
        return;
    }
    for (uint32_t w = 0; w < b->words; w++) {
        uint64_t near = 0, holds[2];
        for (int i = 0; i < 2; i++) {
            const word x = {end[i].v + 64 * w, end[i].ranks + 64 * w};
            holds[i] = at_least(x, c, &near);
        }
        write_word(b, result, c->index, w, holds[1] | nan[w], holds[0] & ~nan[w], near & ~nan[w]);
    }
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

static ranked_cut cut_of(const block *b, const tpp_plan *plan, const tpp_step *step, uint32_t i)
{
    const uint32_t at = step->first_cut + i;
    return (ranked_cut){plan->list[at], &b->program->cut[plan->list[at]].bound[b->single],
                 plan->rank[at][b->single]};
}

/* Ranks pay for themselves from the second cut on, or at once where a cut is filtered. */
static bool needs_ranks(const block *b, const tpp_plan *plan, const tpp_step *step)
{
    return step->cuts > 1 || is_filtered(cut_of(b, plan, step, 0).bound);
}

static void compare_all(block *b, const tpp_plan *plan, const tpp_step *step, ends node,
                        comparison *result)
{
    _Alignas(32) int16_t ranks[2][TPP_BLOCK];
    uint64_t nan[WORDS] = {0};
    if (step->cuts == 0) {
        return;
    }
    const bool nothing = is_nothing(node);
    const bool applies = !step->may_not_apply || find_nan(b, node.low, nan) == 0;
    const bool point = is_point(node) && applies;
    const bool ranked = !nothing && (!point || needs_ranks(b, plan, step));
    const tpp_ranking *by = &step->ranking[b->single];
    if (ranked) {
        tpp_ranks(ranks[0], node.low, by->offset, by->shift, b->size);
    }
    if (ranked && !is_point(node)) {
        tpp_ranks(ranks[1], node.high, by->offset, by->shift, b->size);
    }
    const word end[2] = {{node.low, ranks[0]}, {node.high, ranks[is_point(node) ? 0 : 1]}};
    for (uint32_t i = 0; i < step->cuts; i++) {
        const ranked_cut c = cut_of(b, plan, step, i);
        if (nothing) {
            compare_nothing(b, result, &c);
        } else if (point) {
            compare_points(b, result, &c, node.low, ranked ? ranks[0] : NULL);
        } else {
            compare_ends(b, result, &c, end, nan);
        }
    }
}

/* A cut of booleans that are sets of rows. */
static void compare_sets(const block *b, comparison *result, const ranked_cut *c,
                         const uint64_t *met, const uint64_t *may_be_met)
{
    const uint64_t if_true = 1.0 >= c->bound->above ? UINT64_MAX : 0;
    const uint64_t if_false = 0.0 >= c->bound->above ? UINT64_MAX : 0;
    uint64_t unsure = 0;
    for (uint32_t w = 0; w < b->words; w++) {
        const uint64_t can = may_be_met[w], can_not = ~met[w];
        const uint64_t possible = (can & if_true) | (can_not & if_false);
        const uint64_t certain = ~((can & ~if_true) | (can_not & ~if_false));
        write_word(b, result, c->index, w, possible, certain, 0);
        unsure |= (possible ^ certain) & b->mask[w];
    }
    if (unsure != 0) {
        set_unsure(result, c->index);
    }
}

/* The cuts of booleans that nothing else is computed from; false if that does not do. */
static bool compare_booleans(const block *b, const tpp_plan *plan, const tpp_step *step,
                          comparison *result)
{
    if (step->kind != TPP_STEP_LOAD || !step->compared_only) {
        return false;
    }
    const tpp_ready *ready = is_ready(b, step->input) ? &b->ready[step->input] : NULL;
    const tpp_column *column = &b->columns[step->input];
    const bool is_complete = ready == NULL && is_there(b, step->input) && b->complete[step->input];
    const bool is_bits = is_complete && column->kind == TPP_BIT;
    const bool is_set = ready != NULL && ready->met != NULL;
    if (!is_set && !is_bits && !(is_complete && column->kind == TPP_BOOLEAN)) {
        return false;
    }
    for (uint32_t i = 0; i < step->cuts; i++) {
        if (is_filtered(cut_of(b, plan, step, i).bound)) {
            return false;
        }
    }
    uint64_t bits[WORDS];
    if (is_bits) {
        find_bits(column->values, b->row + column->first_bit, b->count, bits);
    }
    for (uint32_t i = 0; i < step->cuts; i++) {
        const ranked_cut c = cut_of(b, plan, step, i);
        if (is_set) {
            compare_sets(b, result, &c, ready->met, ready->possible);
        } else if (is_bits) {
            compare_sets(b, result, &c, bits, bits);
        } else {
            compare_flags(b, result, &c, (const uint8_t *)column->values + b->row);
        }
    }
    return true;
}

#endif
