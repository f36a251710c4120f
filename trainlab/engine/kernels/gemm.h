// Products of small matrices, tile by tile (gemm.c explains how).
#ifndef TL_GEMM_H
#define TL_GEMM_H
#include "base.h"

#define NR (2 * VL)                  // columns of a tile: two vectors
#define MR (VL == 16 ? 14 : 6)       // rows of a tile: as many as leave no accumulator in memory
#define KC 384                       // longest stretch of the sum that is done at once: a panel of it fits the L1 cache

// What happens to a finished tile on its way to memory; every pointer may be 0. All are (rows, columns) in step with
// the output, except bias (columns).
typedef struct {
  P columns;           // of the output; a tile's columns beyond them are not written
  int accumulate;      // add to what is there
  const float *bias;   // added to every row
  float *relu;         // a second output: max(0, x), with the output's row length
  const float *mask;   // x is kept where mask > 0, else 0
  P mask_ld;           // row length of mask
} tl_end;

// C[i, n0 + j] = sum over ko < KO, ki < KI of A(i, ko, ki) B(ko, ki, j), for i < m and the NR columns from n0, with
// A(i, ko, ki) = a[i rs + ko aos + ki aks] and B(ko, ki, j) = b[ko bos + ki bks + j]; c is the output's first row.
// unit: 1 where rs == 1 (a's columns side by side), 0 where aks == 1; one of them must be.
void tl_rows(P m, int unit, P KO, P KI, const float *a, P rs, P aks, P aos, const float *b, P bks, P bos, float *c,
             P ldc, tl_end end, P n0);

// out[k NR + j] = w[k ld + j] for j < columns, else 0: `columns` (at most NR) columns of k < K rows side by side.
void tl_pack(const float *w, P ld, P K, P columns, float *out);
// out[k NR + j] = w[j ld + k] for j < columns, else 0: the same of the transposed matrix.
void tl_pack_transposed(const float *w, P ld, P K, P columns, float *out);

TL_INLINE P panels(P columns) { return parts(columns, NR); }
TL_INLINE P packed_size(P K, P columns) { return panels(columns) * K * NR; }  // floats

#endif
