// A thread's own working memory, for what a tile makes and forgets: it grows to the largest that was asked for.
#ifndef TL_ROOM_H
#define TL_ROOM_H
#include "base.h"

float *room(P numbers);  // begins on a page; good until this thread's next call

#endif
