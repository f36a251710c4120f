// Pooling of images (rows, H, W, C) to (rows, Ho, Wo, C), a tile an image; and the layers before it in the same pass.
//
// Windows of kh x kw pixels, step_y and step_x apart; they may overlap and reach over the border (top, left), which
// is left out. Sizes of the first ops, i: H W C Ho Wo kh kw step_y step_x top left.
//
// `pooled` is the end of a block of a convolutional network in one pass: batch norm (or none), relu, max pool over
// windows that tile the image. y of batch norm and relu are written only in the last step of a call. Forward keeps x
// of each winner, so that backward sums over windows, a quarter of the pixels, and knows the winner.
#include "op.h"
#include "pool.h"
#include "strip.h"

typedef struct {
  P rows, H, W, C, Ho, Wo, kh, kw, step_y, step_x, top, left;
  const float *x, *dy, *mean, *factor, *shift, *even, *tilt, *seen;
  float *y, *dx, *winners, *normed, *fired, *moments;
} Pool;

static Pool sizes(const tl_op *op, const tl_step *step) {
  const int64_t *i = op->i;
  return (Pool){.rows = step->rows, .H = i[0], .W = i[1], .C = i[2], .Ho = i[3], .Wo = i[4], .kh = i[5], .kw = i[6],
                .step_y = i[7], .step_x = i[8], .top = i[9], .left = i[10]};
}

TL_INLINE P numbers(const Pool *q) { return q->rows * q->H * q->W * q->C; }

// The pixels of window (i, j) that lie in the image: rows y0 to y1, columns x0 to x1.
typedef struct { P y0, y1, x0, x1; } Window;
TL_INLINE Window window(const Pool *q, P i, P j) {
  P y = i * q->step_y - q->top, x = j * q->step_x - q->left;
  return (Window){most(0, y), least(q->H, y + q->kh), most(0, x), least(q->W, x + q->kw)};
}

// Whether b replaces a: it is larger, or the first nan.
TL_INLINE vi larger(v b, v a) { return (b > a) | ((b != b) & (a == a)); }

// ---------------------------------------------------------------- max pool

TL_INLINE void max_strip(const Pool *q, const float *x, Window w, P j, float *y, P n) {
  v best = all(-INFINITY);
  for (P r = w.y0; r < w.y1; r++)
    for (P c = w.x0; c < w.x1; c++) {
      v b = load_strip(x + (r * q->W + c) * q->C + j, n);
      best = where(larger(b, best), b, best);
    }
  store_strip(y + j, best, n);
}

static void max_tile(void *ctx, int row) {
  const Pool *q = ctx;
  const float *x = q->x + row * q->H * q->W * q->C;
  float *y = q->y + row * q->Ho * q->Wo * q->C;
  for (P i = 0; i < q->Ho; i++)
    for (P k = 0; k < q->Wo; k++, y += q->C) {
      Window w = window(q, i, k);
      STRIPS(q->C, max_strip(q, x, w, j, y, n))
    }
}

// y = the largest number of each window. p: x y
TL_KERNEL(max_pool_forward) {
  Pool q = sizes(op, step);
  q.x = op->p[0], q.y = op->p[1];
  tl_share(max_tile, &q, (int)q.rows, numbers(&q));
}

// dx += dy at the first place where x is y.
TL_INLINE void max_back_strip(const Pool *q, const float *x, Window w, P j, const float *y, const float *dy, float *dx, P n) {
  const v best = load_strip(y + j, n), g = load_strip(dy + j, n);
  vi waiting = (vi){} == (vi){};
  for (P r = w.y0; r < w.y1; r++)
    for (P c = w.x0; c < w.x1; c++) {
      P at = (r * q->W + c) * q->C + j;
      vi here = (load_strip(x + at, n) == best) & waiting;
      waiting &= ~here;
      store_strip(dx + at, load_strip(dx + at, n) + where(here, g, (v){}), n);
    }
}

static void max_back_tile(void *ctx, int row) {
  const Pool *q = ctx;
  const P in = row * q->H * q->W * q->C, out = row * q->Ho * q->Wo * q->C;
  const float *y = q->y + out, *dy = q->dy + out;
  memset(q->dx + in, 0, (size_t)(q->H * q->W * q->C) * sizeof(float));
  for (P i = 0; i < q->Ho; i++)
    for (P k = 0; k < q->Wo; k++, y += q->C, dy += q->C) {
      Window w = window(q, i, k);
      STRIPS(q->C, max_back_strip(q, q->x + in, w, j, y, dy, q->dx + in, n))
    }
}

// p: x y dy dx
TL_KERNEL(max_pool_backward) {
  Pool q = sizes(op, step);
  q.x = op->p[0], q.y = op->p[1], q.dy = op->p[2], q.dx = op->p[3];
  tl_share(max_back_tile, &q, (int)q.rows, numbers(&q));
}

// ---------------------------------------------------------------- average pool

TL_INLINE float share(Window w) { return 1.0f / (float)((w.y1 - w.y0) * (w.x1 - w.x0)); }

TL_INLINE void average_strip(const Pool *q, const float *x, Window w, P j, float *y, P n) {
  v sum = {};
  for (P r = w.y0; r < w.y1; r++)
    for (P c = w.x0; c < w.x1; c++) sum += load_strip(x + (r * q->W + c) * q->C + j, n);
  store_strip(y + j, sum * share(w), n);
}

static void average_tile(void *ctx, int row) {
  const Pool *q = ctx;
  const float *x = q->x + row * q->H * q->W * q->C;
  float *y = q->y + row * q->Ho * q->Wo * q->C;
  for (P i = 0; i < q->Ho; i++)
    for (P k = 0; k < q->Wo; k++, y += q->C) {
      Window w = window(q, i, k);
      STRIPS(q->C, average_strip(q, x, w, j, y, n))
    }
}

// y = the mean of each window's pixels; one window as large as the image is the global average. p: x y
TL_KERNEL(avg_pool_forward) {
  Pool q = sizes(op, step);
  q.x = op->p[0], q.y = op->p[1];
  tl_share(average_tile, &q, (int)q.rows, numbers(&q));
}

TL_INLINE void average_back_strip(const Pool *q, Window w, P j, const float *dy, float *dx, P n) {
  const v g = load_strip(dy + j, n) * share(w);
  for (P r = w.y0; r < w.y1; r++)
    for (P c = w.x0; c < w.x1; c++) {
      P at = (r * q->W + c) * q->C + j;
      store_strip(dx + at, load_strip(dx + at, n) + g, n);
    }
}

static void average_back_tile(void *ctx, int row) {
  const Pool *q = ctx;
  const P in = row * q->H * q->W * q->C;
  const float *dy = q->dy + row * q->Ho * q->Wo * q->C;
  memset(q->dx + in, 0, (size_t)(q->H * q->W * q->C) * sizeof(float));
  for (P i = 0; i < q->Ho; i++)
    for (P k = 0; k < q->Wo; k++, dy += q->C) {
      Window w = window(q, i, k);
      STRIPS(q->C, average_back_strip(q, w, j, dy, q->dx + in, n))
    }
}

// p: dy dx
TL_KERNEL(avg_pool_backward) {
  Pool q = sizes(op, step);
  q.dy = op->p[0], q.dx = op->p[1];
  tl_share(average_back_tile, &q, (int)q.rows, numbers(&q));
}

// ---------------------------------------------------------------- batch norm, relu, max pool

// Channels j ... of a line of windows. With `normal`, t = (x - mean) factor + shift, else t = x; y = max(0, t of the
// winner); the first of equals wins.
TL_INLINE void pooled_strip(const Pool *q, P in, P out, P j, const int normal, const P kh, const P kw, P n) {
  v mean = {}, factor = {}, shift = {};
  if (normal)
    mean = load_strip(q->mean + j, n), factor = load_strip(q->factor + j, n), shift = load_strip(q->shift + j, n);
  for (P k = 0; k < q->Wo; k++, in += kw * q->C, out += q->C) {
    v best = {}, winner = {};
    for (P r = 0; r < kh; r++)
      for (P c = 0; c < kw; c++) {
        const P at = in + (r * q->W + c) * q->C;
        const v x = load_strip(q->x + at, n), t = normal ? (x - mean) * factor + shift : x;
        if (q->normed) store_strip(q->normed + at, t, n);
        if (q->fired) store_strip(q->fired + at, positive(t), n);
        if (r + c == 0) {
          best = t, winner = x;
        } else {
          vi take = larger(t, best);
          best = where(take, t, best);
          if (normal) winner = where(take, x, winner);
        }
      }
    store_strip(q->y + out, positive(best), n);
    if (normal && q->winners) store_strip(q->winners + out, winner, n);
  }
}

// Lines of windows of an image, strip by strip: `strip`, a macro of (batch norm before?, kh, kw), is made for windows of
// 2 x 2 and for any. It finds its numbers at in + j and out + j.
#define LINES_OF_WINDOWS(strip)                                                                                      \
  for (P i = 0; i < q->Ho; i++) {                                                                                    \
    const P in = (row * q->H + i * q->kh) * q->W * q->C, out = (row * q->Ho + i) * q->Wo * q->C;                     \
    if (q->kh == 2 && q->kw == 2 && q->mean) {                                                                       \
      STRIPS(q->C, strip(1, 2, 2))                                                                                   \
    } else if (q->kh == 2 && q->kw == 2) {                                                                           \
      STRIPS(q->C, strip(0, 2, 2))                                                                                   \
    } else {                                                                                                         \
      STRIPS(q->C, strip(q->mean != 0, q->kh, q->kw))                                                                \
    }                                                                                                                \
  }

static void pooled_tile(void *ctx, int row) {
  const Pool *q = ctx;
#define FORWARD(normal, kh, kw) pooled_strip(q, in + j, out + j, j, normal, kh, kw, n)
  LINES_OF_WINDOWS(FORWARD)
}

// i: as above, windows that tile the image. p: x y mean|0 factor shift winners|0 (like y) normed|0 (y of batch norm)
// fired|0 (y of relu)
TL_KERNEL(pooled_forward) {
  void *const *p = op->p;
  Pool q = sizes(op, step);
  q.x = p[0], q.y = p[1], q.mean = p[2], q.factor = p[3], q.shift = p[4], q.winners = p[5];
  if (step->last) q.normed = p[6], q.fired = p[7];
  tl_share(pooled_tile, &q, (int)q.rows, numbers(&q));
}

// Batch norm's sums, over winners alone: g = dy where y > 0; of g, and of g (x - mean). A line of windows at a time:
// rounding grows with the length of a sum.
TL_INLINE void pooled_sums_strip(const Pool *q, P at, P j, float *even, float *tilt, P n) {
  const v mean = load_strip(q->mean + j, n);
  v a = {}, b = {};
  for (P i = 0; i < q->Ho; i++) {
    v line_a = {}, line_b = {};
    for (P k = 0; k < q->Wo; k++, at += q->C) {
      v g = where(load_strip(q->seen + at, n) > 0, load_strip(q->dy + at, n), (v){});
      line_a += g;
      line_b += g * (load_strip(q->winners + at, n) - mean);
    }
    a += line_a, b += line_b;
  }
  store_strip(even + j, a, n);
  store_strip(tilt + j, b, n);
}

static void pooled_sums_tile(void *ctx, int row) {
  const Pool *q = ctx;
  float *out = q->moments + (P)row * 2 * q->C;
  STRIPS(q->C, pooled_sums_strip(q, row * q->Ho * q->Wo * q->C + j, j, out, out + q->C, n))
}

// For batch_norm_finish_backward. p: y dy winners mean moments (2 C a row)
TL_KERNEL(pooled_sums) {
  Pool q = sizes(op, step);
  q.seen = op->p[0], q.dy = op->p[1], q.winners = op->p[2], q.mean = op->p[3], q.moments = op->p[4];
  tl_share(pooled_sums_tile, &q, (int)q.rows, numbers(&q));
}

// dx of a line of windows: factor g at the winner, and batch norm's part everywhere (normalization.c); without it, g.
TL_INLINE void pooled_back_strip(const Pool *q, P in, P out, P j, const int normal, const P kh, const P kw, P n) {
  v mean = {}, factor = {}, even = {}, tilt = {};
  if (normal) {
    mean = load_strip(q->mean + j, n), factor = load_strip(q->factor + j, n);
    even = load_strip(q->even + j, n), tilt = load_strip(q->tilt + j, n);
  }
  for (P k = 0; k < q->Wo; k++, in += kw * q->C, out += q->C) {
    const v y = load_strip(q->seen + out, n), winner = normal ? load_strip(q->winners + out, n) : y;
    v g = where(y > 0, load_strip(q->dy + out, n), (v){});
    if (normal) g *= factor;
    vi waiting = (vi){} == (vi){};
    for (P r = 0; r < kh; r++)
      for (P c = 0; c < kw; c++) {
        const P at = in + (r * q->W + c) * q->C;
        const v x = load_strip(q->x + at, n);
        const vi here = (x == winner) & waiting;
        waiting &= ~here;
        v dx = where(here, g, (v){});
        if (normal) dx -= even + (x - mean) * tilt;
        store_strip(q->dx + at, dx, n);
      }
  }
}

static void pooled_back_tile(void *ctx, int row) {
  const Pool *q = ctx;
#define BACKWARD(normal, kh, kw) pooled_back_strip(q, in + j, out + j, j, normal, kh, kw, n)
  LINES_OF_WINDOWS(BACKWARD)
}

// p: x y dy dx mean|0 factor even tilt winners
TL_KERNEL(pooled_backward) {
  void *const *p = op->p;
  Pool q = sizes(op, step);
  q.x = p[0], q.seen = p[1], q.dy = p[2], q.dx = p[3];
  q.mean = p[4], q.factor = p[5], q.even = p[6], q.tilt = p[7], q.winners = p[8];
  tl_share(pooled_back_tile, &q, (int)q.rows, numbers(&q));
}
