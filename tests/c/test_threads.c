/* One program, many threads: each decides its own rows, all into the same bitmaps, where words that
 * are neighbours belong to different threads. `make sanitize` runs this under the thread sanitizer. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "law.h"
#include "table.h"
#include "tppcore.h"

enum { THREADS = 4, ROWS = 6000, SHARD = 192, WORDS = ROWS / 64 + 1, ROUNDS = 6 };

typedef struct {
    uint64_t values[LAW_PARAGRAPHS][WORDS];
    uint64_t valid[LAW_PARAGRAPHS][WORDS];
    double low[LAW_METRICS][ROWS];
    double high[LAW_METRICS][ROWS];
} answer;

typedef struct {
    const tpp_program *program;
    const table *rows;
    answer *out;
    uint64_t first;
    uint64_t step;
} task;

static void *run(void *argument)
{
    const task *work = argument;
    uint64_t *values[LAW_PARAGRAPHS], *valid[LAW_PARAGRAPHS];
    double *low[LAW_METRICS], *high[LAW_METRICS];
    for (int p = 0; p < LAW_PARAGRAPHS; p++) {
        values[p] = work->out->values[p];
        valid[p] = work->out->valid[p];
    }
    for (int m = 0; m < LAW_METRICS; m++) {
        low[m] = work->out->low[m];
        high[m] = work->out->high[m];
    }
    for (uint64_t row = work->first; row < ROWS; row += work->step) {
        const uint64_t end = row + SHARD < ROWS ? row + SHARD : ROWS;
        tpp_error error;
        CHECK(tpp_evaluate(work->program, work->rows->column, row, end, values, valid, &error) ==
              TPP_OK);
        CHECK(tpp_metrics(work->program, work->rows->column, row, end, low, high, &error) ==
              TPP_OK);
    }
    return NULL;
}

static void test_shards(tpp_program *program, int style, unsigned long long *state)
{
    static answer alone, together;
    pthread_t thread[THREADS];
    task work[THREADS];
    table t = random_table(ROWS, style, state);
    memset(&alone, 0, sizeof alone);
    memset(&together, 0, sizeof together);
    task whole_table = {program, &t, &alone, 0, SHARD};
    run(&whole_table);
    for (uint64_t i = 0; i < THREADS; i++) {
        work[i] = (task){program, &t, &together, i * SHARD, THREADS * SHARD};
        CHECK(pthread_create(&thread[i], NULL, run, &work[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    CHECK(memcmp(alone.values, together.values, sizeof alone.values) == 0);
    CHECK(memcmp(alone.valid, together.valid, sizeof alone.valid) == 0);
    CHECK(memcmp(alone.low, together.low, sizeof alone.low) == 0);
    CHECK(memcmp(alone.high, together.high, sizeof alone.high) == 0);
    free_table(&t);
}

/* Opening, evaluating and closing in one thread while others do so. */
static void *open_and_close(void *argument)
{
    unsigned long long state = (unsigned long long)(uintptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        tpp_program *program = open_law();
        table t = random_table(100, i % STYLES, &state);
        uint64_t bits[2][LAW_PARAGRAPHS][2], *values[LAW_PARAGRAPHS], *valid[LAW_PARAGRAPHS];
        for (int p = 0; p < LAW_PARAGRAPHS; p++) {
            values[p] = bits[0][p];
            valid[p] = bits[1][p];
        }
        CHECK(tpp_evaluate(program, t.column, 0, 100, values, valid, NULL) == TPP_OK);
        free_table(&t);
        tpp_program_close(program);
    }
    return NULL;
}

int main(void)
{
    unsigned long long state = 21;
    tpp_program *program = open_law();
    for (int round = 0; round < ROUNDS; round++) {
        const char *kernel = round % 2 == 0 ? "portable" : "avx2";
        const tpp_status status = tpp_program_use_kernel(program, kernel);
        CHECK(status == TPP_OK || (round % 2 == 1 && status == TPP_ERROR_KERNEL));
        test_shards(program, round % STYLES, &state);
    }
    tpp_program_close(program);
    pthread_t thread[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&thread[i], NULL, open_and_close, (void *)(i + 1)) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_join(thread[i], NULL) == 0);
    }
    return 0;
}
