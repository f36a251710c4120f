// Activations: y = f(x) and dx = f'(x) dy, number by number, a CHUNK of numbers a tile.
//
// Each is two expressions, of x and of (x, y, dy); a and b are its settings. They are written for one number, and the
// compiler vectorizes the loops.
#include "maths.h"
#include "op.h"
#include "pool.h"

enum { CHUNK = 8192 };

typedef struct {
  const float *x, *y, *dy;
  float *out;
  P n;
  float a, b;
} numbers;

static void over(tile_fn f, numbers *q) { tl_share(f, q, (int)parts(q->n, CHUNK), q->n); }

// NAME_forward · i: numbers a row · f: a, b · p: x, y
// NAME_backward · i: numbers a row · f: a, b · p: x, y, dy, dx
#define ACTIVATION(NAME, VALUE, SLOPE)                                                                              \
  static void NAME##_values(void *ctx, int tile) {                                                                  \
    const numbers *q = ctx;                                                                                         \
    P from = (P)tile * CHUNK, to = least(q->n, from + CHUNK);                                                       \
    const float a = q->a, b = q->b;                                                                                 \
    (void)a, (void)b;                                                                                               \
    TL_IVDEP for (P k = from; k < to; k++) {                                                                        \
      float x = q->x[k];                                                                                            \
      q->out[k] = VALUE;                                                                                            \
    }                                                                                                               \
  }                                                                                                                 \
  static void NAME##_slopes(void *ctx, int tile) {                                                                  \
    const numbers *q = ctx;                                                                                         \
    P from = (P)tile * CHUNK, to = least(q->n, from + CHUNK);                                                       \
    const float a = q->a, b = q->b;                                                                                 \
    (void)a, (void)b;                                                                                               \
    TL_IVDEP for (P k = from; k < to; k++) {                                                                        \
      float x = q->x[k], y = q->y[k], dy = q->dy[k];                                                                \
      (void)x, (void)y;                                                                                             \
      q->out[k] = (SLOPE);                                                                                          \
    }                                                                                                               \
  }                                                                                                                 \
  TL_KERNEL(NAME##_forward) {                                                                                       \
    numbers q = {.x = op->p[0], .out = op->p[1], .n = step->rows * op->i[0], .a = (float)op->f[0],                  \
                 .b = (float)op->f[1]};                                                                             \
    over(NAME##_values, &q);                                                                                        \
  }                                                                                                                 \
  TL_KERNEL(NAME##_backward) {                                                                                      \
    numbers q = {.x = op->p[0], .y = op->p[1], .dy = op->p[2], .out = op->p[3], .n = step->rows * op->i[0],         \
                 .a = (float)op->f[0], .b = (float)op->f[1]};                                                       \
    over(NAME##_slopes, &q);                                                                                        \
  }

#define GELU_ARGUMENT 0.7978845608028654f * x * (1.0f + 0.044715f * x * x)
TL_INLINE float gelu_slope(float x) {
  return 0.5f + 0.5f * tl_erf(x * 0.7071067811865476f) + x * 0.3989422804014327f * tl_exp(-0.5f * x * x);
}
TL_INLINE float gelu_tanh_slope(float x) {
  float phi = 0.5f + 0.5f * tl_tanh(GELU_ARGUMENT);
  return phi + x * 2.0f * phi * (1.0f - phi) * 0.7978845608028654f * (1.0f + 3 * 0.044715f * x * x);
}
TL_INLINE float silu_slope(float x, float y) {
  float gate = tl_sigmoid(x);
  return gate + y * (1.0f - gate);
}
TL_INLINE float hard_sigmoid_of(float x) {
  float y = x * (1.0f / 6) + 0.5f;
  y = y < 0 ? 0 : y;
  return y > 1 ? 1 : y;
}
TL_INLINE float softplus_of(float x) { return (x > 0 ? x : 0) + tl_log1p(tl_exp(-fabsf(x))); }
TL_INLINE float mish_slope(float x) {
  float gate = tl_tanh(softplus_of(x));
  return gate + x * (1.0f - gate * gate) * tl_sigmoid(x);
}

ACTIVATION(relu, x <= 0 ? 0 : x, y > 0 ? dy : y == 0 ? 0 : y)
ACTIVATION(leaky_relu, x > a * x ? x : a * x, x > 0 ? dy : a * dy)                                // a: slope
ACTIVATION(elu, x > 0 ? b * x : a * b * tl_expm1(x), x > 0 ? b * dy : (y + a * b) * dy)           // a: alpha, b: scale
ACTIVATION(sigmoid, tl_sigmoid(x), y * (1.0f - y) * dy)
ACTIVATION(tanh, tl_tanh(x), (1.0f - y * y) * dy)
ACTIVATION(silu, x * tl_sigmoid(x), silu_slope(x, y) * dy)
ACTIVATION(softsign, x / (1.0f + fabsf(x)), (1.0f - fabsf(y)) * (1.0f - fabsf(y)) * dy)
ACTIVATION(exponential, tl_exp(x > 80 ? 80 : x), x < 80 ? y * dy : 0)
ACTIVATION(hard_sigmoid, hard_sigmoid_of(x), y > 0 && y < 1 ? dy * (1.0f / 6) : 0)
ACTIVATION(softplus, softplus_of(x), -tl_expm1(-y) * dy)
ACTIVATION(mish, x * tl_tanh(softplus_of(x)), mish_slope(x) * dy)
ACTIVATION(gelu, x * (0.5f + 0.5f * tl_erf(x * 0.7071067811865476f)), gelu_slope(x) * dy)
ACTIVATION(gelu_tanh, x * (0.5f + 0.5f * tl_tanh(GELU_ARGUMENT)), gelu_tanh_slope(x) * dy)

// PReLU: a slope for each unit or channel, or one for all. x is read as (places, channels).
typedef struct {
  const float *x, *dy, *slope;
  float *out, *sums;
  P places, channels, one;
} sloped;

enum { SLABS = 16 };  // parts of the sum over places, added in order

static void prelu_values(void *ctx, int tile) {
  const sloped *q = ctx;
  for (P r = q->places * tile / SLABS; r < q->places * (tile + 1) / SLABS; r++) {
    const float *x = q->x + r * q->channels, *slope = q->slope;
    float *y = q->out + r * q->channels;
    if (q->one) {
      TL_IVDEP for (P j = 0; j < q->channels; j++) y[j] = x[j] > 0 ? x[j] : slope[0] * x[j];
    } else {
      TL_IVDEP for (P j = 0; j < q->channels; j++) y[j] = x[j] > 0 ? x[j] : slope[j] * x[j];
    }
  }
}

static void prelu_slopes(void *ctx, int tile) {
  const sloped *q = ctx;
  float *sum = q->sums + tile * q->channels;
  for (P j = 0; j < q->channels; j++) sum[j] = 0;
  for (P r = q->places * tile / SLABS; r < q->places * (tile + 1) / SLABS; r++) {
    const float *x = q->x + r * q->channels, *dy = q->dy + r * q->channels;
    TL_IVDEP for (P j = 0; j < q->channels; j++) sum[j] += x[j] > 0 ? 0 : x[j] * dy[j];
    if (!q->out) continue;
    float *dx = q->out + r * q->channels;
    TL_IVDEP for (P j = 0; j < q->channels; j++) dx[j] = x[j] > 0 ? dy[j] : q->slope[q->one ? 0 : j] * dy[j];
  }
}

// i: places a row, channels, whether there is one slope for all · p: x, slope, y
TL_KERNEL(prelu_forward) {
  sloped q = {.x = op->p[0], .slope = op->p[1], .out = op->p[2], .places = step->rows * op->i[0],
              .channels = op->i[1], .one = op->i[2]};
  tl_share(prelu_values, &q, SLABS, q.places * q.channels);
}

// i: as forward · p: x, slope, dy, dx or 0, dslope, working memory of 16 * channels
TL_KERNEL(prelu_backward) {
  sloped q = {.x = op->p[0], .slope = op->p[1], .dy = op->p[2], .out = op->p[3], .sums = op->p[5],
              .places = step->rows * op->i[0], .channels = op->i[1], .one = op->i[2]};
  tl_share(prelu_slopes, &q, SLABS, q.places * q.channels);
  float *g = op->p[4];
  for (P j = 0; j < (q.one ? 1 : q.channels); j++) {
    double sum = 0;
    for (P s = 0; s < SLABS; s++)
      for (P c = q.one ? 0 : j; c < (q.one ? q.channels : j + 1); c++) sum += q.sums[s * q.channels + c];
    g[j] = (float)sum;
  }
}

// Scale: a factor for each column; x is read as (places, channels), as above.
static void scale_values(void *ctx, int tile) {
  const sloped *q = ctx;
  for (P r = q->places * tile / SLABS; r < q->places * (tile + 1) / SLABS; r++) {
    const float *x = q->x + r * q->channels, *scale = q->slope;
    float *y = q->out + r * q->channels;
    TL_IVDEP for (P j = 0; j < q->channels; j++) y[j] = x[j] * scale[j];
  }
}

static void scale_slopes(void *ctx, int tile) {
  const sloped *q = ctx;
  float *sum = q->sums + tile * q->channels;
  for (P j = 0; j < q->channels; j++) sum[j] = 0;
  for (P r = q->places * tile / SLABS; r < q->places * (tile + 1) / SLABS; r++) {
    const float *x = q->x + r * q->channels, *dy = q->dy + r * q->channels, *scale = q->slope;
    TL_IVDEP for (P j = 0; j < q->channels; j++) sum[j] += x[j] * dy[j];
    if (!q->out) continue;
    float *dx = q->out + r * q->channels;
    TL_IVDEP for (P j = 0; j < q->channels; j++) dx[j] = dy[j] * scale[j];
  }
}

// i: places a row, channels · p: x, scale, y
TL_KERNEL(scale_columns_forward) {
  sloped q = {.x = op->p[0], .slope = op->p[1], .out = op->p[2], .places = step->rows * op->i[0],
              .channels = op->i[1]};
  tl_share(scale_values, &q, SLABS, q.places * q.channels);
}

// i: as forward · p: x, scale, dy, dx or 0, dscale, working memory of 16 * channels
TL_KERNEL(scale_columns_backward) {
  sloped q = {.x = op->p[0], .slope = op->p[1], .dy = op->p[2], .out = op->p[3], .sums = op->p[5],
              .places = step->rows * op->i[0], .channels = op->i[1]};
  tl_share(scale_slopes, &q, SLABS, q.places * q.channels);
  float *g = op->p[4];
  for (P j = 0; j < q.channels; j++) {
    double sum = 0;
    for (P s = 0; s < SLABS; s++) sum += q.sums[s * q.channels + j];
    g[j] = (float)sum;
  }
}

// Parametric: y = x + a (s - x), s the values of another activation and a for each channel.
typedef struct {
  const float *x, *a, *s, *dy;
  float *out, *sums;
  P places, channels;
} mixture;

static void mixed_values(void *ctx, int tile) {
  const mixture *q = ctx;
  for (P r = q->places * tile / SLABS; r < q->places * (tile + 1) / SLABS; r++) {
    const float *x = q->x + r * q->channels, *s = q->s + r * q->channels, *a = q->a;
    float *y = q->out + r * q->channels;
    TL_IVDEP for (P j = 0; j < q->channels; j++) y[j] = x[j] + a[j] * (s[j] - x[j]);
  }
}

static void mixed_slopes(void *ctx, int tile) {
  const mixture *q = ctx;
  float *sum = q->sums + tile * q->channels;
  for (P j = 0; j < q->channels; j++) sum[j] = 0;
  for (P r = q->places * tile / SLABS; r < q->places * (tile + 1) / SLABS; r++) {
    const float *x = q->x + r * q->channels, *s = q->s + r * q->channels, *dy = q->dy + r * q->channels, *a = q->a;
    TL_IVDEP for (P j = 0; j < q->channels; j++) sum[j] += dy[j] * (s[j] - x[j]);
    if (!q->out) continue;
    float *ds = q->out + r * q->channels;
    TL_IVDEP for (P j = 0; j < q->channels; j++) ds[j] = a[j] * dy[j];
  }
}

// i: places a row, channels · p: x, a, s, y
TL_KERNEL(parametric_forward) {
  mixture q = {.x = op->p[0], .a = op->p[1], .s = op->p[2], .out = op->p[3], .places = step->rows * op->i[0],
               .channels = op->i[1]};
  tl_share(mixed_values, &q, SLABS, q.places * q.channels);
}

// The gradients of a and of s. i: as forward · p: x, a, dy, s, ds or 0, da, working memory of 16 * channels
TL_KERNEL(parametric_backward) {
  mixture q = {.x = op->p[0], .a = op->p[1], .dy = op->p[2], .s = op->p[3], .out = op->p[4], .sums = op->p[6],
               .places = step->rows * op->i[0], .channels = op->i[1]};
  tl_share(mixed_slopes, &q, SLABS, q.places * q.channels);
  float *g = op->p[5];
  for (P j = 0; j < q.channels; j++) {
    double sum = 0;
    for (P s = 0; s < SLABS; s++) sum += q.sums[s * q.channels + j];
    g[j] = (float)sum;
  }
}

// dx = dy - ds + what s passes on. i: numbers a row · p: dy, ds, that, dx
TL_KERNEL(parametric_join) {
  const float *dy = op->p[0], *ds = op->p[1], *passed = op->p[2];
  float *dx = op->p[3];
  TL_IVDEP for (P k = 0; k < step->rows * op->i[0]; k++) dx[k] = dy[k] - ds[k] + passed[k];
}

// out = factor x, whatever the number of rows: weights that a layer divides. i: numbers · f: factor · p: x, out
TL_KERNEL(scale_weights) {
  (void)step;
  const float *x = op->p[0], factor = (float)op->f[0];
  float *out = op->p[1];
  TL_IVDEP for (P k = 0; k < op->i[0]; k++) out[k] = factor * x[k];
}

// Maxout: z (rows, pieces, units), y the largest of the pieces. i: pieces, units · p: z, y
TL_KERNEL(maxout_forward) {
  P pieces = op->i[0], units = op->i[1];
  for (P r = 0; r < step->rows; r++) {
    const float *z = (const float *)op->p[0] + r * pieces * units;
    float *y = (float *)op->p[1] + r * units;
    memcpy(y, z, (size_t)units * sizeof(float));
    for (P k = 1; k < pieces; k++)
      TL_IVDEP for (P j = 0; j < units; j++) y[j] = z[k * units + j] <= y[j] ? y[j] : z[k * units + j];
  }
}

// dz = dy at the first piece that won, 0 at the others; overwrites z. i: pieces, units · p: z, y, dy
TL_KERNEL(maxout_backward) {
  P pieces = op->i[0], units = op->i[1];
  for (P r = 0; r < step->rows; r++) {
    float *z = (float *)op->p[0] + r * pieces * units;
    const float *y = (const float *)op->p[1] + r * units, *dy = (const float *)op->p[2] + r * units;
    for (P j = 0; j < units; j++) {
      int open = 1;
      for (P k = 0; k < pieces; k++) {
        int here = open && z[k * units + j] == y[j];
        z[k * units + j] = here ? dy[j] : 0;
        open = open && !here;
      }
    }
  }
}

// out = x + y, or out = x if y is 0: joins the branches of a residual layer. i: numbers a row · p: x, y or 0, out
static void sums(void *ctx, int tile) {
  const numbers *q = ctx;
  P from = (P)tile * CHUNK, to = least(q->n, from + CHUNK);
  if (!q->y)
    memcpy(q->out + from, q->x + from, (size_t)(to - from) * sizeof(float));
  else
    TL_IVDEP for (P k = from; k < to; k++) q->out[k] = q->x[k] + q->y[k];
}
TL_KERNEL(add) {
  numbers q = {.x = op->p[0], .y = op->p[1], .out = op->p[2], .n = step->rows * op->i[0]};
  over(sums, &q);
}
