// Dense layers: y = x W + b, dx = dy W', dW = x' dy, db = sum of dy over the rows.
//
// x (rows, n_in), W (n_in, units), y and dy (rows, units). Each product is cut into tiles of work: BLOCK rows of the
// output times GROUP panels of NR columns. The right-hand matrix is packed first: for each panel its NR columns lie side
// by side, row after row, so that the inner loop reads memory in one straight line (W has rows too far apart for that).
// Long sums are done in stretches of KC, each a panel that stays in the L1 cache. Products below SMALL multiplications
// run on the caller's thread alone, without packing where the columns fill whole vectors.
#include "gemm.h"
#include "plan.h"
#include "pool.h"

enum { BLOCK = 8, GROUP = 8, SMALL = 200000 };  // tiles of rows and panels in a tile of work; multiplications
enum { PER_NUMBER = 16 };                       // multiplications that cost what reading and writing a number costs
enum { STRIP = 48 };                            // inputs whose weight gradients are made together
enum { DIRECT = 1 << 13 };                      // numbers of a right-hand matrix that need no packing

typedef struct {
  const float *a, *w;  // left (M, K); right as it lies in memory
  float *packed, *out;
  P M, K, N, w_ld;
  int transposed;      // w is (N, K)
  P blocks, groups;
  tl_end end;
} product;

static void pack_panel(void *ctx, int panel) {
  product *q = ctx;
  float *out = q->packed + (P)panel * q->K * NR;
  P n0 = (P)panel * NR, columns = least(NR, q->N - n0);
  if (q->transposed)
    tl_pack_transposed(q->w + n0 * q->w_ld, q->w_ld, q->K, columns, out);
  else
    tl_pack(q->w + n0, q->w_ld, q->K, columns, out);
}

static void multiply(product *q, P m0, P m1, P first, P last) {
  P stretches = parts(q->K, KC);
  tl_end plain = {.columns = q->N};
  for (P s = 0; s < stretches; s++) {
    P k0 = q->K * s / stretches, k1 = q->K * (s + 1) / stretches;
    tl_end end = s + 1 < stretches ? plain : q->end;
    end.accumulate = s > 0;
    if (end.mask) end.mask += m0 * end.mask_ld;
    if (end.relu) end.relu += m0 * q->N;
    for (P p = first; p < last; p++) {
      const float *b = q->packed ? q->packed + (p * q->K + k0) * NR : q->w + p * NR + k0 * q->w_ld;
      tl_rows(m1 - m0, 0, 1, k1 - k0, q->a + m0 * q->K + k0, q->K, 1, 0, b, q->packed ? NR : q->w_ld, 0,
              q->out + m0 * q->N, q->N, end, p * NR);
    }
  }
}

static void multiply_tile(void *ctx, int tile) {
  product *q = ctx;
  P block = tile / q->groups, group = tile % q->groups, n = panels(q->N);
  multiply(q, block * BLOCK * MR, least(q->M, (block + 1) * BLOCK * MR), n * group / q->groups,
           n * (group + 1) / q->groups);
}

static void run_product(product q) {
  P n = panels(q.N);
  int direct = !q.transposed && q.N % VL == 0 && q.K * q.N <= DIRECT;
  if (direct) q.packed = 0;
  P work = q.M * q.K * q.N;
  if (work < SMALL) {
    if (!direct)
      for (P p = 0; p < n; p++) pack_panel(&q, (int)p);
    multiply(&q, 0, q.M, 0, n);
    return;
  }
  if (!direct) tl_share(pack_panel, &q, (int)n, work / PER_NUMBER);
  q.blocks = parts(q.M, BLOCK * MR);
  q.groups = parts(n, GROUP);
  while (q.blocks * q.groups < 8 && q.groups < n) q.groups++;
  tl_share(multiply_tile, &q, (int)(q.blocks * q.groups), work / PER_NUMBER);
}

// i: n_in, units · p: x, W, b or 0, y, max(0, y) or 0, working memory of packed_size(n_in, units)
TL_KERNEL(dense_forward) {
  run_product((product){.a = op->p[0], .w = op->p[1], .packed = op->p[5], .out = op->p[3], .M = step->rows,
                        .K = op->i[0], .N = op->i[1], .w_ld = op->i[1],
                        .end = {.columns = op->i[1], .bias = op->p[2], .relu = op->p[4]}});
}

// i: n_in, units · p: dy, W, dx, mask or 0 (dx is 0 where it is not positive), memory of packed_size(units, n_in)
TL_KERNEL(dense_input_gradient) {
  run_product((product){.a = op->p[0], .w = op->p[1], .packed = op->p[4], .out = op->p[2], .M = step->rows,
                        .K = op->i[1], .N = op->i[0], .w_ld = op->i[1], .transposed = 1,
                        .end = {.columns = op->i[0], .mask = op->p[3], .mask_ld = op->i[0]}});
}

typedef struct {
  const float *x, *dy;
  float *packed, *dW, *db;
  P rows, n_in, units;
  int bias;
} outer;

static void pack_gradient(void *ctx, int panel) {
  outer *q = ctx;
  P n0 = (P)panel * NR;
  tl_pack(q->dy + n0, q->units, q->rows, least(NR, q->units - n0), q->packed + (P)panel * q->rows * NR);
}

static void sum_rows(const outer *q) {
  memcpy(q->db, q->dy, (size_t)q->units * sizeof(float));
  for (P b = 1; b < q->rows; b++) {
    const float *dy = q->dy + b * q->units;
    TL_IVDEP for (P j = 0; j < q->units; j++) q->db[j] += dy[j];
  }
}

// A strip of dW. The strip's inputs of KC rows are copied together: in x they are a row apart, often 4096 bytes, where
// all would share one set of the cache.
static void strip(outer *q, P m0, P m1) {
  float x[KC * STRIP];
  P stretches = parts(q->rows, KC), n = panels(q->units), width = m1 - m0;
  for (P s = 0; s < stretches; s++) {
    P b0 = q->rows * s / stretches, b1 = q->rows * (s + 1) / stretches;
    tl_end end = {.columns = q->units, .accumulate = s > 0};
    for (P b = b0; b < b1; b++) memcpy(x + (b - b0) * STRIP, q->x + b * q->n_in + m0, (size_t)width * sizeof(float));
    for (P p = 0; p < n; p++) {
      const float *dy = q->packed ? q->packed + (p * q->rows + b0) * NR : q->dy + p * NR + b0 * q->units;
      tl_rows(width, 1, 1, b1 - b0, x, 1, STRIP, 0, dy, q->packed ? NR : q->units, 0, q->dW + m0 * q->units, q->units,
              end, p * NR);
    }
  }
}

// All of dW where x is small: as it lies.
static void whole(outer *q) {
  tl_end end = {.columns = q->units};
  for (P p = 0; p < panels(q->units); p++) {
    const float *dy = q->packed ? q->packed + p * q->rows * NR : q->dy + p * NR;
    tl_rows(q->n_in, 1, 1, q->rows, q->x, 1, q->n_in, 0, dy, q->packed ? NR : q->units, 0, q->dW, q->units, end, p * NR);
  }
  if (q->bias) sum_rows(q);
}

static void outer_tile(void *ctx, int tile) {
  outer *q = ctx;
  if (q->bias && tile == 0) {
    sum_rows(q);
    return;
  }
  P m0 = (P)(tile - q->bias) * STRIP;
  strip(q, m0, least(q->n_in, m0 + STRIP));
}

// i: n_in, units · p: x, dy, dW, db or 0, working memory of packed_size(rows, units)
TL_KERNEL(dense_weight_gradient) {
  outer q = {.x = op->p[0], .dy = op->p[1], .dW = op->p[2], .db = op->p[3], .packed = op->p[4], .rows = step->rows,
             .n_in = op->i[0], .units = op->i[1], .bias = op->p[3] != 0};
  P n = panels(q.units), strips = parts(q.n_in, STRIP);
  if (q.units % VL == 0 && q.rows * q.units <= DIRECT) q.packed = 0;
  P work = q.rows * q.n_in * q.units;
  if (work < SMALL) {
    if (q.packed)
      for (P p = 0; p < n; p++) pack_gradient(&q, (int)p);
    if (q.rows * q.n_in <= DIRECT) {
      whole(&q);
      return;
    }
    for (P tile = 0; tile < strips + q.bias; tile++) outer_tile(&q, (int)tile);
    return;
  }
  if (q.packed) tl_share(pack_gradient, &q, (int)n, work / PER_NUMBER);
  tl_share(outer_tile, &q, (int)(strips + q.bias), work / PER_NUMBER);
}
