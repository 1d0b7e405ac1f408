/* Gram matrix G = F F^T of blocks of channels, and its gradient (its loss is in reduce.cl). F (B, m) storedb; matrices are (N, N) floats,
 * N = B * CB, lanes past C zero. */
#include "product.cl"

#if CB == 16
#define LANES 8 /* of block j at a time: OV * LANES sums stay in registers, of which narrower vectors have fewer */
#define REPEAT_LANES(F) REPEAT_8(F)
#elif CB >= 4
#define LANES 4
#define REPEAT_LANES(F) REPEAT_4(F)
#else
#define LANES 1
#define REPEAT_LANES(F) F(0)
#endif

#ifdef __clang__ /* says of the loop below that it is not unrolled, on stderr, where that is done by a later pass */
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

/* Number of the pair of blocks (i, j), i <= j. */
inline int pair_number(int i, int j, int blocks)
{
    return i * blocks - i * (i - 1) / 2 + j - i;
}

/* partial[chunk][pair (i, j)][k][lane] = sum over the chunk's pixels of F[i][lane] * F[j][k], for i <= j. A work-item
 * makes OV blocks i and one block j >= the first of them. Work-items: their number (fastest: all of a chunk find it in
 * cache), chunk. */
kernel void gram_fwd(global floatb *restrict partial, global const storedb *restrict f, int blocks, ulong m, ulong chunk)
{
    int rest = (int)get_global_id(0), i = 0;
    ulong c = get_global_id(1);
    while (i < blocks && rest >= blocks - i) {
        rest -= blocks - i;
        i += OV;
    }
    if (i >= blocks)
        return;
    int j = i + rest, pairs = blocks * (blocks + 1) / 2;
    ulong from = c * chunk, to = min(from + chunk, m);
    global const storedb *a = f + i * m;
    for (int lane0 = 0; lane0 < CB; lane0 += LANES) {
#ifndef HALF_STORAGE
        global const float *b = (global const float *)(f + j * m) + lane0;
#endif
        floatb s[OV * LANES];
#define ZERO(k)                                                                \
    s[k] = 0.0f;                                                               \
    s[(OV - 1) * LANES + (k)] = 0.0f;
        REPEAT_LANES(ZERO)
#pragma unroll 4 /* turns of the loop cost a tenth */
        for (ulong p = from; p < to; p++) {
            floatb va = GET(a + p);
#ifdef HALF_STORAGE
            floatb vj = GET(f + j * m + p);
            const float *b = (const float *)&vj + lane0;
#define LANE(k) b[k]
#else
#define LANE(k) b[p * CB + (k)]
#endif
#if OV == 2
            floatb vb = GET(a + m + p);
#define STEP(k)                                                                \
    {                                                                          \
        floatb t = (floatb)LANE(k);                                            \
        s[k] = fma(va, t, s[k]);                                               \
        s[LANES + (k)] = fma(vb, t, s[LANES + (k)]);                           \
    }
#else
#define STEP(k) s[k] = fma(va, (floatb)LANE(k), s[k]);
#endif
            REPEAT_LANES(STEP)
        }
        global floatb *out = partial + (c * pairs + pair_number(i, j, blocks)) * CB + lane0;
#define STORE(k) out[k] = s[k];
        REPEAT_LANES(STORE)
#if OV == 2
        if (i + 1 <= j) {
            out = partial + (c * pairs + pair_number(i + 1, j, blocks)) * CB + lane0;
#define STORE_NEXT(k) out[k] = s[LANES + (k)];
            REPEAT_LANES(STORE_NEXT)
        }
#endif
    }
}

/* gram = scale * sum over the chunks, both triangles. Work-items: lane k of block j, pair. */
kernel void gram_sum(global float *restrict gram, global const floatb *restrict partial, int blocks, int chunks, float scale)
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
    floatb v = 0.0f;
    for (int s = 0; s < chunks; s++)
        v += partial[((ulong)s * pairs + pair) * CB + k];
    v *= scale;
    *(global floatb *)(gram + (j * CB + k) * n + i * CB) = v;
    const float *lanes = (const float *)&v;
    for (int lane = 0; lane < CB; lane++)
        gram[(i * CB + lane) * n + j * CB + k] = lanes[lane];
}

/* df = slope f times [f > 0] where masked is not 0 (+ df where accumulate is not 0); slope is symmetric.
 * Work-items: OV output blocks, register block of NR pixels. The last of m >= NR pixels begins earlier and writes only its own. */
kernel void gram_bwd(global storedb *restrict df, global const float *restrict slope, global const storedb *restrict f, int blocks, ulong m,
                     int masked, int accumulate)
{
    int b = (int)get_global_id(0) * OV;
    ulong n = (ulong)blocks * CB, own = get_global_id(1) * NR, first = m < NR ? 0 : min(own, m - NR);
    if (b >= blocks)
        return;
    floatb s[OV * NR];
    PRODUCT_ZERO
    if (m >= NR)
        product_stored(s, slope + b * CB, n, f + first, m, blocks);
    else /* fewer pixels than the register block: one at a time */
        for (ulong i = 0; i < n; i++) {
            global const floatb *row = (global const floatb *)(slope + i * n + b * CB);
#define PIXEL(p)                                                               \
    if (p < m) {                                                               \
        float x = GET_LANE(f + i / CB * m + p, i % CB);                        \
        s[p] = fma(row[0], (floatb)x, s[p]);                                   \
        if (OV == 2)                                                           \
            s[(OV - 1) * NR + p] = fma(row[OV - 1], (floatb)x, s[(OV - 1) * NR + p]); \
    }
            REPEAT_NR(PIXEL)
        }
#define WRITE_ONE(p, o)                                                        \
    if (first + p >= own && first + p < m) {                                   \
        ulong at = (b + o) * m + first + p;                                    \
        floatb g = masked ? relu_mask(s[(o) * NR + p], GET(f + at)) : s[(o) * NR + p]; \
        PUT(df + at, accumulate ? GET(df + at) + g : g);                       \
    }
#define WRITE_FIRST(p) WRITE_ONE(p, 0)
#define WRITE_SECOND(p) WRITE_ONE(p, OV - 1)
    REPEAT_NR(WRITE_FIRST)
#if OV == 2
    REPEAT_NR(WRITE_SECOND)
#endif
}

/* The slope as gram_bwd_near reads it: panels (blocks / OV, N, OV) floatb of its columns. Work-items: block, row. */
kernel void gram_panels(global floatb *restrict panels, global const floatb *restrict slope, int blocks)
{
    int b = (int)get_global_id(0), row = (int)get_global_id(1);
    if (b < blocks && row < blocks * CB)
        panels[((ulong)(b / OV) * blocks * CB + row) * OV + b % OV] = slope[(ulong)row * blocks + b];
}

/* gram_bwd for devices that run one work-item a core: an item copies a strip of `tiles` register blocks to a scratch slot of
 * its own, (tiles, blocks, NR) floatb, where they lie side by side (in f the blocks of channels are far apart, often on the same
 * sets of a cache), and multiplies them with every panel. Work-items share the strips. */
kernel void gram_bwd_near(global storedb *restrict df, global const float *restrict panels, global const storedb *restrict f,
                          global floatb *restrict scratch, int blocks, ulong m, ulong strips, int tiles, int masked, int accumulate)
{
    ulong id = get_global_id(0), items = get_global_size(0), tile = (ulong)blocks * NR;
    global floatb *v = scratch + id * tiles * tile;
    for (ulong strip = id * strips / items; strip < (id + 1) * strips / items; strip++) {
        ulong own = strip * tiles * NR, count = min((ulong)tiles * NR, m - own);
        for (ulong b = 0; b < (ulong)blocks; b++)
            for (ulong t = 0, p = 0; p < count; t++)
                for (int j = 0; j < NR; j++, p++)
                    v[t * tile + b * NR + j] = p < count ? GET(f + b * m + own + p) : (floatb)0.0f;
        for (ulong b = 0; b < (ulong)blocks; b += OV)
            for (ulong first = own; first < own + count; first += NR) {
                floatb s[OV * NR];
                PRODUCT_ZERO
                product(s, panels + b * CB * blocks * CB, OV * CB, (global const float *)(v + (first - own) * blocks), NR * CB, blocks);
                REPEAT_NR(WRITE_FIRST)
#if OV == 2
                REPEAT_NR(WRITE_SECOND)
#endif
            }
    }
}
