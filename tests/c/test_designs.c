/* Designs of a space against the table that they stand for: every number of axes, places and kinds,
 * begun anywhere. Arrays have exactly the elements that are needed, so that a read past is seen. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "law.h"
#include "table.h"
#include "tppcore.h"

enum { ROUNDS = 300, MOST_AXES = 5, MOST_DESIGNS = 20000, WORDS = MOST_DESIGNS / 64 + 1 };

typedef struct {
    uint32_t axes;
    uint64_t size[MOST_AXES];
    uint64_t designs;
} space;

static space random_space(unsigned long long *state)
{
    static const uint64_t sizes[8] = {1, 2, 3, 5, 7, 16, 64, 700};
    space s = {.axes = (uint32_t)(next_random(state) % (MOST_AXES + 1)), .designs = 1};
    for (uint32_t a = 0; a < s.axes; a++) {
        s.size[a] = sizes[next_random(state) % 8];
        s.size[a] = s.designs * s.size[a] > MOST_DESIGNS ? 1 : s.size[a];
        s.designs *= s.size[a];
    }
    return s;
}

/* The element of a design in the values over some of the axes. */
static uint64_t element(const space *s, uint64_t over, uint64_t design)
{
    uint64_t found = 0, step = 1;
    for (uint32_t a = s->axes; a-- > 0;) {
        if (over >> a & 1) {
            found += design % s->size[a] * step;
            step *= s->size[a];
        }
        design /= s->size[a];
    }
    return found;
}

static uint64_t elements(const space *s, uint64_t over)
{
    uint64_t found = 1;
    for (uint32_t a = 0; a < s->axes; a++) {
        found *= over >> a & 1 ? s->size[a] : 1;
    }
    return found;
}

/* The table of all designs, in `t`, from that of the elements of each quantity. */
static void spread(const space *s, const table *own, const tpp_spread *quantities, table *t)
{
    memset(t, 0, sizeof *t);
    t->rows = s->designs;
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        const tpp_column *from = &own->column[i];
        const void *parts[3] = {from->values, from->low, from->high};
        void *out[3] = {NULL, NULL, NULL};
        for (int p = 0; p < 3; p++) {
            if (parts[p] == NULL) {
                continue;
            }
            const size_t width = p == 0 && from->kind == TPP_BOOLEAN ? 1 : sizeof(double);
            out[p] = owned(t, i, p, s->designs * width);
            for (uint64_t d = 0; d < s->designs; d++) {
                const uint64_t e = element(s, quantities[i].axes, d);
                memcpy((char *)out[p] + d * width, (const char *)parts[p] + e * width, width);
            }
        }
        t->column[i] = (tpp_column){.values = out[0], .low = out[1], .high = out[2],
                                    .kind = from->kind};
    }
}

typedef struct {
    uint64_t values[LAW_PARAGRAPHS][WORDS];
    uint64_t valid[LAW_PARAGRAPHS][WORDS];
} answer;

static void point(answer *to, uint64_t word, uint64_t **values, uint64_t **valid)
{
    for (int p = 0; p < LAW_PARAGRAPHS; p++) {
        values[p] = to->values[p] + word;
        valid[p] = to->valid[p] + word;
    }
}

static void test_one(const tpp_program *program, int style, unsigned long long *state)
{
    static answer expected, found;
    const space s = random_space(state);
    table own[LAW_INPUTS], joint, whole;
    tpp_spread quantities[LAW_INPUTS];
    memset(&joint, 0, sizeof joint);
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        const uint64_t over = next_random(state) % (UINT64_C(1) << s.axes);
        own[i] = random_table(elements(&s, over), style, state);
        joint.column[i] = own[i].column[i];
        quantities[i] = (tpp_spread){own[i].column[i], over};
    }
    spread(&s, &joint, quantities, &whole);
    memset(&expected, 0, sizeof expected);
    memset(&found, 0, sizeof found);
    uint64_t *values[LAW_PARAGRAPHS], *valid[LAW_PARAGRAPHS];
    tpp_error error, other;
    point(&expected, 0, values, valid);
    const tpp_status status =
        tpp_evaluate(program, whole.column, 0, s.designs, values, valid, &error);
    for (uint64_t begin = 0, end = 0; begin < s.designs; begin = end) {
        end = begin + 64 * (1 + next_random(state) % 40);
        end = end < s.designs ? end : s.designs;
        point(&found, begin / 64, values, valid);
        const tpp_status own_status = tpp_designs(program, quantities, s.size, s.axes, begin, end,
                                                  values, valid, &other);
        if (status != TPP_OK && error.row < end) {
            CHECK(own_status == status && other.row == error.row && other.input == error.input);
            break;
        }
        CHECK(own_status == TPP_OK);
    }
    CHECK(status != TPP_OK || memcmp(&expected, &found, sizeof found) == 0);
    for (uint32_t i = 0; i < LAW_INPUTS; i++) {
        free_table(&own[i]);
    }
    free_table(&whole);
}

static void test_refusals(const tpp_program *program)
{
    uint64_t bits[LAW_PARAGRAPHS][2], *out[LAW_PARAGRAPHS];
    for (int p = 0; p < LAW_PARAGRAPHS; p++) {
        out[p] = bits[p];
    }
    const uint64_t sizes[2] = {8, 8}, none[2] = {8, 0};
    const uint64_t endless[2] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
    tpp_spread q[LAW_INPUTS];
    memset(q, 0, sizeof q);
    CHECK(tpp_designs(program, q, sizes, 2, 0, 64, out, out, NULL) == TPP_OK);
    CHECK(tpp_designs(program, q, NULL, 0, 0, 1, out, out, NULL) == TPP_OK);
    CHECK(tpp_designs(NULL, q, sizes, 2, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, NULL, sizes, 2, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, NULL, 2, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, none, 2, 0, 0, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, endless, 2, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, sizes, 65, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, sizes, 2, 1, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, sizes, 2, 0, 65, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, sizes, 2, 64, 0, out, out, NULL) == TPP_ERROR_ARGUMENT);
    CHECK(tpp_designs(program, q, sizes, 2, 0, 64, NULL, out, NULL) == TPP_ERROR_ARGUMENT);
    q[0].column.kind = TPP_INT32;
    CHECK(tpp_designs(program, q, sizes, 2, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
    q[0].column = (tpp_column){.present = (const uint8_t *)""};
    CHECK(tpp_designs(program, q, sizes, 2, 0, 64, out, out, NULL) == TPP_ERROR_ARGUMENT);
}

int main(void)
{
    unsigned long long state = 31;
    tpp_program *program = open_law();
    for (int round = 0; round < ROUNDS; round++) {
        const char *kernel = round % 2 == 0 ? "portable" : "avx2";
        const tpp_status status = tpp_program_use_kernel(program, kernel);
        CHECK(status == TPP_OK || (round % 2 == 1 && status == TPP_ERROR_KERNEL));
        const int styles[4] = {0, HOLES, RANGES, HOLES | RANGES};
        test_one(program, styles[round / 2 % 4], &state);
    }
    test_refusals(program);
    tpp_program_close(program);
    return 0;
}
