// Convolution: y, and the gradient of the input. (That of the weights: conv_dw.c. Layout, pixels together: conv.h.)
//
// Both are one sum, the correlation below: of x with W, and of dy with the taps of W rotated. With step s, pixels of dx
// fall into s s phases (row mod s, column mod s); each is a correlation of step 1 with the taps of W that reach it.
// W is packed in panels of PANEL columns. Two ways to cut the sums into blocks (rows of a block share the panel):
//
//   by lines   a tile is an image, a block's rows are pixels (or groups) of a line. Runs above and below the image are
//              left out. If windows reach over its sides, the tile copies its image between columns of zeros first.
//   by images  a tile is IMAGES images, a block's rows are the same pixel of each. All taps outside the image are left
//              out, so nothing is copied. For small images: dx of 5 x 5 filters from 8 x 8 places to 12 x 12 pixels
//              would multiply zeros in a third of its columns, and a line of 6 groups is too short a block.
//
// Measured on one core with AVX-512 (EPYC, Zen 5: 269 GFLOP/s), 64 images of LeNet: y of its first layer (24 x 24
// places, 8 filters) 197 us pixel by pixel, 118 us in pairs; the arithmetic alone takes 55. dx of its second layer (12 x 12
// pixels, 8 channels) 364 us pixel by pixel by lines, 156 us in pairs by images; the arithmetic alone 97. With AVX2, where
// 8 channels fill a vector, by images gains alone: 355 us to 256.
//
// A pixel that is computed together with its neighbour meets the neighbour's inputs, times 0. That changes no bit, unless
// they are inf or nan; an image that has such numbers is computed pixel by pixel.
#include "conv.h"
#include "moments.h"

enum { IMAGES = 8 };

// y(n, i, j, :) = sum over ky < taps_y, kx < taps_x of
//   x(n, i step + ky - top, j step + kx - left, :) W(ky, kx, :, :)  [+ bias]
typedef struct {
  P n, H, W, C, taps_y, taps_x, step, top, left;   // n: images
  P rows, columns, channels, pixel, line;          // of y; from a pixel to the next, and from a line to the next
  P x_image, y_image;                              // from an image to the next
  P together, by_images;
  const float *x, *packed, *bias;                  // bias: of a whole group
  float *y;
  int relu;                                        // write max(0, y)
} Correlation;

TL_INLINE P width_of(const Correlation *q) { return wide_taps(q->taps_x, q->together, q->step); }

// Taps of a group of pixels from column j on that lie in the image.
TL_INLINE P taps_inside(const Correlation *q, P j, P pixels) {
  const P before = j * q->step - q->left;
  return most(0, least(wide_taps(q->taps_x, pixels, q->step), q->W - before) - most(0, -before));
}

// Sets how many pixels are computed together, and by lines or by images: what multiplies the fewest vectors, where a
// block with too few sums waits as long as one with BUSY. By images counts more, as its rows are far apart in memory.
static void choose(Correlation *q) {
  P least_cost = 0;
  for (P t = 1; t == 1 || (t * q->channels <= PANEL && wide_taps(q->taps_x, t, q->step) <= 2 * q->taps_x &&
                           t <= q->columns && q->pixel == q->channels);
       t++) {
    const P vectors = vectors_of(least(PANEL, t * q->channels)), enough = parts(BUSY, vectors);
    const P lines = vectors * most(parts(q->columns, t), enough) * wide_taps(q->taps_x, t, q->step);
    P images = 0;
    for (P j = 0; j < q->columns; j += t) images += vectors * taps_inside(q, j, least(t, q->columns - j));
    images += images / 8;
    for (int by_images = 0; by_images <= (q->n >= IMAGES); by_images++) {
      const P cost = by_images ? images : lines;
      if (!least_cost || cost < least_cost) q->together = t, q->by_images = by_images, least_cost = cost;
    }
  }
}

// `pixels` neighbouring pixels of y from (i, j) on, and `rows` such groups, a_row apart in x and c_row in y.
static void sums(const Correlation *q, Image x, float *y, P i, P j, P pixels, P rows, P a_row, P c_row) {
  const P C = q->C, g = j % q->together, width = width_of(q), above = i * q->step - q->top;
  const P before = j * q->step - q->left - x.first;
  const P y0 = most(0, -above), y1 = least(q->taps_y, q->H - above);
  const P x0 = most(0, -before), x1 = least(wide_taps(q->taps_x, pixels, q->step), x.columns - before);
  Block b = {.KO = most(0, y1 - y0), .KI = most(0, x1 - x0) * C, .a = x.at + (above + y0) * x.pitch + (before + x0) * C,
             .a_row = a_row, .a_outer = x.pitch, .b_outer = width * C * PANEL, .b_inner = PANEL, .c_row = c_row};
  for (P p = 0; p * PANEL < q->channels; p++) {
    b.b = q->packed + ((p * q->taps_y + y0) * width + g * q->step + x0) * C * PANEL + g * q->channels;
    b.bias = q->bias ? q->bias + p * PANEL + g * q->channels : 0;
    b.columns = least(PANEL, pixels * q->channels - p * PANEL);
    b.c = y + i * q->line + j * q->pixel + p * PANEL;
    if (q->relu) b.after = b.c;
    block_rows(&b, rows, 0);
  }
}

static void correlate_image(const Correlation *q, P n) {
  const P T = q->together, columns = (q->columns - 1) * q->step + q->taps_x, size = q->H * q->W * q->C;
  const float *image = q->x + n * q->x_image;
  Image x = framed(image, q->H, q->W, q->C, q->left, columns, scratch(frame_size(q->H, q->W, q->C, q->left, columns)));
  float *y = q->y + n * q->y_image;
  const P a_row = T * q->step * q->C, c_row = T * q->pixel, groups = q->columns / T, rest = q->columns % T;
  const int whole = T == 1 || all_finite(image, size);
  for (P i = 0; i < q->rows; i++) {
    if (whole) {
      if (groups) sums(q, x, y, i, 0, T, groups, a_row, c_row);
      if (rest) sums(q, x, y, i, groups * T, rest, 1, a_row, c_row);
    } else {
      for (P g = 0; g < T; g++) sums(q, x, y, i, g, 1, parts(q->columns - g, T), a_row, c_row);
    }
  }
}

static void correlate_images(const Correlation *q, P from, P to) {
  const P size = q->H * q->W * q->C;
  const Image x = {q->x + from * q->x_image, q->W * q->C, 0, q->W};
  float *y = q->y + from * q->y_image;
  P T = q->together;
  for (P n = from; n < to && T > 1; n++)
    if (!all_finite(q->x + n * q->x_image, size)) T = 1;
  for (P i = 0; i < q->rows; i++)
    for (P j = 0, pixels; j < q->columns; j += pixels) {
      pixels = least(T, q->columns - j);
      sums(q, x, y, i, j, pixels, to - from, q->x_image, q->y_image);
    }
}

TL_INLINE P images_of(const Correlation *q) { return q->by_images ? IMAGES : 1; }  // of a tile

// The images of a tile.
static void correlate(const Correlation *q, P tile) {
  if (q->by_images)
    correlate_images(q, tile * IMAGES, least(q->n, (tile + 1) * IMAGES));
  else
    correlate_image(q, tile);
}

// ---------------------------------------------------------------- forward

typedef struct { const Conv *conv; Correlation sum; } Forward;

static Correlation forward_of(const Conv *q) {
  const P pixels = (P)q->H * q->W, places = (P)q->Ho * q->Wo;
  Correlation s = {.n = q->rows, .H = q->H, .W = q->W, .C = q->C, .taps_y = q->kh, .taps_x = q->kw, .step = q->step,
                   .top = q->top, .left = q->left, .rows = q->Ho, .columns = q->Wo, .channels = q->Co, .pixel = q->Co,
                   .line = (P)q->Wo * q->Co, .x_image = pixels * q->C, .y_image = places * q->Co, .x = q->x,
                   .packed = q->packed, .y = q->y ? q->y : q->after, .relu = !q->y};
  choose(&s);
  return s;
}

// Panel p of W: the numbers of PANEL filters side by side, k after k; zeros for filters that do not exist.
static void pack_tile(void *ctx, int p) {
  const Forward *f = ctx;
  const Conv *q = f->conv;
  const P Co = q->Co, C = q->C, T = f->sum.together, width = width_of(&f->sum), n = least(PANEL, Co - (P)p * PANEL);
  float *o = q->packed + p * q->kh * width * C * PANEL;
  for (P ky = 0; ky < q->kh; ky++)
    for (P kx = 0; kx < width; kx++)
      for (P c = 0; c < C; c++, o += PANEL)
        for (P t = 0, m = 0; m < PANEL; t++) {
          const P tap = kx - t * q->step, some = t < T ? n : PANEL - m;
          const float *w = q->w + ((ky * q->kw + tap) * C + c) * Co + p * PANEL;
          const int there = t < T && tap >= 0 && tap < q->kw;
          for (P k = 0; k < some; k++) o[m + k] = there ? w[k] : 0;
          m += some;
        }
}

static void forward_tile(void *ctx, int tile) {
  const Forward *f = ctx;
  const Conv *q = f->conv;
  const P places = (P)q->Ho * q->Wo, Co = q->Co, images = images_of(&f->sum);
  correlate(&f->sum, tile);
  for (P n = tile * images; n < least(q->rows, (tile + 1) * images); n++) {
    const float *y = f->sum.y + n * places * Co;
    if (q->moments) moments_of(y, places, Co, Co, q->moments + n * 2 * Co, q->moments + (n * 2 + 1) * Co);
    if (q->y && q->after)
      for (P i = 0; i < places * Co; i++) q->after[n * places * Co + i] = y[i] <= 0 ? 0 : y[i];
  }
}

// y = W * x [+ b], then perhaps max(0, y).
// p: x W b|0 y packed (_packed of layers/conv.py) moments|0 (2 Co a row: for batch_norm_finish) relu's y|0
// With relu, y itself is written only in the last step of a call.
TL_KERNEL(conv_forward) {
  void *const *p = op->p;
  Conv q = conv_sizes(op, step);
  q.x = p[0], q.w = p[1], q.bias = p[2], q.y = p[3], q.packed = p[4], q.moments = p[5], q.after = p[6];
  if (q.after && !step->last) q.y = 0;
  Forward f = {&q, forward_of(&q)};
  float repeated[PANEL];
  f.sum.bias = q.bias;
  if (q.bias && f.sum.together > 1) {
    for (P k = 0; k < f.sum.together * q.Co; k++) repeated[k] = q.bias[k % q.Co];
    f.sum.bias = repeated;
  }
  tl_share(pack_tile, &f, (int)parts(q.Co, PANEL), weights(&q));
  tl_share(forward_tile, &f, (int)parts(q.rows, images_of(&f.sum)), work(&q));
}

// ---------------------------------------------------------------- gradient of the input

// The pixels (row mod step, column mod step) = (py, px) counted from the border's corner, and the taps that reach them:
// W[py + step i, px + step j] for i < taps_y, j < taps_x.
typedef struct { P taps_y, taps_x, py, px; Correlation sum; } Phase;
typedef struct { const Conv *conv; Phase phase; } Backward;

TL_INLINE P taps(P size, P phase, P step) { return size > phase ? parts(size - phase, step) : 0; }

// Pixel (i step + py - top) for i >= y0 meets dy's rows i - taps_y + 1 ... i.
static Phase phase(const Conv *q, P py, P px) {
  const P s = q->step, C = q->C;
  const P y0 = q->top > py ? parts(q->top - py, s) : 0, x0 = q->left > px ? parts(q->left - px, s) : 0;
  const P i0 = y0 * s + py - q->top, j0 = x0 * s + px - q->left;
  Phase h = {.taps_y = taps(q->kh, py, s), .taps_x = taps(q->kw, px, s), .py = py, .px = px};
  h.sum = (Correlation){.n = q->rows, .H = q->Ho, .W = q->Wo, .C = q->Co, .taps_y = h.taps_y, .taps_x = h.taps_x,
                        .step = 1, .top = h.taps_y - 1 - y0, .left = h.taps_x - 1 - x0,
                        .rows = i0 < q->H ? parts(q->H - i0, s) : 0, .columns = j0 < q->W ? parts(q->W - j0, s) : 0,
                        .channels = C, .pixel = s * C, .line = s * q->W * C,
                        .x_image = (P)q->Ho * q->Wo * q->Co, .y_image = (P)q->H * q->W * C, .x = q->dy,
                        .packed = q->packed, .y = q->dx + (i0 * q->W + j0) * C};
  choose(&h.sum);
  return h;
}

static void pack_turned_tile(void *ctx, int p) {
  const Backward *f = ctx;
  const Conv *q = f->conv;
  const Phase *h = &f->phase;
  const P s = q->step, C = q->C, Co = q->Co, T = h->sum.together, width = width_of(&h->sum);
  const P n = least(PANEL, C - (P)p * PANEL);
  float *o = q->packed + p * h->taps_y * width * Co * PANEL;
  for (P i = h->taps_y - 1; i >= 0; i--)
    for (P kx = 0; kx < width; kx++)
      for (P k = 0; k < Co; k++, o += PANEL)
        for (P t = 0, m = 0; m < PANEL; t++) {
          const P j = h->taps_x - 1 - (kx - t), some = t < T ? n : PANEL - m;
          const float *w = q->w + (((h->py + s * i) * q->kw + h->px + s * j) * C + p * PANEL) * Co + k;
          const int there = t < T && j >= 0 && j < h->taps_x;
          for (P c = 0; c < some; c++) o[m + c] = there ? w[c * Co] : 0;
          m += some;
        }
}

static void dx_tile(void *ctx, int tile) {
  const Backward *f = ctx;
  correlate(&f->phase.sum, tile);
}

// dx from dy. p: W dy dx packed (_packed of layers/conv.py)
TL_KERNEL(conv_dx) {
  Conv q = conv_sizes(op, step);
  q.w = op->p[0], q.dy = op->p[1], q.dx = op->p[2], q.packed = op->p[3];
  const P s = q.step;
  const size_t size = (size_t)((P)q.rows * q.H * q.W * q.C) * sizeof(float);
  if (s > q.kh || s > q.kw) memset(q.dx, 0, size);  // what no window sees
  for (P py = 0; py < s; py++)
    for (P px = 0; px < s; px++) {
      Backward f = {&q, phase(&q, py, px)};
      const Correlation *sum = &f.phase.sum;
      if (!f.phase.taps_y || !f.phase.taps_x || !sum->rows || !sum->columns) continue;
      tl_share(pack_turned_tile, &f, (int)parts(q.C, PANEL), weights(&q) / (s * s));
      tl_share(dx_tile, &f, (int)parts(q.rows, images_of(sum)), work(&q) / (s * s));
    }
}
