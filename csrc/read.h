/**
 * Reading the columns of a block, for block.c alone: checks every number once, finds out what is
 * missing, and gives each input as vectors of doubles.
 */
#ifndef TPP_READ_H
#define TPP_READ_H

#include <math.h>
#include <string.h>

#include "block.h"
#include "number.h"
#include "program.h"
#include "vectors.h"
#include "words.h"

enum { WORDS = TPP_BLOCK_WORDS, MISSING = 255, LINE = 64, GROUP = 8 };

/* Cache lines that a later block will read. */
typedef struct {
    uint32_t column;
    uintptr_t next;
    uint32_t left;   /* groups of lines */
    uint32_t a_step; /* to ask for at a time */
} lookahead;

/* Rows of the table that are evaluated together. Vectors are computed up to `size`, whole words;
 * rows past `count` hold 1, which no check minds. */
typedef struct {
    const tpp_program *program;
    const tpp_column *columns;
    const tpp_ready *ready; /* or NULL */
    uint64_t row;
    uint64_t end; /* of the rows that the call is about */
    uint32_t count;
    uint32_t words;
    uint32_t size;
    int single;            /* which bounds of a cut hold */
    uint64_t mask[WORDS];  /* the rows */
    uint64_t rated[WORDS]; /* rows that state any peak rate */
    bool all_rated;
    bool complete[TPP_MAX_INPUTS]; /* a value in every row */
    bool known[TPP_MAX_INPUTS];    /* a value or a known meaning in every row */
    uint32_t unsure[TPP_MAX_INPUTS]; /* rates that are missing somewhere */
    lookahead ahead;
    bool streams;    /* verdicts are written past the caches */
    bool examined;   /* else columns are assumed whole, and looked at when they are loaded */
    uint32_t distrust; /* blocks for which that assumption is not made */
} block;

/* A vector of 0 and one of infinity: the ends of a column that is not there. */
#define EIGHT(x) x, x, x, x, x, x, x, x
static const double NOTHING[TPP_BLOCK] = {0.0};
static const double ANYTHING[] = {EIGHT(EIGHT(EIGHT(HUGE_VAL)))};
#undef EIGHT
_Static_assert(sizeof ANYTHING == sizeof NOTHING, "a block is 8 * 8 * 8 rows");

/* Vectors of both ends of a quantity or metric; one vector where they are equal in every row. */
typedef struct {
    const double *low;
    const double *high;
} ends;

static inline bool is_point(ends a)
{
    return a.low == a.high;
}

/* Whether nobody knows anything of it, in any row. */
static inline bool is_nothing(ends a)
{
    return a.low == NOTHING && a.high == ANYTHING;
}

/* ---- asking for what comes next ---- */

enum { BLOCKS_AHEAD = 1 };

static bool is_ready(const block *b, uint32_t index)
{
    return b->ready != NULL && (b->ready[index].low != NULL || b->ready[index].met != NULL);
}

static void look_at_column(block *b)
{
    lookahead *ahead = &b->ahead;
    for (ahead->left = 0; ahead->column < b->program->inputs; ahead->column++) {
        const tpp_column *column = &b->columns[ahead->column];
        const uintptr_t size = tpp_kind_size[column->kind];
        if (column->values != NULL && size > 0 && b->program->input[ahead->column].given &&
            !is_ready(b, ahead->column)) {
            ahead->next = (uintptr_t)column->values + (b->row + BLOCKS_AHEAD * TPP_BLOCK) * size;
            ahead->left = (uint32_t)(TPP_BLOCK * size / (LINE * GROUP));
            return;
        }
    }
}

/* The columns of a table are many streams of short pieces, more than hardware follows, and a core
 * waits for few lines at a time: so they are asked for in small portions, between the steps of a
 * block, and arrive while it computes. */
static TPP_INLINE void look_ahead(block *b)
{
    lookahead *ahead = &b->ahead;
    const uint32_t groups = ahead->left < ahead->a_step ? ahead->left : ahead->a_step;
    for (uint32_t i = 0; i < groups; i++) {
        for (unsigned line = 0; line < GROUP; line++) {
            tpp_prefetch(ahead->next + line * (uintptr_t)LINE);
        }
        ahead->next += GROUP * LINE;
    }
    ahead->left -= groups;
    if (ahead->left == 0 && groups > 0) {
        ahead->column++;
        look_at_column(b);
    }
}

/* ---- numbers of any kind ---- */

#define FOR_EACH_INTEGER(DO)                                                                       \
    DO(TPP_INT8, int8_t, uint8_t)                                                                  \
    DO(TPP_INT16, int16_t, uint16_t)                                                               \
    DO(TPP_INT32, int32_t, uint32_t)                                                               \
    DO(TPP_INT64, int64_t, uint64_t)                                                               \
    DO(TPP_UINT8, uint8_t, uint8_t)                                                                \
    DO(TPP_UINT16, uint16_t, uint16_t)                                                             \
    DO(TPP_UINT32, uint32_t, uint32_t)                                                             \
    DO(TPP_UINT64, uint64_t, uint64_t)

static const double POWERS_OF_TEN[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                         1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/* A decimal128 whose mantissa is a double and its scale a power of ten that is one: their quotient
 * is rounded once, so that the decimal is that double's own. */
static bool is_short_decimal(const tpp_column *column, uint64_t row)
{
    const uint64_t *parts = (const uint64_t *)column->values + 2 * row;
    return parts[1] == 0 && parts[0] <= UINT64_C(1000000000000000) && (uint32_t)column->scale <= 15;
}

/* 64 bits of a bitmap from one on. */
static uint64_t bits_from(const uint8_t *bitmap, uint64_t bit)
{
    const uint8_t *bytes = bitmap + bit / 8;
    uint64_t word = 0;
    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)bytes[i] << 8 * i;
    }
    const unsigned shift = bit % 8;
    return shift == 0 ? word : word >> shift | (uint64_t)bytes[8] << (64 - shift);
}

/* The bits of `count` rows from `row` on, in words; no byte is read that has none of them. */
static void find_bits(const uint8_t *bitmap, uint64_t bit, uint32_t count, uint64_t *out)
{
    for (; count >= 64; count -= 64, bit += 64) {
        *out++ = bits_from(bitmap, bit);
    }
    for (uint32_t i = 0; i < count; i++) {
        *out = (i > 0 ? *out : 0) | (uint64_t)tpp_bit(bitmap, bit + i) << i;
    }
}

/* The numbers of a column as doubles, whatever stands where a row is null. */
static void convert(const tpp_column *column, uint64_t row, uint32_t count, double *restrict out)
{
    switch (column->kind) {
    case TPP_FLOAT64:
        memcpy(out, (const double *)column->values + row, count * sizeof *out);
        break;
    case TPP_FLOAT32: {
        const float *restrict in = (const float *)column->values + row;
        for (uint32_t i = 0; i < count; i++) {
            out[i] = (double)in[i];
        }
        break;
    }
    case TPP_BOOLEAN: {
        const uint8_t *restrict in = (const uint8_t *)column->values + row;
        for (uint32_t i = 0; i < count; i++) {
            out[i] = (double)in[i];
        }
        for (uint32_t i = 0; i < count; i++) { /* apart from that, or compilers vectorise neither */
            out[i] = out[i] <= 1.0 ? out[i] : NAN;
        }
        break;
    }
#define CONVERT(kind_, type, unsigned_type)                                                        \
    case kind_: {                                                                                  \
        const type *restrict in = (const type *)column->values + row;                              \
        for (uint32_t i = 0; i < count; i++) {                                                     \
            out[i] = (double)in[i];                                                                \
        }                                                                                          \
        break;                                                                                     \
    }
        FOR_EACH_INTEGER(CONVERT)
#undef CONVERT
    case TPP_DECIMAL128:
        for (uint32_t i = 0; i < count; i++) {
            if (is_short_decimal(column, row + i)) {
                const uint64_t *parts = (const uint64_t *)column->values + 2 * (row + i);
                out[i] = (double)parts[0] / POWERS_OF_TEN[column->scale];
            } else {
                (void)tpp_number_double(column, row + i, &out[i]);
            }
        }
        break;
    case TPP_BIT: {
        uint64_t bits[WORDS];
        find_bits(column->values, row + column->first_bit, count, bits);
        for (uint32_t i = 0; i < count; i++) {
            out[i] = (double)(bits[i / 64] >> i % 64 & 1);
        }
        break;
    }
    case TPP_KIND_COUNT:
        break;
    }
}

/* Whether a block of numbers holds nothing but what spec sheets hold: no zero, no blank, nothing
 * very small or large. True only then. */
static bool is_usual(const tpp_column *column, uint64_t row)
{
    switch (column->kind) {
    case TPP_FLOAT64:
        return tpp_all_usual((const double *)column->values + row, TPP_BLOCK);
    case TPP_FLOAT32:
        return tpp_all_usual32((const float *)column->values + row, TPP_BLOCK);
#define USUAL(kind_, type, unsigned_type)                                                          \
    case kind_: {                                                                                  \
        const type *restrict in = (const type *)column->values + row;                              \
        unsigned_type any = 0;                                                                     \
        for (uint32_t i = 0; i < TPP_BLOCK; i++) {                                                 \
            const unsigned_type x = (unsigned_type)in[i], less = (unsigned_type)(x - 1);           \
            any = (unsigned_type)(any | x | less); /* the highest bit: negative, 0 or large */     \
        }                                                                                          \
        return sizeof(type) < 8 ? any >> (8 * sizeof(type) - 1) == 0 : (uint64_t)any >> 52 == 0;   \
    }
        FOR_EACH_INTEGER(USUAL)
#undef USUAL
    case TPP_DECIMAL128: {
        bool usual = true;
        for (uint32_t i = 0; i < TPP_BLOCK; i++) {
            usual &= is_short_decimal(column, row + i) &&
                     ((const uint64_t *)column->values)[2 * (row + i)] != 0;
        }
        return usual;
    }
    default:
        return false;
    }
}

/* Whether all numbers are among those that a column of its kind may hold. */
static bool has_digits(const block *b, const tpp_column *column, const uint64_t *given)
{
    bool fits = true;
    const bool is_integer = column->kind == TPP_INT64 || column->kind == TPP_UINT64;
    if (!is_integer && column->kind != TPP_DECIMAL128) {
        return true;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        double ignored;
        const bool there = (given[i / 64] >> i % 64 & 1) != 0;
        fits &= !there || tpp_number_double(column, b->row + i, &ignored);
    }
    return fits;
}

/* ---- checking ---- */

/* The rows that are not null. */
static void find_present(const block *b, const tpp_column *column, uint64_t *present)
{
    if (column->present == NULL) {
        memset(present, 0xFF, b->words * sizeof *present);
    } else {
        find_bits(column->present, b->row + column->first_bit, b->count, present);
    }
}

/* NaN for the rows of a word that are not there; as bits, which compilers vectorise. */
static void blank(double *restrict v, uint64_t present)
{
    static const double missing = NAN;
    uint64_t nan;
    memcpy(&nan, &missing, sizeof nan);
    for (uint32_t i = 0; i < 64; i++) {
        const uint64_t keep = 0 - (present >> i & 1);
        uint64_t bits;
        memcpy(&bits, v + i, sizeof bits);
        bits = (bits & keep) | (nan & ~keep);
        memcpy(v + i, &bits, sizeof bits);
    }
}

/* The numbers of a column, whatever stands where a row is null. */
static void read_all(const block *b, const tpp_column *column, double *restrict out)
{
    convert(column, b->row, b->count, out);
    for (uint32_t i = b->count; i < b->size; i++) {
        out[i] = 1.0;
    }
}

/* The numbers of a column, NaN where missing. */
static void read_numbers(const block *b, const tpp_column *column, double *restrict out)
{
    read_all(b, column, out);
    if (column->present != NULL) {
        uint64_t present[WORDS];
        find_present(b, column, present);
        for (uint32_t w = 0; w < b->words; w++) {
            if (present[w] != UINT64_MAX) {
                blank(out + 64 * w, present[w] | ~b->mask[w]);
            }
        }
    }
}

/* The least and the largest number of a kind, other than 0. */
static double least_of(const tpp_column *column)
{
    return column->kind == TPP_FLOAT32 ? (double)(float)TPP_SMALLEST : TPP_SMALLEST;
}

static double most_of(const tpp_column *column)
{
    return column->kind == TPP_FLOAT32 ? (double)(float)TPP_LARGEST : TPP_LARGEST;
}

/* Checks one word of numbers, and marks those that are there; of the others some may be null. */
static bool check_word(const double *v, double least, double most, bool positive, uint64_t present,
                       uint64_t *given)
{
    if (tpp_word_plain(v, !positive, given)) {
        *given &= present;
        return true;
    }
    const uint64_t missing = tpp_word_nan(v) | ~present;
    const uint64_t inside =
        tpp_word_at_least(v, least) & ~tpp_word_at_least(v, nextafter(most, HUGE_VAL));
    /* 0 and -0, the only doubles between the two subnormals. */
    const uint64_t zero = tpp_word_at_least(v, -0.0) & ~tpp_word_at_least(v, 0x1p-1074);
    *given = ~missing;
    return (inside | missing | (positive ? 0 : zero)) == UINT64_MAX;
}

/* Checks one column of numbers, and marks those that are there; `whole` where all are. */
static bool check(const block *b, const tpp_column *column, bool positive, uint64_t *given,
                  bool *complete)
{
    bool whole = b->count == TPP_BLOCK;
    uint64_t present[WORDS];
    find_present(b, column, present);
    for (uint32_t w = 0; w < b->words; w++) {
        whole &= present[w] == UINT64_MAX;
    }
    *complete = whole && is_usual(column, b->row);
    if (*complete) {
        return true;
    }
    double room[TPP_BLOCK];
    const double *values = (const double *)column->values + b->row;
    if (column->kind != TPP_FLOAT64 || b->count < b->size) {
        read_all(b, column, room);
        values = room;
    }
    bool valid = true;
    for (uint32_t w = 0; w < b->words; w++) {
        valid &= check_word(values + 64 * w, least_of(column), most_of(column), positive, present[w],
                            &given[w]);
    }
    return valid && has_digits(b, column, given);
}

/* All bits are booleans; but where it must be positive none may be 0. */
static bool check_bits(const block *b, const tpp_column *column, bool positive, uint64_t *given)
{
    uint64_t bits[WORDS], zero = 0;
    find_present(b, column, given);
    find_bits(column->values, b->row + column->first_bit, b->count, bits);
    for (uint32_t w = 0; w < b->words; w++) {
        zero |= given[w] & ~bits[w] & b->mask[w];
    }
    return !positive || zero == 0;
}

static bool check_flags(const block *b, const tpp_column *column, bool positive, uint64_t *given)
{
    const uint8_t *flags = (const uint8_t *)column->values + b->row;
    uint8_t large = 0, wrong = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        large |= flags[i];
        wrong |= positive & (flags[i] == 0);
    }
    find_present(b, column, given);
    if (large <= 1 && wrong == 0) {
        return true;
    }
    bool valid = true;
    for (uint32_t i = 0; i < b->count; i++) {
        const bool there = (given[i / 64] >> i % 64 & 1) != 0 && flags[i] != MISSING;
        valid &= !there || flags[i] == 1 || (flags[i] == 0 && !positive);
        given[i / 64] &= ~((uint64_t)!there << i % 64);
    }
    return valid;
}

static bool is_ranged(const tpp_column *column)
{
    return column->low != NULL || column->high != NULL;
}

static const uint64_t ALL[WORDS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

/* Adds the ranges of an input to the rows that are given; false if one is wrong. */
static bool examine_ranges(const block *b, const tpp_column *column, bool positive, uint64_t *given,
                           bool *ranged)
{
    uint64_t found[2][WORDS] = {{0}};
    const double *const both[2] = {column->low, column->high};
    bool valid = true;
    for (int i = 0; i < 2; i++) {
        const tpp_column end = {.values = both[i]};
        bool complete = false;
        valid &= both[i] == NULL || check(b, &end, positive, found[i], &complete);
        if (complete) {
            memcpy(found[i], ALL, sizeof ALL);
        }
    }
    for (uint32_t w = 0; w < b->words; w++) {
        const uint64_t range = (found[0][w] | found[1][w]) & b->mask[w];
        *ranged |= range != 0;
        valid &= (range & given[w]) == 0;
        given[w] |= range;
    }
    for (uint32_t i = 0; i < b->count && column->low != NULL && column->high != NULL; i++) {
        valid &= !(column->low[b->row + i] > column->high[b->row + i]);
    }
    return valid;
}

/* Checks one input of the block; false if a number is wrong. `given` is set unless `complete`. */
static bool examine_input(const block *b, uint32_t index, uint64_t *given, bool *complete,
                          bool *ranged)
{
    const tpp_input *input = &b->program->input[index];
    const tpp_column *column = &b->columns[index];
    bool valid = true;
    *complete = *ranged = false;
    if (is_ready(b, index)) {
        const tpp_ready *ready = &b->ready[index];
        memcpy(given, ALL, sizeof ALL);
        *complete = ready->met == NULL && ready->low == ready->high;
        *ranged = !*complete;
        return true;
    }
    if (!input->given || column->values == NULL) {
        memset(given, 0, WORDS * sizeof *given);
    } else if (column->kind == TPP_BOOLEAN) {
        valid = check_flags(b, column, input->positive, given);
    } else if (column->kind == TPP_BIT) {
        valid = check_bits(b, column, input->positive, given);
    } else {
        valid = check(b, column, input->positive, given, complete);
    }
    if (input->given && is_ranged(column)) {
        if (*complete) {
            memcpy(given, ALL, sizeof ALL);
        }
        valid &= examine_ranges(b, column, input->positive, given, ranged);
        *complete = false;
    }
    return valid;
}

/* Looks at every number of the block once; false if one is wrong. */
static bool examine(block *b)
{
    const tpp_program *program = b->program;
    uint64_t missing[TPP_MAX_INPUTS][WORDS]; /* of the closed lists that may have a meaning */
    bool valid = true;
    uint32_t unsure = 0;
    memset(b->rated, 0, sizeof b->rated);
    for (uint32_t i = 0; i < program->inputs; i++) {
        const tpp_input *input = &program->input[i];
        uint64_t given[WORDS];
        bool ranged;
        valid &= examine_input(b, i, given, &b->complete[i], &ranged);
        look_ahead(b);
        if (b->complete[i]) {
            b->known[i] = true;
            if (input->closed_list) {
                memcpy(b->rated, ALL, sizeof ALL);
            }
            continue;
        }
        uint64_t any = 0;
        for (uint32_t w = 0; w < b->words; w++) {
            missing[unsure][w] = ~given[w] & b->mask[w];
            any |= missing[unsure][w];
            b->rated[w] |= input->closed_list ? given[w] : 0;
        }
        b->complete[i] = any == 0 && !ranged;
        b->known[i] = !ranged && (any == 0 || input->has_default);
        if (!b->known[i] && !ranged && input->closed_list && !input->open_unlisted) {
            b->unsure[unsure++] = i;
        }
    }
    b->all_rated = true;
    for (uint32_t w = 0; w < b->words; w++) {
        b->all_rated &= (b->mask[w] & ~b->rated[w]) == 0;
    }
    for (uint32_t i = 0; i < unsure; i++) {
        bool known = true;
        for (uint32_t w = 0; w < b->words && !b->all_rated; w++) {
            known &= (missing[i][w] & ~b->rated[w]) == 0;
        }
        b->known[b->unsure[i]] = known;
    }
    return valid;
}

/* Whether a column is complete and right in a whole block, at one look. True only then. */
static bool is_whole(const block *b, uint32_t index)
{
    const tpp_column *column = &b->columns[index];
    uint64_t rows[WORDS];
    if (column->present != NULL) {
        find_present(b, column, rows);
        if (memcmp(rows, ALL, sizeof ALL) != 0) {
            return false;
        }
    }
    if (column->kind == TPP_BIT) {
        return check_bits(b, column, b->program->input[index].positive, rows);
    }
    if (column->kind != TPP_BOOLEAN) {
        return is_usual(column, b->row);
    }
    const uint8_t *flags = (const uint8_t *)column->values + b->row;
    uint8_t any = 0, all = 1;
    for (uint32_t i = 0; i < TPP_BLOCK; i++) {
        any |= flags[i];
        all &= flags[i];
    }
    return any <= 1 && (all == 1 || !b->program->input[index].positive);
}

static bool is_there(const block *b, uint32_t index)
{
    return b->program->input[index].given && b->columns[index].values != NULL;
}

/* What examine() would find in a block of nothing but whole columns. */
static void assume_whole(block *b)
{
    const tpp_program *program = b->program;
    b->all_rated = false;
    for (uint32_t i = 0; i < program->inputs; i++) {
        b->complete[i] = is_there(b, i);
        b->all_rated |= b->complete[i] && program->input[i].closed_list;
    }
    for (uint32_t i = 0; i < program->inputs; i++) {
        const tpp_input *input = &program->input[i];
        const bool is_zero = input->closed_list && !input->open_unlisted && b->all_rated;
        b->known[i] = b->complete[i] || input->has_default || is_zero;
    }
    memset(b->rated, b->all_rated ? 0xFF : 0, sizeof b->rated);
}

static void start(block *b, uint64_t row, uint64_t end)
{
    b->row = row;
    b->count = end - row < TPP_BLOCK ? (uint32_t)(end - row) : TPP_BLOCK;
    b->words = (b->count + 63) / 64;
    b->size = 64 * b->words;
    memcpy(b->mask, ALL, sizeof ALL);
    for (uint32_t w = b->count / 64; w < WORDS; w++) {
        const uint32_t left = b->count > 64 * w ? b->count - 64 * w : 0;
        b->mask[w] = (UINT64_C(1) << left) - 1;
    }
    b->ahead.column = 0;
    look_at_column(b);
}

/* ---- vectors ---- */

/* The values of a column that is there, NaN where missing; the column itself or `room`. */
static const double *values_of(const block *b, uint32_t index, double *room)
{
    const tpp_column *column = &b->columns[index];
    if (column->kind == TPP_FLOAT64 && b->count == b->size &&
        (column->present == NULL || b->complete[index])) {
        return (const double *)column->values + b->row;
    }
    read_numbers(b, column, room);
    return room;
}

static void load_range(const block *b, const tpp_column *column, double *restrict low,
                       double *restrict high)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const double from = column->low != NULL ? column->low[b->row + i] : NAN;
        const double to = column->high != NULL ? column->high[b->row + i] : NAN;
        const bool ranged = from == from || to == to;
        const double first = from == from ? from : 0.0;
        const double last = to == to ? to : HUGE_VAL;
        low[i] = ranged ? first : low[i];
        high[i] = ranged ? last : high[i];
    }
}

static void replace_nan(double *restrict out, const double *restrict in, double by, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = in[i] == in[i] ? in[i] : by;
    }
}

/* A missing rate is 0 in rows that state another. */
static void close_rates(const block *b, double *restrict high, const double *restrict values)
{
    for (uint32_t i = 0; i < b->size; i++) {
        const double most = (b->rated[i / 64] >> i % 64 & 1) != 0 ? 0.0 : HUGE_VAL;
        high[i] = values[i] == values[i] ? values[i] : most;
    }
}

static ends load_ready(const tpp_ready *ready, double *low, double *high)
{
    if (ready->met == NULL) {
        return (ends){ready->low, ready->high};
    }
    for (uint32_t i = 0; i < TPP_BLOCK; i++) {
        low[i] = (double)(ready->met[i / 64] >> i % 64 & 1);
        high[i] = (double)(ready->possible[i / 64] >> i % 64 & 1);
    }
    return (ends){low, high};
}

static ends load(const block *b, uint32_t index, double *low, double *high)
{
    if (is_ready(b, index)) {
        return load_ready(&b->ready[index], low, high);
    }
    const tpp_input *input = &b->program->input[index];
    const tpp_column *column = &b->columns[index];
    const bool there = is_there(b, index);
    const bool ranged = input->given && is_ranged(column);
    const bool is_rate = input->closed_list && !input->open_unlisted;
    const double meaning = input->has_default ? input->fill.approx : 0.0;
    double room[TPP_BLOCK];
    if (!there && !ranged && !is_rate && !input->has_default) {
        return (ends){NOTHING, ANYTHING};
    }
    if (b->complete[index]) {
        const double *values = values_of(b, index, low);
        return (ends){values, values};
    }
    const double *values = room;
    if (there) {
        values = values_of(b, index, room);
    } else {
        fill(room, NAN, b->size);
    }
    replace_nan(low, values, meaning, b->size);
    if (b->known[index]) {
        return (ends){low, low};
    }
    if (is_rate && !input->has_default) {
        close_rates(b, high, values);
    } else {
        replace_nan(high, values, input->has_default ? meaning : HUGE_VAL, b->size);
    }
    if (ranged) {
        load_range(b, column, low, high);
    }
    return (ends){low, high};
}

#endif
