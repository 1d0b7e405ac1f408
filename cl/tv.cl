/* Total variation of a planar picture x (3, h, w) and its gradient. With dy = x[i,j] - x[i+1,j], dx = x[i,j] - x[i,j+1]:
 *   form 0, l2:    ay * sum(dy^2) + ax * sum(dx^2), each over the differences that exist
 *   form 1, l1:    ay * sum|dy| + ax * sum|dx|
 *   form 2, power: ay * sum((dy^2 + dx^2)^1.25) over i < h-1, j < w-1 */
#include "common.cl"

/* What pixel (i, j), the anchor of its differences down and right, adds to the sum. */
inline float anchor(global const float *x, int h, int w, int i, int j, int form, float ay, float ax)
{
    ulong at = (ulong)i * w + j;
    bool down = i + 1 < h, right = j + 1 < w;
    float dy = down ? x[at] - x[at + w] : 0.0f, dx = right ? x[at] - x[at + 1] : 0.0f;
    if (form == 0)
        return ay * dy * dy + ax * dx * dx;
    if (form == 1)
        return ay * fabs(dy) + ax * fabs(dx);
    if (!down || !right)
        return 0.0f;
    float s = dy * dy + dx * dx;
    return ay * s * sqrt(sqrt(s));
}

/* Work-groups: PARTIALS of RL; each takes its share of the 3 * h rows. */
kernel void tv_fwd(global float *restrict partial, int slot, global const float *restrict x, int h, int w, int form, float ay, float ax)
{
    TREE_DECLARE;
    SHARE((ulong)3 * h);
    float sum = 0.0f;
    for (ulong r = from; r < to; r++) {
        int c = (int)(r / h), i = (int)(r - (ulong)c * h);
        float line = 0.0f; /* a sum for each row first: fewer roundings */
        for (int j = (int)get_local_id(0); j < w; j += RL)
            line += anchor(x + (ulong)c * h * w, h, w, i, j, form, ay, ax);
        sum += line;
    }
    TREE_SUM(partial + slot * PARTIALS, sum);
}

/* d anchor(i, j) / d dy and d dx. */
inline float2 slopes(global const float *x, int h, int w, int i, int j, int form, float ay, float ax)
{
    ulong at = (ulong)i * w + j;
    bool down = i + 1 < h, right = j + 1 < w;
    float dy = down ? x[at] - x[at + w] : 0.0f, dx = right ? x[at] - x[at + 1] : 0.0f;
    if (form == 0)
        return (float2)(2.0f * ay * dy, 2.0f * ax * dx);
    if (form == 1)
        return (float2)(ay * sign(dy), ax * sign(dx));
    if (!down || !right)
        return (float2)(0.0f, 0.0f);
    float s = 2.5f * ay * sqrt(sqrt(dy * dy + dx * dx));
    return (float2)(s * dy, s * dx);
}

/* dx += the gradient of tv_fwd's sum. Work-items: column, row, channel. */
kernel void tv_bwd(global float *restrict dx, global const float *restrict x, int h, int w, int form, float ay, float ax)
{
    int j = (int)get_global_id(0), i = (int)get_global_id(1);
    ulong c = get_global_id(2);
    if (j >= w || i >= h)
        return;
    global const float *plane = x + c * h * w;
    float2 own = slopes(plane, h, w, i, j, form, ay, ax);
    float g = own.x + own.y;
    if (i > 0)
        g -= slopes(plane, h, w, i - 1, j, form, ay, ax).x;
    if (j > 0)
        g -= slopes(plane, h, w, i, j - 1, form, ay, ax).y;
    dx[(c * h + i) * w + j] += g;
}
