// The one inner loop of every product: a block of sums that stays in registers while k runs.
//
// For each k it loads one or two vectors of B, broadcasts a number of A for each row, and multiplies and adds: six rows of
// two vectors are 12 sums, 2 loads and 1 broadcast in 16 registers (AVX2), 14 rows are 28 + 3 of 32 (AVX-512, ARM). A
// block has as many rows as the registers hold sums, and enough sums to hide the latency of a multiplication (8, if two
// start per cycle and each takes four), so a block of one vector has twice as many rows. The compiler makes a copy of the
// loop for each height. Rows are divided evenly: 32 rows are six blocks of 5 or 6, not five of 6 and one of 2.
//
// The loop is unrolled over four k: its own instructions are free on an otherwise idle core, but cost a tenth of the time
// when another thread seems to run on the same core (docs/engine.md).
//
// The lines of C are prefetched before the loop: they are far away (dW of a large layer is as large as W), and the loop is
// long enough to hide that.
#include "block.h"

#if VL == 16 || defined(__aarch64__)  // 32 registers
#define ROWS_OF_TWO 14                            // most rows of a block two vectors wide
#define ROWS_OF_ONE 14                            // ... and one vector wide
#else
#define ROWS_OF_TWO 6
#define ROWS_OF_ONE 12
#endif
#define MOST_ROWS (ROWS_OF_TWO > ROWS_OF_ONE ? ROWS_OF_TWO : ROWS_OF_ONE)

// Writes sums whose last vector is not full.
static __attribute__((noinline)) void edge(const Block *q, const float *sums, P first, P rows) {
  float *c = q->c + first * q->c_row, *after = q->after ? q->after + first * q->c_row : 0;
  const float *mask = q->mask ? q->mask + first * q->c_row : 0;
  STRIPS(q->columns, {
    const v bias = q->bias ? load_strip(q->bias + j, n) : (v){};
    for (P i = 0, at = j; i < rows; i++, at += q->c_row) {
      v x = load(sums + i * PANEL + j) + bias;
      if (q->add) x += load_strip(c + at, n);
      end_strip(x, c + at, mask ? mask + at : 0, q->scale, after ? after + at : 0, n);
    }
  })
}

TL_INLINE void body(const int rows, const int vectors, const int side, const Block *q, P first) {
  v sum[MOST_ROWS][2];
  const P a_row = side ? 1 : q->a_row, a_inner = side ? q->a_inner : 1, b_inner = q->b_inner, KO = q->KO, KI = q->KI;
  const P c_row = q->c_row;
  const float *a_start = q->a + first * a_row, *b_start = q->b;
  float *c = q->c + first * c_row;
  TL_UNROLL for (int i = 0; i < rows; i++) {
    __builtin_prefetch(c + i * c_row, 1);
    TL_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (v){};
  }
  for (P ko = 0; ko < KO; ko++, a_start += q->a_outer, b_start += q->b_outer) {
    const float *a = a_start, *b = b_start;
    TL_UNROLL_4 for (P ki = 0; ki < KI; ki++, a += a_inner, b += b_inner) {
      v b0 = load(b), b1 = b0;
      if (vectors > 1) b1 = load(b + VL);
      TL_UNROLL for (int i = 0; i < rows; i++) {
        v x = all(a[i * a_row]);
        sum[i][0] += x * b0;
        if (vectors > 1) sum[i][1] += x * b1;
      }
    }
  }
  if (q->columns != vectors * VL) {
    float t[MOST_ROWS][PANEL];
    TL_UNROLL for (int i = 0; i < rows; i++)
      TL_UNROLL for (int j = 0; j < vectors; j++) store(t[i] + j * VL, sum[i][j]);
    edge(q, &t[0][0], first, rows);
    return;
  }
  if (q->bias)
    TL_UNROLL for (int j = 0; j < vectors; j++) {
      const v bias = load(q->bias + j * VL);
      TL_UNROLL for (int i = 0; i < rows; i++) sum[i][j] += bias;
    }
  if (q->add)
    TL_UNROLL for (int i = 0; i < rows; i++)
      TL_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] += load(c + i * c_row + j * VL);
  if (q->mask)
    TL_UNROLL for (int i = 0; i < rows; i++)
      TL_UNROLL for (int j = 0; j < vectors; j++)
        sum[i][j] = where(load(q->mask + (first + i) * c_row + j * VL) > 0, q->scale * sum[i][j], (v){});
  TL_UNROLL for (int i = 0; i < rows; i++)
    TL_UNROLL for (int j = 0; j < vectors; j++) store(c + i * c_row + j * VL, sum[i][j]);
  if (q->after)
    TL_UNROLL for (int i = 0; i < rows; i++)
      TL_UNROLL for (int j = 0; j < vectors; j++)
        store(q->after + (first + i) * c_row + j * VL, positive(sum[i][j]));
}

typedef void (*block_fn)(const Block *q, P first);
#define BLOCK(M, V, S) \
  static void block_##M##_##V##_##S(const Block *q, P first) { body(M, V, S, q, first); }
#define BLOCKS_OF_ONE(M) BLOCK(M, 1, 0) BLOCK(M, 1, 1)
#define BLOCKS_OF_BOTH(M) BLOCKS_OF_ONE(M) BLOCK(M, 2, 0) BLOCK(M, 2, 1)
#define NAMES_OF_ONE(M) {{block_##M##_1_0, block_##M##_1_1}, {0, 0}}
#define NAMES_OF_BOTH(M) {{block_##M##_1_0, block_##M##_1_1}, {block_##M##_2_0, block_##M##_2_1}}
#if ROWS_OF_TWO > 6
#define BLOCKS_OF_MANY BLOCKS_OF_BOTH
#define NAMES_OF_MANY NAMES_OF_BOTH
#else
#define BLOCKS_OF_MANY BLOCKS_OF_ONE
#define NAMES_OF_MANY NAMES_OF_ONE
#endif
BLOCKS_OF_BOTH(1) BLOCKS_OF_BOTH(2) BLOCKS_OF_BOTH(3) BLOCKS_OF_BOTH(4) BLOCKS_OF_BOTH(5) BLOCKS_OF_BOTH(6)
BLOCKS_OF_MANY(7) BLOCKS_OF_MANY(8) BLOCKS_OF_MANY(9) BLOCKS_OF_MANY(10) BLOCKS_OF_MANY(11) BLOCKS_OF_MANY(12)
#if MOST_ROWS > 12
BLOCKS_OF_MANY(13) BLOCKS_OF_MANY(14)
#endif

static const block_fn BLOCKS[MOST_ROWS + 1][2][2] = {
  {{0}}, NAMES_OF_BOTH(1), NAMES_OF_BOTH(2), NAMES_OF_BOTH(3), NAMES_OF_BOTH(4), NAMES_OF_BOTH(5), NAMES_OF_BOTH(6),
  NAMES_OF_MANY(7), NAMES_OF_MANY(8), NAMES_OF_MANY(9), NAMES_OF_MANY(10), NAMES_OF_MANY(11), NAMES_OF_MANY(12),
#if MOST_ROWS > 12
  NAMES_OF_MANY(13), NAMES_OF_MANY(14),
#endif
};

void block_rows(const Block *q, P rows, int side) {
  const int two = q->columns > VL;
  const P highest = two ? ROWS_OF_TWO : ROWS_OF_ONE, blocks = parts(rows, highest);
  for (P k = 0, done = 0; k < blocks; k++) {
    const P height = (rows - done + blocks - k - 1) / (blocks - k);
    BLOCKS[height][two][side](q, done);
    done += height;
  }
}

// ---------------------------------------------------------------- packing

// A narrow panel is read beyond its columns if there is memory: the sums of these columns are never written.
TL_INLINE void pack(const float *w, P ld, P K, P columns, const P width, const P ahead, float *out) {
  const P whole = columns >= width ? K : most(0, K - parts(width - columns, ld));
  P k = 0;
  for (; k < whole; k++, w += ld, out += width)
    TL_UNROLL for (P j = 0; j < width; j += PANEL) {
      __builtin_prefetch(w + ahead + j, 0, 2);
      store(out + j, load(w + j));
      store(out + j + VL, load(w + j + VL));
    }
  for (; k < K; k++, w += ld, out += width)
    for (P j = 0; j < width; j += VL)
      store(out + j, columns >= j + VL ? load(w + j) : columns > j ? load_part(w + j, columns - j) : (v){});
}

void pack_panel(const float *w, P ld, P K, P columns, P width, float *out) {
  if (width == PANEL)
    pack(w, ld, K, columns, PANEL, PANEL, out);  // prefetches the next panel, which is packed next
  else
    pack(w, ld, K, columns, WIDE_PANEL, 8 * ld, out);  // the next panel is often another thread's
}

// Transposes a block of 4 x 4 numbers in registers: the compiler makes unpacks and shuffles of it.
TL_INLINE void turn(const float *w, P ld, float *out, const P width) {
  v4 a = *(const v4_unaligned *)w, b = *(const v4_unaligned *)(w + ld);
  v4 c = *(const v4_unaligned *)(w + 2 * ld), d = *(const v4_unaligned *)(w + 3 * ld);
  v4 e = __builtin_shufflevector(a, b, 0, 4, 1, 5), f = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  v4 g = __builtin_shufflevector(c, d, 0, 4, 1, 5), h = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  *(v4_unaligned *)out = __builtin_shufflevector(e, g, 0, 1, 4, 5);
  *(v4_unaligned *)(out + width) = __builtin_shufflevector(e, g, 2, 3, 6, 7);
  *(v4_unaligned *)(out + 2 * width) = __builtin_shufflevector(f, h, 0, 1, 4, 5);
  *(v4_unaligned *)(out + 3 * width) = __builtin_shufflevector(f, h, 2, 3, 6, 7);
}

TL_INLINE void turned(const float *w, P ld, P K, P columns, const P width, const P whole, float *out) {
  P k = 0;
  for (; k + 4 <= K; k += 4, out += 4 * width) {
    for (P j = 0; j < whole; j += 4) turn(w + j * ld + k, ld, out + j, width);
    for (P j = whole; j < width; j++)
      for (P i = 0; i < 4; i++) out[i * width + j] = j < columns ? w[j * ld + k + i] : 0;
  }
  for (; k < K; k++, out += width)
    for (P j = 0; j < width; j++) out[j] = j < columns ? w[j * ld + k] : 0;
}

void pack_turned(const float *w, P ld, P K, P columns, P width, float *out) {
  if (columns >= PANEL && width == PANEL)
    turned(w, ld, K, columns, PANEL, PANEL, out);
  else
    turned(w, ld, K, columns, width, least(columns, width) & ~(P)3, out);
}
