/**
 * Ranks tell most doubles of a metric apart from its thresholds in 16 bits: the upper half of the
 * bits of a double, which are in the order of the numbers that they stand for, divided by 2^shift,
 * less `offset`, and limited to 16 bits; so chosen that all thresholds are well within these.
 */
#ifndef TPP_RANK_H
#define TPP_RANK_H

#include <stdint.h>

typedef struct {
    int32_t offset;
    uint32_t shift;
} tpp_ranking;

/* A double below `below` is certainly less than a threshold, one from `above` on certainly not; the
 * rest is near. */
typedef struct {
    double below;
    double above;
} tpp_bound;

/* Of a bound: doubles whose rank is below `rank` are below it too, and the others from `above` on,
 * unless their rank lies from `rank` to `last_doubt`: then it takes the whole number to know.
 * Thresholds with few binary digits, as most have, leave no doubt. */
typedef struct {
    int16_t rank;
    int16_t last_doubt;
} tpp_rank;

/* Ranks some bounds together. */
tpp_ranking tpp_rank_bounds(const tpp_bound *const *bounds, uint32_t count);

tpp_rank tpp_rank_of(const tpp_bound *bound, tpp_ranking ranking);

#endif
