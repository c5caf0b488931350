/* Designs of a space: their columns are written a tile at a time, from the values of each quantity
 * over its own axes, and decided while they are in a cache. */
#include <stdbool.h>
#include <string.h>

#include "block.h"
#include "cell.h"
#include "error.h"
#include "program.h"

enum {
    MAX_AXES = 64,
    MAX_PARAGRAPHS = 1024,
    PARTS = 3,
    ROOM = 1 << 18, /* bytes that one block may take */
    TILE = 1 << 16, /* bytes of a tile that is larger than one block; more was slower */
    MAX_TILE = 1 << 13
};

static const uint64_t VARIOUS = UINT64_MAX; /* what fills a room that is not full of one element */

/* Where a tile begins in the values of one quantity. Neighbouring axes that are walked as one are
 * one here, the fastest first; the first has steps of one element, or of none. */
typedef struct {
    uint32_t axes;
    uint64_t size[MAX_AXES];
    uint64_t step[MAX_AXES];
    uint64_t place[MAX_AXES];
    uint64_t element; /* at those places */
} walk;

typedef struct {
    uint32_t input;
    walk at;
    const char *values[PARTS]; /* of the quantity: values, low, high; NULL where it has none */
    char *room[PARTS];
    uint32_t width[PARTS];
    uint64_t constant; /* the element that fills all of the room, or VARIOUS */
} quantity;

typedef struct {
    uint32_t count;
    uint32_t tile; /* designs, whole blocks */
    quantity each[TPP_MAX_INPUTS];
    tpp_column column[TPP_MAX_INPUTS];
    uint64_t *bits[2][MAX_PARAGRAPHS];
    _Alignas(64) char room[ROOM];
} desk;

static walk start_of(const tpp_spread *of, const uint64_t *sizes, uint32_t axes)
{
    walk w = {.axes = 0};
    uint64_t elements = 1;
    for (uint32_t a = axes; a-- > 0;) {
        if (sizes[a] == 1) {
            continue;
        }
        const bool moves = of->axes >> a & 1;
        const uint64_t step = moves ? elements : 0;
        const uint32_t last = w.axes - 1;
        if (w.axes > 0 && (moves ? w.step[last] * w.size[last] == step : w.step[last] == 0)) {
            w.size[last] *= sizes[a];
        } else {
            w.size[w.axes] = sizes[a];
            w.step[w.axes++] = step;
        }
        elements *= moves ? sizes[a] : 1;
    }
    if (w.axes == 0) {
        w.size[0] = 1;
        w.axes = 1;
    }
    return w;
}

static void go_to(walk *w, uint64_t design)
{
    w->element = 0;
    for (uint32_t a = 0; a < w->axes; a++) {
        w->place[a] = design % w->size[a];
        design /= w->size[a];
        w->element += w->place[a] * w->step[a];
    }
}

/* How many of the next `most` designs lie on the fastest axis. */
static uint64_t run_of(const walk *w, uint64_t most)
{
    const uint64_t left = w->size[0] - w->place[0];
    return left < most ? left : most;
}

static void advance(walk *w, uint64_t run)
{
    w->place[0] += run;
    w->element += run * w->step[0];
    for (uint32_t a = 0; w->place[a] == w->size[a] && a + 1 < w->axes; a++) {
        w->element += w->step[a + 1] - w->size[a] * w->step[a];
        w->place[a] = 0;
        w->place[a + 1]++;
    }
}

static void repeat(char *to, const char *from, uint32_t width, uint64_t count)
{
    if (width == 1) {
        memset(to, *from, count);
        return;
    }
    double *out = (double *)(void *)to;
    double value;
    memcpy(&value, from, sizeof value);
    for (uint64_t i = 0; i < count; i++) {
        out[i] = value;
    }
}

/* The next `rows` designs of a quantity, one part of it after the other. */
static void write_rows(quantity *q, uint64_t rows)
{
    uint64_t run = 0;
    for (uint64_t done = 0; done < rows; done += run) {
        run = run_of(&q->at, rows - done);
        for (int p = 0; p < PARTS; p++) {
            if (q->values[p] == NULL) {
                continue;
            }
            const uint32_t width = q->width[p];
            const char *from = q->values[p] + q->at.element * width;
            if (q->at.step[0] == 1) {
                memcpy(q->room[p] + done * width, from, run * width);
            } else {
                repeat(q->room[p] + done * width, from, width, run);
            }
        }
        advance(&q->at, run);
    }
}

/* Makes the column of a quantity that of the next `rows` designs. Where its values lie as they are
 * needed they are not copied, and a room that is full of the right one stays as it is. */
static void take(quantity *q, uint64_t rows, uint64_t tile, tpp_column *column)
{
    const char *at[PARTS];
    const bool one_run = run_of(&q->at, rows) == rows;
    const bool in_place = one_run && q->at.step[0] == 1;
    const bool is_constant = one_run && q->at.step[0] == 0;
    const uint64_t element = q->at.element;
    for (int p = 0; p < PARTS; p++) {
        at[p] = in_place && q->values[p] != NULL ? q->values[p] + element * q->width[p] : q->room[p];
    }
    if (in_place || (is_constant && q->constant == element)) {
        advance(&q->at, rows);
    } else if (is_constant) {
        for (int p = 0; p < PARTS; p++) {
            if (q->values[p] != NULL) {
                repeat(q->room[p], q->values[p] + element * q->width[p], q->width[p], tile);
            }
        }
        q->constant = element;
        advance(&q->at, rows);
    } else {
        q->constant = VARIOUS;
        write_rows(q, rows);
    }
    column->values = q->values[0] != NULL ? at[0] : NULL;
    column->low = q->values[1] != NULL ? (const double *)(const void *)at[1] : NULL;
    column->high = q->values[2] != NULL ? (const double *)(const void *)at[2] : NULL;
}

static bool is_bad(const tpp_program *program, const tpp_spread *quantities, const uint64_t *sizes,
                   uint32_t axes, uint64_t begin, uint64_t end)
{
    if (program == NULL || (quantities == NULL && program->inputs > 0) || begin > end ||
        begin % 64 != 0 || axes > MAX_AXES || (sizes == NULL && axes > 0)) {
        return true;
    }
    uint64_t designs = 1;
    for (uint32_t a = 0; a < axes; a++) {
        if (sizes[a] == 0 || designs > UINT64_MAX / sizes[a]) {
            return true;
        }
        designs *= sizes[a];
    }
    for (uint32_t i = 0; i < program->inputs; i++) {
        const tpp_column *column = &quantities[i].column;
        if (column->present != NULL ||
            (column->kind != TPP_FLOAT64 && column->kind != TPP_BOOLEAN)) {
            return true;
        }
    }
    return end > designs;
}

/* Shares out the room of a tile. False if there is too little. */
static bool lay_out(desk *d, const tpp_program *program, const tpp_spread *quantities,
                    const uint64_t *sizes, uint32_t axes, uint64_t begin)
{
    uint32_t bytes = 0;
    d->count = 0;
    for (uint32_t i = 0; i < program->inputs; i++) {
        const tpp_column *column = &quantities[i].column;
        const char *parts[PARTS] = {column->values, (const char *)column->low,
                                    (const char *)column->high};
        d->column[i] = (tpp_column){.kind = column->kind};
        if (parts[0] == NULL && parts[1] == NULL && parts[2] == NULL) {
            continue;
        }
        quantity *q = &d->each[d->count++];
        q->input = i;
        q->constant = VARIOUS;
        q->at = start_of(&quantities[i], sizes, axes);
        go_to(&q->at, begin);
        for (int p = 0; p < PARTS; p++) {
            q->values[p] = parts[p];
            q->width[p] = p == 0 && column->kind == TPP_BOOLEAN ? 1 : sizeof(double);
            bytes += parts[p] != NULL ? q->width[p] : 0;
        }
    }
    uint32_t tile = bytes > 0 ? TILE / bytes : MAX_TILE;
    tile = (tile < MAX_TILE ? tile : MAX_TILE) / TPP_BLOCK * TPP_BLOCK;
    d->tile = tile = tile > 0 ? tile : TPP_BLOCK;
    if ((uint64_t)tile * bytes > ROOM) {
        return false;
    }
    char *next = d->room;
    for (uint32_t i = 0; i < d->count; i++) {
        for (int p = 0; p < PARTS; p++) {
            d->each[i].room[p] = next;
            next += d->each[i].values[p] != NULL ? (size_t)tile * d->each[i].width[p] : 0;
        }
    }
    return true;
}

TPP_API tpp_status tpp_designs(const tpp_program *program, const tpp_spread *quantities,
                               const uint64_t *sizes, uint32_t axes, uint64_t begin, uint64_t end,
                               uint64_t *const *value_bits, uint64_t *const *valid_bits,
                               tpp_error *error)
{
    if (is_bad(program, quantities, sizes, axes, begin, end) ||
        ((value_bits == NULL || valid_bits == NULL) && program->paragraphs > 0)) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    desk d;
    if (program->paragraphs > MAX_PARAGRAPHS ||
        !lay_out(&d, program, quantities, sizes, axes, begin)) {
        return tpp_error_set(error, TPP_ERROR_LIMIT);
    }
    tpp_status status = TPP_OK;
    for (uint64_t first = begin; first < end && status == TPP_OK; first += d.tile) {
        const uint64_t rows = end - first < d.tile ? end - first : d.tile;
        for (uint32_t i = 0; i < d.count; i++) {
            take(&d.each[i], rows, d.tile, &d.column[d.each[i].input]);
        }
        for (uint32_t p = 0; p < program->paragraphs; p++) {
            d.bits[0][p] = value_bits[p] + (first - begin) / 64;
            d.bits[1][p] = valid_bits[p] + (first - begin) / 64;
        }
        status = program->kernel->evaluate(program, d.column, 0, rows, d.bits[0], d.bits[1], error);
        if (status != TPP_OK && error != NULL) {
            error->row += first;
        }
    }
    return status;
}
