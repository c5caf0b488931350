/* The highest outcome of a row, as tppcore.sinks.outcome finds and words it. */
#include <stdio.h>

#include "program.h"

/* Ranks, from 0, the strongest. */
typedef struct {
    uint32_t certain;
    uint32_t possible;
} highest;

static void meet(highest *found, uint32_t rank, bool value, bool valid)
{
    uint32_t *end = valid ? &found->certain : &found->possible;
    if ((value || !valid) && rank < *end) {
        *end = rank;
    }
}

static uint32_t code_of(const tpp_program *program, highest found)
{
    const uint32_t none = program->outcomes;
    if (none == 0) {
        return 0;
    }
    const uint32_t possible = found.possible < found.certain ? found.possible : none;
    return (found.certain < none ? found.certain : none - 1) * (none + 1) + possible;
}

TPP_API uint32_t tpp_program_outcomes(const tpp_program *program)
{
    return program->outcomes;
}

TPP_API const char *tpp_program_outcome(const tpp_program *program, uint32_t rank)
{
    return rank < program->outcomes ? program->outcome[rank] : NULL;
}

TPP_API uint32_t tpp_highest_outcome(const tpp_program *program, const int8_t *verdicts)
{
    highest found = {program->outcomes, program->outcomes};
    for (uint32_t p = 0; p < program->paragraphs; p++) {
        if (program->paragraph[p].outcome != TPP_ABSENT) {
            meet(&found, program->paragraph[p].outcome, verdicts[p] > 0, verdicts[p] >= 0);
        }
    }
    return code_of(program, found);
}

static bool has(const uint64_t *bits, uint64_t row)
{
    return (bits[row / 64] >> row % 64 & 1) != 0;
}

TPP_API void tpp_highest_outcomes(const tpp_program *program, uint64_t *const *value_bits,
                                  uint64_t *const *valid_bits, uint64_t row_begin, uint64_t row_end,
                                  uint8_t *codes)
{
    for (uint64_t row = row_begin; row < row_end; row++) {
        highest found = {program->outcomes, program->outcomes};
        for (uint32_t p = 0; p < program->paragraphs; p++) {
            if (program->paragraph[p].outcome != TPP_ABSENT) {
                meet(&found, program->paragraph[p].outcome, has(value_bits[p], row),
                     has(valid_bits[p], row));
            }
        }
        codes[row] = (uint8_t)code_of(program, found);
    }
}

static bool has_outcomes(const tpp_program *program)
{
    bool any = false;
    for (uint32_t p = 0; p < program->paragraphs; p++) {
        any |= program->paragraph[p].outcome != TPP_ABSENT;
    }
    return any;
}

TPP_API size_t tpp_outcome_text(const tpp_program *program, uint32_t code, char *text, size_t size)
{
    const uint32_t none = program->outcomes;
    const uint32_t certain = code / (none + 1), possible = code % (none + 1);
    const char *least = tpp_program_outcome(program, certain);
    int length;
    if (!has_outcomes(program) || least == NULL) {
        length = snprintf(text, size,
                          "not evaluated (no paragraph of this rulebook has an outcome)");
    } else if (possible == none) {
        length = snprintf(text, size, "%s", least);
    } else {
        length = snprintf(text, size, "undetermined: up to %s; at least %s",
                          program->outcome[possible],
                          certain + 1 < none ? least : "no requirement found");
    }
    return length < 0 ? 0 : (size_t)length;
}
