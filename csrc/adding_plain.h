/** The loops of sums.c in plain C, for any processor; it says what those of adding_avx2.h do. */
#ifndef TPP_ADDING_PLAIN_H
#define TPP_ADDING_PLAIN_H

/* Up to 8 lanes of all systems at a time, which fill registers. */
enum { TILE = 8 };

static TPP_INLINE void add_lanes(const tpp_items *items, const uint32_t *row, const double *count,
                                 const uint32_t *end, uint32_t systems, uint32_t first,
                                 uint32_t lanes, bool is_sum, double *sum)
{
    for (uint32_t s = 0; s < systems; s++) {
        double total[TILE] = {0.0};
        for (uint32_t p = end[s]; p < end[s + 1]; p++) {
            double value[TILE];
            memcpy(value, items->table + row[p] + first, lanes * sizeof *value);
            const double c = count[p];
            for (uint32_t i = 0; i < lanes; i++) {
                const double most = total[i] > value[i] ? total[i] : value[i];
                total[i] = is_sum ? total[i] + c * value[i] : most;
            }
        }
        memcpy(sum + (size_t)s * items->width + first, total, lanes * sizeof *total);
    }
}

static void add(const tpp_items *items, const uint32_t *row, const double *count,
                const uint32_t *end, uint32_t systems, double *sum)
{
    const uint32_t sums = TPP_LANES * items->sums;
    for (uint32_t first = 0; first < items->lanes;) { /* the last may go into the sets, which follow */
        const bool is_sum = first < sums;
        const bool is_tile = (is_sum ? sums : items->lanes) - first >= TILE;
        if (is_tile && is_sum) {
            add_lanes(items, row, count, end, systems, first, TILE, true, sum);
        } else if (is_tile) {
            add_lanes(items, row, count, end, systems, first, TILE, false, sum);
        } else {
            add_lanes(items, row, count, end, systems, first, TPP_LANES, is_sum, sum);
        }
        first += is_tile ? TILE : TPP_LANES;
    }
    for (uint32_t s = 0; s < systems; s++) {
        for (uint32_t w = 0; w < items->sets; w++) {
            uint64_t all = 0;
            for (uint32_t p = end[s]; p < end[s + 1]; p++) {
                all |= items->table[row[p] + items->lanes + w];
            }
            memcpy(sum + (size_t)s * items->width + items->lanes + w, &all, sizeof all);
        }
    }
}

/* A product or a quotient with an exact power of ten, rounded once. */
static void spread(const tpp_items *items, const double *sum, double *const *to, uint32_t at,
                   double *largest)
{
    const tpp_item_scales *scales = &items->scales;
    for (uint32_t lane = 0; lane < items->lanes; lane++) {
        const double multiply = scales->multiply[lane], divide = scales->divide[lane];
        double number[TPP_FEW], most = largest[lane];
        for (uint32_t s = 0; s < TPP_FEW; s++) {
            const double whole = sum[(size_t)s * items->width + lane];
            most = whole > most ? whole : most;
            number[s] = whole * multiply / divide;
        }
        largest[lane] = most;
        if (to[lane] != NULL) {
            memcpy(to[lane] + at, number, sizeof number);
        }
    }
    for (uint32_t lane = items->lanes; lane < items->lanes + items->sets; lane++) {
        for (uint32_t s = 0; s < TPP_FEW; s++) {
            memcpy(to[lane] + at + s, sum + (size_t)s * items->width + lane, sizeof *sum);
        }
    }
}

static bool total(const tpp_items *items, const uint32_t *row, const double *count,
                  const uint32_t *end, double *const *to, double *largest)
{
    (void)items, (void)row, (void)count, (void)end, (void)to, (void)largest;
    return false;
}

/* Transposes 64 words of 64 bits: halves of rows change places, then halves of those (H. S. Warren,
 * "Hacker's Delight", 7-3). */
static void transpose(uint64_t *word)
{
    uint64_t mask = UINT32_MAX;
    for (uint32_t step = 32; step != 0; step >>= 1, mask ^= mask << step) {
        for (uint32_t i = 0; i < 64; i = ((i | step) + 1) & ~step) {
            const uint64_t other = (word[i] >> step ^ word[i | step]) & mask;
            word[i | step] ^= other;
            word[i] ^= other << step;
        }
    }
}

static void turn(const tpp_items *items, const uint64_t *set, uint64_t *out)
{
    memcpy(out, set, (size_t)TPP_GROUP * items->sets * sizeof *out);
    for (uint32_t w = 0; w < items->sets; w++) {
        transpose(out + (size_t)64 * w);
    }
}

static void open_ends(const double *in, uint64_t open, double *out)
{
    for (uint32_t i = 0; i < TPP_GROUP; i++) {
        out[i] = (open >> i & 1) != 0 ? HUGE_VAL : in[i];
    }
}

static void flags(uint64_t met, uint64_t possible, uint8_t *out)
{
    for (uint32_t i = 0; i < TPP_GROUP; i++) {
        const uint32_t is = (uint32_t)(met >> i & 1), can = (uint32_t)(possible >> i & 1);
        out[i] = (uint8_t)(is != 0 ? 1 : can * MISSING);
    }
}

#endif
