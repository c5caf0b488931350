/**
 * Plans: in what order to evaluate the nodes that some roots need, and in which of few vectors
 * ("slots") to keep them. A plan drops what no root needs, loads an input just before its first
 * use, folds `constant * x` into the maximum or sum that takes it and maxima into one, and reuses
 * slots by a linear scan.
 */
#ifndef TPP_PLAN_H
#define TPP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "decimal.h"
#include "rank.h"
#include "tppcore.h"

typedef enum {
    TPP_STEP_LOAD,       /* out = input */
    TPP_STEP_FILL,       /* out = constant */
    TPP_STEP_ADD,        /* out = a + b */
    TPP_STEP_MUL,        /* out = a * b */
    TPP_STEP_DIV,        /* out = a / b */
    TPP_STEP_MAX,        /* out = max(a, b) */
    TPP_STEP_SCALE,      /* out = constant * a */
    TPP_STEP_ADD_SCALED, /* out = a + constant * b */
    TPP_STEP_MAX_SCALED, /* out = max(a, constant * b) */
    TPP_STEP_MAX_OF,     /* out = the largest of its terms; not in exact plans */
    TPP_STEP_SELECT,     /* out = cut holds in slot `condition` ? a : b */
    TPP_STEP_NOT_APPLICABLE
} tpp_step_kind;

enum { TPP_MAX_TERMS = 16 };

/* constant * operand, of a maximum. */
typedef struct {
    double constant;
    uint32_t operand;
} tpp_term;

typedef struct {
    tpp_step_kind kind;
    bool positive;      /* of a division: the denominator can't be 0 */
    bool may_not_apply; /* the result may be "not applicable" */
    bool compared_only; /* no step uses the result */
    uint32_t operands;  /* how many of a and b there are */
    uint32_t out;       /* never the slot of an operand */
    uint32_t a;
    uint32_t b;
    uint32_t condition;
    uint32_t cut;
    uint32_t input;
    uint32_t node;
    uint32_t first_term; /* in the plan's terms */
    uint32_t terms;
    uint32_t first_cut; /* the cuts of this result, in the plan's list */
    uint32_t cuts;
    tpp_ranking ranking[2]; /* of their bounds, as these */
    uint32_t first_metric; /* the metrics that report this result, likewise */
    uint32_t metrics;
    tpp_decimal constant;
} tpp_step;

typedef struct {
    tpp_step *step;
    uint32_t steps;
    uint32_t slots;
    uint32_t *list;     /* of cuts and of metrics */
    tpp_rank (*rank)[2]; /* of the bounds of the cut at the same place of the list */
    tpp_term *term;
    uint32_t *input;    /* the inputs that it loads */
    uint32_t inputs;
} tpp_plan;

/* What a plan is for. */
typedef enum {
    TPP_PLAN_RATED,     /* all tests, for rows that state a rate: absent ones are 0 */
    TPP_PLAN_ANY,       /* all tests, for any rows */
    TPP_PLAN_REPORT,    /* all metrics, and the tests that they depend on */
    TPP_PLAN_NODE_RATED, /* one node, without its tests, exactly, for rows that state a rate */
    TPP_PLAN_NODE_ANY    /* the same for any rows */
} tpp_plan_purpose;

/* Builds a plan; `node` is the root of a TPP_PLAN_NODE. TPP_ERROR_MEMORY or TPP_ERROR_LIMIT. */
tpp_status tpp_plan_build(const tpp_program *program, tpp_plan_purpose purpose, uint32_t node,
                          tpp_plan *plan);

void tpp_plan_free(tpp_plan *plan);

#endif
