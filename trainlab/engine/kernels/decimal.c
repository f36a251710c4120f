// Numbers as text, exactly as Python's repr writes them: the shortest digits that read back as the same double.
//
// x = m 2^e with a 53-bit m. For k places after the point, x 10^k = m 10^k 2^e; while m 10^k fits in 128 bits, what is
// before its point and what is behind it are exact, so it is exact too whether a decimal lies within half a unit in the
// last place of x, where every decimal reads back as x. k is chosen for 17 digits, and from these the nearest ones of 15
// and 16 digits are made, which are tried first. That covers 1e-6 <= x < 1e15 and takes a twentieth of the time of repr;
// other numbers go the long way, through the C library.
#include "base.h"
#include <stdio.h>
#include <stdlib.h>

typedef unsigned __int128 u128;

#define TEN4(x) x, x * 10, x * 100, x * 1000
static const uint64_t TENS[] = {TEN4(1ull), TEN4(10000ull), TEN4(100000000ull), TEN4(1000000000000ull),
                                TEN4(10000000000000000ull)};
static const double POWERS[] = {1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2,  1e3,  1e4,
                                1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

#define PAIR(t) t "0" t "1" t "2" t "3" t "4" t "5" t "6" t "7" t "8" t "9"
static const char PAIRS[] = PAIR("0") PAIR("1") PAIR("2") PAIR("3") PAIR("4") PAIR("5") PAIR("6") PAIR("7") PAIR("8")
    PAIR("9");

// Eight digits of x < 10^8, zeros in front.
TL_INLINE void eight(char *out, uint32_t x) {
  const uint32_t high = x / 10000, low = x % 10000;
  memcpy(out, PAIRS + 2 * (high / 100), 2);
  memcpy(out + 2, PAIRS + 2 * (high % 100), 2);
  memcpy(out + 4, PAIRS + 2 * (low / 100), 2);
  memcpy(out + 6, PAIRS + 2 * (low % 100), 2);
}

enum { DIGITS = 24 };  // of a text with zeros in front that holds every uint64_t

TL_INLINE void padded(char *out, uint64_t x) {
  eight(out, (uint32_t)(x / TENS[16]));
  eight(out + 8, (uint32_t)(x / TENS[8] % TENS[8]));
  eight(out + 16, (uint32_t)(x % TENS[8]));
}

static char *whole(char *out, uint64_t x) {
  char text[DIGITS];
  padded(text, x);
  P first = 0;
  while (first < DIGITS - 1 && text[first] == '0') first++;
  memcpy(out, text + first, (size_t)(DIGITS - first));
  return out + DIGITS - first;
}

// d 10^-places, trailing zeros dropped, at least one digit on either side of the point. before: digits before the point,
// or one less. Copies whole texts, of which the end is written over: out has room for 2 DIGITS.
static char *fixed(char *out, uint64_t d, int places, int before) {
  char text[2 * DIGITS] = {0};
  if (places < 1) {
    d *= 10;
    places++;
  }
  while (places > 1 && d % 10 == 0) {
    d /= 10;
    places--;
  }
  padded(text, d);
  const P point = DIGITS - places;
  P first = point - most(before, 1);
  if (first && text[first - 1] != '0') first--;
  memcpy(out, text + first, DIGITS);
  out += point - first;
  *out++ = '.';
  memcpy(out, text + point, DIGITS);
  return out + places;
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
  char *first = out + 1, *end = whole(first, d);
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
  memcpy(&bits, &x, 8);
  const int exponent = (int)(bits >> 52) - 1023, shift = 52 - exponent;
  const uint64_t m = (uint64_t)(bits & ((1ll << 52) - 1)) | 1ull << 52;
  int before = (exponent * 19728 >> 16) + 1;  // digits before the point; 0 for 0.1 <= x < 1, less for smaller
  if (x >= POWERS[before + 6]) before++;
  const int places = 17 - before, tiny = x < 1e-4;
  const u128 power = places < 20 ? (u128)TENS[places] : (u128)TENS[19] * TENS[places - 19];
  const u128 exact = (u128)m * power, unit = (u128)1 << shift, rest = exact & (unit - 1);
  const uint64_t all_digits = (uint64_t)(exact >> shift);
  TL_UNROLL for (int fewer = 2; fewer >= 0; fewer--) {
    const uint64_t tens = fewer == 2 ? 100 : fewer ? 10 : 1;
    uint64_t d = fewer == 2 ? all_digits / 100 : fewer ? all_digits / 10 : all_digits;
    u128 error = (u128)(all_digits - d * tens) << shift | rest, above = ((u128)tens << shift) - error;
    if (above < error || (above == error && d % 2)) {
      d++;
      error = above;
    }
    if (2 * error < power) return tiny ? scientific(out, d, places - fewer) : fixed(out, d, places - fewer, before);
  }
  return other(out, x);
}

enum { REMEMBERED = 8 };  // columns whose last text is kept: what stays the same, as lr often does, is copied

// A line `step,a,b,c,d` for each of n steps; values: (n, columns). out has room for 30 characters a number and 48 more. Returns how
// many characters were written.
TL_API int64_t tl_lines(const int64_t *steps, const double *values, int64_t n, int64_t columns, char *out) {
  const char *text[REMEMBERED];
  P length[REMEMBERED];
  char *end = out;
  for (int64_t i = 0; i < n; i++, values += columns) {
    end = whole(end, (uint64_t)steps[i]);
    for (int64_t j = 0; j < columns; j++) {
      *end++ = ',';
      char *begin = end;
      if (i && j < REMEMBERED && !memcmp(values + j, values + j - columns, sizeof *values)) {
        memcpy(end, text[j], (size_t)length[j]);
        end += length[j];
      } else {
        end = number(end, values[j]);
      }
      if (j < REMEMBERED) {
        text[j] = begin;
        length[j] = end - begin;
      }
    }
    *end++ = '\n';
  }
  return end - out;
}

// A line for each of n numbers: the step, a text of the line's own, the number. The texts stand one after the other, each
// up to its place in `ends`. out has room for the texts and 60 characters a line. Returns how many were written.
TL_API int64_t tl_labelled(int64_t step, const char *texts, const int64_t *ends, const double *values, int64_t n,
                           char *out) {
  char first[24], *end = out;
  const P digits = whole(first, (uint64_t)step) - first;
  for (int64_t i = 0, from = 0; i < n; from = ends[i++]) {
    memcpy(end, first, (size_t)digits);
    end += digits;
    memcpy(end, texts + from, (size_t)(ends[i] - from));
    end = number(end + (ends[i] - from), values[i]);
    *end++ = '\n';
  }
  return end - out;
}
