// The pool: one job at a time, its state in a single 64-bit word (generation, number of tiles, next tile).
//
// A worker claims a tile by adding one to the word, runs it and counts it as done; the caller claims tiles itself and
// then waits for the last ones. Workers spin for a moment after a job, because the next one is usually microseconds
// away, and then sleep. A second caller at the same time (two runs in two threads of one process) works alone.
#define _GNU_SOURCE
#include "pool.h"
#include "denormals.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { BITS = 20, SPINS = 4000, PATIENCE = 2000, WORTH_ASKING = 1 << 15, WORTH_WAKING = 1 << 19 };
#define MASK ((1u << BITS) - 1)

static _Atomic uint64_t job;  // generation << 40 | tiles << 20 | next tile
static _Atomic int done, sleepers, busy;
static tile_fn job_f;
static void *job_ctx;
static const volatile int32_t *job_asked;
static _Thread_local const volatile int32_t *asked;  // as tl_leave was told
static _Atomic int wanted = 1;  // threads, the caller included
static int started = 1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

TL_INLINE void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

TL_INLINE int stays(const volatile int32_t *leave) { return !leave || !*leave; }

TL_INLINE int left(uint64_t word) { return (word & MASK) < ((word >> BITS) & MASK); }

// Run tiles until none is left. Returns whether there was one.
static int work(void) {
  int did = 0;
  uint64_t word = atomic_load_explicit(&job, memory_order_acquire);
  while (left(word)) {
    if (atomic_compare_exchange_weak_explicit(&job, &word, word + 1, memory_order_acq_rel, memory_order_acquire)) {
      if (stays(job_asked)) job_f(job_ctx, (int)(word & MASK));
      atomic_fetch_add_explicit(&done, 1, memory_order_release);
      did = 1;
      word = atomic_load_explicit(&job, memory_order_acquire);
    }
  }
  return did;
}

static void *worker(void *number) {
  int idle = 0;
  flush_denormals();  // as in interpreter.c
  for (;;) {
    if ((intptr_t)number < wanted && work()) {
      idle = 0;
    } else if (++idle < SPINS) {
      relax();
    } else {
      pthread_mutex_lock(&lock);
      atomic_fetch_add(&sleepers, 1);
      if ((intptr_t)number >= wanted || !left(atomic_load(&job))) pthread_cond_wait(&wake, &lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&lock);
      idle = 0;
    }
  }
  return 0;
}

void tl_leave(const volatile int32_t *where) { asked = where; }

static void alone(tile_fn f, void *ctx, int tiles) {
  for (int tile = 0; tile < tiles && stays(asked); tile++) f(ctx, tile);
}

void tl_tiles(tile_fn f, void *ctx, int tiles) {
  if (wanted == 1 || tiles < 2 || atomic_exchange(&busy, 1)) {
    alone(f, ctx, tiles);
    return;
  }
  job_f = f;
  job_ctx = ctx;
  job_asked = asked;
  atomic_store_explicit(&done, 0, memory_order_relaxed);
  uint64_t generation = (atomic_load(&job) >> (2 * BITS)) + 1;
  atomic_store(&job, generation << (2 * BITS) | (uint64_t)tiles << BITS);
  if (atomic_load(&sleepers)) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&lock);
  }
  work();
  for (int spins = 0; atomic_load_explicit(&done, memory_order_acquire) < tiles;) {
    if (++spins < PATIENCE) {
      relax();
    } else {
      sched_yield();
      spins = 0;
    }
  }
  atomic_store(&busy, 0);
}

void tl_share(tile_fn f, void *ctx, int tiles, P work) {
  if (work >= (atomic_load_explicit(&sleepers, memory_order_relaxed) ? WORTH_WAKING : WORTH_ASKING)) {
    tl_tiles(f, ctx, tiles);
    return;
  }
  alone(f, ctx, tiles);
}

// A forked child has none of its parent's threads.
static void forked(void) {
  started = 1;
  wanted = 1;
  atomic_store(&busy, 0);
  atomic_store(&sleepers, 0);
  pthread_mutex_init(&lock, 0);
  pthread_cond_init(&wake, 0);
}

TL_API int tl_threads(int threads) {
  static int once;
  int before = wanted;
  if (!once) {
    pthread_atfork(0, 0, forked);
    once = 1;
  }
  wanted = threads < 1 ? 1 : threads;
  while (started < wanted) {
    pthread_t thread;
    if (pthread_create(&thread, 0, worker, (void *)(intptr_t)started)) {
      wanted = started;
      break;
    }
    pthread_detach(thread);
    started++;
  }
  return before;
}
