#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "program.h"

static const uint32_t NONE = UINT32_MAX; /* no node */

/* A node as a plan sees it, after folding. */
typedef struct {
    tpp_node node;
    uint32_t same_as; /* the earlier node that it equals, or itself */
    uint32_t uses;
    uint32_t slot;
    uint32_t last_use; /* index of the last step that reads it */
    bool root;         /* compared or reported: its value must be computed as such */
    bool needed;
    bool fused; /* computed within the only step that uses it */
    bool emitted;
    uint32_t terms; /* of a maximum */
} tpp_draft;

typedef struct {
    const tpp_program *program;
    tpp_plan_purpose purpose;
    tpp_draft *draft;
    tpp_plan *plan;
    uint32_t terms; /* of the plan, so far */
} tpp_builder;

static bool is_leaf(const tpp_node *node)
{
    return node->op == TPP_OP_CONST || node->op == TPP_OP_INPUT;
}

static bool has_operands(const tpp_node *node)
{
    return !is_leaf(node) && node->op != TPP_OP_NOT_APPLICABLE;
}

static bool is_constant(const tpp_draft *draft, double value)
{
    return draft->node.op == TPP_OP_CONST && draft->node.value.approx == value;
}

static void make_constant(tpp_draft *draft, tpp_decimal value)
{
    draft->node.op = TPP_OP_CONST;
    draft->node.value = value;
}

static bool is_exact(tpp_plan_purpose purpose)
{
    return purpose == TPP_PLAN_NODE_RATED || purpose == TPP_PLAN_NODE_ANY;
}

/* Computes with constants, in doubles: not for exact plans, which have no use for the result. */
static void fold_constants(tpp_draft *draft, double x, double y)
{
    tpp_decimal value = {0, 0, 0.0};
    switch (draft->node.op) {
    case TPP_OP_ADD:
        value.approx = x + y;
        break;
    case TPP_OP_MUL:
        value.approx = x * y;
        break;
    case TPP_OP_MAX:
        value.approx = x > y ? x : y;
        break;
    default:
        return;
    }
    make_constant(draft, value);
}

static void fold_select(tpp_builder *builder, tpp_draft *draft)
{
    const tpp_node *node = &draft->node;
    const tpp_cut *cut = &builder->program->cut[node->literal >> 1];
    const tpp_bound *bound = &cut->bound[0];
    const tpp_draft *condition = &builder->draft[builder->draft[cut->node].same_as];
    const double value = condition->node.value.approx;
    if (condition->node.op == TPP_OP_CONST && !(value >= bound->below && value < bound->above)) {
        const bool holds = (value >= bound->above) != ((node->literal & 1) != 0);
        draft->same_as = holds ? node->a : node->b;
    }
}

/* Where a table has three of twenty peak rates, most of the metric is max(x, c * 0): absent inputs
 * of known meaning become constants, and constants vanish. */
static void fold(tpp_builder *builder)
{
    static const tpp_decimal ZERO = {0, 0, 0.0};
    const tpp_program *program = builder->program;
    for (uint32_t i = 0; i < program->nodes; i++) {
        tpp_draft *draft = &builder->draft[i];
        tpp_node *node = &draft->node;
        if (node->op == TPP_OP_INPUT) {
            const tpp_input *input = &program->input[node->a];
            if (!input->given && input->has_default) {
                make_constant(draft, input->fill);
            } else if (!input->given && input->closed_list && !input->open_unlisted) {
                make_constant(draft, ZERO);
            }
            continue;
        }
        if (!has_operands(node)) {
            continue;
        }
        node->a = builder->draft[node->a].same_as;
        node->b = builder->draft[node->b].same_as;
        const tpp_draft *a = &builder->draft[node->a], *b = &builder->draft[node->b];
        const bool adds = node->op == TPP_OP_ADD || node->op == TPP_OP_MAX;
        if (node->op == TPP_OP_SELECT) {
            fold_select(builder, draft);
        } else if (adds && (is_constant(a, 0.0) || is_constant(b, 0.0))) {
            draft->same_as = is_constant(a, 0.0) ? node->b : node->a;
        } else if (node->op == TPP_OP_MUL && (is_constant(a, 1.0) || is_constant(b, 1.0))) {
            draft->same_as = is_constant(a, 1.0) ? node->b : node->a;
        } else if (node->op == TPP_OP_MUL &&
                   ((is_constant(a, 0.0) && !b->node.may_not_apply) ||
                    (is_constant(b, 0.0) && !a->node.may_not_apply))) {
            make_constant(draft, ZERO);
        } else if (!is_exact(builder->purpose) && a->node.op == TPP_OP_CONST &&
                   b->node.op == TPP_OP_CONST) {
            fold_constants(draft, a->node.value.approx, b->node.value.approx);
        }
    }
}

static void mark(tpp_builder *builder, uint32_t index)
{
    builder->draft[index].needed = true;
    builder->draft[index].uses++;
}

static uint32_t condition_of(const tpp_builder *builder, const tpp_node *node)
{
    return builder->draft[builder->program->cut[node->literal >> 1].node].same_as;
}

static void mark_needed(tpp_builder *builder)
{
    for (uint32_t i = builder->program->nodes; i-- > 0;) {
        const tpp_draft *draft = &builder->draft[i];
        if (draft->needed && has_operands(&draft->node)) {
            mark(builder, draft->node.a);
            mark(builder, draft->node.b);
            if (draft->node.op == TPP_OP_SELECT) {
                mark(builder, condition_of(builder, &draft->node));
            }
        }
    }
}

/* constant * x, used once and not looked at. */
static bool is_scaled(const tpp_builder *builder, uint32_t index)
{
    const tpp_draft *draft = &builder->draft[index];
    return draft->node.op == TPP_OP_MUL && draft->uses == 1 && !draft->root &&
           (builder->draft[draft->node.a].node.op == TPP_OP_CONST ||
            builder->draft[draft->node.b].node.op == TPP_OP_CONST);
}

static bool is_product_with_constant(const tpp_builder *builder, const tpp_node *node)
{
    return node->op == TPP_OP_MUL && builder->draft[node->a].node.op == TPP_OP_CONST;
}

static bool is_term(const tpp_builder *builder, uint32_t index)
{
    const tpp_node *node = &builder->draft[index].node;
    return is_scaled(builder, index) && is_product_with_constant(builder, node) &&
           builder->draft[node->a].node.value.approx > 0.0; /* 0 * infinity would be NaN */
}

static uint32_t terms_of(const tpp_builder *builder, uint32_t index)
{
    const tpp_draft *draft = &builder->draft[index];
    return draft->terms > 0 && draft->uses == 1 && !draft->root ? draft->terms : 1;
}

/* Joins a maximum and the maxima that it alone uses. Those of what may not apply stay as they are:
 * NaN needs its order. */
static bool fuse_maximum(tpp_builder *builder, uint32_t index)
{
    tpp_draft *draft = &builder->draft[index];
    const uint32_t operands[2] = {draft->node.a, draft->node.b};
    const uint32_t terms = terms_of(builder, operands[0]) + terms_of(builder, operands[1]);
    if (draft->node.may_not_apply || terms > TPP_MAX_TERMS) {
        return false;
    }
    draft->terms = terms;
    for (int i = 0; i < 2; i++) {
        tpp_draft *operand = &builder->draft[operands[i]];
        operand->fused |= terms_of(builder, operands[i]) > 1 || is_term(builder, operands[i]);
    }
    return true;
}

/* Makes the scaled operand `b`, and the constant of a product `a`. */
static void fuse(tpp_builder *builder)
{
    for (uint32_t i = 0; i < builder->program->nodes; i++) {
        tpp_node *node = &builder->draft[i].node;
        if (!builder->draft[i].needed) {
            continue;
        }
        const bool add_or_max = node->op == TPP_OP_ADD || node->op == TPP_OP_MAX;
        const bool swap = add_or_max ? is_scaled(builder, node->a) && !is_scaled(builder, node->b)
                                     : node->op == TPP_OP_MUL &&
                                           builder->draft[node->b].node.op == TPP_OP_CONST;
        if (swap) {
            const uint32_t a = node->a;
            node->a = node->b;
            node->b = a;
        }
        if (node->op == TPP_OP_MAX && !is_exact(builder->purpose) && fuse_maximum(builder, i)) {
            continue;
        }
        if (add_or_max && is_scaled(builder, node->b)) {
            builder->draft[node->b].fused = true;
        }
    }
}

static void use(tpp_builder *builder, uint32_t index)
{
    builder->draft[index].last_use = builder->plan->steps;
}

static void emit(tpp_builder *builder, uint32_t index);

static void emit_leaf(tpp_builder *builder, uint32_t index)
{
    if (is_leaf(&builder->draft[index].node) && !builder->draft[index].emitted) {
        emit(builder, index);
    }
}

/* The terms of a maximum, named by node until slots are assigned. */
static void collect(tpp_builder *builder, uint32_t index, tpp_step *step)
{
    const tpp_draft *draft = &builder->draft[index];
    const tpp_node *node = &draft->node;
    if (draft->terms > 0 && (draft->fused || index == step->node)) {
        collect(builder, node->a, step);
        collect(builder, node->b, step);
        return;
    }
    tpp_term term = {1.0, index};
    if (draft->fused) {
        term = (tpp_term){builder->draft[node->a].node.value.approx, node->b};
    }
    builder->plan->term[step->first_term + step->terms++] = term;
}

static void emit_maximum(tpp_builder *builder, uint32_t index, tpp_step *step)
{
    tpp_plan *plan = builder->plan;
    step->kind = TPP_STEP_MAX_OF;
    step->a = step->b = NONE;
    step->first_term = builder->terms;
    collect(builder, index, step);
    builder->terms += step->terms;
    const tpp_term *term = plan->term + step->first_term;
    for (uint32_t i = 0; i < step->terms; i++) {
        emit_leaf(builder, term[i].operand);
    }
    for (uint32_t i = 0; i < step->terms; i++) {
        use(builder, term[i].operand);
    }
    use(builder, index);
    plan->step[plan->steps++] = *step;
}

/* Appends the step of a node; its operands are named by node until slots are assigned. */
static void emit(tpp_builder *builder, uint32_t index)
{
    tpp_draft *draft = &builder->draft[index];
    const tpp_node *node = &draft->node;
    tpp_step step = {.node = index,
                     .out = index,
                     .positive = node->positive,
                     .may_not_apply = node->may_not_apply,
                     .a = NONE,
                     .b = NONE,
                     .condition = NONE};
    draft->emitted = true;
    switch (node->op) {
    case TPP_OP_CONST:
        step.kind = TPP_STEP_FILL;
        step.constant = node->value;
        break;
    case TPP_OP_INPUT:
        step.kind = TPP_STEP_LOAD;
        step.input = node->a;
        builder->plan->input[builder->plan->inputs++] = node->a;
        break;
    case TPP_OP_NOT_APPLICABLE:
        step.kind = TPP_STEP_NOT_APPLICABLE;
        break;
    case TPP_OP_SELECT: {
        const bool negated = (node->literal & 1) != 0;
        step.kind = TPP_STEP_SELECT;
        step.cut = node->literal >> 1;
        step.a = negated ? node->b : node->a;
        step.b = negated ? node->a : node->b;
        step.condition = condition_of(builder, node);
        break;
    }
    case TPP_OP_ADD:
    case TPP_OP_MAX:
        step.kind = node->op == TPP_OP_ADD ? TPP_STEP_ADD : TPP_STEP_MAX;
        step.a = node->a;
        step.b = node->b;
        if (builder->draft[node->b].fused) {
            const tpp_node *product = &builder->draft[node->b].node;
            step.kind = node->op == TPP_OP_ADD ? TPP_STEP_ADD_SCALED : TPP_STEP_MAX_SCALED;
            step.b = product->b;
            step.constant = builder->draft[product->a].node.value;
        }
        break;
    case TPP_OP_MUL:
        step.kind = TPP_STEP_MUL;
        step.a = node->a;
        step.b = node->b;
        if (is_product_with_constant(builder, node)) {
            step.kind = TPP_STEP_SCALE;
            step.a = node->b;
            step.b = NONE;
            step.constant = builder->draft[node->a].node.value;
        }
        break;
    default:
        step.kind = TPP_STEP_DIV;
        step.a = node->a;
        step.b = node->b;
        break;
    }
    if (draft->terms > 0) {
        emit_maximum(builder, index, &step);
        return;
    }
    step.operands = (uint32_t)(step.a != NONE) + (uint32_t)(step.b != NONE);
    const uint32_t operands[3] = {step.a, step.b, step.condition};
    for (int i = 0; i < 3; i++) {
        if (operands[i] != NONE) {
            emit_leaf(builder, operands[i]);
        }
    }
    for (int i = 0; i < 3; i++) {
        if (operands[i] != NONE) {
            use(builder, operands[i]);
        }
    }
    use(builder, index);
    builder->plan->step[builder->plan->steps++] = step;
}

static void emit_all(tpp_builder *builder)
{
    for (uint32_t i = 0; i < builder->program->nodes; i++) {
        const tpp_draft *draft = &builder->draft[i];
        if (draft->needed && !draft->fused && !is_leaf(&draft->node)) {
            emit(builder, i);
        }
    }
    for (uint32_t i = 0; i < builder->program->nodes; i++) {
        if (builder->draft[i].root) {
            emit_leaf(builder, i);
        }
    }
}

static void rank_cuts(const tpp_program *program, tpp_plan *plan, tpp_step *step)
{
    const tpp_bound *bounds[TPP_MAX_CUTS];
    const uint32_t *cut = plan->list + step->first_cut;
    for (int single = 0; single < 2; single++) {
        for (uint32_t i = 0; i < step->cuts; i++) {
            bounds[i] = &program->cut[cut[i]].bound[single];
        }
        step->ranking[single] = tpp_rank_bounds(bounds, step->cuts);
        for (uint32_t i = 0; i < step->cuts; i++) {
            plan->rank[step->first_cut + i][single] =
                tpp_rank_of(bounds[i], step->ranking[single]);
        }
    }
}

/* Which cuts and metrics look at each step's result. */
static void attach(tpp_builder *builder)
{
    const tpp_program *program = builder->program;
    tpp_plan *plan = builder->plan;
    uint32_t used = 0;
    for (uint32_t s = 0; s < plan->steps; s++) {
        tpp_step *step = &plan->step[s];
        if (!builder->draft[step->node].root || is_exact(builder->purpose)) {
            continue;
        }
        step->first_cut = used;
        for (uint32_t c = 0; c < program->cuts; c++) {
            if (builder->draft[program->cut[c].node].same_as == step->node &&
                (builder->purpose != TPP_PLAN_REPORT || program->cut[c].selects)) {
                plan->list[used++] = c;
            }
        }
        step->cuts = used - step->first_cut;
        rank_cuts(program, plan, step);
        step->first_metric = used;
        for (uint32_t m = 0; m < program->metrics && builder->purpose == TPP_PLAN_REPORT; m++) {
            if (program->metric[m].node == step->node) {
                plan->list[used++] = m;
            }
        }
        step->metrics = used - step->first_metric;
        step->compared_only = builder->draft[step->node].uses == 0 && step->metrics == 0;
    }
}

/* Names operands by slot. A result never shares the slot of an operand, so that the loops over
 * them are free of aliases. */
static tpp_status assign_slots(tpp_builder *builder)
{
    tpp_plan *plan = builder->plan;
    uint32_t owner[TPP_MAX_SLOTS];
    for (uint32_t i = 0; i < TPP_MAX_SLOTS; i++) {
        owner[i] = NONE;
    }
    for (uint32_t s = 0; s < plan->steps; s++) {
        tpp_step *step = &plan->step[s];
        uint32_t slot = 0;
        while (slot < TPP_MAX_SLOTS && owner[slot] != NONE &&
               builder->draft[owner[slot]].last_use >= s) {
            slot++;
        }
        if (slot == TPP_MAX_SLOTS) {
            return TPP_ERROR_LIMIT;
        }
        owner[slot] = step->node;
        builder->draft[step->node].slot = slot;
        step->out = slot;
        step->a = step->a == NONE ? 0 : builder->draft[step->a].slot;
        step->b = step->b == NONE ? 0 : builder->draft[step->b].slot;
        step->condition = step->condition == NONE ? 0 : builder->draft[step->condition].slot;
        for (uint32_t i = 0; i < step->terms; i++) {
            tpp_term *term = &plan->term[step->first_term + i];
            term->operand = builder->draft[term->operand].slot;
        }
        plan->slots = slot >= plan->slots ? slot + 1 : plan->slots;
    }
    return TPP_OK;
}

static void set_root(tpp_builder *builder, uint32_t index)
{
    tpp_draft *draft = &builder->draft[builder->draft[index].same_as];
    draft->root = true;
    draft->needed = true;
}

static void set_roots(tpp_builder *builder, uint32_t node)
{
    const tpp_program *program = builder->program;
    if (is_exact(builder->purpose)) {
        set_root(builder, node);
        return;
    }
    for (uint32_t c = 0; c < program->cuts; c++) {
        if (builder->purpose != TPP_PLAN_REPORT || program->cut[c].selects) {
            set_root(builder, program->cut[c].node);
        }
    }
    for (uint32_t m = 0; m < program->metrics && builder->purpose == TPP_PLAN_REPORT; m++) {
        set_root(builder, program->metric[m].node);
    }
}

tpp_status tpp_plan_build(const tpp_program *program, tpp_plan_purpose purpose, uint32_t node,
                          tpp_plan *plan)
{
    *plan = (tpp_plan){0};
    tpp_builder builder = {program, purpose, calloc(program->nodes + 1u, sizeof(tpp_draft)), plan,
                           0};
    /* An exact plan is kept for every tested node, so that it keeps no room it does not need. */
    const uint32_t listed = is_exact(purpose) ? 0 : program->cuts + program->metrics;
    const uint32_t terms = is_exact(purpose) ? 0 : 2 * program->nodes;
    plan->step = calloc(program->nodes + 1u, sizeof *plan->step);
    plan->input = calloc(program->nodes + 1u, sizeof *plan->input);
    plan->rank = calloc(listed + 1u, sizeof *plan->rank);
    plan->term = calloc(terms + 1u, sizeof *plan->term);
    plan->list = calloc(listed + 1u, sizeof *plan->list);
    if (builder.draft == NULL || plan->step == NULL || plan->input == NULL || plan->list == NULL ||
        plan->rank == NULL || plan->term == NULL) {
        free(builder.draft);
        tpp_plan_free(plan);
        return TPP_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < program->nodes; i++) {
        builder.draft[i].node = program->node[i];
        builder.draft[i].same_as = i;
    }
    if (purpose == TPP_PLAN_RATED || purpose == TPP_PLAN_NODE_RATED) {
        fold(&builder);
    }
    set_roots(&builder, node);
    mark_needed(&builder);
    fuse(&builder);
    emit_all(&builder);
    attach(&builder);
    const tpp_status status = assign_slots(&builder);
    free(builder.draft);
    if (status != TPP_OK) {
        tpp_plan_free(plan);
        return status;
    }
    tpp_step *step = realloc(plan->step, (plan->steps + 1u) * sizeof *step);
    plan->step = step != NULL ? step : plan->step;
    uint32_t *input = realloc(plan->input, (plan->inputs + 1u) * sizeof *input);
    plan->input = input != NULL ? input : plan->input;
    return TPP_OK;
}

void tpp_plan_free(tpp_plan *plan)
{
    free(plan->step);
    free(plan->input);
    free(plan->list);
    free(plan->rank);
    free(plan->term);
    *plan = (tpp_plan){0};
}
