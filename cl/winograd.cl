/* 3x3 convolution, zero padding 1, by Winograd's F(2x2, 3x3), F(4x4, 3x3) or F(6x6, 3x3), all in one kernel: a
 * work-item takes batches of tiles of TILE x TILE outputs through input transform, FREQUENCIES products and output
 * transform, in a scratch slot of its own that stays in cache. The tiles are dealt evenly to groups of at most NR, the
 * groups to batches of at most `most`, the batches to the work-items. One that is done with its own draws those that
 * others have left, so that all end together whatever else a core has to do (more items, for the runtime to deal out,
 * would want as many slots): next_batch (items, APART) counts what is drawn of each one's, 0 before and after. The
 * weights of OV output blocks pass by but once a batch, frequency by frequency, each panel fetched while the one before
 * is at work, and their tiles are done with at once: what is between the transforms is V alone. For devices that run one
 * work-item a core; no local memory, no barriers.
 *
 * x (I, h, w) storedb; y (O, h, w) storedb; U (FREQUENCIES, O / OV, I * CB, OV) floatb of output lanes. In a slot:
 * V (FREQUENCIES, most, I, NR) floatb, each plane one floatb longer so that the planes do not fall on the same cache
 * sets; then M (FREQUENCIES, OV, most * NR) floatb, likewise. */
#include "winograd_tile.cl"
#include "fetch.cl"

#define APART 16 /* so that counters do not share a line of the caches */

#ifndef PRODUCTS
#define PRODUCTS 1 /* how often the products are made, for telling their time from the transforms' */
#endif

/* product() of a panel, which fetches `lines` lines of another from `next` on with each block. */
INLINE void product_fetching(floatb *s, global const float *u, global const float *v, int blocks, global const float *next, int lines)
{
    const ulong ustride = OV * CB;
    for (int i = 0; i < blocks; i++) {
        for (int line = 0; line < lines; line++) {
            fetch(next);
            next += LINE;
        }
        PRODUCT_LANES_
        v += NR * CB;
    }
}

/* y may be mask. */
kernel void winograd_conv(global storedb *y, global const storedb *restrict x, global const float *restrict u, global const floatb *restrict bias,
                          global const storedb *mask, global floatb *restrict scratch, volatile global int *next_batch, int in, int out, int h, int w,
                          int groups, int batches, int most, int relu, int masked)
{
    int columns = (w + TILE - 1) / TILE, tiles = columns * ((h + TILE - 1) / TILE), batch = NR * most;
    ulong vplane = (ulong)batch * in + 1, mplane = (ulong)batch * OV + 1;
    global floatb *v = scratch + get_global_id(0) * FREQUENCIES * (vplane + mplane), *m = v + FREQUENCIES * vplane;
    int items = (int)get_global_size(0);
    for (int k = 0; k < items;) {
        int whose = ((int)get_global_id(0) + k) % items, from_batch = (int)((long)whose * batches / items);
        int count = (int)((long)(whose + 1) * batches / items) - from_batch, drawn = atomic_inc(next_batch + whose * APART);
        if (drawn >= count) {
            if (drawn == count + items - 1) /* each item draws one too many, this one last */
                atomic_xchg(next_batch + whose * APART, 0);
            k++;
            continue;
        }
        int first = (int)((long)(from_batch + drawn) * groups / batches);
        int now = (int)((long)(from_batch + drawn + 1) * groups / batches) - first; /* groups; group g has the tiles from g * tiles / groups on */
        for (int i = 0; i < in; i++)
            for (int g = 0; g < now; g++) {
                int from = (int)((long)(first + g) * tiles / groups), to = (int)((long)(first + g + 1) * tiles / groups);
                global floatb *vg = v + ((ulong)g * in + i) * NR;
                for (int t = from; t < to; t++)
                    input_transform(vg + t - from, vplane, x + (ulong)i * h * w, h, w, t / columns, t % columns);
                for (int t = to - from; t < NR; t++)
                    for (int f = 0; f < FREQUENCIES; f++)
                        vg[f * vplane + t] = 0.0f;
            }
        /* Each group fetches its part of the next panel: so many lines a block. A single group would have to fetch as many as it reads. */
        int need = OV * CB * CB / LINE, lines = now > 1 ? (need + now - 1) / now : 0;
        for (int o = 0; o < out; o += OV) {
            for (int r = 0; r < PRODUCTS * FREQUENCIES; r++) {
                int f = PRODUCTS == 1 ? r : r % FREQUENCIES;
                ulong panel = (ulong)OV * CB * CB * in, panels = (ulong)(out / OV), at = (ulong)f * panels + o / OV;
                global const float *uf = u + at * panel;
                global const float *next = u + (f + 1 < FREQUENCIES ? at + panels : o + OV < out ? (ulong)(o / OV + 1) : 0) * panel;
                for (int g = 0; g < now; g++) {
                    floatb s[OV * NR];
                    PRODUCT_ZERO
                    product_fetching(s, uf, (global const float *)(v + f * vplane + (ulong)g * in * NR), in, next + (ulong)g * in * lines * LINE,
                                     g * lines < need ? lines : 0);
                    global floatb *to = m + f * mplane + g * NR;
#define STORE(j)                                                               \
    to[j] = s[j];                                                              \
    to[(OV - 1) * batch + (j)] = s[(OV - 1) * NR + (j)];
                    REPEAT_NR(STORE)
                }
            }
            for (int n = 0; n < OV; n++) {
                floatb b = masked < 0 ? bias[o + n] : (floatb)0.0f;
                ulong at = (ulong)(o + n) * h * w;
                for (int g = 0; g < now; g++) {
                    int from = (int)((long)(first + g) * tiles / groups), to = (int)((long)(first + g + 1) * tiles / groups);
                    global const floatb *mg = m + n * batch + g * NR;
                    for (int t = from; t < to; t++)
                        output_transform(y + at, mg + t - from, mplane, h, w, t / columns, t % columns, b, relu, mask + at, masked > 0);
                }
            }
        }
    }
}
