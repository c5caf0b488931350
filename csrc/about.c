/* What a program says of itself. */
#include <string.h>

#include "program.h"

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

static bool is_same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

TPP_API int tpp_program_input_given(const tpp_program *program, uint32_t index)
{
    return index < program->inputs && program->input[index].given;
}

TPP_API uint32_t tpp_program_find_input(const tpp_program *program, const char *quantity)
{
    for (uint32_t i = 0; i < program->inputs && quantity != NULL; i++) {
        if (program->input[i].given && is_same(program->input[i].name, quantity)) {
            return i;
        }
    }
    return TPP_ABSENT;
}

TPP_API uint32_t tpp_program_find_paragraph(const tpp_program *program, const char *id)
{
    for (uint32_t i = 0; i < program->paragraphs && id != NULL; i++) {
        if (is_same(program->paragraph[i].id, id)) {
            return i;
        }
    }
    return TPP_ABSENT;
}

TPP_API tpp_quantity tpp_program_input_kind(const tpp_program *program, uint32_t index)
{
    return index < program->inputs ? program->input[index].kind : TPP_QUANTITY_NUMBER;
}

TPP_API const char *tpp_program_input_unit(const tpp_program *program, uint32_t index)
{
    return index < program->inputs ? program->input[index].unit : NULL;
}

TPP_API uint32_t tpp_program_input_words(const tpp_program *program, uint32_t index)
{
    return index < program->inputs ? program->input[index].words : 0;
}

TPP_API const char *tpp_program_input_word(const tpp_program *program, uint32_t index,
                                           uint32_t word)
{
    return word < tpp_program_input_words(program, index)
               ? program->word[program->input[index].first_word + word]
               : NULL;
}

TPP_API const char *tpp_program_paragraph_citation(const tpp_program *program, uint32_t index)
{
    return index < program->paragraphs ? program->paragraph[index].citation : NULL;
}

TPP_API uint32_t tpp_program_paragraph_outcome(const tpp_program *program, uint32_t index)
{
    return index < program->paragraphs ? program->paragraph[index].outcome : TPP_ABSENT;
}

TPP_API const char *tpp_program_metric_unit(const tpp_program *program, uint32_t index)
{
    return index < program->metrics ? program->metric[index].unit : NULL;
}

TPP_API uint32_t tpp_program_facts(const tpp_program *program)
{
    return program->facts;
}

TPP_API const char *tpp_program_fact_name(const tpp_program *program, uint32_t index)
{
    return index < program->facts ? program->fact[index].name : NULL;
}

TPP_API const char *tpp_program_fact(const tpp_program *program, const char *name)
{
    for (uint32_t i = 0; i < program->facts && name != NULL; i++) {
        if (is_same(program->fact[i].name, name)) {
            return program->fact[i].value;
        }
    }
    return NULL;
}

TPP_API const char *tpp_version(void)
{
    return TPP_VERSION;
}
