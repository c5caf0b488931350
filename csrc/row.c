/* The same arithmetic as block.c, operation by operation (vectors.h, on vectors of one number), and
 * the same bounds, so that the same rows are near; those go the way of near.c too. */
#include "row.h"

#include <math.h>
#include <string.h>

#include "choices.h"
#include "error.h"
#include "near.h"
#include "number.h"
#include "row_view.h"
#include "vectors.h"
#include "words.h"

#if defined(__GNUC__)
#define NEVER_INLINE __attribute__((noinline))
#define IS_RARE(condition) __builtin_expect((condition), 0)
#else
#define NEVER_INLINE
#define IS_RARE(condition) (condition)
#endif

enum { NEAR_WORDS = TPP_MAX_CUTS / 64 };

typedef tpp_row_range range;
typedef tpp_row_threshold threshold;
typedef tpp_row_schedule schedule;

/* ---- reading ---- */

/* What the tests of a row came to. */
typedef struct {
    bool rated;
    bool is_near;              /* any cut */
    uint64_t near[NEAR_WORDS]; /* cuts; set only where is_near */
    uint64_t literal[TPP_ROW_WORDS];
} outcome;

/* One row of a table at a time. */
typedef struct {
    const tpp_program *program;
    const tpp_column *columns;
    uint64_t at;
    int single; /* which bounds of a cut hold */
    range place[TPP_ROW_PLACES];
} reader;

/* An end of a range, `open` where missing; false if it is no number. */
static bool read_end(const double *end, uint64_t at, bool positive, double open, double *value)
{
    const double x = end != NULL ? end[at] : NAN;
    *value = isnan(x) ? open : x;
    return tpp_cell_check_double(x) == TPP_OK && !(positive && x == 0.0);
}

/* The range of a row, if it has one beside no value; false if something is wrong. */
static bool read_range(const tpp_column *column, uint64_t at, bool positive, range *number)
{
    range ends;
    const bool valid = read_end(column->low, at, positive, 0.0, &ends.low) &&
                       read_end(column->high, at, positive, HUGE_VAL, &ends.high);
    const bool is_range = (column->low != NULL && !isnan(column->low[at])) ||
                          (column->high != NULL && !isnan(column->high[at]));
    if (!valid || !is_range) {
        return valid;
    }
    const bool has_value = !isnan(number->low);
    *number = ends;
    return !has_value && ends.low <= ends.high;
}

/* Any number of a row, NaN where missing; false if something is wrong. */
static NEVER_INLINE bool read_any(const tpp_column *column, uint64_t at, bool positive,
                                  range *number)
{
    double value;
    if (tpp_cell_check(column, at, &value) != TPP_OK || (positive && value == 0.0)) {
        return false;
    }
    *number = (range){value, value};
    return (column->low == NULL && column->high == NULL) ||
           read_range(column, at, positive, number);
}

/* The same, quickly for what most rows hold. */
static TPP_INLINE bool read_number(const tpp_column *column, uint64_t at, bool positive,
                                   range *number)
{
    if (column->values != NULL && column->present == NULL && column->low == NULL &&
        column->high == NULL) {
        if (column->kind == TPP_FLOAT64) {
            const double value = ((const double *)column->values)[at];
            if ((value >= TPP_SMALLEST && value <= TPP_LARGEST) || isnan(value) ||
                (value == 0.0 && !positive)) {
                *number = (range){value, value};
                return true;
            }
        } else if (column->kind == TPP_BOOLEAN) {
            const uint8_t flag = ((const uint8_t *)column->values)[at];
            if (flag <= 1) {
                *number = (range){flag, flag};
                return flag == 1 || !positive;
            }
        }
    }
    return read_any(column, at, positive, number);
}

/* Whether both ends of a number may be those of a flag or a category; an open end may. */
static TPP_INLINE bool are_choices(range number, uint32_t choices)
{
    return tpp_is_choice(number.low, choices) &&
           (number.high == HUGE_VAL || tpp_is_choice(number.high, choices));
}

/* One input of a row that is an array of inputs, as a column of them would be. */
static TPP_INLINE bool read_cell(const tpp_column *row, const tpp_row_input *input, range *number)
{
    if (!read_number(row, input->index, input->positive, number)) {
        return false;
    }
    return (input->choices == 0 || isnan(number->low) || are_choices(*number, input->choices)) &&
           !(input->no_range && tpp_has_end(row, input->index));
}

/* Reads all inputs; false if one is wrong. What is missing becomes what that means. Inputs are
 * columns, or cells of one (`is_row`, a constant). */
static TPP_INLINE bool read_inputs(reader *r, const tpp_row_view *view, bool is_row, bool *is_rated)
{
    range *numbers = r->place + TPP_MAX_SLOTS;
    bool missing = false, rated = false, single = false;
    for (uint32_t i = 0; i < view->given; i++) {
        const tpp_row_input *input = &view->input[i];
        const tpp_column *column = is_row ? r->columns : &r->columns[input->index];
        range *number = &numbers[input->index];
        if (IS_RARE(is_row ? !read_cell(column, input, number)
                           : !read_number(column, r->at, input->positive, number))) {
            return false;
        }
        const bool there = number->low == number->low;
        rated |= there && input->closed_list;
        missing |= !there;
        single |= column->kind == TPP_FLOAT32 && column->values != NULL;
    }
    for (uint32_t i = missing ? 0 : view->given; i < view->inputs; i++) {
        const tpp_row_input *input = &view->input[i];
        range *number = &numbers[input->index];
        if (i >= view->given || isnan(number->low)) {
            *number = input->absent[rated];
        }
    }
    *is_rated = rated;
    r->single = single;
    return true;
}

/* ---- steps ---- */

typedef void (*operation)(double *restrict out, const double *restrict a, const double *restrict b,
                          uint32_t n);
typedef void (*scaled)(double *restrict out, const double *restrict a, double c,
                       const double *restrict b, uint32_t n);

static TPP_INLINE bool is_point(range x)
{
    return x.low == x.high;
}

static TPP_INLINE range apply(operation to, range x, range y)
{
    range out;
    to(&out.low, &x.low, &y.low, 1);
    to(&out.high, &x.high, &y.high, 1);
    return out;
}

static TPP_INLINE range apply_scaled(scaled to, range x, double c, range y)
{
    range out;
    to(&out.low, &x.low, c, &y.low, 1);
    to(&out.high, &x.high, c, &y.high, 1);
    return out;
}

static TPP_INLINE range divided(bool positive, range x, range y)
{
    range out;
    if (is_point(x) && is_point(y)) {
        out.low = positive || y.low != 0.0 ? x.low / y.low : NAN;
        out.high = out.low;
    } else if (positive) {
        divide(&out.low, &x.low, &y.high, 1);
        divide_high(&out.high, &x.high, &y.low, 1);
    } else {
        divide_low_or_nan(&out.low, &x.low, &y.low, &y.high, 1);
        divide_high_or_nan(&out.high, &x.high, &y.low, &y.high, 1);
    }
    return out;
}

static TPP_INLINE range largest(const tpp_row_term *terms, uint32_t count, const range *place)
{
    range most = {0.0, 0.0}; /* no number is below */
    for (uint32_t i = 0; i < count; i++) {
        const range x = place[terms[i].operand];
        const double low = terms[i].constant * x.low, high = terms[i].constant * x.high;
        most.low = low > most.low ? low : most.low;
        most.high = high > most.high ? high : most.high;
    }
    return most;
}

static range chosen(const reader *r, uint32_t cut, range when, range x, range y)
{
    const double bound = r->program->cut[cut].bound[r->single].above;
    range out;
    choose_low(&out.low, &when.low, &when.high, bound, &x.low, &y.low, 1);
    choose_high(&out.high, &when.low, &when.high, bound, &x.high, &y.high, 1);
    return out;
}

static TPP_INLINE range run_step(const reader *r, const schedule *plan, const tpp_row_step *s)
{
    const range *place = r->place;
    switch (s->kind) {
    case TPP_STEP_LOAD:
        return place[s->a];
    case TPP_STEP_FILL:
        return (range){s->constant, s->constant};
    case TPP_STEP_ADD:
        return apply(add, place[s->a], place[s->b]);
    case TPP_STEP_MUL:
        return apply(multiply_ends, place[s->a], place[s->b]);
    case TPP_STEP_MAX:
        return apply(maximum_ends, place[s->a], place[s->b]);
    case TPP_STEP_MAX_OF:
        return largest(plan->term + s->first_term, s->terms, place);
    case TPP_STEP_DIV:
        return divided(s->positive, place[s->a], place[s->b]);
    case TPP_STEP_SELECT:
        return chosen(r, s->cut, place[s->condition], place[s->a], place[s->b]);
    case TPP_STEP_SCALE:
        return (range){product(s->constant, place[s->a].low),
                       product(s->constant, place[s->a].high)};
    case TPP_STEP_ADD_SCALED:
        return apply_scaled(add_scaled_ends, place[s->a], s->constant, place[s->b]);
    case TPP_STEP_MAX_SCALED:
        return apply_scaled(maximum_scaled_ends, place[s->a], s->constant, place[s->b]);
    default:
        return (range){NAN, NAN};
    }
}

static NEVER_INLINE void add_near(outcome *out, uint32_t cut)
{
    if (!out->is_near) {
        memset(out->near, 0, sizeof out->near);
        out->is_near = true;
    }
    out->near[cut / 64] |= UINT64_C(1) << cut % 64;
}

static TPP_INLINE bool is_between(double x, const threshold *with)
{
    return (x >= with->below) & (x < with->above);
}

/* Compares as it goes. A metric that does not apply may hold and may fail, and is near nothing.
 * `words` is a constant: the literals of few cuts stay in a register. */
static TPP_INLINE void run(reader *r, const schedule *plan, uint32_t words, outcome *out)
{
    uint64_t one = 0;
    out->is_near = false;
    for (uint32_t w = 0; w < words; w++) {
        out->literal[w] = 0;
    }
    const threshold *with = plan->threshold[r->single];
    for (uint32_t i = 0; i < plan->steps; i++) {
        const tpp_row_step *s = &plan->step[i];
        const range x = run_step(r, plan, s);
        const bool point = is_point(x);
        r->place[s->out] = x;
        for (const threshold *last = with + s->thresholds; with < last; with++) {
            const bool may_fail = !(x.low >= with->above);
            const bool may_hold = point ? !may_fail : !(x.high < with->above);
            const uint64_t both = (uint64_t)may_hold | (uint64_t)may_fail << 1;
            if (words == 1) {
                one |= both << with->shift;
            } else {
                out->literal[with->word] |= both << with->shift;
            }
            if (IS_RARE(is_between(x.low, with) || (!point && is_between(x.high, with)))) {
                add_near(out, with->cut);
            }
        }
    }
    if (words == 1) {
        out->literal[0] = one;
    }
}

/* ---- near cuts ---- */

/* Decides the near cuts of some rows from `begin` on, as a block of one word. */
static NEVER_INLINE tpp_status decide_near(const tpp_program *program, const tpp_column *columns,
                                           uint64_t begin, uint32_t count, outcome *row,
                                           tpp_error *error)
{
    uint64_t mask[TPP_BLOCK_WORDS] = {0}, rated[TPP_BLOCK_WORDS] = {0};
    const tpp_rows rows = {program, columns, begin, 1, mask, rated};
    tpp_outcome block;
    memset(block.near_cuts, 0, sizeof block.near_cuts);
    memset(block.any_near, 0, sizeof block.any_near);
    for (uint32_t i = 0; i < count; i++) {
        mask[0] |= UINT64_C(1) << i;
        rated[0] |= (uint64_t)row[i].rated << i;
        block.any_near[0] |= (uint64_t)row[i].is_near << i;
        for (uint32_t w = 0; w < NEAR_WORDS && row[i].is_near; w++) {
            block.near_cuts[w] |= row[i].near[w];
        }
    }
    for (uint32_t c = 0; c < program->cuts; c++) {
        block.literal[c][0][0] = block.literal[c][1][0] = 0;
        memset(block.near[c], 0, sizeof block.near[c]);
        for (uint32_t i = 0; i < count; i++) {
            const uint64_t literals = row[i].literal[c / 32] >> 2 * (c % 32);
            const uint64_t near = row[i].is_near ? row[i].near[c / 64] >> c % 64 : 0;
            block.literal[c][0][0] |= (literals & 1) << i;
            block.literal[c][1][0] |= (literals >> 1 & 1) << i;
            block.near[c][0] |= (near & 1) << i;
        }
    }
    const tpp_status status = tpp_near_decide(&rows, &block, error);
    for (uint32_t i = 0; i < count; i++) {
        memset(row[i].literal, 0, sizeof row[i].literal);
        for (uint32_t c = 0; c < program->cuts; c++) {
            const uint64_t may_hold = block.literal[c][0][0] >> i & 1;
            const uint64_t may_fail = block.literal[c][1][0] >> i & 1;
            row[i].literal[c / 32] |= (may_hold | may_fail << 1) << 2 * (c % 32);
        }
    }
    return status;
}

/* ---- paragraphs ---- */

/* Whether a row touches any of some boxes. */
static TPP_INLINE bool touches(const uint64_t *literal, const uint64_t *box, uint32_t boxes,
                               uint32_t words)
{
    bool any = false;
    for (uint32_t i = 0; i < boxes; i++) {
        uint64_t lacks = 0;
        for (uint32_t w = 0; w < words; w++) {
            lacks |= box[i * words + w] & ~literal[w];
        }
        any |= lacks == 0;
    }
    return any;
}

/* The first row of a word also clears the others. */
static TPP_INLINE void write_bit(uint64_t *word, uint32_t at, bool bit)
{
    *word = at == 0 ? bit : *word | (uint64_t)bit << at;
}

/* Where the verdicts of a row go: bitmaps, or an array of paragraphs. */
typedef struct {
    uint64_t *const *value_bits;
    uint64_t *const *valid_bits;
    uint64_t at;
    int8_t *verdicts; /* NULL: bitmaps */
} destination;

static TPP_INLINE void write_verdict(destination to, uint32_t paragraph, bool value, bool valid)
{
    if (to.verdicts != NULL) {
        to.verdicts[paragraph] = (int8_t)(valid ? value : -1);
        return;
    }
    const uint32_t bit = (uint32_t)(to.at % 64);
    write_bit(to.value_bits[paragraph] + to.at / 64, bit, value);
    write_bit(to.valid_bits[paragraph] + to.at / 64, bit, valid);
}

static TPP_INLINE void write_paragraphs(const tpp_program *program, uint32_t words,
                                        const outcome *row, destination to)
{
    uint64_t literal[TPP_ROW_WORDS], unsure[TPP_ROW_WORDS]; /* cuts that may hold and may fail */
    for (uint32_t w = 0; w < words; w++) {
        literal[w] = row->literal[w];
        unsure[w] = literal[w] & literal[w] >> 1;
    }
    const uint64_t *box = program->row_view->box, *cuts = program->row_view->paragraph;
    for (uint32_t p = 0; p < program->paragraphs; p++, cuts += words) {
        const tpp_paragraph *paragraph = &program->paragraph[p];
        uint64_t doubts = 0;
        for (uint32_t w = 0; w < words; w++) {
            doubts |= cuts[w] & unsure[w];
        }
        bool value = touches(literal, box, paragraph->true_boxes, words), valid = true;
        box += (size_t)paragraph->true_boxes * words;
        if (doubts != 0) {
            const bool can_fail = touches(literal, box, paragraph->false_boxes, words);
            valid = value != can_fail;
            value = value && !can_fail;
        }
        box += (size_t)paragraph->false_boxes * words;
        write_verdict(to, p, value, valid);
    }
}

/* ---- rows ---- */

static NEVER_INLINE tpp_status refuse(const reader *r, tpp_error *error)
{
    const tpp_status status = tpp_number_check(r->program, r->columns, r->at, 1, error);
    return status != TPP_OK ? status : tpp_error_set(error, TPP_ERROR_ARGUMENT);
}

static TPP_INLINE tpp_status evaluate(const tpp_program *program, uint32_t words,
                                      const tpp_column *columns, uint64_t begin, uint64_t end,
                                      uint64_t *const *value_bits, uint64_t *const *valid_bits,
                                      tpp_error *error)
{
    const tpp_row_view *view = program->row_view;
    const uint32_t count = (uint32_t)(end - begin);
    outcome found[TPP_FEW_ROWS];
    bool near = false;
    reader r;
    r.program = program;
    r.columns = columns;
    for (uint32_t i = 0; i < count; i++) {
        r.at = begin + i;
        if (IS_RARE(!read_inputs(&r, view, false, &found[i].rated))) {
            return refuse(&r, error);
        }
        run(&r, &view->schedule[found[i].rated], words, &found[i]);
        near |= found[i].is_near;
    }
    if (IS_RARE(near)) {
        const tpp_status status = decide_near(program, columns, begin, count, found, error);
        if (status != TPP_OK) {
            return status;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        const destination to = {value_bits, valid_bits, begin + i, NULL};
        write_paragraphs(program, words, &found[i], to);
    }
    return TPP_OK;
}

tpp_status tpp_row_evaluate(const tpp_program *program, const tpp_column *columns, uint64_t row,
                            uint64_t end, uint64_t *const *value_bits, uint64_t *const *valid_bits,
                            tpp_error *error)
{
    const uint32_t words = program->row_view->words;
    return words == 1
               ? evaluate(program, 1, columns, row, end, value_bits, valid_bits, error)
               : evaluate(program, words, columns, row, end, value_bits, valid_bits, error);
}

/* ---- one row of doubles ---- */

/* The inputs of a row as columns of one row. */
static void split(const tpp_program *program, const tpp_column *row, tpp_column *columns)
{
    for (uint32_t i = 0; i < program->inputs; i++) {
        columns[i] = (tpp_column){.values = (const double *)row->values + i,
                                  .low = row->low != NULL ? row->low + i : NULL,
                                  .high = row->high != NULL ? row->high + i : NULL,
                                  .kind = TPP_FLOAT64};
    }
}

static NEVER_INLINE tpp_status refuse_row(const tpp_program *program, const tpp_column *row,
                                          tpp_error *error)
{
    tpp_column columns[TPP_MAX_INPUTS];
    split(program, row, columns);
    tpp_status status = tpp_choices_check(program, columns, 0, 1, error);
    status = status != TPP_OK ? status : tpp_number_check(program, columns, 0, 1, error);
    return status != TPP_OK ? status : tpp_error_set(error, TPP_ERROR_ARGUMENT);
}

static NEVER_INLINE tpp_status decide_near_row(const tpp_program *program, const tpp_column *row,
                                               outcome *found, tpp_error *error)
{
    tpp_column columns[TPP_MAX_INPUTS];
    split(program, row, columns);
    return decide_near(program, columns, 0, 1, found, error);
}

static TPP_INLINE tpp_status decide_row(const tpp_program *program, uint32_t words,
                                        const tpp_column *row, int8_t *verdicts, tpp_error *error)
{
    const tpp_row_view *view = program->row_view;
    outcome found;
    reader r;
    r.program = program;
    r.columns = row;
    if (IS_RARE(!read_inputs(&r, view, true, &found.rated))) {
        return refuse_row(program, row, error);
    }
    run(&r, &view->schedule[found.rated], words, &found);
    if (IS_RARE(found.is_near)) {
        const tpp_status status = decide_near_row(program, row, &found, error);
        if (status != TPP_OK) {
            return status;
        }
    }
    const destination to = {NULL, NULL, 0, verdicts};
    write_paragraphs(program, words, &found, to);
    return TPP_OK;
}

tpp_status tpp_row_decide(const tpp_program *program, const double *values, const double *low,
                          const double *high, int8_t *verdicts, tpp_error *error)
{
    const uint32_t words = program->row_view->words;
    const tpp_column row = {.values = values, .low = low, .high = high, .kind = TPP_FLOAT64};
    return words == 1 ? decide_row(program, 1, &row, verdicts, error)
                      : decide_row(program, words, &row, verdicts, error);
}
