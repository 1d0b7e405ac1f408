/* 3x3 convolution by Winograd's F(4x4, 3x3) in steps: input transform, a batch of FREQUENCIES matrix products, output
 * transform, for a strip of tiles at a time, which bounds V and M. The products are those of whoever is best at them:
 * CLBlast, gemm.cl, or winograd_product below for devices that run one work-item a core.
 *
 * x (I, h, w) floatb; y (O, h, w) floatb; V (FREQUENCIES, T / group, I, group) floatb of T tiles, and M likewise with O: a
 * group of 1 is a row-major matrix, of T a block of channels after another, of NR what a register block reads. Planes of V
 * and M, one a frequency, are `plane` floatb apart. The strip's tiles are the picture's from `first` on. */
#include "winograd_tile.cl"

/* V of `tiles` tiles, zero for those after them up to a whole group. Work-items: `run` tiles one after another, block. */
kernel void winograd_input(global floatb *restrict v, global const storedb *restrict x, int in, int h, int w, int first, int tiles, int group, int run,
                           ulong plane)
{
    int columns = (w + TILE - 1) / TILE, from = (int)get_global_id(0) * run, i = (int)get_global_id(1);
    int to = min(from + run, (tiles + group - 1) / group * group);
    if (i >= in)
        return;
    for (int t = from; t < to; t++) {
        global floatb *at = v + ((ulong)(t / group) * in + i) * group + t % group;
        if (t < tiles)
            input_transform(at, plane, x + (ulong)i * h * w, h, w, (first + t) / columns, (first + t) % columns);
        else
            for (int f = 0; f < FREQUENCIES; f++)
                at[f * plane] = 0.0f;
    }
}

/* y, with bias and ReLU (masked < 0) or as the data gradient, times [mask > 0] where masked > 0; y may be mask.
 * Work-items: `run` tiles one after another, block. */
kernel void winograd_output(global storedb *y, global const floatb *restrict m, global const floatb *restrict bias, global const storedb *mask, int out, int h,
                            int w, int first, int tiles, int group, int run, ulong plane, int relu, int masked)
{
    int columns = (w + TILE - 1) / TILE, from = (int)get_global_id(0) * run, o = (int)get_global_id(1), to = min(from + run, tiles);
    if (o >= out)
        return;
    floatb b = masked < 0 ? bias[o] : (floatb)0.0f;
    ulong at = (ulong)o * h * w;
    for (int t = from; t < to; t++)
        output_transform(y + at, m + ((ulong)(t / group) * out + o) * group + t % group, plane, h, w, (first + t) / columns, (first + t) % columns, b, relu,
                         mask + at, masked > 0);
}

/* M = U V in groups of NR tiles; U (FREQUENCIES, O / OV, I * CB, OV) floatb. Work-items: `run` groups one after another
 * (which find their part of U in cache), OV output blocks, frequency. */
kernel void winograd_product(global floatb *restrict m, global const float *restrict u, global const floatb *restrict v, int in, int out, int groups, int run,
                             ulong vplane, ulong mplane)
{
    int from = (int)get_global_id(0) * run, o = (int)get_global_id(1) * OV, to = min(from + run, groups);
    ulong f = get_global_id(2);
    if (o >= out)
        return;
    for (int g = from; g < to; g++) {
        floatb s[OV * NR];
        PRODUCT_ZERO
        product(s, u + (f * out + o) * in * CB * CB, OV * CB, (global const float *)(v + f * vplane + (ulong)g * in * NR), NR * CB, in);
        global floatb *at = m + f * mplane + ((ulong)g * out + o) * NR;
#define STORE(j)                                                               \
    at[j] = s[j];                                                              \
    at[(OV - 1) * NR + (j)] = s[(OV - 1) * NR + (j)];
        REPEAT_NR(STORE)
    }
}
