/* Sums over whole tensors, each as PARTIALS partial sums in a fixed order; PARTIALS work-groups of RL work-items. */
#include "common.cl"

/* partial sums of (f - target)^2; df = factor * (f - target) times [f > 0] where masked (+ df where accumulate).
 * n floatb. */
kernel void content_loss(global float *restrict partial, int slot, global floatb *restrict df, global const floatb *restrict f,
                         global const floatb *restrict target, ulong n, float factor, int masked, int accumulate)
{
    TREE_DECLARE;
    SHARE(n);
    floatb sum = 0.0f;
    for (ulong i = from + get_local_id(0); i < to; i += RL) {
        floatb d = f[i] - target[i];
        sum = fma(d, d, sum);
        floatb g = masked ? relu_mask(factor * d, f[i]) : factor * d;
        df[i] = accumulate ? df[i] + g : g;
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
