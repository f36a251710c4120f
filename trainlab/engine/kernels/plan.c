// The interpreter: runs the ops of a plan step after step, and keeps the books that the loop in NumPy keeps.
//
// Numbers below 1e-38 count as 0 while it runs: momentum of a unit that has died decays into them, and a processor takes
// many times as long for each.
#include "plan.h"
#include "tiny.h"

// The same for every op that has nothing to do.
TL_KERNEL(nothing) { (void)op, (void)step; }

static int64_t once(const tl_op *ops, int64_t n, tl_step *step) {
  for (int64_t k = 0; k < n && !step->failed; k++) ops[k].run(ops + k, step);
  return step->failed;
}

// One pass over the ops: evaluation. Returns whether an op of Python's failed.
TL_API int64_t tl_once(const tl_op *ops, int64_t n, tl_step *step) {
  const tl_mode before = tiny_is_zero();
  const int64_t failed = once(ops, n, step);
  tiny_as(before);
  return failed;
}

// The ops over all rows of `index`, `batch` at a time, and the totals of what the loss says of each batch. Returns whether
// an op of Python's failed.
TL_API int64_t tl_evaluate(const tl_op *ops, int64_t n, tl_step *step, tl_sums *sums, const int64_t *index, int64_t rows,
                           int64_t batch) {
  const tl_mode before = tiny_is_zero();
  int64_t failed = 0;
  for (int64_t done = 0; done < rows && !failed; done += batch) {
    step->index = index + done;
    step->rows = least(batch, rows - done);
    step->hits = step->squares = 0;
    failed = once(ops, n, step);
    sums->rows += step->rows;
    sums->loss += step->loss * (double)step->rows;
    sums->hits += step->hits;
  }
  tiny_as(before);
  return failed;
}

// Up to `steps` steps of `batch` rows, the next rows of `index`, of which `rows_left` are left in this epoch.
//
// Ops before `head` make loss and gradient, those after it move the parameters, which happens only if both are finite.
// lr: one number a step. records: (loss, lr, |g|, |step| / |theta|) for each step. Returns how many steps were done,
// less 2^32 if the last one was not taken because a number was not finite.
TL_API int64_t tl_run(const tl_op *ops, int64_t head, int64_t n, tl_step *step, tl_sums *sums, const int64_t *index,
                      int64_t rows_left, int64_t batch, int64_t steps, const double *lr, double *records) {
  const tl_mode before = tiny_is_zero();
  int64_t done = 0;
  int alive = 1;
  for (; alive && done < steps; done++, records += 4) {
    step->index = index + done * batch;
    step->rows = least(batch, rows_left - done * batch);
    step->last = done + 1 == steps;
    step->t++;
    step->lr = lr[done];
    step->hits = step->squares = 0;
    if (once(ops, head, step)) break;
    double norm = sqrt(step->grad2);
    records[0] = step->loss;
    records[1] = step->lr;
    records[2] = norm;
    records[3] = NAN;
    alive = isfinite(step->loss) && isfinite(norm);
    if (!alive) continue;
    if (once(ops + head, n - head, step)) break;
    records[3] = sqrt(step->move2 / (step->theta2 > 0 ? step->theta2 : 1.0));
    sums->rows += step->rows;
    sums->steps++;
    sums->loss += step->loss * (double)step->rows;
    sums->hits += step->hits;
    sums->squares += step->squares;
    sums->grad_norm += norm;
    sums->update_ratio += records[3];
  }
  tiny_as(before);
  return alive ? done : done - (1ll << 32);
}

// p: a function of Python's, called with the step's rows; it returns whether it failed.
TL_KERNEL(call) {
  int64_t (*function)(int64_t) = (int64_t(*)(int64_t))op->p[0];
  const tl_mode ours = tiny_as_usual();
  if (function(step->rows)) step->failed = 1;
  tiny_as(ours);
}
