/* Optimiser steps over vectors of n floatb (padding zero stays zero). One work-item a floatb. */
#include "common.cl"

/* Adam. m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; x -= rate * m / (sqrt(v * vscale) + eps), then into lo..hi
 * where lo < hi. TensorFlow's form: rate = lr sqrt(1 - b2^t) / (1 - b1^t), vscale 1. PyTorch's form (Kingma and Ba,
 * algorithm 1): rate = lr / (1 - b1^t), vscale = 1 / (1 - b2^t). */
kernel void adam_step(global floatb *restrict x, global floatb *restrict m, global floatb *restrict v, global const floatb *restrict g,
                      ulong n, float b1, float b2, float rate, float vscale, float eps)
{
    ulong i = get_global_id(0);
    if (i >= n)
        return;
    floatb gi = g[i];
    floatb mi = fma((floatb)b1, m[i], (1.0f - b1) * gi);
    floatb vi = fma((floatb)b2, v[i], (1.0f - b2) * gi * gi);
    m[i] = mi;
    v[i] = vi;
    x[i] -= rate * mi / (sqrt(vi * vscale) + eps);
}

/* y = x + t * d */
kernel void step_to(global floatb *restrict y, global const floatb *restrict x, global const floatb *restrict d, ulong n, float t)
{
    ulong i = get_global_id(0);
    if (i < n)
        y[i] = fma((floatb)t, d[i], x[i]);
}

/* The pair of an accepted step: s = t * d, y = g - g_old (g_old may be y itself). */
kernel void lbfgs_pair(global floatb *restrict s, global floatb *y, global const floatb *restrict d, global const floatb *restrict g,
                       global const floatb *g_old, ulong n, float t)
{
    ulong i = get_global_id(0);
    if (i < n) {
        s[i] = t * d[i];
        y[i] = g[i] - g_old[i];
    }
}
