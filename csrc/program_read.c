#include "program_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The file, all little-endian; tppcore/program/binary.py writes it.
 *
 *   header      magic[8] version:u32 size:u32 crc:u32 (of all that follows it), then the numbers of
 *               inputs, nodes, tests, paragraphs, boxes, literals, metrics, words, outcomes, facts,
 *               bytes of names: u32
 *   decimal     mantissa:u64 approx:f64 exponent:i32            (approx is the nearest double)
 *   input       name:u32 flags:u32 default:decimal kind:u32 unit:u32 first_word:u32 words:u32
 *   node        op:u32 a:u32 b:u32 test:u32 flags:u32 value:decimal
 *   test        node:u32 op:u32 epsilon:f64 epsilon32:f64 threshold:decimal
 *   paragraph   id:u32 first_box:u32 true_boxes:u32 false_boxes:u32 outcome:u32 citation:u32
 *   box         first_literal:u32 literals:u32
 *   literal     u32 (test << 1 | negated)
 *   metric      name:u32 node:u32 unit:u32
 *   word        text:u32
 *   outcome     text:u32                                        (the strongest first)
 *   fact        name:u32 value:u32
 *   names       texts, each with a closing NUL; `name`, `id` and other texts are offsets in here
 */
enum {
    VERSION = 3,
    HEADER_SIZE = 64,
    CHECKED_FROM = 20,
    DECIMAL_SIZE = 20,
    INPUT_SIZE = 24 + DECIMAL_SIZE,
    NODE_SIZE = 20 + DECIMAL_SIZE,
    TEST_SIZE = 24 + DECIMAL_SIZE,
    PARAGRAPH_SIZE = 24,
    BOX_SIZE = 8,
    LITERAL_SIZE = 4,
    METRIC_SIZE = 12,
    TEXT_SIZE = 4,
    FACT_SIZE = 8,
    MAX_EXPONENT = 400
};

static const char MAGIC[8] = {'t', 'p', 'p', 'c', 'o', 'r', 'e', '\n'};

typedef enum { AT_LEAST, ABOVE, BELOW, AT_MOST, TEST_OPS } test_op;

enum {
    FLAG_POSITIVE = 1,
    FLAG_CLOSED = 2,
    FLAG_OPEN = 4,
    FLAG_DEFAULT = 8,
    FLAG_GIVEN = 16,
    FLAG_NO_RANGE = 32,
    INPUT_FLAGS = 63
};

typedef struct {
    const uint8_t *next; /* the header's size has been checked: no read passes the end */
    bool valid;
    const char *names; /* they end in a NUL */
    uint32_t size;     /* of the names */
} reader;

static uint32_t read_u32(reader *in)
{
    const uint8_t *p = in->next;
    in->next += 4;
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t read_u64(reader *in)
{
    const uint64_t low = read_u32(in);
    return low | (uint64_t)read_u32(in) << 32;
}

static double read_f64(reader *in)
{
    const uint64_t bits = read_u64(in);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static tpp_decimal read_decimal(reader *in)
{
    tpp_decimal decimal;
    decimal.mantissa = read_u64(in);
    decimal.approx = read_f64(in);
    const uint32_t exponent = read_u32(in);
    memcpy(&decimal.exponent, &exponent, sizeof exponent);
    in->valid &= decimal.approx >= 0.0 && decimal.approx < HUGE_VAL &&
                 (decimal.approx == 0.0) == (decimal.mantissa == 0) &&
                 decimal.exponent <= MAX_EXPONENT && decimal.exponent >= -MAX_EXPONENT;
    return decimal;
}

static uint32_t read_index(reader *in, uint32_t count)
{
    const uint32_t index = read_u32(in);
    in->valid &= index < count;
    return index;
}

/* A text among the names; "" where its place is none. */
static const char *read_text(reader *in)
{
    const uint32_t place = read_u32(in);
    in->valid &= place < in->size;
    return place < in->size ? in->names + place : "";
}

/* CRC-32 as in zlib (polynomial 0xEDB88320, reflected). */
static uint32_t checksum(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return ~crc;
}

typedef struct {
    uint32_t inputs, nodes, tests, paragraphs, boxes, literals, metrics, words, outcomes, facts,
        names;
} counts;

static tpp_status read_header(const uint8_t *bytes, size_t size, counts *count)
{
    if (size < HEADER_SIZE) {
        return TPP_ERROR_TRUNCATED;
    }
    if (memcmp(bytes, MAGIC, sizeof MAGIC) != 0) {
        return TPP_ERROR_MAGIC;
    }
    reader in = {bytes + sizeof MAGIC, true, NULL, 0};
    if (read_u32(&in) != VERSION) {
        return TPP_ERROR_VERSION;
    }
    const uint32_t stated = read_u32(&in);
    if (stated > size) {
        return TPP_ERROR_TRUNCATED;
    }
    if (stated != size) {
        return TPP_ERROR_SIZE;
    }
    if (size > TPP_MAX_FILE) {
        return TPP_ERROR_LIMIT;
    }
    if (read_u32(&in) != checksum(bytes + CHECKED_FROM, size - CHECKED_FROM)) {
        return TPP_ERROR_CHECKSUM;
    }
    count->inputs = read_u32(&in);
    count->nodes = read_u32(&in);
    count->tests = read_u32(&in);
    count->paragraphs = read_u32(&in);
    count->boxes = read_u32(&in);
    count->literals = read_u32(&in);
    count->metrics = read_u32(&in);
    count->words = read_u32(&in);
    count->outcomes = read_u32(&in);
    count->facts = read_u32(&in);
    count->names = read_u32(&in);
    /* 64-bit sums of 32-bit counts times small sizes: no overflow. */
    const uint64_t needed =
        HEADER_SIZE + (uint64_t)count->inputs * INPUT_SIZE + (uint64_t)count->nodes * NODE_SIZE +
        (uint64_t)count->tests * TEST_SIZE + (uint64_t)count->paragraphs * PARAGRAPH_SIZE +
        (uint64_t)count->boxes * BOX_SIZE + (uint64_t)count->literals * LITERAL_SIZE +
        (uint64_t)count->metrics * METRIC_SIZE +
        ((uint64_t)count->words + count->outcomes) * TEXT_SIZE +
        (uint64_t)count->facts * FACT_SIZE + count->names;
    if (needed != size) {
        return TPP_ERROR_STRUCTURE;
    }
    const bool fits = count->inputs <= TPP_MAX_INPUTS && count->nodes <= TPP_MAX_NODES &&
                      count->tests <= TPP_MAX_CUTS && count->paragraphs <= TPP_MAX_PARAGRAPHS &&
                      count->boxes <= TPP_MAX_BOXES && count->metrics <= TPP_MAX_METRICS &&
                      count->outcomes <= TPP_MAX_OUTCOMES &&
                      /* Each tested or reported node has plans of its own. */
                      ((uint64_t)count->tests + count->metrics) * count->nodes <= TPP_MAX_PLANNED;
    return fits ? TPP_OK : TPP_ERROR_LIMIT;
}

static void *new_array(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

static bool allocate(tpp_program *program, const counts *count)
{
    program->inputs = count->inputs;
    program->nodes = count->nodes;
    program->paragraphs = count->paragraphs;
    program->boxes = count->boxes;
    program->literals = count->literals;
    program->metrics = count->metrics;
    program->outcomes = count->outcomes;
    program->facts = count->facts;
    program->input = new_array(count->inputs, sizeof *program->input);
    program->node = new_array(count->nodes, sizeof *program->node);
    program->cut = new_array(count->tests, sizeof *program->cut);
    program->paragraph = new_array(count->paragraphs, sizeof *program->paragraph);
    program->box = new_array(count->boxes, sizeof *program->box);
    program->literal = new_array(count->literals, sizeof *program->literal);
    program->metric = new_array(count->metrics, sizeof *program->metric);
    program->word = new_array(count->words, sizeof *program->word);
    program->outcome = new_array(count->outcomes, sizeof *program->outcome);
    program->fact = new_array(count->facts, sizeof *program->fact);
    program->names = new_array(count->names, 1);
    for (int rated = 0; rated < 2; rated++) {
        program->exact[rated] =
            new_array((size_t)count->tests + count->metrics, sizeof *program->exact[rated]);
    }
    return program->input != NULL && program->node != NULL && program->cut != NULL &&
           program->paragraph != NULL && program->box != NULL && program->literal != NULL &&
           program->metric != NULL && program->word != NULL && program->outcome != NULL &&
           program->fact != NULL && program->names != NULL && program->exact[0] != NULL &&
           program->exact[1] != NULL;
}

/* How many whole numbers from 0 on a quantity may be; 0: it may be any number. */
static uint32_t choices_of(const tpp_input *input)
{
    return input->kind == TPP_QUANTITY_BOOLEAN    ? 2
           : input->kind == TPP_QUANTITY_CATEGORY ? input->words
                                                  : 0;
}

static void read_inputs(reader *in, tpp_program *program, uint32_t words)
{
    for (uint32_t i = 0; i < program->inputs; i++) {
        tpp_input *input = &program->input[i];
        input->name = read_text(in);
        const uint32_t flags = read_u32(in);
        in->valid &= (flags & ~(uint32_t)INPUT_FLAGS) == 0;
        input->positive = (flags & FLAG_POSITIVE) != 0;
        input->closed_list = (flags & FLAG_CLOSED) != 0;
        input->open_unlisted = (flags & FLAG_OPEN) != 0;
        input->has_default = (flags & FLAG_DEFAULT) != 0;
        input->given = (flags & FLAG_GIVEN) != 0;
        input->no_range = (flags & FLAG_NO_RANGE) != 0;
        input->fill = read_decimal(in);
        input->kind = (tpp_quantity)read_index(in, TPP_QUANTITY_COUNT);
        input->unit = read_text(in);
        input->first_word = read_u32(in);
        input->words = read_u32(in);
        in->valid &= (uint64_t)input->first_word + input->words <= words &&
                     (input->kind == TPP_QUANTITY_CATEGORY) == (input->words > 0);
        input->choices = choices_of(input);
        program->is_choosy |= input->choices > 0 || input->no_range;
    }
}

/* Until the tests are read, `literal` is the index of a test. */
static void read_nodes(reader *in, tpp_program *program, uint32_t tests)
{
    for (uint32_t i = 0; i < program->nodes; i++) {
        tpp_node *node = &program->node[i];
        const uint32_t op = read_index(in, TPP_OP_COUNT);
        node->op = (tpp_op)op;
        node->a = read_u32(in);
        node->b = read_u32(in);
        node->literal = read_u32(in);
        node->positive = (read_u32(in) & FLAG_POSITIVE) != 0;
        node->value = read_decimal(in);
        switch (node->op) {
        case TPP_OP_CONST:
            break;
        case TPP_OP_NOT_APPLICABLE:
            node->may_not_apply = true;
            break;
        case TPP_OP_INPUT:
            in->valid &= node->a < program->inputs;
            break;
        default:
            in->valid &= node->a < i && node->b < i;
            in->valid &= node->op != TPP_OP_SELECT || node->literal < tests;
            if (in->valid) {
                node->may_not_apply = program->node[node->a].may_not_apply ||
                                      program->node[node->b].may_not_apply ||
                                      (node->op == TPP_OP_DIV && !node->positive);
            }
        }
    }
}

static tpp_bound bound_of(double t, bool strict, double epsilon)
{
    tpp_bound bound = {t, t};
    if (epsilon > 0.0) {
        /* Two steps outward cover the rounding of epsilon * t and of the sums. */
        bound.below = nextafter(nextafter(t - epsilon * t, -1.0), -1.0);
        bound.above = nextafter(nextafter(t + epsilon * t, HUGE_VAL), HUGE_VAL);
    } else if (strict) {
        bound.below = bound.above = nextafter(t, HUGE_VAL);
    }
    return bound;
}

static bool is_same(const tpp_cut *a, const tpp_cut *b)
{
    return a->node == b->node && a->strict == b->strict &&
           a->bound[0].below == b->bound[0].below && a->bound[0].above == b->bound[0].above &&
           a->bound[1].below == b->bound[1].below && a->bound[1].above == b->bound[1].above &&
           a->threshold.mantissa == b->threshold.mantissa &&
           a->threshold.exponent == b->threshold.exponent;
}

/* The cut of a test, one for all tests that are the same or its negation. */
static uint32_t add_cut(tpp_program *program, uint32_t node, bool strict, tpp_decimal threshold,
                        const double epsilon[2])
{
    const double t = threshold.approx;
    tpp_cut *new = &program->cut[program->cuts];
    *new = (tpp_cut){.node = node, .strict = strict, .threshold = threshold};
    for (int single = 0; single < 2; single++) {
        new->bound[single] = bound_of(t, strict, epsilon[single]);
    }
    for (uint32_t i = 0; i < program->cuts; i++) {
        if (is_same(&program->cut[i], new)) {
            return i;
        }
    }
    return program->cuts++;
}

/* `of_test` becomes the literal of each test. */
static void read_tests(reader *in, tpp_program *program, uint32_t tests, uint32_t *of_test)
{
    for (uint32_t i = 0; i < tests; i++) {
        const uint32_t node = read_index(in, program->nodes);
        const uint32_t op = read_index(in, TEST_OPS);
        double epsilon[2];
        for (int single = 0; single < 2; single++) {
            epsilon[single] = read_f64(in);
            in->valid &= epsilon[single] >= 0.0 && epsilon[single] < 0.5;
        }
        const tpp_decimal threshold = read_decimal(in);
        const bool negated = op == BELOW || op == AT_MOST;
        const bool strict = op == ABOVE || op == AT_MOST;
        of_test[i] = add_cut(program, node, strict, threshold, epsilon) << 1 | negated;
    }
    for (uint32_t i = 0; i < program->nodes && in->valid; i++) {
        tpp_node *node = &program->node[i];
        if (node->op == TPP_OP_SELECT) {
            node->literal = of_test[node->literal];
            tpp_cut *cut = &program->cut[node->literal >> 1];
            cut->selects = true;
            in->valid &= cut->node < i;
        }
    }
}

static void read_paragraphs(reader *in, tpp_program *program)
{
    uint64_t next = 0; /* boxes, and below literals, follow each other: none is shared */
    for (uint32_t i = 0; i < program->paragraphs; i++) {
        tpp_paragraph *paragraph = &program->paragraph[i];
        paragraph->id = read_text(in);
        paragraph->first_box = read_u32(in);
        paragraph->true_boxes = read_u32(in);
        paragraph->false_boxes = read_u32(in);
        in->valid &= paragraph->first_box == next;
        next += (uint64_t)paragraph->true_boxes + paragraph->false_boxes;
        in->valid &= next <= program->boxes;
        const uint32_t outcome = read_u32(in); /* its rank and 1 */
        in->valid &= outcome <= program->outcomes;
        paragraph->outcome = outcome == 0 ? TPP_ABSENT : outcome - 1;
        paragraph->citation = read_text(in);
    }
}

static void read_boxes(reader *in, tpp_program *program, uint32_t tests, const uint32_t *of_test)
{
    uint64_t next = 0;
    for (uint32_t i = 0; i < program->boxes; i++) {
        tpp_box *box = &program->box[i];
        box->first_literal = read_u32(in);
        box->literals = read_u32(in);
        in->valid &= box->first_literal == next;
        next += box->literals;
        in->valid &= next <= program->literals;
    }
    for (uint32_t i = 0; i < program->literals; i++) {
        const uint32_t literal = read_u32(in);
        in->valid &= literal >> 1 < tests;
        program->literal[i] = literal >> 1 < tests ? of_test[literal >> 1] ^ (literal & 1) : 0;
    }
}

/* The sets of the cuts that each paragraph compares. */
static bool collect_cuts(tpp_program *program)
{
    program->cut_words = (program->cuts + 63) / 64;
    program->paragraph_cuts = new_array((size_t)program->paragraphs * program->cut_words,
                                        sizeof *program->paragraph_cuts);
    if (program->paragraph_cuts == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < program->paragraphs; i++) {
        tpp_paragraph *paragraph = &program->paragraph[i];
        uint64_t *cuts = program->paragraph_cuts + (size_t)i * program->cut_words;
        const uint32_t boxes = paragraph->true_boxes + paragraph->false_boxes;
        for (uint32_t j = 0; j < boxes; j++) {
            const tpp_box *box = &program->box[paragraph->first_box + j];
            for (uint32_t k = 0; k < box->literals; k++) {
                const uint32_t cut = program->literal[box->first_literal + k] >> 1;
                cuts[cut / 64] |= UINT64_C(1) << cut % 64;
            }
        }
        paragraph->cuts = cuts;
    }
    return true;
}

static void read_metrics(reader *in, tpp_program *program)
{
    for (uint32_t i = 0; i < program->metrics; i++) {
        program->metric[i].name = read_text(in);
        program->metric[i].node = read_index(in, program->nodes);
        program->metric[i].unit = read_text(in);
    }
}

static void read_texts(reader *in, const char **text, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        text[i] = read_text(in);
    }
}

static void read_facts(reader *in, tpp_program *program)
{
    for (uint32_t i = 0; i < program->facts; i++) {
        program->fact[i].name = read_text(in);
        program->fact[i].value = read_text(in);
    }
}

tpp_status tpp_program_read(const uint8_t *bytes, size_t size, tpp_program *program)
{
    counts count;
    tpp_status status = read_header(bytes, size, &count);
    if (status != TPP_OK) {
        return status;
    }
    uint32_t *of_test = new_array(count.tests, sizeof *of_test);
    if (!allocate(program, &count) || of_test == NULL) {
        program->metrics = 0;
        free(of_test);
        return TPP_ERROR_MEMORY;
    }
    memcpy(program->names, bytes + size - count.names, count.names);
    reader in = {bytes + HEADER_SIZE, count.names == 0 || program->names[count.names - 1] == 0,
                 program->names, count.names};
    read_inputs(&in, program, count.words);
    read_nodes(&in, program, count.tests);
    read_tests(&in, program, count.tests, of_test);
    read_paragraphs(&in, program);
    read_boxes(&in, program, count.tests, of_test);
    read_metrics(&in, program);
    read_texts(&in, program->word, count.words);
    read_texts(&in, program->outcome, count.outcomes);
    read_facts(&in, program);
    free(of_test);
    if (!in.valid) {
        program->cuts = program->metrics = 0;
        return TPP_ERROR_STRUCTURE;
    }
    return collect_cuts(program) ? TPP_OK : TPP_ERROR_MEMORY;
}
