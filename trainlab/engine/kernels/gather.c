// Batch gathering: out[b] = x[index[b]], from the data's own type (bytes become floats here, and only here).
#include "op.h"
#include "pool.h"

enum { ROWS = 8, SMALL = 1 << 15 };  // rows a tile; bytes below which one thread is faster

typedef struct {
  const char *x;
  const int64_t *index, *through;  // through: the place of row i in the data, 0 if it is i
  float *out;
  P rows, width, type, row_bytes;
} rows_of;

#define CONVERT(TYPE)                                                            \
  {                                                                              \
    const TYPE *s = (const TYPE *)(q->x + row * q->row_bytes);                   \
    TL_IVDEP for (P j = 0; j < q->width; j++) out[j] = (float)s[j];              \
    break;                                                                       \
  }

static void gather(void *ctx, int tile) {
  const rows_of *q = ctx;
  for (P b = (P)tile * ROWS; b < least(q->rows, ((P)tile + 1) * ROWS); b++) {
    P row = q->index[b];
    if (q->through) row = q->through[row];
    float *out = q->out + b * q->width;
    switch (q->type) {  // numbered as in TYPES of trainlab/engine/compiled/rules.py
      case 0: memcpy(out, q->x + row * q->row_bytes, (size_t)q->width * sizeof(float)); break;
      case 1: CONVERT(double)
      case 2: CONVERT(uint8_t)
      case 3: CONVERT(int8_t)
      case 4: CONVERT(uint16_t)
      case 5: CONVERT(int16_t)
      case 6: CONVERT(int32_t)
      default: CONVERT(int64_t)
    }
  }
}

// i: numbers a row, type, bytes from row to row · p: data, rows of the data or 0, out (float32)
TL_KERNEL(gather) {
  rows_of q = {.x = op->p[0], .through = op->p[1], .out = op->p[2], .index = step->index, .rows = step->rows,
               .width = op->i[0], .type = op->i[1], .row_bytes = op->i[2]};
  int tiles = (int)parts(q.rows, ROWS);
  if (q.rows * q.width * (P)sizeof(float) >= SMALL)
    tl_tiles(gather, &q, tiles);
  else
    for (int tile = 0; tile < tiles; tile++) gather(&q, tile);
}

// Rows of any type, unchanged: the targets. i: bytes a row · p: data, out
TL_KERNEL(gather_bytes) {
  const char *x = op->p[0];
  char *out = op->p[1];
  if (op->i[0] == 8) {
    for (P b = 0; b < step->rows; b++) ((int64_t *)out)[b] = ((const int64_t *)x)[step->index[b]];
    return;
  }
  for (P b = 0; b < step->rows; b++) memcpy(out + b * op->i[0], x + step->index[b] * op->i[0], (size_t)op->i[0]);
}

// Rows whose numbers are spread over bins (trainlab/data/preprocess/piecewise_linear.py): a stored row has `kept` numbers,
// the places of k numbers among their bins, and `rest` numbers more; y has the kept ones, the bins, and the rest.
typedef struct {
  const float *x;
  const int64_t *index, *through, *bins;
  float *out;
  P rows, width, kept, k, rest, wide;
} binned;

static void gather_bins_tile(void *ctx, int tile) {
  const binned *q = ctx;
  for (P b = (P)tile * ROWS; b < least(q->rows, ((P)tile + 1) * ROWS); b++) {
    const float *x = q->x + q->through[q->index[b]] * q->width, *place = x + q->kept;
    float *y = q->out + b * q->wide;
    memcpy(y, x, (size_t)q->kept * sizeof(float));
    y += q->kept;
    for (P c = 0; c < q->k; c++) {
      const float at = place[c];
      const P bins = q->bins[c];
      TL_IVDEP for (P t = 0; t < bins; t++) {
        float part = at - (float)t;
        part = part < 0 ? 0 : part;
        y[t] = part > 1 ? 1 : part;
      }
      y += bins;
    }
    memcpy(y, place + q->k, (size_t)q->rest * sizeof(float));
  }
}

// i: numbers of a stored row, kept ones, places, others, bins of all places · p: data, rows of the data, bins of each, out
TL_KERNEL(gather_bins) {
  binned q = {.x = op->p[0], .index = step->index, .through = op->p[1], .bins = op->p[2], .out = op->p[3],
              .rows = step->rows, .width = op->i[0], .kept = op->i[1], .k = op->i[2], .rest = op->i[3],
              .wide = op->i[1] + op->i[4] + op->i[3]};
  int tiles = (int)parts(q.rows, ROWS);
  if (q.rows * q.wide * (P)sizeof(float) >= SMALL)
    tl_tiles(gather_bins_tile, &q, tiles);
  else
    for (int tile = 0; tile < tiles; tile++) gather_bins_tile(&q, tile);
}
