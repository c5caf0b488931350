#include "rank.h"

#include <string.h>

enum { ROOM = 60000 }; /* of the 2^16 ranks, so that thresholds are never at their ends */

static int64_t bits_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

tpp_ranking tpp_rank_bounds(const tpp_bound *const *bounds, uint32_t count)
{
    int64_t least = INT32_MAX, most = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (bounds[i]->below > 0.0) {
            const int64_t below = bits_of(bounds[i]->below) >> 32;
            const int64_t above = bits_of(bounds[i]->above) >> 32;
            least = below < least ? below : least;
            most = above > most ? above : most;
        }
    }
    tpp_ranking ranking = {0, 1}; /* a shift of one at least keeps -0 from overflowing */
    while (most > least && (most - least) >> ranking.shift > ROOM) {
        ranking.shift++;
    }
    ranking.offset = (int32_t)((least / 2 + most / 2) >> ranking.shift);
    return ranking;
}

tpp_rank tpp_rank_of(const tpp_bound *bound, tpp_ranking ranking)
{
    if (!(bound->below > 0.0)) {
        return (tpp_rank){INT16_MIN, INT16_MAX}; /* 0 and -0 are equal, their bits are not */
    }
    const uint32_t shift = ranking.shift + 32;
    const int64_t below = bits_of(bound->below), above = bits_of(bound->above);
    const int64_t is_first = above >> shift << shift == above; /* of all doubles of its rank */
    return (tpp_rank){(int16_t)((below >> shift) - ranking.offset),
                      (int16_t)((above >> shift) - ranking.offset - is_first)};
}
