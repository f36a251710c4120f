// Layers that make several numbers of a column (periodic: trainlab/nn/layers/_columns.py): y has `width` numbers for each
// of the chosen columns, then the columns that are left. x (rows, columns), y (rows, k width + rest). And embedding, whose y
// has a vector for each group of columns instead. A tile is some rows.
#include "maths.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"

enum { TOGETHER = 32 };  // rows of a tile

typedef struct {
  const float *x, *dy;
  float *out;
  const int64_t *chosen, *left;
  P rows, columns, k, rest, width;
} encoded;

static P out_width(const encoded *q) { return q->k * q->width + q->rest; }

// ---------------------------------------------------------------- periodic

// y of a column: x, and for each of `width` - 1 outputs o: b[o] + sum over waves f of cos(2 pi (x w[f] + phase[f])) W[f, o].
// Rows run in the inner loops, so they are vectors; waves and outputs are few.
typedef struct {
  encoded e;
  const float *frequency, *phase, *W, *b;
  float *gfrequency, *gphase, *gW, *gb;
  P waves;
} waved;

// cos and sin of 2 pi u, |error| < 1e-6: u is brought to [-1/4, 1/4] around a whole or a half, where sin is a polynomial.
TL_INLINE float sin_turn(float u) {
  float r = u - nearbyintf(u);
  r = r > 0.25f ? 0.5f - r : r < -0.25f ? -0.5f - r : r;
  const float z = r * r;
  return r * (6.2831853071795865f + z * (-41.341702240399755f + z * (81.605249276075049f + z * (-76.705859753061385f +
         z * (42.058693944897644f + z * (-15.094642576822987f + z * 3.8199525848482817f))))));
}
TL_INLINE float cos_turn(float u) { return sin_turn(u - nearbyintf(u) + 0.25f); }

static void column_of(const encoded *q, P c, P from, P n, float *out) {
  for (P r = 0; r < n; r++) out[r] = q->x[(from + r) * q->columns + q->chosen[c]];
}

static void periodic_values(void *ctx, int tile) {
  const waved *w = ctx;
  const encoded *q = &w->e;
  const P from = (P)tile * TOGETHER, n = least(TOGETHER, q->rows - from), mixed = q->width - 1, wide = out_width(q);
  float x[TOGETHER], z[TOGETHER], *sum = scratch(mixed * TOGETHER);
  for (P c = 0; c < q->k; c++) {
    const float *frequency = w->frequency + c * w->waves, *phase = w->phase + c * w->waves;
    column_of(q, c, from, n, x);
    for (P o = 0; o < mixed; o++)
      for (P r = 0; r < n; r++) sum[o * TOGETHER + r] = w->b[c * mixed + o];
    for (P f = 0; f < w->waves; f++) {
      const float *W = w->W + (c * w->waves + f) * mixed, shift = phase[f] * 0.15915494309189535f;
      TL_IVDEP for (P r = 0; r < n; r++) z[r] = cos_turn(x[r] * frequency[f] + shift);
      for (P o = 0; o < mixed; o++)
        TL_IVDEP for (P r = 0; r < n; r++) sum[o * TOGETHER + r] += z[r] * W[o];
    }
    for (P r = 0; r < n; r++) {
      float *y = q->out + (from + r) * wide + c * q->width;
      y[0] = x[r];
      for (P o = 0; o < mixed; o++) y[1 + o] = sum[o * TOGETHER + r];
    }
  }
  for (P r = from; r < from + n; r++)
    for (P j = 0; j < q->rest; j++) q->out[r * wide + q->k * q->width + j] = q->x[r * q->columns + q->left[j]];
}

// A column: its gradients over all rows, and its dx. Sums over the rows of a block stay apart until the end.
static void periodic_slopes(void *ctx, int column) {
  const waved *w = ctx;
  const encoded *q = &w->e;
  const P c = column, mixed = q->width - 1, wide = out_width(q), waves = w->waves, sums = waves * (mixed + 2) + mixed;
  float *memory = scratch((sums + mixed) * TOGETHER), *dh = memory + sums * TOGETHER;
  float *of_W = memory, *of_frequency = of_W + waves * mixed * TOGETHER, *of_phase = of_frequency + waves * TOGETHER;
  float *of_b = of_phase + waves * TOGETHER, x[TOGETHER], z[TOGETHER], da[TOGETHER], dx[TOGETHER];
  memset(memory, 0, (size_t)(sums * TOGETHER) * sizeof(float));
  for (P from = 0; from < q->rows; from += TOGETHER) {
    const P n = least(TOGETHER, q->rows - from);
    column_of(q, c, from, n, x);
    for (P r = 0; r < n; r++) {
      const float *dy = q->dy + (from + r) * wide + c * q->width;
      dx[r] = dy[0];
      for (P o = 0; o < mixed; o++) of_b[o * TOGETHER + r] += dh[o * TOGETHER + r] = dy[1 + o];
    }
    for (P f = 0; f < waves; f++) {
      const float *W = w->W + (c * waves + f) * mixed, frequency = w->frequency[c * waves + f];
      const float shift = w->phase[c * waves + f] * 0.15915494309189535f;
      TL_IVDEP for (P r = 0; r < n; r++) {
        z[r] = cos_turn(x[r] * frequency + shift);
        da[r] = 0;
      }
      for (P o = 0; o < mixed; o++) {
        float *sum = of_W + (f * mixed + o) * TOGETHER;
        TL_IVDEP for (P r = 0; r < n; r++) {
          sum[r] += z[r] * dh[o * TOGETHER + r];
          da[r] += dh[o * TOGETHER + r] * W[o];
        }
      }
      TL_IVDEP for (P r = 0; r < n; r++) {
        da[r] *= -sin_turn(x[r] * frequency + shift);
        of_phase[f * TOGETHER + r] += da[r];
        of_frequency[f * TOGETHER + r] += da[r] * x[r];
        dx[r] += 6.2831853071795865f * da[r] * frequency;
      }
    }
    if (q->out)
      for (P r = 0; r < n; r++) q->out[(from + r) * q->columns + q->chosen[c]] = dx[r];
  }
  for (P k = 0; k < sums; k++)
    for (P r = 1; r < TOGETHER; r++) memory[k * TOGETHER] += memory[k * TOGETHER + r];
  for (P f = 0; f < waves; f++) {
    w->gfrequency[c * waves + f] = 6.2831853071795865f * of_frequency[f * TOGETHER];
    w->gphase[c * waves + f] = of_phase[f * TOGETHER];
    for (P o = 0; o < mixed; o++) w->gW[(c * waves + f) * mixed + o] = of_W[(f * mixed + o) * TOGETHER];
  }
  for (P o = 0; o < mixed; o++) w->gb[c * mixed + o] = of_b[o * TOGETHER];
}

static waved waved_of(const tl_op *op, const tl_step *step) {
  return (waved){.e = {.x = op->p[0], .chosen = op->p[5], .left = op->p[6], .rows = step->rows, .columns = op->i[0],
                       .k = op->i[1], .rest = op->i[2], .width = op->i[3]},
                 .frequency = op->p[1], .phase = op->p[2], .W = op->p[3], .b = op->p[4], .waves = op->i[4]};
}

// i: columns, chosen ones, others, outputs, waves · p: x, frequency, phase, W, b, chosen indices, other indices, y
TL_KERNEL(periodic_forward) {
  waved w = waved_of(op, step);
  w.e.out = op->p[7];
  tl_share(periodic_values, &w, (int)parts(w.e.rows, TOGETHER), w.e.rows * w.e.k * w.waves * 8);
}

// i: as forward · p: as forward up to the indices, dy, dx or 0, gradients of frequency, phase, W, b
TL_KERNEL(periodic_backward) {
  waved w = waved_of(op, step);
  w.e.dy = op->p[7], w.e.out = op->p[8];
  w.gfrequency = op->p[9], w.gphase = op->p[10], w.gW = op->p[11], w.gb = op->p[12];
  tl_share(periodic_slopes, &w, (int)w.e.k, w.e.rows * w.e.k * w.waves * 16);
  const encoded *q = &w.e;
  if (!q->out) return;
  for (P r = 0; r < q->rows; r++)
    for (P j = 0; j < q->rest; j++)
      q->out[r * q->columns + q->left[j]] = q->dy[r * out_width(q) + q->k * q->width + j];
}

// ---------------------------------------------------------------- embedding

// y of group g: sum over its columns j of x[j] vectors[j]; nearly all x[j] are 0 and are skipped.
typedef struct {
  const float *x, *dy, *vectors;
  float *y, *dx, *g;
  const int64_t *chosen, *group, *left;
  P rows, columns, k, rest, units, groups;
} embedded;

static void embedded_values(void *ctx, int tile) {
  const embedded *q = ctx;
  const P from = (P)tile * TOGETHER, to = least(q->rows, from + TOGETHER), wide = q->groups * q->units + q->rest;
  for (P r = from; r < to; r++) {
    const float *x = q->x + r * q->columns;
    float *y = q->y + r * wide;
    memset(y, 0, (size_t)(q->groups * q->units) * sizeof(float));
    for (P j = 0; j < q->k; j++) {
      const float value = x[q->chosen[j]], *vector = q->vectors + j * q->units;
      if (value == 0) continue;
      float *out = y + q->group[j] * q->units;
      TL_IVDEP for (P u = 0; u < q->units; u++) out[u] += value * vector[u];
    }
    for (P j = 0; j < q->rest; j++) y[q->groups * q->units + j] = x[q->left[j]];
  }
}

// dvectors of a column: the sum over the rows that have it, in their order. A tile is a column.
static void embedded_slopes(void *ctx, int column) {
  const embedded *q = ctx;
  const P wide = q->groups * q->units + q->rest;
  float *g = q->g + column * q->units;
  memset(g, 0, (size_t)q->units * sizeof(float));
  for (P r = 0; r < q->rows; r++) {
    const float value = q->x[r * q->columns + q->chosen[column]];
    const float *dy = q->dy + r * wide + q->group[column] * q->units;
    if (value != 0)
      TL_IVDEP for (P u = 0; u < q->units; u++) g[u] += value * dy[u];
    if (q->dx) {
      float sum = 0;
      for (P u = 0; u < q->units; u++) sum += dy[u] * q->vectors[column * q->units + u];
      q->dx[r * q->columns + q->chosen[column]] = sum;
    }
  }
}

static embedded embedded_of(const tl_op *op, const tl_step *step) {
  return (embedded){.x = op->p[0], .vectors = op->p[1], .chosen = op->p[2], .group = op->p[3], .left = op->p[4],
                    .rows = step->rows, .columns = op->i[0], .k = op->i[1], .rest = op->i[2], .units = op->i[3],
                    .groups = op->i[4]};
}

// i: columns, those in groups, others, units, groups
// p: x, vectors, indices of the columns in groups, the group of each, indices of the others, y
TL_KERNEL(embedding_forward) {
  embedded q = embedded_of(op, step);
  q.y = op->p[5];
  tl_share(embedded_values, &q, (int)parts(q.rows, TOGETHER), q.rows * (q.k + q.groups * q.units));
}

// i: as forward · p: as forward up to the indices, dy, dx or 0, dvectors
TL_KERNEL(embedding_backward) {
  embedded q = embedded_of(op, step);
  q.dy = op->p[5], q.dx = op->p[6], q.g = op->p[7];
  tl_share(embedded_slopes, &q, (int)q.k, q.rows * q.k * 2);
  if (!q.dx) return;
  const P wide = q.groups * q.units + q.rest;
  for (P r = 0; r < q.rows; r++)
    for (P j = 0; j < q.rest; j++) q.dx[r * q.columns + q.left[j]] = q.dy[r * wide + q.groups * q.units + j];
}
