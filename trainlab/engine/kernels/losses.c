// Losses: the mean over the rows, its gradient dy (unless dy is 0, in evaluation), and the number of correct rows, in one
// op.
//
// y (rows, units); t class indices (rows) as int64, or floats (rows, units). Sums over a batch are made in double, row
// after row. `work` is memory of (rows, units).
#include "maths.h"
#include "op.h"

static P best(const float *y, P units) {  // the first of the largest; a nan wins, as in NumPy
  P place = 0;
  for (P j = 1; j < units; j++)
    if (!(y[j] <= y[place]) && y[place] == y[place]) place = j;
  return place;
}

// loss = mean of Q log sum exp y - q y, dy = (Q softmax(y) - q) / rows; q is 1 for the right class, smoothed and
// weighted, Q its sum. The exponentials are computed for the whole batch at once: rows of 10 would not fill vectors.
// i: units, whether t is floats · f: label smoothing · p: y, t, dy or 0, weights of the classes or 0, work
TL_KERNEL(softmax_cross_entropy) {
  P rows = step->rows, units = op->i[0], soft = op->i[1];
  const float *y = op->p[0], *weight = op->p[3], *t_soft = op->p[1];
  const int64_t *t_class = op->p[1];
  float *dy = op->p[2], *e = dy ? dy : op->p[4];
  double smooth = op->f[0], loss = 0, hits = 0;
  int plain = !soft && !weight && smooth == 0;
  for (P r = 0; r < rows; r++) {
    const float *z = y + r * units;
    P place = best(z, units), right = soft ? best(t_soft + r * units, units) : t_class[r];
    hits += place == right;
    float top = z[place];
    TL_IVDEP for (P j = 0; j < units; j++) e[r * units + j] = z[j] - top;
    if (plain) {
      loss -= e[r * units + right];
      continue;
    }
    double sum = 0;
    for (P j = 0; j < units; j++) {
      double q = (soft ? (double)t_soft[r * units + j] : j == right) * (1 - smooth) + smooth / (double)units;
      if (weight) q *= (double)weight[j];
      sum += q * (double)e[r * units + j];
    }
    loss -= sum;
  }
  TL_IVDEP for (P k = 0; k < rows * units; k++) e[k] = tl_exp(e[k]);
  const float share = (float)(1.0 / (double)rows);
  for (P r = 0; r < rows; r++) {
    float *row = e + r * units, sum = 0, mass = 1;
    for (P j = 0; j < units; j++) sum += row[j];
    if (!plain) {
      double whole = 0;
      for (P j = 0; j < units; j++) {
        P right = soft ? -1 : t_class[r];
        double q = (soft ? (double)t_soft[r * units + j] : j == right) * (1 - smooth) + smooth / (double)units;
        whole += weight ? q * (double)weight[j] : q;
      }
      mass = (float)whole;
    }
    loss += (double)mass * (double)logf(sum);
    if (!dy) continue;
    float factor = mass * share / sum;
    TL_IVDEP for (P j = 0; j < units; j++) row[j] *= factor;
    if (plain) {
      row[t_class[r]] -= share;
      continue;
    }
    for (P j = 0; j < units; j++) {
      float q = (float)((soft ? (double)t_soft[r * units + j] : j == t_class[r]) * (1 - smooth) + smooth / (double)units);
      row[j] -= (weight ? q * weight[j] : q) * share;
    }
  }
  step->loss = loss / (double)rows;
  step->hits = hits;
}

// log(1 + exp(y)) - t y, dy = (sigmoid(y) - t) / rows. p: y, t, dy or 0
TL_KERNEL(binary_cross_entropy) {
  P rows = step->rows;
  const float *y = op->p[0], *t = op->p[1];
  float *dy = op->p[2], share = (float)(1.0 / (double)rows);
  double loss = 0, hits = 0;
  for (P r = 0; r < rows; r++) {
    float small = tl_exp(-fabsf(y[r]));
    loss += (double)((y[r] < 0 ? 0 : y[r]) - t[r] * y[r] + tl_log1p(small));
    hits += (y[r] > 0) == (t[r] > 0.5f);
    if (dy) dy[r] = ((y[r] > 0 ? 1 : small) / (1 + small) - t[r]) * share;
  }
  step->loss = loss / (double)rows;
  step->hits = hits;
}

// sum over the wrong classes of max(0, y_wrong - y_right + margin). i: units · f: margin · p: y, t, dy or 0
TL_KERNEL(hinge) {
  P rows = step->rows, units = op->i[0];
  const int64_t *t = op->p[1];
  float margin = (float)op->f[0], share = (float)(1.0 / (double)rows);
  double loss = 0, hits = 0;
  for (P r = 0; r < rows; r++) {
    const float *y = (const float *)op->p[0] + r * units;
    float *dy = op->p[2] ? (float *)op->p[2] + r * units : 0;
    float right = y[t[r]], over = 0, count = 0;
    hits += best(y, units) == t[r];
    for (P j = 0; j < units; j++) {
      float x = j == t[r] ? 0 : y[j] - right + margin;
      over += x <= 0 ? 0 : x;
      count += x > 0;
      if (dy) dy[j] = x > 0 ? share : 0;
    }
    if (dy) dy[t[r]] = -count * share;
    loss += (double)over;
  }
  step->loss = loss / (double)rows;
  step->hits = hits;
}

// mean (y - t)^2. i: units, whether t is class indices · p: y, t, dy or 0
TL_KERNEL(mse) {
  P units = op->i[0], n = step->rows * units, classes = op->i[1];
  const float *y = op->p[0], *t = op->p[1];
  const int64_t *t_class = op->p[1];
  float *dy = op->p[2], factor = (float)(2.0 / (double)n);
  double sum = 0, hits = 0;
  for (P r = 0; r < step->rows; r++) {
    if (classes) hits += best(y + r * units, units) == t_class[r];
    for (P j = 0; j < units; j++) {
      P k = r * units + j;
      float e = y[k] - (classes ? (float)(j == t_class[r]) : t[k]);
      sum += (double)e * (double)e;
      if (dy) dy[k] = e * factor;
    }
  }
  step->loss = sum / (double)n;
  step->hits = hits;
  if (!classes) step->squares = sum;
}

// mean |y - t|. i: units · p: y, t, dy or 0
TL_KERNEL(mae) {
  P n = step->rows * op->i[0];
  const float *y = op->p[0], *t = op->p[1];
  float *dy = op->p[2], share = (float)(1.0 / (double)n);
  double sum = 0, squares = 0;
  for (P k = 0; k < n; k++) {
    float e = y[k] - t[k];
    sum += (double)fabsf(e);
    squares += (double)e * (double)e;
    if (dy) dy[k] = e > 0 ? share : e < 0 ? -share : e == 0 ? 0 : e;
  }
  step->loss = sum / (double)n;
  step->squares = squares;
}

// mean of cut (e - cut / 2), e = y - t, cut = e held within +-delta. i: units · f: delta · p: y, t, dy or 0
TL_KERNEL(huber) {
  P n = step->rows * op->i[0];
  const float *y = op->p[0], *t = op->p[1];
  float *dy = op->p[2], share = (float)(1.0 / (double)n), delta = (float)op->f[0];
  double sum = 0, squares = 0;
  for (P k = 0; k < n; k++) {
    float e = y[k] - t[k], cut = e > delta ? delta : e < -delta ? -delta : e;
    sum += (double)cut * ((double)e - 0.5 * (double)cut);
    squares += (double)e * (double)e;
    if (dy) dy[k] = cut * share;
  }
  step->loss = sum / (double)n;
  step->squares = squares;
}
