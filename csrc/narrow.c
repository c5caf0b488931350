#include "narrow.h"

#include <math.h>
#include <string.h>

#include "number.h"
#include "u128.h"
#include "words.h"

/* A formula is evaluated three times. In doubles from the inputs on, with a bound of the error.
 * From the result back, for the rows in which each step's exact value is needed: of a maximum the
 * operand that is larger beyond doubt, or both. And in exact numbers from the inputs on, where
 * needed.
 *
 * Where a row holds ranges, the same is done for either end of the result: all operations grow with
 * their operands but a quotient, which falls with its denominator, so that an end of the result
 * depends on one end of each input.
 *
 * NaN among the doubles stands for whatever is not decided here: what does not apply, a choice too
 * near to tell, a range of which both ends matter to one end of the result, numbers close to the
 * ends of the range of doubles. It spreads to all that depends on it, and so to the result. */

enum { ROWS = TPP_NARROW_ROWS, STEPS = 256, NUMBERS = 1536, MOST_EXPONENT = 1000 };

enum { LOW = 1, HIGH = 2, BOTH = LOW | HIGH };

enum { FEW = 12 }; /* more rows than these are compared as whole vectors */

static const double LEAST = 1e-290, MOST = 1e290;

/* top / bottom * 10^exponent */
typedef struct {
    tpp_u128 top;
    tpp_u128 bottom;
    int32_t exponent;
} number;

typedef struct {
    const tpp_program *program;
    const tpp_column *columns;
    const tpp_plan *plan;
    bool rated;
    const uint64_t *row;
    uint32_t rows;
    uint64_t all; /* the set of them */
    /* By slot: each is written by one step and read before the next that writes it. */
    double approx[TPP_MAX_SLOTS][ROWS];
    double scaled[ROWS];
    double error[TPP_MAX_SLOTS];  /* a double is within `error` times the true value */
    bool is_float[TPP_MAX_SLOTS]; /* it comes from floats */
    uint16_t source[TPP_MAX_SLOTS][ROWS]; /* which of the exact numbers it is */
    /* By step. */
    uint16_t a[STEPS]; /* the steps of the operands */
    uint16_t b[STEPS];
    uint8_t ends[STEPS];    /* LOW, HIGH or BOTH: which end of its value the result depends on */
    uint64_t first[STEPS];  /* of a maximum or a choice: rows in which it is `a` for sure */
    uint64_t second[STEPS]; /* the same of `b` */
    uint64_t needed[STEPS];
    bool is_plain[STEPS]; /* a load of doubles, all there: `approx` is their column */
    uint64_t ranged;      /* rows in which an input is a range */
    uint64_t failed;      /* rows that outgrew their numbers */
    uint32_t used;
    number exact[NUMBERS];
} work;

/* ---- in doubles ---- */

static const double UNIT = 0x1p-53;       /* the relative error of a rounding */
static const double FLOAT_UNIT = 0x1p-24; /* of a float */
static const double LARGEST_ERROR = 1e-4;

/* The error of a product or quotient whose operands' errors add up to `error`: up to LARGEST_ERROR,
 * (1 + a) (1 + UNIT) / (1 - b) is below 1 + 1.001 (a + b + UNIT). */
static double after(double error)
{
    return 1.001 * (error + UNIT);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* What an operation gives, unless it comes close to the ends of the range of doubles; zeros and
 * open ends among the operands are no matter of rounding. */
static inline double sane(double value, unsigned special)
{
    return (value >= LEAST && value <= MOST) || special ? value : NAN;
}

static inline unsigned is_special(double x)
{
    return (unsigned)(x == 0.0) | (unsigned)(x > MOST);
}

static void fill(double *out, double value, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = value;
    }
}

/* The rows in which a vector is at least a bound. */
static uint64_t rows_at_least(const work *w, const double *v, double bound)
{
    if (w->rows > FEW) {
        return tpp_word_at_least(v, bound) & w->all;
    }
    uint64_t rows = 0;
    for (uint32_t i = 0; i < w->rows; i++) {
        rows |= (uint64_t)(v[i] >= bound) << i;
    }
    return rows;
}

/* The rows in which a vector is not NaN. */
static uint64_t rows_known(const work *w, const double *v)
{
    if (w->rows > FEW) {
        return ~tpp_word_nan(v) & w->all;
    }
    return rows_at_least(w, v, -HUGE_VAL);
}

/* The values of a column, NaN where missing. */
static void read(const work *w, const tpp_column *column, double *restrict out)
{
    const uint64_t *row = w->row;
    const uint32_t n = w->rows;
    if (column->kind != TPP_FLOAT64 || column->values == NULL || column->present != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            out[i] = tpp_cell_approx(column, row[i]);
        }
    } else if (row[n - 1] - row[0] == n - 1) {
        memcpy(out, (const double *)column->values + row[0], n * sizeof *out);
    } else {
        const double *values = column->values;
        for (uint32_t i = 0; i < n; i++) {
            out[i] = values[row[i]];
        }
    }
}

static double end_of(const double *end, uint64_t row, double open)
{
    return end != NULL && !isnan(end[row]) ? end[row] : open;
}

/* What a missing value means in a row, at the end that matters. */
static double missing_value(work *w, const tpp_input *input, const tpp_column *column, uint32_t i,
                            uint8_t ends)
{
    const tpp_number absent = tpp_number_absent(input, w->rated);
    double low = input->given ? end_of(column->low, w->row[i], -1.0) : -1.0;
    double high = input->given ? end_of(column->high, w->row[i], -1.0) : -1.0;
    if (low < 0.0 && high < 0.0) {
        low = absent.low.approx;
        high = absent.is_open ? HUGE_VAL : low;
    } else {
        low = low < 0.0 ? 0.0 : low;
        high = high < 0.0 ? HUGE_VAL : high;
    }
    if (low == high) {
        return low;
    }
    w->ranged |= UINT64_C(1) << i;
    return ends == BOTH ? NAN : ends == HIGH ? high : low;
}

/* Whether all of it is read from a column of doubles. */
static bool load(work *w, uint32_t s, double *out)
{
    const uint32_t index = w->plan->step[s].input;
    const tpp_input *input = &w->program->input[index];
    const tpp_column *column = &w->columns[index];
    if (input->given) {
        read(w, column, out);
        if (rows_known(w, out) == w->all) {
            return column->kind == TPP_FLOAT64;
        }
    } else {
        fill(out, NAN, w->rows);
    }
    for (uint32_t i = 0; i < w->rows; i++) {
        if (isnan(out[i])) {
            out[i] = missing_value(w, input, column, i, w->ends[s]);
        }
    }
    return false;
}

static void scale(double *restrict out, double c, const double *restrict x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = sane(c * x[i], is_special(c) | is_special(x[i]));
    }
}

static void multiply(double *restrict out, const double *x, const double *y, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = sane(x[i] * y[i], is_special(x[i]) | is_special(y[i]));
    }
}

/* `positive`: a denominator of 0 is one close to it, the open end of a range. Elsewhere a quotient
 * may not apply; that shows at the end of the result to which the denominator's low end belongs,
 * and both ends are decided or neither. */
static void divide(double *restrict out, const double *x, const double *y, bool positive,
                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const bool applies = y[i] > 0.0 || (positive && x[i] > 0.0);
        const double quotient = sane(x[i] / y[i], is_special(x[i]) | is_special(y[i]));
        out[i] = applies ? quotient : NAN;
    }
}

static void add(double *restrict out, const double *x, const double *y, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = sane(x[i] + y[i], is_special(x[i]) | is_special(y[i]));
    }
}

/* Rows in which x >= margin * y, not NaN. */
static uint64_t rows_above(const work *w, const double *x, const double *y, double margin)
{
    double difference[ROWS];
    const uint32_t n = w->rows > FEW ? ROWS : w->rows;
    for (uint32_t i = 0; i < n; i++) {
        difference[i] = x[i] - margin * y[i];
    }
    return rows_at_least(w, difference, 0.0);
}

/* `error` is the sum of those of x and y, a and b. If x >= y (1 + a) / (1 - b), then x is the
 * larger one in truth; the last UNITs cover the roundings of that test itself. Either will do where
 * both are 0. */
static void maximum(work *w, uint32_t s, const double *x, const double *y, double error)
{
    const double margin = 1.0 + 1.01 * error + 4 * UNIT;
    double *restrict out = w->approx[w->plan->step[s].out];
    w->first[s] = rows_above(w, x, y, margin);
    w->second[s] = w->first[s] == w->all ? 0 : rows_above(w, y, x, margin) & ~w->first[s];
    for (uint32_t i = 0; i < w->rows; i++) {
        const double other = y[i] > x[i] ? y[i] : NAN;
        out[i] = x[i] >= y[i] ? x[i] : other;
    }
}

static void choose(work *w, const tpp_step *step, uint32_t s)
{
    const tpp_cut *cut = &w->program->cut[step->cut];
    /* The bounds of a cut are those of doubles; a float is farther from its decimal. */
    const double error = 1.01 * (w->error[step->condition] + UNIT) + 4 * UNIT;
    const bool wide = w->is_float[step->condition];
    const double below = wide ? cut->threshold.approx * (1.0 - error) : cut->bound[0].below;
    const double above = wide ? cut->threshold.approx * (1.0 + error) : cut->bound[0].above;
    w->first[s] = w->second[s] = 0;
    for (uint32_t i = 0; i < w->rows; i++) {
        const double value = w->approx[step->condition][i];
        const bool holds = value >= above, fails = value < below;
        const double x = w->approx[step->a][i], y = w->approx[step->b][i];
        w->first[s] |= (uint64_t)holds << i;
        w->second[s] |= (uint64_t)fails << i;
        w->approx[step->out][i] = holds ? x : fails ? y : NAN;
    }
}

/* One step in doubles. */
static void estimate(work *w, uint32_t s)
{
    const tpp_step *step = &w->plan->step[s];
    const uint32_t n = w->rows;
    const double c = step->constant.approx;
    const double *x = w->approx[step->a], *y = w->approx[step->b];
    double *out = w->approx[step->out], *scaled = w->scaled;
    const double one = w->error[step->a], two = w->error[step->b];
    double *error = &w->error[step->out];
    bool is_float = (step->operands > 0 && w->is_float[step->a]) ||
                    (step->operands > 1 && w->is_float[step->b]);
    switch (step->kind) {
    case TPP_STEP_LOAD:
        w->is_plain[s] = load(w, s, out);
        is_float = w->columns[step->input].kind == TPP_FLOAT32;
        *error = is_float ? FLOAT_UNIT : UNIT;
        break;
    case TPP_STEP_FILL:
        fill(out, c, n);
        *error = UNIT;
        break;
    case TPP_STEP_ADD:
        add(out, x, y, n);
        *error = after(larger(one, two));
        break;
    case TPP_STEP_MUL:
        multiply(out, x, y, n);
        *error = after(one + two);
        break;
    case TPP_STEP_DIV:
        divide(out, x, y, step->positive, n);
        *error = after(one + two);
        break;
    case TPP_STEP_SCALE:
        scale(out, c, x, n);
        *error = after(one + UNIT);
        break;
    case TPP_STEP_ADD_SCALED:
        scale(scaled, c, y, n);
        add(out, x, scaled, n);
        *error = after(larger(one, after(two + UNIT)));
        break;
    case TPP_STEP_MAX:
        maximum(w, s, x, y, one + two);
        *error = larger(one, two);
        break;
    case TPP_STEP_MAX_SCALED:
        scale(scaled, c, y, n);
        maximum(w, s, x, scaled, one + after(two + UNIT));
        *error = larger(one, after(two + UNIT));
        break;
    case TPP_STEP_SELECT:
        choose(w, step, s);
        is_float |= w->is_float[step->condition];
        *error = larger(one, two);
        break;
    case TPP_STEP_MAX_OF: /* not in exact plans */
    case TPP_STEP_NOT_APPLICABLE:
        fill(out, NAN, n);
        *error = UNIT;
        break;
    }
    if (*error > LARGEST_ERROR) {
        fill(out, NAN, n);
    }
    w->is_float[step->out] = is_float;
}

/* Names the operands of all steps by step, and the ends of them that an end of the result depends
 * on. */
static void link(work *w, uint8_t end)
{
    const uint32_t steps = w->plan->steps;
    uint16_t writer[TPP_MAX_SLOTS] = {0}, condition[STEPS];
    for (uint32_t s = 0; s < steps; s++) {
        const tpp_step *step = &w->plan->step[s];
        w->a[s] = writer[step->a];
        w->b[s] = writer[step->b];
        condition[s] = writer[step->condition];
        writer[step->out] = (uint16_t)s;
    }
    memset(w->ends, 0, sizeof w->ends);
    for (uint32_t s = steps; s-- > 0;) {
        const tpp_step *step = &w->plan->step[s];
        const uint8_t ends = w->ends[s] |= s + 1 == steps ? end : 0;
        const uint8_t other = ends == LOW ? HIGH : ends == HIGH ? LOW : BOTH;
        if (step->operands > 0) {
            w->ends[w->a[s]] |= ends;
        }
        if (step->operands > 1) {
            w->ends[w->b[s]] |= step->kind == TPP_STEP_DIV ? other : ends;
        }
        if (step->kind == TPP_STEP_SELECT) {
            w->ends[condition[s]] = BOTH;
        }
    }
}

/* Evaluates all steps in doubles. */
static void estimate_all(work *w)
{
    w->ranged = 0;
    for (uint32_t s = 0; s < w->plan->steps; s++) {
        w->first[s] = w->second[s] = 0;
        estimate(w, s);
    }
}

/* ---- what is needed ---- */

static void find_needed(work *w, uint64_t rows)
{
    const uint32_t steps = w->plan->steps;
    memset(w->needed, 0, steps * sizeof w->needed[0]);
    w->needed[steps - 1] = rows;
    for (uint32_t s = steps; s-- > 0;) {
        const uint32_t operands = w->plan->step[s].operands;
        if (operands > 0) {
            w->needed[w->a[s]] |= w->needed[s] & ~w->second[s];
        }
        if (operands > 1) {
            w->needed[w->b[s]] |= w->needed[s] & ~w->first[s];
        }
    }
}

/* ---- exactly ---- */

static const uint64_t POWERS_OF_TEN[20] = {
    1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u,
    10000000000u, 100000000000u, 1000000000000u, 10000000000000u, 100000000000000u,
    1000000000000000u, 10000000000000000u, 100000000000000000u, 1000000000000000000u,
    10000000000000000000u};

/* *value *= 10^power, unless that is negative; false if it does not fit. */
static bool raise(tpp_u128 *value, int64_t power)
{
    if (power > 19) {
        return *value == 0 || (power <= 38 && tpp_u128_multiply(value, *value, POWERS_OF_TEN[19]) &&
                               raise(value, power - 19));
    }
    /* Either is as likely, and costs less than telling them apart. */
    return tpp_u128_multiply(value, *value, POWERS_OF_TEN[power > 0 ? power : 0]);
}

/* left : right = a : b, as integers. */
static bool cross(tpp_u128 *left, tpp_u128 *right, const number *a, const number *b)
{
    const int64_t power = (int64_t)a->exponent - b->exponent;
    return tpp_u128_multiply(left, a->top, b->bottom) &&
           tpp_u128_multiply(right, b->top, a->bottom) && raise(left, power) &&
           raise(right, -power);
}

static bool is_short(int32_t exponent)
{
    return exponent >= -MOST_EXPONENT && exponent <= MOST_EXPONENT;
}

static number of_decimal(tpp_decimal decimal)
{
    return (number){decimal.mantissa, 1, decimal.mantissa == 0 ? 0 : decimal.exponent};
}

static bool add_exact(number *out, const number *a, const number *b)
{
    tpp_u128 left, right;
    out->exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    if (a->bottom == b->bottom) {
        left = a->top;
        right = b->top;
        out->bottom = a->bottom;
        return raise(&left, (int64_t)a->exponent - out->exponent) &&
               raise(&right, (int64_t)b->exponent - out->exponent) &&
               tpp_u128_add(&out->top, left, right);
    }
    return cross(&left, &right, a, b) && tpp_u128_add(&out->top, left, right) &&
           tpp_u128_multiply(&out->bottom, a->bottom, b->bottom);
}

static bool multiply_exact(number *out, const number *a, const number *b)
{
    out->exponent = a->exponent + b->exponent;
    return is_short(out->exponent) && tpp_u128_multiply(&out->top, a->top, b->top) &&
           tpp_u128_multiply(&out->bottom, a->bottom, b->bottom);
}

static bool divide_exact(number *out, const number *a, const number *b)
{
    out->exponent = a->exponent - b->exponent;
    return b->top != 0 && is_short(out->exponent) &&
           tpp_u128_multiply(&out->top, a->top, b->bottom) &&
           tpp_u128_multiply(&out->bottom, a->bottom, b->top);
}

/* Takes a row out of a set that is not empty. */
static inline uint32_t next_row(uint64_t *rows)
{
    const uint32_t i = (uint32_t)__builtin_ctzll(*rows);
    *rows &= *rows - 1;
    return i;
}

static inline const number *value_of(const work *w, uint32_t slot, uint32_t i)
{
    return &w->exact[w->source[slot][i]];
}

/* A new number for a row; the rows of a step have been counted. */
static inline number *new_value(work *w, uint32_t slot, uint32_t i)
{
    w->source[slot][i] = (uint16_t)w->used;
    return &w->exact[w->used++];
}

static inline void check(work *w, uint32_t i, bool fits)
{
    w->failed |= (uint64_t)!fits << i;
}

static void load_any(work *w, const tpp_step *step, uint64_t rows, uint8_t ends)
{
    while (rows != 0) {
        const uint32_t i = next_row(&rows);
        const tpp_number found =
            tpp_number_read(w->program, w->columns, w->row[i], w->rated, step->input);
        const bool is_high = ends == HIGH;
        *new_value(w, step->out, i) = of_decimal(is_high ? found.high : found.low);
        check(w, i, !(is_high && found.is_open));
    }
}

/* Doubles of their column. */
static void load_plain(work *w, const tpp_step *step, uint64_t rows)
{
    double value[ROWS] = {0.0};
    uint64_t mantissa[ROWS], left = rows;
    int32_t exponent[ROWS];
    uint32_t n = 0;
    const double *values = w->columns[step->input].values;
    while (left != 0) {
        value[n++] = values[w->row[next_row(&left)]];
    }
    const uint64_t found = tpp_decimal_recover(value, n, mantissa, exponent);
    for (uint32_t j = 0; rows != 0; j++) {
        number *out = new_value(w, step->out, next_row(&rows));
        if ((found >> j & 1) != 0) {
            *out = (number){mantissa[j], 1, exponent[j]};
        } else {
            *out = of_decimal(tpp_decimal_find(value[j]));
        }
    }
}

typedef bool (*operation)(number *out, const number *a, const number *b);

static inline void combine(work *w, const tpp_step *step, uint64_t rows, operation operate)
{
    while (rows != 0) {
        const uint32_t i = next_row(&rows);
        const number *a = value_of(w, step->a, i), *b = value_of(w, step->b, i);
        check(w, i, operate(new_value(w, step->out, i), a, b));
    }
}

/* constant * x */
static void scale_exact(work *w, const tpp_step *step, uint64_t rows, uint32_t x)
{
    const number constant = of_decimal(step->constant);
    while (rows != 0) {
        const uint32_t i = next_row(&rows);
        const number *a = value_of(w, x, i);
        number *out = new_value(w, step->out, i);
        out->exponent = constant.exponent + a->exponent;
        out->bottom = a->bottom;
        check(w, i, is_short(out->exponent) && tpp_u128_multiply(&out->top, constant.top, a->top));
    }
}

static void add_scaled_exact(work *w, const tpp_step *step, uint64_t rows)
{
    scale_exact(w, step, rows, step->b);
    rows &= ~w->failed;
    while (rows != 0) {
        const uint32_t i = next_row(&rows);
        number *out = &w->exact[w->source[step->out][i]];
        const number scaled = *out;
        check(w, i, add_exact(out, value_of(w, step->a, i), &scaled));
    }
}

/* The values of another slot. */
static void take(work *w, uint32_t slot, uint64_t rows, uint32_t from)
{
    while (rows != 0) {
        const uint32_t i = next_row(&rows);
        w->source[slot][i] = w->source[from][i];
    }
}

static void maximum_exact(work *w, const tpp_step *step, uint32_t s, uint64_t rows)
{
    const uint64_t second = rows & ~w->first[s];
    take(w, step->out, rows & w->first[s], step->a);
    if (step->kind == TPP_STEP_MAX_SCALED) {
        scale_exact(w, step, second, step->b);
    } else {
        take(w, step->out, second, step->b);
    }
    uint64_t both = second & ~w->second[s] & ~w->failed;
    while (both != 0) {
        const uint32_t i = next_row(&both);
        tpp_u128 left, right;
        if (!cross(&left, &right, value_of(w, step->a, i), value_of(w, step->out, i))) {
            check(w, i, false);
        } else if (left > right) {
            w->source[step->out][i] = w->source[step->a][i];
        }
    }
}

/* One step exactly, in some rows. */
static void compute(work *w, uint32_t s, uint64_t rows)
{
    const tpp_step *step = &w->plan->step[s];
    if (w->used + (uint32_t)__builtin_popcountll(rows) > NUMBERS) {
        w->failed |= rows;
        return;
    }
    switch (step->kind) {
    case TPP_STEP_LOAD:
        if (w->is_plain[s]) {
            load_plain(w, step, rows);
        } else {
            load_any(w, step, rows, w->ends[s]);
        }
        break;
    case TPP_STEP_FILL:
        while (rows != 0) {
            *new_value(w, step->out, next_row(&rows)) = of_decimal(step->constant);
        }
        break;
    case TPP_STEP_ADD:
        combine(w, step, rows, add_exact);
        break;
    case TPP_STEP_ADD_SCALED:
        add_scaled_exact(w, step, rows);
        break;
    case TPP_STEP_MUL:
        combine(w, step, rows, multiply_exact);
        break;
    case TPP_STEP_DIV:
        combine(w, step, rows, divide_exact);
        break;
    case TPP_STEP_SCALE:
        scale_exact(w, step, rows, step->a);
        break;
    case TPP_STEP_MAX:
    case TPP_STEP_MAX_SCALED:
        maximum_exact(w, step, s, rows);
        break;
    case TPP_STEP_SELECT:
        take(w, step->out, rows & w->first[s], step->a);
        take(w, step->out, rows & w->second[s], step->b);
        break;
    case TPP_STEP_MAX_OF:
    case TPP_STEP_NOT_APPLICABLE:
        w->failed |= rows;
        break;
    }
}

static void compute_all(work *w)
{
    w->failed = 0;
    w->used = 0;
    for (uint32_t s = 0; s < w->plan->steps; s++) {
        const uint64_t rows = w->needed[s] & ~w->failed;
        if (rows != 0) {
            compute(w, s, rows);
        }
    }
}

/* The rows in which the doubles say that a cut holds; sets those that they leave open. */
static uint64_t rows_sure(const work *w, tpp_narrow_cut *cut)
{
    const tpp_cut *entry = &w->program->cut[cut->cut];
    const uint32_t result = w->plan->step[w->plan->steps - 1].out;
    const double *value = w->approx[result];
    const double margin = 1.0 + 1.01 * (w->error[result] + UNIT) + 4 * UNIT;
    const double threshold = entry->threshold.approx;
    const uint64_t holds = threshold > 0.0 ? rows_at_least(w, value, threshold * margin) : 0;
    cut->near = rows_at_least(w, value, threshold / margin) & ~holds & cut->wanted;
    return holds;
}

static uint64_t decide(work *w, const tpp_cut *cut, uint64_t rows)
{
    const number threshold = of_decimal(cut->threshold);
    const uint32_t result = w->plan->step[w->plan->steps - 1].out;
    uint64_t holds = 0;
    rows &= ~w->failed;
    while (rows != 0) {
        const uint32_t i = next_row(&rows);
        tpp_u128 value = 0, bound = 0;
        check(w, i, cross(&value, &bound, value_of(w, result, i), &threshold));
        holds |= (uint64_t)(cut->strict ? value > bound : value >= bound) << i;
    }
    return holds;
}

/* Decides all cuts for one end of the result; the rows in which that is done. */
static uint64_t decide_end(work *w, uint8_t end, tpp_narrow_cut *cut, uint32_t cuts)
{
    link(w, end);
    estimate_all(w);
    uint64_t needed = 0;
    const uint64_t known = rows_known(w, w->approx[w->plan->step[w->plan->steps - 1].out]);
    for (uint32_t c = 0; c < cuts; c++) {
        *(end == LOW ? &cut[c].certain : &cut[c].possible) = rows_sure(w, &cut[c]);
        needed |= cut[c].near & known;
    }
    find_needed(w, needed);
    compute_all(w);
    for (uint32_t c = 0; c < cuts; c++) {
        const uint64_t holds = decide(w, &w->program->cut[cut[c].cut], cut[c].near & known);
        *(end == LOW ? &cut[c].certain : &cut[c].possible) |= holds;
    }
    return known & ~w->failed;
}

uint64_t tpp_narrow_decide(const tpp_program *program, const tpp_column *columns, bool rated,
                           uint32_t target, const uint64_t *row, uint32_t rows,
                           tpp_narrow_cut *cut, uint32_t cuts)
{
    work w;
    w.program = program;
    w.columns = columns;
    w.plan = &program->exact[rated][target];
    w.rated = rated;
    w.row = row;
    w.rows = rows;
    w.all = rows < ROWS ? (UINT64_C(1) << rows) - 1 : UINT64_MAX;
    if (rows == 0 || w.plan->steps == 0 || w.plan->steps > STEPS) {
        return 0;
    }
    if (rows > FEW && rows < ROWS) {
        memset(w.approx, 0, w.plan->slots * sizeof w.approx[0]);
        memset(w.scaled, 0, sizeof w.scaled);
    }
    uint64_t done = decide_end(&w, LOW, cut, cuts);
    if (w.ranged != 0) {
        return done & decide_end(&w, HIGH, cut, cuts);
    }
    for (uint32_t c = 0; c < cuts; c++) {
        cut[c].possible = cut[c].certain;
    }
    return done;
}
