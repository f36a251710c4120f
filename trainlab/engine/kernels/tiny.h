// Numbers too small for their exponent (below 1e-38) taken as 0, or computed as IEEE 754 says: a mode of each thread.
#ifndef TL_TINY_H
#define TL_TINY_H
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
typedef unsigned tl_mode;
#define TINY_BITS 0x8040u  // results (FTZ) and operands (DAZ)
static inline tl_mode tiny_mode(void) { return _mm_getcsr(); }
static inline void tiny_as(tl_mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
typedef uint64_t tl_mode;
#define TINY_BITS (1ull << 24)  // FZ
static inline tl_mode tiny_mode(void) {
  tl_mode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static inline void tiny_as(tl_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else  // always computed
typedef int tl_mode;
#define TINY_BITS 0
static inline tl_mode tiny_mode(void) { return 0; }
static inline void tiny_as(tl_mode mode) { (void)mode; }
#endif

// From now on on this thread; both return what was before, for tiny_as.
static inline tl_mode tiny_is_zero(void) {
  const tl_mode before = tiny_mode();
  tiny_as(before | TINY_BITS);
  return before;
}
static inline tl_mode tiny_as_usual(void) {
  const tl_mode before = tiny_mode();
  tiny_as(before & ~(tl_mode)TINY_BITS);
  return before;
}

#endif
