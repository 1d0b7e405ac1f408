/* 3x3 convolution between blocks of channels, zero padding 1, as it is written: for thin layers and as the plainest
 * check of the others. The data gradient is the same sum with kernels flipped and transposed (the host packs them so).
 * x (I, h, w) floatb; y (O, h, w) floatb; weights (O, I, 3, 3, CB input lanes) floatb of output lanes.
 * Work-items: tile of TX columns, row, output block. */
#include "common.cl"

#ifndef TX
#define TX 8 /* pixels of one row a work-item makes: a weight is loaded once for all of them */
#endif

inline void convolve(floatb *sum, global const floatb *restrict x, global const float *restrict weights, int blocks, int h, int w, int x0, int row)
{
    for (ulong i = 0; i < (ulong)blocks; i++)
        for (int ky = 0; ky < 3; ky++) {
            int yy = row + ky - 1;
            if (yy < 0 || yy >= h)
                continue;
            global const floatb *line = x + (i * h + yy) * w;
            floatb v[TX + 2];
            for (int p = 0; p < TX + 2; p++) {
                int xx = x0 + p - 1;
                v[p] = xx >= 0 && xx < w ? line[xx] : (floatb)0.0f;
            }
            const float *s = (const float *)v;
            for (int kx = 0; kx < 3; kx++) {
                global const floatb *k = (global const floatb *)weights + ((i * 3 + ky) * 3 + kx) * CB;
                for (int lane = 0; lane < CB; lane++) {
                    floatb a = k[lane];
                    for (int p = 0; p < TX; p++)
                        sum[p] = fma(a, (floatb)s[(p + kx) * CB + lane], sum[p]);
                }
            }
        }
}

kernel void conv_direct_fwd(global floatb *restrict y, global const floatb *restrict x, global const float *restrict weights,
                            global const floatb *restrict bias, int blocks, int h, int w, int relu)
{
    int x0 = (int)get_global_id(0) * TX, row = (int)get_global_id(1);
    ulong o = get_global_id(2);
    if (x0 >= w || row >= h)
        return;
    floatb sum[TX];
    for (int p = 0; p < TX; p++)
        sum[p] = bias[o];
    convolve(sum, x, weights + o * blocks * 9 * CB * CB, blocks, h, w, x0, row);
    global floatb *out = y + (o * h + row) * w + x0;
    for (int p = 0; p < TX && x0 + p < w; p++)
        out[p] = relu ? fmax(sum[p], (floatb)0.0f) : sum[p];
}

/* The result is masked by [mask > 0] where masked is not 0: the gradient before the ReLU that made `mask`. */
kernel void conv_direct_bwd(global floatb *dx, global const floatb *restrict dz, global const float *restrict weights,
                            global const floatb *mask, int blocks, int h, int w, int masked)
{
    int x0 = (int)get_global_id(0) * TX, row = (int)get_global_id(1);
    ulong o = get_global_id(2);
    if (x0 >= w || row >= h)
        return;
    floatb sum[TX];
    for (int p = 0; p < TX; p++)
        sum[p] = 0.0f;
    convolve(sum, dz, weights + o * blocks * 9 * CB * CB, blocks, h, w, x0, row);
    ulong at = (o * h + row) * w + x0;
    for (int p = 0; p < TX && x0 + p < w; p++)
        dx[at + p] = masked ? relu_mask(sum[p], mask[at + p]) : sum[p];
}
