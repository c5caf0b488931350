/** An opened program: the compiler's nodes and tests, and the plans to evaluate them. */
#ifndef TPP_PROGRAM_H
#define TPP_PROGRAM_H

#include <stdbool.h>

#include "decimal.h"
#include "plan.h"
#include "rank.h"
#include "tppcore.h"

/* The rows of a block, so chosen that its vectors stay in the L1 and L2 caches; they and the
 * limits bound the stack: 64 slots of two vectors of 512 doubles are 512 KiB. */
enum {
    TPP_BLOCK = 512,
    TPP_BLOCK_WORDS = TPP_BLOCK / 64,
    TPP_MAX_SLOTS = 64,
    TPP_MAX_CUTS = 1024,
    TPP_MAX_INPUTS = 256,
    TPP_MAX_NODES = 8192
};

/* They bound the time and the memory that opening a program takes, whatever its file says. */
enum {
    TPP_MAX_PARAGRAPHS = 4096,
    TPP_MAX_BOXES = 1 << 18,
    TPP_MAX_METRICS = 1024,
    TPP_MAX_OUTCOMES = 15, /* a code of outcomes is a byte: 15 * 16 + 15 */
    TPP_MAX_PLANNED = 1 << 20 /* nodes times plans that look at them */
};

typedef struct {
    const char *name;
    bool positive;
    bool closed_list;
    bool open_unlisted;
    bool has_default;
    bool given;
    bool used; /* by a test */
    bool no_range; /* it is no number, or a metric is not monotone in it */
    tpp_decimal fill; /* the default */
    tpp_quantity kind;
    uint32_t choices; /* it is a whole number below, unless this is 0 */
    const char *unit;
    uint32_t first_word;
    uint32_t words;
} tpp_input;

/* The operations of a node; the values are part of the file format. */
typedef enum {
    TPP_OP_CONST,
    TPP_OP_INPUT,
    TPP_OP_ADD,
    TPP_OP_MUL,
    TPP_OP_DIV,
    TPP_OP_MAX,
    TPP_OP_SELECT,
    TPP_OP_NOT_APPLICABLE,
    TPP_OP_COUNT
} tpp_op;

typedef struct {
    tpp_op op;
    bool positive;
    bool may_not_apply;
    uint32_t a;
    uint32_t b;
    uint32_t literal; /* of a SELECT: cut << 1 | negated */
    tpp_decimal value;
} tpp_node;

/* The comparison `node >= threshold` (`>` if strict); other tests are its negations. */
typedef struct {
    uint32_t node;
    bool strict;
    bool selects;       /* a SELECT depends on it */
    tpp_bound bound[2]; /* [1]: where an input of the table is a float32 */
    tpp_decimal threshold;
    uint32_t target; /* the exact plan of its node */
} tpp_cut;

typedef struct {
    uint32_t first_literal;
    uint32_t literals; /* cut << 1 | negated */
} tpp_box;

typedef struct {
    const char *id;
    uint32_t first_box; /* the true boxes, then the false boxes */
    uint32_t true_boxes;
    uint32_t false_boxes;
    const uint64_t *cuts; /* the set of those that its boxes compare: bit c % 64 of word c / 64 */
    uint32_t outcome;     /* its rank, or TPP_ABSENT */
    const char *citation;
} tpp_paragraph;

typedef struct {
    const char *name;
    uint32_t node;
    const char *unit;
} tpp_metric;

/* What a program says of itself. */
typedef struct {
    const char *name;
    const char *value;
} tpp_fact;

struct tpp_block_kernel;
struct tpp_row_view;

struct tpp_program {
    uint32_t inputs;
    uint32_t nodes;
    uint32_t cuts;
    uint32_t targets;
    uint32_t paragraphs;
    uint32_t boxes;
    uint32_t literals;
    uint32_t metrics;
    bool is_choosy; /* some input is not any number, or takes no range */
    tpp_input *input;
    tpp_node *node;
    tpp_cut *cut;
    tpp_paragraph *paragraph;
    tpp_box *box;
    uint32_t *literal;
    uint64_t *paragraph_cuts;
    uint32_t cut_words; /* of a set of cuts */
    tpp_metric *metric;
    uint32_t outcomes;
    uint32_t facts;
    const char **word;
    const char **outcome;
    tpp_fact *fact;
    char *names;
    tpp_plan rated;       /* tests, where every row states a rate */
    tpp_plan any;         /* tests, elsewhere */
    tpp_plan report;      /* metrics */
    tpp_plan *exact[2];   /* by target, a tested node, and after them by metric: [rated] */
    const struct tpp_block_kernel *kernel;
    struct tpp_row_view *row_view; /* for few rows: see row_view.h */
};

#endif
