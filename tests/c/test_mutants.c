/* Real program files, changed in thousands of ways: test_mutants FILE.tpp ...
 *
 * Whatever opens must evaluate without harm, in every function that takes a program; the sanitizers
 * look on. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "program_file.h"
#include "tppcore.h"

enum { ROWS = 70, WORDS = 2, PATTERNS = 8, COUNTS = 11, COUNTS_FROM = 20, GROWN = 1 << 20 };

typedef struct {
    uint8_t *bytes;
    size_t size;
} file;

static unsigned long long state = 41;

static unsigned evaluated; /* calls that came to verdicts */

static uint64_t below(uint64_t end)
{
    return next_random(&state) % end;
}

static file copy_of(const file *from, size_t size)
{
    file out = {malloc(size > 0 ? size : 1), size};
    CHECK(out.bytes != NULL);
    memset(out.bytes, 0, size);
    memcpy(out.bytes, from->bytes, size < from->size ? size : from->size);
    return out;
}

static file read_file(const char *path)
{
    FILE *stream = fopen(path, "rb");
    CHECK(stream != NULL);
    file out = {malloc(GROWN), 0};
    CHECK(out.bytes != NULL);
    out.size = fread(out.bytes, 1, GROWN, stream);
    CHECK(out.size > HEADER && out.size < GROWN);
    fclose(stream);
    return out;
}

static uint32_t get_u32(const file *from, size_t at)
{
    const uint8_t *p = from->bytes + at;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void set_u32(file *to, size_t at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        to->bytes[at + (size_t)i] = (uint8_t)(value >> 8 * i);
    }
}

/* Makes size and checksum right. */
static void mend(file *to)
{
    set_u32(to, 12, (uint32_t)to->size);
    set_u32(to, 16, checksum(to->bytes + COUNTS_FROM, to->size - COUNTS_FROM));
}

/* ---- using a program in every way ---- */

static size_t length(const char *text)
{
    return text == NULL ? 0 : strlen(text);
}

static void read_all_texts(const tpp_program *program)
{
    const uint32_t inputs = tpp_program_inputs(program), facts = tpp_program_facts(program);
    size_t read = 0;
    for (uint32_t i = 0; i <= inputs; i++) {
        read += length(tpp_program_input_name(program, i));
        read += length(tpp_program_input_unit(program, i));
        CHECK(tpp_program_find_input(program, tpp_program_input_name(program, i)) <= i ||
              !tpp_program_input_given(program, i));
        CHECK((unsigned)tpp_program_input_kind(program, i) < TPP_QUANTITY_COUNT);
        for (uint32_t w = 0; w <= tpp_program_input_words(program, i); w++) {
            read += length(tpp_program_input_word(program, i, w));
        }
    }
    for (uint32_t p = 0; p <= tpp_program_paragraphs(program); p++) {
        read += length(tpp_program_paragraph_id(program, p));
        read += length(tpp_program_paragraph_citation(program, p));
        const uint32_t rank = tpp_program_paragraph_outcome(program, p);
        CHECK(rank == TPP_ABSENT || tpp_program_outcome(program, rank) != NULL);
    }
    for (uint32_t m = 0; m <= tpp_program_metrics(program); m++) {
        read += length(tpp_program_metric_name(program, m));
        read += length(tpp_program_metric_unit(program, m));
    }
    for (uint32_t i = 0; i <= facts; i++) {
        const char *name = tpp_program_fact_name(program, i);
        read += length(name) + length(tpp_program_fact(program, name));
    }
    char text[40];
    const uint32_t side = tpp_program_outcomes(program) + 1;
    for (uint32_t code = 0; code < side * side; code++) {
        const size_t whole = tpp_outcome_text(program, code, text, sizeof text);
        CHECK(strlen(text) == (whole < sizeof text ? whole : sizeof text - 1));
        CHECK(tpp_outcome_text(program, code, NULL, 0) == whole);
    }
    CHECK(read > 0 || inputs == 0);
}

/* On thresholds of the law, beside them, missing; not 0, which many quantities can't be. */
static double random_number(void)
{
    static const double usual[16] = {0.1,  1,     2,     600,  514.3,  695,   4800,    1600,
                                     5.92, 300.2, 2e-15, 9e23, 2400.0, 1.6e4, 18500.5, 3};
    const double value = usual[below(16)];
    const uint64_t way = below(6);
    return way == 0   ? (double)NAN
           : way == 1 ? nextafter(value, 0.0)
           : way == 2 ? (double)(1 + below(100000)) / 100.0
                      : value;
}

typedef struct {
    double *values[PATTERNS]; /* of exactly ROWS elements */
    double *low[PATTERNS];
    double *high[PATTERNS];
    uint8_t *flags[PATTERNS];
} numbers;

static numbers make_numbers(void)
{
    numbers out;
    for (int i = 0; i < PATTERNS; i++) {
        out.values[i] = malloc(ROWS * sizeof(double));
        out.low[i] = malloc(ROWS * sizeof(double));
        out.high[i] = malloc(ROWS * sizeof(double));
        out.flags[i] = malloc(ROWS);
        CHECK(out.values[i] && out.low[i] && out.high[i] && out.flags[i]);
        for (int row = 0; row < ROWS; row++) {
            const double one = random_number(), other = random_number();
            const bool is_range = i % 2 == 1 && below(3) == 0;
            out.values[i][row] = is_range ? (double)NAN : i == 0 && row % 5 == 0 ? 0.0 : one;
            out.low[i][row] = is_range ? fmin(one, other) : (double)NAN;
            out.high[i][row] = is_range ? fmax(one, other) : (double)NAN;
            out.flags[i][row] = below(3) == 0 ? 255 : (uint8_t)below(2);
        }
    }
    return out;
}

static void free_numbers(numbers *n)
{
    for (int i = 0; i < PATTERNS; i++) {
        free(n->values[i]);
        free(n->low[i]);
        free(n->high[i]);
        free(n->flags[i]);
    }
}

/* Flags for flags, and else numbers; some columns are ranges, some are not there, and in few tables
 * some hold zeros. */
static void make_columns(const tpp_program *program, const numbers *n, tpp_column *columns)
{
    const uint64_t first = below(8) == 0 ? 0 : 1;
    for (uint32_t i = 0; i < tpp_program_inputs(program); i++) {
        const uint64_t pattern = first + below(PATTERNS - first);
        columns[i] = (tpp_column){.kind = TPP_FLOAT64};
        if (tpp_program_input_kind(program, i) == TPP_QUANTITY_BOOLEAN) {
            columns[i].kind = TPP_BOOLEAN;
            columns[i].values = n->flags[pattern];
        } else if (tpp_program_input_kind(program, i) == TPP_QUANTITY_NUMBER && below(5) > 0) {
            columns[i].values = n->values[pattern];
            columns[i].low = pattern % 2 == 1 ? n->low[pattern] : NULL;
            columns[i].high = pattern % 2 == 1 ? n->high[pattern] : NULL;
        }
    }
}

static void check_words(const tpp_program *program, uint64_t *const *values, uint64_t *const *valid,
                        uint64_t rows)
{
    for (uint32_t p = 0; p < tpp_program_paragraphs(program); p++) {
        for (uint64_t w = 0; w < (rows + 63) / 64; w++) {
            CHECK((values[p][w] & ~valid[p][w]) == 0);
        }
    }
}

static void decide_rows(const tpp_program *program, const tpp_column *columns, int8_t *verdicts)
{
    const uint32_t inputs = tpp_program_inputs(program);
    double *row = calloc(3 * (size_t)inputs + 1, sizeof *row);
    CHECK(row != NULL);
    for (uint32_t at = 0; at < 4; at++) {
        for (uint32_t i = 0; i < inputs; i++) {
            const bool is_flag = columns[i].kind == TPP_BOOLEAN;
            const double flag = is_flag ? ((const uint8_t *)columns[i].values)[at] : 0.0;
            row[i] = is_flag                      ? (flag > 1.0 ? (double)NAN : flag)
                     : columns[i].values == NULL ? (double)NAN
                                                  : ((const double *)columns[i].values)[at];
            row[inputs + i] = columns[i].low == NULL ? (double)NAN : columns[i].low[at];
            row[2 * inputs + i] = columns[i].high == NULL ? (double)NAN : columns[i].high[at];
        }
        tpp_error error;
        if (tpp_decide(program, row, at % 2 ? row + inputs : NULL, at % 2 ? row + 2 * inputs : NULL,
                       verdicts, &error) == TPP_OK) {
            evaluated++;
            (void)tpp_highest_outcome(program, verdicts);
        }
    }
    free(row);
}

static void use_designs(const tpp_program *program, const tpp_column *columns,
                        uint64_t *const *values, uint64_t *const *valid)
{
    const uint32_t inputs = tpp_program_inputs(program);
    tpp_spread *spreads = calloc((size_t)inputs + 1, sizeof *spreads);
    const uint64_t size = ROWS;
    CHECK(spreads != NULL);
    for (uint32_t i = 0; i < inputs; i++) {
        spreads[i] = (tpp_spread){columns[i], 1};
    }
    tpp_error error;
    (void)tpp_designs(program, spreads, &size, 1, 0, size, values, valid, &error);
    free(spreads);
}

static void use(tpp_program *program)
{
    const uint32_t inputs = tpp_program_inputs(program);
    const uint32_t paragraphs = tpp_program_paragraphs(program);
    const uint32_t metrics = tpp_program_metrics(program);
    numbers n = make_numbers();
    tpp_column *columns = calloc((size_t)inputs + 1, sizeof *columns);
    uint64_t *bits = calloc(2 * (size_t)paragraphs * WORDS + 1, sizeof *bits);
    uint64_t **each = calloc(2 * (size_t)paragraphs + 1, sizeof *each);
    double *ends = calloc(2 * (size_t)metrics * ROWS + 1, sizeof *ends);
    double **end = calloc(2 * (size_t)metrics + 1, sizeof *end);
    int8_t *verdicts = calloc((size_t)paragraphs + 1, sizeof *verdicts);
    uint8_t codes[ROWS];
    CHECK(columns && bits && each && ends && end && verdicts);
    for (uint32_t i = 0; i < 2 * paragraphs; i++) {
        each[i] = bits + (size_t)i * WORDS;
    }
    for (uint32_t i = 0; i < 2 * metrics; i++) {
        end[i] = ends + (size_t)i * ROWS;
    }
    read_all_texts(program);
    static const char *const kernels[2] = {"portable", "avx2"};
    for (int k = 0; k < 2; k++) {
        (void)tpp_program_use_kernel(program, kernels[k]);
        make_columns(program, &n, columns);
        tpp_error error;
        for (uint64_t rows = 3; rows <= ROWS; rows += ROWS - 3) { /* one by one, and as a block */
            if (tpp_evaluate(program, columns, 0, rows, each, each + paragraphs, &error) ==
                TPP_OK) {
                evaluated++;
                check_words(program, each, each + paragraphs, rows);
                tpp_highest_outcomes(program, each, each + paragraphs, 0, rows, codes);
            }
        }
        (void)tpp_metrics(program, columns, 0, ROWS, end, end + metrics, &error);
        use_designs(program, columns, each, each + paragraphs);
        decide_rows(program, columns, verdicts);
    }
    free(verdicts);
    free(end);
    free(ends);
    free(each);
    free(bits);
    free(columns);
    free_numbers(&n);
}

/* Takes the memory of a file, which has exactly its size. */
static tpp_status offer(file *bytes)
{
    tpp_program *program;
    tpp_error error;
    const tpp_status status = tpp_program_open(bytes->bytes, bytes->size, &program, &error);
    CHECK((status == TPP_OK) == (program != NULL));
    CHECK(status == TPP_OK || error.status == status);
    if (program != NULL) {
        use(program);
    }
    tpp_program_close(program);
    free(bytes->bytes);
    return status;
}

/* ---- mutations ---- */

static void test_every_truncation(const file *real)
{
    for (size_t size = 0; size < real->size; size++) {
        file cut = copy_of(real, size);
        CHECK(offer(&cut) == TPP_ERROR_TRUNCATED);
    }
}

/* Truncated or longer, and honest about it. */
static void test_other_sizes(const file *real)
{
    for (size_t size = HEADER; size < real->size + 2000; size += 1 + below(40)) {
        file other = copy_of(real, size);
        if (size != real->size) {
            mend(&other);
            CHECK(offer(&other) == TPP_ERROR_STRUCTURE);
            other = copy_of(real, size);
            CHECK(offer(&other) == (size < real->size ? TPP_ERROR_TRUNCATED : TPP_ERROR_SIZE));
        } else {
            CHECK(offer(&other) == TPP_OK);
        }
    }
}

static void test_flipped_bits(const file *real)
{
    for (size_t at = 0; at < real->size; at += at < HEADER ? 1 : 1 + below(4)) {
        file flipped = copy_of(real, real->size);
        flipped.bytes[at] ^= (uint8_t)(1u << below(8));
        CHECK(offer(&flipped) != TPP_OK);
    }
}

/* The names at the end are texts: most changes are elsewhere. */
static size_t random_place(const file *real)
{
    const size_t names = get_u32(real, COUNTS_FROM + 4 * (COUNTS - 1));
    const size_t end = real->size - 4 - (below(16) == 0 ? 0 : names);
    return COUNTS_FROM + below(end - COUNTS_FROM);
}

static void test_flipped_bits_with_a_right_checksum(const file *real, int times)
{
    int opened = 0;
    for (int i = 0; i < times; i++) {
        file flipped = copy_of(real, real->size);
        flipped.bytes[random_place(real)] ^= (uint8_t)(1u << below(8));
        mend(&flipped);
        opened += offer(&flipped) == TPP_OK;
    }
    CHECK(opened > times / 20);
}

static uint32_t random_u32(const file *real)
{
    static const uint32_t ends[10] = {0,          1,          2,          255,       256,
                                      0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000000, 0x7FF00000};
    switch (below(4)) {
    case 0:
        return ends[below(10)];
    case 1:
        return get_u32(real, HEADER + 4 * below((real->size - HEADER) / 4));
    case 2:
        return (uint32_t)below(200);
    default:
        return (uint32_t)next_random(&state);
    }
}

static void test_replaced_fields(const file *real, int times)
{
    int opened = 0;
    for (int i = 0; i < times; i++) {
        file changed = copy_of(real, real->size);
        for (uint64_t n = 1 + below(3); n > 0; n--) {
            set_u32(&changed, random_place(real) / 4 * 4, random_u32(real));
        }
        mend(&changed);
        opened += offer(&changed) == TPP_OK;
    }
    CHECK(opened > times / 50);
}

static void test_counts_blown_up(const file *real)
{
    static const uint32_t some[8] = {0, 1, 1000, 65535, 0x0FFFFFFF, 0x7FFFFFFF, 0x80000000,
                                     0xFFFFFFFF};
    for (uint32_t count = 0; count < COUNTS; count++) {
        for (uint32_t i = 0; i < 8; i++) {
            file blown = copy_of(real, real->size);
            const size_t at = COUNTS_FROM + 4 * count;
            if (get_u32(real, at) != some[i]) {
                set_u32(&blown, at, some[i]);
                mend(&blown);
                CHECK(offer(&blown) == TPP_ERROR_STRUCTURE);
            } else {
                free(blown.bytes);
            }
        }
    }
}

/* Records of a section repeated, with a count that says so: as large as a file may be. */
static void test_sections_blown_up(const file *real)
{
    static const uint32_t sizes[COUNTS] = {44, 40, 44, 24, 8, 4, 12, 4, 4, 8, 1};
    static const uint32_t more[5] = {1, 300, 5000, 50000, 400000};
    size_t end = HEADER;
    for (int section = 0; section < COUNTS; section++) {
        const size_t at = COUNTS_FROM + 4 * (size_t)section;
        const uint32_t count = get_u32(real, at);
        end += (size_t)count * sizes[section];
        for (int i = 0; i < 5 && count > 0; i++) {
            const size_t added = (size_t)more[i] * sizes[section];
            file blown = copy_of(real, real->size + added);
            for (size_t b = 0; b < added; b++) {
                blown.bytes[end + b] = real->bytes[end - sizes[section] + b % sizes[section]];
            }
            memcpy(blown.bytes + end + added, real->bytes + end, real->size - end);
            set_u32(&blown, at, count + more[i]);
            mend(&blown);
            (void)offer(&blown);
        }
    }
}

static void test_largest_file(const file *real)
{
    file large = copy_of(real, ((size_t)1 << 24) + 1);
    mend(&large);
    CHECK(offer(&large) == TPP_ERROR_LIMIT);
}

int main(int count, char **path)
{
    if (count < 2) {
        puts("no program files: left out");
    }
    for (int i = 1; i < count; i++) {
        const file real = read_file(path[i]);
        file same = copy_of(&real, real.size);
        CHECK(offer(&same) == TPP_OK);
        test_every_truncation(&real);
        test_other_sizes(&real);
        test_flipped_bits(&real);
        test_flipped_bits_with_a_right_checksum(&real, 4000);
        test_replaced_fields(&real, 6000);
        test_counts_blown_up(&real);
        test_sections_blown_up(&real);
        test_largest_file(&real);
        CHECK(evaluated > 10000);
        evaluated = 0;
        free(real.bytes);
    }
    return 0;
}
