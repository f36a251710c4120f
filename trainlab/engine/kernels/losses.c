// Losses: the mean over the rows, its gradient dy (unless dy is 0, in evaluation), and the number of correct rows, in one
// op.
//
// y (rows, units); t class indices (rows) as int64, or floats (rows, units). Sums over a batch are made in double, row
// after row. `work` is memory of (rows, units). Weights multiply the losses: w (rows) of the rows, and those of the
// classes (units); each may be 0 for none.
#include "maths.h"
#include "op.h"

static P best(const float *y, P units) {  // the first of the largest; a nan wins, as in NumPy
  P place = 0;
  for (P j = 1; j < units; j++)
    if (!(y[j] <= y[place]) && y[place] == y[place]) place = j;
  return place;
}

static float weight_of(const float *w, P k) { return w ? w[k] : 1; }

// loss = mean of Q log sum exp y - q y, dy = (Q softmax(y) - q) / rows; q is 1 for the right class, smoothed and
// weighted, Q its sum. The exponentials are computed for the whole batch at once: rows of 10 would not fill vectors.
// i: units, whether t is floats · f: label smoothing · p: y, t, dy or 0, w, weights of the classes, work
TL_KERNEL(softmax_cross_entropy) {
  P rows = step->rows, units = op->i[0], soft = op->i[1];
  const float *y = op->p[0], *w = op->p[3], *weight = op->p[4], *t_soft = op->p[1];
  const int64_t *t_class = op->p[1];
  float *dy = op->p[2], *e = dy ? dy : op->p[5];
  double smooth = op->f[0], loss = 0, hits = 0;
  int plain = !soft && !weight && smooth == 0;
  for (P r = 0; r < rows; r++) {
    const float *z = y + r * units;
    P place = best(z, units), right = soft ? best(t_soft + r * units, units) : t_class[r];
    hits += place == right;
    float top = z[place];
    TL_IVDEP for (P j = 0; j < units; j++) e[r * units + j] = z[j] - top;
    if (plain) {
      loss -= (double)(weight_of(w, r) * e[r * units + right]);
      continue;
    }
    double sum = 0;
    for (P j = 0; j < units; j++) {
      double q = (soft ? (double)t_soft[r * units + j] : j == right) * (1 - smooth) + smooth / (double)units;
      if (weight) q *= (double)weight[j];
      sum += q * (double)e[r * units + j];
    }
    loss -= (double)weight_of(w, r) * sum;
  }
  TL_IVDEP for (P k = 0; k < rows * units; k++) e[k] = tl_exp(e[k]);
  for (P r = 0; r < rows; r++) {
    const float share = weight_of(w, r) * (float)(1.0 / (double)rows);
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
    loss += (double)(weight_of(w, r) * mass) * (double)logf(sum);
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

// The mean over the outputs of log(1 + exp(y)) - t y, dy = (sigmoid(y) - t) / rows / units; a row is right by the share of
// its outputs that are. i: units · p: y, t, dy or 0, w, weights (units, 2) of the 0s and 1s of each output
TL_KERNEL(binary_cross_entropy) {
  P rows = step->rows, units = op->i[0];
  const float *y = op->p[0], *t = op->p[1], *w = op->p[3], *weight = op->p[4];
  float *dy = op->p[2], share = (float)(1.0 / (double)(rows * units));
  double loss = 0, hits = 0;
  for (P r = 0; r < rows; r++) {
    for (P j = 0; j < units; j++) {
      P k = r * units + j;
      float small = tl_exp(-fabsf(y[k])), factor = weight_of(w, r) * weight_of(weight, 2 * j + (t[k] > 0.5f));
      loss += (double)(factor * ((y[k] < 0 ? 0 : y[k]) - t[k] * y[k] + tl_log1p(small)));
      hits += (y[k] > 0) == (t[k] > 0.5f);
      if (dy) dy[k] = ((y[k] > 0 ? 1 : small) / (1 + small) - t[k]) * factor * share;
    }
  }
  step->loss = loss / (double)(rows * units);
  step->hits = hits / (double)units;
}

// sum over the wrong classes of max(0, y_wrong - y_right + margin).
// i: units · f: margin · p: y, t, dy or 0, w, weights of the classes
TL_KERNEL(hinge) {
  P rows = step->rows, units = op->i[0];
  const int64_t *t = op->p[1];
  float margin = (float)op->f[0];
  double loss = 0, hits = 0;
  for (P r = 0; r < rows; r++) {
    const float *y = (const float *)op->p[0] + r * units;
    float *dy = op->p[2] ? (float *)op->p[2] + r * units : 0;
    float factor = weight_of(op->p[3], r) * weight_of(op->p[4], t[r]), share = factor * (float)(1.0 / (double)rows);
    float right = y[t[r]], over = 0, count = 0;
    hits += best(y, units) == t[r];
    for (P j = 0; j < units; j++) {
      float x = j == t[r] ? 0 : y[j] - right + margin;
      over += x <= 0 ? 0 : x;
      count += x > 0;
      if (dy) dy[j] = x > 0 ? share : 0;
    }
    if (dy) dy[t[r]] = -count * share;
    loss += (double)(factor * over);
  }
  step->loss = loss / (double)rows;
  step->hits = hits;
}

// mean (y - t)^2. i: units, whether t is class indices · p: y, t, dy or 0, w
TL_KERNEL(mse) {
  P units = op->i[0], n = step->rows * units, classes = op->i[1];
  const float *y = op->p[0], *t = op->p[1];
  const int64_t *t_class = op->p[1];
  float *dy = op->p[2], factor = (float)(2.0 / (double)n);
  double sum = 0, squares = 0, hits = 0;
  for (P r = 0; r < step->rows; r++) {
    float w = weight_of(op->p[3], r);
    if (classes) hits += best(y + r * units, units) == t_class[r];
    for (P j = 0; j < units; j++) {
      P k = r * units + j;
      float e = y[k] - (classes ? (float)(j == t_class[r]) : t[k]);
      sum += (double)w * (double)e * (double)e;
      squares += (double)e * (double)e;
      if (dy) dy[k] = e * w * factor;
    }
  }
  step->loss = sum / (double)n;
  step->hits = hits;
  if (!classes) step->squares = squares;
}

// mean |y - t|. i: units · p: y, t, dy or 0, w
TL_KERNEL(mae) {
  P units = op->i[0], n = step->rows * units;
  const float *y = op->p[0], *t = op->p[1];
  float *dy = op->p[2], share = (float)(1.0 / (double)n);
  double sum = 0, squares = 0;
  for (P k = 0; k < n; k++) {
    float e = y[k] - t[k], w = weight_of(op->p[3], k / units);
    sum += (double)(w * fabsf(e));
    squares += (double)e * (double)e;
    if (dy) dy[k] = w * (e > 0 ? share : e < 0 ? -share : e == 0 ? 0 : e);
  }
  step->loss = sum / (double)n;
  step->squares = squares;
}

// mean of cut (e - cut / 2), e = y - t, cut = e held within +-delta. i: units · f: delta · p: y, t, dy or 0, w
TL_KERNEL(huber) {
  P units = op->i[0], n = step->rows * units;
  const float *y = op->p[0], *t = op->p[1];
  float *dy = op->p[2], share = (float)(1.0 / (double)n), delta = (float)op->f[0];
  double sum = 0, squares = 0;
  for (P k = 0; k < n; k++) {
    float e = y[k] - t[k], cut = e > delta ? delta : e < -delta ? -delta : e;
    float w = weight_of(op->p[3], k / units);
    sum += (double)w * (double)cut * ((double)e - 0.5 * (double)cut);
    squares += (double)e * (double)e;
    if (dy) dy[k] = w * cut * share;
  }
  step->loss = sum / (double)n;
  step->squares = squares;
}

// The number of this place (0 the smallest) among n; of equal ones those before come first.
static float of_rank(const float *y, P n, P place) {
  for (P i = 0; i < n; i++) {
    P below = 0;
    for (P j = 0; j < n; j++) below += y[j] < y[i] || (j < i && y[j] == y[i]);
    if (below == place) return y[i];
  }
  return NAN;
}

// For each quantile a of each number: max(a (t - y), (a - 1) (t - y)), mean over rows and outputs. The quantiles of a number
// stand side by side in y; the prediction, whose squared error is counted, is one of them after sorting.
// i: units, quantiles, the place of the prediction · p: y, t (rows, numbers), dy or 0, w, quantiles
TL_KERNEL(pinball) {
  P units = op->i[0], quantiles = op->i[1], middle = op->i[2], n = step->rows * units;
  const float *y = op->p[0], *t = op->p[1], *a = op->p[4];
  float *dy = op->p[2], share = (float)(1.0 / (double)n);
  double sum = 0, squares = 0;
  for (P k = 0; k < n; k++) {
    float e = t[k / quantiles] - y[k], q = a[k % quantiles], w = weight_of(op->p[3], k / units);
    sum += (double)(w * (e > 0 ? q * e : (q - 1) * e));
    if (k % quantiles == 0) {
      double miss = (double)(t[k / quantiles] - of_rank(y + k, quantiles, middle));
      squares += miss * miss;
    }
    if (dy) dy[k] = w * share * (e > 0 ? -q : e < 0 ? 1 - q : e == 0 ? 0 : e);
  }
  step->loss = sum / (double)n;
  step->squares = squares;
}

// -log P(level t), P(above k | at least k) = sigmoid(y_k). i: units, one less than levels · p: y, t, dy or 0, w, weights of
// the levels
TL_KERNEL(ordinal) {
  P rows = step->rows, units = op->i[0];
  const int64_t *t = op->p[1];
  double loss = 0, hits = 0;
  for (P r = 0; r < rows; r++) {
    const float *y = (const float *)op->p[0] + r * units;
    float *dy = op->p[2] ? (float *)op->p[2] + r * units : 0;
    float factor = weight_of(op->p[3], r) * weight_of(op->p[4], t[r]), share = factor * (float)(1.0 / (double)rows);
    float own = 0, above = 0;  // above: log P(above k)
    P median = 0;
    for (P k = 0; k < units; k++) {
      float small = tl_exp(-fabsf(y[k])), rest = tl_log1p(small);
      float no = (y[k] > 0 ? y[k] : 0) + rest, yes = (y[k] > 0 ? 0 : -y[k]) + rest;  // -log of 1 - p and of p
      above -= yes;
      median += above > -0.69314718f;
      if (k <= t[r]) own += k < t[r] ? yes : no;
      if (dy) dy[k] = k > t[r] ? 0 : ((y[k] > 0 ? 1 : small) / (1 + small) - (float)(k < t[r])) * share;
    }
    loss += (double)(factor * own);
    hits += median == t[r];
  }
  step->loss = loss / (double)rows;
  step->hits = hits;
}
