// Dense layers: y = x W + b, dx = dy W', dW = x' dy, db = sum of dy over the rows.
//
// x (rows, n_in), W (n_in, units), y and dy (rows, units). The inner loop is that of block.c; here a product is cut into
// tiles of work so that what a tile reads again and again stays in the caches:
//
//   - A panel of the right-hand matrix (KC rows, PANEL columns) is packed by the tile that uses it, and every block of
//     rows reads it in order; KC numbers of each row of the left-hand matrix stay in the second-level cache. A smaller
//     KC would keep the panel in the first level, but prefetching hides that already, and each KC block reads and writes
//     all sums once more.
//   - A long sum (n_in in the thousands) is cut into `chunks`. Each is a tile with its own sums, which are added in order
//     afterwards, so both matrices are read only once even if there are few rows and columns.
//   - Rows that are a multiple of 4096 bytes apart would all map to one set of the cache, so they are copied together.
//   - dW has one tile for a strip of inputs; the sum is over the rows of the batch.
//   - If the left-hand matrix is mostly zeros (x after relu and dropout, dy before them), its nonzeros are listed and only
//     they are multiplied (sparse.h), by wide panels; in dW the rows are inputs, which their tile lists.
//
// Products below SMALL multiplications run on the caller's thread alone, unpacked if the columns fill vectors.
#include "block.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"
#include "sparse.h"

enum { SMALL = 200000, LARGE = 3000000 };       // multiplications of a product, most of a tile
enum { PER_NUMBER = 16 };                       // multiplications that cost what reading and writing a number costs
enum { KC = VL == 16 ? 400 : 800 };        // numbers of a sum in one block of k
enum { BATCH = VL == 16 ? 256 : 320 };          // most rows of the batch that a tile of dW copies
enum { ROWS = 256, TILES = 16, STRIP = 32 };    // most rows of a tile; tiles that are enough; inputs of a tile of dW
enum { SPARSE_ROWS = 64, SPARSE_TILES = 8, SPARSE_STRIP = 64 };  // least rows of a sparse product's tile; and as above
enum { SPARSE_COLUMNS = 6 * VL };               // with fewer sums, additions wait for each other
enum { DIRECT = 1 << 13 };                      // numbers of a right-hand matrix that need no packing
enum { PAGE = 1024, APART = 16 };               // rows PAGE numbers apart share a set; APART more avoid it

typedef struct {
  const float *a, *w;      // left (M, K); right as it lies in memory
  float *partial;          // memory for chunks sums of (M, N)
  P M, K, N, w_ld, chunks;
  int turned;              // w is (N, K)
  P blocks, groups;        // of rows, of panels
  float *out;
  const float *bias, *mask;
  float *after;
  uint8_t *places, *counts;  // memory for lists of `a` (M, K) and (M, lists_of(K)), or 0
  const uint8_t *wanted, *wanted_counts;  // lists of `mask`, where there is one, or 0
  float scale;               // of what the mask lets pass
} product;

// A panel of so many columns from n0 on.
static void pack(const product *q, P n0, P width, P k0, P k1, float *out) {
  const P columns = least(width, q->N - n0);
  if (q->turned)
    pack_turned(q->w + n0 * q->w_ld + k0, q->w_ld, k1 - k0, columns, width, out);
  else
    pack_panel(q->w + k0 * q->w_ld + n0, q->w_ld, k1 - k0, columns, width, out);
}

// The end of a sum (bias, mask, relu), for a panel's columns from n0 on; only its last KC block has one.
static void ends(const product *q, Block *b, P m0, P n0) {
  const P at = m0 * q->N + n0;
  b->bias = q->bias ? q->bias + n0 : 0;
  b->mask = q->mask ? q->mask + at : 0;
  b->scale = q->scale;
  b->after = q->after ? q->after + at : 0;
}

// A product on this thread alone.
static void run_small(const product *q) {
  const int direct = !q->turned && q->N % VL == 0 && q->K * q->N <= DIRECT;
  float *panel = direct ? 0 : scratch(q->K * PANEL);
  for (P p = 0; p < panels_of(q->N); p++) {
    const P n0 = p * PANEL;
    Block b = {.KO = 1, .KI = q->K, .a = q->a, .a_row = q->K, .b = direct ? q->w + n0 : panel,
               .b_inner = direct ? q->w_ld : PANEL, .c = q->out + n0, .c_row = q->N, .columns = least(PANEL, q->N - n0)};
    if (!direct) pack(q, n0, PANEL, 0, q->K, panel);
    ends(q, &b, 0, n0);
    block_rows(&b, q->M, 0);
  }
}

// Some rows and panels, the sum from k0 to k1, to `out` (M, N).
static void multiply(const product *q, P m0, P m1, P first, P last, P k0, P k1, float *out) {
  const P k_blocks = parts(k1 - k0, KC), copied = last - first > 1 && q->K % PAGE == 0;
  const P longest = parts(k1 - k0, k_blocks), pitch = longest + APART;
  float *panel = scratch(longest * PANEL + (copied ? (m1 - m0) * pitch : 0)), *side_by_side = panel + longest * PANEL;
  for (P s = 0; s < k_blocks; s++) {
    const P from = k0 + (k1 - k0) * s / k_blocks, to = k0 + (k1 - k0) * (s + 1) / k_blocks;
    const float *a = q->a + m0 * q->K + from;
    if (copied)
      for (P i = 0; i < m1 - m0; i++) memcpy(side_by_side + i * pitch, a + i * q->K, (size_t)(to - from) * sizeof(float));
    for (P p = first; p < last; p++) {
      const P n0 = p * PANEL;
      Block b = {.KO = 1, .KI = to - from, .a = copied ? side_by_side : a, .a_row = copied ? pitch : q->K, .b = panel,
                 .b_inner = PANEL, .c = out + m0 * q->N + n0, .c_row = q->N, .add = s > 0,
                 .columns = least(PANEL, q->N - n0)};
      pack(q, n0, PANEL, from, to, panel);
      if (to == q->K && q->chunks == 1) ends(q, &b, m0, n0);
      block_rows(&b, m1 - m0, 0);
    }
  }
}

static void product_tile(void *ctx, int tile) {
  const product *q = ctx;
  const P chunk = tile / (q->groups * q->blocks), block = tile / q->groups % q->blocks, group = tile % q->groups;
  const P n = panels_of(q->N);
  multiply(q, q->M * block / q->blocks, q->M * (block + 1) / q->blocks, n * group / q->groups, n * (group + 1) / q->groups,
           q->K * chunk / q->chunks, q->K * (chunk + 1) / q->chunks,
           q->chunks > 1 ? q->partial + chunk * q->M * q->N : q->out);
}

TL_INLINE void join(const product *q, P row, P j, P n) {
  const P at = row * q->N + j, whole = q->M * q->N;
  v x = load_strip(q->partial + at, n);
  for (P c = 1; c < q->chunks; c++) x += load_strip(q->partial + c * whole + at, n);
  if (q->bias) x += load_strip(q->bias + j, n);
  end_strip(x, q->out + at, q->mask ? q->mask + at : 0, q->scale, q->after ? q->after + at : 0, n);
}

static void join_tile(void *ctx, int row) {
  const product *q = ctx;
  STRIPS(q->N, join(q, row, j, n))
}

// ---------------------------------------------------------------- leaving out zeros

enum { LISTED_TOGETHER = 8 };  // rows of a tile of lists

static void list_tile(void *ctx, int tile) {
  const product *q = ctx;
  const P from = (P)tile * LISTED_TOGETHER, to = least(q->M, from + LISTED_TOGETHER);
  for (P i = from; i < to; i++) list_row(q->a + i * q->K, q->K, q->places + i * q->K, q->counts + i * lists_of(q->K));
}

// A block of rows, a wide panel.
static void sparse_tile(void *ctx, int tile) {
  const product *q = ctx;
  const P block = tile / q->groups, n0 = tile % q->groups * WIDE_PANEL, columns = least(WIDE_PANEL, q->N - n0);
  const P m0 = q->M * block / q->blocks, m1 = q->M * (block + 1) / q->blocks, lists = lists_of(q->K);
  float *panel = scratch(LISTED * WIDE_PANEL);
  for (P l = 0; l < lists; l++) {
    const P k0 = l * LISTED, n = least(LISTED, q->K - k0);
    Block b = {.KO = 1, .KI = n, .a = q->a + m0 * q->K + k0, .a_row = q->K, .b = panel, .b_inner = WIDE_PANEL,
               .c = q->out + m0 * q->N + n0, .c_row = q->N, .add = l > 0, .columns = columns};
    pack(q, n0, WIDE_PANEL, k0, k0 + n, panel);
    if (l == lists - 1) ends(q, &b, m0, n0);
    sparse_rows(&b, m1 - m0, q->places + m0 * q->K + k0, q->K, q->counts + m0 * lists + l, lists);
  }
}

_Static_assert((int)ROWS <= (int)WANTED_ROWS, "a tile has more rows than wanted_dots takes");

// A block of rows, a list of what is wanted.
static void wanted_tile(void *ctx, int tile) {
  const product *q = ctx;
  const P block = tile / q->groups, l = tile % q->groups, k0 = l * LISTED;
  const P m0 = q->M * block / q->blocks, m1 = q->M * (block + 1) / q->blocks;
  const Dots dots = {.a = q->a + m0 * q->K, .b = q->w + k0 * q->w_ld, .N = q->K, .b_row = q->w_ld,
                     .listed = least(LISTED, q->N - k0), .c = q->out + m0 * q->N + k0, .c_row = q->N, .scale = q->scale};
  wanted_dots(&dots, m1 - m0, q->wanted + m0 * q->N + k0, q->N, q->wanted_counts + m0 * q->groups + l, q->groups);
}

static void share_sparse(tile_fn f, product *q, P groups) {
  q->groups = groups;
  q->blocks = parts(q->M, ROWS);
  while (q->blocks * groups < SPARSE_TILES && q->M / (q->blocks + 1) >= SPARSE_ROWS) q->blocks++;
  tl_share(f, q, (int)(q->blocks * groups), q->M * q->K * q->N / PER_NUMBER / 2);
}

// Returns whether the product was computed this way. The lists of what is wanted are those that the forward pass made of
// x, which is the mask; it made them if x was sparse enough.
static int run_sparse(product *q) {
  if (q->mask && q->wanted && q->K >= SPARSE_COLUMNS && is_sparse(q->mask, q->M, q->N)) {
    share_sparse(wanted_tile, q, lists_of(q->N));
    return 1;
  }
  if (q->places && q->N >= SPARSE_COLUMNS && is_sparse(q->a, q->M, q->K)) {
    tl_share(list_tile, q, (int)parts(q->M, LISTED_TOGETHER), 2 * q->M * q->K);
    share_sparse(sparse_tile, q, wide_panels_of(q->N));
    return 1;
  }
  return 0;
}

// ---------------------------------------------------------------- forward, and the gradient of the input

static void run_product(product q) {
  const P work = q.M * q.K * q.N, n = panels_of(q.N);
  if (work < SMALL) {
    run_small(&q);
    return;
  }
  if (run_sparse(&q)) return;
  q.blocks = parts(q.M, ROWS);
  P together = 1;  // panels of a tile
  if (q.chunks > 1) {
    together = n;
  } else {
    while (q.blocks * n < TILES && q.M / q.blocks > STRIP) q.blocks++;
    while (q.blocks * n / (2 * together) >= TILES && q.M / q.blocks * q.K * PANEL * 2 * together <= LARGE) together *= 2;
  }
  q.groups = parts(n, together);
  tl_share(product_tile, &q, (int)(q.chunks * q.blocks * q.groups), work / PER_NUMBER);
  if (q.chunks > 1) tl_share(join_tile, &q, (int)q.M, q.chunks * q.M * q.N);
}

// i: n_in, units, chunks of the sum
// p: x, W, b or 0, y, max(0, y) or 0, memory of as many y's as chunks where there are several, for lists of x: two arrays
//    of bytes, x's numbers and lists_of(n_in) a row, or 0 twice
TL_KERNEL(dense_forward) {
  run_product((product){.a = op->p[0], .w = op->p[1], .bias = op->p[2], .out = op->p[3], .after = op->p[4],
                        .partial = op->p[5], .places = op->p[6], .counts = op->p[7], .M = step->rows,
                        .K = op->i[0], .N = op->i[1], .w_ld = op->i[1], .chunks = op->i[2]});
}

// i: n_in, units, chunks of the sum · f: factor of what the mask lets pass
// p: dy, W, dx, mask or 0 (dx is 0 where it is not positive), memory of as many dx's as chunks where there are several,
//    for lists of dy as above, the lists that dense_forward made of x (read where there is a mask, which is x then)
TL_KERNEL(dense_input_gradient) {
  run_product((product){.a = op->p[0], .w = op->p[1], .out = op->p[2], .mask = op->p[3], .partial = op->p[4],
                        .places = op->p[5], .counts = op->p[6], .wanted = op->p[7], .wanted_counts = op->p[8],
                        .scale = (float)tl_keep(op->f[0], step), .M = step->rows, .K = op->i[1], .N = op->i[0], .w_ld = op->i[1],
                        .turned = 1, .chunks = op->i[2]});
}

// ---------------------------------------------------------------- gradient of the weights

typedef struct {
  const float *x, *dy;
  float *packed, *dW, *db;
  P rows, n_in, units, width;  // width: columns of a panel of dy
  int bias;
} outer;

static void gradient_panel(void *ctx, int panel) {
  outer *q = ctx;
  const P n0 = (P)panel * q->width, columns = least(q->width, q->units - n0);
  pack_panel(q->dy + n0, q->units, q->rows, columns, q->width, q->packed + n0 * q->rows);
}

static void sum_rows(const outer *q) {
  memcpy(q->db, q->dy, (size_t)q->units * sizeof(float));
  for (P b = 1; b < q->rows; b++) {
    const float *dy = q->dy + b * q->units;
    TL_IVDEP for (P j = 0; j < q->units; j++) q->db[j] += dy[j];
  }
}

// dW of `width` inputs from m0 on; x is (rows, pitch).
static void gradient(const outer *q, P m0, P width, const float *x, P pitch, P b0, P b1) {
  for (P p = 0; p < panels_of(q->units); p++) {
    const P n0 = p * PANEL;
    Block b = {.KO = 1, .KI = b1 - b0, .a = x, .a_inner = pitch, .b = q->dy + n0 + b0 * q->units, .b_inner = q->units,
               .c = q->dW + m0 * q->units + n0, .c_row = q->units, .add = b0 > 0, .columns = least(PANEL, q->units - n0)};
    if (q->packed) b.b = q->packed + (p * q->rows + b0) * PANEL, b.b_inner = PANEL;
    block_rows(&b, width, 1);
  }
}

// A strip of dW. The strip's inputs are copied together, a block of rows at a time: in x they are a row apart, often
// 4096 bytes, so they would all map to one set of the cache.
static void gradient_tile(void *ctx, int tile) {
  const outer *q = ctx;
  if (q->bias && tile == 0) {
    sum_rows(q);
    return;
  }
  const P m0 = (P)(tile - q->bias) * STRIP, width = least(STRIP, q->n_in - m0), row_blocks = parts(q->rows, BATCH);
  float *x = scratch(BATCH * STRIP);
  for (P s = 0; s < row_blocks; s++) {
    const P b0 = q->rows * s / row_blocks, b1 = q->rows * (s + 1) / row_blocks;
    for (P b = b0; b < b1; b++) memcpy(x + (b - b0) * STRIP, q->x + b * q->n_in + m0, (size_t)width * sizeof(float));
    gradient(q, m0, width, x, STRIP, b0, b1);
  }
}

// A strip of dW, of an x that is mostly zeros: its inputs become rows, and are listed.
static void sparse_gradient_tile(void *ctx, int tile) {
  const outer *q = ctx;
  if (q->bias && tile == 0) {
    sum_rows(q);
    return;
  }
  const P m0 = (P)(tile - q->bias) * SPARSE_STRIP, width = least(SPARSE_STRIP, q->n_in - m0), lists = lists_of(q->rows);
  float *x = scratch(SPARSE_STRIP * LISTED);
  uint8_t places[SPARSE_STRIP * LISTED], counts[SPARSE_STRIP];
  for (P l = 0; l < lists; l++) {
    const P b0 = l * LISTED, n = least(LISTED, q->rows - b0);
    pack_turned(q->x + b0 * q->n_in + m0, q->n_in, width, n, LISTED, x);
    for (P i = 0; i < width; i++) list_row(x + i * LISTED, n, places + i * LISTED, counts + i);
    for (P p = 0; p < wide_panels_of(q->units); p++) {
      const P n0 = p * WIDE_PANEL;
      Block b = {.KO = 1, .KI = n, .a = x, .a_row = LISTED, .b = q->packed + (p * q->rows + b0) * WIDE_PANEL,
                 .b_inner = WIDE_PANEL, .c = q->dW + m0 * q->units + n0, .c_row = q->units, .add = l > 0,
                 .columns = least(WIDE_PANEL, q->units - n0)};
      sparse_rows(&b, width, places, LISTED, counts, 1);
    }
  }
}

// i: n_in, units
// p: x, dy, dW, db or 0, memory of panels_of(units) rows PANEL; where units are SPARSE_COLUMNS or more, of
//    wide_panels_of(units) rows WIDE_PANEL
TL_KERNEL(dense_weight_gradient) {
  outer q = {.x = op->p[0], .dy = op->p[1], .dW = op->p[2], .db = op->p[3], .packed = op->p[4], .rows = step->rows,
             .n_in = op->i[0], .units = op->i[1], .width = PANEL, .bias = op->p[3] != 0};
  const P n = panels_of(q.units), tiles = parts(q.n_in, STRIP) + q.bias, work = q.rows * q.n_in * q.units;
  if (work >= SMALL && q.units >= SPARSE_COLUMNS && is_sparse(q.x, q.rows, q.n_in)) {
    q.width = WIDE_PANEL;
    tl_share(gradient_panel, &q, (int)wide_panels_of(q.units), q.rows * q.units);
    tl_share(sparse_gradient_tile, &q, (int)(parts(q.n_in, SPARSE_STRIP) + q.bias), work / PER_NUMBER / 2);
    return;
  }
  if (q.units % VL == 0 && q.rows * q.units <= DIRECT) q.packed = 0;
  if (work >= SMALL) {
    if (q.packed) tl_share(gradient_panel, &q, (int)n, work / PER_NUMBER);
    tl_share(gradient_tile, &q, (int)tiles, work / PER_NUMBER);
    return;
  }
  if (q.packed)
    for (P p = 0; p < n; p++) gradient_panel(&q, (int)p);
  if (q.rows * q.n_in > DIRECT) {
    for (P tile = 0; tile < tiles; tile++) gradient_tile(&q, (int)tile);
    return;
  }
  gradient(&q, 0, q.n_in, q.x, q.n_in, 0, q.rows);  // small enough to be read as it lies
  if (q.bias) sum_rows(&q);
}
