/**
 * Systems in blocks of as many as the block evaluator takes: their parts are added up (totals.c), and the
 * program decides on the sums while they are in the cache (systems.c).
 */
#ifndef TPP_SYSTEM_BLOCK_H
#define TPP_SYSTEM_BLOCK_H

#include "block.h"
#include "sums.h"

enum {
    TPP_CHUNK = 1024,             /* parts that are read at a time */
    TPP_STRIDE = TPP_BLOCK + 8,   /* columns a page apart would share the sets of the L1 cache */
    TPP_GROUPS = TPP_BLOCK_WORDS, /* of a block */
    TPP_SET_WORDS = TPP_MAX_SET_WORDS
};

/* What a call asks for; its arguments (see tpp_systems). */
typedef struct {
    const tpp_items *items;
    const tpp_parts *parts;
    const tpp_column *facts;
    uint64_t *const *value_bits;
    uint64_t *const *valid_bits;
    uint64_t *unsettled;
    double *const *low;
    double *const *high;
    bool decides; /* whether the program is asked for anything */
    bool streams; /* whether verdicts on leaves are written past the caches */
} tpp_job;

/* Both ends of a figure that the program reads; the high ones are not set unless `ranged`. */
typedef double tpp_figure_ends[2][TPP_STRIDE];

typedef struct {
    uint64_t begin; /* the first system */
    uint32_t systems;
    _Alignas(64) tpp_figure_ends figure[TPP_MAX_READ_FIGURES];
    bool ranged[TPP_MAX_FIGURES];
    bool is_ranged; /* any of them */
    uint64_t rounded[TPP_GROUPS]; /* systems in which a sum is no double's shortest decimal */
    bool is_rounded;
    uint64_t bit[TPP_SET_WORDS * 64]; /* of one group: see tpp_items */
    double lane[TPP_MAX_LANES][TPP_GROUP];
    double largest[TPP_MAX_WIDTH];
    double sum[TPP_FEW * TPP_MAX_WIDTH];
    uint64_t set[TPP_SET_WORDS][TPP_GROUP];
    uint32_t row[TPP_CHUNK];
    double count[TPP_CHUNK];
} tpp_system_block;

/* Adds up the parts of a group of systems: figures, and the bits of their sets. */
tpp_status tpp_totals_add(const tpp_job *job, tpp_system_block *block, uint32_t group,
                          tpp_error *error);

/* The ends of a figure that the program reads, or NULL. */
static inline tpp_figure_ends *tpp_totals_of(tpp_system_block *block, const tpp_items *items,
                                             uint32_t figure)
{
    const int32_t place = items->figure[figure].place;
    return place != TPP_NONE ? &block->figure[place] : NULL;
}

/* Makes all systems up to the end of a group ranges, where they were not. */
void tpp_totals_widen(tpp_system_block *block, uint32_t figure, tpp_figure_ends *ends,
                      uint32_t group);

static inline uint32_t tpp_group_systems(const tpp_system_block *block, uint32_t group)
{
    const uint32_t left = block->systems - TPP_GROUP * group;
    return left < TPP_GROUP ? left : TPP_GROUP;
}

#endif
