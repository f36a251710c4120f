// Convolution with 3 x 3 filters, step 1, by Winograd's algorithm F(2x2, 3x3): 16 multiplications instead of 36.
//
// Outputs are made in tiles of 2 x 2, each from a tile of 4 x 4 inputs. With d a tile of inputs, g a filter,
//
//   V = B' d B,  U = G g G',  y = A' (sum over channels of U * V) A        (* number by number; all 4 x 4 but y)
//   B' = 1  0 -1  0     G = 1   0   0      A' = 1 1  1  0
//        0  1  1  0         .5  .5  .5          0 1 -1 -1
//        0 -1  1  0         .5 -.5  .5
//        0  1  0 -1         0   0   1
//
// The sums over channels are, for each of the 16 places k in a tile, a matrix product (tiles, C) x (C, filters): those
// of block.h, over a GROUP of tiles that stays in the second-level cache. dx is the same with W rotated; for dW,
//
//   dg = G' (sum over tiles of V * Z) G,  Z = A dy A'.
//
// Transforms add and subtract a vector of channels at a time. Rounding grows by a small factor (the coefficients are 1
// and 1/2); a number that is not finite spreads to its whole tile. A tile of work is an image, or for dW a chunk of
// the batch. Source: Lavin & Gray 2015, arXiv:1509.09308.
//
// Ops as in conv.c, sizes too (i: H W C Ho Wo Co 3 3 1 top left).
#include "block.h"
#include "moments.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"
#include "strip.h"

enum { PLACES = 16, CHUNKS = 8, SPACE = 65536, FEWEST = 12, GAP = 16 };

typedef struct {
  P rows, H, W, C, Ho, Wo, Co, top, left, chunks, turned;
  P across, tiles, group;  // tiles in a row of tiles, in an image, in a group
  const float *x, *w, *bias, *dy;
  float *y, *after, *dw, *db, *packed, *partial, *moments;
} Winograd;

static Winograd finished(Winograd q) {
  q.across = parts(q.Wo, 2);
  q.tiles = q.across * parts(q.Ho, 2);
  q.group = least(q.tiles, most(FEWEST, SPACE / (PLACES * (q.C + q.Co))));
  q.group = parts(q.tiles, parts(q.tiles, q.group));  // groups of even size
  return q;
}

static Winograd sizes(const tl_op *op, const tl_step *step) {
  const int64_t *i = op->i;
  return finished((Winograd){.rows = step->rows, .H = i[0], .W = i[1], .C = i[2], .Ho = i[3], .Wo = i[4], .Co = i[5],
                             .top = i[9], .left = i[10]});
}

// The amount of work, in numbers read and written (pool.h); a number costs as much as 16 multiplications.
TL_INLINE P work(const Winograd *q) { return q->rows * q->tiles * q->C * q->Co; }

// Numbers from a place's matrix to the next one's: not a multiple of a page, which would share one set of the cache.
TL_INLINE P apart(P tiles, P columns) { return parts(tiles * columns, GAP) * GAP + GAP; }

// ---------------------------------------------------------------- transforms

// G g G' of a strip of filters; g: 9 vectors.
TL_INLINE void filter_places(const v g[9], v u[PLACES]) {
  v t[4][3];
  TL_UNROLL for (int j = 0; j < 3; j++) {
    const v ends = 0.5f * (g[j] + g[6 + j]), middle = 0.5f * g[3 + j];
    t[0][j] = g[j], t[1][j] = ends + middle, t[2][j] = ends - middle, t[3][j] = g[6 + j];
  }
  TL_UNROLL for (int i = 0; i < 4; i++) {
    const v ends = 0.5f * (t[i][0] + t[i][2]), middle = 0.5f * t[i][1];
    u[4 * i] = t[i][0], u[4 * i + 1] = ends + middle, u[4 * i + 2] = ends - middle, u[4 * i + 3] = t[i][2];
  }
}

// Filters o, o + 1 ... (n of them) of channel c, to column j of their panel; k: from a place to the next.
TL_INLINE void pack_strip(const Winograd *q, P c, P o, float *out, P k_step, P n) {
  v g[9], u[PLACES];
  TL_UNROLL for (int k = 0; k < 9; k++) g[k] = load_strip(q->w + (k * q->C + c) * q->Co + o, n);
  filter_places(g, u);
  TL_UNROLL for (int k = 0; k < PLACES; k++) store(out + k * k_step, u[k]);
}

// The same of W rotated, with filters and channels exchanged: channels c ... of filter o, down a column.
TL_INLINE void pack_turned_strip(const Winograd *q, P c, P o, float *out, P k_step, P n) {
  v g[9], u[PLACES];
  TL_UNROLL for (int k = 0; k < 9; k++) g[k] = load_strip(q->w + ((8 - k) * q->Co + o) * q->C + c, n);
  filter_places(g, u);
  for (int k = 0; k < PLACES; k++)
    for (P i = 0; i < n; i++) out[k * k_step + i * PANEL] = u[k][i];
}

// Panel p of U at each place: (C, PANEL), zeros for filters that do not exist.
static void pack_tile(void *ctx, int p) {
  const Winograd *q = ctx;
  const P panels = parts(q->Co, PANEL), first = (P)p * PANEL, k_step = panels * q->C * PANEL;
  float *out = q->packed + p * q->C * PANEL;
  if (!q->turned) {
    for (P c = 0; c < q->C; c++)
      for (P o = first; o < first + PANEL; o += VL) {
        const P n = least(VL, q->Co - o);
        float *to = out + c * PANEL + o - first;
        if (n == VL)
          pack_strip(q, c, o, to, k_step, VL);
        else
          pack_strip(q, c, o, to, k_step, most(n, 0));
      }
    return;
  }
  for (P k = 0; k < PLACES && first + PANEL > q->Co; k++) memset(out + k * k_step, 0, (size_t)(q->C * PANEL) * sizeof(float));
  for (P o = first; o < least(q->Co, first + PANEL); o++)
    STRIPS(q->C, pack_turned_strip(q, j, o, out + j * PANEL + o - first, k_step, n))
}

// B' d B of a strip of channels; d: the tile's 16 pixels.
TL_INLINE void input_strip(const float *const d[PLACES], P j, float *out, P step, P n) {
  v t[4][4];
  TL_UNROLL for (int c = 0; c < 4; c++) {
    const v d0 = load_strip(d[c] + j, n), d1 = load_strip(d[4 + c] + j, n), d2 = load_strip(d[8 + c] + j, n),
            d3 = load_strip(d[12 + c] + j, n);
    t[0][c] = d0 - d2, t[1][c] = d1 + d2, t[2][c] = d2 - d1, t[3][c] = d1 - d3;
  }
  TL_UNROLL for (int r = 0; r < 4; r++) {
    float *o = out + 4 * r * step + j;
    store_strip(o, t[r][0] - t[r][2], n);
    store_strip(o + step, t[r][1] + t[r][2], n);
    store_strip(o + 2 * step, t[r][2] - t[r][1], n);
    store_strip(o + 3 * step, t[r][1] - t[r][3], n);
  }
}

// V of a group of tiles, (places, tiles, C); pixels beyond the image are `zeros`.
static void inputs(const Winograd *q, const float *x, P first, P tiles, const float *zeros, float *out) {
  const P C = q->C, step = apart(q->group, C);
  for (P t = 0; t < tiles; t++) {
    const P y0 = (first + t) / q->across * 2 - q->top, x0 = (first + t) % q->across * 2 - q->left;
    const float *d[PLACES];
    for (P r = 0; r < 4; r++)
      for (P c = 0; c < 4; c++) {
        const int inside = y0 + r >= 0 && y0 + r < q->H && x0 + c >= 0 && x0 + c < q->W;
        d[4 * r + c] = inside ? x + ((y0 + r) * q->W + x0 + c) * C : zeros;
      }
    STRIPS(C, input_strip(d, j, out + t * C, step, n))
  }
}

// A' m A of a strip, and the bias, to those of the four pixels that exist (others have no place).
TL_INLINE void output_strip(const float *m, P step, P j, const float *bias, float *const y[4], P n) {
  v t[2][4];
  TL_UNROLL for (int c = 0; c < 4; c++) {
    const float *at = m + c * step + j;
    const v m0 = load_strip(at, n), m1 = load_strip(at + 4 * step, n), m2 = load_strip(at + 8 * step, n),
            m3 = load_strip(at + 12 * step, n);
    t[0][c] = m0 + m1 + m2, t[1][c] = m1 - m2 - m3;
  }
  const v b = bias ? load_strip(bias + j, n) : (v){};
  TL_UNROLL for (int r = 0; r < 2; r++) {
    if (y[2 * r]) store_strip(y[2 * r] + j, t[r][0] + t[r][1] + t[r][2] + b, n);
    if (y[2 * r + 1]) store_strip(y[2 * r + 1] + j, t[r][1] - t[r][2] - t[r][3] + b, n);
  }
}

// A panel of y from m, (places, tiles, PANEL).
static void outputs(const Winograd *q, const float *m, P first, P tiles, P panel, float *y) {
  const P Co = q->Co, step = apart(q->group, PANEL), at = panel * PANEL;
  const float *bias = q->bias ? q->bias + at : 0;
  for (P t = 0; t < tiles; t++) {
    const P y0 = (first + t) / q->across * 2, x0 = (first + t) % q->across * 2;
    float *to[4];
    for (P k = 0; k < 4; k++) {
      const P row = y0 + k / 2, column = x0 + k % 2;
      to[k] = row < q->Ho && column < q->Wo ? y + (row * q->Wo + column) * Co + at : 0;
    }
    STRIPS(least(PANEL, Co - at), output_strip(m + t * PANEL, step, j, bias, to, n))
  }
}

// ---------------------------------------------------------------- forward, and the gradient of the input

static void image(const Winograd *q, const float *x, float *y) {
  const P C = q->C, Co = q->Co, panels = parts(Co, PANEL), in = apart(q->group, C), out = apart(q->group, PANEL);
  float *zeros = scratch(parts(C, GAP) * GAP + PLACES * (in + out)), *V = zeros + parts(C, GAP) * GAP;
  float *m = V + PLACES * in;
  memset(zeros, 0, (size_t)C * sizeof(float));
  for (P first = 0; first < q->tiles; first += q->group) {
    const P tiles = least(q->group, q->tiles - first);
    inputs(q, x, first, tiles, zeros, V);
    for (P p = 0; p < panels; p++) {
      for (P k = 0; k < PLACES; k++) {
        Block b = {.KO = 1, .KI = C, .a = V + k * in, .a_row = C, .b = q->packed + (k * panels + p) * C * PANEL,
                   .b_inner = PANEL, .c = m + k * out, .c_row = PANEL, .columns = PANEL};
        block_rows(&b, tiles, 0);
      }
      outputs(q, m, first, tiles, p, y);
    }
  }
}

static void image_tile(void *ctx, int row) {
  const Winograd *q = ctx;
  const P size = q->Ho * q->Wo * q->Co;
  float *y = (q->y ? q->y : q->after) + row * size;
  image(q, q->x + row * q->H * q->W * q->C, y);
  if (q->moments) moments_of(y, q->Ho * q->Wo, q->Co, q->Co, q->moments + 2 * row * q->Co, q->moments + (2 * row + 1) * q->Co);
  if (q->after)
    for (P i = 0; i < size; i++) q->after[row * size + i] = y[i] <= 0 ? 0 : y[i];
}

// y = W * x [+ b], then perhaps max(0, y). p as conv_forward; packed: 16 C parts(Co, PANEL) panels
TL_KERNEL(winograd_forward) {
  void *const *p = op->p;
  Winograd q = sizes(op, step);
  q.x = p[0], q.w = p[1], q.bias = p[2], q.y = p[3], q.packed = p[4], q.moments = p[5], q.after = p[6];
  if (q.after && !step->last) q.y = 0;
  tl_share(pack_tile, &q, (int)parts(q.Co, PANEL), PLACES * q.C * q.Co);
  tl_share(image_tile, &q, (int)q.rows, work(&q));
}

// dx from dy. p as conv_dx; packed: 16 Co parts(C, PANEL) panels
TL_KERNEL(winograd_dx) {
  Winograd q = sizes(op, step);
  q = finished((Winograd){.rows = q.rows, .H = q.Ho, .W = q.Wo, .C = q.Co, .Ho = q.H, .Wo = q.W, .Co = q.C,
                          .top = 2 - q.top, .left = 2 - q.left, .turned = 1, .w = op->p[0], .x = op->p[1],
                          .y = op->p[2], .packed = op->p[3]});
  tl_share(pack_tile, &q, (int)parts(q.Co, PANEL), PLACES * q.C * q.Co);
  tl_share(image_tile, &q, (int)q.rows, work(&q));
}

// ---------------------------------------------------------------- gradient of the weights

// A dy A' of a strip of filters.
TL_INLINE void gradient_strip(const float *const dy[4], P j, float *out, P step, P n) {
  v t[4][2];
  TL_UNROLL for (int c = 0; c < 2; c++) {
    const v a = load_strip(dy[c] + j, n), b = load_strip(dy[2 + c] + j, n);
    t[0][c] = a, t[1][c] = a + b, t[2][c] = a - b, t[3][c] = -b;
  }
  TL_UNROLL for (int r = 0; r < 4; r++) {
    float *o = out + 4 * r * step + j;
    store_strip(o, t[r][0], n);
    store_strip(o + step, t[r][0] + t[r][1], n);
    store_strip(o + 2 * step, t[r][0] - t[r][1], n);
    store_strip(o + 3 * step, -t[r][1], n);
  }
}

static void gradients(const Winograd *q, const float *dy, P first, P tiles, const float *zeros, float *out) {
  const P Co = q->Co, step = apart(q->group, Co);
  for (P t = 0; t < tiles; t++) {
    const P y0 = (first + t) / q->across * 2, x0 = (first + t) % q->across * 2;
    const float *from[4];
    for (P k = 0; k < 4; k++) {
      const P row = y0 + k / 2, column = x0 + k % 2;
      from[k] = row < q->Ho && column < q->Wo ? dy + (row * q->Wo + column) * Co : zeros;
    }
    STRIPS(Co, gradient_strip(from, j, out + t * Co, step, n))
  }
}

TL_INLINE void add_strip(const float *dy, P places, P C, float *sum, P n) {
  v s = {};
  for (P i = 0; i < places; i++) s += load_strip(dy + i * C, n);
  store_strip(sum, load_strip(sum, n) + s, n);
}

// The sums over a chunk of the batch: at each place (C, Co), and of dy.
static void chunk_tile(void *ctx, int chunk) {
  const Winograd *q = ctx;
  const P C = q->C, Co = q->Co, in = apart(q->group, C), out = apart(q->group, Co), widest = parts(most(C, Co), GAP) * GAP;
  float *zeros = scratch(widest + PLACES * (in + out) + PANEL), *V = zeros + widest, *Z = V + PLACES * in;
  float *sum = q->partial + chunk * (PLACES * C + 1) * Co, *bias = sum + PLACES * C * Co;
  memset(zeros, 0, (size_t)widest * sizeof(float));
  memset(bias, 0, (size_t)Co * sizeof(float));
  int add = 0;
  for (P row = q->rows * chunk / q->chunks; row < q->rows * (chunk + 1) / q->chunks; row++) {
    const float *x = q->x + row * q->H * q->W * C, *dy = q->dy + row * q->Ho * q->Wo * Co;
    for (P first = 0; first < q->tiles; first += q->group, add = 1) {
      const P tiles = least(q->group, q->tiles - first);
      inputs(q, x, first, tiles, zeros, V);
      gradients(q, dy, first, tiles, zeros, Z);
      for (P k = 0; k < PLACES; k++)
        for (P p = 0; p * PANEL < Co; p++) {
          Block b = {.KO = 1, .KI = tiles, .a = V + k * in, .a_row = 1, .a_inner = C, .b = Z + k * out + p * PANEL,
                     .b_inner = Co, .c = sum + k * C * Co + p * PANEL, .c_row = Co, .add = add,
                     .columns = least(PANEL, Co - p * PANEL)};
          block_rows(&b, C, 1);
        }
    }
    if (q->db) STRIPS(Co, add_strip(dy + j, q->Ho * q->Wo, Co, bias + j, n))
  }
}

// G' s G of a strip of filters of channel c, s summed over the chunks in their order.
TL_INLINE void weights_strip(const Winograd *q, P c, P j, P n) {
  const P whole = (PLACES * q->C + 1) * q->Co;
  v s[4][4], t[3][4];
  for (P k = 0; k < PLACES; k++) {
    const float *at = q->partial + (k * q->C + c) * q->Co + j;
    v sum = load_strip(at, n);
    for (P m = 1; m < q->chunks; m++) sum += load_strip(at + m * whole, n);
    s[k / 4][k % 4] = sum;
  }
  for (int k = 0; k < 4; k++) {
    const v both = 0.5f * (s[1][k] + s[2][k]);
    t[0][k] = s[0][k] + both, t[1][k] = 0.5f * (s[1][k] - s[2][k]), t[2][k] = both + s[3][k];
  }
  for (int r = 0; r < 3; r++) {
    const v both = 0.5f * (t[r][1] + t[r][2]);
    float *o = q->dw + (3 * r * q->C + c) * q->Co + j;
    store_strip(o, t[r][0] + both, n);
    store_strip(o + q->C * q->Co, 0.5f * (t[r][1] - t[r][2]), n);
    store_strip(o + 2 * q->C * q->Co, both + t[r][3], n);
  }
}

static void weights_tile(void *ctx, int c) {
  const Winograd *q = ctx;
  STRIPS(q->Co, weights_strip(q, c, j, n))
}

// dW and db from x and dy. i[11]: most chunks. p: x dy dW db|0 partial (chunks times 16 C Co + Co)
TL_KERNEL(winograd_dw) {
  void *const *p = op->p;
  Winograd q = sizes(op, step);
  q.x = p[0], q.dy = p[1], q.dw = p[2], q.db = p[3], q.partial = p[4];
  q.chunks = least(op->i[11], q.rows);
  tl_share(chunk_tile, &q, (int)q.chunks, work(&q));
  tl_share(weights_tile, &q, (int)q.C, q.chunks * PLACES * q.C * q.Co);
  if (!q.db) return;
  for (P j = 0; j < q.Co; j++) {
    q.db[j] = 0;
    for (P k = 0; k < q.chunks; k++) q.db[j] += q.partial[(k + 1) * (PLACES * q.C + 1) * q.Co - q.Co + j];
  }
}
