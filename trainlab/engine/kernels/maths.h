// exp, log, tanh and the like for one number, without branches, so that loops over them are vectorized.
//
// Each is right to about 1.5 units in the last place (erf: 2e-7); nan stays nan.
#ifndef TL_MATHS_H
#define TL_MATHS_H
#include "base.h"

TL_INLINE int32_t bits_of(float x) {
  int32_t b;
  memcpy(&b, &x, 4);
  return b;
}
TL_INLINE float of_bits(int32_t b) {
  float x;
  memcpy(&x, &b, 4);
  return x;
}

// exp(x) = 2^n exp(r), n the nearest integer to x / ln 2, |r| <= ln 2 / 2: Cephes' polynomial of degree 5 in r.
TL_INLINE float tl_exp(float x) {
  x = x > 88.3f ? 88.3f : x;
  x = x < -87.3f ? -87.3f : x;
  float shifted = x * 1.44269504088896341f + 12582912.0f;  // 1.5 * 2^23: what is added rounds to an integer
  float n = shifted - 12582912.0f;
  float r = x - n * 0.693359375f - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  return p * of_bits((int32_t)((uint32_t)(bits_of(shifted) - bits_of(12582912.0f) + 127) << 23));  // of nan: any bits
}

// exp(x) - 1, by its series where exp(x) is close to 1.
TL_INLINE float tl_expm1(float x) {
  float r = x > 0.5f ? 0.5f : x;
  r = r < -0.5f ? -0.5f : r;
  float p = 1.0f / 40320;
  p = p * r + 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r * r + r;
  float far = tl_exp(x) - 1.0f;
  return x > -0.5f && x < 0.5f ? p : far;
}

// log(x) for 0 < x < inf: x = 2^e m with sqrt(1/2) <= m < sqrt 2, and Cephes' polynomial of degree 8 in m - 1.
TL_INLINE float tl_log(float x) {
  int32_t b = bits_of(x) - 0x3f3504f3;  // sqrt(1/2)
  float e = (float)(b >> 23);
  float m = of_bits((b & 0x007fffff) + 0x3f3504f3) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float z = m * m;
  float y = p * m * z + e * -2.12194440e-4f - 0.5f * z;
  return m + y + e * 0.693359375f + (x - x);  // x - x: nan and inf give nan
}

// log(1 + u) for 0 <= u <= 1, corrected for the rounding of 1 + u.
TL_INLINE float tl_log1p(float u) {
  float w = 1.0f + u;
  return tl_log(w) - ((w - 1.0f) - u) / w;
}

// tanh(x): Cephes' polynomial for |x| < 0.625, else 1 - 2 / (exp(2 |x|) + 1) with the sign of x.
TL_INLINE float tl_tanh(float x) {
  float a = fabsf(x), z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  p = p * z * x + x;
  float far = 1.0f - 2.0f / (tl_exp(2.0f * a) + 1.0f);
  far = x < 0 ? -far : far;
  return a < 0.625f ? p : far;
}

// 1 / (1 + exp(-x)), x cut at -80 as in NumPy's version.
TL_INLINE float tl_sigmoid(float x) {
  x = x < -80.0f ? -80.0f : x;
  return 1.0f / (1.0f + tl_exp(-x));
}

// erf(x), Abramowitz and Stegun 7.1.26 for |x| > 0.5, its series for less.
TL_INLINE float tl_erf(float x) {
  float a = fabsf(x), z = x * x;
  float t = 1.0f / (1.0f + 0.3275911f * a);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  float far = 1.0f - p * t * tl_exp(-z);
  far = x < 0 ? -far : far;
  float s = -1.0f / 1320;
  s = s * z + 1.0f / 216;
  s = s * z - 1.0f / 42;
  s = s * z + 0.1f;
  s = s * z - 1.0f / 3;
  s = s * z * x + x;
  return a < 0.5f ? s * 1.12837916709551257f : far;
}

#endif
