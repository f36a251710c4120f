// See scratch.h.
#include "scratch.h"
#include <stdio.h>
#include <stdlib.h>

static _Thread_local float *scratch_;
static _Thread_local P numbers_;

float *scratch(P numbers) {
  if (numbers > numbers_ || !scratch_) {
    free(scratch_);
    numbers_ = numbers + 1024;
    void *made = 0;
    if (posix_memalign(&made, 4096, (size_t)numbers_ * sizeof(float))) {
      fputs("trainlab: no memory left for a kernel\n", stderr);
      abort();
    }
    scratch_ = made;
  }
  return scratch_;
}
