/* Operations that touch each element once. One work-item a floatb; sizes in floatb. */
#include "common.cl"

kernel void relu_fwd(global storedb *restrict y, global const storedb *restrict x, ulong n)
{
    ulong i = get_global_id(0);
    if (i < n)
        PUT(y + i, rectified(GET(x + i)));
}

kernel void fill(global float *y, ulong n, float value)
{
    ulong i = get_global_id(0);
    if (i < n)
        y[i] = value;
}

/* y = a * x + b * y; y is not read where b is 0, so that it may hold anything. */
kernel void axpby(global floatb *y, global const floatb *x, ulong n, float a, float b)
{
    ulong i = get_global_id(0);
    if (i < n)
        y[i] = b == 0.0f ? a * x[i] : fma((floatb)a, x[i], b * y[i]);
}

/* (C, H*W) planes to blocks of channels, lanes past C zero. One work-item a pixel and block. */
kernel void blocks_from_planes(global storedb *restrict y, global const float *restrict x, int c, ulong m)
{
    ulong p = get_global_id(0);
    int b = (int)get_global_id(1);
    if (p >= m)
        return;
    for (int k = 0; k < CB; k++) {
        int channel = b * CB + k;
        PUT_LANE(y + b * m + p, k, channel < c ? x[channel * m + p] : 0.0f);
    }
}

kernel void planes_from_blocks(global float *restrict y, global const storedb *restrict x, int c, ulong m)
{
    ulong p = get_global_id(0);
    int b = (int)get_global_id(1);
    if (p >= m)
        return;
    for (int k = 0; k < CB; k++) {
        int channel = b * CB + k;
        if (channel < c)
            y[channel * m + p] = GET_LANE(x + b * m + p, k);
    }
}
