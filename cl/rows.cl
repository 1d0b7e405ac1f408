/* Between blocks of channels and the row-major matrices that GEMM wants: a matrix has one row a pixel. A strip of
 * pixels [m0, m0 + count) is converted at a time, to bound the scratch memory. */
#include "common.cl"

/* rows (count, c) from x (B, m) storedb. Work-items: block, pixel of the strip. */
kernel void rows_pack(global float *restrict rows, global const storedb *restrict x, int c, ulong m, ulong m0, ulong count)
{
    int b = (int)get_global_id(0);
    ulong p = get_global_id(1);
    if (b * CB >= c || p >= count)
        return;
    for (int k = 0; k < CB && b * CB + k < c; k++)
        rows[p * c + b * CB + k] = GET_LANE(x + b * m + m0 + p, k);
}

/* rows (count, 9 * blocks * CB): the 3x3 neighbourhood of each pixel, ordered (ky, kx, channel). x (B, h, w) storedb.
 * Work-items: tap * blocks + block, pixel of the strip. */
kernel void rows_im2col(global floatb *restrict rows, global const storedb *restrict x, int blocks, int h, int w, ulong m0, ulong count)
{
    int j = (int)get_global_id(0);
    ulong p = get_global_id(1);
    if (j >= 9 * blocks || p >= count)
        return;
    int tap = j / blocks, b = j - tap * blocks;
    int row = (int)((m0 + p) / w), col = (int)((m0 + p) - (ulong)row * w);
    int yy = row + tap / 3 - 1, xx = col + tap % 3 - 1;
    bool inside = yy >= 0 && yy < h && xx >= 0 && xx < w;
    rows[p * 9 * blocks + j] = inside ? GET(x + ((ulong)b * h + yy) * w + xx) : (floatb)0.0f;
}

/* y = act(rows + bias); rows (count, blocks) floatb. Work-items: block, pixel of the strip. */
kernel void rows_unpack_fwd(global storedb *restrict y, global const floatb *restrict rows, global const floatb *restrict bias,
                            int blocks, ulong m, ulong m0, ulong count, int relu)
{
    int b = (int)get_global_id(0);
    ulong p = get_global_id(1);
    if (b >= blocks || p >= count)
        return;
    floatb v = rows[p * blocks + b] + bias[b];
    PUT(y + b * m + m0 + p, relu ? rectified(v) : v);
}

/* dx = rows * [mask > 0] (+ dx where accumulate is not 0); rows (count, c) floats, c may end within a block. dx may be
 * mask. */
kernel void rows_unpack_bwd(global storedb *dx, global const float *restrict rows, global const storedb *mask,
                            int c, ulong m, ulong m0, ulong count, int masked, int accumulate)
{
    int b = (int)get_global_id(0);
    ulong p = get_global_id(1);
    if (b * CB >= c || p >= count)
        return;
    ulong at = b * m + m0 + p;
    for (int k = 0; k < CB; k++) {
        float v = b * CB + k < c ? rows[p * c + b * CB + k] : 0.0f;
        if (masked && !(GET_LANE(mask + at, k) > 0.0f))
            v = 0.0f;
        PUT_LANE(dx + at, k, accumulate ? GET_LANE(dx + at, k) + v : v);
    }
}
