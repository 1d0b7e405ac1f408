/* The first convolution: 3 planar channels to blocks, 3x3, zero padding 1, and its data gradient. */
#include "common.cl"

#ifndef TX
#define TX 8 /* pixels of one row a work-item makes: a weight is loaded once for all of them */
#endif

/* y[o] = act(bias[o] + sum over c, ky, kx of w[c][ky][kx][o] * x[c][y+ky-1][x+kx-1]); act = ReLU where relu is not 0.
 * x (3, h, w); y (B, h, w) storedb; w (B, 3, 3, 3) floatb of output lanes. Work-items: tile of TX columns, row, block. */
kernel void conv_image_fwd(global storedb *restrict y, global const float *restrict x, global const floatb *restrict weights,
                           global const floatb *restrict bias, int h, int w, int relu)
{
    int x0 = (int)get_global_id(0) * TX, row = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (x0 >= w || row >= h)
        return;
    floatb sum[TX];
    for (int p = 0; p < TX; p++)
        sum[p] = bias[b];
    for (int c = 0; c < 3; c++)
        for (int ky = 0; ky < 3; ky++) {
            int yy = row + ky - 1;
            if (yy < 0 || yy >= h)
                continue;
            global const float *line = x + ((ulong)c * h + yy) * w;
            float v[TX + 2];
            for (int p = 0; p < TX + 2; p++) {
                int xx = x0 + p - 1;
                v[p] = xx >= 0 && xx < w ? line[xx] : 0.0f;
            }
            global const floatb *k = weights + (b * 9 + c * 3 + ky) * 3;
            floatb k0 = k[0], k1 = k[1], k2 = k[2];
            for (int p = 0; p < TX; p++)
                sum[p] = fma(k2, (floatb)v[p + 2], fma(k1, (floatb)v[p + 1], fma(k0, (floatb)v[p], sum[p])));
        }
    global storedb *out = y + (b * h + row) * w + x0;
    for (int p = 0; p < TX && x0 + p < w; p++)
        PUT(out + p, relu ? rectified(sum[p]) : sum[p]);
}

/* dx[c][y][x] = sum over o, ky, kx of w[c][ky][kx][o] * dz[o][y-ky+1][x-kx+1]. dz (B, h, w) storedb. dx (3, h, w).
 * Work-items: column, row. */
kernel void conv_image_bwd(global float *restrict dx, global const storedb *restrict dz, global const floatb *restrict weights, int blocks, int h, int w)
{
    int col = (int)get_global_id(0), row = (int)get_global_id(1);
    if (col >= w || row >= h)
        return;
    floatb s0 = 0.0f, s1 = 0.0f, s2 = 0.0f;
    for (ulong b = 0; b < (ulong)blocks; b++)
        for (int ky = 0; ky < 3; ky++) {
            int yy = row - ky + 1;
            if (yy < 0 || yy >= h)
                continue;
            for (int kx = 0; kx < 3; kx++) {
                int xx = col - kx + 1;
                if (xx < 0 || xx >= w)
                    continue;
                floatb g = GET(dz + (b * h + yy) * w + xx);
                global const floatb *k = weights + b * 27 + ky * 3 + kx;
                s0 = fma(g, k[0], s0);
                s1 = fma(g, k[9], s1);
                s2 = fma(g, k[18], s2);
            }
        }
    ulong plane = (ulong)h * w, at = (ulong)row * w + col;
    dx[at] = sum_lanes(s0);
    dx[plane + at] = sum_lanes(s1);
    dx[2 * plane + at] = sum_lanes(s2);
}
