/* Systems, in blocks of as many as the block evaluator takes: their parts are added up, the sums become
 * columns of a table, and the program decides its rows while they are in the cache. */
#include <math.h>
#include <string.h>

#include "cell.h"
#include "error.h"
#include "ratio.h"
#include "sums.h"

enum {
    CHUNK = 1024, /* parts that are read at a time */
    STRIDE = TPP_BLOCK + 8, /* vectors a page apart would share the sets of the L1 cache */
    GROUPS = TPP_BLOCK_WORDS,
    MAX_WIDTH = TPP_MAX_LANES + TPP_MAX_SET_WORDS,
    LARGE_OUTPUT = 1 << 21 /* bytes that leave little of a cache for anything else */
};

/* One call: what is asked. */
typedef struct {
    const tpp_items *items;
    const tpp_parts *parts;
    const tpp_column *facts;
    uint64_t *const *value_bits;
    uint64_t *const *valid_bits;
    uint64_t *unsettled;
    double *const *low;
    double *const *high;
    bool decides; /* the program too */
    bool streams;
} job;

/* One block, and room for it. */
typedef struct {
    _Alignas(64) double column[TPP_MAX_READ_FIGURES][3][STRIDE]; /* value, low and high */
    uint8_t flag[TPP_MAX_READ_LEAVES][TPP_BLOCK];
    uint64_t verdict[TPP_MAX_LEAVES][2][GROUPS];
    uint64_t sum[TPP_GROUP * MAX_WIDTH];
    double lane[TPP_MAX_LANES][TPP_GROUP];
    double largest[TPP_MAX_LANES];
    uint64_t set[TPP_MAX_SET_WORDS * 64];
    uint64_t open[TPP_GROUP]; /* by system, the figures that are unbounded */
    uint64_t any_open;
    uint32_t row[CHUNK];
    double count[CHUNK];
    tpp_column input[TPP_MAX_INPUTS];
    uint64_t *bits[2][TPP_MAX_SYSTEM_PARAGRAPHS];
    uint64_t unwanted[2][GROUPS];
    uint64_t rounded[GROUPS]; /* the systems with a sum that is no double's shortest decimal */
    bool is_rounded;
    bool ranged[TPP_MAX_FIGURES];
    uint64_t begin;
    uint32_t systems;
} block;

/* ---- adding up ---- */

static tpp_status check_system(const job *j, uint64_t system, tpp_error *error)
{
    const int64_t first = tpp_parts_offset(j->parts, system);
    const int64_t last = tpp_parts_offset(j->parts, system + 1);
    if (first < 0 || last < first || (uint64_t)last > j->parts->parts) {
        return tpp_error_number(error, TPP_ERROR_OFFSETS, system, 0, TPP_PART_VALUE, 0.0);
    }
    return first < last ? TPP_OK
                        : tpp_error_number(error, TPP_ERROR_EMPTY_SYSTEM, system, 0, TPP_PART_VALUE,
                                           0.0);
}

/* Where the parts of some systems end, from `first` on; false if an offset is wrong or they are more
 * than are read at a time. */
static bool read_offsets(const tpp_parts *parts, uint64_t system, uint32_t systems, uint64_t *first,
                         uint32_t *end)
{
    /* Ascending from 0 or above to the number of parts or below: none can be outside. */
    bool good = true;
    uint64_t last;
    if (parts->kind == TPP_INT32) {
        const int32_t *offset = (const int32_t *)parts->offsets + system;
        const uint32_t from = (uint32_t)offset[0];
        for (uint32_t s = 0; s < systems; s++) {
            good &= offset[s] < offset[s + 1];
            end[s + 1] = (uint32_t)offset[s + 1] - from;
        }
        good &= offset[0] >= 0;
        *first = from;
        last = (uint64_t)(int64_t)offset[systems];
    } else {
        const int64_t *offset = (const int64_t *)parts->offsets + system;
        const uint64_t from = (uint64_t)offset[0];
        for (uint32_t s = 0; s < systems; s++) {
            good &= offset[s] < offset[s + 1];
            end[s + 1] = (uint32_t)((uint64_t)offset[s + 1] - from);
        }
        good &= offset[0] >= 0;
        *first = from;
        last = (uint64_t)offset[systems];
    }
    end[0] = 0;
    return good && last <= parts->parts && last - *first <= CHUNK;
}

static tpp_status read_chunk(const job *j, block *b, uint64_t first, uint32_t n, tpp_error *error)
{
    if (j->items->kernel->read(j->items, j->parts, first, n, b->row, b->count)) {
        return TPP_OK;
    }
    for (uint32_t i = 0; i < n; i++) {
        tpp_one_part part;
        const tpp_status status = tpp_parts_one(j->items, j->parts, first + i, &part, error);
        if (status != TPP_OK) {
            return status;
        }
        b->row[i] = part.row;
        b->count[i] = part.count;
    }
    return TPP_OK;
}

/* Adds one row of sums to another. */
static void unite(const tpp_items *items, uint64_t *sum, const uint64_t *more)
{
    for (uint32_t lane = 0; lane < items->lanes; lane++) {
        double a, b;
        memcpy(&a, sum + lane, sizeof a);
        memcpy(&b, more + lane, sizeof b);
        const double most = a > b ? a : b;
        a = lane < TPP_LANES * items->sums ? a + b : most;
        memcpy(sum + lane, &a, sizeof a);
    }
    for (uint32_t i = items->lanes; i < items->width; i++) {
        sum[i] |= more[i];
    }
}

/* One system of any size. */
static tpp_status add_system(const job *j, block *b, uint64_t system, uint64_t *sum,
                             tpp_error *error)
{
    const tpp_items *items = j->items;
    tpp_status status = check_system(j, system, error);
    if (status != TPP_OK) {
        return status;
    }
    const uint64_t last = (uint64_t)tpp_parts_offset(j->parts, system + 1);
    uint64_t first = (uint64_t)tpp_parts_offset(j->parts, system);
    memset(sum, 0, items->width * sizeof *sum);
    while (first < last && status == TPP_OK) {
        uint64_t more[MAX_WIDTH];
        const uint32_t n = last - first < CHUNK ? (uint32_t)(last - first) : (uint32_t)CHUNK;
        const uint32_t end[2] = {0, n};
        status = read_chunk(j, b, first, n, error);
        if (status == TPP_OK) {
            items->kernel->add(items, b->row, b->count, end, 1, more);
            unite(items, sum, more);
        }
        first += n;
    }
    return status;
}

static tpp_status add_group(const job *j, block *b, uint64_t system, uint32_t systems,
                            tpp_error *error)
{
    const tpp_items *items = j->items;
    uint32_t end[TPP_GROUP + 1];
    uint64_t first;
    tpp_status status = TPP_OK;
    if (read_offsets(j->parts, system, systems, &first, end)) {
        status = read_chunk(j, b, first, end[systems], error);
        if (status != TPP_OK) {
            return status;
        }
        items->kernel->add(items, b->row, b->count, end, systems, b->sum);
    } else {
        for (uint32_t s = 0; s < systems && status == TPP_OK; s++) {
            status = add_system(j, b, system + s, b->sum + (size_t)s * items->width, error);
        }
    }
    const uint32_t left = TPP_GROUP - systems;
    memset(b->sum + (size_t)systems * items->width, 0, left * items->width * sizeof *b->sum);
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
static bool add_exactly(const job *j, const tpp_item_figure *figure, uint64_t system, exact_sum *sum)
{
    const tpp_items *items = j->items;
    bool fits = true;
    *sum = (exact_sum){0, 0, false};
    for (int64_t p = tpp_parts_offset(j->parts, system);
         p < tpp_parts_offset(j->parts, system + 1); p++) {
        tpp_one_part part;
        (void)tpp_parts_one(items, j->parts, (uint64_t)p, &part, NULL); /* checked before */
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

/* Numbers that a program takes. */
typedef struct {
    double nearest[2];
    double value;
    double low;
    double high;
    bool is_rounded;
} given;

/* A number that is no double's shortest decimal lies between those of the doubles around the nearest
 * one: it is nearer to that than to them. So do numbers beyond the range of quantities. */
static given give(const tpp_item_figure *figure, const exact_sum *sum)
{
    given out = {.value = NAN, .low = NAN, .high = NAN};
    bool is_short[2];
    const tpp_u128 high = sum->is_open ? sum->low : sum->high;
    is_short[0] =
        tpp_ratio_double(sum->low, figure->exponent, figure->divisor, &out.nearest[0]);
    is_short[1] = tpp_ratio_double(high, figure->exponent, figure->divisor, &out.nearest[1]);
    for (int i = 0; i < 2; i++) {
        is_short[i] &= tpp_cell_check_double(out.nearest[i]) == TPP_OK;
    }
    if (!sum->is_open && sum->low == sum->high && is_short[0]) {
        out.value = out.nearest[0];
        return out;
    }
    out.is_rounded = !is_short[0] || !(is_short[1] || sum->is_open);
    out.low = is_short[0] ? out.nearest[0] : nextafter(out.nearest[0], 0.0);
    out.low = out.low < TPP_SMALLEST ? 0.0 : out.low > TPP_LARGEST ? TPP_LARGEST : out.low;
    if (sum->is_open) {
        out.nearest[1] = HUGE_VAL;
        return out;
    }
    out.high = is_short[1] ? out.nearest[1] : nextafter(out.nearest[1], HUGE_VAL);
    out.high = out.high > TPP_LARGEST ? NAN : out.high < TPP_SMALLEST ? TPP_SMALLEST : out.high;
    return out;
}

/* ---- columns ---- */

static void fill(double *out, double value, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        out[i] = value;
    }
}

/* The column of a figure that the program reads, or NULL. */
static double (*column_of(block *b, const tpp_items *items, uint32_t f))[STRIDE]
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < f; i++) {
        at += items->figure[i].input != TPP_NONE;
    }
    return items->figure[f].input != TPP_NONE ? b->column[at] : NULL;
}

static void give_range(block *b, uint32_t f, uint32_t group, double (*column)[STRIDE])
{
    if (!b->ranged[f]) {
        b->ranged[f] = true;
        fill(column[1], NAN, 0, TPP_GROUP * group);
        fill(column[2], NAN, 0, TPP_GROUP * group);
    }
}

/* What the program is given of a figure in one group, whose values are low ends so far. */
static void split_group(const job *j, block *b, uint32_t f, uint32_t group,
                        double (*column)[STRIDE])
{
    const tpp_item_figure *figure = &j->items->figure[f];
    const bool has_range = figure->high != TPP_NONE || (b->any_open >> f & 1) != 0;
    const uint32_t first = TPP_GROUP * group, last = first + TPP_GROUP;
    if (has_range) {
        give_range(b, f, group, column);
    }
    if (b->ranged[f] && !has_range) {
        fill(column[1], NAN, first, last);
        fill(column[2], NAN, first, last);
    }
    if (has_range) {
        const tpp_ends ends = {column[0] + first, column[1] + first, column[2] + first};
        const double *high = figure->high != TPP_NONE ? b->lane[figure->high] : NULL;
        j->items->kernel->split(high, b->open, f, ends);
    }
    for (uint32_t i = first; i < last && has_range && figure->positive; i++) {
        column[1][i] = column[1][i] > 0.0 ? column[1][i] : NAN; /* the open end of (0, ...) */
    }
}

static bool is_large(const tpp_items *items, const uint64_t *sum, int32_t lane)
{
    double whole;
    memcpy(&whole, sum + lane, sizeof whole);
    return whole > items->scales.most[lane];
}

/* Replaces the numbers of a group that their doubles do not settle. */
static tpp_status mend_group(const job *j, block *b, uint32_t f, uint32_t group, uint32_t systems,
                             double (*column)[STRIDE], tpp_error *error)
{
    const tpp_items *items = j->items;
    const tpp_item_figure *figure = &items->figure[f];
    for (uint32_t s = 0; s < systems; s++) {
        const uint64_t *sum = b->sum + (size_t)s * items->width;
        if (!is_large(items, sum, figure->low) &&
            (figure->high == TPP_NONE || !is_large(items, sum, figure->high))) {
            continue;
        }
        const uint64_t system = b->begin + TPP_GROUP * group + s;
        exact_sum exact;
        if (!add_exactly(j, figure, system, &exact)) {
            return tpp_error_number(error, TPP_ERROR_WIDTH, system, 0, TPP_PART_VALUE, 0.0);
        }
        const given numbers = give(figure, &exact);
        if (j->low != NULL && j->low[f] != NULL) {
            j->low[f][system] = numbers.nearest[0];
        }
        if (j->high != NULL && j->high[f] != NULL) {
            j->high[f][system] = numbers.nearest[1];
        }
        if (column != NULL) {
            const uint32_t at = TPP_GROUP * group + s;
            if (isnan(numbers.value) && !b->ranged[f]) {
                give_range(b, f, group, column);
                fill(column[1], NAN, TPP_GROUP * group, TPP_GROUP * (group + 1));
                fill(column[2], NAN, TPP_GROUP * group, TPP_GROUP * (group + 1));
            }
            column[0][at] = numbers.value;
            if (b->ranged[f]) {
                column[1][at] = figure->positive && numbers.low == 0.0 ? NAN : numbers.low;
                column[2][at] = numbers.high;
            }
            b->rounded[group] |= (uint64_t)numbers.is_rounded << s;
            b->is_rounded |= numbers.is_rounded;
        }
    }
    return TPP_OK;
}

static bool any_large(const block *b, const tpp_items *items, int32_t lane)
{
    return b->largest[lane] > items->scales.most[lane];
}

static void report(const job *j, const block *b, uint32_t f, uint32_t group, uint32_t systems,
                   const double *low)
{
    const tpp_item_figure *figure = &j->items->figure[f];
    const uint64_t system = b->begin + TPP_GROUP * group;
    if (j->low != NULL && j->low[f] != NULL) {
        memcpy(j->low[f] + system, low, systems * sizeof *low);
    }
    if (j->high != NULL && j->high[f] != NULL) {
        double *restrict out = j->high[f] + system;
        const double *high = figure->high != TPP_NONE ? b->lane[figure->high] : low;
        for (uint32_t s = 0; s < systems; s++) {
            out[s] = (b->open[s] >> f & 1) != 0 ? HUGE_VAL : high[s];
        }
    }
}

static tpp_status put_figures(const job *j, block *b, uint32_t group, uint32_t systems,
                              tpp_error *error)
{
    const tpp_items *items = j->items;
    double *to[TPP_MAX_LANES] = {NULL};
    b->any_open = 0;
    for (uint32_t s = 0; s < TPP_GROUP; s++) {
        b->open[s] = b->sum[(size_t)(s + 1) * items->width - 1];
        b->any_open |= b->open[s];
    }
    for (uint32_t f = 0; f < items->figures; f++) {
        const tpp_item_figure *figure = &items->figure[f];
        double(*column)[STRIDE] = column_of(b, items, f);
        to[figure->low] = column != NULL ? column[0] + TPP_GROUP * group : b->lane[figure->low];
        if (figure->high != TPP_NONE) {
            to[figure->high] = b->lane[figure->high];
        }
    }
    items->kernel->spread(items, b->sum, to, b->largest);
    tpp_status status = TPP_OK;
    for (uint32_t f = 0; f < items->figures && status == TPP_OK; f++) {
        const tpp_item_figure *figure = &items->figure[f];
        double(*column)[STRIDE] = column_of(b, items, f);
        report(j, b, f, group, systems, to[figure->low]);
        if (column != NULL) {
            split_group(j, b, f, group, column);
        }
        if (any_large(b, items, figure->low) ||
            (figure->high != TPP_NONE && any_large(b, items, figure->high))) {
            status = mend_group(j, b, f, group, systems, column, error);
        }
    }
    return status;
}

/* ---- verdicts ---- */

static void put_leaves(const job *j, block *b, uint32_t group, uint32_t systems)
{
    const tpp_items *items = j->items;
    const uint64_t mask = systems < 64 ? (UINT64_C(1) << systems) - 1 : UINT64_MAX;
    uint32_t read = 0;
    items->kernel->sets(items, b->sum, b->set);
    for (uint32_t l = 0; l < items->leaves; l++) {
        const uint64_t met = b->set[l], possible = b->set[items->leaves + l];
        b->verdict[l][0][group] = met & mask;
        b->verdict[l][1][group] = (met | ~possible) & mask;
        if (items->leaf_input[l] != TPP_NONE) {
            items->kernel->flags(met, possible, b->flag[read++] + TPP_GROUP * group);
        }
    }
}

static void write_leaves(const job *j, const block *b)
{
    const uint32_t words = (b->systems + 63) / 64;
    for (uint32_t l = 0; l < j->items->leaves; l++) {
        uint64_t *const out[2] = {j->value_bits[l], j->valid_bits[l]};
        for (int i = 0; i < 2 && out[i] != NULL; i++) {
            if (words == GROUPS) {
                j->items->kernel->write(b->verdict[l][i], out[i] + b->begin / 64, j->streams);
            } else {
                memcpy(out[i] + b->begin / 64, b->verdict[l][i], words * sizeof(uint64_t));
            }
        }
    }
}

/* A column from its row `begin` on. */
static tpp_column from_row(const tpp_column *column, uint64_t begin)
{
    static const uint8_t SIZES[TPP_KIND_COUNT] = {8, 4, 1, 1, 2, 4, 8, 1, 2, 4, 8, 16};
    tpp_column out = *column;
    if (out.values != NULL) {
        out.values = (const char *)out.values + begin * SIZES[out.kind];
    }
    if (out.present != NULL) {
        const uint64_t bit = begin + out.first_bit;
        out.present += bit / 8;
        out.first_bit = bit % 8;
    }
    out.low = out.low != NULL ? out.low + begin : NULL;
    out.high = out.high != NULL ? out.high + begin : NULL;
    return out;
}

static bool is_stated(const tpp_column *fact)
{
    return fact->values != NULL || fact->low != NULL || fact->high != NULL;
}

/* Puts the facts about a quantity over the sums, where they are stated. */
static tpp_status put_facts(const job *j, block *b, uint32_t f, double (*column)[STRIDE],
                            tpp_error *error)
{
    const uint32_t input = (uint32_t)j->items->figure[f].input;
    const tpp_column fact = from_row(&j->facts[input], b->begin);
    const bool is_plain = fact.kind == TPP_FLOAT64 && fact.present == NULL && fact.values != NULL;
    for (uint32_t i = 0; i < b->systems; i++) {
        const double low = fact.low != NULL ? fact.low[i] : NAN;
        const double high = fact.high != NULL ? fact.high[i] : NAN;
        double value = is_plain ? ((const double *)fact.values)[i] : NAN;
        /* Doubles are checked with all others, by the program. */
        const tpp_status status = is_plain ? TPP_OK : tpp_cell_check(&fact, i, &value);
        if (status != TPP_OK) {
            return tpp_error_number(error, status, b->begin + i, input, TPP_PART_VALUE, value);
        }
        const bool has_range = !isnan(low) || !isnan(high);
        if (isnan(value) && !has_range) {
            continue;
        }
        if (has_range && !b->ranged[f]) {
            give_range(b, f, GROUPS, column);
        }
        column[0][i] = fact.kind == TPP_FLOAT32 && !isnan(value) ? tpp_cell_decimal(&fact, i).approx
                                                                 : value;
        if (b->ranged[f]) {
            column[1][i] = low;
            column[2][i] = high;
        }
    }
    return TPP_OK;
}

static tpp_status gather_inputs(const job *j, block *b, tpp_error *error)
{
    const tpp_items *items = j->items;
    const tpp_program *program = items->program;
    for (uint32_t i = 0; i < program->inputs; i++) {
        b->input[i] = j->facts != NULL ? from_row(&j->facts[i], b->begin) : (tpp_column){0};
    }
    uint32_t read = 0;
    for (uint32_t l = 0; l < items->leaves; l++) {
        if (items->leaf_input[l] != TPP_NONE) {
            b->input[items->leaf_input[l]] =
                (tpp_column){.values = b->flag[read++], .kind = TPP_BOOLEAN};
        }
    }
    tpp_status status = TPP_OK;
    for (uint32_t f = 0; f < items->figures && status == TPP_OK; f++) {
        const int32_t input = items->figure[f].input;
        double(*column)[STRIDE] = column_of(b, items, f);
        if (column == NULL) {
            continue;
        }
        if (j->facts != NULL && is_stated(&j->facts[input])) {
            status = put_facts(j, b, f, column, error);
        }
        b->input[input] = (tpp_column){.values = column[0],
                                       .low = b->ranged[f] ? column[1] : NULL,
                                       .high = b->ranged[f] ? column[2] : NULL};
    }
    return status;
}

static tpp_status run_program(const job *j, block *b, tpp_error *error)
{
    const tpp_items *items = j->items;
    const uint32_t paragraphs = items->program->paragraphs;
    tpp_status status = gather_inputs(j, b, error);
    if (status != TPP_OK) {
        return status;
    }
    for (uint32_t p = 0; p < paragraphs; p++) {
        uint64_t *const out[2] = {j->value_bits[items->leaves + p],
                                  j->valid_bits[items->leaves + p]};
        for (int i = 0; i < 2; i++) {
            b->bits[i][p] = out[i] != NULL ? out[i] + b->begin / 64 : b->unwanted[i];
        }
    }
    status = tpp_evaluate(items->program, b->input, 0, b->systems, b->bits[0], b->bits[1], error);
    if (status != TPP_OK && error != NULL) {
        error->row += b->begin;
    }
    for (uint32_t w = 0; w < (b->systems + 63) / 64 && j->unsettled != NULL; w++) {
        uint64_t undecided = 0;
        for (uint32_t p = 0; p < paragraphs && b->is_rounded; p++) {
            undecided |= b->bits[1][p] != b->unwanted[1] ? ~b->bits[1][p][w] : 0;
        }
        j->unsettled[b->begin / 64 + w] = b->rounded[w] & undecided;
    }
    return status;
}

static tpp_status run_block(const job *j, block *b, uint64_t begin, uint64_t end, tpp_error *error)
{
    b->begin = begin;
    b->systems = end - begin < TPP_BLOCK ? (uint32_t)(end - begin) : TPP_BLOCK;
    b->is_rounded = false;
    memset(b->rounded, 0, sizeof b->rounded);
    memset(b->ranged, 0, sizeof b->ranged);
    for (uint32_t group = 0; group < (b->systems + 63) / 64; group++) {
        const uint32_t left = b->systems - TPP_GROUP * group;
        const uint32_t systems = left < TPP_GROUP ? left : TPP_GROUP;
        tpp_status status = add_group(j, b, begin + TPP_GROUP * group, systems, error);
        if (status == TPP_OK) {
            status = put_figures(j, b, group, systems, error);
        }
        if (status != TPP_OK) {
            return status;
        }
        if (j->value_bits != NULL) {
            put_leaves(j, b, group, systems);
        }
    }
    if (j->value_bits != NULL) {
        write_leaves(j, b);
    }
    return j->decides ? run_program(j, b, error) : TPP_OK;
}

static bool are_facts_bad(const tpp_items *items, const tpp_column *facts)
{
    bool bad = false;
    for (uint32_t i = 0; facts != NULL && items->program != NULL && i < items->program->inputs; i++) {
        bad |= (unsigned)facts[i].kind >= TPP_KIND_COUNT;
    }
    return bad;
}

TPP_API tpp_status tpp_systems(const tpp_items *items, const tpp_parts *parts,
                               const tpp_column *facts, uint64_t begin, uint64_t end,
                               uint64_t *const *value_bits, uint64_t *const *valid_bits,
                               uint64_t *unsettled, double *const *low, double *const *high,
                               tpp_error *error)
{
    if (items == NULL || parts == NULL || begin > end || begin % 64 != 0 ||
        (value_bits == NULL) != (valid_bits == NULL) || tpp_parts_are_bad(parts) ||
        are_facts_bad(items, facts)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    const bool decides =
        value_bits != NULL && items->program != NULL && items->program->paragraphs > 0;
    const job j = {items, parts, facts, value_bits, valid_bits, unsettled, low, high, decides,
                   (end - begin) / 4 * items->leaves > LARGE_OUTPUT};
    block b;
    tpp_status status = TPP_OK;
    for (; begin < end && status == TPP_OK; begin += TPP_BLOCK) {
        status = run_block(&j, &b, begin, end, error);
    }
    if (j.streams) {
        items->kernel->finish();
    }
    return status;
}
