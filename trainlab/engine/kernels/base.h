// What every kernel file shares: vectors of the machine's width, unaligned loads and stores, small helpers.
//
// Portable C11 with the vector extensions of GCC and Clang, no intrinsics needed: `v` is a vector of VL floats, and
// arithmetic on it is written as on numbers. VL follows the level that the file is compiled for: 16 (AVX-512), 8
// (AVX), else 4 (SSE2, NEON). Kernels that treat every number alike are plain loops, which the compiler vectorizes;
// `TL_IVDEP` before a loop promises that its arrays do not overlap.
//
// Layout of all arrays: C order, the batch first, images as (rows, height, width, channels). Sizes are `P` (signed,
// as wide as a pointer). Kernels do not allocate: working memory comes with the op (op.h), or is a thread's (scratch.h).
#ifndef TL_BASE_H
#define TL_BASE_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

typedef ptrdiff_t P;

#if defined(VL)  // given: -DVL=16 without AVX-512 checks what depends on the width (check_kernels.py)
#elif defined(__AVX512F__)
#define VL 16
#elif defined(__AVX__)
#define VL 8
#else
#define VL 4
#endif

typedef float v __attribute__((vector_size(VL * 4)));
typedef float v_unaligned __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(VL * 4)));
typedef float v4 __attribute__((vector_size(16)));  // four numbers, whatever VL is
typedef float v4_unaligned __attribute__((vector_size(16), aligned(4), may_alias));

#define TL_INLINE static inline __attribute__((always_inline))
#define TL_API __attribute__((visibility("default")))
#if defined(__clang__)
#define TL_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#define TL_UNROLL _Pragma("clang loop unroll(full)")
#define TL_UNROLL_4 _Pragma("clang loop unroll_count(4)")
#else
#define TL_IVDEP _Pragma("GCC ivdep")
#define TL_UNROLL _Pragma("GCC unroll 16")
#define TL_UNROLL_4 _Pragma("GCC unroll 4")
#endif

TL_INLINE v load(const float *p) { return *(const v_unaligned *)p; }
TL_INLINE void store(float *p, v x) { *(v_unaligned *)p = x; }
TL_INLINE v all(float x) { return (v){} + x; }                       // x in every place
TL_INLINE v where(vi mask, v a, v b) { return (v)(((vi)a & mask) | ((vi)b & ~mask)); }
TL_INLINE v positive(v x) { return where(x <= 0, (v){}, x); }         // max(0, x); nan stays nan
TL_INLINE float total(v x) {
  float sum = 0;
  for (int i = 0; i < VL; i++) sum += x[i];
  return sum;
}

// Only the first n < VL places; the other places read as 0. AVX-512 has masks for it, so a load or store of some of 16
// numbers costs what a whole one costs (relu and pooling of 64 x 24 x 24 x 8 numbers: 266 us with the halves below, 53 us
// with masks, Zen 5). Elsewhere by halves: no loop and no call is left.
#if VL == 16 && defined(__AVX512F__)
TL_INLINE __mmask16 first_places(P n) { return (__mmask16)((1u << n) - 1); }
TL_INLINE void store_part(float *p, v x, P n) { _mm512_mask_storeu_ps(p, first_places(n), (__m512)x); }
TL_INLINE v load_part(const float *p, P n) { return (v)_mm512_maskz_loadu_ps(first_places(n), p); }
#else
TL_INLINE void store_part(float *p, v x, P n) {
  float y[VL], *s = y;
  store(y, x);
#if VL == 16
  if (n & 8) memcpy(p, s, 32), p += 8, s += 8;
#endif
#if VL >= 8
  if (n & 4) memcpy(p, s, 16), p += 4, s += 4;
#endif
  if (n & 2) memcpy(p, s, 8), p += 2, s += 2;
  if (n & 1) *p = *s;
}
TL_INLINE v load_part(const float *p, P n) {
  float y[VL] = {0}, *s = y;
#if VL == 16
  if (n & 8) memcpy(s, p, 32), p += 8, s += 8;
#endif
#if VL >= 8
  if (n & 4) memcpy(s, p, 16), p += 4, s += 4;
#endif
  if (n & 2) memcpy(s, p, 8), p += 2, s += 2;
  if (n & 1) *s = *p;
  return load(y);
}
#endif

TL_INLINE P least(P a, P b) { return a < b ? a : b; }
TL_INLINE P most(P a, P b) { return a > b ? a : b; }
TL_INLINE P parts(P n, P size) { return (n + size - 1) / size; }     // how many pieces of this size cover n numbers

#endif
