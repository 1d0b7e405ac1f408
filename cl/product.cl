/* The inner loop of convolutions and Gram gradients: a register block of NR pixels (or tiles) by OV output blocks, summed
 * over input channels. OV * NR sums, OV weights and a broadcast fit the registers of a device whose vectors are as
 * wide as a block. Sums are only indexed by constants, so that compilers keep them in registers. */
#include "common.cl"

#ifndef NR
#if CB == 16
#define NR 12
#else
#define NR 6
#endif
#endif
#ifndef OV
#define OV 1
#endif

#define REPEAT_4(F) F(0) F(1) F(2) F(3)
#define REPEAT_5(F) REPEAT_4(F) F(4)
#define REPEAT_6(F) REPEAT_5(F) F(5)
#define REPEAT_8(F) REPEAT_6(F) F(6) F(7)
#define REPEAT_9(F) REPEAT_8(F) F(8)
#define REPEAT_10(F) REPEAT_9(F) F(9)
#define REPEAT_11(F) REPEAT_10(F) F(10)
#define REPEAT_12(F) REPEAT_11(F) F(11)
#define REPEAT_13(F) REPEAT_12(F) F(12)
#define REPEAT_PASTE(n, F) REPEAT_##n(F)
#define REPEAT_OF(n, F) REPEAT_PASTE(n, F)
#define REPEAT_NR(F) REPEAT_OF(NR, F)

#define PRODUCT_ZERO_(j)                                                       \
    s[j] = 0.0f;                                                               \
    s[(OV - 1) * NR + (j)] = 0.0f;
#define PRODUCT_ZERO REPEAT_NR(PRODUCT_ZERO_)

#if OV == 2
#define PRODUCT_STEP_(j)                                                       \
    {                                                                          \
        floatb t_ = (floatb)v[(j) * CB + k];                                   \
        s[j] = fma(ua, t_, s[j]);                                              \
        s[NR + (j)] = fma(ub, t_, s[NR + (j)]);                                \
    }
#define PRODUCT_SECOND_ floatb ub = *(global const floatb *)(u + CB);
#else
#define PRODUCT_STEP_(j) s[j] = fma(ua, (floatb)v[(j) * CB + k], s[j]);
#define PRODUCT_SECOND_
#endif

/* The lanes of a block: of u, which goes on, and of v, global or not. Eight in a row, since with one a turn of the loop a core
 * spends up to a sixth of the time on the turns, the more the worse the loop happens to lie in memory. */
#define PRODUCT_LANES_                                                         \
    _Pragma("unroll 8")                                                        \
    for (int k = 0; k < CB; k++) {                                             \
        floatb ua = *(global const floatb *)u;                                 \
        PRODUCT_SECOND_                                                        \
        REPEAT_NR(PRODUCT_STEP_)                                               \
        u += ustride;                                                          \
    }

/* For functions that are handed sums: those stay in registers only where the call does not. */
#define INLINE inline __attribute__((always_inline))

/* s[o * NR + j] += sum over blocks i and lanes k of u[(i * CB + k) * ustride + o * CB ...] * v[i * vstride + j * CB + k]. */
INLINE void product(floatb *s, global const float *u, ulong ustride, global const float *v, ulong vstride, int blocks)
{
    for (int i = 0; i < blocks; i++) {
        PRODUCT_LANES_
        v += vstride;
    }
}

/* The same of v from an activation, vstride in storedb. */
INLINE void product_stored(floatb *s, global const float *u, ulong ustride, global const storedb *from, ulong vstride, int blocks)
{
#ifndef HALF_STORAGE
    product(s, u, ustride, (global const float *)from, vstride * CB, blocks);
#else
    for (int i = 0; i < blocks; i++) {
        floatb line[NR];
#define PRODUCT_LOAD_(j) line[j] = GET(from + (j));
        REPEAT_NR(PRODUCT_LOAD_)
        const float *v = (const float *)line;
        PRODUCT_LANES_
        from += vstride;
    }
#endif
}
