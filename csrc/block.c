/* Compiled once for every instruction set, with TPP_KERNEL as its name; see block.h.
 *
 * Every node of a plan is an interval, two vectors of doubles; they are one where its ends are equal
 * in every row of the block, which is the rule, so that certainty costs nothing. "Not applicable" is
 * NaN. Rows near a threshold are then decided exactly. */
#include "block.h"

#include "compare.h"
#include "error.h"
#include "near.h"
#include "read.h"

#if !defined(TPP_KERNEL)
#define TPP_KERNEL tpp_block_portable
#define TPP_KERNEL_NAME "portable"
#endif

/* Vectors a page apart would fall into the same sets of the L1 cache. */
enum { STRIDE = TPP_BLOCK + 8 };

/* Bytes of verdicts that leave little of a cache for anything else. */
enum { LARGE_OUTPUT = 1 << 21 };

enum { PARTS = WORDS * sizeof(uint64_t) / sizeof(tpp_vector) };

/* ---- steps ---- */

typedef void (*operation)(double *restrict out, const double *restrict a, const double *restrict b,
                          uint32_t n);

/* An operation that grows with both operands; `apart` also takes infinity and NaN. */
static ends both_ends(operation together, operation apart, bool may_not_apply, ends x, ends y,
                      double *low, double *high, uint32_t n)
{
    if (is_point(x) && is_point(y)) {
        (may_not_apply ? apart : together)(low, x.low, y.low, n);
        return (ends){low, low};
    }
    apart(low, x.low, y.low, n);
    apart(high, x.high, y.high, n);
    return (ends){low, high};
}

static ends divide_interval(bool positive, ends x, ends y, double *low, double *high, uint32_t n)
{
    const bool point = is_point(x) && is_point(y);
    if (positive) {
        divide(low, x.low, y.high, n);
        if (!point) {
            divide_high(high, x.high, y.low, n);
        }
    } else if (point) {
        divide_or_nan(low, x.low, y.low, n);
    } else {
        divide_low_or_nan(low, x.low, y.low, y.high, n);
        divide_high_or_nan(high, x.high, y.low, y.high, n);
    }
    return (ends){low, point ? low : high};
}

static ends maximum_interval(const block *b, const tpp_plan *plan, const tpp_step *step,
                             const ends *vector, double *low, double *high)
{
    const double *lows[TPP_MAX_TERMS], *highs[TPP_MAX_TERMS];
    double constants[TPP_MAX_TERMS];
    bool point = true, nothing = true;
    for (uint32_t i = 0; i < step->terms; i++) {
        const tpp_term *term = &plan->term[step->first_term + i];
        nothing &= is_nothing(vector[term->operand]) && term->constant > 0.0;
        lows[i] = vector[term->operand].low;
        highs[i] = vector[term->operand].high;
        constants[i] = term->constant;
        point &= lows[i] == highs[i];
    }
    if (nothing) {
        return (ends){NOTHING, ANYTHING};
    }
    tpp_maximum_of(low, lows, constants, step->terms, b->size);
    if (!point) {
        tpp_maximum_of(high, highs, constants, step->terms, b->size);
    }
    return (ends){low, point ? low : high};
}

static ends select_interval(const block *b, const tpp_step *step, ends when, ends x, ends y,
                            double *low, double *high)
{
    const tpp_cut *cut = &b->program->cut[step->cut];
    const double bound = cut->bound[b->single].above;
    const bool applies = !b->program->node[cut->node].may_not_apply;
    if (applies && is_point(when) && is_point(x) && is_point(y)) {
        choose(low, when.low, bound, x.low, y.low, b->size);
        return (ends){low, low};
    }
    choose_low(low, when.low, when.high, bound, x.low, y.low, b->size);
    choose_high(high, when.low, when.high, bound, x.high, y.high, b->size);
    return (ends){low, high};
}

static ends run_step(const block *b, const tpp_plan *plan, const tpp_step *step, const ends *vector,
                     double *low, double *high)
{
    const uint32_t n = b->size;
    const double c = step->constant.approx;
    const bool nan = step->may_not_apply;
    const ends none = {NULL, NULL};
    const ends x = step->operands > 0 ? vector[step->a] : none;
    const ends y = step->operands > 1 ? vector[step->b] : none;
    const bool point = is_point(x) && is_point(y);
    switch (step->kind) {
    case TPP_STEP_LOAD:
        return load(b, step->input, low, high);
    case TPP_STEP_FILL:
        fill(low, c, n);
        return (ends){low, low};
    case TPP_STEP_NOT_APPLICABLE:
        fill(low, NAN, n);
        return (ends){low, low};
    case TPP_STEP_ADD:
        return both_ends(add, add, nan, x, y, low, high, n);
    case TPP_STEP_MUL:
        return both_ends(multiply, multiply_ends, nan, x, y, low, high, n);
    case TPP_STEP_MAX:
        return both_ends(maximum, maximum_ends, nan, x, y, low, high, n);
    case TPP_STEP_MAX_OF:
        return maximum_interval(b, plan, step, vector, low, high);
    case TPP_STEP_DIV:
        return divide_interval(step->positive, x, y, low, high, n);
    case TPP_STEP_SELECT:
        return select_interval(b, step, vector[step->condition], x, y, low, high);
    case TPP_STEP_SCALE:
        if (point) {
            scale(low, c, x.low, n);
            return (ends){low, low};
        }
        scale_ends(low, c, x.low, n);
        scale_ends(high, c, x.high, n);
        break;
    case TPP_STEP_ADD_SCALED:
        if (point) {
            add_scaled(low, x.low, c, y.low, n);
            return (ends){low, low};
        }
        add_scaled_ends(low, x.low, c, y.low, n);
        add_scaled_ends(high, x.high, c, y.high, n);
        break;
    case TPP_STEP_MAX_SCALED:
        maximum_scaled_ends(low, x.low, c, y.low, n);
        if (point) {
            return (ends){low, low};
        }
        maximum_scaled_ends(high, x.high, c, y.high, n);
        break;
    }
    return (ends){low, high};
}

/* ---- paragraphs ---- */

/* The rows that touch any of some boxes: halves of a block, which fill a register or two. */
static TPP_INLINE void touched(const tpp_program *program, const comparison *result, uint32_t first,
                               uint32_t count, uint64_t *restrict out)
{
    tpp_vector any[PARTS] = {{0}};
    for (uint32_t i = first; i < first + count; i++) {
        const tpp_box *box = &program->box[i];
        const uint32_t *literal = program->literal + box->first_literal;
        tpp_vector all[PARTS];
        for (unsigned k = 0; k < PARTS; k++) {
            all[k] = ~(tpp_vector){0};
        }
        for (uint32_t j = 0; j < box->literals; j++) {
            const tpp_vector *holds =
                (const tpp_vector *)(const void *)result->outcome.literal[literal[j] >> 1][literal[j] & 1];
            for (unsigned k = 0; k < PARTS; k++) {
                all[k] &= holds[k];
            }
        }
        for (unsigned k = 0; k < PARTS; k++) {
            any[k] |= all[k];
        }
    }
    memcpy(out, any, sizeof any);
}

static bool is_sure(const tpp_program *program, const tpp_paragraph *paragraph,
                    const comparison *result)
{
    uint64_t unsure = 0;
    for (uint32_t i = 0; i < program->cut_words; i++) {
        unsure |= paragraph->cuts[i] & result->unsure[i];
    }
    return unsure == 0;
}

_Static_assert(WORDS == 8, "a block's verdicts on a paragraph are a cache line");

static TPP_INLINE void write_words(const block *b, uint64_t *out, const uint64_t *words)
{
    out += b->row / 64;
    if (b->words < WORDS) {
        memcpy(out, words, b->words * sizeof *out);
    } else if (b->streams) {
        tpp_stream(out, words);
    } else {
        memcpy(out, words, WORDS * sizeof *out);
    }
}

static void write_paragraphs(const block *b, const comparison *result, uint64_t *const *value_bits,
                             uint64_t *const *valid_bits)
{
    const tpp_program *program = b->program;
    for (uint32_t p = 0; p < program->paragraphs; p++) {
        const tpp_paragraph *paragraph = &program->paragraph[p];
        uint64_t can_hold[WORDS], can_fail[WORDS];
        touched(program, result, paragraph->first_box, paragraph->true_boxes, can_hold);
        if (is_sure(program, paragraph, result)) {
            for (unsigned w = 0; w < WORDS; w++) {
                can_hold[w] &= b->mask[w];
            }
            write_words(b, value_bits[p], can_hold);
            write_words(b, valid_bits[p], b->mask);
            continue;
        }
        touched(program, result, paragraph->first_box + paragraph->true_boxes,
                paragraph->false_boxes, can_fail);
        uint64_t value[WORDS], valid[WORDS];
        for (unsigned w = 0; w < WORDS; w++) {
            value[w] = can_hold[w] & ~can_fail[w] & b->mask[w];
            valid[w] = (can_hold[w] ^ can_fail[w]) & b->mask[w];
        }
        write_words(b, value_bits[p], value);
        write_words(b, valid_bits[p], valid);
    }
}

/* ---- blocks ---- */

/* What a call needs for all its blocks. */
typedef struct {
    _Alignas(64) double slot[TPP_MAX_SLOTS][2][STRIDE];
    ends vector[TPP_MAX_SLOTS];
    comparison result;
    bool ranged;
    uint32_t unread; /* the inputs that are there and that the plan does not load */
    uint32_t unread_input[TPP_MAX_INPUTS];
} workspace;

static void prepare(block *b, workspace *work, const tpp_program *program, const tpp_plan *plan,
                    const tpp_column *columns, const tpp_ready *ready)
{
    b->program = program;
    b->columns = columns;
    b->ready = ready;
    b->single = 0;
    uint32_t bytes = 0;
    work->unread = 0;
    work->ranged = ready != NULL; /* no column is assumed to be whole */
    for (uint32_t i = 0; i < program->inputs; i++) {
        const bool there = is_there(b, i);
        work->ranged |= program->input[i].given && is_ranged(&columns[i]);
        bool loaded = !there;
        for (uint32_t j = 0; j < plan->inputs && !loaded; j++) {
            loaded = plan->input[j] == i;
        }
        if (!loaded) {
            work->unread_input[work->unread++] = i;
        }
        b->single |= there && columns[i].kind == TPP_FLOAT32;
        bytes += there ? tpp_kind_size[columns[i].kind] * (uint32_t)TPP_BLOCK : 0;
    }
    b->distrust = work->ranged;
    const uint32_t times = plan->steps + program->cuts + 1;
    b->ahead.a_step = bytes / (LINE * GROUP) / times + 1;
}

/* False if a column is not as it was assumed to be. */
static bool run(block *b, const tpp_plan *plan, workspace *work)
{
    memset(work->result.unsure, 0, sizeof work->result.unsure);
    memset(work->result.outcome.any_near, 0, sizeof work->result.outcome.any_near);
    memset(work->result.outcome.near_cuts, 0, sizeof work->result.outcome.near_cuts);
    for (uint32_t s = 0; s < plan->steps; s++) {
        const tpp_step *step = &plan->step[s];
        look_ahead(b);
        if (step->kind == TPP_STEP_LOAD && !b->examined && b->complete[step->input] &&
            !is_whole(b, step->input)) {
            return false;
        }
        if (compare_booleans(b, plan, step, &work->result)) {
            continue;
        }
        double(*room)[STRIDE] = work->slot[step->out];
        const ends node = run_step(b, plan, step, work->vector, room[0], room[1]);
        work->vector[step->out] = node;
        compare_all(b, plan, step, node, &work->result);
    }
    for (uint32_t i = 0; i < work->unread && !b->examined; i++) {
        if (!is_whole(b, work->unread_input[i])) {
            return false;
        }
    }
    return true;
}

static tpp_status begin(block *b, tpp_error *error)
{
    b->examined = true;
    if (examine(b)) {
        return TPP_OK;
    }
    tpp_column columns[TPP_MAX_INPUTS];
    for (uint32_t i = 0; i < b->program->inputs; i++) {
        columns[i] = is_ready(b, i) ? (tpp_column){0} : b->columns[i];
    }
    const tpp_status status = tpp_number_check(b->program, columns, b->row, b->count, error);
    return status != TPP_OK ? status : tpp_error_set(error, TPP_ERROR_ARGUMENT);
}

/* Runs the tests of a block. Columns are best looked at when they are used, while they are in the
 * L1 cache: a whole block is assumed to be of whole columns, until one turns out not to be. */
static tpp_status decide(block *b, workspace *work, tpp_error *error)
{
    enum { PATIENCE = 16 };
    const tpp_program *program = b->program;
    if (b->count == TPP_BLOCK && b->distrust == 0) {
        b->examined = false;
        assume_whole(b);
        if (run(b, b->all_rated ? &program->rated : &program->any, work)) {
            return TPP_OK;
        }
        b->distrust = PATIENCE;
    } else if (b->distrust > 0 && !work->ranged) {
        b->distrust--;
    }
    const tpp_status status = begin(b, error);
    if (status == TPP_OK) {
        (void)run(b, b->all_rated ? &program->rated : &program->any, work);
    }
    return status;
}

/* Decides and writes rows of a block that has been started. */
static tpp_status run_block(block *b, workspace *work, uint64_t *const *value_bits,
                            uint64_t *const *valid_bits, tpp_error *error)
{
    tpp_status status = decide(b, work, error);
    if (status != TPP_OK) {
        return status;
    }
    const tpp_rows rows = {b->program, b->columns, b->row, b->words, b->mask, b->rated};
    status = tpp_near_decide(&rows, &work->result.outcome, error);
    if (status == TPP_OK) {
        write_paragraphs(b, &work->result, value_bits, valid_bits);
    }
    return status;
}

static tpp_status evaluate(const tpp_program *program, const tpp_column *columns, uint64_t row,
                           uint64_t end, uint64_t *const *value_bits, uint64_t *const *valid_bits,
                           tpp_error *error)
{
    workspace work;
    block b;
    tpp_status status = TPP_OK;
    prepare(&b, &work, program, &program->rated, columns, NULL);
    b.streams = (end - row) / 4 * program->paragraphs > LARGE_OUTPUT;
    for (; row < end && status == TPP_OK; row += TPP_BLOCK) {
        start(&b, row, end);
        status = run_block(&b, &work, value_bits, valid_bits, error);
    }
    if (b.streams) {
        tpp_stream_end();
    }
    return status;
}

static tpp_status decide_ready(const tpp_program *program, const tpp_column *columns,
                               const tpp_ready *ready, uint32_t rows, uint64_t *const *value_bits,
                               uint64_t *const *valid_bits, tpp_error *error)
{
    workspace work;
    block b;
    prepare(&b, &work, program, &program->rated, columns, ready);
    b.streams = false;
    start(&b, 0, rows);
    return run_block(&b, &work, value_bits, valid_bits, error);
}

static void write_metrics(const block *b, const tpp_plan *plan, const tpp_step *step, ends node,
                          double *const *low, double *const *high)
{
    for (uint32_t i = 0; i < step->metrics; i++) {
        const uint32_t metric = plan->list[step->first_metric + i];
        for (uint32_t j = 0; j < b->count; j++) {
            low[metric][b->row + j] = node.low[j] + 0.0; /* no -0 to look at */
            high[metric][b->row + j] = node.high[j] + 0.0;
        }
    }
}

static tpp_status metrics(const tpp_program *program, const tpp_column *columns, uint64_t row,
                          uint64_t end, double *const *low, double *const *high, tpp_error *error)
{
    workspace work;
    block b;
    const tpp_plan *plan = &program->report;
    tpp_outcome *outcome = &work.result.outcome;
    tpp_status status = TPP_OK;
    prepare(&b, &work, program, plan, columns, NULL);
    for (; row < end && status == TPP_OK; row += TPP_BLOCK) {
        start(&b, row, end);
        status = begin(&b, error);
        if (status != TPP_OK) {
            break;
        }
        memset(work.result.unsure, 0, sizeof work.result.unsure);
        memset(outcome->any_near, 0, sizeof outcome->any_near);
        memset(outcome->near_cuts, 0, sizeof outcome->near_cuts);
        for (uint32_t s = 0; s < plan->steps; s++) {
            const tpp_step *step = &plan->step[s];
            double(*room)[STRIDE] = work.slot[step->out];
            const ends node = run_step(&b, plan, step, work.vector, room[0], room[1]);
            work.vector[step->out] = node;
            compare_all(&b, plan, step, node, &work.result);
            write_metrics(&b, plan, step, node, low, high);
        }
        const tpp_rows rows = {program, columns, row, b.words, b.mask, b.rated};
        status = tpp_near_report(&rows, outcome, low, high, error);
    }
    return status;
}

const tpp_block_kernel TPP_KERNEL = {TPP_KERNEL_NAME, evaluate, decide_ready, metrics};
