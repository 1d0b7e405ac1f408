/* 3x3 convolution, zero padding 1, by Winograd's F(4x4, 3x3) (Lavin and Gray, 2015), all in one kernel: a work-item
 * takes a batch of T = NR * groups tiles of 4x4 outputs through input transform, 36 products and output transform, in
 * a scratch slot of its own that stays in cache. For devices that run one work-item a core; no local memory, no
 * barriers. Few persistent work-items stride over the batches.
 *
 * x (I, h, w) floatb; y (O, h, w) floatb; U (36, O / OV, I * CB, OV) floatb of output lanes. In a slot:
 * V (36, groups, I, NR) floatb, each of the 36 planes one floatb longer so that they do not fall on the same cache
 * sets; then M (36, O, T) floatb, likewise. */
#include "common.cl"
#include "product.cl"

/* One row of B^T d: points 0, 1, -1, 2, -2, infinity. */
#define INPUT_ROW(o, stride, d0, d1, d2, d3, d4, d5)                           \
    do {                                                                       \
        floatb a_ = fma((floatb)-4.0f, d2, d4), b_ = fma((floatb)-4.0f, d1, d3); \
        floatb c_ = d4 - d2, e_ = 2.0f * (d3 - d1);                            \
        (o)[0] = fma((floatb)4.0f, d0, fma((floatb)-5.0f, d2, d4));            \
        (o)[(stride)] = a_ + b_;                                               \
        (o)[2 * (stride)] = a_ - b_;                                           \
        (o)[3 * (stride)] = c_ + e_;                                           \
        (o)[4 * (stride)] = c_ - e_;                                           \
        (o)[5 * (stride)] = fma((floatb)4.0f, d1, fma((floatb)-5.0f, d3, d5)); \
    } while (0)

/* One row of A^T m. */
#define OUTPUT_ROW(o0, o1, o2, o3, m0, m1, m2, m3, m4, m5)                     \
    do {                                                                       \
        floatb a_ = m1 + m2, b_ = m1 - m2, c_ = m3 + m4, d_ = m3 - m4;         \
        o0 = m0 + a_ + c_;                                                     \
        o1 = fma((floatb)2.0f, d_, b_);                                        \
        o2 = fma((floatb)4.0f, c_, a_);                                        \
        o3 = fma((floatb)8.0f, d_, b_) + m5;                                   \
    } while (0)

inline void input_transform(global floatb *v, ulong plane, global const floatb *x, int h, int w, int ty, int tx)
{
    floatb d[36];
    int y0 = 4 * ty - 1, x0 = 4 * tx - 1;
    if (y0 >= 0 && x0 >= 0 && y0 + 6 <= h && x0 + 6 <= w)
        for (int i = 0; i < 6; i++) {
            global const floatb *p = x + (ulong)(y0 + i) * w + x0;
            INPUT_ROW(d + 6 * i, 1, p[0], p[1], p[2], p[3], p[4], p[5]);
        }
    else
        for (int i = 0; i < 6; i++) {
            floatb q[6];
            for (int j = 0; j < 6; j++) {
                int yy = y0 + i, xx = x0 + j;
                q[j] = yy >= 0 && yy < h && xx >= 0 && xx < w ? x[(ulong)yy * w + xx] : (floatb)0.0f;
            }
            INPUT_ROW(d + 6 * i, 1, q[0], q[1], q[2], q[3], q[4], q[5]);
        }
    for (int j = 0; j < 6; j++) {
        global floatb *o = v + j * plane;
        INPUT_ROW(o, 6 * plane, d[j], d[6 + j], d[12 + j], d[18 + j], d[24 + j], d[30 + j]);
    }
}

/* bias and relu: forward; masked: the data gradient, times [mask > 0]. */
inline void output_transform(global floatb *y, global const floatb *m, ulong plane, int h, int w, int ty, int tx, floatb bias, int relu,
                             global const floatb *mask, int masked)
{
    floatb d[24];
    for (int j = 0; j < 6; j++) {
        global const floatb *p = m + j * plane;
        OUTPUT_ROW(d[j], d[6 + j], d[12 + j], d[18 + j], p[0], p[6 * plane], p[12 * plane], p[18 * plane], p[24 * plane], p[30 * plane]);
    }
    for (int i = 0; i < 4 && 4 * ty + i < h; i++) {
        floatb o[4];
        OUTPUT_ROW(o[0], o[1], o[2], o[3], d[6 * i], d[6 * i + 1], d[6 * i + 2], d[6 * i + 3], d[6 * i + 4], d[6 * i + 5]);
        ulong at = (ulong)(4 * ty + i) * w + 4 * tx;
        for (int j = 0; j < 4 && 4 * tx + j < w; j++) {
            floatb v = o[j] + bias;
            if (relu)
                v = fmax(v, (floatb)0.0f);
            y[at + j] = masked ? relu_mask(v, mask[at + j]) : v;
        }
    }
}

kernel void winograd_conv(global floatb *restrict y, global const floatb *restrict x, global const float *restrict u, global const floatb *restrict bias,
                          global const floatb *restrict mask, global floatb *restrict scratch, int in, int out, int h, int w, int groups, int relu, int masked)
{
    int columns = (w + 3) / 4, tiles = columns * ((h + 3) / 4), batch = NR * groups;
    ulong vplane = (ulong)batch * in + 1, mplane = (ulong)batch * out + 1;
    global floatb *v = scratch + get_global_id(0) * 36 * (vplane + mplane), *m = v + 36 * vplane;
    for (int first = (int)get_global_id(0) * batch; first < tiles; first += (int)get_global_size(0) * batch) {
        for (int i = 0; i < in; i++)
            for (int t = 0; t < batch; t++) {
                int tile = first + t;
                global floatb *to = v + ((ulong)(t / NR) * in + i) * NR + t % NR;
                if (tile < tiles)
                    input_transform(to, vplane, x + (ulong)i * h * w, h, w, tile / columns, tile % columns);
                else
                    for (int f = 0; f < 36; f++)
                        to[f * vplane] = 0.0f;
            }
        for (int f = 0; f < 36; f++)
            for (int o = 0; o < out; o += OV) {
                global const float *uf = u + ((ulong)f * out + o) * in * CB * CB;
                for (int g = 0; g < groups; g++) {
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
            for (int t = 0; t < batch && first + t < tiles; t++) {
                int tile = first + t;
                ulong at = (ulong)o * h * w;
                output_transform(y + at, m + (ulong)o * batch + t, mplane, h, w, tile / columns, tile % columns, b, relu, mask + at, masked > 0);
            }
        }
    }
}
