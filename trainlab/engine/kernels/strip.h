// Loops over the columns of a matrix in strips: VL columns each, and the rest in the last strip.
//
// A kernel's arithmetic is written once, for vectors, in a TL_INLINE function of `n`, the columns of the strip. STRIPS
// calls it with the constant VL for whole strips, so that their loads and stores are plain.
#ifndef TL_STRIP_H
#define TL_STRIP_H
#include "base.h"

TL_INLINE v load_strip(const float *p, P n) { return n == VL ? load(p) : load_part(p, n); }
TL_INLINE void store_strip(float *p, v x, P n) {
  if (n == VL)
    store(p, x);
  else
    store_part(p, x, n);
}

// do: a statement in j, the first column of a strip, and n.
#define STRIPS(columns, do) STRIPS_FROM(0, columns, do)
#define STRIPS_FROM(first, columns, do)                      \
  for (P j = (first), whole_ = (columns) / VL * VL; j < (columns); j += VL) { \
    if (j < whole_) {                                        \
      enum { n = VL };                                       \
      do;                                                    \
    } else {                                                 \
      const P n = (columns) - whole_;                        \
      do;                                                    \
    }                                                        \
  }

// Whether no number is inf or nan, in which all bits of the exponent are set. (GCC 12 takes 0 times a vector for 0.)
TL_INLINE int all_finite(const float *x, P numbers) {
  enum { EXPONENT = 0x7f800000 };
  vi found = {0};
  STRIPS(numbers, found |= ((vi)load_strip(x + j, n) & EXPONENT) == EXPONENT)
  int any = 0;
  for (int k = 0; k < VL; k++) any |= found[k];
  return !any;
}

// STRIPS with strips of WIDE `vectors`, then of one. A cache line is used up before another one evicts it (rows are
// often a multiple of 1024 bytes apart and share few sets), and a sum does not wait for its previous addition.
enum { WIDE = 4 };
#define WIDE_STRIPS(columns, do)                             \
  {                                                          \
    const P rest_ = (columns) / (WIDE * VL) * (WIDE * VL);   \
    for (P j = 0; j < rest_; j += WIDE * VL) {               \
      enum { n = VL, vectors = WIDE };                       \
      do;                                                    \
    }                                                        \
    enum { vectors = 1 };                                    \
    STRIPS_FROM(rest_, columns, do)                          \
  }

enum { PIECE = 4096 };  // numbers that are processed strip by strip at a time: 16 kB stay in the cache

#endif
