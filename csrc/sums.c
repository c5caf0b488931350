/* Compiled once for every instruction set, with TPP_SUMS as its name; see sums.h. */
#include "sums.h"

#include <math.h>
#include <string.h>

#include "words.h"
#include "read_parts.h"

#if !defined(TPP_SUMS)
#define TPP_SUMS tpp_sums_portable
#define TPP_SUMS_NAME "portable"
#endif

enum { MISSING = 255 }; /* of a boolean */

#if defined(__AVX2__)
#include "adding_avx2.h"
#else
#include "adding_plain.h"
#endif

static void stream(uint64_t *out, const uint64_t *words)
{
    tpp_stream(out, words);
}

const tpp_sums_kernel TPP_SUMS = {TPP_SUMS_NAME, read_offsets, read_parts, add,       spread,
                                  total,         turn,         open_ends,  flags,     stream,
                                  tpp_stream_end};
