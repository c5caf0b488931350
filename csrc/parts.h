/** The parts of systems: their columns, one part at a time. */
#ifndef TPP_PARTS_H
#define TPP_PARTS_H

#include "items.h"

#define TPP_LARGEST_COUNT 4294967295.0

/* One part: where its row of the table begins, and its count (1 where that is unknown). */
typedef struct {
    uint32_t row;
    double count;
} tpp_one_part;

/* Reads part `at`; of several things wrong with it, the error is of its item first, then its count. */
tpp_status tpp_parts_one(const tpp_items *items, const tpp_parts *parts, uint64_t at,
                         tpp_one_part *part, tpp_error *error);

/* Whether the columns are of kinds that they may be of. */
bool tpp_parts_are_bad(const tpp_parts *parts);

static inline int64_t tpp_parts_offset(const tpp_parts *parts, uint64_t system)
{
    return parts->kind == TPP_INT32 ? ((const int32_t *)parts->offsets)[system]
                                    : ((const int64_t *)parts->offsets)[system];
}

#endif
