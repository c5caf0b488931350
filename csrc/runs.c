/* Runs of places along an axis: where codes change, and how many places have which.
 *
 * Nothing here is signed where it could overflow. Codes, counts and their differences are added as
 * uint64_t, modulo 2^64, which is what two's complement does: a sum that fits an int64_t comes out
 * right, however often it wrapped on the way. That counts fit is the caller's to know; that nothing
 * outside the arrays is touched is shown here: ends are compared with `places` and cells and codes
 * with the table before they are used, and cell < cells, code < codes give
 * cell * codes + code < cells * codes, which is at most SIZE_MAX / 8. */
#include <stdbool.h>

#include "error.h"

/* ---- where thresholds are crossed ---- */

enum { TOGETHER = 8 }; /* searches whose steps overlap: one alone waits for memory at every step */

/* The first `before` values are before a threshold; what may be is halved, without a branch that a
 * processor would guess wrong, so in as many steps for all thresholds. */
static inline void search(const int64_t *values, uint32_t places, const int64_t *thresholds,
                          uint32_t count, bool is_strict, int32_t *ends)
{
    uint32_t before[TOGETHER] = {0};
    uint32_t rest = places;
    /* The end is in [before, before + rest], and before + rest <= places. */
    while (rest > 0) {
        const uint32_t half = rest - rest / 2;
        for (uint32_t i = 0; i < count; i++) {
            const int64_t value = values[before[i] + half - 1];
            const bool is_before = is_strict ? value <= thresholds[i] : value < thresholds[i];
            before[i] += half * is_before;
        }
        rest -= half;
    }
    for (uint32_t i = 0; i < count; i++) {
        ends[i] = (int32_t)before[i];
    }
}

static inline void search_all(const int64_t *values, uint32_t places, const int64_t *thresholds,
                              uint64_t count, bool is_strict, int32_t *ends)
{
    uint64_t i = 0;
    for (; count - i >= TOGETHER; i += TOGETHER) {
        search(values, places, thresholds + i, TOGETHER, is_strict, ends + i);
    }
    search(values, places, thresholds + i, (uint32_t)(count - i), is_strict, ends + i);
}

TPP_API tpp_status tpp_crossings(const int64_t *values, uint32_t places, const int64_t *thresholds,
                                 uint64_t count, int is_strict, int32_t *ends, tpp_error *error)
{
    if (places > INT32_MAX) {
        return tpp_error_set(error, TPP_ERROR_LIMIT);
    }
    if ((places > 0 && values == NULL) || (count > 0 && (thresholds == NULL || ends == NULL))) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    if (count == 0) {
        return TPP_OK;
    }
    if (is_strict) {
        search_all(values, places, thresholds, count, true, ends);
    } else {
        search_all(values, places, thresholds, count, false, ends);
    }
    return TPP_OK;
}

/* ---- adding runs up ---- */

typedef struct {
    uint32_t at; /* at most `places` */
    uint64_t step;
} change;

/* The changes of a point by where they are; few, and mostly in order as they come. Returns whether
 * all of them are on the axis. */
static bool sort_changes(const tpp_runs *runs, uint64_t point, change *changes)
{
    for (uint32_t k = 0; k < runs->cuts; k++) {
        const uint32_t at = (uint32_t)runs->ends[k * runs->points + point];
        if (at > runs->places) { /* an end below 0 as well: above INT32_MAX as it stands here */
            return false;
        }
        uint32_t j = k;
        for (; j > 0 && changes[j - 1].at > at; j--) {
            changes[j] = changes[j - 1];
        }
        changes[j] = (change){at, (uint64_t)runs->steps[k]};
    }
    return true;
}

/* Adds the runs of a point to its row of the table; returns whether their codes are in it. */
static bool add_point(const tpp_runs *runs, uint64_t point, int64_t *row, uint64_t codes)
{
    change changes[TPP_MOST_CUTS + 1];
    if (!sort_changes(runs, point, changes)) {
        return false;
    }
    changes[runs->cuts] = (change){runs->places, 0};
    const uint64_t weight = runs->weights == NULL ? 1 : (uint64_t)runs->weights[point];
    uint64_t code = (uint64_t)runs->codes[point];
    uint64_t from = (uint64_t)runs->prefix[0];
    for (uint32_t k = 0; k <= runs->cuts; k++) {
        const uint64_t to = (uint64_t)runs->prefix[changes[k].at];
        if (to != from) {
            if (code >= codes) {
                return false;
            }
            row[code] = (int64_t)((uint64_t)row[code] + (to - from) * weight);
        }
        from = to;
        code += changes[k].step;
    }
    return true;
}

static bool is_bad(const tpp_runs *runs, const int64_t *counts, uint64_t cells, uint64_t codes)
{
    return counts == NULL || runs->codes == NULL || runs->prefix == NULL ||
           (runs->cuts > 0 && (runs->ends == NULL || runs->steps == NULL)) || codes == 0 ||
           cells > SIZE_MAX / sizeof *counts / codes;
}

TPP_API tpp_status tpp_add_runs(const tpp_runs *runs, int64_t *counts, uint64_t table_cells,
                                uint64_t table_codes, tpp_error *error)
{
    if (runs == NULL) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    if (runs->cuts > TPP_MOST_CUTS || runs->places > INT32_MAX) {
        return tpp_error_set(error, TPP_ERROR_LIMIT);
    }
    if (runs->points == 0) {
        return TPP_OK;
    }
    if (is_bad(runs, counts, table_cells, table_codes)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    for (uint64_t i = 0; i < runs->points; i++) {
        const uint64_t cell = runs->cells == NULL ? 0 : runs->cells[i];
        if (cell >= table_cells ||
            !add_point(runs, i, counts + cell * table_codes, table_codes)) {
            return tpp_error_number(error, TPP_ERROR_ARGUMENT, i, 0, TPP_PART_VALUE, 0.0);
        }
    }
    return TPP_OK;
}
