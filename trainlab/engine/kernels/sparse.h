// Products whose left-hand matrix is mostly zeros: zeros are neither read nor multiplied.
//
// relu sets about half of its outputs to 0, dropout half of the rest, and their gradients have the same zeros. Each row of
// A is listed once, by the indices of its nonzeros; every panel of B then runs through these lists. Adding 0 changes no
// sum and sums run in the order of k, so the bits equal those of block.c if that sums in one block of k. 0 times inf or
// nan is nan and must not be lost: a panel of B with such a number is multiplied whole.
#ifndef TL_SPARSE_H
#define TL_SPARSE_H
#include "block.h"

// Numbers per list: so many rows of WIDE_PANEL fit in the first-level cache (40 or 32 kB). With AVX-512, 80 instead of 64
// take 0.90 of the time forward and 0.97 for dW (128 rows, 512 inputs and units, three of four numbers 0).
enum { LISTED = VL == 16 ? 80 : 128 };

TL_INLINE P lists_of(P numbers) { return parts(numbers, LISTED); }

// Whether it is faster: at least three of five numbers are 0 in the first eighth of the rows (batches are shuffled).
int is_sparse(const float *a, P rows, P columns);

// The indices, within their list, of the nonzeros among `n` numbers of a row: list l begins at places[l LISTED] and has
// counts[l] entries.
void list_row(const float *row, P n, uint8_t *places, uint8_t *counts);

// Like block_rows, for one list of each row: KO is 1, KI at most LISTED, B packed in wide panels. Row i's list begins at
// places[i places_row] and has counts[i counts_row] entries.
void sparse_rows(const Block *q, P rows, const uint8_t *places, P places_row, const uint8_t *counts, P counts_row);

// A product of which only some results are wanted: C(i, k) = scale sum of a(i, n) b(k, n) over n < N for the k in row i's
// list, and 0 for the other k < listed. a (rows, N), b (listed, b_row), c (rows, c_row); at
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
