// What the three products of a convolution share: sizes, and images between columns of zeros.
//
// Layout: x (rows, H, W, C), y (rows, Ho, Wo, Co), W (kh, kw, C, Co). In a window the kw C numbers of a row of pixels
// are contiguous, so a window is kh runs, and a product is one over two loops (block.h): runs, and numbers in a run.
// Windows are never copied (no im2col), gradients never scattered.
//
// Few filters leave most of a vector empty: 8 of them half of AVX-512's. So `together` neighbouring pixels are computed
// as one with together Co numbers, which lie side by side in y: its window is `wide_taps` columns wide, and the filter
// of each pixel is 0 outside the pixel's own. 5 x 5 filters, two pixels: 6 columns instead of 5, for twice the numbers.
//
// Sizes of every op, i: H W C Ho Wo Co kh kw step top left (top, left: width of the border).
#ifndef TL_CONV_H
#define TL_CONV_H
#include "block.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"

typedef struct {
  int rows, H, W, C, Ho, Wo, Co, kh, kw, step, top, left, chunks, bands;
  const float *x, *w, *bias, *dy;
  float *y, *after, *dx, *dw, *db, *packed, *partial, *moments;
} Conv;

TL_INLINE Conv conv_sizes(const tl_op *op, const tl_step *step) {
  const int64_t *i = op->i;
  Conv q = {.rows = (int)step->rows, .H = (int)i[0], .W = (int)i[1], .C = (int)i[2], .Ho = (int)i[3], .Wo = (int)i[4],
            .Co = (int)i[5], .kh = (int)i[6], .kw = (int)i[7], .step = (int)i[8], .top = (int)i[9], .left = (int)i[10]};
  if (q.kh == 1 && q.kw == 1 && q.step == 1) {  // each pixel is a window: all places are one long row
    q.W *= q.H, q.Wo = q.W;
    q.H = q.Ho = 1;
  }
  return q;
}

// The amount of work, in numbers read and written (pool.h); a number costs as much as 16 multiplications.
TL_INLINE P weights(const Conv *q) { return (P)q->kh * q->kw * q->C * q->Co; }
TL_INLINE P work(const Conv *q) { return (P)q->rows * q->Ho * q->Wo * weights(q) / 16; }

TL_INLINE P wide_taps(P taps, P together, P step) { return taps + (together - 1) * step; }
TL_INLINE P vectors_of(P numbers) { return parts(numbers, VL); }
enum { BUSY = 8 };  // sums that hide the latency of a multiplication (block.c)

// An image, or a copy of it between columns of zeros: its column 0 is column `first` of the image.
typedef struct { const float *at; P pitch, first, columns; } Image;  // pitch: from a row to the next
TL_INLINE P frame_size(P H, P W, P C, P left, P columns) {
  return left <= 0 && columns - left <= W ? 0 : H * columns * C;
}

// `columns` columns of an image, the first of which lies `left` before it; only what is wider is copied, to `to`.
TL_INLINE Image framed(const float *x, P H, P W, P C, P left, P columns, float *to) {
  if (!frame_size(H, W, C, left, columns)) return (Image){x, W * C, 0, W};
  const P before = least(most(0, left), columns), skipped = least(most(0, -left), W);
  const P inside = most(0, least(W - skipped, columns - before)), after = columns - before - inside, pitch = columns * C;
  for (P i = 0; i < H; i++) {
    float *o = to + i * pitch;
    memset(o, 0, (size_t)(before * C) * sizeof(float));
    memcpy(o + before * C, x + (i * W + skipped) * C, (size_t)(inside * C) * sizeof(float));
    memset(o + (before + inside) * C, 0, (size_t)(after * C) * sizeof(float));
  }
  return (Image){to, pitch, -left, columns};
}

TL_INLINE P windows_width(const Conv *q) { return (P)(q->Wo - 1) * q->step + q->kw; }

#endif
