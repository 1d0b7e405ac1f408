/* 2x2 pooling, stride 2, over blocks of channels. x (B, h, w), y (B, oh, ow) storedb; oh = h/2 rounded down or up, in
 * which case the last window holds only what exists and an average divides by that count.
 * Work-items: output column, output row, block. */
#include "common.cl"

kernel void pool_max_fwd(global storedb *restrict y, global const storedb *restrict x, int h, int w, int oh, int ow)
{
    int ox = (int)get_global_id(0), oy = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (ox >= ow || oy >= oh)
        return;
    global const storedb *p = x + (b * h + 2 * oy) * w + 2 * ox;
    floatb v = GET(p);
    if (2 * ox + 1 < w)
        v = larger(v, GET(p + 1));
    if (2 * oy + 1 < h) {
        v = larger(v, GET(p + w));
        if (2 * ox + 1 < w)
            v = larger(v, GET(p + w + 1));
    }
    PUT(y + (b * oh + oy) * ow + ox, v);
}

kernel void pool_average_fwd(global storedb *restrict y, global const storedb *restrict x, int h, int w, int oh, int ow)
{
    int ox = (int)get_global_id(0), oy = (int)get_global_id(1);
    ulong b = get_global_id(2);
    if (ox >= ow || oy >= oh)
        return;
    global const storedb *p = x + (b * h + 2 * oy) * w + 2 * ox;
    int nx = 2 * ox + 1 < w ? 2 : 1, ny = 2 * oy + 1 < h ? 2 : 1;
    floatb v = GET(p);
    if (nx == 2)
        v += GET(p + 1);
    if (ny == 2) {
        v += GET(p + w);
        if (nx == 2)
            v += GET(p + w + 1);
    }
    PUT(y + (b * oh + oy) * ow + ox, v / (float)(nx * ny));
}

/* dx = gradient of pool_max_fwd times [x > 0] (x is a ReLU's output). The first of equal maxima takes it, in the
 * order of rows, as the peers do. A work-item has a window, or what is left of one at a border that the pooling leaves out
 * (its gradient is 0), so that dx may be x. Work-items: column of windows, row of windows, block. */
kernel void pool_max_bwd(global storedb *dx, global const storedb *restrict dy, global const storedb *x, int h, int w, int oh, int ow)
{
    int ox = (int)get_global_id(0), oy = (int)get_global_id(1);
    ulong b = get_global_id(2), at = (b * h + 2 * oy) * w + 2 * ox;
    if (2 * ox >= w || 2 * oy >= h)
        return;
    bool right = 2 * ox + 1 < w, below = 2 * oy + 1 < h;
    const floatb zero = 0.0f, none = -1.0f;
    floatb g = ox < ow && oy < oh ? GET(dy + (b * oh + oy) * ow + ox) : zero;
    floatb v0 = GET(x + at), v1 = right ? GET(x + at + 1) : none, v2 = below ? GET(x + at + w) : none, v3 = right && below ? GET(x + at + w + 1) : none;
    floatb most = fmax(fmax(v0, v1), fmax(v2, v3));
    PUT(dx + at, relu_mask(select(zero, g, v0 >= most), v0));
    g = select(g, zero, v0 >= most);
    if (right)
        PUT(dx + at + 1, relu_mask(select(zero, g, v1 >= most), v1));
    g = select(g, zero, v1 >= most);
    if (below)
        PUT(dx + at + w, relu_mask(select(zero, g, v2 >= most), v2));
    g = select(g, zero, v2 >= most);
    if (right && below)
        PUT(dx + at + w + 1, relu_mask(select(zero, g, v3 >= most), v3));
}

kernel void pool_average_bwd(global storedb *dx, global const storedb *restrict dy, global const storedb *x, int h, int w, int oh, int ow)
{
    int ox = (int)get_global_id(0), oy = (int)get_global_id(1);
    ulong b = get_global_id(2), at = (b * h + 2 * oy) * w + 2 * ox;
    if (2 * ox >= w || 2 * oy >= h)
        return;
    bool right = 2 * ox + 1 < w, below = 2 * oy + 1 < h;
    floatb g = ox < ow && oy < oh ? GET(dy + (b * oh + oy) * ow + ox) / (float)((right ? 2 : 1) * (below ? 2 : 1)) : (floatb)0.0f;
    PUT(dx + at, relu_mask(g, GET(x + at)));
    if (right)
        PUT(dx + at + 1, relu_mask(g, GET(x + at + 1)));
    if (below)
        PUT(dx + at + w, relu_mask(g, GET(x + at + w)));
    if (right && below)
        PUT(dx + at + w + 1, relu_mask(g, GET(x + at + w + 1)));
}
