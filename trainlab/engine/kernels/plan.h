// A step is a flat array of ops; `tl_run` runs it, many times, without Python in between.
//
// An op is a kernel (the address of a C function) with its sizes, numbers and pointers. Python fills them in once
// (trainlab/engine/compiled); what i, f and p mean is said above each kernel, in the order in which they stand. The number
// of rows is not in the op, it is the step's: the last batch of an epoch is shorter, in the same memory.
#ifndef TL_PLAN_H
#define TL_PLAN_H
#include "base.h"

typedef struct tl_step {
  int64_t rows;           // of this step's batch
  const int64_t *index;   // which rows of the data they are
  int64_t last;           // whether this is the last step of the call: only it has to leave what observers read
  int64_t t;              // number of this step, 1 the first of the run
  int64_t failed;         // an op of Python's raised: end here
  double lr;
  double loss, hits, squares;            // written by the loss: mean loss, rows right, sum of squared errors
  double grad2, theta2, move2;           // squared lengths of gradient, parameters (before the step), step
  double clip;                           // what the gradient is to be multiplied by
} tl_step;

typedef struct tl_op tl_op;
typedef void (*tl_kernel)(const tl_op *op, tl_step *step);
struct tl_op {
  tl_kernel run;
  int64_t i[18];
  double f[8];
  void *p[21];
};

// How a kernel is declared: `TL_KERNEL(dense_forward) { ... }`; Python finds it as "dense_forward".
#define TL_KERNEL(name) TL_API void tl_##name(const tl_op *op, tl_step *step)

// Totals over the steps of an epoch (trainlab.engine.trainer.Sums).
typedef struct tl_sums {
  int64_t rows, steps;
  double loss, hits, squares, grad_norm, update_ratio;
} tl_sums;

#endif
