#include <math.h>
#include <string.h>

#include "cell.h"
#include "error.h"
#include "number.h"
#include "system_block.h"

enum { LARGE_OUTPUT = 1 << 21 }; /* bytes that leave little of a cache for anything else */

/* What the program is given of a block, and where its verdicts go. */
typedef struct {
    uint64_t verdict[TPP_MAX_LEAVES][2][TPP_GROUPS];
    uint64_t possible[TPP_MAX_LEAVES][TPP_GROUPS];
    uint8_t flag[TPP_MAX_READ_LEAVES][TPP_BLOCK];
    tpp_column fact[TPP_MAX_INPUTS];
    tpp_column column[TPP_MAX_INPUTS];
    tpp_ready ready[TPP_MAX_INPUTS];
    uint64_t *bits[2][TPP_MAX_SYSTEM_PARAGRAPHS];
    uint64_t unwanted[2][TPP_GROUPS];
} desk;

/* ---- leaves ---- */

static void put_leaves(const tpp_job *job, const tpp_system_block *b, uint32_t group, desk *d)
{
    const tpp_items *items = job->items;
    const uint32_t systems = tpp_group_systems(b, group);
    const uint64_t mask = systems < TPP_GROUP ? (UINT64_C(1) << systems) - 1 : UINT64_MAX;
    uint32_t read = 0;
    for (uint32_t l = 0; l < items->leaves; l++) {
        const uint64_t met = b->bit[l], possible = b->bit[items->leaves + l];
        d->verdict[l][0][group] = met & mask;
        d->verdict[l][1][group] = (met | ~possible) & mask;
        d->possible[l][group] = possible;
        if (items->leaf_input[l] != TPP_NONE) {
            items->kernel->flags(met, possible, d->flag[read++] + TPP_GROUP * group);
        }
    }
}

static void write_leaves(const tpp_job *job, const tpp_system_block *b, const desk *d)
{
    const uint32_t words = (b->systems + 63) / 64;
    for (uint32_t l = 0; l < job->items->leaves; l++) {
        uint64_t *const out[2] = {job->value_bits[l], job->valid_bits[l]};
        for (int i = 0; i < 2; i++) {
            if (out[i] == NULL) {
                continue;
            }
            if (words == TPP_GROUPS && job->streams) {
                job->items->kernel->stream(out[i] + b->begin / 64, d->verdict[l][i]);
            } else {
                memcpy(out[i] + b->begin / 64, d->verdict[l][i], words * sizeof(uint64_t));
            }
        }
    }
}

/* ---- facts ---- */

/* A column from its row `begin` on. */
static tpp_column from_row(const tpp_column *column, uint64_t begin)
{
    tpp_column out = *column;
    const uint64_t bit = begin + out.first_bit;
    if (out.values != NULL) {
        out.values = (const char *)out.values +
                     (out.kind == TPP_BIT ? bit / 8 : begin * tpp_kind_size[out.kind]);
    }
    out.present = out.present != NULL ? out.present + bit / 8 : NULL;
    out.first_bit = bit % 8;
    out.low = out.low != NULL ? out.low + begin : NULL;
    out.high = out.high != NULL ? out.high + begin : NULL;
    return out;
}

static bool is_stated(const tpp_column *fact)
{
    return fact->values != NULL || fact->low != NULL || fact->high != NULL;
}

/* Puts the facts about a quantity over its sums, where they are stated. False if one may be wrong. */
static bool put_facts(const tpp_column *fact, bool positive, tpp_system_block *b, uint32_t f,
                      tpp_figure_ends *ends)
{
    const bool is_plain = fact->kind == TPP_FLOAT64 && fact->present == NULL && fact->values != NULL;
    bool fine = true;
    for (uint32_t i = 0; i < b->systems; i++) {
        double value = is_plain ? ((const double *)fact->values)[i] : NAN;
        if (!is_plain) {
            fine &= tpp_cell_check(fact, i, &value) == TPP_OK;
        }
        const double low = fact->low != NULL ? fact->low[i] : NAN;
        const double high = fact->high != NULL ? fact->high[i] : NAN;
        if (!isnan(low) || !isnan(high)) {
            fine &= isnan(value) && !(low > high) && tpp_cell_check_double(low) == TPP_OK &&
                    tpp_cell_check_double(high) == TPP_OK && !(positive && (low == 0 || high == 0));
            tpp_totals_widen(b, f, ends, TPP_GROUPS - 1);
            (*ends)[0][i] = isnan(low) ? 0.0 : low;
            (*ends)[1][i] = isnan(high) ? HUGE_VAL : high;
        } else if (!isnan(value)) {
            fine &= tpp_cell_check_double(value) == TPP_OK && !(positive && value == 0);
            (*ends)[0][i] = (*ends)[1][i] =
                fact->kind == TPP_FLOAT32 ? tpp_cell_decimal(fact, i).approx : value;
        } else {
            continue;
        }
        b->rounded[i / 64] &= ~(UINT64_C(1) << i % 64);
    }
    return fine;
}

/* ---- the program ---- */

static tpp_status check_positive(const tpp_item_figure *figure, const tpp_system_block *b,
                                 const double *high, tpp_error *error)
{
    for (uint32_t i = 0; i < b->systems && figure->positive; i++) {
        if (high[i] == 0.0) {
            return tpp_error_number(error, TPP_ERROR_ZERO, b->begin + i, (uint32_t)figure->input,
                                    TPP_PART_VALUE, 0.0);
        }
    }
    return TPP_OK;
}

static tpp_status give_figures(const tpp_job *job, tpp_system_block *b, desk *d, tpp_error *error)
{
    const tpp_items *items = job->items;
    bool fine = true;
    tpp_status status = TPP_OK;
    for (uint32_t f = 0; f < items->figures; f++) {
        const tpp_item_figure *figure = &items->figure[f];
        tpp_figure_ends *ends = tpp_totals_of(b, items, f);
        if (ends != NULL && is_stated(&d->fact[figure->input])) {
            fine &= put_facts(&d->fact[figure->input], figure->positive, b, f, ends);
        }
    }
    if (!fine) {
        status = tpp_number_check(items->program, d->fact, 0, b->systems, error);
        if (status != TPP_OK && error != NULL) {
            error->row += b->begin;
        }
    }
    for (uint32_t f = 0; f < items->figures && status == TPP_OK; f++) {
        const tpp_item_figure *figure = &items->figure[f];
        tpp_figure_ends *ends = tpp_totals_of(b, items, f);
        if (ends == NULL) {
            continue;
        }
        const double *low = (*ends)[0], *high = b->ranged[f] ? (*ends)[1] : low;
        d->ready[figure->input] = (tpp_ready){.low = low, .high = high};
        d->column[figure->input] =
            high == low ? (tpp_column){.values = low} : (tpp_column){.low = low, .high = high};
        status = check_positive(figure, b, high, error);
    }
    return status;
}

static tpp_status gather_inputs(const tpp_job *job, tpp_system_block *b, desk *d, tpp_error *error)
{
    const tpp_items *items = job->items;
    uint32_t read = 0;
    for (uint32_t i = 0; i < items->program->inputs; i++) {
        d->fact[i] = job->facts != NULL ? from_row(&job->facts[i], b->begin) : (tpp_column){0};
    }
    for (uint32_t l = 0; l < items->leaves; l++) {
        const int32_t input = items->leaf_input[l];
        if (input != TPP_NONE) {
            d->fact[input] = (tpp_column){0};
        }
    }
    memcpy(d->column, d->fact, items->program->inputs * sizeof *d->column);
    memset(d->ready, 0, items->program->inputs * sizeof *d->ready);
    for (uint32_t l = 0; l < items->leaves; l++) {
        const int32_t input = items->leaf_input[l];
        if (input != TPP_NONE) {
            d->ready[input] = (tpp_ready){.met = d->verdict[l][0], .possible = d->possible[l]};
            d->column[input] = (tpp_column){.values = d->flag[read++], .kind = TPP_BOOLEAN};
        }
    }
    return give_figures(job, b, d, error);
}

/* Marks the systems in which a rounded sum may be why the program could not decide. */
static void mark_unsettled(const tpp_job *job, const tpp_system_block *b, const desk *d)
{
    for (uint32_t w = 0; w < (b->systems + 63) / 64; w++) {
        uint64_t undecided = 0;
        for (uint32_t p = 0; p < job->items->program->paragraphs && b->is_rounded; p++) {
            const uint64_t *valid = d->bits[1][p];
            undecided |= valid != d->unwanted[1] ? ~valid[w] : 0;
        }
        job->unsettled[b->begin / 64 + w] = b->rounded[w] & undecided;
    }
}

static tpp_status run_program(const tpp_job *job, tpp_system_block *b, desk *d, tpp_error *error)
{
    const tpp_items *items = job->items;
    const tpp_program *program = items->program;
    tpp_status status = gather_inputs(job, b, d, error);
    if (status != TPP_OK) {
        return status;
    }
    for (uint32_t p = 0; p < program->paragraphs; p++) {
        uint64_t *const out[2] = {job->value_bits[items->leaves + p],
                                  job->valid_bits[items->leaves + p]};
        for (int i = 0; i < 2; i++) {
            d->bits[i][p] = out[i] != NULL ? out[i] + b->begin / 64 : d->unwanted[i];
        }
    }
    status = program->kernel->decide(program, d->column, d->ready, b->systems, d->bits[0],
                                     d->bits[1], error);
    if (status != TPP_OK && error != NULL) {
        error->row += b->begin;
    }
    if (status == TPP_OK && job->unsettled != NULL) {
        mark_unsettled(job, b, d);
    }
    return status;
}

/* ---- blocks ---- */

static tpp_status run_block(const tpp_job *job, tpp_system_block *b, desk *d, tpp_error *error)
{
    b->is_rounded = false;
    memset(b->rounded, 0, sizeof b->rounded);
    memset(b->ranged, 0, sizeof b->ranged);
    b->is_ranged = false;
    for (uint32_t group = 0; group < (b->systems + 63) / 64; group++) {
        const tpp_status status = tpp_totals_add(job, b, group, error);
        if (status != TPP_OK) {
            return status;
        }
        if (job->value_bits != NULL) {
            put_leaves(job, b, group, d);
        }
    }
    if (job->value_bits != NULL) {
        write_leaves(job, b, d);
    }
    return job->decides ? run_program(job, b, d, error) : TPP_OK;
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
    const tpp_job job = {items,
                         parts,
                         facts,
                         value_bits,
                         valid_bits,
                         unsettled,
                         low,
                         high,
                         decides,
                         (end - begin) / 4 * items->leaves > LARGE_OUTPUT};
    tpp_system_block b;
    desk d;
    tpp_status status = TPP_OK;
    for (b.begin = begin; b.begin < end && status == TPP_OK; b.begin += TPP_BLOCK) {
        b.systems = end - b.begin < TPP_BLOCK ? (uint32_t)(end - b.begin) : TPP_BLOCK;
        status = run_block(&job, &b, &d, error);
    }
    if (job.streams) {
        items->kernel->stream_end();
    }
    return status;
}
