/* The sums of parts: in doubles, which are whole numbers of units, where these are small enough to be
 * exact, else in 128 bits. */
#include <math.h>
#include <string.h>

#include "cell.h"
#include "error.h"
#include "ratio.h"
#include "system_block.h"

/* ---- adding up ---- */

static tpp_status check_system(const tpp_parts *parts, uint64_t system, tpp_error *error)
{
    const int64_t first = tpp_parts_offset(parts, system);
    const int64_t last = tpp_parts_offset(parts, system + 1);
    const bool is_outside = first < 0 || last < first || (uint64_t)last > parts->parts;
    const tpp_status status = is_outside      ? TPP_ERROR_OFFSETS
                              : first == last ? TPP_ERROR_EMPTY_SYSTEM
                                              : TPP_OK;
    return status == TPP_OK
               ? status
               : tpp_error_number(error, status, system, 0, TPP_PART_VALUE, 0.0);
}

static tpp_status read_chunk(const tpp_job *job, tpp_system_block *b, uint64_t first, uint32_t n,
                             tpp_error *error)
{
    if (job->items->kernel->read(job->items, job->parts, first, n, b->row, b->count)) {
        return TPP_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        tpp_one_part part;
        const tpp_status status = tpp_parts_one(job->items, job->parts, first + i, &part, error);
        if (status != TPP_OK) {
            return status;
        }
        b->row[i] = part.row;
        b->count[i] = part.count;
    }
    return TPP_OK;
}

/* Adds what some parts of a system come to. */
static void unite(const tpp_items *items, double *sum, const double *more)
{
    for (uint32_t i = 0; i < items->lanes; i++) {
        const double most = sum[i] > more[i] ? sum[i] : more[i];
        sum[i] = i < TPP_LANES * items->sums ? sum[i] + more[i] : most;
    }
    for (uint32_t i = items->lanes; i < items->width; i++) {
        uint64_t set, more_set;
        memcpy(&set, sum + i, sizeof set);
        memcpy(&more_set, more + i, sizeof more_set);
        set |= more_set;
        memcpy(sum + i, &set, sizeof set);
    }
}

/* A system of any size. */
static tpp_status add_system(const tpp_job *job, tpp_system_block *b, uint64_t system, double *sum,
                             tpp_error *error)
{
    const tpp_items *items = job->items;
    tpp_status status = check_system(job->parts, system, error);
    if (status != TPP_OK) {
        return status;
    }
    const uint64_t last = (uint64_t)tpp_parts_offset(job->parts, system + 1);
    uint64_t first = (uint64_t)tpp_parts_offset(job->parts, system);
    memset(sum, 0, items->width * sizeof *sum);
    while (first < last && status == TPP_OK) {
        double more[TPP_MAX_WIDTH];
        const uint32_t n = last - first < TPP_CHUNK ? (uint32_t)(last - first) : (uint32_t)TPP_CHUNK;
        const uint32_t end[2] = {0, n};
        status = read_chunk(job, b, first, n, error);
        if (status == TPP_OK) {
            items->kernel->add(items, b->row, b->count, end, 1, more);
            unite(items, sum, more);
        }
        first += n;
    }
    return status;
}

/* Adds up a group and spreads its sums to their columns. */
static tpp_status add_group(const tpp_job *job, tpp_system_block *b, uint32_t group,
                            double *const *to, tpp_error *error)
{
    const tpp_items *items = job->items;
    const uint64_t system = b->begin + TPP_GROUP * group;
    const uint32_t systems = tpp_group_systems(b, group);
    uint32_t end[TPP_GROUP + 1];
    uint64_t first;
    const bool is_chunk =
        items->kernel->offsets(job->parts, system, systems, TPP_CHUNK, &first, end);
    tpp_status status = is_chunk ? read_chunk(job, b, first, end[systems], error) : TPP_OK;
    memset(b->largest, 0, items->width * sizeof *b->largest);
    const bool is_done = is_chunk && status == TPP_OK && systems == TPP_GROUP &&
                         items->kernel->total(items, b->row, b->count, end, to, b->largest);
    for (uint32_t at = 0; at < TPP_GROUP && status == TPP_OK && !is_done; at += TPP_FEW) {
        const uint32_t left = systems > at ? systems - at : 0;
        const uint32_t n = left < TPP_FEW ? left : TPP_FEW;
        if (is_chunk && n > 0) {
            items->kernel->add(items, b->row, b->count, end + at, n, b->sum);
        }
        for (uint32_t s = 0; s < n && !is_chunk && status == TPP_OK; s++) {
            status = add_system(job, b, system + at + s, b->sum + (size_t)s * items->width,
                                error);
        }
        if (n < TPP_FEW) {
            memset(b->sum + (size_t)n * items->width, 0,
                   (TPP_FEW - n) * items->width * sizeof *b->sum);
        }
        items->kernel->spread(items, b->sum, to, at, b->largest);
    }
    if (status == TPP_OK) {
        items->kernel->turn(items, b->set[0], b->bit);
    }
    return status;
}

/* ---- sums that are too large for doubles ---- */

typedef struct {
    tpp_u128 low;
    tpp_u128 high;
    bool is_open;
} exact_sum;

static bool take(tpp_u128 *sum, uint64_t count, uint64_t units, bool is_sum)
{
    if (is_sum) {
        return tpp_u128_add(sum, *sum, (tpp_u128)count * units);
    }
    *sum = units > *sum ? units : *sum;
    return true;
}

/* False if 128 bits are too few: only with more than 2^32 parts. */
static bool add_exactly(const tpp_job *job, const tpp_item_figure *figure, uint64_t system,
                        exact_sum *sum)
{
    const tpp_items *items = job->items;
    const int64_t last = tpp_parts_offset(job->parts, system + 1);
    bool fits = true;
    *sum = (exact_sum){0, 0, false};
    for (int64_t p = tpp_parts_offset(job->parts, system); p < last; p++) {
        tpp_one_part part;
        (void)tpp_parts_one(items, job->parts, (uint64_t)p, &part, NULL); /* was checked */
        const uint32_t row = part.row / items->width;
        const uint32_t item = row % (items->items + 1), kind = row / (items->items + 1);
        if ((kind & TPP_ROW_HOST) != 0 && !figure->with_hosts) {
            continue;
        }
        if (item == items->items) {
            sum->is_open = true;
            continue;
        }
        const bool counted = (kind & TPP_ROW_UNCOUNTED) == 0 || !figure->is_sum;
        const uint64_t low = figure->low_units[item], high = figure->high_units[item];
        const uint64_t count = (uint64_t)part.count;
        sum->is_open |= high == UINT64_MAX || (!counted && high > 0);
        fits &= take(&sum->low, count, low, figure->is_sum);
        fits &= sum->is_open || take(&sum->high, count, high, figure->is_sum);
    }
    return fits;
}

typedef struct {
    double nearest[2]; /* for people */
    double given[2];   /* to the program */
    bool is_rounded;
} exact_ends;

/* A number that is no double's shortest decimal lies between those of the two doubles around the nearest
 * one, as it is nearer to that than to them. Numbers beyond the range of quantities end there. */
static exact_ends ends_of(const tpp_item_figure *figure, const exact_sum *sum)
{
    exact_ends out = {.is_rounded = false};
    const tpp_u128 whole[2] = {sum->low, sum->is_open ? sum->low : sum->high};
    for (int i = 0; i < 2; i++) {
        double *nearest = &out.nearest[i];
        bool is_given = tpp_ratio_double(whole[i], figure->exponent, figure->divisor, nearest);
        is_given &= tpp_cell_check_double(*nearest) == TPP_OK;
        out.given[i] = is_given ? *nearest : nextafter(*nearest, i == 0 ? 0.0 : HUGE_VAL);
        out.is_rounded |= !is_given && !(i == 1 && sum->is_open);
    }
    double *low = &out.given[0], *high = &out.given[1];
    *low = *low < TPP_SMALLEST ? 0.0 : *low > TPP_LARGEST ? TPP_LARGEST : *low;
    if (sum->is_open) {
        out.nearest[1] = *high = HUGE_VAL;
    } else if (out.is_rounded) {
        *high = *high > TPP_LARGEST ? HUGE_VAL : *high < TPP_SMALLEST ? TPP_SMALLEST : *high;
    }
    return out;
}

/* ---- figures ---- */

void tpp_totals_widen(tpp_system_block *b, uint32_t figure, tpp_figure_ends *ends, uint32_t group)
{
    if (!b->ranged[figure]) {
        b->ranged[figure] = b->is_ranged = true;
        memcpy((*ends)[1], (*ends)[0], TPP_GROUP * (group + 1) * sizeof(double));
    }
}

/* The systems of a group whose double may be of a sum that is none. */
static uint64_t find_large(const tpp_system_block *b, const tpp_items *items, int32_t lane,
                           const double *number)
{
    uint64_t found = 0;
    if (lane == TPP_NONE || !(b->largest[lane] > items->scales.most[lane])) {
        return 0;
    }
    for (uint32_t s = 0; s < TPP_GROUP; s++) {
        found |= (uint64_t)(number[s] >= items->scales.limit[lane]) << s;
    }
    return found;
}

/* Whether a group is of numbers that are exact, and points where the figures of the program were
 * points so far: then there is nothing more to do for it. */
static bool is_plain(const tpp_items *items, const tpp_system_block *b)
{
    bool large = false;
    uint64_t open = 0;
    for (uint32_t lane = 0; lane < items->lanes; lane++) {
        large |= b->largest[lane] > items->scales.most[lane];
    }
    for (uint32_t f = 0; f < items->figures; f++) {
        open |= b->bit[2 * items->leaves + f];
    }
    return !large && open == 0 && !b->is_ranged && items->all_points;
}

/* Writes the ends of a group for people. */
static void report(const tpp_job *job, uint32_t f, uint64_t system, uint32_t systems,
                   const double *low, const double *high, uint64_t open)
{
    if (job->low != NULL && job->low[f] != NULL) {
        memcpy(job->low[f] + system, low, systems * sizeof *low);
    }
    if (job->high != NULL && job->high[f] != NULL) {
        double ends[TPP_GROUP];
        job->items->kernel->open(high, open, ends);
        memcpy(job->high[f] + system, ends, systems * sizeof *ends);
    }
}

/* The same of a plain group. */
static void report_plain(const tpp_job *job, const tpp_system_block *b, uint32_t group,
                         double *const *to)
{
    const uint32_t systems = tpp_group_systems(b, group);
    for (uint32_t f = 0; f < job->items->figures && (job->low != NULL || job->high != NULL); f++) {
        const double *low = to[job->items->figure[f].low];
        report(job, f, b->begin + TPP_GROUP * group, systems, low, low, 0);
    }
}

/* Replaces the numbers of some systems of a group. */
static tpp_status mend(const tpp_job *job, tpp_system_block *b, uint32_t f, uint32_t group,
                       uint64_t large, tpp_error *error)
{
    const tpp_item_figure *figure = &job->items->figure[f];
    tpp_figure_ends *ends = tpp_totals_of(b, job->items, f);
    for (; large != 0; large &= large - 1) {
        const uint32_t at = TPP_GROUP * group + (uint32_t)__builtin_ctzll(large);
        const uint64_t system = b->begin + at;
        exact_sum sum;
        if (!add_exactly(job, figure, system, &sum)) {
            return tpp_error_number(error, TPP_ERROR_WIDTH, system, 0, TPP_PART_VALUE, 0.0);
        }
        const exact_ends found = ends_of(figure, &sum);
        double *const *const out[2] = {job->low, job->high};
        for (int i = 0; i < 2; i++) {
            if (out[i] != NULL && out[i][f] != NULL) {
                out[i][f][system] = found.nearest[i];
            }
        }
        if (ends != NULL) {
            if (found.given[0] != found.given[1]) {
                tpp_totals_widen(b, f, ends, group);
            }
            (*ends)[0][at] = found.given[0];
            (*ends)[1][at] = found.given[1];
            b->rounded[group] |= (uint64_t)found.is_rounded << at % TPP_GROUP;
            b->is_rounded |= found.is_rounded;
        }
    }
    return TPP_OK;
}

static tpp_status put_figure(const tpp_job *job, tpp_system_block *b, uint32_t f, uint32_t group,
                             double *const *to, tpp_error *error)
{
    const tpp_items *items = job->items;
    const tpp_item_figure *figure = &items->figure[f];
    const uint32_t systems = tpp_group_systems(b, group), first = TPP_GROUP * group;
    const uint64_t mask = systems < TPP_GROUP ? (UINT64_C(1) << systems) - 1 : UINT64_MAX;
    const uint64_t open = b->bit[2 * items->leaves + f];
    const double *low = to[figure->low];
    const double *high = figure->high != TPP_NONE ? to[figure->high] : low;
    const uint64_t large = (find_large(b, items, figure->low, low) |
                            find_large(b, items, figure->high, high)) & mask;
    report(job, f, b->begin + first, systems, low, high, open);
    tpp_figure_ends *ends = tpp_totals_of(b, items, f);
    if (ends != NULL) {
        if (figure->high != TPP_NONE || open != 0) {
            tpp_totals_widen(b, f, ends, group);
        }
        if (b->ranged[f]) {
            items->kernel->open(high, open, (*ends)[1] + first);
        }
    }
    return large != 0 ? mend(job, b, f, group, large, error) : TPP_OK;
}

tpp_status tpp_totals_add(const tpp_job *job, tpp_system_block *b, uint32_t group, tpp_error *error)
{
    const tpp_items *items = job->items;
    double *to[TPP_MAX_WIDTH];
    for (uint32_t lane = 0; lane < items->width; lane++) {
        to[lane] = NULL; /* not all of what there may be, which would cost as much as to add up */
    }
    for (uint32_t f = 0; f < items->figures; f++) {
        const tpp_item_figure *figure = &items->figure[f];
        tpp_figure_ends *ends = tpp_totals_of(b, items, f);
        to[figure->low] = ends != NULL ? (*ends)[0] + TPP_GROUP * group : b->lane[figure->low];
        if (figure->high != TPP_NONE) {
            to[figure->high] = b->lane[figure->high];
        }
    }
    for (uint32_t w = 0; w < items->sets; w++) {
        to[items->lanes + w] = (double *)(void *)b->set[w]; /* written by memcpy or as vectors */
    }
    tpp_status status = add_group(job, b, group, to, error);
    if (status == TPP_OK && is_plain(items, b)) {
        report_plain(job, b, group, to);
        return TPP_OK;
    }
    for (uint32_t f = 0; f < items->figures && status == TPP_OK; f++) {
        status = put_figure(job, b, f, group, to, error);
    }
    return status;
}
