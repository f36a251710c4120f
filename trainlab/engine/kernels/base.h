// What every kernel file shares: vectors of the machine's width, unaligned loads and stores, small helpers.
//
// Portable C11 with the vector extensions of GCC and Clang, no intrinsics needed: `v` is a vector of VL floats, and
// arithmetic on it is written as on numbers. VL follows the level that the file is compiled for: 16 (AVX-512), 8
// (AVX), else 4 (SSE2, NEON). Kernels of one number at a time are written as plain loops that the compiler turns into
// vectors; `TL_IVDEP` before a loop says that its arrays do not overlap.
//
// Layout of all arrays: C order, the batch first, images as (rows, height, width, channels). Sizes are `P` (signed,
// as wide as a pointer). No kernel allocates: working memory comes with the op (plan.h).
#ifndef TL_BASE_H
#define TL_BASE_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef ptrdiff_t P;

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX__)
#define VL 8
#else
#define VL 4
#endif

typedef float v __attribute__((vector_size(VL * 4)));
typedef float v_unaligned __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(VL * 4)));

#define TL_INLINE static inline __attribute__((always_inline))
#define TL_API __attribute__((visibility("default")))
#if defined(__clang__)
#define TL_IVDEP _Pragma("clang loop vectorize(assume_safety)")
#define TL_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TL_IVDEP _Pragma("GCC ivdep")
#define TL_UNROLL _Pragma("GCC unroll 16")
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
TL_INLINE P least(P a, P b) { return a < b ? a : b; }
TL_INLINE P most(P a, P b) { return a > b ? a : b; }
TL_INLINE P parts(P n, P size) { return (n + size - 1) / size; }     // how many pieces of a size n numbers make

#endif
