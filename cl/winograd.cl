/* 3x3 convolution, zero padding 1, by Winograd's F(4x4, 3x3) or F(6x6, 3x3) (Lavin and Gray, 2015), all in one kernel: a
 * work-item takes batches of tiles of TILE x TILE outputs through input transform, FREQUENCIES products and output
 * transform, in a scratch slot of its own that stays in cache. The tiles are dealt evenly to groups of at most NR, the
 * groups to the work-items, which take `most` groups at a time. For devices that run one work-item a core; no local
 * memory, no barriers.
 *
 * x (I, h, w) floatb; y (O, h, w) floatb; U (FREQUENCIES, O / OV, I * CB, OV) floatb of output lanes. In a slot:
 * V (FREQUENCIES, most, I, NR) floatb, each plane one floatb longer so that the planes do not fall on the same cache
 * sets; then M (FREQUENCIES, O, most * NR) floatb, likewise. */
#include "product.cl"

#ifndef TILE
#define TILE 4 /* outputs a side: 4 or 6 */
#endif
#ifndef PRODUCTS
#define PRODUCTS 1 /* how often the products are made, for telling their time from the transforms' */
#endif
#define POINTS (TILE + 2)
#define FREQUENCIES (POINTS * POINTS)

/* One row of B^T d, d[k] at (d)[k * ds], to (o)[k * os]; and one of A^T m. */
#if TILE == 4 /* points 0, 1, -1, 2, -2, infinity */
#define INPUT_ROW(o, os, d, ds)                                                \
    do {                                                                       \
        floatb d1_ = (d)[(ds)], d2_ = (d)[2 * (ds)], d3_ = (d)[3 * (ds)], d4_ = (d)[4 * (ds)]; \
        floatb a_ = fma((floatb)-4.0f, d2_, d4_), b_ = fma((floatb)-4.0f, d1_, d3_); \
        floatb c_ = d4_ - d2_, e_ = 2.0f * (d3_ - d1_);                        \
        (o)[0] = fma((floatb)4.0f, (d)[0], fma((floatb)-5.0f, d2_, d4_));      \
        (o)[(os)] = a_ + b_;                                                   \
        (o)[2 * (os)] = a_ - b_;                                               \
        (o)[3 * (os)] = c_ + e_;                                               \
        (o)[4 * (os)] = c_ - e_;                                               \
        (o)[5 * (os)] = fma((floatb)4.0f, d1_, fma((floatb)-5.0f, d3_, (d)[5 * (ds)])); \
    } while (0)
#define OUTPUT_ROW(o, os, m, ms)                                               \
    do {                                                                       \
        floatb m1_ = (m)[(ms)], m2_ = (m)[2 * (ms)], m3_ = (m)[3 * (ms)], m4_ = (m)[4 * (ms)]; \
        floatb a_ = m1_ + m2_, b_ = m1_ - m2_, c_ = m3_ + m4_, d_ = m3_ - m4_; \
        (o)[0] = (m)[0] + a_ + c_;                                             \
        (o)[(os)] = fma((floatb)2.0f, d_, b_);                                 \
        (o)[2 * (os)] = fma((floatb)4.0f, c_, a_);                             \
        (o)[3 * (os)] = fma((floatb)8.0f, d_, b_) + (m)[5 * (ms)];             \
    } while (0)
#else /* points 0, 1, -1, 2, -2, 1/2, -1/2, infinity */
#define INPUT_ROW(o, os, d, ds)                                                \
    do {                                                                       \
        floatb d1_ = (d)[(ds)], d2_ = (d)[2 * (ds)], d3_ = (d)[3 * (ds)], d4_ = (d)[4 * (ds)], d5_ = (d)[5 * (ds)], d6_ = (d)[6 * (ds)]; \
        (o)[0] = fma((floatb)5.25f, d4_ - d2_, (d)[0] - d6_);                  \
        (o)[7 * (os)] = fma((floatb)5.25f, d3_ - d5_, (d)[7 * (ds)] - d1_);    \
        floatb a_ = fma((floatb)-4.25f, d4_, d2_ + d6_), b_ = fma((floatb)-4.25f, d3_, d1_ + d5_); \
        (o)[(os)] = a_ + b_;                                                   \
        (o)[2 * (os)] = a_ - b_;                                               \
        a_ = fma((floatb)0.25f, d2_, fma((floatb)-1.25f, d4_, d6_));           \
        b_ = fma((floatb)0.5f, d1_, fma((floatb)-2.5f, d3_, 2.0f * d5_));      \
        (o)[3 * (os)] = a_ + b_;                                               \
        (o)[4 * (os)] = a_ - b_;                                               \
        a_ = fma((floatb)4.0f, d2_, fma((floatb)-5.0f, d4_, d6_));             \
        b_ = fma((floatb)2.0f, d1_, fma((floatb)-2.5f, d3_, 0.5f * d5_));      \
        (o)[5 * (os)] = a_ + b_;                                               \
        (o)[6 * (os)] = a_ - b_;                                               \
    } while (0)
#define OUTPUT_ROW(o, os, m, ms)                                               \
    do {                                                                       \
        floatb m1_ = (m)[(ms)], m2_ = (m)[2 * (ms)], m3_ = (m)[3 * (ms)], m4_ = (m)[4 * (ms)], m5_ = (m)[5 * (ms)], m6_ = (m)[6 * (ms)]; \
        floatb a_ = m1_ + m2_, b_ = m1_ - m2_, c_ = m3_ + m4_, d_ = m3_ - m4_, e_ = m5_ + m6_, f_ = m5_ - m6_; \
        (o)[0] = (m)[0] + a_ + c_ + e_;                                        \
        (o)[(os)] = fma((floatb)2.0f, d_, fma((floatb)0.5f, f_, b_));          \
        (o)[2 * (os)] = fma((floatb)4.0f, c_, fma((floatb)0.25f, e_, a_));     \
        (o)[3 * (os)] = fma((floatb)8.0f, d_, fma((floatb)0.125f, f_, b_));    \
        (o)[4 * (os)] = fma((floatb)16.0f, c_, fma((floatb)0.0625f, e_, a_));  \
        (o)[5 * (os)] = fma((floatb)32.0f, d_, fma((floatb)0.03125f, f_, b_)) + (m)[7 * (ms)]; \
    } while (0)
#endif

/* U = G g G^T of each kernel, to (FREQUENCIES, O / OV, I * CB, OV) floatb. k is the layer's (cout, cin, 3, 3); for the
 * data gradient (backward) in and out change places and the kernel is turned by half. Work-items: input lane, output block. */
kernel void winograd_pack(global floatb *restrict u, global const float *restrict k, int in, int out, int lanes, int blocks, int backward)
{
#if TILE == 4
    const float g[POINTS][3] = {{1.0f / 4, 0, 0}, {-1.0f / 6, -1.0f / 6, -1.0f / 6}, {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                {1.0f / 24, 1.0f / 12, 1.0f / 6}, {1.0f / 24, -1.0f / 12, 1.0f / 6}, {0, 0, 1}};
#else
    const float g[POINTS][3] = {{1, 0, 0}, {-2.0f / 9, -2.0f / 9, -2.0f / 9}, {-2.0f / 9, 2.0f / 9, -2.0f / 9},
                                {1.0f / 90, 1.0f / 45, 2.0f / 45}, {1.0f / 90, -1.0f / 45, 2.0f / 45},
                                {32.0f / 45, 16.0f / 45, 8.0f / 45}, {32.0f / 45, -16.0f / 45, 8.0f / 45}, {0, 0, 1}};
#endif
    int i = (int)get_global_id(0), b = (int)get_global_id(1);
    if (i >= lanes || b >= blocks)
        return;
    floatb d[9], r[POINTS * 3];
    for (int t = 0; t < 9; t++) {
        float *to = (float *)&d[t];
        for (int lane = 0; lane < CB; lane++) {
            int o = b * CB + lane;
            ulong at = backward ? ((ulong)i * out + o) * 9 + 8 - t : ((ulong)o * in + i) * 9 + t;
            to[lane] = o < out && i < in ? k[at] : 0.0f;
        }
    }
    for (int a = 0; a < POINTS; a++)
        for (int c = 0; c < 3; c++)
            r[a * 3 + c] = fma((floatb)g[a][0], d[c], fma((floatb)g[a][1], d[3 + c], g[a][2] * d[6 + c]));
    ulong plane = (ulong)lanes * blocks, at = ((ulong)(b / OV) * lanes + i) * OV + b % OV;
    for (int a = 0; a < POINTS; a++)
        for (int c = 0; c < POINTS; c++)
            u[(a * POINTS + c) * plane + at] = fma((floatb)g[c][0], r[a * 3], fma((floatb)g[c][1], r[a * 3 + 1], g[c][2] * r[a * 3 + 2]));
}

inline void input_transform(global floatb *v, ulong plane, global const floatb *x, int h, int w, int ty, int tx)
{
    floatb d[FREQUENCIES];
    int y0 = TILE * ty - 1, x0 = TILE * tx - 1;
    if (y0 >= 0 && x0 >= 0 && y0 + POINTS <= h && x0 + POINTS <= w)
        for (int i = 0; i < POINTS; i++) {
            global const floatb *p = x + (ulong)(y0 + i) * w + x0;
            INPUT_ROW(d + POINTS * i, 1, p, 1);
        }
    else
        for (int i = 0; i < POINTS; i++) {
            floatb q[POINTS];
            for (int j = 0; j < POINTS; j++) {
                int yy = y0 + i, xx = x0 + j;
                q[j] = yy >= 0 && yy < h && xx >= 0 && xx < w ? x[(ulong)yy * w + xx] : (floatb)0.0f;
            }
            INPUT_ROW(d + POINTS * i, 1, q, 1);
        }
    for (int j = 0; j < POINTS; j++)
        INPUT_ROW(v + j * plane, POINTS * plane, d + j, POINTS);
}

/* bias and relu: forward; masked: the data gradient, times [mask > 0]. */
inline void output_transform(global floatb *y, global const floatb *m, ulong plane, int h, int w, int ty, int tx, floatb bias, int relu,
                             global const floatb *mask, int masked)
{
    floatb d[TILE * POINTS];
    for (int j = 0; j < POINTS; j++)
        OUTPUT_ROW(d + j, POINTS, m + j * plane, POINTS * plane);
    for (int i = 0; i < TILE && TILE * ty + i < h; i++) {
        floatb o[TILE];
        OUTPUT_ROW(o, 1, d + POINTS * i, 1);
        ulong at = (ulong)(TILE * ty + i) * w + TILE * tx;
        for (int j = 0; j < TILE && TILE * tx + j < w; j++) {
            floatb v = o[j] + bias;
            if (relu)
                v = fmax(v, (floatb)0.0f);
            y[at + j] = masked ? relu_mask(v, mask[at + j]) : v;
        }
    }
}

/* y may be mask. */
kernel void winograd_conv(global floatb *y, global const floatb *restrict x, global const float *restrict u, global const floatb *restrict bias,
                          global const floatb *mask, global floatb *restrict scratch, int in, int out, int h, int w, int groups, int most,
                          int relu, int masked)
{
    int columns = (w + TILE - 1) / TILE, tiles = columns * ((h + TILE - 1) / TILE), batch = NR * most;
    ulong vplane = (ulong)batch * in + 1, mplane = (ulong)batch * out + 1, id = get_global_id(0), items = get_global_size(0);
    global floatb *v = scratch + id * FREQUENCIES * (vplane + mplane), *m = v + FREQUENCIES * vplane;
    int last = (int)((id + 1) * groups / items);
    for (int first = (int)(id * groups / items); first < last; first += most) {
        int now = min(most, last - first); /* groups of this batch; group g has the tiles from g * tiles / groups on */
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
        for (int r = 0; r < PRODUCTS * FREQUENCIES; r++)
            for (int o = 0, f = PRODUCTS == 1 ? r : r % FREQUENCIES; o < out; o += OV) {
                global const float *uf = u + ((ulong)f * out + o) * in * CB * CB;
                for (int g = 0; g < now; g++) {
                    floatb s[OV * NR];
                    PRODUCT_ZERO
                    product(s, uf, OV * CB, (global const float *)(v + f * vplane + (ulong)g * in * NR), NR * CB, in);
                    global floatb *to = m + f * mplane + (ulong)o * batch + g * NR;
#define STORE(j)                                                               \
    to[j] = s[j];                                                              \
    to[(ulong)(OV - 1) * batch + (j)] = s[(OV - 1) * NR + (j)];
                    REPEAT_NR(STORE)
                }
            }
        for (int o = 0; o < out; o++) {
            floatb b = masked < 0 ? bias[o] : (floatb)0.0f;
            ulong at = (ulong)o * h * w;
            for (int g = 0; g < now; g++) {
                int from = (int)((long)(first + g) * tiles / groups), to = (int)((long)(first + g + 1) * tiles / groups);
                global const floatb *mg = m + (ulong)o * batch + g * NR;
                for (int t = from; t < to; t++)
                    output_transform(y + at, mg + t - from, mplane, h, w, t / columns, t % columns, b, relu, mask + at, masked > 0);
            }
        }
    }
}
