// See sparse.h. A row of C is up to eight vectors of sums that stay in registers while the loop runs through the list: each
// entry spreads one number of A over a vector and multiplies a row of the panel, read from the first-level cache. That is
// one load per multiplication, where block.c has half a load; so a matrix without zeros is faster there.
#include "sparse.h"

enum { VECTORS = WIDE_PANEL / VL };

int is_sparse(const float *a, P rows, P columns) {
  const P looked = parts(rows, 8) * columns, whole = looked / VL * VL;
  vi zeros = {};
  for (P k = 0; k < whole; k += VL) zeros -= load(a + k) == 0;
  P n = 0;
  for (int j = 0; j < VL; j++) n += zeros[j];
  return 5 * n >= 3 * looked;
}

// Eight numbers at a time: a bit for each that is not 0, the places of a byte's bits from a table, the first in the lowest
// byte (which is the first in memory on little-endian processors alone).
enum { LITTLE_ENDIAN_ = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };
#define BELOW(m, b) ((m) & ((1u << (b)) - 1))
#define PLACE(m, b) ((m) >> (b) & 1 ? (uint64_t)(b) << (8 * __builtin_popcount(BELOW(m, b))) : 0)
#define PLACES(m) (PLACE(m, 1) | PLACE(m, 2) | PLACE(m, 3) | PLACE(m, 4) | PLACE(m, 5) | PLACE(m, 6) | PLACE(m, 7))
#define FOUR(m) PLACES(m), PLACES((m) + 1), PLACES((m) + 2), PLACES((m) + 3)
#define SIXTEEN(m) FOUR(m), FOUR((m) + 4), FOUR((m) + 8), FOUR((m) + 12)
static const uint64_t PLACES_OF[256] = {
  SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48), SIXTEEN(64), SIXTEEN(80), SIXTEEN(96), SIXTEEN(112),
  SIXTEEN(128), SIXTEEN(144), SIXTEEN(160), SIXTEEN(176), SIXTEEN(192), SIXTEEN(208), SIXTEEN(224), SIXTEEN(240),
};

typedef int32_t i4 __attribute__((vector_size(16)));
typedef uint64_t q2 __attribute__((vector_size(16)));

TL_INLINE unsigned not_zero(const float *eight) {
  const v4_unaligned *halves = (const v4_unaligned *)eight;
  const q2 bits = (q2)(((i4)(halves[0] != 0) & (i4){1, 2, 4, 8}) | ((i4)(halves[1] != 0) & (i4){16, 32, 64, 128}));
  const uint64_t two = bits[0] | bits[1];
  return (unsigned)(two | two >> 32);
}

void list_row(const float *row, P n, uint8_t *places, uint8_t *counts) {
  for (P from = 0; from < n; from += LISTED, row += LISTED, places += LISTED) {
    const P listed = least(LISTED, n - from);
    P found = 0, k = 0;
    for (; LITTLE_ENDIAN_ && k + 8 <= listed; k += 8) {
      const unsigned bits = not_zero(row + k);
      const uint64_t eight = PLACES_OF[bits] + (uint64_t)k * 0x0101010101010101u;
      memcpy(places + found, &eight, sizeof eight);
      found += __builtin_popcount(bits);
    }
    for (; k < listed; k++) {
      places[found] = (uint8_t)k;
      found += row[k] != 0;
    }
    *counts++ = (uint8_t)found;
  }
}

TL_INLINE void row_body(const int vectors, const Block *q, const float *a, const uint8_t *places, P found, float *c) {
  v sum[VECTORS];
  const P last = (vectors - 1) * VL, n = q->columns - last;  // the last vector may have fewer columns
  const float *b = q->b;
  if (q->add) {
    TL_UNROLL for (int j = 0; j < vectors - 1; j++) sum[j] = load(c + j * VL);
    sum[vectors - 1] = load_strip(c + last, n);
  } else {
    TL_UNROLL for (int j = 0; j < vectors; j++) sum[j] = (v){};
  }
  for (P k = 0; k < found; k++) {
    const P place = places[k];
    const v x = all(a[place]);
    TL_UNROLL for (int j = 0; j < vectors; j++) sum[j] += x * load(b + place * WIDE_PANEL + j * VL);
  }
  TL_UNROLL for (int j = 0; j < vectors - 1; j++) store(c + j * VL, sum[j]);
  store_strip(c + last, sum[vectors - 1], n);
}

typedef void (*row_fn)(const Block *q, const float *a, const uint8_t *places, P found, float *c);
#define ROW(V) \
  static void row_##V(const Block *q, const float *a, const uint8_t *places, P found, float *c) { \
    row_body(V, q, a, places, found, c); \
  }
ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8)

static const row_fn ROWS_OF[VECTORS + 1] = {0, row_1, row_2, row_3, row_4, row_5, row_6, row_7, row_8};

// The end of a row's sums, for a strip of columns that begins `at` numbers after q->c.
TL_INLINE void finish(const Block *q, P at, P j, P n) {
  v x = load_strip(q->c + at, n);
  if (q->bias) x += load_strip(q->bias + j, n);
  end_strip(x, q->c + at, q->mask ? q->mask + at : 0, q->scale, q->after ? q->after + at : 0, n);
}

void sparse_rows(const Block *q, P rows, const uint8_t *places, P places_row, const uint8_t *counts, P counts_row) {
  uint8_t every[LISTED];
  const uint8_t all_of = (uint8_t)q->KI;
  if (!all_finite(q->b, q->KI * WIDE_PANEL)) {
    for (P k = 0; k < q->KI; k++) every[k] = (uint8_t)k;
    places = every, counts = &all_of, places_row = counts_row = 0;
  }
  const row_fn run = ROWS_OF[parts(q->columns, VL)];
  for (P i = 0; i < rows; i++) {
    run(q, q->a + i * q->a_row, places + i * places_row, counts[i * counts_row], q->c + i * q->c_row);
    if (q->bias || q->mask || q->after) STRIPS(q->columns, finish(q, i * q->c_row + j, j, n))
  }
}

// ---------------------------------------------------------------- a product of which only some results are wanted

enum { TOGETHER = 6 };      // dots that share the reading of a
enum { NEAR = 8192 };       // numbers of b that stay in the first-level cache
enum { FAR = 1024 };        // longest part of a sum in one go

// The sum of a vector's numbers, by halves (`total` adds one by one).
TL_INLINE float across(v x) {
  v4 part[VL / 4];
  memcpy(part, &x, sizeof x);
  for (int half = VL / 8; half; half /= 2)
    for (int i = 0; i < half; i++) part[i] += part[i + half];
  v4 y = part[0] + __builtin_shufflevector(part[0], part[0], 2, 3, 0, 1);
  y += __builtin_shufflevector(y, y, 1, 0, 3, 2);
  return y[0];
}

TL_INLINE void dots(const int n, const Dots *q, const float *a, const float *b, P length, const uint8_t *places, float *c,
                    int add) {
  v even[TOGETHER], odd[TOGETHER];
  const float *row[TOGETHER];
  TL_UNROLL for (int i = 0; i < n; i++) {
    row[i] = b + places[i] * q->b_row;
    even[i] = odd[i] = (v){};
  }
  P j = 0;
  for (; j + 2 * VL <= length; j += 2 * VL) {
    const v x = load(a + j), y = load(a + j + VL);
    TL_UNROLL for (int i = 0; i < n; i++) {
      even[i] += x * load(row[i] + j);
      odd[i] += y * load(row[i] + j + VL);
    }
  }
  for (; j < length; j += VL) {
    const P left = least(VL, length - j);
    const v x = load_strip(a + j, left);
    TL_UNROLL for (int i = 0; i < n; i++) even[i] += x * load_strip(row[i] + j, left);
  }
  TL_UNROLL for (int i = 0; i < n; i++) {
    float sum = q->scale * across(even[i] + odd[i]);
    c[places[i]] = add ? c[places[i]] + sum : sum;
  }
}

#define DOTS(N) \
  static void dots_##N(const Dots *q, const float *a, const float *b, P length, const uint8_t *places, float *c, int add) { \
    dots(N, q, a, b, length, places, c, add); \
  }
DOTS(1) DOTS(2) DOTS(3) DOTS(4) DOTS(5) DOTS(6)

typedef void (*dots_fn)(const Dots *, const float *, const float *, P, const uint8_t *, float *, int);
static const dots_fn DOTS_OF[TOGETHER + 1] = {0, dots_1, dots_2, dots_3, dots_4, dots_5, dots_6};

// b passes through the cache once: as many rows as fit there are multiplied by all rows of a before the next ones.
void wanted_dots(const Dots *q, P rows, const uint8_t *places, P places_row, const uint8_t *counts, P counts_row) {
  const P pieces = parts(q->N, FAR), near = most(1, NEAR / parts(q->N, pieces));
  for (P i = 0; i < rows; i++) memset(q->c + i * q->c_row, 0, (size_t)q->listed * sizeof(float));
  for (P s = 0; s < pieces; s++) {
    const P from = q->N * s / pieces, to = q->N * (s + 1) / pieces;
    uint8_t at[WANTED_ROWS] = {0};  // how far each row's list has been gone through
    for (P end = least(near, q->listed); ; end = least(end + near, q->listed)) {
      for (P i = 0; i < rows; i++) {
        const uint8_t *list = places + i * places_row;
        const P first = at[i], count = counts[i * counts_row];
        P last = first;
        while (last < count && list[last] < end) last++;
        at[i] = (uint8_t)last;
        for (P groups = parts(last - first, TOGETHER), done = first; groups; groups--) {
          const P n = (last - done + groups - 1) / groups;
          DOTS_OF[n](q, q->a + i * q->N + from, q->b + from, to - from, list + done, q->c + i * q->c_row, s > 0);
          done += n;
        }
      }
      if (end == q->listed) break;
    }
  }
}
