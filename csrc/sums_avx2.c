/* Adding up for processors with AVX2 and FMA; built with -mavx2. */
#define TPP_SUMS tpp_sums_avx2
#define TPP_SUMS_NAME "avx2"
#include "sums.c"
