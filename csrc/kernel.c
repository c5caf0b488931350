#include <stdlib.h>
#include <string.h>

#include "block.h"

static const tpp_block_kernel *avx2(void)
{
#if defined(TPP_WITH_AVX2)
    if (__builtin_cpu_supports("avx2")) {
        return &tpp_block_avx2;
    }
#endif
    return NULL;
}

const tpp_block_kernel *tpp_block_kernel_choose(void)
{
    const char *name = getenv("TPPCORE_KERNEL");
    if (name != NULL && name[0] != '\0') {
        return tpp_block_kernel_named(name);
    }
    const tpp_block_kernel *best = avx2();
    return best != NULL ? best : &tpp_block_portable;
}

const tpp_block_kernel *tpp_block_kernel_named(const char *name)
{
    if (strcmp(name, tpp_block_portable.name) == 0) {
        return &tpp_block_portable;
    }
    const tpp_block_kernel *other = avx2();
    return other != NULL && strcmp(name, other->name) == 0 ? other : NULL;
}
