/* One chip: one_chip LAW.tpp NAME=VALUE ... prints every paragraph with its verdict and citation. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tppcore.h>

enum { MOST_INPUTS = 256, MOST_PARAGRAPHS = 4096, TEXT = 512 };

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "one_chip: %s: %s\n", what, why);
    exit(2);
}

int main(int count, char **argument)
{
    static const char *const words[3] = {"undetermined", "false", "true"};
    static double values[MOST_INPUTS];
    static int8_t verdicts[MOST_PARAGRAPHS];
    tpp_program *law;
    tpp_error error;
    if (count < 2) {
        fail("usage", "one_chip LAW.tpp NAME=VALUE ...");
    }
    if (tpp_program_open_file(argument[1], &law, &error) != TPP_OK) {
        fail(argument[1], tpp_status_text(error.status));
    }
    for (uint32_t i = 0; i < tpp_program_inputs(law); i++) {
        values[i] = NAN; /* missing */
    }
    for (int i = 2; i < count; i++) {
        char *equals = strchr(argument[i], '=');
        if (equals == NULL) {
            fail(argument[i], "expected NAME=VALUE");
        }
        *equals = 0;
        const uint32_t input = tpp_program_find_input(law, argument[i]);
        if (input == TPP_ABSENT) {
            fail(argument[i], "no input of this law");
        }
        values[input] = strtod(equals + 1, NULL);
    }
    if (tpp_decide(law, values, NULL, NULL, verdicts, &error) != TPP_OK) {
        fprintf(stderr, "one_chip: %s: %.17g; expected %s\n",
                tpp_program_input_name(law, error.input), error.value,
                tpp_status_text(error.status));
        return 2;
    }
    for (uint32_t p = 0; p < tpp_program_paragraphs(law); p++) {
        printf("%s: %s (%s)\n", tpp_program_paragraph_id(law, p), words[verdicts[p] + 1],
               tpp_program_paragraph_citation(law, p));
    }
    char outcome[TEXT];
    tpp_outcome_text(law, tpp_highest_outcome(law, verdicts), outcome, sizeof outcome);
    puts(outcome);
    tpp_program_close(law);
    return 0;
}
