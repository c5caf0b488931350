/**
 * Program files for tests, written byte by byte, so that the reader is not tested by its own
 * writer. The layout is that of tppcore.program.binary.
 */
#ifndef PROGRAM_FILE_H
#define PROGRAM_FILE_H

#include <math.h>
#include <string.h>

#include "check.h"
#include "tppcore.h"

enum { HEADER = 64, CAPACITY = 16384, VERSION = 3 };
enum { POSITIVE = 1, CLOSED = 2, OPEN = 4, DEFAULT = 8, GIVEN = 16, NO_RANGE = 32 };
enum { CONSTANT, INPUT, ADD, MULTIPLY, DIVIDE, MAXIMUM, SELECT, NOT_APPLICABLE };
enum { AT_LEAST, ABOVE, BELOW, AT_MOST };

typedef struct {
    uint8_t bytes[CAPACITY];
    size_t size;
} program_file;

typedef struct {
    uint32_t inputs, nodes, tests, paragraphs, boxes, literals, metrics, words, outcomes, facts, names;
} file_counts;

static inline void put(program_file *out, uint64_t value, int bytes)
{
    CHECK(out->size + (size_t)bytes <= CAPACITY);
    for (int i = 0; i < bytes; i++) {
        out->bytes[out->size++] = (uint8_t)(value >> 8 * i);
    }
}

static inline void put_double(program_file *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(out, bits, 8);
}

static inline void put_decimal(program_file *out, uint64_t mantissa, int exponent)
{
    const double power = pow(10.0, abs(exponent));
    put(out, mantissa, 8);
    put_double(out, exponent < 0 ? (double)mantissa / power : (double)mantissa * power);
    put(out, (uint32_t)exponent, 4);
}

/* `name` is its offset among the names. */
static inline void put_input(program_file *out, uint32_t name, uint32_t flags, uint64_t fill)
{
    put(out, name, 4);
    put(out, flags, 4);
    put_decimal(out, fill, 0);
    put(out, 0, 8); /* a number, without unit */
    put(out, 0, 8);
}

/* A category of `words` words from `first_word` on, or with the kind of a boolean of none. */
static inline void put_choice(program_file *out, uint32_t name, uint32_t flags, uint32_t kind,
                              uint32_t first_word, uint32_t words)
{
    put_input(out, name, flags, 0);
    out->size -= 16;
    put(out, kind, 4);
    put(out, 0, 4);
    put(out, first_word, 4);
    put(out, words, 4);
}

static inline void put_node(program_file *out, uint32_t op, uint32_t a, uint32_t b, uint32_t test,
                            uint32_t flags)
{
    put(out, op, 4);
    put(out, a, 4);
    put(out, b, 4);
    put(out, test, 4);
    put(out, flags, 4);
    put_decimal(out, 0, 0);
}

static inline void put_constant(program_file *out, uint64_t value)
{
    put(out, CONSTANT, 4);
    put(out, 0, 8);
    put(out, 0, 8);
    put_decimal(out, value, 0);
}

static inline void put_test(program_file *out, uint32_t node, uint32_t op, double epsilon,
                            uint64_t mantissa, int exponent)
{
    put(out, node, 4);
    put(out, op, 4);
    put_double(out, epsilon);
    put_double(out, epsilon > 0.0 ? 1e-6 : 0.0); /* where floats are of 32 bits */
    put_decimal(out, mantissa, exponent);
}

static inline void put_paragraph(program_file *out, uint32_t name, uint32_t first_box,
                                 uint32_t true_boxes, uint32_t false_boxes)
{
    put(out, name, 4);
    put(out, first_box, 4);
    put(out, true_boxes, 4);
    put(out, false_boxes, 4);
    put(out, 0, 8); /* no outcome, no citation */
}

static inline void put_metric(program_file *out, uint32_t name, uint32_t node)
{
    put(out, name, 4);
    put(out, node, 4);
    put(out, 0, 4);
}

static inline void put_box(program_file *out, uint32_t first_literal, uint32_t literals)
{
    put(out, first_literal, 4);
    put(out, literals, 4);
}

static inline uint32_t checksum(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
        }
    }
    return ~crc;
}

static inline program_file begin(const file_counts *counts)
{
    const uint32_t all[11] = {counts->inputs, counts->nodes,    counts->tests,   counts->paragraphs,
                              counts->boxes,  counts->literals, counts->metrics, counts->words,
                              counts->outcomes, counts->facts,  counts->names};
    program_file out = {.size = 8};
    memcpy(out.bytes, "tppcore\n", 8);
    put(&out, VERSION, 4);
    put(&out, 0, 8);
    for (int i = 0; i < 11; i++) {
        put(&out, all[i], 4);
    }
    return out;
}

/* Writes size and checksum. */
static inline void seal(program_file *out)
{
    const size_t size = out->size;
    out->size = 12;
    put(out, size, 4);
    put(out, checksum(out->bytes + 20, size - 20), 4);
    out->size = size;
}

static inline void end(program_file *out, const char *names, size_t size)
{
    CHECK(out->size + size <= CAPACITY);
    memcpy(out->bytes + out->size, names, size);
    out->size += size;
    seal(out);
}

/* Changes up to three bytes from `first` on, mostly to numbers below `small`, with a checksum that is
 * right. */
static inline program_file forge(const program_file *bytes, size_t first, unsigned small,
                                 unsigned long long *state)
{
    program_file forged = *bytes;
    for (unsigned long long n = next_random(state) % 3 + 1; n > 0; n--) {
        const size_t at = first + (size_t)(next_random(state) % (bytes->size - first));
        forged.bytes[at] = (uint8_t)(next_random(state) % 4 == 0 ? next_random(state)
                                                                 : next_random(state) % small);
    }
    seal(&forged);
    return forged;
}

#endif
