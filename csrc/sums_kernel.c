#include "block.h"
#include "sums.h"

/* By the name that the block evaluator goes by, so that one variable of the environment forces both. A
 * processor with AVX2 and without FMA adds up in the portable way. */
const tpp_sums_kernel *tpp_sums_kernel_choose(void)
{
    const tpp_block_kernel *block = tpp_block_kernel_choose();
    if (block == NULL) {
        return NULL;
    }
#if defined(TPP_WITH_AVX2)
    if (block == &tpp_block_avx2 && __builtin_cpu_supports("fma")) {
        return &tpp_sums_avx2;
    }
#endif
    return &tpp_sums_portable;
}
