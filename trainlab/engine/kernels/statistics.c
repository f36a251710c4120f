// Statistics of the layers for monitors: moments of outputs, units that never fire, norms of weights,
// gradients and steps. The ops of all layers run in one call; the step's rows are the rows to measure. Every result is a
// double at `out`.
//
// Sums are made in double, a CHUNK of numbers a tile, and added in the tiles' order.
#include "op.h"
#include "pool.h"

enum { CHUNK = 8192, COLUMNS = 256, PLACES = 16 };

enum { HALF = VL / 2 };  // as many doubles as fill a vector
typedef double vd __attribute__((vector_size(VL * 4)));
typedef float half __attribute__((vector_size(VL * 2), aligned(4), may_alias));

TL_INLINE vd wide(const float *p) { return __builtin_convertvector(*(const half *)p, vd); }
TL_INLINE double whole(vd x) {
  double sum = 0;
  for (int i = 0; i < HALF; i++) sum += x[i];
  return sum;
}

typedef struct {
  const float *y;
  double *sums;
  P n;
  float low, high;
} outputs;

static void measure(void *ctx, int tile) {
  const outputs *q = ctx;
  const float *y = q->y + (P)tile * CHUNK;
  const P n = least(CHUNK, q->n - (P)tile * CHUNK);
  vd sum[2] = {0}, squares[2] = {0};
  P k = 0;
  for (; k + VL <= n; k += VL) {
    vd a = wide(y + k), b = wide(y + k + HALF);
    sum[0] += a, squares[0] += a * a;
    sum[1] += b, squares[1] += b * b;
  }
  double s = whole(sum[0] + sum[1]), s2 = whole(squares[0] + squares[1]);
  for (; k < n; k++) s += (double)y[k], s2 += (double)y[k] * (double)y[k];
  q->sums[2 * tile] = s;
  q->sums[2 * tile + 1] = s2;
}

// out: mean and standard deviation of all outputs; numbers that are not finite make them nan or infinite.
// i: numbers a row · p: y, out, memory of two doubles a tile
TL_KERNEL(layer_moments) {
  const P n = step->rows * op->i[0], tiles = parts(n, CHUNK);
  outputs q = {.y = op->p[0], .sums = op->p[2], .n = n};
  double *out = op->p[1], sum = 0, squares = 0;
  tl_share(measure, &q, (int)tiles, n);
  for (P tile = 0; tile < tiles; tile++) sum += q.sums[2 * tile], squares += q.sums[2 * tile + 1];
  const double mean = sum / (double)n, variance = squares / (double)n - mean * mean;
  out[0] = mean;
  out[1] = variance < 0 ? 0 : sqrt(variance);
}

// Which units fire (are above 0) for any row; returns how many do not. The loop ends as soon as all have fired.
static P silent(const float *y, P places, P units, int32_t *fired) {
  P left = units;
  for (P at = 0; at < places && left; at += PLACES) {
    for (P r = at; r < least(at + PLACES, places); r++) {
      TL_IVDEP for (P j = 0; j < units; j++) fired[j] |= y[r * units + j] > 0;
    }
    left = units;
    for (P j = 0; j < units; j++) left -= fired[j];
  }
  return left;
}

// out: the share of units that fire for no row. i: numbers a row, units · p: y, out, memory of an int32 a unit
TL_KERNEL(layer_dead) {
  const P units = op->i[1];
  int32_t *fired = op->p[2];
  memset(fired, 0, (size_t)units * sizeof *fired);
  *(double *)op->p[1] = (double)silent(op->p[0], step->rows * op->i[0] / units, units, fired) / (double)units;
}

// Marks the units that fire for any row; marks made before stay. i: numbers a row, units · p: y, marks (int32)
TL_KERNEL(layer_fired) { (void)silent(op->p[0], step->rows * op->i[0] / op->i[1], op->i[1], op->p[1]); }

static void outside(void *ctx, int tile) {
  const outputs *q = ctx;
  const float *y = q->y + (P)tile * CHUNK;
  const P n = least(CHUNK, q->n - (P)tile * CHUNK);
  int32_t count = 0;
  for (P k = 0; k < n; k++) count += (y[k] < q->low) | (y[k] > q->high);
  q->sums[tile] = (double)count;
}

// out: the share of outputs in the flat ends, below `low` or above `high`.
// i: numbers a row · f: low, high · p: y, out, memory of a double a tile
TL_KERNEL(layer_saturated) {
  const P n = step->rows * op->i[0], tiles = parts(n, CHUNK);
  outputs q = {.y = op->p[0], .sums = op->p[2], .n = n, .low = (float)op->f[0], .high = (float)op->f[1]};
  double *out = op->p[1], sum = 0;
  tl_share(outside, &q, (int)tiles, n);
  for (P tile = 0; tile < tiles; tile++) sum += q.sums[tile];
  *out = sum / (double)n;
}

typedef struct {
  const float *y;
  double *mean, *squares;
  P n, rows, before;
} columns;

// COLUMNS columns: their means over these rows, then the squared distances from them, then both joined to those of the
// rows before (Chan, Golub & LeVeque 1979).
static void spread(void *ctx, int tile) {
  const columns *q = ctx;
  const P from = (P)tile * COLUMNS, n = least(COLUMNS, q->n - from);
  const double rows = (double)q->rows, before = (double)q->before, share = rows / (before + rows);
  double mean[COLUMNS] = {0}, squares[COLUMNS] = {0};
  for (P r = 0; r < q->rows; r++) {
    const float *y = q->y + r * q->n + from;
    TL_IVDEP for (P j = 0; j < n; j++) mean[j] += (double)y[j];
  }
  for (P j = 0; j < n; j++) mean[j] /= rows;
  for (P r = 0; r < q->rows; r++) {
    const float *y = q->y + r * q->n + from;
    TL_IVDEP for (P j = 0; j < n; j++) squares[j] += ((double)y[j] - mean[j]) * ((double)y[j] - mean[j]);
  }
  for (P j = 0; j < n; j++) {
    double *m = q->mean + from + j, *s = q->squares + from + j, shift = mean[j] - *m;
    *s = q->before ? *s + squares[j] + shift * shift * before * share : squares[j];
    *m = q->before ? *m + shift * share : mean[j];
  }
}

// The means of the numbers of a row over all rows so far, and the squared distances from them.
// i: numbers a row · p: y, means, squares, how many rows there were before (int64)
TL_KERNEL(layer_spread) {
  columns q = {.y = op->p[0], .mean = op->p[1], .squares = op->p[2], .n = op->i[0], .rows = step->rows,
               .before = *(const int64_t *)op->p[3]};
  tl_share(spread, &q, (int)parts(q.n, COLUMNS), q.n * q.rows);
}

typedef struct {
  const float *vectors[3];
  double *sums;
  P n;
} lengths;

static double squares_of(const float *x, P n) {
  vd sum[2] = {0};
  P k = 0;
  for (; k + VL <= n; k += VL) {
    vd a = wide(x + k), b = wide(x + k + HALF);
    sum[0] += a * a;
    sum[1] += b * b;
  }
  double s = whole(sum[0] + sum[1]);
  for (; k < n; k++) s += (double)x[k] * (double)x[k];
  return s;
}

static void square(void *ctx, int tile) {
  const lengths *q = ctx;
  const P from = (P)tile * CHUNK, n = least(CHUNK, q->n - from);
  for (int i = 0; i < 3; i++) q->sums[3 * tile + i] = q->vectors[i] ? squares_of(q->vectors[i] + from, n) : 0;
}

// out: |g|, |W|, |step| / |W|; nan where all weights are 0. i: numbers · p: g, W, step or 0, out, memory
// of three doubles a tile
TL_KERNEL(weight_statistics) {
  const P n = op->i[0], tiles = parts(n, CHUNK);
  lengths q = {.vectors = {op->p[0], op->p[1], op->p[2]}, .sums = op->p[4], .n = n};
  double *out = op->p[3], sums[3] = {0};
  (void)step;
  tl_share(square, &q, (int)tiles, 3 * n);
  for (P tile = 0; tile < tiles; tile++)
    for (int i = 0; i < 3; i++) sums[i] += q.sums[3 * tile + i];
  const double norm = sqrt(sums[1]);
  out[0] = sqrt(sums[0]);
  out[1] = norm;
  out[2] = norm > 0 ? sqrt(sums[2]) / norm : NAN;
}
