// Networks that lie side by side in one network, the members of an ensemble: each has its own columns.
//
//   member_dense   y_m = x_m W_m + b_m,  dW_m = x_m' dy_m,  db = sum of dy,  dx_m = dy_m W_m'
//
// x (rows, members n_in), y and dy (rows, members units), W (n_in, members units). A member is a tile: its rows lie
// members n_in numbers apart, which the blocks of block.c and the packing take as they take any other distance, so nothing
// is copied. (The first layer, which reads all inputs, is one dense layer of members units: dense.c.)
//
// The loss sees every member of a row as a row: outputs (rows, members units) are (rows members, units) in the same memory.
#include "block.h"
#include "op.h"
#include "pool.h"
#include "scratch.h"

enum { PER_NUMBER = 16 };  // multiplications that cost what reading and writing a number costs, as in dense.c

typedef struct {
  const float *x, *dy, *w, *bias;
  float *out, *g, *gb;
  P rows, members, n_in, units;
} grouped;

static void affine(void *ctx, int m) {
  const grouped *q = ctx;
  const P ld = q->members * q->units;
  float *panel = scratch(q->n_in * PANEL);
  for (P j = 0; j < q->units; j += PANEL) {
    const P n0 = m * q->units + j, columns = least(PANEL, q->units - j);
    const Block b = {.KO = 1, .KI = q->n_in, .a = q->x + m * q->n_in, .a_row = q->members * q->n_in, .b = panel,
                     .b_inner = PANEL, .c = q->out + n0, .c_row = ld, .bias = q->bias ? q->bias + n0 : 0,
                     .columns = columns};
    pack_panel(q->w + n0, ld, q->n_in, columns, PANEL, panel);
    block_rows(&b, q->rows, 0);
  }
}

static void weight_slopes(const grouped *q, P m) {
  const P ld = q->members * q->units;
  float *panel = scratch(q->rows * PANEL);
  for (P j = 0; j < q->units; j += PANEL) {
    const P n0 = m * q->units + j, columns = least(PANEL, q->units - j);
    const Block b = {.KO = 1, .KI = q->rows, .a = q->x + m * q->n_in, .a_inner = q->members * q->n_in, .b = panel,
                     .b_inner = PANEL, .c = q->g + n0, .c_row = ld, .columns = columns};
    pack_panel(q->dy + n0, ld, q->rows, columns, PANEL, panel);
    block_rows(&b, q->n_in, 1);
  }
  if (!q->gb) return;
  float *gb = q->gb + m * q->units;
  memset(gb, 0, (size_t)q->units * sizeof(float));
  for (P r = 0; r < q->rows; r++) {
    const float *dy = q->dy + r * ld + m * q->units;
    TL_IVDEP for (P j = 0; j < q->units; j++) gb[j] += dy[j];
  }
}

static void slopes(void *ctx, int m) {
  const grouped *q = ctx;
  const P ld = q->members * q->units;
  weight_slopes(q, m);
  if (!q->out) return;
  float *panel = scratch(q->units * PANEL);
  for (P j = 0; j < q->n_in; j += PANEL) {
    const P columns = least(PANEL, q->n_in - j);
    const Block b = {.KO = 1, .KI = q->units, .a = q->dy + m * q->units, .a_row = ld, .b = panel, .b_inner = PANEL,
                     .c = q->out + m * q->n_in + j, .c_row = q->members * q->n_in, .columns = columns};
    pack_turned(q->w + m * q->units + j * ld, ld, q->units, columns, PANEL, panel);
    block_rows(&b, q->rows, 0);
  }
}

// i: n_in and units of a member, members · p: x, W, b or 0, y
TL_KERNEL(member_dense_forward) {
  grouped q = {.x = op->p[0], .w = op->p[1], .bias = op->p[2], .out = op->p[3], .rows = step->rows, .n_in = op->i[0],
               .units = op->i[1], .members = op->i[2]};
  tl_share(affine, &q, (int)q.members, q.members * q.rows * q.n_in * q.units / PER_NUMBER);
}

// i: as forward · p: x, W, dy, dx or 0, dW, db or 0
TL_KERNEL(member_dense_backward) {
  grouped q = {.x = op->p[0], .w = op->p[1], .dy = op->p[2], .out = op->p[3], .g = op->p[4], .gb = op->p[5],
               .rows = step->rows, .n_in = op->i[0], .units = op->i[1], .members = op->i[2]};
  tl_share(slopes, &q, (int)q.members, 2 * q.members * q.rows * q.n_in * q.units / PER_NUMBER);
}

// ---------------------------------------------------------------- the loss

// Every row's target or weight once for each member. i: bytes of one, members · p: from, to
TL_KERNEL(for_members) {
  const P size = op->i[0], members = op->i[1];
  const char *from = op->p[0];
  char *to = op->p[1];
  for (P r = 0; r < step->rows; r++, from += size)
    for (P m = 0; m < members; m++, to += size) memcpy(to, from, (size_t)size);
}

// Until `as_one`, a step has a row for every member of a row. i: members
TL_KERNEL(as_members) { step->rows *= op->i[0]; }

// What is counted is the mean over the members. i: members
TL_KERNEL(as_one) {
  step->rows /= op->i[0];
  step->hits /= (double)op->i[0];
  step->squares /= (double)op->i[0];
}
