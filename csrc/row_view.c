#include "row_view.h"

#include <math.h>
#include <stdlib.h>

#include "number.h"

static const uint64_t FIRST_LITERALS = UINT64_C(0x5555555555555555);

static void *new_array(size_t count, size_t size)
{
    return calloc(count + 1, size);
}

static void add_to(uint64_t *set, uint32_t literal)
{
    set[literal / 64] |= UINT64_C(1) << literal % 64;
}

static tpp_row_range absent(const tpp_input *input, bool rated)
{
    const tpp_number number = tpp_number_absent(input, rated);
    return (tpp_row_range){number.low.approx, number.is_open ? HUGE_VAL : number.high.approx};
}

static bool fill_inputs(tpp_row_view *view, const tpp_program *program)
{
    view->input = new_array(program->inputs, sizeof *view->input);
    for (int given = 1; given >= 0 && view->input != NULL; given--) {
        for (uint32_t i = 0; i < program->inputs; i++) {
            const tpp_input *input = &program->input[i];
            if (input->given == (given == 1) && (input->given || input->used)) {
                view->input[view->inputs++] = (tpp_row_input){
                    i, input->positive, input->closed_list, input->no_range, input->choices,
                    {absent(input, 0), absent(input, 1)}};
                view->given += input->given;
            }
        }
    }
    return view->input != NULL;
}

static bool allocate_schedule(tpp_row_schedule *out, const tpp_plan *plan, uint32_t cuts)
{
    uint32_t terms = 0;
    for (uint32_t s = 0; s < plan->steps; s++) {
        terms += plan->step[s].terms;
    }
    out->step = new_array(plan->steps, sizeof *out->step);
    out->term = new_array(terms, sizeof *out->term);
    out->threshold[0] = new_array(cuts, sizeof *out->threshold[0]);
    out->threshold[1] = new_array(cuts, sizeof *out->threshold[1]);
    return out->step != NULL && out->term != NULL && out->threshold[0] != NULL &&
           out->threshold[1] != NULL;
}

static bool fill_schedule(tpp_row_schedule *out, const tpp_program *program, const tpp_plan *plan)
{
    uint16_t place[TPP_MAX_SLOTS] = {0}; /* of what is in a slot of the plan */
    uint32_t terms = 0, compared = 0;
    if (!allocate_schedule(out, plan, program->cuts)) {
        return false;
    }
    for (uint32_t s = 0; s < plan->steps; s++) {
        const tpp_step *from = &plan->step[s];
        const bool loads = from->kind == TPP_STEP_LOAD;
        const uint16_t input = (uint16_t)(TPP_MAX_SLOTS + from->input);
        if (!loads || from->cuts > 0) {
            out->step[out->steps++] = (tpp_row_step){
                .constant = from->constant.approx,
                .kind = (uint16_t)from->kind,
                .positive = from->positive,
                .out = (uint16_t)from->out,
                .a = loads ? input : place[from->a],
                .b = place[from->b],
                .condition = place[from->condition],
                .cut = from->cut,
                .first_term = terms,
                .terms = from->terms,
                .thresholds = from->cuts,
            };
        }
        for (uint32_t i = 0; i < from->terms; i++) {
            const tpp_term *one = &plan->term[from->first_term + i];
            out->term[terms++] = (tpp_row_term){one->constant, place[one->operand]};
        }
        for (uint32_t i = 0; i < from->cuts; i++, compared++) {
            const uint32_t cut = plan->list[from->first_cut + i];
            for (int single = 0; single < 2; single++) {
                const tpp_bound *bound = &program->cut[cut].bound[single];
                out->threshold[single][compared] =
                    (tpp_row_threshold){bound->below, bound->above, cut, cut / 32, 2 * (cut % 32)};
            }
        }
        place[from->out] = loads ? input : (uint16_t)from->out;
    }
    return true;
}

static bool fill_sets(tpp_row_view *view, const tpp_program *program)
{
    view->box = new_array((size_t)program->boxes * view->words, sizeof *view->box);
    view->paragraph = new_array((size_t)program->paragraphs * view->words, sizeof *view->paragraph);
    if (view->box == NULL || view->paragraph == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < program->boxes; i++) {
        const tpp_box *box = &program->box[i];
        for (uint32_t j = 0; j < box->literals; j++) {
            add_to(view->box + (size_t)i * view->words, program->literal[box->first_literal + j]);
        }
    }
    for (uint32_t i = 0; i < program->paragraphs; i++) {
        const tpp_paragraph *paragraph = &program->paragraph[i];
        uint64_t *cuts = view->paragraph + (size_t)i * view->words;
        const uint64_t *box = view->box + (size_t)paragraph->first_box * view->words;
        for (uint32_t j = 0; j < paragraph->true_boxes + paragraph->false_boxes; j++) {
            for (uint32_t w = 0; w < view->words; w++, box++) {
                cuts[w] |= (*box | *box >> 1) & FIRST_LITERALS;
            }
        }
    }
    return true;
}

tpp_status tpp_row_view_build(tpp_program *program)
{
    tpp_row_view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return TPP_ERROR_MEMORY;
    }
    program->row_view = view;
    view->words = (program->cuts + 31) / 32;
    return fill_inputs(view, program) &&
                   fill_schedule(&view->schedule[0], program, &program->any) &&
                   fill_schedule(&view->schedule[1], program, &program->rated) &&
                   fill_sets(view, program)
               ? TPP_OK
               : TPP_ERROR_MEMORY;
}

void tpp_row_view_free(tpp_row_view *view)
{
    if (view == NULL) {
        return;
    }
    for (int rated = 0; rated < 2; rated++) {
        free(view->schedule[rated].step);
        free(view->schedule[rated].term);
        free(view->schedule[rated].threshold[0]);
        free(view->schedule[rated].threshold[1]);
    }
    free(view->input);
    free(view->box);
    free(view->paragraph);
    free(view);
}
