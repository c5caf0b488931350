#include "items.h"

#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "error.h"
#include "ratio.h"
#include "sums.h"

static uint32_t up_to_lanes(uint32_t n)
{
    return (n + TPP_LANES - 1) / TPP_LANES * TPP_LANES;
}

static bool has(const uint64_t *bits, uint32_t at)
{
    return bits != NULL && (bits[at / 64] >> at % 64 & 1) != 0;
}

static int32_t find_input(const tpp_program *program, const char *name)
{
    for (uint32_t i = 0; program != NULL && i < program->inputs; i++) {
        if (strcmp(program->input[i].name, name) == 0) {
            return (int32_t)i;
        }
    }
    return TPP_NONE;
}

static bool is_bad_figure(const tpp_figure *figure, uint32_t items)
{
    if (figure->name == NULL || (figure->low == NULL && items > 0) || figure->divisor == 0 ||
        figure->exponent < -TPP_RATIO_EXPONENTS || figure->exponent > TPP_RATIO_EXPONENTS ||
        (figure->divisor > 1 && (figure->divisor % 2 == 0 || figure->divisor % 5 == 0))) {
        return true;
    }
    for (uint32_t i = 0; i < items; i++) {
        if (figure->low[i] == UINT64_MAX ||
            (figure->high != NULL && figure->high[i] < figure->low[i])) {
            return true;
        }
    }
    return false;
}

static bool is_bad(const tpp_figure *figures, uint32_t figure_count, const tpp_leaf *leaves,
                   uint32_t leaf_count, uint32_t items)
{
    bool bad = (figures == NULL && figure_count > 0) || (leaves == NULL && leaf_count > 0);
    for (uint32_t f = 0; f < figure_count && !bad; f++) {
        bad = is_bad_figure(&figures[f], items);
    }
    for (uint32_t l = 0; l < leaf_count && !bad; l++) {
        bad = leaves[l].name == NULL || (leaves[l].met == NULL && items > 0);
    }
    return bad;
}

static void set_scale(tpp_items *items, uint32_t lane, const tpp_item_figure *figure)
{
    tpp_item_scales *scales = &items->scales;
    const int32_t e = figure->exponent;
    const double power = tpp_power_of_ten[abs(e) < TPP_EXACT_POWERS ? abs(e) : 0];
    /* Beyond these, and where a divisor is left, sums are told apart one by one: below 10^-15 or
     * above 10^24 numbers are no quantities. */
    const bool is_usual = figure->divisor == 1 && e >= -15 && e < TPP_EXACT_POWERS;
    scales->times[lane] = e < 0 ? 1.0 / power : power;
    scales->over[lane] = e < 0 ? power : e > 0 ? 0.0 : 1.0;
    scales->mend[lane] = e < 0 ? 1.0 / power : 0.0;
    scales->multiply[lane] = e > 0 ? power : 1.0;
    scales->divide[lane] = e < 0 ? power : 1.0;
    scales->most[lane] = !is_usual ? -1.0 : e > 9 ? tpp_power_of_ten[24 - e] : TPP_MAX_UNIQUE;
    scales->limit[lane] =
        is_usual ? scales->most[lane] * scales->multiply[lane] / scales->divide[lane] : -1.0;
    scales->is_scaled[lane / TPP_LANES] |= e != 0;
}

/* Gives lanes to one kind of figures; those of unit 1 come last, so that fewer vectors are scaled. The
 * end of them. */
static uint32_t give_lanes(tpp_items *items, bool is_sum, uint32_t lane)
{
    for (int plain = 0; plain < 2; plain++) {
        for (uint32_t f = 0; f < items->figures; f++) {
            tpp_item_figure *figure = &items->figure[f];
            if (figure->is_sum != is_sum || (figure->exponent == 0) != (plain == 1)) {
                continue;
            }
            figure->low = (int32_t)lane++;
            set_scale(items, lane - 1, figure);
            if (figure->high != TPP_NONE) {
                figure->high = (int32_t)lane++;
                set_scale(items, lane - 1, figure);
            }
        }
    }
    return lane;
}

static void describe(tpp_items *items, const tpp_figure *figures)
{
    const uint32_t n = items->items;
    uint64_t *units = items->units;
    items->all_points = true;
    for (uint32_t f = 0; f < items->figures; f++) {
        const tpp_figure *from = &figures[f];
        tpp_item_figure *figure = &items->figure[f];
        *figure = (tpp_item_figure){.high = TPP_NONE,
                                    .input = find_input(items->program, from->name),
                                    .is_sum = from->is_sum != 0,
                                    .with_hosts = from->with_hosts != 0,
                                    .exponent = from->exponent,
                                    .divisor = from->divisor,
                                    .low_units = units,
                                    .high_units = units + n};
        figure->positive =
            figure->input != TPP_NONE && items->program->input[figure->input].positive;
        for (uint32_t i = 0; i < n; i++) {
            const uint64_t low = from->low[i], high = from->high != NULL ? from->high[i] : low;
            units[i] = low;
            units[n + i] = high;
            figure->high = high != low && high != UINT64_MAX ? 0 : figure->high;
        }
        items->all_points &= figure->high == TPP_NONE;
        units += 2 * (size_t)n;
    }
}

static void put_double(uint64_t *row, int32_t lane, uint64_t units)
{
    const double value = (double)units;
    memcpy(row + lane, &value, sizeof value);
}

static void put_bit(const tpp_items *items, uint64_t *row, uint32_t bit)
{
    row[items->lanes + bit / 64] |= UINT64_C(1) << bit % 64;
}

static void put_figure(const tpp_items *items, uint32_t f, uint32_t item, uint32_t kind, uint64_t *row)
{
    const tpp_item_figure *figure = &items->figure[f];
    if ((kind & TPP_ROW_HOST) != 0 && !figure->with_hosts) {
        return;
    }
    const bool unknown = item == items->items;
    const uint64_t low = unknown ? 0 : figure->low_units[item];
    const uint64_t high = unknown ? UINT64_MAX : figure->high_units[item];
    const bool uncounted = (kind & TPP_ROW_UNCOUNTED) != 0 && figure->is_sum;
    put_double(row, figure->low, low);
    if (high == UINT64_MAX || (uncounted && high > 0)) {
        put_bit(items, row, 2 * items->leaves + f);
    } else if (figure->high != TPP_NONE) {
        put_double(row, figure->high, high);
    }
}

static void put_rows(tpp_items *items, const tpp_leaf *leaves)
{
    uint64_t *row = items->table;
    for (uint32_t kind = 0; kind < TPP_ROW_KINDS; kind++) {
        for (uint32_t i = 0; i <= items->items; i++, row += items->width) {
            for (uint32_t f = 0; f < items->figures; f++) {
                put_figure(items, f, i, kind, row);
            }
            for (uint32_t l = 0; l < items->leaves; l++) {
                const bool met = i < items->items && has(leaves[l].met, i);
                if (met) {
                    put_bit(items, row, l);
                }
                if (met || i == items->items || has(leaves[l].open, i)) {
                    put_bit(items, row, items->leaves + l);
                }
            }
        }
    }
}

/* Numbers the figures that the program reads; how many there are. */
static int32_t place_figures(tpp_items *items)
{
    int32_t count = 0;
    for (uint32_t f = 0; f < items->figures; f++) {
        tpp_item_figure *figure = &items->figure[f];
        figure->place = figure->input != TPP_NONE ? count++ : TPP_NONE;
    }
    return count;
}

static int32_t count_leaves(const tpp_items *items)
{
    int32_t count = 0;
    for (uint32_t l = 0; l < items->leaves; l++) {
        count += items->leaf_input[l] != TPP_NONE;
    }
    return count;
}

/* Memory that begins with a cache line, so that a row touches as few as it can. */
static void *allocate(tpp_items *items, int which, size_t words)
{
    enum { LINE_BYTES = 64 };
    char *memory = calloc(words * sizeof(uint64_t) + LINE_BYTES, 1);
    items->memory[which] = memory;
    return memory == NULL ? NULL : memory + (LINE_BYTES - (uintptr_t)memory % LINE_BYTES);
}

static tpp_status fill(tpp_items *items, const tpp_figure *figures, const tpp_leaf *leaves)
{
    items->units = allocate(items, 0, 2 * (size_t)items->items * items->figures);
    if (items->units == NULL) {
        return TPP_ERROR_MEMORY;
    }
    describe(items, figures);
    for (uint32_t lane = 0; lane < TPP_MAX_WIDTH; lane++) {
        items->scales.times[lane] = items->scales.over[lane] = items->scales.mend[lane] = 1.0;
        items->scales.multiply[lane] = items->scales.divide[lane] = 1.0;
        items->scales.most[lane] = items->scales.limit[lane] = TPP_MAX_UNIQUE;
    }
    items->sums = up_to_lanes(give_lanes(items, true, 0)) / TPP_LANES;
    items->lanes = give_lanes(items, false, TPP_LANES * items->sums);
    items->set_bits = 2 * items->leaves + items->figures;
    items->sets = (items->set_bits + 63) / 64;
    items->width = up_to_lanes(items->lanes + items->sets);
    items->others = items->width / TPP_LANES - items->sums;
    for (uint32_t lane = items->lanes; lane < TPP_MAX_WIDTH; lane++) {
        items->scales.is_set[lane] = UINT64_MAX;
    }
    for (uint32_t l = 0; l < items->leaves; l++) {
        items->leaf_input[l] = find_input(items->program, leaves[l].name);
    }
    const uint64_t rows = TPP_ROW_KINDS * ((uint64_t)items->items + 1);
    if (rows * items->width > UINT32_MAX || place_figures(items) > TPP_MAX_READ_FIGURES ||
        count_leaves(items) > TPP_MAX_READ_LEAVES) {
        return TPP_ERROR_LIMIT;
    }
    items->table = allocate(items, 1, rows * items->width);
    if (items->table == NULL) {
        return TPP_ERROR_MEMORY;
    }
    put_rows(items, leaves);
    return TPP_OK;
}

TPP_API tpp_status tpp_items_open(const tpp_program *program, const tpp_figure *figures,
                                  uint32_t figure_count, const tpp_leaf *leaves,
                                  uint32_t leaf_count, uint32_t item_count, tpp_items **items,
                                  tpp_error *error)
{
    if (items == NULL) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    *items = NULL;
    if (figure_count > TPP_MAX_FIGURES || leaf_count > TPP_MAX_LEAVES ||
        (program != NULL && program->paragraphs > TPP_MAX_SYSTEM_PARAGRAPHS)) {
        return tpp_error_set(error, TPP_ERROR_LIMIT);
    }
    if (is_bad(figures, figure_count, leaves, leaf_count, item_count)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    tpp_items *out = calloc(1, sizeof *out);
    if (out == NULL) {
        return tpp_error_set(error, TPP_ERROR_MEMORY);
    }
    *out = (tpp_items){.program = program,
                       .kernel = tpp_sums_kernel_choose(),
                       .items = item_count,
                       .figures = figure_count,
                       .leaves = leaf_count};
    const tpp_status status =
        out->kernel == NULL ? TPP_ERROR_KERNEL : fill(out, figures, leaves);
    if (status != TPP_OK) {
        tpp_items_close(out);
        return tpp_error_set(error, status);
    }
    *items = out;
    return TPP_OK;
}

TPP_API void tpp_items_close(tpp_items *items)
{
    if (items != NULL) {
        free(items->memory[0]);
        free(items->memory[1]);
        free(items);
    }
}

TPP_API const char *tpp_items_kernel(const tpp_items *items)
{
    return items->kernel->name;
}
