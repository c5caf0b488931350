#include "exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "wide.h"

/* top / bottom * 10^exponent; zero is 0 / 1 * 10^0. Functions on it return false when a number
 * outgrows its capacity; their result is never one of their operands. */
typedef struct {
    tpp_wide top;
    tpp_wide bottom;
    int32_t exponent;
    bool infinite;
} rational;

/* [low, high]; `high` is only set if it differs from `low`. */
typedef struct {
    rational low;
    rational high;
    bool point;
    bool absent; /* not applicable: neither end is set */
} interval;

static void set_integer(rational *out, uint64_t value)
{
    tpp_wide_set(&out->top, value);
    tpp_wide_set(&out->bottom, 1);
    out->exponent = 0;
    out->infinite = false;
}

static void set_decimal(rational *out, tpp_decimal decimal)
{
    set_integer(out, decimal.mantissa);
    out->exponent = decimal.mantissa == 0 ? 0 : decimal.exponent;
}

static void set_infinite(rational *out)
{
    set_integer(out, 1);
    out->infinite = true;
}

static bool is_zero(const rational *a)
{
    return !a->infinite && tpp_wide_is_zero(&a->top);
}

static void copy(rational *out, const rational *a)
{
    tpp_wide_copy(&out->top, &a->top);
    tpp_wide_copy(&out->bottom, &a->bottom);
    out->exponent = a->exponent;
    out->infinite = a->infinite;
}

static bool multiply_wide(tpp_wide *out, const tpp_wide *a, const tpp_wide *b)
{
    if (tpp_wide_is_one(b)) {
        tpp_wide_copy(out, a);
        return true;
    }
    if (tpp_wide_is_one(a)) {
        tpp_wide_copy(out, b);
        return true;
    }
    return tpp_wide_multiply(out, a, b);
}

/* left : right = a : b, as integers. */
static bool cross(tpp_wide *left, tpp_wide *right, const rational *a, const rational *b)
{
    return multiply_wide(left, &a->top, &b->bottom) && multiply_wide(right, &b->top, &a->bottom) &&
           (a->exponent <= b->exponent ||
            tpp_wide_multiply_power_of_ten(left, (uint32_t)(a->exponent - b->exponent))) &&
           (b->exponent <= a->exponent ||
            tpp_wide_multiply_power_of_ten(right, (uint32_t)(b->exponent - a->exponent)));
}

static bool compare(const rational *a, const rational *b, int *order)
{
    if (a->infinite || b->infinite) {
        *order = (int)a->infinite - (int)b->infinite;
        return true;
    }
    tpp_wide left, right;
    const bool fits = cross(&left, &right, a, b);
    *order = fits ? tpp_wide_compare(&left, &right) : 0;
    return fits;
}

static bool add(rational *out, const rational *a, const rational *b)
{
    if (a->infinite || b->infinite) {
        set_infinite(out);
        return true;
    }
    if (is_zero(a) || is_zero(b)) {
        copy(out, is_zero(a) ? b : a);
        return true;
    }
    tpp_wide other;
    out->exponent = a->exponent < b->exponent ? a->exponent : b->exponent;
    out->infinite = false;
    return cross(&out->top, &other, a, b) && tpp_wide_add(&out->top, &other) &&
           multiply_wide(&out->bottom, &a->bottom, &b->bottom);
}

/* Far from overflow, and far beyond what a program of the compiler reaches. */
static bool is_sane(int32_t exponent)
{
    return exponent > -100000 && exponent < 100000;
}

static bool multiply(rational *out, const rational *a, const rational *b)
{
    if (is_zero(a) || is_zero(b)) {
        set_integer(out, 0);
        return true;
    }
    if (a->infinite || b->infinite) {
        set_infinite(out);
        return true;
    }
    out->exponent = a->exponent + b->exponent;
    out->infinite = false;
    return is_sane(out->exponent) && multiply_wide(&out->top, &a->top, &b->top) &&
           multiply_wide(&out->bottom, &a->bottom, &b->bottom);
}

/* n / infinity = 0; n / 0 = infinity, and 0 / 0 = 0: the denominator is never 0 but close to it. */
static bool divide(rational *out, const rational *a, const rational *b)
{
    if (is_zero(a) || b->infinite) {
        set_integer(out, 0);
        return true;
    }
    if (a->infinite || is_zero(b)) {
        set_infinite(out);
        return true;
    }
    out->exponent = a->exponent - b->exponent;
    out->infinite = false;
    return is_sane(out->exponent) && multiply_wide(&out->top, &a->top, &b->bottom) &&
           multiply_wide(&out->bottom, &a->bottom, &b->top);
}

static bool maximum(rational *out, const rational *a, const rational *b)
{
    int order;
    const bool fits = compare(a, b, &order);
    copy(out, order >= 0 ? a : b);
    return fits;
}

static bool minimum(rational *out, const rational *a, const rational *b)
{
    int order;
    const bool fits = compare(a, b, &order);
    copy(out, order <= 0 ? a : b);
    return fits;
}

static const rational *high_of(const interval *a)
{
    return a->point ? &a->low : &a->high;
}

typedef bool (*operation)(rational *out, const rational *a, const rational *b);

/* An operation that grows with both operands. */
static bool combine(interval *out, const interval *a, const interval *b, operation operate)
{
    out->absent = a->absent || b->absent;
    out->point = a->point && b->point;
    return out->absent || (operate(&out->low, &a->low, &b->low) &&
                           (out->point || operate(&out->high, high_of(a), high_of(b))));
}

static bool divide_interval(interval *out, const interval *a, const interval *b, bool positive)
{
    out->absent = a->absent || b->absent;
    if (out->absent) {
        return true;
    }
    if (!positive && is_zero(&b->low)) {
        out->absent = is_zero(high_of(b));
        out->point = false;
        set_integer(&out->low, 0);
        set_infinite(&out->high);
        return true;
    }
    out->point = a->point && b->point;
    return divide(&out->low, &a->low, high_of(b)) &&
           (out->point || divide(&out->high, high_of(a), &b->low));
}

static bool at_least(const rational *value, const rational *threshold, bool strict, bool *holds)
{
    int order;
    const bool fits = compare(value, threshold, &order);
    *holds = strict ? order > 0 : order >= 0;
    return fits;
}

static bool decide(const tpp_cut *cut, const interval *value, bool *possible, bool *certain)
{
    if (value->absent) {
        *possible = true;
        *certain = false;
        return true;
    }
    rational threshold;
    set_decimal(&threshold, cut->threshold);
    const bool fits = at_least(&value->low, &threshold, cut->strict, certain);
    *possible = *certain;
    return fits &&
           (value->point || at_least(high_of(value), &threshold, cut->strict, possible));
}

static void copy_interval(interval *out, const interval *a)
{
    out->absent = a->absent;
    out->point = a->point;
    if (!a->absent) {
        copy(&out->low, &a->low);
        copy(&out->high, high_of(a));
    }
}

static bool select_interval(interval *out, const tpp_cut *cut, const interval *condition,
                            const interval *a, const interval *b)
{
    bool possible, certain;
    if (!decide(cut, condition, &possible, &certain)) {
        return false;
    }
    if (possible == certain) {
        copy_interval(out, certain ? a : b);
        return true;
    }
    out->absent = a->absent || b->absent;
    out->point = false;
    return out->absent || (minimum(&out->low, &a->low, &b->low) &&
                           maximum(&out->high, high_of(a), high_of(b)));
}

static void load(interval *out, tpp_number number)
{
    out->absent = false;
    out->point = !number.is_open && number.low.approx >= number.high.approx;
    set_decimal(&out->low, number.low);
    if (number.is_open) {
        set_infinite(&out->high);
    } else if (!out->point) {
        set_decimal(&out->high, number.high);
    }
}

static void set_constant(interval *out, tpp_decimal constant)
{
    out->absent = false;
    out->point = true;
    set_decimal(&out->low, constant);
}

/* Runs an exact plan; its root is the result of the last step. */
static bool run(const tpp_program *program, const tpp_column *columns, uint64_t row,
                bool rated, const tpp_plan *plan, interval *slot)
{
    bool fits = true;
    for (uint32_t s = 0; s < plan->steps && fits; s++) {
        const tpp_step *step = &plan->step[s];
        const interval *a = &slot[step->a], *b = &slot[step->b];
        interval *out = &slot[step->out];
        interval constant, scaled;
        switch (step->kind) {
        case TPP_STEP_LOAD:
            load(out, tpp_number_read(program, columns, row, rated, step->input));
            break;
        case TPP_STEP_FILL:
            set_constant(out, step->constant);
            break;
        case TPP_STEP_ADD:
            fits = combine(out, a, b, add);
            break;
        case TPP_STEP_MUL:
            fits = combine(out, a, b, multiply);
            break;
        case TPP_STEP_DIV:
            fits = divide_interval(out, a, b, step->positive);
            break;
        case TPP_STEP_MAX:
            fits = combine(out, a, b, maximum);
            break;
        case TPP_STEP_SCALE:
            set_constant(&constant, step->constant);
            fits = combine(out, &constant, a, multiply);
            break;
        case TPP_STEP_ADD_SCALED:
        case TPP_STEP_MAX_SCALED:
            set_constant(&constant, step->constant);
            fits = combine(&scaled, &constant, b, multiply) &&
                   combine(out, a, &scaled, step->kind == TPP_STEP_ADD_SCALED ? add : maximum);
            break;
        case TPP_STEP_SELECT:
            fits = select_interval(out, &program->cut[step->cut], &slot[step->condition], a, b);
            break;
        case TPP_STEP_MAX_OF: /* not in exact plans */
        case TPP_STEP_NOT_APPLICABLE:
            out->absent = true;
            out->point = true;
            break;
        }
    }
    return fits;
}

static const interval *root(const tpp_plan *plan, const interval *slot)
{
    return &slot[plan->step[plan->steps - 1].out];
}

tpp_status tpp_exact_cuts(const tpp_program *program, const tpp_column *columns, uint64_t row,
                          bool rated, const uint64_t *wanted, uint64_t *possible, uint64_t *certain)
{
    interval slot[TPP_MAX_SLOTS];
    uint64_t left[TPP_MAX_CUTS / 64];
    const uint32_t words = (program->cuts + 63) / 64;
    memcpy(left, wanted, words * sizeof left[0]);
    memset(possible, 0, words * sizeof possible[0]);
    memset(certain, 0, words * sizeof certain[0]);
    for (uint32_t c = 0; c < program->cuts; c++) {
        if ((left[c / 64] >> c % 64 & 1) == 0) {
            continue;
        }
        const tpp_plan *plan = &program->exact[rated][program->cut[c].target];
        if (!run(program, columns, row, rated, plan, slot)) {
            return TPP_ERROR_WIDTH;
        }
        for (uint32_t d = c; d < program->cuts; d++) {
            const uint64_t bit = UINT64_C(1) << d % 64;
            if ((left[d / 64] & bit) == 0 || program->cut[d].target != program->cut[c].target) {
                continue;
            }
            bool may, must;
            if (!decide(&program->cut[d], root(plan, slot), &may, &must)) {
                return TPP_ERROR_WIDTH;
            }
            left[d / 64] &= ~bit;
            possible[d / 64] |= may ? bit : 0;
            certain[d / 64] |= must ? bit : 0;
        }
    }
    return TPP_OK;
}

static double approximate(const rational *a)
{
    if (a->infinite || is_zero(a)) {
        return a->infinite ? HUGE_VAL : 0.0;
    }
    int top_exponent, bottom_exponent;
    const double top = tpp_wide_fraction(&a->top, &top_exponent);
    const double bottom = tpp_wide_fraction(&a->bottom, &bottom_exponent);
    const double power = pow(10.0, abs(a->exponent));
    const double value = ldexp(top / bottom, top_exponent - bottom_exponent);
    return a->exponent < 0 ? value / power : value * power;
}

tpp_status tpp_exact_metric(const tpp_program *program, const tpp_column *columns, uint64_t row,
                            bool rated, uint32_t metric, double *low, double *high)
{
    interval slot[TPP_MAX_SLOTS];
    const tpp_plan *plan = &program->exact[rated][program->targets + metric];
    if (!run(program, columns, row, rated, plan, slot)) {
        return TPP_ERROR_WIDTH;
    }
    const interval *value = root(plan, slot);
    *low = value->absent ? NAN : approximate(&value->low);
    *high = value->absent ? NAN : approximate(high_of(value));
    return TPP_OK;
}
