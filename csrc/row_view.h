/**
 * A program as row.c needs it: its plans without loads and with all thresholds in a row, and its
 * boxes as sets of literals.
 *
 * A set of literals has 32 cuts a word: bit 2c says that cut c may hold, bit 2c + 1 that its
 * negation may. A row touches a box where the set of the row holds all of the box.
 */
#ifndef TPP_ROW_VIEW_H
#define TPP_ROW_VIEW_H

#include "program.h"

enum { TPP_ROW_WORDS = TPP_MAX_CUTS / 32, TPP_ROW_PLACES = TPP_MAX_SLOTS + TPP_MAX_INPUTS };

/* Both ends of a quantity or a metric; NaN where it is missing or does not apply. */
typedef struct {
    double low;
    double high;
} tpp_row_range;

/* As tpp_bound, with the place of the cut's two literals. */
typedef struct {
    double below;
    double above;
    uint32_t cut;
    uint32_t word;
    uint32_t shift;
} tpp_row_threshold;

/* constant * operand, of a maximum. */
typedef struct {
    double constant;
    uint32_t operand;
} tpp_row_term;

/* As tpp_step, but operands are places: slots, and from TPP_MAX_SLOTS on the inputs. A load has its
 * input as `a`, and is there only if that is compared. */
typedef struct {
    double constant;
    uint16_t kind;
    bool positive;
    uint16_t out;
    uint16_t a;
    uint16_t b;
    uint16_t condition;
    uint32_t cut;
    uint32_t first_term;
    uint32_t terms;
    uint32_t thresholds; /* the next so many of the schedule */
} tpp_row_step;

typedef struct {
    tpp_row_step *step;
    uint32_t steps;
    tpp_row_term *term;
    tpp_row_threshold *threshold[2]; /* with the bounds of doubles and of floats */
} tpp_row_schedule;

typedef struct {
    uint32_t index;
    bool positive;
    bool closed_list;
    bool no_range;
    uint32_t choices;
    tpp_row_range absent[2]; /* what it means where missing: [rated] */
} tpp_row_input;

typedef struct tpp_row_view {
    uint32_t words; /* of a set of literals */
    uint32_t given;
    uint32_t inputs;
    tpp_row_input *input;         /* those given, then those that a plan loads all the same */
    tpp_row_schedule schedule[2]; /* of the plans `any` and `rated` */
    uint64_t *box;                /* by box, `words` words: its literals */
    uint64_t *paragraph;          /* by paragraph, likewise: the first literals of its cuts */
} tpp_row_view;

/* Makes `program->row_view` of a program that is complete otherwise. TPP_OK or TPP_ERROR_MEMORY. */
tpp_status tpp_row_view_build(tpp_program *program);

void tpp_row_view_free(tpp_row_view *view);

#endif
