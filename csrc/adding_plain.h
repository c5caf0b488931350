/** The loops of sums.c in plain C, for any processor; it says what those of adding_avx2.h do. */
#ifndef TPP_ADDING_PLAIN_H
#define TPP_ADDING_PLAIN_H

/* Up to 8 lanes of all systems at a time, which fill registers. */
enum { TILE = 8 };

static TPP_INLINE void add_lanes(const uint64_t *table, uint32_t width, const uint32_t *row,
                                 const double *count, const uint32_t *end, uint32_t systems,
                                 uint32_t first, uint32_t lanes, bool is_sum, uint64_t *sum)
{
    for (uint32_t s = 0; s < systems; s++) {
        double total[TILE] = {0.0};
        for (uint32_t p = end[s]; p < end[s + 1]; p++) {
            double value[TILE];
            memcpy(value, table + row[p] + first, lanes * sizeof *value);
            const double c = count[p];
            for (uint32_t i = 0; i < lanes; i++) {
                const double most = total[i] > value[i] ? total[i] : value[i];
                total[i] = is_sum ? total[i] + c * value[i] : most;
            }
        }
        memcpy(sum + (size_t)s * width + first, total, lanes * sizeof *total);
    }
}

static void add(const tpp_items *items, const uint32_t *row, const double *count,
                const uint32_t *end, uint32_t systems, uint64_t *sum)
{
    const uint32_t width = items->width, sums = TPP_LANES * items->sums;
    const uint64_t *table = items->table;
    for (uint32_t first = 0; first < items->lanes;) {
        const bool is_sum = first < sums;
        const uint32_t left = (is_sum ? sums : items->lanes) - first;
        if (left >= TILE) {
            add_lanes(table, width, row, count, end, systems, first, TILE, is_sum, sum);
        } else {
            add_lanes(table, width, row, count, end, systems, first, TPP_LANES, is_sum, sum);
        }
        first += left >= TILE ? TILE : TPP_LANES;
    }
    for (uint32_t s = 0; s < systems; s++) {
        for (uint32_t first = items->lanes; first < width; first++) {
            uint64_t all = 0;
            for (uint32_t p = end[s]; p < end[s + 1]; p++) {
                all |= table[row[p] + first];
            }
            sum[(size_t)s * width + first] = all;
        }
    }
}

/* A product or a quotient with an exact power of ten, rounded once. */
static void spread(const tpp_items *items, const uint64_t *sum, double *const *to, double *largest)
{
    const tpp_item_scales *scales = &items->scales;
    for (uint32_t lane = 0; lane < items->lanes; lane++) {
        const double multiply = scales->multiply[lane], divide = scales->divide[lane];
        double number[TPP_GROUP], most = 0.0;
        for (uint32_t s = 0; s < TPP_GROUP; s++) {
            double whole;
            memcpy(&whole, sum + (size_t)s * items->width + lane, sizeof whole);
            most = whole > most ? whole : most;
            number[s] = whole * multiply / divide;
        }
        largest[lane] = most;
        if (to[lane] != NULL) {
            memcpy(to[lane], number, sizeof number);
        }
    }
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

static void sets(const tpp_items *items, const uint64_t *sum, uint64_t *set)
{
    for (uint32_t w = 0; w < items->set_words; w++) {
        for (uint32_t s = 0; s < TPP_GROUP; s++) {
            set[64 * w + s] = sum[(size_t)s * items->width + items->lanes + w];
        }
        transpose(set + (size_t)64 * w);
    }
}

#endif
