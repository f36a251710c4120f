// The one inner loop of every product: a tile of MR x NR sums that stays in registers.
//
// For each k it loads two vectors of B, spreads MR numbers of A over a vector each, and multiplies and adds: with MR = 6
// and two vectors of 8 that is 12 accumulators, 2 loads and 1 spread number in 16 registers (AVX2), or 28 + 3 of 32 with
// AVX-512. Two nested loops run over k, so that the same tile serves dense layers (KO = 1) and convolutions (KO = rows of
// the kernel, KI = its columns and channels, which lie side by side). A tile of fewer rows has its own copy of the loop,
// made by the compiler; rows are shared out evenly, so that 32 rows are six tiles of 5 or 6 and never five of 6 and one
// of 2. What does not fill NR columns is computed in full and written in part.
//
// The order of each sum is that of k, whatever the tiling: the same bits for all splits of rows and columns.
#include "gemm.h"

// A finished vector of VL sums at row i and column `at`, of which `columns` are inside the output.
TL_INLINE void finish(v x, P i, P at, P columns, float *c, P ldc, const tl_end *end) {
  float *q = c + i * ldc + at;
  if (columns >= VL) {
    if (end->accumulate) x += load(q);
    if (end->bias) x += load(end->bias + at);
    if (end->mask) x = where(load(end->mask + i * end->mask_ld + at) > 0, x, (v){});
    store(q, x);
    if (end->relu) store(end->relu + i * ldc + at, positive(x));
    return;
  }
  if (end->accumulate) x += load_part(q, columns);
  if (end->bias) x += load_part(end->bias + at, columns);
  if (end->mask) x = where(load_part(end->mask + i * end->mask_ld + at, columns) > 0, x, (v){});
  store_part(q, x, columns);
  if (end->relu) store_part(end->relu + i * ldc + at, positive(x), columns);
}

TL_INLINE void tile(const int rows, const int vectors, const int unit, P KO, P KI, const float *a, P rs, P aks, P aos,
                    const float *b, P bks, P bos, float *c, P ldc, const tl_end *end, P n0) {
  v sum[MR][2];
  TL_UNROLL for (int i = 0; i < rows; i++) TL_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (v){};
  if (unit) rs = 1; else aks = 1;
  for (P ko = 0; ko < KO; ko++) {
    const float *aa = a + ko * aos, *bb = b + ko * bos;
    for (P k = 0; k < KI; k++) {
      v b0 = load(bb), b1 = b0;
      if (vectors > 1) b1 = load(bb + VL);
      TL_UNROLL for (int i = 0; i < rows; i++) {
        v x = all(aa[i * rs]);
        sum[i][0] += x * b0;
        if (vectors > 1) sum[i][1] += x * b1;
      }
      aa += aks;
      bb += bks;
    }
  }
  P columns = end->columns - n0;
  TL_UNROLL for (int i = 0; i < rows; i++) {
    finish(sum[i][0], i, n0, vectors > 1 ? VL : columns, c, ldc, end);
    if (vectors > 1) finish(sum[i][1], i, n0 + VL, columns - VL, c, ldc, end);
  }
}

typedef void (*tile_kernel)(P, P, const float *, P, P, P, const float *, P, P, float *, P, const tl_end *, P);
#define TILE(R, V, U)                                                                                                 \
  static void tile_##R##_##V##_##U(P KO, P KI, const float *a, P rs, P aks, P aos, const float *b, P bks, P bos,      \
                                   float *c, P ldc, const tl_end *end, P n0) {                                       \
    tile(R, V, U, KO, KI, a, rs, aks, aos, b, bks, bos, c, ldc, end, n0);                                             \
  }
#define TILES(R) TILE(R, 1, 0) TILE(R, 2, 0) TILE(R, 1, 1) TILE(R, 2, 1)
#define NAMES(R) {{tile_##R##_1_0, tile_##R##_1_1}, {tile_##R##_2_0, tile_##R##_2_1}}
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if VL == 16
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12) TILES(13) TILES(14)
#endif
static const tile_kernel TILE_OF[MR + 1][2][2] = {
    {{0}}, NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6),
#if VL == 16
    NAMES(7), NAMES(8), NAMES(9), NAMES(10), NAMES(11), NAMES(12), NAMES(13), NAMES(14),
#endif
};

void tl_rows(P m, int unit, P KO, P KI, const float *a, P rs, P aks, P aos, const float *b, P bks, P bos, float *c,
             P ldc, tl_end end, P n0) {
  P tiles = parts(m, MR);
  int two = end.columns - n0 > VL;
  for (P k = 0, i = 0; k < tiles; k++) {
    P rows = (m - i + (tiles - k) - 1) / (tiles - k);
    TILE_OF[rows][two][unit](KO, KI, a + i * rs, rs, aks, aos, b, bks, bos, c + i * ldc, ldc, &end, n0);
    if (end.mask) end.mask += rows * end.mask_ld;
    if (end.relu) end.relu += rows * ldc;
    i += rows;
  }
}

void tl_pack(const float *w, P ld, P K, P columns, float *out) {
  if (columns >= NR) {
    for (P k = 0; k < K; k++, w += ld, out += NR) {
      store(out, load(w));
      store(out + VL, load(w + VL));
    }
    return;
  }
  for (P k = 0; k < K; k++, w += ld, out += NR) {
    store(out, columns >= VL ? load(w) : load_part(w, columns));
    store(out + VL, columns > VL ? load_part(w + VL, columns - VL) : (v){});
  }
}

// A block of 4 x 4 numbers turned in registers: the compiler makes unpacks and shuffles of it.
typedef float v4 __attribute__((vector_size(16)));
typedef float v4_unaligned __attribute__((vector_size(16), aligned(4), may_alias));
TL_INLINE void turn(const float *w, P ld, float *out) {
  v4 a = *(const v4_unaligned *)w, b = *(const v4_unaligned *)(w + ld);
  v4 c = *(const v4_unaligned *)(w + 2 * ld), d = *(const v4_unaligned *)(w + 3 * ld);
  v4 e = __builtin_shufflevector(a, b, 0, 4, 1, 5), f = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  v4 g = __builtin_shufflevector(c, d, 0, 4, 1, 5), h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(v4_unaligned *)out = __builtin_shufflevector(e, g, 0, 1, 4, 5);
  *(v4_unaligned *)(out + NR) = __builtin_shufflevector(e, g, 2, 3, 6, 7);
  *(v4_unaligned *)(out + 2 * NR) = __builtin_shufflevector(f, h, 0, 1, 4, 5);
  *(v4_unaligned *)(out + 3 * NR) = __builtin_shufflevector(f, h, 2, 3, 6, 7);
}

void tl_pack_transposed(const float *w, P ld, P K, P columns, float *out) {
  P k = 0;
  if (columns >= NR)
    for (; k + 4 <= K; k += 4)
      for (P j = 0; j < NR; j += 4) turn(w + j * ld + k, ld, out + k * NR + j);
  for (; k < K; k++)
    for (P j = 0; j < NR; j++) out[k * NR + j] = j < columns ? w[j * ld + k] : 0;
}
