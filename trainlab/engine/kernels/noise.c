// Dropout draws from NumPy's own generator the numbers that NumPy would draw, so both backends drop the same units.
//
// The generator is PCG64 (O'Neill 2014): a 128-bit state s <- s M + I, and of each new s the 64 bits
// rotate(high ^ low, top 6 bits of s). NumPy makes two float32 of each, the low half first, as (half >> 8) 2^-24. A linear
// recurrence can jump ahead by any distance in 128 steps of the same kind, so each tile jumps to its place.
#include "base.h"
#include "op.h"
#include "pool.h"

typedef unsigned __int128 u128;
// NumPy's pcg64_state: what `bit_generator.ctypes.state_address` points to.
typedef struct {
  char *pcg;  // state and increment, 16 bytes each
  int has_half;
  uint32_t half;
} pcg64;

typedef uint32_t halves __attribute__((may_alias));
#define MULTIPLIER (((u128)2549297995355413924ull << 64) + 4865540595714422341ull)
enum { CHUNK = 8192 };

static u128 ahead(u128 state, u128 increment, uint64_t places) {
  u128 multiply = 1, add = 0, m = MULTIPLIER, a = increment;
  for (; places; places >>= 1) {
    if (places & 1) {
      multiply *= m;
      add = add * m + a;
    }
    a = (m + 1) * a;
    m *= m;
  }
  return multiply * state + add;
}

TL_INLINE uint64_t output(u128 s) {
  uint64_t x = (uint64_t)(s >> 64) ^ (uint64_t)s;
  unsigned turn = (unsigned)(s >> 122);
  return x >> turn | x << (-turn & 63);
}

// The n outputs after `state`. Four states advance side by side, four steps each: a single one would wait for its own
// multiplications.
static void outputs(u128 state, u128 increment, uint64_t *out, P n) {
  u128 s[4], m = 1, add = 0;
  for (int k = 0; k < 4; k++) {
    m *= MULTIPLIER;
    add = add * MULTIPLIER + increment;
    s[k] = state * m + add;
  }
  P k = 0;
  for (; k + 4 <= n; k += 4) {
    TL_UNROLL for (int j = 0; j < 4; j++) {
      out[k + j] = output(s[j]);
      s[j] = s[j] * m + add;
    }
  }
  for (int j = 0; k < n; k++, j++) out[k] = output(s[j]);
}

typedef struct {
  const float *x;
  float *factor, *y;  // factor may be 0
  u128 state, increment;
  P n;
  int has_half;
  uint32_t half;
  float drop, keep;
} drawn;

TL_INLINE float factor_of(uint32_t half, uint32_t threshold, float keep) { return (half >> 8) >= threshold ? keep : 0; }

// Numbers [from, to) of the draw. Without a number left over, number k is a half of output k / 2, else of (k - 1) / 2.
static void draw(void *ctx, int tile) {
  const drawn *q = ctx;
  uint64_t drawn_here[CHUNK / 2 + 2];
  P from = (P)tile * CHUNK, to = least(q->n, from + CHUNK), k = from;
  const uint32_t threshold = (uint32_t)ceil((double)q->drop * 16777216.0);  // (half >> 8) 2^-24 < drop is dropped
  const float keep = q->keep;
  if (q->has_half && from == 0) {
    const float factor = factor_of(q->half, threshold, keep);
    if (q->factor) q->factor[0] = factor;
    q->y[k++] = q->x[0] * factor;
  }
  P place = k - q->has_half, first = place / 2;
  outputs(ahead(q->state, q->increment, (uint64_t)first), q->increment, drawn_here, parts(to - q->has_half, 2) - first);
  const halves *half = (const halves *)drawn_here + (place - 2 * first) - k;  // the low half is the first
  const float *x = q->x;
  float *factor = q->factor, *y = q->y;
  TL_IVDEP for (P j = k; j < to; j++) y[j] = x[j] * factor_of(half[j], threshold, keep);
  if (factor)
    TL_IVDEP for (P j = k; j < to; j++) factor[j] = factor_of(half[j], threshold, keep);
}

static void run(drawn q, pcg64 *generator) {
  memcpy(&q.state, generator->pcg, 16);
  memcpy(&q.increment, generator->pcg + 16, 16);
  q.has_half = generator->has_half != 0;
  q.half = generator->half;
  tl_share(draw, &q, (int)parts(q.n, CHUNK), q.n);
  P fresh = q.n - q.has_half;  // numbers that were not left over
  if (fresh < 0) return;
  generator->has_half = (int)(fresh % 2);
  if (fresh == 0) return;
  u128 s = ahead(q.state, q.increment, (uint64_t)parts(fresh, 2));
  memcpy(generator->pcg, &s, 16);
  generator->half = (uint32_t)(output(s) >> 32);  // where NumPy leaves it, used or not
}

// factor = 0 for a share `drop` of the numbers, else keep; y = x factor.
// i: numbers a row, whether backward reads factor · f: drop, keep · p: NumPy's generator, factor, x, y
TL_KERNEL(dropout_forward) {
  run((drawn){.factor = op->i[1] || step->last ? op->p[1] : 0, .x = op->p[2], .y = op->p[3],
              .n = step->rows * op->i[0], .drop = (float)(op->f[0] * step->drop), .keep = (float)tl_keep(op->f[1], step)},
      op->p[0]);
}

// The same for weights, one draw for the whole batch. i: numbers · f: drop, keep · p: generator, factor, x, y
TL_KERNEL(drop_connect_forward) {
  run((drawn){.factor = op->p[1], .x = op->p[2], .y = op->p[3], .n = op->i[0], .drop = (float)(op->f[0] * step->drop),
              .keep = (float)tl_keep(op->f[1], step)},
      op->p[0]);
}

typedef struct {
  const float *x, *y;
  float *out;
  P n;
} pair;
static void multiply(void *ctx, int tile) {
  const pair *q = ctx;
  P from = (P)tile * CHUNK, to = least(q->n, from + CHUNK);
  TL_IVDEP for (P j = from; j < to; j++) q->out[j] = q->x[j] * q->y[j];
}

// out = x y. i: numbers a row · p: x, y, out
TL_KERNEL(multiply) {
  pair q = {.x = op->p[0], .y = op->p[1], .out = op->p[2], .n = step->rows * op->i[0]};
  tl_share(multiply, &q, (int)parts(q.n, CHUNK), q.n);
}

// The same for `numbers` that do not depend on the rows. i: numbers · p: x, y, out
TL_KERNEL(multiply_weights) {
  (void)step;
  pair q = {.x = op->p[0], .y = op->p[1], .out = op->p[2], .n = op->i[0]};
  tl_share(multiply, &q, (int)parts(q.n, CHUNK), q.n);
}

// out = a x. i: numbers a row · f: a · p: x, out
TL_KERNEL(scale) {
  const float *x = op->p[0];
  float *y = op->p[1], a = (float)op->f[0];
  TL_IVDEP for (P j = 0; j < step->rows * op->i[0]; j++) y[j] = a * x[j];
}
