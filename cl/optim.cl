/* Optimiser steps over vectors of n floatb (padding zero stays zero). One work-item a floatb. */
#include "common.cl"

/* Adam. m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; x -= rate * m / (sqrt(v * vscale) + eps). TensorFlow's form: rate =
 * lr sqrt(1 - b2^t) / (1 - b1^t), vscale 1. PyTorch's form (Kingma and Ba, algorithm 1): rate = lr / (1 - b1^t), vscale = 1 / (1 - b2^t). */
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

/* y = x + t * d; y may be x. */
kernel void step_to(global floatb *y, global const floatb *x, global const floatb *restrict d, ulong n, float t)
{
    ulong i = get_global_id(0);
    if (i < n)
        y[i] = fma((floatb)t, d[i], x[i]);
}

/* L-BFGS's vectors s and y, two a pair and many: bfloat16, the upper half of a float, rounded to even, or with PAIR_BITS 32 floats. */
#ifndef PAIR_BITS
#define PAIR_BITS 16
#endif
#if PAIR_BITS == 32
typedef floatb pairb;
#define WIDENED(v) (v)
#define NARROWED(v) (v)
#else
#if CB == 1
#define LANES(name) name
#else
#define LANES(name) JOINED(name, CB)
#define JOINED(name, n) JOIN(name, n)
#define JOIN(name, n) name##n
#endif
typedef LANES(ushort) pairb;
#define BITS(v) LANES(as_uint)(v)
#define WIDENED(v) LANES(as_float)(LANES(convert_uint)(v) << 16)
#define NARROWED(v) LANES(convert_ushort)((BITS(v) + 0x7fffu + (BITS(v) >> 16 & 1u)) >> 16)
#endif

/* The pair of an accepted step: s = t * d, y = g - g_old. */
kernel void lbfgs_pair(global pairb *restrict s, global pairb *restrict y, global const floatb *restrict d, global const floatb *restrict g,
                       global const floatb *restrict g_old, ulong n, float t)
{
    ulong i = get_global_id(0);
    if (i < n) {
        s[i] = NARROWED(t * d[i]);
        y[i] = NARROWED(g[i] - g_old[i]);
    }
}

/* q = v. */
kernel void lbfgs_widen(global floatb *restrict q, global const pairb *restrict v, ulong n)
{
    ulong i = get_global_id(0);
    if (i < n)
        q[i] = WIDENED(v[i]);
}

inline float slot_sum(global const float *sums, int slot)
{
    float v = 0.0f;
    for (int i = 0; i < PARTIALS; i++)
        v += sums[slot * PARTIALS + i];
    return v;
}

/* One step of the two-loop recursion: q += (ca * sum[a] + cb * sum[b]) * v, then sum[out] = w . q with the new q; the
 * scalars never leave the device. Where a factor is 0 its slot is not read. PARTIALS work-groups of RL. */
kernel void lbfgs_update(global float *sums, int out, global floatb *q, global const pairb *v, global const pairb *w, ulong n, int a, float ca,
                         int b, float cb)
{
    TREE_DECLARE;
    SHARE(n);
    floatb c = (ca == 0.0f ? 0.0f : ca * slot_sum(sums, a)) + (cb == 0.0f ? 0.0f : cb * slot_sum(sums, b));
    floatb sum = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL) {
        floatb x = fma(c, WIDENED(v[i]), q[i]);
        q[i] = x;
        sum = fma(WIDENED(w[i]), x, sum);
    }
    TREE_SUM(sums + out * PARTIALS, sum_lanes(sum));
}

/* q *= c / sum[a]. PARTIALS work-groups of RL. */
kernel void lbfgs_scale(global const float *restrict sums, global floatb *restrict q, ulong n, int a, float c)
{
    SHARE(n);
    floatb factor = c / slot_sum(sums, a);
    for (ulong i = from + get_local_id(0); i < to; i += RL)
        q[i] *= factor;
}
