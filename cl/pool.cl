/* 2x2 pooling, stride 2, over blocks of channels. x (B, h, w), y (B, oh, ow) floatb; oh = h/2 rounded down or up, in
 * which case the last window holds only what exists and an average divides by that count.
 * Work-items: output column, output row, block. */
#include "common.cl"

kernel void pool_max_fwd(global floatb *restrict y, global const floatb *restrict x, int h, int w, int oh, int ow)
{
    int ox = (int)get_global_id(0), oy = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (ox >= ow || oy >= oh)
        return;
    global const floatb *p = x + (b * h + 2 * oy) * w + 2 * ox;
    floatb v = p[0];
    if (2 * ox + 1 < w)
        v = fmax(v, p[1]);
    if (2 * oy + 1 < h) {
        v = fmax(v, p[w]);
        if (2 * ox + 1 < w)
            v = fmax(v, p[w + 1]);
    }
    y[(b * oh + oy) * ow + ox] = v;
}

kernel void pool_average_fwd(global floatb *restrict y, global const floatb *restrict x, int h, int w, int oh, int ow)
{
    int ox = (int)get_global_id(0), oy = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (ox >= ow || oy >= oh)
        return;
    global const floatb *p = x + (b * h + 2 * oy) * w + 2 * ox;
    int nx = 2 * ox + 1 < w ? 2 : 1, ny = 2 * oy + 1 < h ? 2 : 1;
    floatb v = p[0];
    if (nx == 2)
        v += p[1];
    if (ny == 2) {
        v += p[w];
        if (nx == 2)
            v += p[w + 1];
    }
    y[(b * oh + oy) * ow + ox] = v / (float)(nx * ny);
}

/* dx = gradient of pool_max_fwd times [x > 0] (x is a ReLU's output). The first of equal maxima takes it, in the
 * order of rows, as the peers do. Work-items: input column, input row, block. */
kernel void pool_max_bwd(global floatb *restrict dx, global const floatb *restrict dy, global const floatb *restrict x, int h, int w, int oh, int ow)
{
    int ix = (int)get_global_id(0), iy = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (ix >= w || iy >= h)
        return;
    int ox = ix / 2, oy = iy / 2;
    floatb g = 0.0f;
    if (ox < ow && oy < oh) {
        global const floatb *p = x + b * h * w;
        floatb mine = p[(ulong)iy * w + ix];
        g = relu_mask(dy[(b * oh + oy) * ow + ox], mine);
        for (int k = 0; k < 4; k++) {
            int jx = 2 * ox + (k & 1), jy = 2 * oy + (k >> 1);
            if (jx >= w || jy >= h || (jx == ix && jy == iy))
                continue;
            floatb other = p[(ulong)jy * w + jx];
            bool before = jy < iy || (jy == iy && jx < ix);
            g = before ? select(g, (floatb)0.0f, other >= mine) : select(g, (floatb)0.0f, other > mine);
        }
    }
    dx[(b * h + iy) * w + ix] = g;
}

kernel void pool_average_bwd(global floatb *restrict dx, global const floatb *restrict dy, global const floatb *restrict x, int h, int w, int oh, int ow)
{
    int ix = (int)get_global_id(0), iy = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (ix >= w || iy >= h)
        return;
    int ox = ix / 2, oy = iy / 2;
    floatb g = 0.0f;
    if (ox < ow && oy < oh) {
        int nx = 2 * ox + 1 < w ? 2 : 1, ny = 2 * oy + 1 < h ? 2 : 1;
        g = relu_mask(dy[(b * oh + oy) * ow + ox], x[(b * h + iy) * w + ix]) / (float)(nx * ny);
    }
    dx[(b * h + iy) * w + ix] = g;
}
