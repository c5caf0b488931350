/* The block evaluator for processors with AVX2; built with -mavx2, without FMA. */
#define TPP_KERNEL tpp_block_avx2
#define TPP_KERNEL_NAME "avx2"
#include "block.c"
