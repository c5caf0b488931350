#include "program.h"

#include <stdio.h>
#include <stdlib.h>

#include "block.h"
#include "error.h"
#include "program_read.h"
#include "row_view.h"

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
    const tpp_status status = tpp_program_read(bytes, size, program);
    if (status != TPP_OK) {
        return status;
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

/* The bytes of a file, of which there may be no end; not many more than the largest program has. */
static tpp_status read_file(FILE *file, uint8_t **bytes, size_t *size)
{
    size_t room = 0;
    *size = 0;
    do {
        room = room == 0 ? 1 << 16 : 2 * room;
        uint8_t *more = realloc(*bytes, room);
        if (more == NULL) {
            return TPP_ERROR_MEMORY;
        }
        *bytes = more;
        *size += fread(*bytes + *size, 1, room - *size, file);
    } while (*size == room && room <= TPP_MAX_FILE);
    return ferror(file) ? TPP_ERROR_FILE : *size > TPP_MAX_FILE ? TPP_ERROR_LIMIT : TPP_OK;
}

TPP_API tpp_status tpp_program_open_file(const char *path, tpp_program **program, tpp_error *error)
{
    if (program == NULL) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    *program = NULL;
    if (path == NULL) {
        return tpp_error_set(error, TPP_ERROR_ARGUMENT);
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return tpp_error_set(error, TPP_ERROR_FILE);
    }
    uint8_t *bytes = NULL;
    size_t size;
    tpp_status status = read_file(file, &bytes, &size);
    (void)fclose(file);
    status = status == TPP_OK ? tpp_program_open(bytes, size, program, error)
                              : tpp_error_set(error, status);
    free(bytes);
    return status;
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
    free(program->word);
    free(program->outcome);
    free(program->fact);
    free(program->names);
    free(program);
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
