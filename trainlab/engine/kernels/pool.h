// A pool of threads that runs tiles of work.
//
// `tl_tiles(f, ctx, tiles)` calls f(ctx, 0) ... f(ctx, tiles - 1), each once, in any order, on any thread, and returns
// when all are done. Threads claim tiles one by one, so a thread that the system suspends delays only its current tile.
// A kernel gives the same bits on any number of threads if (a) tiles write to separate places and (b) the cut into tiles
// depends on sizes only, never on the number of threads. Sums have one partial sum per tile, added in the order of the
// tiles afterwards.
#ifndef TL_POOL_H
#define TL_POOL_H
#include "base.h"

typedef void (*tile_fn)(void *ctx, int tile);

void tl_tiles(tile_fn f, void *ctx, int tiles);          // tiles < 2^20
// The same for tiles of `work` numbers in all. Small work stays on the caller's thread: waking others would take longer.
void tl_share(tile_fn f, void *ctx, int tiles, P work);
// Where this thread's next tiles look whether to leave the work undone (a one asks for it); null: they do not look.
void tl_leave(const volatile int32_t *asked);
TL_API int tl_threads(int threads);  // use so many, the caller included; returns how many before

#endif
