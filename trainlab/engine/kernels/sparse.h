// Products whose left-hand matrix is mostly zeros: what stands beside a zero is neither read nor multiplied.
//
// relu leaves about half of its outputs, dropout half of those, and the gradients behind them have the same zeros. Each
// row of A is listed once, by the places of the numbers that are not 0; its lists are then gone through for every panel
// of B. Adding 0 changes no sum and the order of a sum is that of k: the bits are those of block.c where that sums in one
// go, too. 0 times what is not finite is no number, and has to be seen: a panel of B that holds such is multiplied whole.
#ifndef TL_SPARSE_H
#define TL_SPARSE_H
#include "block.h"

enum { LISTED = VL == 16 ? 64 : 128 };  // numbers of a list; so many rows of WIDE_PANEL stay in the first-level cache

TL_INLINE P lists_of(P numbers) { return parts(numbers, LISTED); }

// Whether it pays: whether three of five numbers are 0 in the first eighth of the rows (a batch's are in random order).
int is_sparse(const float *a, P rows, P columns);

// The places of `n` numbers of a row that are not 0, counted within their list; list l's are places[l LISTED] and so on,
// counts[l] of them.
void list_row(const float *row, P n, uint8_t *places, uint8_t *counts);

// What block_rows does, for one list of each row: KO is 1, KI at most LISTED, B packed in wide panels. Row i's list
// begins at places[i places_row], and has counts[i counts_row] places.
void sparse_rows(const Block *q, P rows, const uint8_t *places, P places_row, const uint8_t *counts, P counts_row);

// The other way round, a product of which only some numbers are wanted: C(i, k) = scale sum of a(i, n) b(k, n) over n < N
// for the places k of row i's list, and 0 for the other k < listed. a (rows, N), b (listed, b_row), c (rows, c_row); at
// most WANTED_ROWS rows.
enum { WANTED_ROWS = 256 };
typedef struct {
  const float *a, *b;
  P N, b_row, listed;
  float *c;
  P c_row;
  float scale;
} Dots;
void wanted_dots(const Dots *q, P rows, const uint8_t *places, P places_row, const uint8_t *counts, P counts_row);

#endif
