/* Sums over whole tensors, each as PARTIALS partial sums in a fixed order; PARTIALS work-groups of RL work-items. */
#include "common.cl"

/* partial sums of (f - target)^2; df = factor * (f - target) times [f > 0] where masked (+ df where accumulate).
 * n storedb. */
kernel void content_loss(global float *restrict partial, int slot, global storedb *restrict df, global const storedb *restrict f,
                         global const storedb *restrict target, ulong n, float factor, int masked, int accumulate)
{
    TREE_DECLARE;
    SHARE(n);
    floatb sum = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL) {
        floatb v = GET(f + i), d = v - GET(target + i);
        sum = fma(d, d, sum);
        floatb g = masked ? relu_mask(factor * d, v) : factor * d;
        PUT(df + i, accumulate ? GET(df + i) + g : g);
    }
    TREE_SUM(partial + slot * PARTIALS, sum_lanes(sum));
}

/* partial sums of (gram - target)^2, and slope = factor * (gram - target) (+ slope where accumulate is not 0).
 * PARTIALS work-groups of RL; n = N * N / CB floatb. */
kernel void gram_loss(global float *restrict partial, int slot, global floatb *restrict slope, global const floatb *restrict gram,
                      global const floatb *restrict target, ulong n, float factor, int accumulate)
{
    TREE_DECLARE;
    SHARE(n);
    floatb sum = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL) {
        floatb d = gram[i] - target[i];
        sum = fma(d, d, sum);
        slope[i] = accumulate ? fma((floatb)factor, d, slope[i]) : factor * d;
    }
    TREE_SUM(partial + slot * PARTIALS, sum_lanes(sum));
}

/* partial sums of a * b. n floatb. */
kernel void dot_product(global float *restrict partial, int slot, global const floatb *a, global const floatb *b, ulong n)
{
    TREE_DECLARE;
    SHARE(n);
    floatb sum = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL)
        sum = fma(a[i], b[i], sum);
    TREE_SUM(partial + slot * PARTIALS, sum_lanes(sum));
}

/* partial sums of |a|. n floatb. */
kernel void sum_absolute(global float *restrict partial, int slot, global const floatb *a, ulong n)
{
    TREE_DECLARE;
    SHARE(n);
    floatb sum = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL)
        sum += fabs(a[i]);
    TREE_SUM(partial + slot * PARTIALS, sum_lanes(sum));
}

/* The largest |a| that each work-item sees, to partial[get_global_id(0)]. n storedb of an activation. */
kernel void largest(global float *restrict partial, ulong first, global const storedb *restrict a, ulong n)
{
    SHARE(n);
    floatb most = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL)
        most = fmax(most, fabs(GET(a + i)));
    const float *lanes = (const float *)&most;
    float all = lanes[0];
    for (int k = 1; k < CB; k++)
        all = fmax(all, lanes[k]);
    partial[first + get_global_id(0)] = all;
}
