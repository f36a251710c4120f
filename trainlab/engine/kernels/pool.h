// A pool of threads that runs tiles of work.
//
// `tl_tiles(f, ctx, tiles)` calls f(ctx, 0) ... f(ctx, tiles - 1), each once, in any order, on any thread, and returns
// when all are done. Tiles are claimed, not assigned: a thread that the system took off its core delays only the tile
// in its hands. Which thread runs a tile never changes a result, so a kernel gives the same bits on any number of
// threads if (a) tiles write to separate places and (b) how the work is cut into tiles depends on sizes only, never on
// the number of threads; sums over tiles are kept one a tile and added in the tiles' order afterwards.
#ifndef TL_POOL_H
#define TL_POOL_H
#include "base.h"

typedef void (*tile_fn)(void *ctx, int tile);

void tl_tiles(tile_fn f, void *ctx, int tiles);          // tiles < 2^20
// The same for tiles of `work` numbers in all: on the caller's thread alone where others would help less than it takes
// to call them, and all the more where they sleep.
void tl_share(tile_fn f, void *ctx, int tiles, P work);
TL_API int tl_threads(int threads);  // so many from now on, the caller included; how many there were before

#endif
