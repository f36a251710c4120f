// A program is a flat array of ops; `tl_run` runs it step after step, without Python in between.
//
// An op is a kernel (the address of a C function) with its sizes i, numbers f and pointers p. Python fills them in once
// (trainlab/engine/compiled); the comment above each kernel lists them in order. The number of rows belongs to the step,
// not to the op: the last batch of an epoch is shorter, in the same memory.
#ifndef TL_OP_H
#define TL_OP_H
#include "base.h"

typedef struct tl_step {
  int64_t rows;           // in this step's batch
  const int64_t *index;   // indices of the rows in the data
  int64_t last;           // the last step of the call: only it writes what is read between calls
  int64_t t;              // number of this step, 1 the first of the run
  int64_t failed;         // a Python function raised: stop here
  const volatile int32_t *leave;  // where a one asks to leave a step of `tl_run` undone; null where none may be
  double lr;
  double drop, decay;     // factors on the rates of dropout and on weight decay, by their schedules
  double loss, hits, squares;            // written by the loss: mean loss, rows right, sum of squared errors
  double grad2, theta2, move2;           // squared norms of gradient, parameters (before the step), step
  double clip;                           // factor of the gradient
} tl_step;

typedef struct tl_op tl_op;
typedef void (*tl_kernel)(const tl_op *op, tl_step *step);
struct tl_op {
  tl_kernel run;
  int64_t i[18];
  double f[8];
  void *p[21];
};

// What a number that dropout keeps is multiplied by at this step: `keep` is 1 / (1 - drop), or 1 where nothing is rescaled.
TL_INLINE double tl_keep(double keep, const tl_step *step) {
  return step->drop == 1 || keep == 1 ? keep : 1 / (1 - (1 - 1 / keep) * step->drop);
}

// How a kernel is declared: `TL_KERNEL(dense_forward) { ... }`; Python finds it as "dense_forward".
#define TL_KERNEL(name) TL_API void tl_##name(const tl_op *op, tl_step *step)

// Totals over the steps of an epoch (Sums of trainlab/engine/backend.py).
typedef struct tl_sums {
  int64_t rows, steps;
  double loss, hits, squares, grad_norm, update_ratio;
} tl_sums;

#endif
