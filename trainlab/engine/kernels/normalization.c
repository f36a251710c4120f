// Normalization over the batch (batch_norm) and over each row by itself (layer, group and instance norm).
//
// Batch norm works on a matrix: each of the `places` of a row is a line, each channel a column (C of them). mean, inv and
// factor = scale inv are kept between forward and backward. xhat is not: x is still in memory and as cheap to read.
//
//   y = (x - mean) factor + shift;   with g = dy, or dy where relu's y > 0:
//   dshift = sum g, dscale = inv sum g (x - mean), dx = factor g - even - (x - mean) tilt,
//   even = factor dshift / n, tilt = factor inv dscale / n
//
// Images: moments of each row (by conv's tiles or here), `finish` joins them, `apply` writes y. Plain rows: one op, whose
// tiles are some columns and all lines, which stay in the cache. Sums over tiles are joined in the order of the tiles.
//
// A relu that follows is part of the same pass; y itself is then written only in the last step of a call.
#include "moments.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"
#include "strip.h"

enum { COLUMNS = 64, CHUNKS = 8 };

typedef struct {
  P rows, C, places, train;
  const float *x, *scale, *shift, *dy, *fired;
  float *moments, *running_mean, *running_var, *mean, *inv, *factor, *y, *after, *dscale, *dshift, *even, *tilt, *dx;
  double eps, momentum;
} Norm;

TL_INLINE P numbers(const Norm *q) { return q->rows * q->places * q->C; }

// ---------------------------------------------------------------- batch norm, forward

// mean, inv and factor from the batch's mean and squared distances; updates the running statistics.
static void settle(const Norm *q, P j, double mean, double distance, double n) {
  const double var = distance / n, share = q->momentum;
  q->mean[j] = (float)mean;
  q->inv[j] = (float)(1.0 / sqrt(var + q->eps));
  q->factor[j] = q->scale[j] * q->inv[j];
  q->running_mean[j] = (float)((1 - share) * q->running_mean[j] + share * mean);
  q->running_var[j] = (float)((1 - share) * q->running_var[j] + share * distance / (n - 1));
}

static void settle_running(const Norm *q, P j) {
  q->mean[j] = q->running_mean[j];
  q->inv[j] = 1.0f / sqrtf(q->running_var[j] + (float)q->eps);
  q->factor[j] = q->scale[j] * q->inv[j];
}

// A strip of y over the lines from x; and of relu's y.
TL_INLINE void apply_strip(const Norm *q, P lines, P at, P j, const int vectors, P n) {
  v mean[WIDE], factor[WIDE], shift[WIDE];
  TL_UNROLL for (int w = 0; w < vectors; w++) {
    mean[w] = load_strip(q->mean + j + w * VL, n);
    factor[w] = load_strip(q->factor + j + w * VL, n);
    shift[w] = load_strip(q->shift + j + w * VL, n);
  }
  for (P i = 0; i < lines; i++, at += q->C)
    TL_UNROLL for (int w = 0; w < vectors; w++) {
      v y = (load_strip(q->x + at + w * VL, n) - mean[w]) * factor[w] + shift[w];
      if (q->y) store_strip(q->y + at + w * VL, y, n);
      if (q->after) store_strip(q->after + at + w * VL, positive(y), n);
    }
}

static void apply(const Norm *q, P at, P lines, P first, P columns) {
  const P rows = most(1, PIECE / columns);
  for (P done = 0; done < lines; done += rows, at += rows * q->C) {
    const P k = least(rows, lines - done);
    WIDE_STRIPS(columns, apply_strip(q, k, at + first + j, first + j, vectors, n))
  }
}

static void moments_tile(void *ctx, int n) {
  const Norm *q = ctx;
  float *out = q->moments + (P)n * 2 * q->C;
  moments_of(q->x + n * q->places * q->C, q->places, q->C, q->C, out, out + q->C);
}

// i: C places. p: x moments (2 C a row)
TL_KERNEL(batch_norm_moments) {
  Norm q = {.rows = step->rows, .C = op->i[0], .places = op->i[1], .x = op->p[0], .moments = op->p[1]};
  tl_share(moments_tile, &q, (int)q.rows, numbers(&q));
}

static void finish_tile(void *ctx, int tile) {
  const Norm *q = ctx;
  const P first = (P)tile * COLUMNS, end = least(q->C, first + COLUMNS), n = q->rows * q->places;
  if (!q->train || n == 1) {
    for (P j = first; j < end; j++) settle_running(q, j);
    return;
  }
  double mean[COLUMNS] = {0}, distance[COLUMNS] = {0};
  for (P k = 0; k < q->rows; k++)
    for (P j = first; j < end; j++) mean[j - first] += q->moments[2 * k * q->C + j];
  for (P j = first; j < end; j++) mean[j - first] /= (double)q->rows;
  for (P k = 0; k < q->rows; k++)
    for (P j = first; j < end; j++) {
      double far = q->moments[2 * k * q->C + j] - mean[j - first];
      distance[j - first] += q->moments[(2 * k + 1) * q->C + j] + far * far * (double)q->places;
    }
  for (P j = first; j < end; j++) settle(q, j, mean[j - first], distance[j - first], (double)n);
}

static Norm forward_op(const tl_op *op, const tl_step *step) {
  void *const *p = op->p;
  Norm q = {.rows = step->rows, .C = op->i[0], .places = op->i[1], .train = op->i[2], .eps = op->f[0],
            .momentum = op->f[1], .scale = p[0], .shift = p[1], .running_mean = p[2], .running_var = p[3],
            .mean = p[4], .inv = p[5], .factor = p[6], .moments = p[7], .x = p[8], .y = p[9], .after = p[10]};
  if (q.after && !step->last) q.y = 0;
  return q;
}

// i: C places train. f: eps momentum. p: scale shift running_mean running_var mean inv factor moments
TL_KERNEL(batch_norm_finish) {
  Norm q = forward_op(op, step);
  tl_share(finish_tile, &q, (int)parts(q.C, COLUMNS), q.rows * q.C);
}

static void apply_tile(void *ctx, int n) {
  const Norm *q = ctx;
  apply(q, n * q->places * q->C, q->places, 0, q->C);
}

// As batch_norm_finish; then x, y, relu's y or 0
TL_KERNEL(batch_norm_apply) {
  Norm q = forward_op(op, step);
  tl_share(apply_tile, &q, (int)q.rows, numbers(&q));
}

static void columns_tile(void *ctx, int tile) {
  const Norm *q = ctx;
  const P first = (P)tile * COLUMNS, columns = least(COLUMNS, q->C - first), lines = q->rows * q->places;
  if (q->train && lines > 1) {
    float mean[COLUMNS], distance[COLUMNS];
    moments_of(q->x + first, lines, columns, q->C, mean, distance);
    for (P j = 0; j < columns; j++) settle(q, first + j, mean[j], distance[j], (double)lines);
  } else {
    for (P j = 0; j < columns; j++) settle_running(q, first + j);
  }
  apply(q, 0, lines, first, columns);
}

// The whole forward pass for plain rows. i, f, p as batch_norm_apply (moments is not used)
TL_KERNEL(batch_norm_columns) {
  Norm q = forward_op(op, step);
  tl_share(columns_tile, &q, (int)parts(q.C, COLUMNS), numbers(&q));
}

// ---------------------------------------------------------------- batch norm, backward

TL_INLINE v gradient(const Norm *q, P at, P n) {
  v g = load_strip(q->dy + at, n);
  return q->fired ? where(load_strip(q->fired + at, n) > 0, g, (v){}) : g;
}

// A strip's sums over lines: of g, and of g (x - mean).
TL_INLINE void sums_strip(const Norm *q, P at, P lines, P j, float *even, float *tilt, int add, const int vectors, P n) {
  v mean[WIDE], a[WIDE], b[WIDE];
  TL_UNROLL for (int w = 0; w < vectors; w++) {
    mean[w] = load_strip(q->mean + j + w * VL, n);
    a[w] = b[w] = (v){};
  }
  for (P i = 0; i < lines; i++, at += q->C)
    TL_UNROLL for (int w = 0; w < vectors; w++) {
      v g = gradient(q, at + w * VL, n);
      a[w] += g;
      b[w] += g * (load_strip(q->x + at + w * VL, n) - mean[w]);
    }
  TL_UNROLL for (int w = 0; w < vectors; w++) {
    store_strip(even + w * VL, add ? load_strip(even + w * VL, n) + a[w] : a[w], n);
    store_strip(tilt + w * VL, add ? load_strip(tilt + w * VL, n) + b[w] : b[w], n);
  }
}

static void sums(const Norm *q, P at, P lines, P first, P columns, float *even, float *tilt) {
  const P rows = least(128, most(1, PIECE / columns));  // short sums: rounding grows with the length
  for (P done = 0; done < lines; done += rows, at += rows * q->C) {
    const P k = least(rows, lines - done);
    WIDE_STRIPS(columns, sums_strip(q, at + first + j, k, first + j, even + j, tilt + j, done > 0, vectors, n))
  }
}

// dshift and dscale, even and tilt. A single line was normalized with running statistics, which do not depend on it.
static void settle_back(const Norm *q, P j, double even, double tilt, double n) {
  q->dshift[j] = (float)even;
  q->dscale[j] = (float)(tilt * q->inv[j]);
  q->even[j] = n > 1 ? (float)(q->factor[j] * even / n) : 0;
  q->tilt[j] = n > 1 ? (float)(q->factor[j] * (double)q->inv[j] * q->inv[j] * tilt / n) : 0;
}

TL_INLINE void dx_strip(const Norm *q, P at, P lines, P j, const int vectors, P n) {
  v mean[WIDE], factor[WIDE], even[WIDE], tilt[WIDE];
  TL_UNROLL for (int w = 0; w < vectors; w++) {
    mean[w] = load_strip(q->mean + j + w * VL, n);
    factor[w] = load_strip(q->factor + j + w * VL, n);
    even[w] = load_strip(q->even + j + w * VL, n);
    tilt[w] = load_strip(q->tilt + j + w * VL, n);
  }
  for (P i = 0; i < lines; i++, at += q->C)
    TL_UNROLL for (int w = 0; w < vectors; w++) {
      v far = load_strip(q->x + at + w * VL, n) - mean[w];
      store_strip(q->dx + at + w * VL, factor[w] * gradient(q, at + w * VL, n) - even[w] - far * tilt[w], n);
    }
}

static void dx_lines(const Norm *q, P at, P lines, P first, P columns) {
  const P rows = most(1, PIECE / columns);
  for (P done = 0; done < lines; done += rows, at += rows * q->C) {
    const P k = least(rows, lines - done);
    WIDE_STRIPS(columns, dx_strip(q, at + first + j, k, first + j, vectors, n))
  }
}

static Norm backward_op(const tl_op *op, const tl_step *step) {
  void *const *p = op->p;
  return (Norm){.rows = step->rows, .C = op->i[0], .places = op->i[1], .x = p[0], .dy = p[1], .fired = p[2],
                .mean = p[3], .inv = p[4], .factor = p[5], .dscale = p[6], .dshift = p[7], .even = p[8], .tilt = p[9],
                .moments = p[10], .dx = p[11]};
}

static void sums_tile(void *ctx, int n) {
  const Norm *q = ctx;
  float *out = q->moments + (P)n * 2 * q->C;
  sums(q, n * q->places * q->C, q->places, 0, q->C, out, out + q->C);
}

static void finish_back_tile(void *ctx, int tile) {
  const Norm *q = ctx;
  const P first = (P)tile * COLUMNS, end = least(q->C, first + COLUMNS);
  double even[COLUMNS] = {0}, tilt[COLUMNS] = {0};
  for (P k = 0; k < q->rows; k++)
    for (P j = first; j < end; j++) {
      even[j - first] += q->moments[2 * k * q->C + j];
      tilt[j - first] += q->moments[(2 * k + 1) * q->C + j];
    }
  for (P j = first; j < end; j++) settle_back(q, j, even[j - first], tilt[j - first], (double)(q->rows * q->places));
}

static void dx_tile(void *ctx, int n) {
  const Norm *q = ctx;
  dx_lines(q, n * q->places * q->C, q->places, 0, q->C);
}

// Only the end of backward, from sums that another op left in moments (2 C a row: of g, of g (x - mean)).
// i: C places. p: x dy fired|0 mean inv factor dscale dshift even tilt moments
TL_KERNEL(batch_norm_finish_backward) {
  Norm q = backward_op(op, step);
  tl_share(finish_back_tile, &q, (int)parts(q.C, COLUMNS), q.rows * q.C);
}

// i: C places. p: x dy fired|0 (relu's y) mean inv factor dscale dshift even tilt moments dx|0
TL_KERNEL(batch_norm_backward) {
  Norm q = backward_op(op, step);
  tl_share(sums_tile, &q, (int)q.rows, numbers(&q));
  tl_share(finish_back_tile, &q, (int)parts(q.C, COLUMNS), q.rows * q.C);
  if (q.dx) tl_share(dx_tile, &q, (int)q.rows, numbers(&q));
}

static void columns_back_tile(void *ctx, int tile) {
  const Norm *q = ctx;
  const P first = (P)tile * COLUMNS, columns = least(COLUMNS, q->C - first), lines = q->rows * q->places;
  float even[COLUMNS], tilt[COLUMNS];
  sums(q, 0, lines, first, columns, even, tilt);
  for (P j = 0; j < columns; j++) settle_back(q, first + j, even[j], tilt[j], (double)lines);
  if (q->dx) dx_lines(q, 0, lines, first, columns);
}

// The same for plain rows.
TL_KERNEL(batch_norm_columns_backward) {
  Norm q = backward_op(op, step);
  tl_share(columns_back_tile, &q, (int)parts(q.C, COLUMNS), numbers(&q));
}

// ---------------------------------------------------------------- layer, group and instance norm

// A row is (places, C) numbers in `groups` groups of neighbouring channels; each group of each row gets mean 0,
// variance 1. mean and inv are kept for each of them. scale and shift: one per channel, or one per number (whole).
typedef struct {
  P rows, places, C, groups, whole, chunks;
  const float *x, *scale, *shift, *dy;
  float *y, *mean, *inv, *dx, *dscale, *dshift, *partial;
  float eps;
} Rows;

static double sum_of(const float *x, P n) {
  double sum = 0;
  for (P i = 0; i < n; i++) sum += x[i];
  return sum;
}

static void rows_tile(void *ctx, int row) {
  const Rows *q = ctx;
  const P C = q->C, width = C / q->groups, places = q->places, at = row * places * C;
  const double count = (double)(places * width);
  float *mean = scratch(2 * C), *inv = mean + C;
  moments_of(q->x + at, places, C, C, mean, inv);  // of each channel; then joined over the channels of a group
  for (P g = 0; g < q->groups; g++) {
    float *m = mean + g * width, *d = inv + g * width;
    const double middle = sum_of(m, width) / (double)width;
    double distance = sum_of(d, width);
    for (P j = 0; j < width; j++) distance += (m[j] - middle) * (m[j] - middle) * (double)places;
    const float one = (float)(1.0 / sqrt(distance / count + q->eps));
    q->mean[row * q->groups + g] = (float)middle;
    q->inv[row * q->groups + g] = one;
    for (P j = 0; j < width; j++) m[j] = (float)middle, d[j] = one;
  }
  for (P i = 0; i < places; i++) {
    const float *x = q->x + at + i * C, *scale = q->scale + (q->whole ? i * C : 0), *shift = q->shift + (q->whole ? i * C : 0);
    float *y = q->y + at + i * C;
    TL_IVDEP for (P j = 0; j < C; j++) y[j] = (x[j] - mean[j]) * inv[j] * scale[j] + shift[j];
  }
}

// i: places C groups whole. f: eps. p: x scale shift y mean inv (groups a row)
TL_KERNEL(row_norm_forward) {
  void *const *p = op->p;
  Rows q = {.rows = step->rows, .places = op->i[0], .C = op->i[1], .groups = op->i[2], .whole = op->i[3],
            .eps = (float)op->f[0], .x = p[0], .scale = p[1], .shift = p[2], .y = p[3], .mean = p[4], .inv = p[5]};
  tl_share(rows_tile, &q, (int)q.rows, q.rows * q.places * q.C);
}

// dx of a row, d = scale dy: inv (d - mean d - xhat mean (d xhat)); its part of dscale and dshift is added to the sums.
static void row_back(const Rows *q, P row, float *dscale, float *dshift) {
  const P C = q->C, width = C / q->groups, places = q->places, at = row * places * C;
  const float per = 1.0f / (float)(places * width);
  float *mean = scratch(4 * C), *inv = mean + C, *even = inv + C, *tilt = even + C;
  for (P j = 0; j < C; j++) {
    mean[j] = q->mean[row * q->groups + j / width], inv[j] = q->inv[row * q->groups + j / width];
    even[j] = tilt[j] = 0;
  }
  for (P i = 0; i < places; i++) {
    const P own = q->whole ? i * C : 0;
    const float *x = q->x + at + i * C, *dy = q->dy + at + i * C, *scale = q->scale + own;
    float *to_scale = dscale + own, *to_shift = dshift + own;
    TL_IVDEP for (P j = 0; j < C; j++) {
      const float xhat = (x[j] - mean[j]) * inv[j], d = dy[j] * scale[j];
      to_scale[j] += dy[j] * xhat;
      to_shift[j] += dy[j];
      even[j] += d;
      tilt[j] += d * xhat;
    }
  }
  if (!q->dx) return;
  for (P g = 0; g < q->groups; g++) {
    float *e = even + g * width, *t = tilt + g * width;
    const float a = (float)sum_of(e, width) * per, b = (float)sum_of(t, width) * per;
    for (P j = 0; j < width; j++) e[j] = a, t[j] = b;
  }
  for (P i = 0; i < places; i++) {
    const float *x = q->x + at + i * C, *dy = q->dy + at + i * C, *scale = q->scale + (q->whole ? i * C : 0);
    float *dx = q->dx + at + i * C;
    TL_IVDEP for (P j = 0; j < C; j++)
      dx[j] = inv[j] * (dy[j] * scale[j] - even[j] - (x[j] - mean[j]) * inv[j] * tilt[j]);
  }
}

static void rows_back_tile(void *ctx, int chunk) {
  const Rows *q = ctx;
  const P size = q->whole ? q->places * q->C : q->C;
  float *out = q->partial + chunk * 2 * size;
  memset(out, 0, (size_t)(2 * size) * sizeof(float));
  for (P row = q->rows * chunk / q->chunks; row < q->rows * (chunk + 1) / q->chunks; row++)
    row_back(q, row, out, out + size);
}

// i: places C groups whole. p: x dy scale mean inv dscale dshift partial (CHUNKS times both) dx|0
TL_KERNEL(row_norm_backward) {
  void *const *p = op->p;
  Rows q = {.rows = step->rows, .places = op->i[0], .C = op->i[1], .groups = op->i[2], .whole = op->i[3],
            .chunks = least(CHUNKS, step->rows), .x = p[0], .dy = p[1], .scale = p[2], .mean = p[3], .inv = p[4],
            .dscale = p[5], .dshift = p[6], .partial = p[7], .dx = p[8]};
  tl_share(rows_back_tile, &q, (int)q.chunks, q.rows * q.places * q.C);
  const P size = q.whole ? q.places * q.C : q.C;
  for (P i = 0; i < size; i++) {
    float a = 0, b = 0;
    for (P k = 0; k < q.chunks; k++) a += q.partial[2 * k * size + i], b += q.partial[(2 * k + 1) * size + i];
    q.dscale[i] = a, q.dshift[i] = b;
  }
}
