/** Reading a program file: everything that evaluating it relies on is checked here. */
#ifndef TPP_PROGRAM_READ_H
#define TPP_PROGRAM_READ_H

#include "program.h"

/* The largest file; see also the limits of program.h. */
enum { TPP_MAX_FILE = 1 << 24 };

/* Fills a program that is all zeros, but for its plans and kernel. What it allocates is freed by
 * tpp_program_close, also after an error. */
tpp_status tpp_program_read(const uint8_t *bytes, size_t size, tpp_program *program);

#endif
