/**
 * Prepared items: what a part adds to the figures of its system, laid out so that adding it is a few
 * operations on whole vectors.
 *
 * A row of the table is what one part of one kind adds: `sums` vectors of doubles, to be multiplied by
 * the count and added up, then doubles of which the largest counts, and right after them words of bits,
 * to be united: rows are read more often than anything else, so that the latter two share vectors. The doubles are whole numbers of units. As all are at least 0 and rounding never
 * changes an order, a sum below 2^53 proves that no step on the way to it was rounded.
 */
#ifndef TPP_ITEMS_H
#define TPP_ITEMS_H

#include "program.h"

enum {
    TPP_MAX_FIGURES = 32,
    TPP_MAX_LANES = 2 * TPP_MAX_FIGURES + 8,
    TPP_MAX_LEAVES = 256,
    TPP_MAX_SET_BITS = 2 * TPP_MAX_LEAVES + TPP_MAX_FIGURES,
    TPP_MAX_SET_WORDS = (TPP_MAX_SET_BITS + 63) / 64,
    TPP_MAX_WIDTH = TPP_MAX_LANES + (TPP_MAX_SET_WORDS + 3) / 4 * 4,
    TPP_MAX_READ_FIGURES = 20, /* by the program: each takes 8 KiB of stack */
    TPP_MAX_READ_LEAVES = 64,
    TPP_MAX_SYSTEM_PARAGRAPHS = 512,
    TPP_LANES = 4, /* of a vector */
    TPP_NONE = -1
};

/* An item has a row for every kind of part that can be made of it: the sum of these. */
enum { TPP_ROW_HOST = 1, TPP_ROW_UNCOUNTED = 2, TPP_ROW_KINDS = 4 };

typedef struct {
    int32_t low;  /* the lane of its low ends */
    int32_t high; /* of its high ends, or TPP_NONE: every one is the low end, or unbounded */
    int32_t input; /* of the program, or TPP_NONE */
    int32_t place; /* among the figures that the program reads, or TPP_NONE */
    bool positive; /* of the input */
    bool is_sum;
    bool with_hosts;
    int32_t exponent;
    uint64_t divisor;
    const uint64_t *low_units; /* by item */
    const uint64_t *high_units;
} tpp_item_figure;

/* Of the lanes of a vector: how whole numbers of units become doubles. A quotient by 10^k is
 * whole * times, less what that leaves (see sums.c); a product is whole * times alone. */
typedef struct {
    double times[TPP_MAX_WIDTH];
    double over[TPP_MAX_WIDTH];
    double mend[TPP_MAX_WIDTH];
    double multiply[TPP_MAX_WIDTH]; /* the same for division: whole * multiply / divide */
    double divide[TPP_MAX_WIDTH];
    double most[TPP_MAX_WIDTH]; /* up to here, that is the shortest decimal of a double */
    double limit[TPP_MAX_WIDTH]; /* the same of the result: any larger one reaches it */
    bool is_scaled[TPP_MAX_WIDTH / TPP_LANES];
    uint64_t is_set[TPP_MAX_WIDTH]; /* all ones where there are no doubles, but a word of a set */
} tpp_item_scales;

struct tpp_sums_kernel;

struct tpp_items {
    const tpp_program *program;
    const struct tpp_sums_kernel *kernel;
    uint32_t items; /* one more, the last, is an item that nobody knows */
    uint32_t figures;
    uint32_t leaves;
    uint32_t lanes;  /* of doubles; then come the sets */
    uint32_t sets;   /* words */
    uint32_t sums;   /* vectors */
    uint32_t others; /* vectors of maxima and sets */
    uint32_t width;  /* of a row, in elements of 8 bytes */
    bool all_points; /* every figure of every item is one number, or unbounded */
    tpp_item_figure figure[TPP_MAX_FIGURES];
    int32_t leaf_input[TPP_MAX_LEAVES];
    tpp_item_scales scales;
    /* Bit l: the leaf is certain; leaves + l: it is possible; 2 * leaves + f: the figure is unbounded. */
    uint32_t set_bits;
    uint64_t *table;  /* doubles by their bits, or sets */
    uint64_t *units;  /* of all figures */
    void *memory[2];
};

/* Where the row of a part begins. */
static inline uint32_t tpp_items_row(const tpp_items *items, uint32_t item, uint32_t kind)
{
    return (kind * (items->items + 1) + item) * items->width;
}

#endif
