// See moments.h.
#include "moments.h"
#include "strip.h"

// A strip's mean over k rows and its squared distances, joined to those of the `before` rows before them.
TL_INLINE void piece(const float *x, P k, P pitch, P before, float *mean, float *distance, P n) {
  v a = {}, b = {};
  P i = 0;
  for (; i + 1 < k; i += 2) a += load_strip(x + i * pitch, n), b += load_strip(x + (i + 1) * pitch, n);
  if (i < k) a += load_strip(x + i * pitch, n);
  v m = (a + b) * (1.0f / (float)k);
  a = b = (v){};
  for (i = 0; i + 1 < k; i += 2) {
    v d = load_strip(x + i * pitch, n) - m, e = load_strip(x + (i + 1) * pitch, n) - m;
    a += d * d, b += e * e;
  }
  if (i < k) {
    v d = load_strip(x + i * pitch, n) - m;
    a += d * d;
  }
  a += b;
  if (before) {
    const float share = (float)k / (float)(before + k);
    v known = load_strip(mean, n), far = m - known;
    m = known + far * share;
    a += load_strip(distance, n) + far * far * (share * (float)before);
  }
  store_strip(mean, m, n);
  store_strip(distance, a, n);
}

void moments_of(const float *x, P n_rows, P C, P pitch, float *mean, float *distance) {
  const P rows = most(16, PIECE / C);
  for (P done = 0; done < n_rows; done += rows) {
    const P k = least(rows, n_rows - done);
    STRIPS(C, piece(x + done * pitch + j, k, pitch, done, mean + j, distance + j, n))
  }
}
