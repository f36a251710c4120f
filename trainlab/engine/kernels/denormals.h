// Denormal numbers (below 1e-38): flushed to 0, or kept as IEEE 754 defines them. The mode belongs to the thread.
#ifndef TL_DENORMALS_H
#define TL_DENORMALS_H
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
typedef unsigned tl_mode;
#define FLUSH_BITS 0x8040u  // results (FTZ) and operands (DAZ)
static inline tl_mode float_mode(void) { return _mm_getcsr(); }
static inline void set_float_mode(tl_mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
typedef uint64_t tl_mode;
#define FLUSH_BITS (1ull << 24)  // FZ
static inline tl_mode float_mode(void) {
  tl_mode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
static inline void set_float_mode(tl_mode mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else  // always kept
typedef int tl_mode;
#define FLUSH_BITS 0
static inline tl_mode float_mode(void) { return 0; }
static inline void set_float_mode(tl_mode mode) { (void)mode; }
#endif

// Both set the mode of this thread and return the one before, for set_float_mode.
static inline tl_mode flush_denormals(void) {
  const tl_mode before = float_mode();
  set_float_mode(before | FLUSH_BITS);
  return before;
}
static inline tl_mode keep_denormals(void) {
  const tl_mode before = float_mode();
  set_float_mode(before & ~(tl_mode)FLUSH_BITS);
  return before;
}

#endif
