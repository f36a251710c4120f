// Convolution of images in place: no windows are copied (no im2col), no gradients scattered.
//
// Layout: x (rows, H, W, C), y (rows, Ho, Wo, Co), W (kh, kw, C, Co). In a window the kw C numbers of a row of pixels are
// contiguous, so a window is kh runs, and a row of outputs is a matrix product over two loops (block.h): kh runs of kw C
// numbers each. If windows reach over the border, the runs above and below the image are left out; at the sides, the tile
// first copies its image between columns of zeros (into the thread's scratch memory, a few percent of the time).
//
//   forward  a tile is an image; y's rows against W packed in panels of PANEL filters.
//   dx       a tile is an image. With step s, pixels of dx fall into s s phases (row mod s, column mod s); each is a
//            convolution of dy, step 1, with the taps of W that reach it, rotated. s = 1 is one phase, all of W.
//   dW, db   a tile is a chunk of the rows (CHUNKS on any number of threads) with its own sums, which are added in
//            order afterwards. kw C rows of W's gradient at a time against dy, summed over all places.
//
// Sizes of every op here, i: H W C Ho Wo Co kh kw step top left (top, left: width of the border).
#include "block.h"
#include "moments.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"

enum { CHUNKS = 8, SUM_RUN = 4096 };

typedef struct {
  int rows, H, W, C, Ho, Wo, Co, kh, kw, step, top, left, chunks, bands;
  const float *x, *w, *bias, *dy;
  float *y, *after, *dx, *dw, *db, *packed, *partial, *moments;
} Conv;

static Conv sizes(const tl_op *op, const tl_step *step) {
  const int64_t *i = op->i;
  Conv q = {.rows = (int)step->rows, .H = (int)i[0], .W = (int)i[1], .C = (int)i[2], .Ho = (int)i[3], .Wo = (int)i[4],
            .Co = (int)i[5], .kh = (int)i[6], .kw = (int)i[7], .step = (int)i[8], .top = (int)i[9], .left = (int)i[10]};
  if (q.kh == 1 && q.kw == 1 && q.step == 1) {  // each pixel is a window: all places are one long row
    q.W *= q.H, q.Wo = q.W;
    q.H = q.Ho = 1;
  }
  return q;
}

// The amount of work, in numbers read and written (pool.h); a number costs as much as 16 multiplications.
TL_INLINE P weights(const Conv *q) { return (P)q->kh * q->kw * q->C * q->Co; }
TL_INLINE P work(const Conv *q) { return (P)q->rows * q->Ho * q->Wo * weights(q) / 16; }

// ---------------------------------------------------------------- an image between columns of zeros

typedef struct { const float *at; P pitch; } Image;  // pitch: from a row to the next
TL_INLINE P frame_size(P H, P W, P C, P left, P columns) { return !left && columns <= W ? 0 : H * columns * C; }

// `columns` columns of an image, the first of which lies `left` before it; only what is wider is copied, to `to`.
static Image framed(const float *x, P H, P W, P C, P left, P columns, float *to) {
  if (!frame_size(H, W, C, left, columns)) return (Image){x, W * C};
  P inside = least(W, columns - left), right = columns - left - inside, pitch = columns * C;
  for (P i = 0; i < H; i++) {
    float *o = to + i * pitch;
    memset(o, 0, (size_t)(left * C) * sizeof(float));
    memcpy(o + left * C, x + i * W * C, (size_t)(inside * C) * sizeof(float));
    memset(o + (left + inside) * C, 0, (size_t)(right * C) * sizeof(float));
  }
  return (Image){to, pitch};
}

TL_INLINE P windows_width(const Conv *q) { return (P)(q->Wo - 1) * q->step + q->kw; }
static Image input(const Conv *q, P n, float *to) {
  return framed(q->x + n * q->H * q->W * q->C, q->H, q->W, q->C, q->left, windows_width(q), to);
}

// ---------------------------------------------------------------- forward

// Panel p of W: the numbers of PANEL filters side by side, k after k; zeros for filters that do not exist.
static void pack_tile(void *ctx, int p) {
  const Conv *q = ctx;
  P K = (P)q->kh * q->kw * q->C, Co = q->Co, n = least(PANEL, Co - (P)p * PANEL);
  const float *w = q->w + (P)p * PANEL;
  float *o = q->packed + p * K * PANEL;
  for (P k = 0; k < K; k++, w += Co, o += PANEL) {
    for (P j = 0; j < n; j++) o[j] = w[j];
    for (P j = n; j < PANEL; j++) o[j] = 0;
  }
}

static void forward_tile(void *ctx, int n) {
  const Conv *q = ctx;
  const P Co = q->Co, KI = (P)q->kw * q->C, K = q->kh * KI, places = (P)q->Ho * q->Wo;
  Image x = input(q, n, scratch(frame_size(q->H, q->W, q->C, q->left, windows_width(q))));
  float *y = (q->y ? q->y : q->after) + n * places * Co;
  Block b = {.KI = KI, .a_row = (P)q->step * q->C, .a_outer = x.pitch, .b_outer = KI * PANEL, .b_inner = PANEL,
             .c_row = Co};
  for (P p = 0; p * PANEL < Co; p++) {
    b.bias = q->bias ? q->bias + p * PANEL : 0;
    b.columns = least(PANEL, Co - p * PANEL);
    for (P i = 0; i < q->Ho; i++) {
      P above = i * q->step - q->top, first = most(0, -above);  // runs of the window that lie in the image
      b.KO = most(first, least(q->kh, q->H - above)) - first;
      b.a = x.at + (above + first) * x.pitch;
      b.b = q->packed + (p * K + first * KI) * PANEL;
      b.c = y + i * q->Wo * Co + p * PANEL;
      if (!q->y) b.after = b.c;
      block_rows(&b, q->Wo, 0);
    }
  }
  if (q->moments) moments_of(y, places, Co, Co, q->moments + (P)n * 2 * Co, q->moments + ((P)n * 2 + 1) * Co);
  if (q->y && q->after)
    for (P i = 0; i < places * Co; i++) q->after[n * places * Co + i] = y[i] <= 0 ? 0 : y[i];
}

// y = W * x [+ b], then perhaps max(0, y).
// p: x W b|0 y packed (parts(Co, PANEL) panels of kh kw C) moments|0 (2 Co a row: for batch_norm_finish) relu's y|0
// With relu, y itself is written only in the last step of a call.
TL_KERNEL(conv_forward) {
  void *const *p = op->p;
  Conv q = sizes(op, step);
  q.x = p[0], q.w = p[1], q.bias = p[2], q.y = p[3], q.packed = p[4], q.moments = p[5], q.after = p[6];
  if (q.after && !step->last) q.y = 0;
  tl_share(pack_tile, &q, (int)parts(q.Co, PANEL), weights(&q));
  tl_share(forward_tile, &q, q.rows, work(&q));
}

// ---------------------------------------------------------------- gradient of the input

// The pixels (row mod step, column mod step) = (py, px) counted from the border's corner, and the taps that reach them:
// W[py + step i, px + step j] for i < taps_y, j < taps_x. `offset`: where they begin in `packed`.
typedef struct { P taps_y, taps_x, py, px, offset; } Phase;

TL_INLINE P taps(P size, P phase, P step) { return size > phase ? parts(size - phase, step) : 0; }

static Phase phase(const Conv *q, P py, P px) {
  P s = q->step, width = parts(q->C, PANEL) * PANEL * q->Co;
  Phase h = {taps(q->kh, py, s), taps(q->kw, px, s), py, px, 0};
  for (P i = 0; i < py; i++) h.offset += taps(q->kh, i, s) * q->kw * width;
  for (P j = 0; j < px; j++) h.offset += h.taps_y * taps(q->kw, j, s) * width;
  return h;
}

static void pack_turned_tile(void *ctx, int tile) {
  const Conv *q = ctx;
  const P s = q->step, panels = parts(q->C, PANEL), p = tile % panels, C = q->C, Co = q->Co;
  const P n = least(PANEL, C - p * PANEL);
  Phase h = phase(q, tile / panels / s, tile / panels % s);
  float *o = q->packed + h.offset + p * h.taps_y * h.taps_x * Co * PANEL;
  for (P i = h.taps_y - 1; i >= 0; i--)
    for (P j = h.taps_x - 1; j >= 0; j--) {
      const float *w = q->w + ((h.py + s * i) * q->kw + h.px + s * j) * C * Co + p * PANEL * Co;
      for (P k = 0; k < Co; k++, o += PANEL) {
        for (P m = 0; m < n; m++) o[m] = w[m * Co + k];
        for (P m = n; m < PANEL; m++) o[m] = 0;
      }
    }
}

// One phase of dx. Pixel (i step + py - top) for i >= y0 meets dy's rows i - taps_y + 1 ... i.
static void dx_phase(const Conv *q, Phase h, Image dy, P border, float *dx) {
  const P s = q->step, C = q->C, KI = h.taps_x * q->Co;
  const P y0 = q->top > h.py ? parts(q->top - h.py, s) : 0, x0 = q->left > h.px ? parts(q->left - h.px, s) : 0;
  const P i0 = y0 * s + h.py - q->top, j0 = x0 * s + h.px - q->left;
  if (!h.taps_y || !h.taps_x || i0 >= q->H || j0 >= q->W) return;
  const P rows = parts(q->H - i0, s), columns = parts(q->W - j0, s);
  Block b = {.KI = KI, .a_row = q->Co, .a_outer = dy.pitch, .b_outer = KI * PANEL, .b_inner = PANEL, .c_row = s * C};
  for (P p = 0; p * PANEL < C; p++) {
    b.columns = least(PANEL, C - p * PANEL);
    for (P i = 0; i < rows; i++) {
      P above = y0 + i - (h.taps_y - 1), first = most(0, -above);
      b.KO = most(first, least(h.taps_y, q->Ho - above)) - first;
      b.a = dy.at + (above + first) * dy.pitch + (x0 - (h.taps_x - 1) + border) * q->Co;
      b.b = q->packed + h.offset + (p * h.taps_y + first) * KI * PANEL;
      b.c = dx + ((i0 + i * s) * q->W + j0) * C + p * PANEL;
      block_rows(&b, columns, 0);
    }
  }
}

static void dx_tile(void *ctx, int n) {
  const Conv *q = ctx;
  const P s = q->step, border = parts(q->kw, s) - 1, columns = (q->W - 1 + q->left) / s + 1 + border;
  float *mine = scratch(frame_size(q->Ho, q->Wo, q->Co, border, columns));
  Image dy = framed(q->dy + (P)n * q->Ho * q->Wo * q->Co, q->Ho, q->Wo, q->Co, border, columns, mine);
  float *dx = q->dx + (P)n * q->H * q->W * q->C;
  if (s > q->kh || s > q->kw) memset(dx, 0, (size_t)((P)q->H * q->W * q->C) * sizeof(float));  // what no window sees
  for (P py = 0; py < s; py++)
    for (P px = 0; px < s; px++) dx_phase(q, phase(q, py, px), dy, border, dx);
}

// dx from dy. p: W dy dx packed (parts(C, PANEL) panels of kh kw Co)
TL_KERNEL(conv_dx) {
  Conv q = sizes(op, step);
  q.w = op->p[0], q.dy = op->p[1], q.dx = op->p[2], q.packed = op->p[3];
  tl_share(pack_turned_tile, &q, (int)(q.step * q.step * parts(q.C, PANEL)), weights(&q));
  tl_share(dx_tile, &q, q.rows, work(&q));
}

// ---------------------------------------------------------------- gradient of the weights

// A panel of dy: (places, PANEL) side by side.
static void pack_dy(const float *dy, P places, P Co, P columns, float *o) {
  for (P i = 0; i < places; i++, dy += Co, o += PANEL) {
    if (columns == PANEL) {
      store(o, load(dy));
      store(o + VL, load(dy + VL));
    } else {
      for (P j = 0; j < columns; j++) o[j] = dy[j];
      for (P j = columns; j < PANEL; j++) o[j] = 0;
    }
  }
}

// Sums of dy's columns, in pieces because rounding errors grow with the length of a sum.
static void add_places(const float *dy, P places, P pitch, int columns, int add, float *sum) {
  enum { PIECE = 64 };
  v s0 = {}, s1 = {};
  for (P done = 0; done < places; done += PIECE) {
    v t0 = {}, t1 = {};
    for (P i = done; i < least(places, done + PIECE); i++, dy += pitch) {
      t0 += load(dy);
      if (columns > VL) t1 += load(dy + VL);
    }
    s0 += t0, s1 += t1;
  }
  float t[PANEL];
  store(t, s0);
  store(t + VL, s1);
  for (int j = 0; j < columns; j++) sum[j] = add ? sum[j] + t[j] : t[j];
}

// One image's part of a panel of dW: run r of the windows meets the image's rows i step + r - top.
static void dw_panel(const Conv *q, Image x, const float *dy, P pitch, P p, int add, float *out) {
  const P KI = (P)q->kw * q->C, s = q->step;
  Block b = {.KI = q->Wo, .a_row = 1, .a_inner = s * q->C, .a_outer = s * x.pitch, .b_inner = pitch,
             .b_outer = q->Wo * pitch, .c_row = q->Co, .add = add, .columns = least(PANEL, q->Co - p * PANEL)};
  for (P r = 0; r < q->kh; r++) {
    P first = q->top > r ? parts(q->top - r, s) : 0;
    P end = q->H + q->top > r ? least(q->Ho, parts(q->H + q->top - r, s)) : 0;
    b.KO = most(first, end) - first;
    b.a = x.at + (first * s + r - q->top) * x.pitch;
    b.b = dy + first * b.b_outer;
    b.c = out + r * KI * q->Co + p * PANEL;
    block_rows(&b, KI, 1);
  }
}

// A chunk of the rows, and where weights are many a band of the panels.
static void dw_tile(void *ctx, int tile) {
  const Conv *q = ctx;
  const P chunk = tile / q->bands, band = tile % q->bands, panels = parts(q->Co, PANEL), Co = q->Co;
  const P begin = q->rows * chunk / q->chunks, end = q->rows * (chunk + 1) / q->chunks, places = (P)q->Ho * q->Wo;
  const P size = (P)q->kh * q->kw * q->C * Co, frame = parts(frame_size(q->H, q->W, q->C, q->left, windows_width(q)), VL) * VL;
  float *out = q->partial + chunk * (size + Co), *mine = scratch(frame + places * PANEL);
  for (P n = begin; n < end; n++) {
    Image x = input(q, n, mine);
    for (P p = panels * band / q->bands; p < panels * (band + 1) / q->bands; p++) {
      const float *dy = q->dy + n * places * Co + p * PANEL;
      P pitch = Co;
      int columns = (int)least(PANEL, Co - p * PANEL);
      if (columns % VL || Co > 2 * PANEL) {  // vectors would reach too far, or cache lines are too far apart
        pack_dy(dy, places, Co, columns, mine + frame);
        dy = mine + frame, pitch = PANEL;
      }
      dw_panel(q, x, dy, pitch, p, n > begin, out);
      if (q->db) add_places(dy, places, pitch, columns, n > begin, out + size + p * PANEL);
    }
  }
}

// dW and db: the chunks' sums, in their order.
static void dw_sum_tile(void *ctx, int tile) {
  const Conv *q = ctx;
  const P size = (P)q->kh * q->kw * q->C * q->Co, whole = size + q->Co, begin = (P)tile * SUM_RUN;
  const P end = least(q->db ? whole : size, begin + SUM_RUN);
  for (P i = begin; i < end; i++) {
    float sum = q->partial[i];
    for (P k = 1; k < q->chunks; k++) sum += q->partial[k * whole + i];
    *(i < size ? q->dw + i : q->db + i - size) = sum;
  }
}

// dW and db from x and dy. i[11]: most chunks (CHUNKS at most; fewer where weights are many). p: x dy dW db|0 partial
// (chunks times the size of W and b)
TL_KERNEL(conv_dw) {
  void *const *p = op->p;
  Conv q = sizes(op, step);
  q.x = p[0], q.dy = p[1], q.dw = p[2], q.db = p[3], q.partial = p[4];
  q.chunks = (int)least(op->i[11], q.rows);
  q.bands = q.chunks < CHUNKS ? (int)least(parts(q.Co, PANEL), CHUNKS) : 1;
  tl_share(dw_tile, &q, q.chunks * q.bands, work(&q));
  tl_share(dw_sum_tile, &q, (int)parts(weights(&q) + q.Co, SUM_RUN), q.chunks * weights(&q));
}
