/** The part of words.h that compilers do well enough in narrow vectors. */
#ifndef TPP_WORDS_ANY_H
#define TPP_WORDS_ANY_H

/* Words of bits, as many as a register holds. */
typedef uint64_t tpp_vector __attribute__((vector_size(16), aligned(8), may_alias));

static inline uint64_t tpp_word_nan(const double *v);

/* True only if every v[i] is usual (see tpp_all_usual), NaN or, with `zeros`, 0. Bit i of `given`:
 * v[i] is not NaN. */
static TPP_INLINE bool tpp_word_plain(const double *v, bool zeros, uint64_t *given)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bits;
        memcpy(&bits, v + i, sizeof bits);
        const bool asked = v[i] == v[i] && !(zeros && v[i] == 0.0);
        any |= asked ? bits - (UINT64_C(974) << 52) : 0;
    }
    *given = ~tpp_word_nan(v);
    return any >> 59 == 0;
}

/* Writes 8 words, past the caches where that is possible. */
static TPP_INLINE void tpp_stream(uint64_t *out, const uint64_t *words)
{
    memcpy(out, words, 8 * sizeof *out);
}

/* Makes what was written so visible to other threads. */
static inline void tpp_stream_end(void)
{
}

/* out[i] = the largest of constant * x[i] over some vectors; n is a multiple of 64. */
static inline void tpp_maximum_of(double *restrict out, const double *const *x,
                                  const double *constant, uint32_t terms, uint32_t n)
{
    for (uint32_t i = 0; i < n; i += 8) {
        double most[8];
        for (unsigned j = 0; j < 8; j++) {
            most[j] = constant[0] * x[0][i + j];
        }
        for (uint32_t t = 1; t < terms; t++) {
            for (unsigned j = 0; j < 8; j++) {
                const double y = constant[t] * x[t][i + j];
                most[j] = most[j] > y ? most[j] : y;
            }
        }
        for (unsigned j = 0; j < 8; j++) {
            out[i + j] = most[j];
        }
    }
}

#endif
