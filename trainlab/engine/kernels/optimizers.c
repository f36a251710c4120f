// From the gradient to the next parameters, in two passes over the flat vectors.
//
// `finish_gradient` adds the penalties and measures |g|, which shows whether all numbers are finite and how much to clip.
// Then one pass of the optimizer reads theta, g and its buffers, and writes theta, the buffers and, in the last step of a
// call, the step itself. It also sums the squares of theta and of the step, which costs nothing there. Each tile has its
// own sums, added in order: the same bits on any number of threads. The buffers are those of the NumPy optimizers
// (trainlab/optim/optimizers), so a run can continue on either backend.
#include "op.h"
#include "pool.h"

enum { TILE = 4096 };

TL_INLINE v root(v x) {
  v y;
  for (int j = 0; j < VL; j++) y[j] = sqrtf(x[j]);
  return y;
}

typedef struct {
  const float *theta;
  float *g;
  double *sums;
  P n, weights;
  float l2, l1;
} finish;

static void finish_tile(void *ctx, int tile) {
  const finish copy = *(finish *)ctx, *q = &copy;  // a copy without pointers to it stays in registers
  P from = (P)tile * TILE, to = least(q->n, from + TILE);
  P decayed = q->l2 != 0 || q->l1 != 0 ? most(from, least(to, q->weights)) : from;
  v sum = {};
  P k = from;
  for (; k < decayed; k += VL) {
    P n = decayed - k;
    v w = n >= VL ? load(q->theta + k) : load_part(q->theta + k, n);
    v g = n >= VL ? load(q->g + k) : load_part(q->g + k, n);
    g += q->l2 * w + where(w > 0, all(q->l1), where(w < 0, all(-q->l1), (v){}));
    if (n >= VL)
      store(q->g + k, g);
    else
      store_part(q->g + k, g, n);
    sum += g * g;
  }
  k = decayed;
  v others[4] = {sum};  // one sum would wait for its previous addition
  for (; k + 4 * VL <= to; k += 4 * VL)
    TL_UNROLL for (int j = 0; j < 4; j++) {
      v g = load(q->g + k + j * VL);
      others[j] += g * g;
    }
  for (; k < to; k += VL) {
    v g = to - k >= VL ? load(q->g + k) : load_part(q->g + k, to - k);
    others[0] += g * g;
  }
  q->sums[tile] = total((others[0] + others[1]) + (others[2] + others[3]));
}

// g += dpenalty/dw for the weights; |g| and the factor by which clipping scales g.
// i: numbers, weights · f: l2, l1, maximum norm of the gradient or 0 · p: theta, g, memory of one double a tile of 4096
TL_KERNEL(finish_gradient) {
  finish q = {.theta = op->p[0], .g = op->p[1], .sums = op->p[2], .n = op->i[0], .weights = op->i[1],
              .l2 = (float)op->f[0], .l1 = (float)op->f[1]};
  int tiles = (int)parts(q.n, TILE);
  tl_share(finish_tile, &q, tiles, q.n);
  double sum = 0, limit = op->f[2];
  for (int tile = 0; tile < tiles; tile++) sum += q.sums[tile];
  if (!isfinite(sum)) {  // the squares may have overflowed where the numbers have not
    sum = 0;
    for (P k = 0; k < q.n; k++) sum += (double)q.g[k] * (double)q.g[k];
  }
  step->grad2 = sum;
  step->clip = limit > 0 && sum > limit * limit ? limit / sqrt(sum) : 1.0;
}

typedef struct {
  float *theta, *g, *move, *a, *b, *average;
  double *sums;
  P n, weights;
  const double *factors;   // rows (end, factor) that cover theta, or 0
  P parts;
  int last;
  float clip, follow, decay;
  float s[8];  // constants of the rule, set for each step
} motion;

// One vector of an update: RULE sets d, the step, from w, g, the buffers a and b (which it updates) and s.
#define MOVE(BUFFERS, RULE, GET, PUT, SUM)                                                                           \
  {                                                                                                                  \
    v w = GET(q->theta + k), g = GET(q->g + k), a = {}, b = {}, d;                                                   \
    if (BUFFERS > 0) a = GET(q->a + k);                                                                              \
    if (BUFFERS > 1) b = GET(q->b + k);                                                                              \
    RULE;                                                                                                            \
    d = rate * (d + decay * w);                                                                                      \
    (SUM)->theta2 += w * w;                                                                                          \
    (SUM)->move2 += d * d;                                                                                           \
    PUT(q->theta + k, w + d);                                                                                        \
    if (BUFFERS > 0) PUT(q->a + k, a);                                                                               \
    if (BUFFERS > 1) PUT(q->b + k, b);                                                                               \
    if (q->last) PUT(q->move + k, d);                                                                                \
    k += VL;                                                                                                         \
  }
#define LOAD_REST(p) load_part(p, to - k)
#define STORE_REST(p, x) store_part(p, x, to - k)

// Sums of squares; those of every other vector are kept separately: one sum would wait for its previous addition.
typedef struct { v theta2, move2; } squares;

#define OPTIMIZER(NAME, BUFFERS, RULE)                                                                               \
  TL_INLINE void NAME##_range(const motion *q, P from, P to, float decay, float rate, squares *sums) {              \
    const float *s = q->s;                                                                                           \
    squares even = *sums, odd = {0};                                                                                 \
    P k = from;                                                                                                      \
    while (k + 2 * VL <= to) {                                                                                       \
      MOVE(BUFFERS, RULE, load, store, &even)                                                                        \
      MOVE(BUFFERS, RULE, load, store, &odd)                                                                         \
    }                                                                                                                \
    if (k + VL <= to) MOVE(BUFFERS, RULE, load, store, &even)                                                        \
    if (k < to) MOVE(BUFFERS, RULE, LOAD_REST, STORE_REST, &odd)                                                     \
    *sums = (squares){even.theta2 + odd.theta2, even.move2 + odd.move2};                                             \
  }                                                                                                                  \
  static void NAME##_tile(void *ctx, int tile) {                                                                     \
    const motion copy = *(motion *)ctx, *q = &copy;                                                                  \
    P from = (P)tile * TILE, to = least(q->n, from + TILE);                                                          \
    squares sums = {0};                                                                                              \
    shorten(q, from, to);                                                                                            \
    while (from < to) {                                                                                              \
      P end = to, border;                                                                                            \
      float rate = rate_from(q, from, &end);                                                                         \
      border = q->decay != 0 ? most(from, least(end, q->weights)) : from;                                            \
      if (border > from) NAME##_range(q, from, border, q->decay, rate, &sums);                                       \
      if (end > border) NAME##_range(q, border, end, 0, rate, &sums);                                                \
      from = end;                                                                                                    \
    }                                                                                                                \
    trail(q, (P)tile * TILE, to);                                                                                    \
    q->sums[2 * tile] = total(sums.theta2);                                                                          \
    q->sums[2 * tile + 1] = total(sums.move2);                                                                       \
  }

// The factor on the learning rate of the numbers from `from` on, and where they end, at most at *end.
static float rate_from(const motion *q, P from, P *end) {
  for (P k = 0; k < q->parts; k++)
    if (from < (P)q->factors[2 * k]) {
      *end = least(*end, (P)q->factors[2 * k]);
      return (float)q->factors[2 * k + 1];
    }
  return 1;
}

// Clipping, if the norm of the gradient is too large.
static void shorten(const motion *q, P from, P to) {
  if (q->clip == 1) return;
  TL_IVDEP for (P k = from; k < to; k++) q->g[k] *= q->clip;
}

// The average of the weights, while they are in the cache.
static void trail(const motion *q, P from, P to) {
  if (!q->average) return;
  TL_IVDEP for (P k = from; k < to; k++) q->average[k] += (q->theta[k] - q->average[k]) * q->follow;
}

static motion begin(const tl_op *op, const tl_step *step) {
  double late = op->f[7], early = (double)(step->t - 1) / (double)(step->t + 8);
  return (motion){.theta = op->p[0], .g = op->p[1], .move = op->p[2], .a = op->p[3], .b = op->p[4],
                  .average = op->p[5], .sums = op->p[6], .factors = op->p[7], .parts = op->i[2], .n = op->i[0],
                  .weights = op->i[1], .last = (int)step->last, .clip = (float)step->clip,
                  .follow = (float)(1.0 - (late < early ? late : early))};
}

static void finish_motion(tile_fn f, motion *q, tl_step *step) {
  int tiles = (int)parts(q->n, TILE);
  tl_share(f, q, tiles, q->n);
  double theta2 = 0, move2 = 0;
  for (int tile = 0; tile < tiles; tile++) {
    theta2 += q->sums[2 * tile];
    move2 += q->sums[2 * tile + 1];
  }
  step->theta2 = theta2;
  step->move2 = move2;
}

// Of all optimizers: i: numbers, weights, rows of factors · f: settings, [7] the average's memory
// · p: theta, g, step, first buffer or 0, second or 0, average or 0, memory of two doubles a tile of 4096, factors on the
//   learning rate as rows (end, factor) of doubles or 0
#define UPDATE(NAME, BUFFERS, RULE, ...)                                                                                    \
  OPTIMIZER(NAME, BUFFERS, RULE)                                                                                     \
  TL_KERNEL(NAME) {                                                                                                  \
    motion q = begin(op, step);                                                                                      \
    const double *f = op->f, lr = step->lr, t = (double)step->t;                                                     \
    (void)f, (void)t;                                                                                                \
    __VA_ARGS__                                                                                                      \
    finish_motion(NAME##_tile, &q, step);                                                                            \
  }

// step = -lr g
UPDATE(sgd, 0, d = s[0] * g, q.s[0] = (float)-lr;)

// f: mu. v <- mu v + g, step = -lr v
UPDATE(momentum, 1, a = s[1] * a + g; d = s[0] * a, q.s[0] = (float)-lr; q.s[1] = (float)f[0];)

// f: mu. v <- mu v + g, step = -lr (g + mu v)
UPDATE(nesterov, 1, a = s[1] * a + g; d = s[0] * (g + s[1] * a), q.s[0] = (float)-lr; q.s[1] = (float)f[0];)

// f: b1, b2, eps, weight decay. m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2; with c = sqrt(1 - b2^t):
// step = -lr m_hat / (sqrt(v_hat) + eps) = -lr c / (1 - b1^t) m / (sqrt(v) + c eps)
UPDATE(adam, 2, a = s[1] * a + s[2] * g; b = s[3] * b + s[4] * (g * g); d = s[0] * a / (root(b) + s[5]),
       double c = sqrt(1 - pow(f[1], t));
       q.s[0] = (float)(-lr * c / (1 - pow(f[0], t))); q.s[1] = (float)f[0]; q.s[2] = (float)(1 - f[0]);
       q.s[3] = (float)f[1]; q.s[4] = (float)(1 - f[1]); q.s[5] = (float)(c * f[2]); q.decay = (float)(-lr * f[3] * step->decay);)

// mu_1 ... mu_t of NAdam, see trainlab/optim/optimizers/nadam.py
static double nadam_product(double b1, double decay, double t) {
  if (pow(b1, t) < 1e-20) return 0;
  double a = -decay * log(0.96), sum = 0;
  for (int k = 50; k >= 1; k--) {
    double series = a != 0 ? exp(-a * k) * expm1(-a * k * t) / expm1(-a * k) : t;
    sum += pow(0.5, k) / k * series;
  }
  return pow(b1, t) * exp(-sum);
}

// f: b1, b2, eps, momentum_decay. m, v and c as for adam; step = -lr c (ahead m + now g) / (sqrt(v) + c eps)
UPDATE(nadam, 2, a = s[1] * a + s[2] * g; b = s[3] * b + s[4] * (g * g); d = s[0] * (s[6] * a + s[7] * g) / (root(b) + s[5]),
       double c = sqrt(1 - pow(f[1], t));
       double product = nadam_product(f[0], f[3], t);
       double mu = f[0] * (1 - 0.5 * pow(0.96, t * f[3])), next = f[0] * (1 - 0.5 * pow(0.96, (t + 1) * f[3]));
       double ahead = next / (1 - product * next), now = (1 - mu) / (1 - product);
       q.s[0] = (float)(-lr * c); q.s[1] = (float)f[0]; q.s[2] = (float)(1 - f[0]); q.s[3] = (float)f[1];
       q.s[4] = (float)(1 - f[1]); q.s[5] = (float)(c * f[2]); q.s[6] = (float)ahead; q.s[7] = (float)now;)

// f: b1, b2, eps. m <- b1 m + (1 - b1) g, u <- max(b2 u, |g| + eps), step = -lr / (1 - b1^t) m / u
UPDATE(adamax, 2, a = s[1] * a + s[2] * g; v e = s[3] * b; v size = where(g < 0, -g, g) + s[4];
       b = where(e > size, e, size); d = s[0] * a / b,
       q.s[0] = (float)(-lr / (1 - pow(f[0], t))); q.s[1] = (float)f[0]; q.s[2] = (float)(1 - f[0]);
       q.s[3] = (float)f[1]; q.s[4] = (float)f[2];)

// f: rho, eps. s <- rho s + (1 - rho) g^2, step = -lr g / (sqrt(s) + eps)
UPDATE(rmsprop, 1, a = s[1] * a + s[2] * (g * g); d = s[0] * g / (root(a) + s[3]),
       q.s[0] = (float)-lr; q.s[1] = (float)f[0]; q.s[2] = (float)(1 - f[0]); q.s[3] = (float)f[1];)

// f: eps. s <- s + g^2, step = -lr g / (sqrt(s) + eps)
UPDATE(adagrad, 1, a += g * g; d = s[0] * g / (root(a) + s[1]), q.s[0] = (float)-lr; q.s[1] = (float)f[0];)

// f: rho, eps. s <- rho s + (1 - rho) g^2; d = sqrt((u + eps) / (s + eps)) g; u <- rho u + (1 - rho) d^2; step = -lr d
UPDATE(adadelta, 2, a = s[1] * a + s[2] * (g * g); v e = root((b + s[3]) / (a + s[3])) * g; b = s[1] * b + s[2] * (e * e);
       d = s[0] * e,
       q.s[0] = (float)-lr; q.s[1] = (float)f[0]; q.s[2] = (float)(1 - f[0]); q.s[3] = (float)f[1];)

// After the step: scale the weights that feed a unit (a column of W) down to norm `limit` if their norm is larger.
// i: rows of W, units · f: limit · p: W, memory of one float a unit
TL_KERNEL(max_norm) {
  (void)step;
  P rows = op->i[0], units = op->i[1];
  float *W = op->p[0], *length = op->p[1], limit = (float)op->f[0];
  for (P j = 0; j < units; j++) length[j] = 0;
  for (P r = 0; r < rows; r++)
    TL_IVDEP for (P j = 0; j < units; j++) length[j] += W[r * units + j] * W[r * units + j];
  int longer = 0;
  for (P j = 0; j < units; j++) {
    length[j] = sqrtf(length[j]);
    longer |= length[j] > limit;
    length[j] = limit / (length[j] < limit ? limit : length[j]);
  }
  if (!longer) return;
  for (P r = 0; r < rows; r++)
    TL_IVDEP for (P j = 0; j < units; j++) W[r * units + j] *= length[j];
}

// average += (theta - average) (1 - d), d = min(memory, (t - 1) / (t + 8)): if a constraint moved theta after the step.
// i: numbers · f: memory · p: average, theta
TL_KERNEL(follow) {
  double early = (double)(step->t - 1) / (double)(step->t + 8);
  float share = (float)(1.0 - (op->f[0] < early ? op->f[0] : early)), *average = op->p[0];
  const float *theta = op->p[1];
  TL_IVDEP for (P k = 0; k < op->i[0]; k++) average[k] += (theta[k] - average[k]) * share;
}
