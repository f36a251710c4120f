// Means and squared distances from them, in pieces that stay in the cache, joined exactly (Chan et al. 1983). Unlike
// the difference of two sums of squares, this loses no digits when the mean is large.
#ifndef TL_MOMENTS_H
#define TL_MOMENTS_H
#include "base.h"

// The mean of each of C columns over n rows `pitch` apart, and the sum of squared distances from it.
void moments_of(const float *x, P n, P C, P pitch, float *mean, float *distance);

#endif
