// See moments.h.
#include "moments.h"
#include "strip.h"

// A strip's mean over k rows and its squared distances, joined with those of the `before` rows before.
TL_INLINE void piece(const float *x, P k, P pitch, P before, float *mean, float *distance, const int vectors, P n) {
  v a[WIDE] = {0}, b[WIDE] = {0}, m[WIDE];
  P i = 0;
  for (; i + 1 < k; i += 2)
    TL_UNROLL for (int w = 0; w < vectors; w++) {
      a[w] += load_strip(x + i * pitch + w * VL, n);
      b[w] += load_strip(x + (i + 1) * pitch + w * VL, n);
    }
  TL_UNROLL for (int w = 0; w < vectors; w++) {
    if (i < k) a[w] += load_strip(x + i * pitch + w * VL, n);
    m[w] = (a[w] + b[w]) * (1.0f / (float)k);
    a[w] = b[w] = (v){};
  }
  for (i = 0; i + 1 < k; i += 2)
    TL_UNROLL for (int w = 0; w < vectors; w++) {
      v d = load_strip(x + i * pitch + w * VL, n) - m[w], e = load_strip(x + (i + 1) * pitch + w * VL, n) - m[w];
      a[w] += d * d;
      b[w] += e * e;
    }
  TL_UNROLL for (int w = 0; w < vectors; w++) {
    if (i < k) {
      v d = load_strip(x + i * pitch + w * VL, n) - m[w];
      a[w] += d * d;
    }
    a[w] += b[w];
    if (before) {
      const float share = (float)k / (float)(before + k);
      v known = load_strip(mean + w * VL, n), far = m[w] - known;
      m[w] = known + far * share;
      a[w] += load_strip(distance + w * VL, n) + far * far * (share * (float)before);
    }
    store_strip(mean + w * VL, m[w], n);
    store_strip(distance + w * VL, a[w], n);
  }
}

void moments_of(const float *x, P n_rows, P C, P pitch, float *mean, float *distance) {
  const P rows = most(16, PIECE / C);
  for (P done = 0; done < n_rows; done += rows) {
    const P k = least(rows, n_rows - done);
    WIDE_STRIPS(C, piece(x + done * pitch + j, k, pitch, done, mean + j, distance + j, vectors, n))
  }
}
