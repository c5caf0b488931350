/* Compiled once for every instruction set, with TPP_KERNEL as its name; see block.h.
 *
 * A block has two ways. Where every row is known (or missing with a known meaning), one vector a
 * node is enough and a paragraph is the or of its true boxes. Otherwise nodes are intervals, two
 * vectors, and "not applicable" is NaN in both; a node whose rows are all known still has one.
 * Either way, rows near a threshold are then decided exactly. */
#include "block.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "near.h"
#include "number.h"
#include "program.h"
#include "vectors.h"
#include "words.h"

#if !defined(TPP_KERNEL)
#define TPP_KERNEL tpp_block_portable
#define TPP_KERNEL_NAME "portable"
#endif

#if defined(__GNUC__)
#define NOINLINE __attribute__((noinline)) /* two large frames must not become one */
#else
#define NOINLINE
#endif

enum { WORDS = TPP_BLOCK_WORDS, MISSING = 255 };

/* Rows of the table that a block covers. Vectors are computed up to `size`, whole words; rows past
 * `count` hold 1, which no check minds. */
typedef struct {
    const tpp_program *program;
    const tpp_column *columns;
    uint64_t row;
    uint32_t count;
    uint32_t words;
    uint32_t size;
    uint64_t mask[WORDS];  /* the rows */
    uint64_t rated[WORDS]; /* rows that state any peak rate */
    bool all_rated;
    bool definite; /* rated as far as it matters, and nothing else unknown */
    bool complete[TPP_MAX_INPUTS]; /* a value in every row */
} block;

typedef tpp_outcome outcome;

/* ---- reading ---- */

static bool is_ranged(const tpp_column *column)
{
    return column->low != NULL || column->high != NULL;
}

/* One word of a column; the last one is completed with 1 in `room`. */
static const double *word_of(const block *b, const double *values, uint32_t word, double *room)
{
    const double *at = values + b->row + 64 * word;
    const uint32_t left = b->count - 64 * word;
    if (left >= 64) {
        return at;
    }
    memcpy(room, at, left * sizeof *room);
    for (uint32_t i = left; i < 64; i++) {
        room[i] = 1.0;
    }
    return room;
}

/* Checks one word of numbers, and marks those that are there. */
static bool check_word(const double *v, bool positive, uint64_t *given)
{
    if (tpp_word_within(v, TPP_SMALLEST, TPP_LARGEST)) {
        *given = UINT64_MAX;
        return true;
    }
    const uint64_t missing = tpp_word_nan(v);
    const uint64_t inside = tpp_word_at_least(v, TPP_SMALLEST) &
                            ~tpp_word_at_least(v, nextafter(TPP_LARGEST, HUGE_VAL));
    /* 0 and -0, the only doubles between the two subnormals. */
    const uint64_t zero = tpp_word_at_least(v, -0.0) & ~tpp_word_at_least(v, 0x1p-1074);
    *given = ~missing;
    return (inside | missing | (positive ? 0 : zero)) == UINT64_MAX;
}

/* Checks one vector of numbers, and marks those that are there. */
static bool check(const block *b, const double *values, bool positive, uint64_t *given)
{
    if (b->count == TPP_BLOCK) {
        if (tpp_all_usual(values + b->row, TPP_BLOCK)) {
            memset(given, 0xFF, WORDS * sizeof *given);
            return true;
        }
    }
    double room[64];
    bool valid = true;
    for (uint32_t w = 0; w < b->words; w++) {
        valid &= check_word(word_of(b, values, w, room), positive, &given[w]);
    }
    return valid;
}

static bool check_flags(const block *b, const uint8_t *flags, bool positive, uint64_t *given)
{
    bool valid = true;
    for (uint32_t w = 0; w < b->words; w++) {
        const uint8_t *at = flags + b->row + 64 * w;
        const uint32_t left = b->count - 64 * w < 64 ? b->count - 64 * w : 64;
        uint8_t wrong = 0, missing = 0;
        for (uint32_t i = 0; i < left; i++) {
            missing |= at[i] == MISSING;
            wrong |= (at[i] > 1) & (at[i] != MISSING);
            wrong |= positive & (at[i] == 0);
        }
        valid &= wrong == 0;
        given[w] = UINT64_MAX;
        for (uint32_t i = 0; i < left && missing != 0; i++) {
            given[w] &= ~((uint64_t)(at[i] == MISSING) << i);
        }
    }
    return valid;
}

/* Checks one input of the block; false if a number is wrong. */
static bool examine_input(block *b, uint32_t index, uint64_t *given, bool *ranged)
{
    const tpp_input *input = &b->program->input[index];
    const tpp_column *column = &b->columns[index];
    bool valid = true;
    *ranged = false;
    memset(given, 0, WORDS * sizeof *given);
    if (!input->given) {
        return true;
    }
    if (column->values != NULL && column->kind != TPP_BOOLEAN) {
        valid = check(b, column->values, input->positive, given);
    } else if ((column->values != NULL && column->kind == TPP_BOOLEAN)) {
        valid = check_flags(b, column->values, input->positive, given);
    }
    if (!is_ranged(column)) {
        return valid;
    }
    uint64_t ends[2][WORDS] = {{0}};
    valid &= column->low == NULL || check(b, column->low, input->positive, ends[0]);
    valid &= column->high == NULL || check(b, column->high, input->positive, ends[1]);
    for (uint32_t w = 0; w < b->words; w++) {
        const uint64_t range = (ends[0][w] | ends[1][w]) & b->mask[w];
        *ranged |= range != 0;
        valid &= (range & given[w]) == 0;
        given[w] |= range;
    }
    for (uint32_t i = 0; i < b->count && column->low != NULL && column->high != NULL; i++) {
        valid &= !(column->low[b->row + i] > column->high[b->row + i]);
    }
    return valid;
}

/* Looks at every number of the block once: checks it, and finds out whether all are known. */
static tpp_status examine(block *b, tpp_error *error)
{
    const tpp_program *program = b->program;
    uint64_t unrated[WORDS] = {0}, given[WORDS];
    uint64_t unknown = 0;
    bool valid = true;
    memset(b->rated, 0, sizeof b->rated);
    for (uint32_t i = 0; i < program->inputs; i++) {
        const tpp_input *input = &program->input[i];
        bool ranged;
        valid &= examine_input(b, i, given, &ranged);
        bool complete = !ranged;
        for (uint32_t w = 0; w < b->words; w++) {
            const uint64_t missing = ~given[w] & b->mask[w];
            complete &= missing == 0;
            if (input->closed_list) {
                b->rated[w] |= given[w];
            }
            if (!input->used || input->has_default) {
                continue;
            }
            if (input->closed_list && !input->open_unlisted) {
                unrated[w] |= missing;
            } else {
                unknown |= missing;
            }
        }
        unknown |= ranged && input->used;
        b->complete[i] = complete;
    }
    if (!valid) {
        const tpp_status status =
            tpp_number_check(program, b->columns, b->row, b->count, error);
        return status != TPP_OK ? status : tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    b->all_rated = true;
    for (uint32_t w = 0; w < b->words; w++) {
        unknown |= unrated[w] & ~b->rated[w];
        b->all_rated &= (b->mask[w] & ~b->rated[w]) == 0;
    }
    b->definite = unknown == 0;
    return TPP_OK;
}

static void start(block *b, const tpp_program *program, const tpp_column *columns, uint64_t row,
                  uint32_t count)
{
    b->program = program;
    b->columns = columns;
    b->row = row;
    b->count = count;
    b->words = (count + 63) / 64;
    b->size = 64 * b->words;
    for (uint32_t w = 0; w < WORDS; w++) {
        const uint32_t left = count > 64 * w ? count - 64 * w : 0;
        b->mask[w] = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
    }
}

static bool is_rated(const block *b, uint32_t at)
{
    return (b->rated[at / 64] >> at % 64 & 1) != 0;
}

static void fill(double *restrict out, double value, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = value;
    }
}

/* The values of an input in a vector, NaN where missing; either the column itself or `room`. */
static const double *values_of(const block *b, uint32_t index, double *restrict room)
{
    const tpp_column *column = &b->columns[index];
    if (!b->program->input[index].given || column->values == NULL) {
        fill(room, NAN, b->size);
        return room;
    }
    if (column->kind != TPP_BOOLEAN) {
        const double *values = (const double *)column->values + b->row;
        if (b->count == b->size) {
            return values;
        }
        memcpy(room, values, b->count * sizeof *room);
    } else {
        const uint8_t *restrict flags = (const uint8_t *)column->values + b->row;
        for (uint32_t i = 0; i < b->count; i++) {
            room[i] = flags[i];
        }
        for (uint32_t i = 0; i < b->count && !b->complete[index]; i++) {
            room[i] = flags[i] == MISSING ? NAN : room[i];
        }
    }
    for (uint32_t i = b->count; i < b->size; i++) {
        room[i] = 1.0;
    }
    return room;
}

static void replace_nan(double *restrict out, const double *restrict in, double by, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = in[i] == in[i] ? in[i] : by;
    }
}

/* ---- tests ---- */

/* The state of one cut in one word, from the ends of its node. */
static TPP_INLINE void compare(outcome *result, uint32_t cut, const tpp_cut *bounds, uint32_t w,
                           const double *low, const double *high, bool may_not_apply)
{
    const uint64_t certain = tpp_word_at_least(low, bounds->above);
    uint64_t possible = certain;
    uint64_t near = 0;
    const bool filtered = bounds->below < bounds->above;
    if (filtered && tpp_word_any_between(low, bounds->below, bounds->above)) {
        near = certain ^ tpp_word_at_least(low, bounds->below);
    }
    if (high != low) {
        possible = tpp_word_at_least(high, bounds->above);
        if (filtered && tpp_word_any_between(high, bounds->below, bounds->above)) {
            near |= possible ^ tpp_word_at_least(high, bounds->below);
        }
    }
    if (may_not_apply) {
        possible |= tpp_word_nan(low);
    }
    result->literal[cut][0][w] = possible;
    result->literal[cut][1][w] = ~certain;
    result->near[cut][w] = near;
    result->near_cuts[cut / 64] |= (uint64_t)(near != 0) << cut % 64;
    result->any_near[w] |= near;
}

static void compare_all(const block *b, const tpp_plan *plan, const tpp_step *step,
                        const double *low, const double *high, outcome *result)
{
    for (uint32_t i = 0; i < step->cuts; i++) {
        const uint32_t cut = plan->list[step->first_cut + i];
        const tpp_cut *bounds = &b->program->cut[cut];
        for (uint32_t w = 0; w < b->words; w++) {
            compare(result, cut, bounds, w, low + 64 * w, high + 64 * w, step->may_not_apply);
        }
        for (uint32_t w = b->words; w < WORDS; w++) {
            result->literal[cut][0][w] = result->literal[cut][1][w] = 0;
        }
    }
}

/* ---- paragraphs ---- */

/* The rows that touch any of some boxes. */
static inline void touched(const tpp_program *program, const outcome *result, uint32_t first,
                           uint32_t count, uint64_t *restrict out)
{
    uint64_t any[WORDS] = {0};
    for (uint32_t i = first; i < first + count; i++) {
        const tpp_box *box = &program->box[i];
        const uint32_t *literal = program->literal + box->first_literal;
        uint64_t all[WORDS];
        for (uint32_t w = 0; w < WORDS; w++) {
            all[w] = UINT64_MAX;
        }
        for (uint32_t j = 0; j < box->literals; j++) {
            const uint64_t *holds = result->literal[literal[j] >> 1][literal[j] & 1];
            for (uint32_t w = 0; w < WORDS; w++) {
                all[w] &= holds[w];
            }
        }
        for (uint32_t w = 0; w < WORDS; w++) {
            any[w] |= all[w];
        }
    }
    memcpy(out, any, sizeof any);
}

static void write_paragraphs(const block *b, const outcome *result, bool definite,
                             uint64_t *const *value_bits, uint64_t *const *valid_bits)
{
    const tpp_program *program = b->program;
    const uint64_t first = b->row / 64;
    for (uint32_t p = 0; p < program->paragraphs; p++) {
        const tpp_paragraph *paragraph = &program->paragraph[p];
        uint64_t can_hold[WORDS], can_fail[WORDS];
        touched(program, result, paragraph->first_box, paragraph->true_boxes, can_hold);
        if (definite && !paragraph->has_gap) {
            for (uint32_t w = 0; w < b->words; w++) {
                value_bits[p][first + w] = can_hold[w] & b->mask[w];
                valid_bits[p][first + w] = b->mask[w];
            }
            continue;
        }
        touched(program, result, paragraph->first_box + paragraph->true_boxes,
                paragraph->false_boxes, can_fail);
        for (uint32_t w = 0; w < b->words; w++) {
            value_bits[p][first + w] = can_hold[w] & ~can_fail[w] & b->mask[w];
            valid_bits[p][first + w] = (can_hold[w] ^ can_fail[w]) & b->mask[w];
        }
    }
}

/* ---- the two ways ---- */

static const double *load_definite(const block *b, uint32_t index, double *slot)
{
    const tpp_input *input = &b->program->input[index];
    const double *values = values_of(b, index, slot);
    if (b->complete[index]) {
        return values;
    }
    const double missing = input->has_default ? input->fill.approx : 0.0;
    if (values != slot) {
        replace_nan(slot, values, missing, b->size);
    } else {
        for (uint32_t i = 0; i < b->size; i++) {
            slot[i] = slot[i] == slot[i] ? slot[i] : missing;
        }
    }
    return slot;
}

static bool has_nan(const block *b, const double *v)
{
    uint64_t any = 0;
    for (uint32_t w = 0; w < b->words; w++) {
        any |= tpp_word_nan(v + 64 * w) & b->mask[w];
    }
    return any != 0;
}

/* False where a metric does not apply in some row: that is a matter for intervals. */
NOINLINE static bool run_definite(const block *b, outcome *result)
{
    _Alignas(64) double slot[TPP_MAX_SLOTS][TPP_BLOCK];
    const double *vector[TPP_MAX_SLOTS];
    const tpp_plan *plan = &b->program->rated;
    const uint32_t n = b->size;
    for (uint32_t s = 0; s < plan->steps; s++) {
        const tpp_step *step = &plan->step[s];
        double *out = slot[step->out];
        const double c = step->constant.approx;
        const double *x = step->operands > 0 ? vector[step->a] : NULL;
        const double *y = step->operands > 1 ? vector[step->b] : NULL;
        vector[step->out] = out;
        switch (step->kind) {
        case TPP_STEP_LOAD:
            vector[step->out] = load_definite(b, step->input, out);
            break;
        case TPP_STEP_FILL:
            fill(out, c, n);
            break;
        case TPP_STEP_ADD:
            add(out, x, y, n);
            break;
        case TPP_STEP_MUL:
            multiply(out, x, y, n);
            break;
        case TPP_STEP_DIV:
            if (step->positive) {
                divide(out, x, y, n);
            } else {
                divide_or_nan(out, x, y, n);
            }
            break;
        case TPP_STEP_MAX:
            (step->may_not_apply ? maximum_ends : maximum)(out, x, y, n);
            break;
        case TPP_STEP_SCALE:
            scale(out, c, x, n);
            break;
        case TPP_STEP_ADD_SCALED:
            add_scaled(out, x, c, y, n);
            break;
        case TPP_STEP_MAX_SCALED:
            (step->may_not_apply ? maximum_scaled_ends : maximum_scaled)(out, x, c, y, n);
            break;
        case TPP_STEP_SELECT:
            choose(out, vector[step->condition], b->program->cut[step->cut].above, x, y, n);
            break;
        case TPP_STEP_NOT_APPLICABLE:
            fill(out, NAN, n);
            break;
        }
        if (step->may_not_apply && step->cuts > 0 && !step->is_gap &&
            has_nan(b, vector[step->out])) {
            return false;
        }
        compare_all(b, plan, step, vector[step->out], vector[step->out], result);
    }
    return true;
}

/* Vectors of a node in both ends; one vector where they are equal in every row. */
typedef struct {
    const double *low;
    const double *high;
} ends;

static void load_range(const block *b, const tpp_column *column, double *restrict low,
                       double *restrict high)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const double from = column->low != NULL ? column->low[b->row + i] : NAN;
        const double to = column->high != NULL ? column->high[b->row + i] : NAN;
        const bool ranged = from == from || to == to;
        const double first = from == from ? from : 0.0;
        const double last = to == to ? to : HUGE_VAL;
        low[i] = ranged ? first : low[i];
        high[i] = ranged ? last : high[i];
    }
}

static ends load_interval(const block *b, uint32_t index, double *restrict low,
                          double *restrict high)
{
    const tpp_input *input = &b->program->input[index];
    const double *values = values_of(b, index, low);
    if (b->complete[index]) {
        return (ends){values, values};
    }
    if (values != low) {
        memcpy(low, values, b->size * sizeof *low);
    }
    memcpy(high, low, b->size * sizeof *high);
    if (input->given && is_ranged(&b->columns[index])) {
        load_range(b, &b->columns[index], low, high);
    }
    const double missing = input->has_default ? input->fill.approx : 0.0;
    double most[TPP_BLOCK];
    fill(most, input->has_default ? missing : HUGE_VAL, b->size);
    if (input->closed_list && !input->open_unlisted && !input->has_default) {
        for (uint32_t i = 0; i < b->size; i++) {
            most[i] = is_rated(b, i) ? 0.0 : HUGE_VAL;
        }
    }
    for (uint32_t i = 0; i < b->size; i++) {
        high[i] = low[i] == low[i] ? high[i] : most[i];
    }
    for (uint32_t i = 0; i < b->size; i++) {
        low[i] = low[i] == low[i] ? low[i] : missing;
    }
    return (ends){low, high};
}

typedef void (*operation)(double *restrict out, const double *restrict a, const double *restrict b,
                          uint32_t n);

/* An operation that grows with both operands. */
static ends both_ends(operation operate, ends x, ends y, double *low, double *high, uint32_t n)
{
    operate(low, x.low, y.low, n);
    if (x.high == x.low && y.high == y.low) {
        return (ends){low, low};
    }
    operate(high, x.high, y.high, n);
    return (ends){low, high};
}

static ends divide_interval(bool positive, ends x, ends y, double *low, double *high, uint32_t n)
{
    const bool point = x.high == x.low && y.high == y.low;
    if (positive) {
        divide(low, x.low, y.high, n);
        if (!point) {
            divide_high(high, x.high, y.low, n);
        }
    } else {
        divide_low_or_nan(low, x.low, y.low, y.high, n);
        if (!point) {
            divide_high_or_nan(high, x.high, y.low, y.high, n);
        }
    }
    return (ends){low, point ? low : high};
}

static ends run_step(const block *b, const tpp_step *step, const ends *vector, double *low,
                     double *high)
{
    const uint32_t n = b->size;
    const double c = step->constant.approx;
    const ends none = {NULL, NULL};
    const ends x = step->operands > 0 ? vector[step->a] : none;
    const ends y = step->operands > 1 ? vector[step->b] : none;
    const ends last = step->operands > 1 ? y : x;
    const bool point = x.high == x.low && last.high == last.low;
    switch (step->kind) {
    case TPP_STEP_LOAD:
        return load_interval(b, step->input, low, high);
    case TPP_STEP_FILL:
        fill(low, c, n);
        return (ends){low, low};
    case TPP_STEP_NOT_APPLICABLE:
        fill(low, NAN, n);
        return (ends){low, low};
    case TPP_STEP_ADD:
        return both_ends(add, x, y, low, high, n);
    case TPP_STEP_MUL:
        return both_ends(multiply_ends, x, y, low, high, n);
    case TPP_STEP_MAX:
        return both_ends(maximum_ends, x, y, low, high, n);
    case TPP_STEP_DIV:
        return divide_interval(step->positive, x, y, low, high, n);
    case TPP_STEP_SCALE:
        scale_ends(low, c, x.low, n);
        if (!point) {
            scale_ends(high, c, x.high, n);
        }
        break;
    case TPP_STEP_ADD_SCALED:
        add_scaled_ends(low, x.low, c, y.low, n);
        if (!point) {
            add_scaled_ends(high, x.high, c, y.high, n);
        }
        break;
    case TPP_STEP_MAX_SCALED:
        maximum_scaled_ends(low, x.low, c, y.low, n);
        if (!point) {
            maximum_scaled_ends(high, x.high, c, y.high, n);
        }
        break;
    case TPP_STEP_SELECT: {
        const ends when = vector[step->condition];
        const double bound = b->program->cut[step->cut].above;
        choose_low(low, when.low, when.high, bound, x.low, y.low, n);
        choose_high(high, when.low, when.high, bound, x.high, y.high, n);
        return (ends){low, high};
    }
    }
    return (ends){low, point ? low : high};
}

NOINLINE static void run_interval(const block *b, outcome *result)
{
    _Alignas(64) double slot[TPP_MAX_SLOTS][2][TPP_BLOCK];
    ends vector[TPP_MAX_SLOTS];
    const tpp_plan *plan = b->all_rated ? &b->program->rated : &b->program->any;
    for (uint32_t s = 0; s < plan->steps; s++) {
        const tpp_step *step = &plan->step[s];
        const ends out = run_step(b, step, vector, slot[step->out][0], slot[step->out][1]);
        vector[step->out] = out;
        compare_all(b, plan, step, out.low, out.high, result);
    }
}

static tpp_status evaluate(const tpp_program *program, const tpp_column *columns, uint64_t row,
                           uint32_t count, uint64_t *const *value_bits, uint64_t *const *valid_bits,
                           tpp_error *error)
{
    block b;
    outcome result;
    start(&b, program, columns, row, count);
    tpp_status status = examine(&b, error);
    if (status != TPP_OK) {
        return status;
    }
    memset(result.any_near, 0, sizeof result.any_near);
    memset(result.near_cuts, 0, sizeof result.near_cuts);
    const bool definite = b.definite && run_definite(&b, &result);
    if (!definite) {
        memset(result.any_near, 0, sizeof result.any_near);
    memset(result.near_cuts, 0, sizeof result.near_cuts);
        run_interval(&b, &result);
    }
    const tpp_rows rows = {program, columns, row, b.words, b.mask, b.rated};
    status = tpp_near_decide(&rows, &result, error);
    if (status == TPP_OK) {
        write_paragraphs(&b, &result, definite, value_bits, valid_bits);
    }
    return status;
}

static tpp_status metrics(const tpp_program *program, const tpp_column *columns, uint64_t row,
                          uint32_t count, double *const *low, double *const *high,
                          tpp_error *error)
{
    _Alignas(64) double slot[TPP_MAX_SLOTS][2][TPP_BLOCK];
    ends vector[TPP_MAX_SLOTS];
    block b;
    outcome result;
    start(&b, program, columns, row, count);
    const tpp_status status = examine(&b, error);
    if (status != TPP_OK) {
        return status;
    }
    memset(result.any_near, 0, sizeof result.any_near);
    memset(result.near_cuts, 0, sizeof result.near_cuts);
    const tpp_plan *plan = &program->report;
    for (uint32_t s = 0; s < plan->steps; s++) {
        const tpp_step *step = &plan->step[s];
        const ends out = run_step(&b, step, vector, slot[step->out][0], slot[step->out][1]);
        vector[step->out] = out;
        compare_all(&b, plan, step, out.low, out.high, &result);
        for (uint32_t i = 0; i < step->metrics; i++) {
            const uint32_t metric = plan->list[step->first_metric + i];
            for (uint32_t j = 0; j < count; j++) {
                low[metric][row + j] = out.low[j] + 0.0; /* no -0 to look at */
                high[metric][row + j] = out.high[j] + 0.0;
            }
        }
    }
    const tpp_rows rows = {program, columns, row, b.words, b.mask, b.rated};
    return tpp_near_report(&rows, &result, low, high, error);
}

const tpp_block_kernel TPP_KERNEL = {TPP_KERNEL_NAME, evaluate, metrics};
