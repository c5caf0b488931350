#include "program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "error.h"
#include "row_view.h"

/* The file, all little-endian; tppcore/program/binary.py writes it.
 *
 *   header      magic[8] version:u32 size:u32 crc:u32 (of all that follows it), then the numbers of
 *               inputs, nodes, tests, paragraphs, boxes, literals, metrics, bytes of names: u32
 *   decimal     mantissa:u64 approx:f64 exponent:i32            (approx is the nearest double)
 *   input       name:u32 flags:u32 default:decimal
 *   node        op:u32 a:u32 b:u32 test:u32 flags:u32 value:decimal
 *   test        node:u32 op:u32 epsilon:f64 epsilon32:f64 threshold:decimal
 *   paragraph   id:u32 first_box:u32 true_boxes:u32 false_boxes:u32
 *   box         first_literal:u32 literals:u32
 *   literal     u32 (test << 1 | negated)
 *   metric      name:u32 node:u32
 *   names       texts, each with a closing NUL; `name` and `id` are offsets in here
 */
enum {
    VERSION = 2,
    HEADER_SIZE = 52,
    CHECKED_FROM = 20,
    DECIMAL_SIZE = 20,
    INPUT_SIZE = 8 + DECIMAL_SIZE,
    NODE_SIZE = 20 + DECIMAL_SIZE,
    TEST_SIZE = 24 + DECIMAL_SIZE,
    PARAGRAPH_SIZE = 16,
    BOX_SIZE = 8,
    LITERAL_SIZE = 4,
    METRIC_SIZE = 8,
    MAX_EXPONENT = 400
};

static const char MAGIC[8] = {'t', 'p', 'p', 'c', 'o', 'r', 'e', '\n'};

typedef enum { AT_LEAST, ABOVE, BELOW, AT_MOST, TEST_OPS } test_op;

enum { FLAG_POSITIVE = 1, FLAG_CLOSED = 2, FLAG_OPEN = 4, FLAG_DEFAULT = 8, FLAG_GIVEN = 16 };

typedef struct {
    const uint8_t *next; /* the header's size has been checked: no read passes the end */
    bool valid;
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
    uint32_t inputs, nodes, tests, paragraphs, boxes, literals, metrics, names;
} counts;

static tpp_status read_header(const uint8_t *bytes, size_t size, counts *count)
{
    if (size < HEADER_SIZE) {
        return TPP_ERROR_TRUNCATED;
    }
    if (memcmp(bytes, MAGIC, sizeof MAGIC) != 0) {
        return TPP_ERROR_MAGIC;
    }
    reader in = {bytes + sizeof MAGIC, true};
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
    count->names = read_u32(&in);
    /* 64-bit sums of 32-bit counts times small sizes: no overflow. */
    const uint64_t needed =
        HEADER_SIZE + (uint64_t)count->inputs * INPUT_SIZE + (uint64_t)count->nodes * NODE_SIZE +
        (uint64_t)count->tests * TEST_SIZE + (uint64_t)count->paragraphs * PARAGRAPH_SIZE +
        (uint64_t)count->boxes * BOX_SIZE + (uint64_t)count->literals * LITERAL_SIZE +
        (uint64_t)count->metrics * METRIC_SIZE + count->names;
    if (needed != size) {
        return TPP_ERROR_STRUCTURE;
    }
    if (count->inputs > TPP_MAX_INPUTS || count->nodes > TPP_MAX_NODES ||
        count->tests > TPP_MAX_CUTS) {
        return TPP_ERROR_LIMIT;
    }
    return TPP_OK;
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
    program->input = new_array(count->inputs, sizeof *program->input);
    program->node = new_array(count->nodes, sizeof *program->node);
    program->cut = new_array(count->tests, sizeof *program->cut);
    program->paragraph = new_array(count->paragraphs, sizeof *program->paragraph);
    program->box = new_array(count->boxes, sizeof *program->box);
    program->literal = new_array(count->literals, sizeof *program->literal);
    program->metric = new_array(count->metrics, sizeof *program->metric);
    program->names = new_array(count->names, 1);
    for (int rated = 0; rated < 2; rated++) {
        program->exact[rated] =
            new_array((size_t)count->tests + count->metrics, sizeof *program->exact[rated]);
    }
    return program->input != NULL && program->node != NULL && program->cut != NULL &&
           program->paragraph != NULL && program->box != NULL && program->literal != NULL &&
           program->metric != NULL && program->names != NULL && program->exact[0] != NULL &&
           program->exact[1] != NULL;
}

static void read_inputs(reader *in, tpp_program *program, uint32_t names)
{
    for (uint32_t i = 0; i < program->inputs; i++) {
        const char *name = program->names + read_index(in, names);
        const uint32_t flags = read_u32(in);
        program->input[i] = (tpp_input){.name = name,
                                        .positive = (flags & FLAG_POSITIVE) != 0,
                                        .closed_list = (flags & FLAG_CLOSED) != 0,
                                        .open_unlisted = (flags & FLAG_OPEN) != 0,
                                        .has_default = (flags & FLAG_DEFAULT) != 0,
                                        .given = (flags & FLAG_GIVEN) != 0,
                                        .fill = read_decimal(in)};
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

static void read_paragraphs(reader *in, tpp_program *program, uint32_t names)
{
    uint64_t next = 0; /* boxes, and below literals, follow each other: none is shared */
    for (uint32_t i = 0; i < program->paragraphs; i++) {
        tpp_paragraph *paragraph = &program->paragraph[i];
        paragraph->id = program->names + read_index(in, names);
        paragraph->first_box = read_u32(in);
        paragraph->true_boxes = read_u32(in);
        paragraph->false_boxes = read_u32(in);
        in->valid &= paragraph->first_box == next;
        next += (uint64_t)paragraph->true_boxes + paragraph->false_boxes;
        in->valid &= next <= program->boxes;
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

static void read_metrics(reader *in, tpp_program *program, uint32_t names)
{
    for (uint32_t i = 0; i < program->metrics; i++) {
        program->metric[i].name = program->names + read_index(in, names);
        program->metric[i].node = read_index(in, program->nodes);
    }
}

static tpp_status build_exact(tpp_program *program, uint32_t node, uint32_t index)
{
    const tpp_status status =
        tpp_plan_build(program, TPP_PLAN_NODE_ANY, node, &program->exact[false][index]);
    return status != TPP_OK
               ? status
               : tpp_plan_build(program, TPP_PLAN_NODE_RATED, node, &program->exact[true][index]);
}

static tpp_status build_plans(tpp_program *program)
{
    tpp_status status = tpp_plan_build(program, TPP_PLAN_RATED, 0, &program->rated);
    if (status == TPP_OK) {
        status = tpp_plan_build(program, TPP_PLAN_ANY, 0, &program->any);
    }
    if (status == TPP_OK) {
        status = tpp_plan_build(program, TPP_PLAN_REPORT, 0, &program->report);
    }
    for (uint32_t i = 0; i < program->any.inputs && status == TPP_OK; i++) {
        program->input[program->any.input[i]].used = true;
    }
    for (uint32_t i = 0; i < program->cuts && status == TPP_OK; i++) {
        tpp_cut *cut = &program->cut[i];
        cut->target = program->targets;
        for (uint32_t j = 0; j < i; j++) {
            if (program->cut[j].node == cut->node) {
                cut->target = program->cut[j].target;
                break;
            }
        }
        if (cut->target == program->targets) {
            program->targets++;
            status = build_exact(program, cut->node, cut->target);
        }
    }
    for (uint32_t i = 0; i < program->metrics && status == TPP_OK; i++) {
        status = build_exact(program, program->metric[i].node, program->targets + i);
    }
    return status == TPP_OK ? tpp_row_view_build(program) : status;
}

static tpp_status open_program(const uint8_t *bytes, size_t size, tpp_program *program)
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
    reader in = {bytes + HEADER_SIZE, count.names == 0 || program->names[count.names - 1] == 0};
    read_inputs(&in, program, count.names);
    read_nodes(&in, program, count.tests);
    read_tests(&in, program, count.tests, of_test);
    read_paragraphs(&in, program, count.names);
    read_boxes(&in, program, count.tests, of_test);
    read_metrics(&in, program, count.names);
    free(of_test);
    if (!in.valid) {
        program->cuts = program->metrics = 0;
        return TPP_ERROR_STRUCTURE;
    }
    if (!collect_cuts(program)) {
        return TPP_ERROR_MEMORY;
    }
    program->kernel = tpp_block_kernel_choose();
    return program->kernel != NULL ? build_plans(program) : TPP_ERROR_KERNEL;
}

TPP_API tpp_status tpp_program_open(const void *bytes, size_t size, tpp_program **program,
                                    tpp_error *error)
{
    if (program == NULL) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    *program = NULL;
    if (bytes == NULL) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    tpp_program *opened = calloc(1, sizeof *opened);
    const tpp_status status =
        opened == NULL ? TPP_ERROR_MEMORY : open_program(bytes, size, opened);
    if (status != TPP_OK) {
        tpp_program_close(opened);
        return tpp_error_set(error, status);
    }
    *program = opened;
    return TPP_OK;
}

TPP_API void tpp_program_close(tpp_program *program)
{
    if (program == NULL) {
        return;
    }
    for (int rated = 0; rated < 2; rated++) {
        for (uint32_t i = 0; i < program->targets + program->metrics; i++) {
            tpp_plan_free(&program->exact[rated][i]);
        }
        free(program->exact[rated]);
    }
    tpp_plan_free(&program->rated);
    tpp_plan_free(&program->any);
    tpp_plan_free(&program->report);
    tpp_row_view_free(program->row_view);
    free(program->input);
    free(program->node);
    free(program->cut);
    free(program->paragraph);
    free(program->box);
    free(program->literal);
    free(program->paragraph_cuts);
    free(program->metric);
    free(program->names);
    free(program);
}

TPP_API uint32_t tpp_program_inputs(const tpp_program *program)
{
    return program->inputs;
}

TPP_API uint32_t tpp_program_paragraphs(const tpp_program *program)
{
    return program->paragraphs;
}

TPP_API uint32_t tpp_program_metrics(const tpp_program *program)
{
    return program->metrics;
}

TPP_API const char *tpp_program_input_name(const tpp_program *program, uint32_t index)
{
    return index < program->inputs ? program->input[index].name : NULL;
}

TPP_API const char *tpp_program_paragraph_id(const tpp_program *program, uint32_t index)
{
    return index < program->paragraphs ? program->paragraph[index].id : NULL;
}

TPP_API const char *tpp_program_metric_name(const tpp_program *program, uint32_t index)
{
    return index < program->metrics ? program->metric[index].name : NULL;
}

TPP_API const char *tpp_program_kernel(const tpp_program *program)
{
    return program->kernel->name;
}

TPP_API tpp_status tpp_program_use_kernel(tpp_program *program, const char *name)
{
    if (program == NULL || name == NULL) {
        return TPP_ERROR_ARGUMENT;
    }
    const struct tpp_block_kernel *kernel = tpp_block_kernel_named(name);
    if (kernel == NULL) {
        return TPP_ERROR_KERNEL;
    }
    program->kernel = kernel;
    return TPP_OK;
}
