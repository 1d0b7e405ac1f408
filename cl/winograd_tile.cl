/* Winograd's F(TILE x TILE, 3x3) (Lavin and Gray, 2015): the transforms of one tile of TILE x TILE outputs, for the kernels
 * that hold all (winograd.cl) or one (winograd_batch.cl) of its stages. */
#include "product.cl"

#ifndef TILE
#define TILE 4 /* outputs a side: 2, 4 or 6 */
#endif
#define POINTS (TILE + 2)
#define FREQUENCIES (POINTS * POINTS)

/* One row of B^T d, d[k] at (d)[k * ds], to (o)[k * os]; and one of A^T m. */
#if TILE == 2 /* points 0, 1, -1, infinity */
#define INPUT_ROW(o, os, d, ds)                                                \
    do {                                                                       \
        floatb d1_ = (d)[(ds)], d2_ = (d)[2 * (ds)];                           \
        (o)[0] = (d)[0] - d2_;                                                 \
        (o)[(os)] = d1_ + d2_;                                                 \
        (o)[2 * (os)] = d2_ - d1_;                                             \
        (o)[3 * (os)] = (d)[3 * (ds)] - d1_;                                   \
    } while (0)
#define OUTPUT_ROW(o, os, m, ms)                                               \
    do {                                                                       \
        floatb m1_ = (m)[(ms)], m2_ = (m)[2 * (ms)];                           \
        (o)[0] = (m)[0] + m1_ + m2_;                                           \
        (o)[(os)] = m1_ - m2_ + (m)[3 * (ms)];                                 \
    } while (0)
#elif TILE == 4 /* points 0, 1, -1, 2, -2, infinity */
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

inline void input_transform(global floatb *v, ulong plane, global const storedb *x, int h, int w, int ty, int tx)
{
    floatb d[FREQUENCIES];
    int y0 = TILE * ty - 1, x0 = TILE * tx - 1;
    if (y0 >= 0 && x0 >= 0 && y0 + POINTS <= h && x0 + POINTS <= w)
        for (int i = 0; i < POINTS; i++) {
            global const storedb *from = x + (ulong)(y0 + i) * w + x0;
#ifndef HALF_STORAGE
            global const floatb *p = from;
#else
            floatb p[POINTS];
            for (int j = 0; j < POINTS; j++)
                p[j] = GET(from + j);
#endif
            INPUT_ROW(d + POINTS * i, 1, p, 1);
        }
    else
        for (int i = 0; i < POINTS; i++) {
            floatb q[POINTS];
            for (int j = 0; j < POINTS; j++) {
                int yy = y0 + i, xx = x0 + j;
                q[j] = yy >= 0 && yy < h && xx >= 0 && xx < w ? GET(x + (ulong)yy * w + xx) : (floatb)0.0f;
            }
            INPUT_ROW(d + POINTS * i, 1, q, 1);
        }
    for (int j = 0; j < POINTS; j++)
        INPUT_ROW(v + j * plane, POINTS * plane, d + j, POINTS);
}

/* bias and relu: forward; masked: the data gradient, times [mask > 0]. */
inline void output_transform(global storedb *y, global const floatb *m, ulong plane, int h, int w, int ty, int tx, floatb bias, int relu,
                             global const storedb *mask, int masked)
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
                v = rectified(v);
            PUT(y + at + j, masked ? relu_mask(v, GET(mask + at + j)) : v);
        }
    }
}
