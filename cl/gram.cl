/* Gram matrix G = F F^T of blocks of channels, its loss, and its gradient. F (B, m) floatb; matrices are (N, N) floats,
 * N = B * CB, lanes past C zero. */
#include "common.cl"

#ifndef TX
#define TX 8 /* pixels a work-item of gram_bwd makes */
#endif

/* partial[chunk][pair][k][lane] = sum over the chunk's pixels of F[i][lane] * F[j][k], pair = (i, j), i <= j.
 * Work-items: pair (fastest: the pairs of a chunk find it in cache), chunk. Which pair: row i of the upper triangle
 * begins at i * (2 * blocks - i + 1) / 2. */
kernel void gram_fwd(global floatb *restrict partial, global const floatb *restrict f, int blocks, ulong m, ulong chunk)
{
    int pair = (int)get_global_id(0), pairs = blocks * (blocks + 1) / 2;
    ulong s = get_global_id(1);
    if (pair >= pairs)
        return;
    int i = 0, rest = pair;
    while (rest >= blocks - i) {
        rest -= blocks - i;
        i++;
    }
    int j = i + rest;
    ulong from = s * chunk, to = min(from + chunk, m);
    floatb sum[CB];
    for (int k = 0; k < CB; k++)
        sum[k] = 0.0f;
    global const floatb *a = f + i * m;
    global const float *b = (global const float *)(f + j * m);
    for (ulong p = from; p < to; p++) {
        floatb v = a[p];
        for (int k = 0; k < CB; k++)
            sum[k] = fma(v, (floatb)b[p * CB + k], sum[k]);
    }
    global floatb *out = partial + (s * pairs + pair) * CB;
    for (int k = 0; k < CB; k++)
        out[k] = sum[k];
}

/* gram = scale * sum over the chunks, both triangles. Work-items: lane k of block j, pair. */
kernel void gram_sum(global float *restrict gram, global const float *restrict partial, int blocks, int chunks, float scale)
{
    int k = (int)get_global_id(0), pair = (int)get_global_id(1), pairs = blocks * (blocks + 1) / 2;
    if (k >= CB || pair >= pairs)
        return;
    int i = 0, rest = pair;
    while (rest >= blocks - i) {
        rest -= blocks - i;
        i++;
    }
    int j = i + rest;
    ulong n = (ulong)blocks * CB;
    for (int lane = 0; lane < CB; lane++) {
        float v = 0.0f;
        for (int s = 0; s < chunks; s++)
            v += partial[(((ulong)s * pairs + pair) * CB + k) * CB + lane];
        v *= scale;
        gram[(i * CB + lane) * n + j * CB + k] = v;
        gram[(j * CB + k) * n + i * CB + lane] = v;
    }
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

/* df = slope f times [f > 0] where masked is not 0 (+ df where accumulate is not 0); slope is symmetric.
 * Work-items: tile of TX pixels, block. */
kernel void gram_bwd(global floatb *restrict df, global const float *restrict slope, global const floatb *restrict f,
                     int blocks, ulong m, int masked, int accumulate)
{
    ulong p0 = get_global_id(0) * TX;
    int b = (int)get_global_id(1);
    if (p0 >= m)
        return;
    floatb sum[TX];
    for (int p = 0; p < TX; p++)
        sum[p] = 0.0f;
    ulong n = (ulong)blocks * CB;
    for (int j = 0; j < blocks; j++) {
        floatb v[TX];
        for (int p = 0; p < TX; p++)
            v[p] = p0 + p < m ? f[j * m + p0 + p] : (floatb)0.0f;
        const float *s = (const float *)v;
        for (int k = 0; k < CB; k++) {
            floatb a = *(global const floatb *)(slope + (j * CB + k) * n + b * CB);
            for (int p = 0; p < TX; p++)
                sum[p] = fma(a, (floatb)s[p * CB + k], sum[p]);
        }
    }
    for (int p = 0; p < TX && p0 + p < m; p++) {
        ulong at = b * m + p0 + p;
        floatb g = masked ? relu_mask(sum[p], f[at]) : sum[p];
        df[at] = accumulate ? df[at] + g : g;
    }
}
