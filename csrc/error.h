/** Filling the caller's error. */
#ifndef TPP_ERROR_H
#define TPP_ERROR_H

#include "tppcore.h"

/* Records an error that is not about a number; returns its status. */
tpp_status tpp_error_set(tpp_error *error, tpp_status status);

/* Records an error about a number; returns its status. */
tpp_status tpp_error_number(tpp_error *error, tpp_status status, uint64_t row, uint32_t input,
                            tpp_part part, double value);

#endif
