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
