/* Compiled once for every instruction set, with TPP_SUMS as its name; see sums.h. */
#include "sums.h"

#include <math.h>
#include <string.h>

#include "read_parts.h"
#include "words.h"

#if !defined(TPP_SUMS)
#define TPP_SUMS tpp_sums_portable
#define TPP_SUMS_NAME "portable"
#endif

#if defined(__AVX2__)
#include "adding_avx2.h"
#else
#include "adding_plain.h"
#endif

enum { MISSING = 255 }; /* of a boolean */

static void split(const double *high, const uint64_t *open, uint32_t figure, tpp_ends out)
{
    const uint64_t bit = UINT64_C(1) << figure;
    const double *restrict to = high != NULL ? high : out.value;
    double *restrict value = out.value, *restrict low = out.low, *restrict end = out.high;
    for (uint32_t i = 0; i < TPP_GROUP; i++) {
        const double x = value[i], y = to[i];
        const bool is_open = (open[i] & bit) != 0;
        const bool is_value = !is_open & (x == y);
        value[i] = is_value ? x : NAN;
        low[i] = is_value ? NAN : x;
        end[i] = is_value | is_open ? NAN : y;
    }
}

static void flags(uint64_t met, uint64_t possible, uint8_t *out)
{
    for (uint32_t i = 0; i < TPP_GROUP; i++) {
        const uint32_t can = (uint32_t)(possible >> i & 1), is = (uint32_t)(met >> i & 1);
        out[i] = (uint8_t)(is != 0 ? 1 : can * MISSING);
    }
}

static void write_words(const uint64_t *words, uint64_t *out, bool streams)
{
    if (streams) {
        tpp_stream(out, words);
    } else {
        memcpy(out, words, 8 * sizeof *out);
    }
}

const tpp_sums_kernel TPP_SUMS = {TPP_SUMS_NAME, read_parts, add,         spread, sets,
                                  split,         flags,      write_words, tpp_stream_end};
