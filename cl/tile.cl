/* The inner loop of matrix products on GPUs: a work-group of ITEMS makes TM rows by TN columns of a product, TK of its
 * terms at a time. Each step's parts of both factors lie in local memory, twice, so that the next are loaded while these
 * are used; a work-item sums 8 x 8 elements in registers. A kernel declares TILE_DECLARE and runs TILE_PRODUCT with what loads
 * four terms of one row, and four columns of one term; its launch has groups of ITEMS: (tiles of rows, tiles of columns ...).
 * All of it as macros, for PoCL and others want barriers in the kernel itself. Sums are only indexed by constants. */
#include "common.cl"

#ifndef TM
#define TM 64 /* rows, 64 or 128: as many as work-items */
#endif
#define TN 64
#define TK 8
#define ITEMS (TM / 8 * (TN / 8))
#define B_LOADS (TK * TN / 4 / ITEMS) /* quads of the second factor that a work-item loads */

/* Row and column of the group's first element; the item's row while loading. */
#define TILE_ROW0 ((int)get_group_id(0) * TM)
#define TILE_COLUMN0 ((int)get_group_id(1) * TN)
#define TILE_OWN_ROW (TILE_ROW0 + (int)get_local_id(0))

#define TILE_DECLARE                                                           \
    local float tile_a[2 * TK * TM];                                           \
    local float4 tile_b[2 * TK * TN / 4];                                      \
    float4 s[16]

#define TILE_LOAD(k0, LOAD_A, LOAD_B)                                          \
    next_a[0] = LOAD_A(k0);                                                    \
    next_a[1] = LOAD_A((k0) + 4);                                              \
    for (int q = 0; q < B_LOADS; q++) {                                        \
        int at = (int)get_local_id(0) + q * ITEMS;                             \
        next_b[q] = LOAD_B((k0) + at / (TN / 4), TILE_COLUMN0 + at % (TN / 4) * 4); \
    }

#define TILE_KEEP(which)                                                       \
    {                                                                          \
        local float *to = tile_a + (which) * TK * TM + get_local_id(0);        \
        to[0] = next_a[0].x;                                                   \
        to[TM] = next_a[0].y;                                                  \
        to[2 * TM] = next_a[0].z;                                              \
        to[3 * TM] = next_a[0].w;                                              \
        to[4 * TM] = next_a[1].x;                                              \
        to[5 * TM] = next_a[1].y;                                              \
        to[6 * TM] = next_a[1].z;                                              \
        to[7 * TM] = next_a[1].w;                                              \
        for (int q = 0; q < B_LOADS; q++)                                      \
            tile_b[(which) * TK * TN / 4 + get_local_id(0) + q * ITEMS] = next_b[q]; \
    }

#define TILE_STEP_ROW(r, value)                                                \
    s[2 * (r)] = fma((float4)(value), b0, s[2 * (r)]);                         \
    s[2 * (r) + 1] = fma((float4)(value), b1, s[2 * (r) + 1]);

/* s = the item's sums over `terms`: two quads of columns of each of its eight rows. */
#define TILE_PRODUCT(terms, LOAD_A, LOAD_B)                                    \
    {                                                                          \
        float4 next_a[2], next_b[B_LOADS];                                     \
        int which = 0, lm = (int)get_local_id(0) % (TM / 8), ln = (int)get_local_id(0) / (TM / 8); \
        for (int j = 0; j < 16; j++)                                           \
            s[j] = 0.0f;                                                       \
        TILE_LOAD(0, LOAD_A, LOAD_B)                                           \
        TILE_KEEP(0)                                                           \
        barrier(CLK_LOCAL_MEM_FENCE);                                          \
        for (int k0 = 0; k0 < (terms); k0 += TK) {                             \
            bool more = k0 + TK < (terms);                                     \
            if (more) {                                                        \
                TILE_LOAD(k0 + TK, LOAD_A, LOAD_B)                             \
            }                                                                  \
            for (int k = 0; k < TK; k++) {                                     \
                local const float4 *a = (local const float4 *)(tile_a + (which * TK + k) * TM); \
                local const float4 *b = tile_b + (which * TK + k) * TN / 4;    \
                float4 a0 = a[lm], a1 = a[TM / 8 + lm], b0 = b[ln], b1 = b[TN / 8 + ln]; \
                TILE_STEP_ROW(0, a0.x)                                         \
                TILE_STEP_ROW(1, a0.y)                                         \
                TILE_STEP_ROW(2, a0.z)                                         \
                TILE_STEP_ROW(3, a0.w)                                         \
                TILE_STEP_ROW(4, a1.x)                                         \
                TILE_STEP_ROW(5, a1.y)                                         \
                TILE_STEP_ROW(6, a1.z)                                         \
                TILE_STEP_ROW(7, a1.w)                                         \
            }                                                                  \
            if (more)                                                          \
                TILE_KEEP(which ^ 1)                                           \
            barrier(CLK_LOCAL_MEM_FENCE);                                      \
            which ^= 1;                                                        \
        }                                                                      \
    }

/* WRITE(row, column, value) for each quad of columns of the item's sums. */
#define TILE_STORE_ROW(r, WRITE)                                               \
    WRITE(row + (r) / 4 * (TM / 2) + (r) % 4, column, s[2 * (r)])              \
    WRITE(row + (r) / 4 * (TM / 2) + (r) % 4, column + TN / 2, s[2 * (r) + 1])
#define TILE_STORE(WRITE)                                                      \
    {                                                                          \
        int row = TILE_ROW0 + (int)get_local_id(0) % (TM / 8) * 4, column = TILE_COLUMN0 + (int)get_local_id(0) / (TM / 8) * 4; \
        TILE_STORE_ROW(0, WRITE)                                               \
        TILE_STORE_ROW(1, WRITE)                                               \
        TILE_STORE_ROW(2, WRITE)                                               \
        TILE_STORE_ROW(3, WRITE)                                               \
        TILE_STORE_ROW(4, WRITE)                                               \
        TILE_STORE_ROW(5, WRITE)                                               \
        TILE_STORE_ROW(6, WRITE)                                               \
        TILE_STORE_ROW(7, WRITE)                                               \
    }

/* Channels c to c + 3 of pixel p from blocks of channels (blocks, m, CB), zero past the last. */
inline float4 quad_load(global const float *x, int blocks, ulong m, ulong p, int c)
{
#if CB >= 4
    return c < blocks * CB ? *(global const float4 *)(x + ((ulong)(c / CB) * m + p) * CB + c % CB) : (float4)0.0f;
#else
    float4 v = 0.0f;
    if (c < blocks)
        v.x = x[c * m + p];
    if (c + 1 < blocks)
        v.y = x[(c + 1) * m + p];
    if (c + 2 < blocks)
        v.z = x[(c + 2) * m + p];
    if (c + 3 < blocks)
        v.w = x[(c + 3) * m + p];
    return v;
#endif
}

inline void quad_store(global float *y, int blocks, ulong m, ulong p, int c, float4 v)
{
#if CB >= 4
    if (c < blocks * CB)
        *(global float4 *)(y + ((ulong)(c / CB) * m + p) * CB + c % CB) = v;
#else
    if (c < blocks)
        y[c * m + p] = v.x;
    if (c + 1 < blocks)
        y[(c + 1) * m + p] = v.y;
    if (c + 2 < blocks)
        y[(c + 2) * m + p] = v.z;
    if (c + 3 < blocks)
        y[(c + 3) * m + p] = v.w;
#endif
}

/* Columns n to n + 3 of row k of the matrix u (terms, blocks * CB), zero outside. */
inline float4 row_load(global const float *u, int terms, int blocks, int k, int n)
{
    return k < terms ? quad_load(u + (ulong)k * blocks * CB, blocks, 1, 0, n) : (float4)0.0f;
}
