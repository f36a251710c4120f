// The interpreter: runs the ops of a program step after step, and keeps the records and sums of each step.
//
// Denormal numbers (below 1e-38) are flushed to 0 while it runs: the momentum of a dead unit decays into them, and a
// processor computes with them many times slower.
#include "op.h"
#include "denormals.h"
#include "pool.h"

// An op with nothing to do.
TL_KERNEL(nothing) { (void)op, (void)step; }

static int64_t once(const tl_op *ops, int64_t n, tl_step *step) {
  for (int64_t k = 0; k < n && !step->failed; k++) ops[k].run(ops + k, step);
  return step->failed;
}

// Run the ops that compute loss and gradient. Returns whether the step ends here: it failed, or is left.
//
// Tiles look only between the two calls of tl_leave, so that whatever was left out is known afterwards.
static int64_t computed(const tl_op *ops, int64_t n, tl_step *step) {
  const volatile int32_t *leave = step->leave;
  tl_leave(leave);
  for (int64_t k = 0; k < n && !step->failed && !(leave && *leave); k++) ops[k].run(ops + k, step);
  tl_leave(0);
  return step->failed || (leave && *leave);
}

// Run the ops once. Returns whether a Python function among them failed.
TL_API int64_t tl_once(const tl_op *ops, int64_t n, tl_step *step) {
  const tl_mode before = flush_denormals();
  const int64_t failed = once(ops, n, step);
  set_float_mode(before);
  return failed;
}

// Run the ops over all rows of `index`, `batch` at a time, and add up the loss of each batch. Returns whether a Python
// function among them failed.
TL_API int64_t tl_evaluate(const tl_op *ops, int64_t n, tl_step *step, tl_sums *sums, const int64_t *index, int64_t rows,
                           int64_t batch) {
  const tl_mode before = flush_denormals();
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
  set_float_mode(before);
  return failed;
}

// Up to `steps` steps of `batch` rows, the next rows of `index`, of which `rows_left` are left in this epoch.
//
// Ops before `head` compute loss and gradient; those after it update the parameters, and run only if both are finite.
// rates: of each step (lr, factor on dropout, factor on weight decay). records: (loss, lr, |g|, |step| / |theta|) of each step. Returns how many steps were run, less 2^32
// if the last one was not applied because a number was not finite.
//
// A step that `step->leave` asks to leave before its update is not counted: it has changed nothing but what forward and
// backward passes write.
TL_API int64_t tl_run(const tl_op *ops, int64_t head, int64_t n, tl_step *step, tl_sums *sums, const int64_t *index,
                      int64_t rows_left, int64_t batch, int64_t steps, const double *rates, double *records) {
  const tl_mode before = flush_denormals();
  int64_t done = 0;
  int alive = 1;
  for (; alive && done < steps; done++, records += 4) {
    step->index = index + done * batch;
    step->rows = least(batch, rows_left - done * batch);
    step->last = done + 1 == steps;
    step->t++;
    step->lr = rates[3 * done];
    step->drop = rates[3 * done + 1];
    step->decay = rates[3 * done + 2];
    step->hits = step->squares = 0;
    if (computed(ops, head, step)) break;
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
  set_float_mode(before);
  return alive ? done : done - (1ll << 32);
}

// p: a Python function, called with the step's number of rows; it returns whether it failed.
TL_KERNEL(call) {
  int64_t (*function)(int64_t) = (int64_t(*)(int64_t))op->p[0];
  const tl_mode ours = keep_denormals();
  if (function(step->rows)) step->failed = 1;
  set_float_mode(ours);
}
