// Convolution's gradient of the weights:
//
//   dW(ky, kx, c, :) = sum over n, i, j of x(n, i s + ky - top, j s + kx - left, c) dy(n, i, j, :)
//
// A tile is a chunk of the rows (CHUNKS on any number of threads) with its own sums, which are added in order afterwards.
// kw C rows of dW at a time (a run of the windows) against dy, summed over all places of an image.
//
// With few filters, `together` neighbouring places of dy are one row of together Co numbers (conv.h), which meets the
// wide_taps(kw) C numbers of a run of x. Of these sums, dW(ky, kx) is that of x at kx + t s with place t, added up over
// t; the others are thrown away. For LeNet's first layer (5 x 5 x 1 x 8, VL = 16) two places take 6 rows of one vector for
// twice the places, instead of 5, and six sums in flight instead of five: 282 us become 104 for 64 images (AVX-512, one
// core; the arithmetic alone takes 55). Its second layer (40 rows of one vector) takes 125 us, the arithmetic 97.
#include "conv.h"

enum { CHUNKS = 8, SUM_RUN = 4096 };

// How many places are taken together: what multiplies the fewest vectors for each; a block of few sums waits as long as
// one with BUSY.
static P places_together(const Conv *q) {
  P best = 1, least_cost = 0;
  for (P t = 1; t == 1 || (t * q->Co <= PANEL && t <= q->Wo && wide_taps(q->kw, t, q->step) <= 2 * q->kw); t++) {
    const P vectors = vectors_of(least(PANEL, t * q->Co));
    const P cost = most(BUSY, wide_taps(q->kw, t, q->step) * q->C * vectors);
    if (!least_cost || cost * best < least_cost * t) best = t, least_cost = cost;
  }
  return best;
}

// A panel of one image's dy: `columns` numbers of each group of `together` places; a line has `groups` whole ones, and
// perhaps one of `rest` places.
typedef struct {
  const float *at;
  P pitch, line;  // from a group to the next, from a line to the next
  P together, groups, rest, columns;
} Places;

// Copied to `to` where vectors would reach too far, or cache lines are too far apart.
static Places places_of(const Conv *q, P together, P n, P p, float *to) {
  const P Co = q->Co, columns = together > 1 ? together * Co : least(PANEL, Co - p * PANEL), all = parts(q->Wo, together);
  const float *dy = q->dy + n * q->Ho * q->Wo * Co + p * PANEL;
  Places s = {dy, together * Co, q->Wo * Co, together, q->Wo / together, q->Wo % together, columns};
  if (columns % VL == 0 && !s.rest && Co <= 2 * PANEL) return s;
  s.at = to, s.pitch = vectors_of(columns) * VL, s.line = all * s.pitch;
  for (P i = 0; i < q->Ho; i++)
    for (P g = 0; g < all; g++, to += s.pitch) {
      const float *from = dy + (i * q->Wo + g * together) * Co;
      const P there = g < s.groups ? columns : s.rest * Co;
      for (P j = 0; j < s.pitch; j += VL)
        store(to + j, there >= j + VL ? load(from + j) : there > j ? load_part(from + j, there - j) : (v){});
    }
  return s;
}

// Sums over a column of dy, in pieces because rounding errors grow with the length of a sum.
static void add_places(const Places *s, P lines, P Co, int add, float *sum) {
  enum { PIECE_OF_PLACES = 64 };
  const P all = lines * (s->line / s->pitch);
  const float *dy = s->at;
  v s0 = {}, s1 = {};
  for (P done = 0; done < all; done += PIECE_OF_PLACES) {
    v t0 = {}, t1 = {};
    for (P i = done; i < least(all, done + PIECE_OF_PLACES); i++, dy += s->pitch) {
      t0 += load(dy);
      if (s->columns > VL) t1 += load(dy + VL);
    }
    s0 += t0, s1 += t1;
  }
  float t[PANEL];
  store(t, s0);
  store(t + VL, s1);
  for (P j = 0; j < s->columns; j++) sum[j % Co] = add || j >= Co ? sum[j % Co] + t[j] : t[j];
}

// Sums of groups of `pixels` places, from place `first` of each line on: run r of the windows meets the image's rows
// i step + r - top.
static void add_products(const Conv *q, Image x, const Places *s, P first, P pixels, P groups, int add, P c_row,
                         float *out) {
  const P step = q->step, run = wide_taps(q->kw, s->together, step) * q->C;
  Block b = {.KI = groups, .a_row = 1, .a_inner = s->together * step * q->C, .a_outer = step * x.pitch,
             .b_inner = s->pitch, .b_outer = s->line, .c_row = c_row, .add = add,
             .columns = s->together > 1 ? pixels * q->Co : s->columns};
  for (P r = 0; r < q->kh; r++) {
    const P top = q->top > r ? parts(q->top - r, step) : 0;
    const P end = q->H + q->top > r ? least(q->Ho, parts(q->H + q->top - r, step)) : 0;
    b.KO = most(top, end) - top;
    b.a = x.at + (top * step + r - q->top) * x.pitch + first * step * q->C;
    b.b = s->at + top * s->line + first / s->together * s->pitch;
    b.c = out + r * run * c_row;
    block_rows(&b, wide_taps(q->kw, pixels, step) * q->C, 1);
  }
}

// dW from the sums of groups of places.
static void fold(const Conv *q, P together, const float *sums, float *out) {
  const P Co = q->Co, C = q->C, width = wide_taps(q->kw, together, q->step), wide = together * Co;
  for (P r = 0; r < q->kh; r++)
    for (P k = 0; k < q->kw * C; k++, out += Co)
      for (P t = 0; t < together; t++) {
        const float *from = sums + (r * width * C + k + t * q->step * C) * wide + t * Co;
        for (P j = 0; j < Co; j++) out[j] = t ? out[j] + from[j] : from[j];
      }
}

// A chunk of the rows, and where weights are many a band of the panels.
static void dw_tile(void *ctx, int tile) {
  const Conv *q = ctx;
  const P chunk = tile / q->bands, band = tile % q->bands, panels = parts(q->Co, PANEL), Co = q->Co;
  const P begin = q->rows * chunk / q->chunks, end = q->rows * (chunk + 1) / q->chunks;
  const P size = weights(q), together = places_together(q), c_row = together * Co, width = windows_width(q);
  const P frame = vectors_of(frame_size(q->H, q->W, q->C, q->left, width)) * VL, packed = (P)q->Ho * q->Wo * PANEL;
  const P wide = together > 1 ? q->kh * wide_taps(q->kw, together, q->step) * q->C * c_row : 0;
  float *out = q->partial + chunk * (size + Co), *mine = scratch(frame + packed + wide);
  float *sums = wide ? mine + frame + packed : out;
  for (P n = begin; n < end; n++) {
    const Image x = framed(q->x + n * q->H * q->W * q->C, q->H, q->W, q->C, q->left, width, mine);
    for (P p = panels * band / q->bands; p < panels * (band + 1) / q->bands; p++) {
      const Places s = places_of(q, together, n, p, mine + frame);
      if (s.groups) add_products(q, x, &s, 0, together, s.groups, n > begin, c_row, sums + p * PANEL);
      if (s.rest) add_products(q, x, &s, s.groups * together, s.rest, 1, 1, c_row, sums + p * PANEL);
      if (q->db) add_places(&s, q->Ho, Co, n > begin, out + size + p * PANEL);
    }
  }
  if (wide) fold(q, together, sums, out);
}

// dW and db: the chunks' sums, in their order.
static void dw_sum_tile(void *ctx, int tile) {
  const Conv *q = ctx;
  const P size = weights(q), whole = size + q->Co, begin = (P)tile * SUM_RUN;
  const P end = least(q->db ? whole : size, begin + SUM_RUN);
  for (P i = begin; i < end; i++) {
    float sum = q->partial[i];
    for (P k = 1; k < q->chunks; k++) sum += q->partial[k * whole + i];
    *(i < size ? q->dw + i : q->db + i - size) = sum;
  }
}

// dW and db from x and dy. i[11]: most chunks (CHUNKS at most; fewer where weights are many). p: x dy dW db|0 partial
// (chunks times the size of W and b)
TL_KERNEL(conv_dw) {
  void *const *p = op->p;
  Conv q = conv_sizes(op, step);
  q.x = p[0], q.dy = p[1], q.dw = p[2], q.db = p[3], q.partial = p[4];
  q.chunks = (int)least(op->i[11], q.rows);
  q.bands = q.chunks < CHUNKS ? (int)least(parts(q.Co, PANEL), CHUNKS) : 1;
  tl_share(dw_tile, &q, q.chunks * q.bands, work(&q));
  tl_share(dw_sum_tile, &q, (int)parts(weights(&q) + q.Co, SUM_RUN), q.chunks * weights(&q));
}
