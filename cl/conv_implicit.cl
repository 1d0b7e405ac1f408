/* 3x3 convolution, zero padding 1, as a matrix product whose first factor is never made: rows are pixels, terms (ky, kx,
 * input channel), gathered from the picture while a tile is loaded. For GPUs, and for precisions that Winograd's
 * transforms would spoil.
 * x (in, h, w) floatb; y (out, h, w) floatb; weights (3, 3, in * CB, out) floatb. With bias and ReLU (masked < 0), or the data
 * gradient, times [mask > 0] where masked > 0; y may be mask. Work-groups: TM pixels, TN output channels. */
#include "tile.cl"

/* Term k of the pixel at (row, column); with blocks of 4 channels and more, and the next three. */
inline float4 gather(global const float *x, int in, int h, int w, int row, int column, int k)
{
    int lanes = in * CB, tap = k / lanes, yy = row + tap / 3 - 1, xx = column + tap % 3 - 1;
    if (tap >= 9 || yy < 0 || yy >= h || xx < 0 || xx >= w)
        return (float4)0.0f;
#if CB >= 4
    return quad_load(x, in, (ulong)h * w, (ulong)yy * w + xx, k - tap * lanes);
#else
    return (float4)x[((ulong)(k - tap * lanes) * h + yy) * w + xx];
#endif
}

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void conv_implicit(global float *y,
                            global const float *restrict x, global const float *restrict weights, global const float *restrict bias,
                            global const float *mask, int in, int out, int h, int w, int relu, int masked)
{
    TILE_DECLARE;
    int own = TILE_OWN_ROW, m = h * w, row = own / w, column = own - row * w, terms = 9 * in * CB;
#if CB >= 4
#define LOAD_X(k) (own < m ? gather(x, in, h, w, row, column, k) : (float4)0.0f)
#else
#define LOAD_ONE(k) gather(x, in, h, w, row, column, k).x
#define LOAD_X(k) (own < m ? (float4)(LOAD_ONE(k), LOAD_ONE((k) + 1), LOAD_ONE((k) + 2), LOAD_ONE((k) + 3)) : (float4)0.0f)
#endif
#define LOAD_WEIGHTS(k, n) row_load(weights, terms, out, k, n)
    TILE_PRODUCT(terms, LOAD_X, LOAD_WEIGHTS)
#define WRITE_Y(p, c, value)                                                   \
    if (p < m) {                                                               \
        float4 v = value;                                                      \
        if (masked < 0)                                                        \
            v += quad_load(bias, out, 1, 0, c);                                \
        if (relu)                                                              \
            v = fmax(v, 0.0f);                                                 \
        if (masked > 0)                                                        \
            v = select((float4)0.0f, v, quad_load(mask, out, m, p, c) > (float4)0.0f); \
        quad_store(y, out, m, p, c, v);                                        \
    }
    TILE_STORE(WRITE_Y)
}
