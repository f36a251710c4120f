// Numbers as text, exactly as Python's repr writes them: the shortest digits that read back as the same double.
//
// x = m 2^e with a 53-bit m. For k places after the point, x 10^k = m 10^k 2^e; while m 10^k fits in 128 bits, its
// nearest integer d and the distance to it are exact, so it is exact too whether d lies within half a unit in the last
// place of x, where every decimal reads back as x. 15 digits are tried first, then 16 and 17. That covers 1e-6 <= x < 1e15
// and is some ten times as fast as repr; other numbers go the long way, through the C library.
#include "base.h"
#include <stdio.h>
#include <stdlib.h>

typedef unsigned __int128 u128;

#define TEN4(x) x, x * 10, x * 100, x * 1000
static const uint64_t TENS[] = {TEN4(1ull), TEN4(10000ull), TEN4(100000000ull), TEN4(1000000000000ull),
                                TEN4(10000000000000000ull)};

static char *whole(char *out, uint64_t x, int least_digits) {
  char digits[24];
  int n = 0;
  do {
    digits[n++] = (char)('0' + x % 10);
    x /= 10;
  } while (x || n < least_digits);
  while (n) *out++ = digits[--n];
  return out;
}

// d 10^-places, trailing zeros dropped, at least one digit on either side of the point.
static char *fixed(char *out, uint64_t d, int places) {
  while (places > 1 && d % 10 == 0) {
    d /= 10;
    places--;
  }
  if (places > 19) {
    *out++ = '0';
    *out++ = '.';
    return whole(out, d, places);
  }
  out = whole(out, d / TENS[places], 1);
  *out++ = '.';
  return whole(out, d % TENS[places], places);
}

// Through the C library, for very small and very large numbers: Python's form of the fewest digits that read back.
static char *other(char *out, double x) {
  char text[40];
  int digits = x < 2.2250738585072014e-308 ? 1 : 15;  // numbers below that have fewer digits
  do snprintf(text, sizeof text, "%.*e", digits - 1, x);
  while (strtod(text, 0) != x && ++digits <= 17);
  char *e = strchr(text, 'e'), *last = e;
  while (last[-1] == '0') last--;
  if (last[-1] == '.') last--;
  int exponent = atoi(e + 1);
  digits = last - text > 1 ? (int)(last - text) - 1 : 1;
  if (exponent >= -4 && exponent < 16) {  // repr writes these without an exponent
    int places = digits - 1 - exponent;
    return out + sprintf(out, "%.*f", places < 1 ? 1 : places, x);
  }
  return out + sprintf(out, "%.*s%s", (int)(last - text), text, e);
}

// d 10^-places with one digit before the point and an exponent, -5 or -6.
static char *scientific(char *out, uint64_t d, int places) {
  while (d % 10 == 0) {
    d /= 10;
    places--;
  }
  char *first = out + 1, *end = whole(first, d, 1);
  *out = *first;
  *first = '.';
  int digits = (int)(end - first);
  if (digits == 1) end = first;
  return end + sprintf(end, "e-%02d", places - digits + 1);
}

static char *number(char *out, double x) {
  if (x != x) return out + sprintf(out, "nan");
  int64_t bits;
  memcpy(&bits, &x, 8);
  if (bits < 0) {
    *out++ = '-';
    x = -x;
  }
  if (x == 0) return out + sprintf(out, "0.0");
  if (x > 1.7976931348623157e308) return out + sprintf(out, "inf");
  if (!(x >= 1e-6 && x < 1e15)) return other(out, x);
  int tiny = x < 1e-4;
  int e, before = 0;  // digits before the point; 0 for 0.1 <= x < 1, less for smaller
  uint64_t m = (uint64_t)ldexp(frexp(x, &e), 53);
  e -= 53;
  double ten = 1;
  if (x >= 1) {
    for (; x >= ten; ten *= 10) before++;
  } else {
    for (ten = 0.1; x < ten; ten *= 0.1) before--;
  }
  for (int digits = 15; digits <= 17; digits++) {
    int places = digits - before;
    if (places < 1) places = 1;
    if (e >= 0 || places > 22) break;
    u128 power = places < 20 ? (u128)TENS[places] : (u128)TENS[19] * TENS[places - 19];
    u128 exact = (u128)m * power, unit = (u128)1 << -e, d = exact >> -e, rest = exact & (unit - 1);
    if (rest > unit / 2 || (rest == unit / 2 && d % 2)) {
      d++;
      rest = unit - rest;
    }
    if (2 * rest < power && d <= UINT64_MAX)
      return tiny ? scientific(out, (uint64_t)d, places) : fixed(out, (uint64_t)d, places);
  }
  return other(out, x);
}

// A line `step,a,b,c,d` for each of n steps; values: (n, columns). out has room for 30 characters a number. Returns how
// many characters were written.
TL_API int64_t tl_lines(const int64_t *steps, const double *values, int64_t n, int64_t columns, char *out) {
  char *end = out;
  for (int64_t i = 0; i < n; i++) {
    end = whole(end, (uint64_t)steps[i], 1);
    for (int64_t j = 0; j < columns; j++) {
      *end++ = ',';
      end = number(end, values[i * columns + j]);
    }
    *end++ = '\n';
  }
  return end - out;
}
