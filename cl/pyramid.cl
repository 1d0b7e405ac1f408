/* Two steps of a picture pyramid, planar (3, h, w), with the filter [1 3 3 1] / 8 per axis, zero outside: down, and up,
 * which is down's adjoint times 4 (bilinear interpolation, gain 1). The coarse size is (h + 1) / 2, (w + 1) / 2. */
#include "common.cl"

/* y[i, j] = sum over a, b of k[a] k[b] x[2i - 1 + a, 2j - 1 + b]. Work-items: coarse column, row, channel. */
kernel void pyramid_down(global float *restrict y, global const float *restrict x, int h, int w)
{
    const float k[4] = {0.125f, 0.375f, 0.375f, 0.125f};
    int j = (int)get_global_id(0), i = (int)get_global_id(1), ch = (h + 1) / 2, cw = (w + 1) / 2;
    ulong c = get_global_id(2);
    if (j >= cw || i >= ch)
        return;
    float sum = 0.0f;
    for (int a = 0; a < 4; a++) {
        int yy = 2 * i - 1 + a;
        if (yy < 0 || yy >= h)
            continue;
        for (int b = 0; b < 4; b++) {
            int xx = 2 * j - 1 + b;
            if (xx >= 0 && xx < w)
                sum = fma(k[a] * k[b], x[(c * h + yy) * w + xx], sum);
        }
    }
    y[(c * ch + i) * cw + j] = sum;
}

/* x += weight * 4 * down^T y: fine position 2i + p is made of coarse i (3/4) and i - 1 or i + 1 (1/4). Work-items:
 * fine column, row, channel. */
kernel void pyramid_up(global float *restrict x, global const float *restrict y, int h, int w, float weight)
{
    int j = (int)get_global_id(0), i = (int)get_global_id(1), ch = (h + 1) / 2, cw = (w + 1) / 2;
    ulong c = get_global_id(2);
    if (j >= w || i >= h)
        return;
    int near_i = i / 2, far_i = i & 1 ? near_i + 1 : near_i - 1, near_j = j / 2, far_j = j & 1 ? near_j + 1 : near_j - 1;
    global const float *p = y + c * ch * cw;
    bool has_i = far_i >= 0 && far_i < ch, has_j = far_j >= 0 && far_j < cw;
    float a = 0.75f * p[near_i * cw + near_j] + (has_j ? 0.25f * p[near_i * cw + far_j] : 0.0f);
    float b = !has_i ? 0.0f : 0.75f * p[far_i * cw + near_j] + (has_j ? 0.25f * p[far_i * cw + far_j] : 0.0f);
    ulong at = (c * h + i) * w + j;
    x[at] = fma(weight, 0.75f * a + 0.25f * b, x[at]);
}
