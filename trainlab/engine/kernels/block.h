// A block of a matrix product that stays in registers (block.c): some rows x one or two vectors of C.
//
//   x(i, n) = sum over ko < KO, ki < KI of A(i, ko, ki) B(ko, ki, n)  [+ bias(n)]  [+ C(i, n)]
//             [times scale, 0 where mask(i, n) <= 0]
//   C(i, n) = x(i, n)  [, after(i, n) = max(0, x(i, n))]
//   A(i, ko, ki) = a[i a_row + ko a_outer + ki a_inner],  B(ko, ki, n) = b[ko b_outer + ki b_inner + n]
//
// Two loops sum over the window of an image in place (its rows are a_outer apart), so windows are not copied. B is read in
// whole vectors even if `columns` is less: pad it. Each sum runs in the order of k, whatever the rows, so every way of
// cutting the work gives the same bits.
#ifndef TL_BLOCK_H
#define TL_BLOCK_H
#include "strip.h"

#define PANEL (2 * VL)       // columns of a packed B
#define WIDE_PANEL (8 * VL)  // ... and of one that meets a sparse A (sparse.c)

typedef struct {
  P KO, KI;
  const float *a;
  P a_row, a_outer, a_inner;
  const float *b;
  P b_outer, b_inner;
  float *c;
  P c_row;            // from row to row of c, after and mask
  const float *bias;  // this and the next two are of the first column; each may be null
  float *after;       // a second output; may be c itself, which then holds max(0, x) alone
  const float *mask;
  float scale;        // of what the mask lets pass
  int add;
  P columns;          // 1 ... PANEL, or WIDE_PANEL (sparse.h)
} Block;

// All of `rows` rows, cut into blocks of even height. side 0: A's numbers lie side by side along ki (a_inner is taken
// as 1); side 1: along the rows (a_row is taken as 1).
void block_rows(const Block *q, P rows, int side);

// The end of a strip of sums, with bias and C already added: mask it, write it to c, and max(0, x) to `after`. mask and
// after may be 0.
TL_INLINE void end_strip(v x, float *c, const float *mask, float scale, float *after, P n) {
  if (mask) x = where(load_strip(mask, n) > 0, scale * x, (v){});
  store_strip(c, x, n);
  if (after) store_strip(after, positive(x), n);
}

// out[k width + j] = w[k ld + j] for j < columns, else 0: some columns, at most `width`, of K rows side by side; width is
// PANEL or WIDE_PANEL. The second: of the transposed matrix, w[j ld + k], and of any width.
void pack_panel(const float *w, P ld, P K, P columns, P width, float *out);
void pack_turned(const float *w, P ld, P K, P columns, P width, float *out);

TL_INLINE P panels_of(P columns) { return parts(columns, PANEL); }
TL_INLINE P wide_panels_of(P columns) { return parts(columns, WIDE_PANEL); }

#endif
