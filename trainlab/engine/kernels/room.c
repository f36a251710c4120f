// See room.h.
#include "room.h"
#include <stdio.h>
#include <stdlib.h>

static _Thread_local float *room_;
static _Thread_local P numbers_;

float *room(P numbers) {
  if (numbers > numbers_ || !room_) {
    free(room_);
    numbers_ = numbers + 1024;
    void *made = 0;
    if (posix_memalign(&made, 4096, (size_t)numbers_ * sizeof(float))) {
      fputs("trainlab: no memory left for a kernel\n", stderr);
      abort();
    }
    room_ = made;
  }
  return room_;
}
