/**
 * Near rows decided in integers of 128 bits, many at a time: which numbers of a formula matter is
 * read off doubles first, so that a maximum of five peak rates needs one of them exactly.
 */
#ifndef TPP_NARROW_H
#define TPP_NARROW_H

#include "program.h"

enum { TPP_NARROW_ROWS = 64 };

/* A cut, the rows that want it, and those of them in which it holds for all values of the row, or
 * for any. */
typedef struct {
    uint32_t cut;
    uint64_t wanted;
    uint64_t near; /* used while deciding */
    uint64_t certain;
    uint64_t possible;
} tpp_narrow_cut;

/**
 * Decides cuts of one tested node in some rows whose numbers are valid.
 * @param rated whether the rows state any peak rate: all do or none
 * @param target the tested node, tpp_cut.target of all the cuts
 * @param row the rows, at most TPP_NARROW_ROWS; bit i of a set of rows is row[i]
 * @return the rows that were decided; others do not apply, hold ranges that feed both ends of the
 *         node, or outgrow 128 bits
 */
uint64_t tpp_narrow_decide(const tpp_program *program, const tpp_column *columns, bool rated,
                           uint32_t target, const uint64_t *row, uint32_t rows,
                           tpp_narrow_cut *cut, uint32_t cuts);

#endif
