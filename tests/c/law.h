/**
 * A small law for tests of whole tables, with every operation of a program and every kind of input:
 * the rates of two formats, an area, two bandwidths, a count and a boolean.
 */
#ifndef LAW_H
#define LAW_H

#include "program_file.h"

enum { FP16, FP8, AREA, DRAM, OTHER, ITEMS, PLANAR, LAW_INPUTS };
enum { LAW_PARAGRAPHS = 4, LAW_METRICS = 2, LAW_NODES = 17, LAW_TESTS = 7, LAW_BOXES = 14 };
enum { LAW_LITERALS = 20 };

static inline program_file law(void)
{
    static const char names[] =
        "\0fp16\0fp8\0area\0dram\0other\0items\0planar\0a\0b\0gap\0memory\0tpp\0density";
    static const uint32_t paragraph[LAW_PARAGRAPHS] = {39, 41, 43, 47};
    static const uint32_t metric[LAW_METRICS][2] = {{54, 8}, {58, 13}};
    /* By paragraph, the boxes where it is true, then those where it is false. */
    static const uint32_t size[LAW_BOXES] = {1, 2, 1, 2, 3, 1, 1, 1, 2, 1, 1, 2, 1, 1};
    static const uint32_t literal[LAW_LITERALS] = {
        0 << 1,     1 << 1,     2 << 1,     /* a: tpp >= 4800, or >= 1600 and density >= 5.92 */
        1 << 1 | 1, 0 << 1 | 1, 2 << 1 | 1,
        1 << 1,     0 << 1 | 1, 2 << 1 | 1, /* b: tpp from 1600 up to 4800, density below 5.92 */
        1 << 1 | 1, 0 << 1,     2 << 1,
        0 << 1,     6 << 1,                 /* gap: tpp >= 4800, and what the text leaves open */
        0 << 1 | 1, 6 << 1 | 1,
        3 << 1,     4 << 1,                 /* memory: above 4500 and below 5000 */
        3 << 1 | 1, 4 << 1 | 1,
    };
    const file_counts counts = {LAW_INPUTS, LAW_NODES, LAW_TESTS,   LAW_PARAGRAPHS,
                                LAW_BOXES,  LAW_LITERALS, LAW_METRICS, 0, 0, 0, sizeof names};
    program_file out = begin(&counts);
    put_input(&out, 1, GIVEN | CLOSED, 0);
    put_input(&out, 6, GIVEN | CLOSED, 0);
    put_input(&out, 10, GIVEN | POSITIVE, 0);
    put_input(&out, 15, GIVEN, 0);
    put_input(&out, 20, GIVEN | DEFAULT, 0);
    put_input(&out, 26, GIVEN | POSITIVE | DEFAULT, 1);
    put_input(&out, 32, GIVEN, 0);

    put_node(&out, INPUT, FP16, 0, 0, 0);
    put_node(&out, INPUT, FP8, 0, 0, 0);
    put_constant(&out, 16);
    put_constant(&out, 6); /* no power of two: the double product rounds */
    put_node(&out, MULTIPLY, 2, 0, 0, 0);
    put_node(&out, MULTIPLY, 3, 1, 0, 0);
    put_node(&out, MAXIMUM, 4, 5, 0, 0);
    put_node(&out, INPUT, ITEMS, 0, 0, 0);
    put_node(&out, DIVIDE, 6, 7, 0, POSITIVE); /* 8: tpp */
    put_node(&out, INPUT, AREA, 0, 0, 0);
    put_node(&out, DIVIDE, 6, 9, 0, POSITIVE);
    put_node(&out, INPUT, PLANAR, 0, 0, 0); /* 11 */
    put_node(&out, NOT_APPLICABLE, 0, 0, 0, 0);
    put_node(&out, SELECT, 12, 10, 5, 0); /* 13: density, unless planar */
    put_node(&out, INPUT, DRAM, 0, 0, 0);
    put_node(&out, INPUT, OTHER, 0, 0, 0);
    put_node(&out, ADD, 14, 15, 0, 0); /* 16: memory */

    put_test(&out, 8, AT_LEAST, 1e-15, 4800, 0);
    put_test(&out, 8, AT_LEAST, 1e-15, 1600, 0);
    put_test(&out, 13, AT_LEAST, 1e-15, 592, -2);
    put_test(&out, 16, ABOVE, 1e-15, 4500, 0);
    put_test(&out, 16, BELOW, 1e-15, 5000, 0);
    put_test(&out, 11, AT_LEAST, 0.0, 1, 0);
    put_test(&out, 12, AT_LEAST, 0.0, 1, 0);

    put_paragraph(&out, paragraph[0], 0, 2, 2);
    put_paragraph(&out, paragraph[1], 4, 1, 3);
    put_paragraph(&out, paragraph[2], 8, 1, 2);
    put_paragraph(&out, paragraph[3], 11, 1, 2);
    uint32_t first = 0;
    for (uint32_t i = 0; i < LAW_BOXES; i++) {
        put_box(&out, first, size[i]);
        first += size[i];
    }
    for (uint32_t i = 0; i < LAW_LITERALS; i++) {
        put(&out, literal[i], 4);
    }
    for (uint32_t i = 0; i < LAW_METRICS; i++) {
        put_metric(&out, metric[i][0], metric[i][1]);
    }
    end(&out, names, sizeof names);
    return out;
}

static inline tpp_program *open_law(void)
{
    const program_file bytes = law();
    tpp_program *program;
    CHECK(tpp_program_open(bytes.bytes, bytes.size, &program, NULL) == TPP_OK);
    CHECK(tpp_program_inputs(program) == LAW_INPUTS);
    CHECK(tpp_program_paragraphs(program) == LAW_PARAGRAPHS);
    CHECK(strcmp(tpp_program_input_name(program, PLANAR), "planar") == 0);
    CHECK(strcmp(tpp_program_paragraph_id(program, 3), "memory") == 0);
    CHECK(strcmp(tpp_program_metric_name(program, 1), "density") == 0);
    return program;
}

#endif
