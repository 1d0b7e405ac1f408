/* Weights in Winograd's form, for winograd.cl and winograd_batch.cl. */
#include "common.cl"

/* G (tile + 2, 3) of F(2x2, 3x3), F(4x4, 3x3) and F(6x6, 3x3), one after the other. */
constant float winograd_g[4 + 6 + 8][3] = {
    {1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1},
    {1.0f / 4, 0, 0}, {-1.0f / 6, -1.0f / 6, -1.0f / 6}, {-1.0f / 6, 1.0f / 6, -1.0f / 6},
    {1.0f / 24, 1.0f / 12, 1.0f / 6}, {1.0f / 24, -1.0f / 12, 1.0f / 6}, {0, 0, 1},
    {1, 0, 0}, {-2.0f / 9, -2.0f / 9, -2.0f / 9}, {-2.0f / 9, 2.0f / 9, -2.0f / 9},
    {1.0f / 90, 1.0f / 45, 2.0f / 45}, {1.0f / 90, -1.0f / 45, 2.0f / 45},
    {32.0f / 45, 16.0f / 45, 8.0f / 45}, {32.0f / 45, -16.0f / 45, 8.0f / 45}, {0, 0, 1}};

/* U = G g G^T of each kernel, to (frequencies, O / ov, I * CB, ov) floatb, for tiles of 2, 4 or 6 outputs a side. k is the layer's
 * (cout, cin, 3, 3); for the data gradient (backward) in and out change places and the kernel is turned by half.
 * Work-items: input lane, output block. */
kernel void winograd_pack(global floatb *restrict u, global const float *restrict k, int tile, int in, int out, int lanes, int blocks, int ov,
                          int backward)
{
    int i = (int)get_global_id(0), b = (int)get_global_id(1), points = tile + 2;
    if (i >= lanes || b >= blocks)
        return;
    floatb d[9];
    for (int t = 0; t < 9; t++) {
        float *to = (float *)&d[t];
        for (int lane = 0; lane < CB; lane++) {
            int o = b * CB + lane;
            ulong at = backward ? ((ulong)i * out + o) * 9 + 8 - t : ((ulong)o * in + i) * 9 + t;
            to[lane] = o < out && i < in ? k[at] : 0.0f;
        }
    }
    ulong plane = (ulong)lanes * blocks, at = ((ulong)(b / ov) * lanes + i) * ov + b % ov;
    constant float(*g)[3] = winograd_g + (tile == 2 ? 0 : tile == 4 ? 4 : 10);
    for (int a = 0; a < points; a++) {
        floatb r[3];
        for (int c = 0; c < 3; c++)
            r[c] = fma((floatb)g[a][0], d[c], fma((floatb)g[a][1], d[3 + c], g[a][2] * d[6 + c]));
        for (int c = 0; c < points; c++)
            u[(a * points + c) * plane + at] = fma((floatb)g[c][0], r[0], fma((floatb)g[c][1], r[1], g[c][2] * r[2]));
    }
}
