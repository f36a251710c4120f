// Scratch memory of each thread, for what a tile needs only while it runs. It grows to the largest request.
#ifndef TL_SCRATCH_H
#define TL_SCRATCH_H
#include "base.h"

float *scratch(P numbers);  // aligned to a page; valid until this thread's next call

#endif
