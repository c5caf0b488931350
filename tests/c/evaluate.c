/* Evaluates a program over a table, both from files: evaluate PROGRAM TABLE VERDICTS
 *
 * For machines without Python, above all those that are emulated: tests.proof.elsewhere writes the
 * files and compares the verdicts with its own. A table is, in this machine's byte order (little):
 *
 *   rows:u64 inputs:u64, then an input each
 *       kind:u32 scale:u32 first_bit:u32 parts:u32 (1 values, 2 present, 4 low, 8 high), then the
 *       parts that are there, each   size:u64, so many bytes, and zeros up to a multiple of 16
 *
 * and VERDICTS receives the bitmaps of values of all paragraphs, then those of validity. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tppcore.h"

enum { MAX_INPUTS = 256, PARTS = 4, ALIGNMENT = 16 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(2);
}

/* The bytes of a file, aligned. */
static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail(path, "can't be read");
    }
    const long length = ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(length > 0 ? (size_t)length : 1);
    if (length < 0 || bytes == NULL || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        fail(path, "can't be read");
    }
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

typedef struct {
    const uint8_t *next;
    const uint8_t *end;
} reader;

static const void *take(reader *in, size_t size)
{
    const uint8_t *at = in->next;
    if ((size_t)(in->end - at) < size) {
        fail("table", "cut short");
    }
    in->next += size;
    return at;
}

static uint64_t take_u64(reader *in)
{
    uint64_t value;
    memcpy(&value, take(in, sizeof value), sizeof value);
    return value;
}

/* A part of a column, or NULL. */
static const void *take_part(reader *in, uint32_t parts, int part)
{
    if ((parts >> part & 1) == 0) {
        return NULL;
    }
    const uint64_t size = take_u64(in);
    (void)take_u64(in);
    return take(in, (size_t)(size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static void take_column(reader *in, tpp_column *column)
{
    uint32_t head[4];
    memcpy(head, take(in, sizeof head), sizeof head);
    *column = (tpp_column){.kind = (tpp_kind)head[0],
                           .scale = (int32_t)head[1],
                           .first_bit = head[2],
                           .values = take_part(in, head[3], 0)};
    column->present = take_part(in, head[3], 1);
    column->low = take_part(in, head[3], 2);
    column->high = take_part(in, head[3], 3);
}

int main(int count, char **argument)
{
    if (count != 4) {
        fail("usage", "evaluate PROGRAM TABLE VERDICTS");
    }
    size_t program_size, table_size;
    uint8_t *program_bytes = read_file(argument[1], &program_size);
    uint8_t *table_bytes = read_file(argument[2], &table_size);
    tpp_program *program;
    tpp_error error;
    tpp_status status = tpp_program_open(program_bytes, program_size, &program, &error);
    if (status != TPP_OK) {
        fail(argument[1], tpp_status_text(status));
    }
    reader in = {table_bytes, table_bytes + table_size};
    const uint64_t rows = take_u64(&in);
    const uint64_t inputs = take_u64(&in);
    tpp_column column[MAX_INPUTS];
    if (inputs != tpp_program_inputs(program) || inputs > MAX_INPUTS) {
        fail(argument[2], "not a table of this program");
    }
    for (uint64_t i = 0; i < inputs; i++) {
        take_column(&in, &column[i]);
    }
    const uint32_t paragraphs = tpp_program_paragraphs(program);
    const size_t words = (size_t)(rows + 63) / 64;
    uint64_t *bits = calloc(2 * paragraphs * words + 1, sizeof *bits);
    uint64_t **each = calloc(2 * paragraphs + 1, sizeof *each);
    if (bits == NULL || each == NULL) {
        fail("verdicts", "no memory");
    }
    for (uint32_t i = 0; i < 2 * paragraphs; i++) {
        each[i] = bits + i * words;
    }
    status = tpp_evaluate(program, column, 0, rows, each, each + paragraphs, &error);
    if (status != TPP_OK) {
        fail(argument[2], tpp_status_text(status));
    }
    FILE *out = fopen(argument[3], "wb");
    const size_t size = 2 * paragraphs * words;
    if (out == NULL || fwrite(bits, sizeof *bits, size, out) != size || fclose(out) != 0) {
        fail(argument[3], "can't be written");
    }
    printf("%s\n", tpp_program_kernel(program));
    free(each);
    free(bits);
    tpp_program_close(program);
    free(table_bytes);
    free(program_bytes);
    return 0;
}
