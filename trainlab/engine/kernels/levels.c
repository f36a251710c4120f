// Which of the builds this machine can run: 4 for x86-64-v4 (AVX-512), 3 for x86-64-v3 (AVX2 and FMA), else 1.
#include "base.h"

TL_API int tl_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  int v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return v3 && v4 ? 4 : v3 ? 3 : 1;
#else
  return 1;
#endif
}

TL_API int tl_width(void) { return VL; }
