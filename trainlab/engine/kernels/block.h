// A block of a matrix product that stays in registers: `rows` rows x one or two vectors of C, summed over two loops.
//
//   C(i, n) = [C(i, n) +] [bias(n) +] sum over ko < KO, ki < KI of A(i, ko, ki) B(ko, ki, n),  [then max(0, .)]
//   A(i, ko, ki) = a[i a_row + ko a_outer + ki a_inner],  B(ko, ki, n) = b[ko b_outer + ki b_inner + n]
//
// Two loops let the window of an image be summed where it lies (its rows are a_outer apart), so that no windows are
// copied. Each number of A is spread over a vector and meets one or two vectors of B; a block has as many rows as the
// registers hold sums, and no fewer than hide the time that a multiplication takes (8 sums where two are begun at a
// time and each takes four ticks). B is read in whole vectors, also where `columns` is less: pad it.
#ifndef TL_BLOCK_H
#define TL_BLOCK_H
#include "base.h"

#define PANEL (2 * VL)                             // columns of a packed B
#if defined(__AVX512F__) || defined(__aarch64__)   // 32 registers
#define ROWS_OF_TWO 14                             // most rows of a block two vectors wide
#define ROWS_OF_ONE 14                             // ... and one vector wide
#else
#define ROWS_OF_TWO 6
#define ROWS_OF_ONE 12
#endif
#define MOST_ROWS (ROWS_OF_TWO > ROWS_OF_ONE ? ROWS_OF_TWO : ROWS_OF_ONE)

typedef struct {
  int KO, KI;
  const float *a;
  P a_row, a_outer, a_inner;
  const float *b;
  P b_outer, b_inner;
  float *c;
  P c_row;
  const float *bias;  // of the first column, or null
  int add, relu;
  int columns;        // at most PANEL
} Block;

// Writes sums whose last vector is not full.
static __attribute__((noinline)) void block_edge(const Block *q, const float *sums, float *c, int rows) {
  for (int i = 0; i < rows; i++, sums += PANEL, c += q->c_row)
    for (int j = 0; j < q->columns; j++) {
      float x = sums[j] + (q->bias ? q->bias[j] : 0) + (q->add ? c[j] : 0);
      c[j] = q->relu && x <= 0 ? 0 : x;
    }
}

// side 0: A's numbers lie side by side along ki (a_inner is 1); side 1: along the rows (a_row is 1).
TL_INLINE void block_body(const int rows, const int vectors, const int side, const Block *q, int first) {
  v sum[MOST_ROWS][2];
  const P a_row = side ? 1 : q->a_row, a_inner = side ? q->a_inner : 1, b_inner = q->b_inner;
  const int KO = q->KO, KI = q->KI;
  const float *a_start = q->a + first * a_row, *b_start = q->b;
  TL_UNROLL for (int i = 0; i < rows; i++)
    TL_UNROLL for (int j = 0; j < vectors; j++) sum[i][j] = (v){};
  for (int ko = 0; ko < KO; ko++, a_start += q->a_outer, b_start += q->b_outer) {
    const float *a = a_start, *b = b_start;
    for (int ki = 0; ki < KI; ki++, a += a_inner, b += b_inner) {
      v b0 = load(b), b1 = b0;
      if (vectors > 1) b1 = load(b + VL);
      TL_UNROLL for (int i = 0; i < rows; i++) {
        v x = all(a[i * a_row]);
        sum[i][0] += x * b0;
        if (vectors > 1) sum[i][1] += x * b1;
      }
    }
  }
  float *c = q->c + first * q->c_row;
  if (q->columns == vectors * VL) {
    TL_UNROLL for (int i = 0; i < rows; i++)
      TL_UNROLL for (int j = 0; j < vectors; j++) {
        v x = sum[i][j];
        if (q->bias) x += load(q->bias + j * VL);
        if (q->add) x += load(c + i * q->c_row + j * VL);
        if (q->relu) x = positive(x);
        store(c + i * q->c_row + j * VL, x);
      }
  } else {
    float t[MOST_ROWS][PANEL];
    TL_UNROLL for (int i = 0; i < rows; i++)
      TL_UNROLL for (int j = 0; j < vectors; j++) store(t[i] + j * VL, sum[i][j]);
    block_edge(q, &t[0][0], c, rows);
  }
}

typedef void (*block_fn)(const Block *q, int first);
#define BLOCK(M, V, S) \
  static void block_##M##_##V##_##S(const Block *q, int first) { block_body(M, V, S, q, first); }
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

// All rows of a panel, cut into blocks of even height.
static inline void block_rows(const Block *q, int rows, int side) {
  const int two = q->columns > VL, highest = two ? ROWS_OF_TWO : ROWS_OF_ONE, blocks = (int)parts(rows, highest);
  for (int k = 0, done = 0; k < blocks; k++) {
    int height = (rows - done + blocks - k - 1) / (blocks - k);
    BLOCKS[height][two][side](q, done);
    done += height;
  }
}

#endif
