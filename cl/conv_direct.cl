/* 3x3 convolution between blocks of channels, zero padding 1, as it is written: for thin layers and as the plainest
 * check of the others. The data gradient is the same sum with kernels flipped and transposed (the host packs them so).
 * x (I, h, w) storedb; y (O, h, w) storedb; weights (O / OV, I, 3, 3, CB input lanes, OV) floatb of output lanes.
 * A register block is NR pixels of a row by OV output blocks. Work-items: first of the row's register blocks (an item
 * takes every get_global_size(0)-th), row, OV output blocks. */
#include "product.cl"

#if OV == 2 /* a pixel's value serves two products, which hides its load */
#define COLUMN(kx)                                                             \
    {                                                                          \
        floatb ua = u[((kx) * CB + k) * 2], ub = u[((kx) * CB + k) * 2 + 1];   \
        const float *v = (const float *)(line + (kx));                         \
        REPEAT_NR(PRODUCT_STEP_)                                               \
    }
#define COLUMNS                                                                \
    COLUMN(0)                                                                  \
    COLUMN(1)                                                                  \
    COLUMN(2)
#else /* three: the weights of all columns are held beside the sums */
#define SLIDE(j)                                                               \
    {                                                                          \
        floatb next = (floatb)v[((j) + 2) * CB + k];                           \
        s[j] = fma(u2, next, fma(u1, here, fma(u0, last, s[j])));              \
        last = here;                                                           \
        here = next;                                                           \
    }
#define COLUMNS                                                                \
    const float *v = (const float *)line;                                      \
    floatb u0 = u[k], u1 = u[CB + k], u2 = u[2 * CB + k];                      \
    floatb last = (floatb)v[k], here = (floatb)v[CB + k];                      \
    REPEAT_NR(SLIDE)
#endif

/* s = the sums of NR pixels from (row, x0) on. */
inline void convolve(floatb *s, global const storedb *restrict x, global const floatb *restrict weights, int blocks, int h, int w, int x0, int row)
{
    bool inside = x0 > 0 && x0 + NR < w;
    PRODUCT_ZERO
    for (int i = 0; i < blocks; i++)
        for (int ky = 0; ky < 3; ky++) {
            int yy = row + ky - 1;
            if (yy < 0 || yy >= h)
                continue;
            global const storedb *from = x + ((ulong)i * h + yy) * w;
            global const floatb *u = weights + ((ulong)i * 3 + ky) * 3 * CB * OV;
            floatb line[NR + 2];
            if (inside) {
#define COPY(j) line[j] = GET(from + x0 + (j) - 1);
                REPEAT_NR(COPY)
                COPY(NR)
                COPY(NR + 1)
            } else {
#define COPY_INSIDE(j) line[j] = x0 + (j) > 0 && x0 + (j) <= w ? GET(from + x0 + (j) - 1) : (floatb)0.0f;
                REPEAT_NR(COPY_INSIDE)
                COPY_INSIDE(NR)
                COPY_INSIDE(NR + 1)
            }
#if CB <= 4
#pragma unroll /* lanes by constants stay in registers where there are enough of them */
#endif
            for (int k = 0; k < CB; k++) {
                COLUMNS
            }
        }
}

kernel void conv_direct_fwd(global storedb *restrict y, global const storedb *restrict x, global const floatb *restrict weights,
                            global const floatb *restrict bias, int in, int out, int h, int w, int relu)
{
    int row = (int)get_global_id(1), o = (int)get_global_id(2) * OV;
    if (row >= h || o >= out)
        return;
    for (int x0 = (int)get_global_id(0) * NR; x0 < w; x0 += (int)get_global_size(0) * NR) {
        floatb s[OV * NR];
        convolve(s, x, weights + (ulong)o * in * 9 * CB, in, h, w, x0, row);
        for (int n = 0; n < OV; n++) {
            global storedb *to = y + ((ulong)(o + n) * h + row) * w + x0;
            floatb v, b = bias[o + n];
#define FORWARD(j)                                                             \
    if (x0 + (j) < w) {                                                        \
        v = s[n * NR + (j)] + b;                                               \
        PUT(to + (j), relu ? rectified(v) : v);                                \
    }
            REPEAT_NR(FORWARD)
        }
    }
}

/* The result is masked by [mask > 0] where masked is not 0: the gradient before the ReLU that made `mask`, which dx may be. */
kernel void conv_direct_bwd(global storedb *dx, global const storedb *restrict dz, global const floatb *restrict weights,
                            global const storedb *mask, int in, int out, int h, int w, int masked)
{
    int row = (int)get_global_id(1), o = (int)get_global_id(2) * OV;
    if (row >= h || o >= out)
        return;
    for (int x0 = (int)get_global_id(0) * NR; x0 < w; x0 += (int)get_global_size(0) * NR) {
        floatb s[OV * NR];
        convolve(s, dz, weights + (ulong)o * in * 9 * CB, in, h, w, x0, row);
        for (int n = 0; n < OV; n++) {
            ulong at = ((ulong)(o + n) * h + row) * w + x0;
#define BACKWARD(j)                                                            \
    if (x0 + (j) < w)                                                          \
        PUT(dx + at + (j), masked ? relu_mask(s[n * NR + (j)], GET(mask + at + (j))) : s[n * NR + (j)]);
            REPEAT_NR(BACKWARD)
        }
    }
}
