/* The verdicts on a table: verdicts LAW.tpp TABLE.csv VERDICTS.csv
 *
 * TABLE has a column a quantity, NAME, NAME_low or NAME_high; an empty cell is missing, a category is
 * one of its words, and other columns are skipped. VERDICTS has one column a paragraph, 1 true,
 * 0 false, -1 undetermined, and the highest outcome in words. Exit code 2 for bad input. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tppcore.h>

enum { LINE = 1 << 16, PARTS = 3, TEXT = 512 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "verdicts: %s: %s\n", what, why);
    exit(2);
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (memory == NULL) {
        fail("table", "no memory");
    }
    return memory;
}

/* ---- the table ---- */

typedef struct {
    uint64_t rows;
    double **part[PARTS]; /* by input, NULL where the table has no such column: a cell a row */
} table;

/* Where a column of the file goes: TPP_ABSENT if it is none of the law's. */
typedef struct {
    uint32_t input;
    tpp_part part;
} place;

static place place_of(const tpp_program *law, const char *name)
{
    static const char *const endings[PARTS] = {"", "_low", "_high"};
    for (int part = 0; part < PARTS; part++) {
        char quantity[256];
        const size_t length = strlen(name), end = strlen(endings[part]);
        if (length >= end && length < sizeof quantity && !strcmp(name + length - end, endings[part])) {
            memcpy(quantity, name, length - end);
            quantity[length - end] = 0;
            const uint32_t input = tpp_program_find_input(law, quantity);
            if (input != TPP_ABSENT) {
                return (place){input, (tpp_part)part};
            }
        }
    }
    return (place){TPP_ABSENT, TPP_PART_VALUE};
}

static double number_of(const tpp_program *law, uint32_t input, const char *cell)
{
    char *end;
    if (cell[0] == 0) {
        return NAN;
    }
    for (uint32_t word = 0; word < tpp_program_input_words(law, input); word++) {
        if (strcmp(cell, tpp_program_input_word(law, input, word)) == 0) {
            return word;
        }
    }
    const double value = strtod(cell, &end);
    if (*end != 0) {
        fail(cell, "not a number");
    }
    return value;
}

/* The next cell of a line, which is cut up; NULL at its end. */
static char *next_cell(char **line)
{
    char *cell = *line;
    if (cell != NULL) {
        char *comma = strchr(cell, ',');
        *line = comma != NULL ? comma + 1 : NULL;
        cell[strcspn(cell, ",\r\n")] = 0;
    }
    return cell;
}

static uint64_t count_lines(FILE *file)
{
    static char line[LINE];
    uint64_t lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        lines++;
    }
    rewind(file);
    return lines;
}

static table read_table(const tpp_program *law, const char *path)
{
    static char line[LINE];
    static place places[LINE];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail(path, "can't be read");
    }
    table out = {.rows = count_lines(file)};
    if (out.rows-- == 0 || fgets(line, sizeof line, file) == NULL) {
        fail(path, "empty");
    }
    for (int part = 0; part < PARTS; part++) {
        out.part[part] = allocate(tpp_program_inputs(law), sizeof *out.part[part]);
    }
    size_t columns = 0;
    char *rest = line;
    for (char *name; (name = next_cell(&rest)) != NULL; columns++) {
        const place at = places[columns] = place_of(law, name);
        if (at.input != TPP_ABSENT) {
            out.part[at.part][at.input] = allocate(out.rows, sizeof(double));
        }
    }
    for (uint64_t row = 0; row < out.rows && fgets(line, sizeof line, file) != NULL; row++) {
        rest = line;
        for (size_t c = 0; c < columns; c++) {
            const char *cell = next_cell(&rest);
            const place at = places[c];
            if (cell == NULL) {
                fail(path, "a line is too short");
            }
            if (at.input != TPP_ABSENT) {
                out.part[at.part][at.input][row] = number_of(law, at.input, cell);
            }
        }
    }
    fclose(file);
    return out;
}

static void free_table(const tpp_program *law, table *t)
{
    for (int part = 0; part < PARTS; part++) {
        for (uint32_t input = 0; input < tpp_program_inputs(law); input++) {
            free(t->part[part][input]);
        }
        free(t->part[part]);
    }
}

/* ---- the verdicts ---- */

/* Bitmaps of values and, after them, of validity. */
static uint64_t **decide(const tpp_program *law, const table *t)
{
    const uint32_t inputs = tpp_program_inputs(law), paragraphs = tpp_program_paragraphs(law);
    const size_t words = (size_t)(t->rows + 63) / 64;
    tpp_column *columns = allocate(inputs, sizeof *columns);
    for (uint32_t i = 0; i < inputs; i++) {
        columns[i].kind = TPP_FLOAT64;
        columns[i].values = t->part[TPP_PART_VALUE][i];
        columns[i].low = t->part[TPP_PART_LOW][i];
        columns[i].high = t->part[TPP_PART_HIGH][i];
    }
    uint64_t **bits = allocate(2 * (size_t)paragraphs, sizeof *bits);
    for (uint32_t i = 0; i < 2 * paragraphs; i++) {
        bits[i] = allocate(words, sizeof **bits);
    }
    tpp_error error;
    if (tpp_evaluate(law, columns, 0, t->rows, bits, bits + paragraphs, &error) != TPP_OK) {
        char why[TEXT];
        snprintf(why, sizeof why, "row %llu: %.17g; expected %s", (unsigned long long)error.row,
                 error.value, tpp_status_text(error.status));
        fail(tpp_program_input_name(law, error.input), why);
    }
    free(columns);
    return bits;
}

static int verdict(uint64_t *const *bits, uint32_t paragraphs, uint32_t paragraph, uint64_t row)
{
    const uint64_t bit = UINT64_C(1) << row % 64;
    const int value = (bits[paragraph][row / 64] & bit) != 0;
    return (bits[paragraphs + paragraph][row / 64] & bit) != 0 ? value : -1;
}

static void write_verdicts(const tpp_program *law, uint64_t *const *bits, uint64_t rows,
                           const char *path)
{
    const uint32_t paragraphs = tpp_program_paragraphs(law);
    uint8_t *codes = allocate((size_t)rows, sizeof *codes);
    tpp_highest_outcomes(law, bits, bits + paragraphs, 0, rows, codes);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fail(path, "can't be written");
    }
    for (uint32_t p = 0; p < paragraphs; p++) {
        fprintf(file, "%s,", tpp_program_paragraph_id(law, p));
    }
    fputs("outcome\n", file);
    for (uint64_t row = 0; row < rows; row++) {
        char outcome[TEXT];
        for (uint32_t p = 0; p < paragraphs; p++) {
            fprintf(file, "%d,", verdict(bits, paragraphs, p, row));
        }
        tpp_outcome_text(law, codes[row], outcome, sizeof outcome);
        fprintf(file, "\"%s\"\n", outcome);
    }
    if (fclose(file) != 0) {
        fail(path, "can't be written");
    }
    free(codes);
}

int main(int count, char **argument)
{
    if (count != 4) {
        fail("usage", "verdicts LAW.tpp TABLE.csv VERDICTS.csv");
    }
    tpp_program *law;
    tpp_error error;
    if (tpp_program_open_file(argument[1], &law, &error) != TPP_OK) {
        fail(argument[1], tpp_status_text(error.status));
    }
    table t = read_table(law, argument[2]);
    uint64_t **bits = decide(law, &t);
    write_verdicts(law, bits, t.rows, argument[3]);
    printf("%llu rows under the law of %s (rulebook %s)\n", (unsigned long long)t.rows,
           tpp_program_fact(law, "as_of"), tpp_program_fact(law, "rulebook"));
    for (uint32_t i = 0; i < 2 * tpp_program_paragraphs(law); i++) {
        free(bits[i]);
    }
    free(bits);
    free_table(law, &t);
    tpp_program_close(law);
    return 0;
}
