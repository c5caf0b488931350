/** Exact sums as doubles. */
#ifndef TPP_RATIO_H
#define TPP_RATIO_H

#include <stdbool.h>

#include "u128.h"

enum { TPP_RATIO_EXPONENTS = 38 };

/* The double nearest to whole * 10^exponent / divisor, `exponent` from -38 to 38 and `divisor` prime
 * to 10. True if the number is that double's own shortest decimal. */
bool tpp_ratio_double(tpp_u128 whole, int32_t exponent, uint64_t divisor, double *nearest);

#endif
