/* The first convolution: 3 planar channels to blocks, 3x3, zero padding 1, and its data gradient. A work-item makes register
 * blocks of a row: the first, and every get_global_size(0)-th from there on. */
#include "product.cl"
#include "fetch.cl"

/* y[o] = act(bias[o] + sum over c, ky, kx of w[c][ky][kx][o] * x[c][y+ky-1][x+kx-1]); act = ReLU where relu is not 0.
 * x (3, h, w); y (B, h, w) storedb; w (B, 3, 3, 3) floatb of output lanes. Register blocks of NR pixels: a value serves the
 * products of three. Work-items: register block, row, block. */
kernel void conv_image_fwd(global storedb *restrict y, global const float *restrict x, global const floatb *restrict weights,
                           global const floatb *restrict bias, int h, int w, int relu)
{
    int row = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (row >= h)
        return;
    for (int x0 = (int)get_global_id(0) * NR; x0 < w; x0 += (int)get_global_size(0) * NR) {
        floatb s[NR], v = bias[b];
#define START(j) s[j] = v;
        REPEAT_NR(START)
        for (int c = 0; c < 3; c++)
            for (int ky = 0; ky < 3; ky++) {
                int yy = row + ky - 1;
                if (yy < 0 || yy >= h)
                    continue;
                global const float *from = x + ((ulong)c * h + yy) * w + x0;
                global const floatb *u = weights + (b * 9 + c * 3 + ky) * 3;
                floatb u0 = u[0], u1 = u[1], u2 = u[2], last, here, next;
#define SLIDE(VALUE, j)                                                        \
    next = (floatb)VALUE((j) + 1);                                             \
    s[j] = fma(u2, next, fma(u1, here, fma(u0, last, s[j])));                  \
    last = here;                                                               \
    here = next;
#define INSIDE(j) from[j]
#define SLIDE_INSIDE(j) SLIDE(INSIDE, j)
#define AT_EDGE(j) (x0 + (j) >= 0 && x0 + (j) < w ? from[j] : 0.0f)
#define SLIDE_AT_EDGE(j) SLIDE(AT_EDGE, j)
                here = from[0];
                if (x0 > 0 && x0 + NR < w) {
                    last = from[-1];
                    REPEAT_NR(SLIDE_INSIDE)
                } else {
                    last = AT_EDGE(-1);
                    REPEAT_NR(SLIDE_AT_EDGE)
                }
            }
        global storedb *to = y + (b * h + row) * w + x0;
#define WRITE(j)                                                               \
    if (x0 + (j) < w)                                                          \
        PUT(to + (j), relu ? rectified(s[j]) : s[j]);
        REPEAT_NR(WRITE)
    }
}

/* Pixels of a register block of the gradient, with three sums each. */
#if NR == 12
#define NG 8
#else
#define NG 4
#endif
#define REPEAT_NG(F) REPEAT_OF(NG, F)

/* dx[c][y][x] = sum over o, ky, kx of w[c][ky][kx][o] * dz[o][y-ky+1][x-kx+1]. dz (B, h, w) storedb. dx (3, h, w).
 * Register blocks of NG pixels. Where a work-item takes a row, its lines of dz are fetched three blocks ahead: of three rows of each
 * block of channels, these are more streams than a core sees coming. Work-items: register block, row. */
kernel void conv_image_bwd(global float *restrict dx, global const storedb *restrict dz, global const floatb *restrict weights, int blocks, int h, int w)
{
    int row = (int)get_global_id(1);
    ulong plane = (ulong)h * w;
    if (row >= h)
        return;
    for (int x0 = (int)get_global_id(0) * NG; x0 < w; x0 += (int)get_global_size(0) * NG) {
        floatb s0[NG], s1[NG], s2[NG];
#define START_GRADIENT(j) s0[j] = s1[j] = s2[j] = 0.0f;
        REPEAT_NG(START_GRADIENT)
        for (ulong b = 0; b < (ulong)blocks; b++)
            for (int ky = 0; ky < 3; ky++) {
                int yy = row - ky + 1;
                if (yy < 0 || yy >= h)
                    continue;
                global const storedb *line = dz + (b * h + yy) * w + x0;
                for (int j = 3 * NG; j < 4 * NG; j += (int)(LINE * sizeof(float) / sizeof(storedb)))
                    fetch(line + j);
                for (int kx = 0; kx < 3; kx++) {
                    global const storedb *from = line - kx + 1;
                    global const floatb *u = weights + b * 27 + ky * 3 + kx;
                    floatb u0 = u[0], u1 = u[9], u2 = u[18], g;
#define ADD(j)                                                                 \
    s0[j] = fma(g, u0, s0[j]);                                                 \
    s1[j] = fma(g, u1, s1[j]);                                                 \
    s2[j] = fma(g, u2, s2[j]);
#define ADD_INSIDE(j)                                                          \
    g = GET(from + (j));                                                       \
    ADD(j)
#define ADD_AT_EDGE(j)                                                         \
    if (x0 + (j) - kx + 1 >= 0 && x0 + (j) - kx + 1 < w) {                     \
        g = GET(from + (j));                                                   \
        ADD(j)                                                                 \
    }
                    if (x0 > 0 && x0 + NG < w) {
                        REPEAT_NG(ADD_INSIDE)
                    } else {
                        REPEAT_NG(ADD_AT_EDGE)
                    }
                }
            }
        ulong at = (ulong)row * w + x0;
#define WRITE_GRADIENT(j)                                                      \
    if (x0 + (j) < w) {                                                        \
        dx[at + (j)] = sum_lanes(s0[j]);                                       \
        dx[plane + at + (j)] = sum_lanes(s1[j]);                               \
        dx[2 * plane + at + (j)] = sum_lanes(s2[j]);                           \
    }
        REPEAT_NG(WRITE_GRADIENT)
    }
}
