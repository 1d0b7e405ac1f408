/* The two limits that every other rate is held against: multiply-adds from registers alone, and a copy from memory to
 * memory. For nscl-probe and nscl-bench; no painting runs them. */

#ifndef PW
#define PW 4 /* floats a vector: 1, 2, 4, 8 or 16 */
#endif
#if PW == 1
typedef float floatp;
#elif PW == 2
typedef float2 floatp;
#elif PW == 4
typedef float4 floatp;
#elif PW == 8
typedef float8 floatp;
#else
typedef float16 floatp;
#endif

/* Twelve chains that do not wait for one another cover a latency of six cycles at two a cycle, and fit 16 registers. */
#define EACH(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#define DECLARE(i) floatp x##i = (floatp)(start + 0.01f * i);
#define STEP(i) x##i = fma(x##i, (floatp)a, (floatp)b);
#define ADD(i) +x##i

/* y[item] = the chains' sum after 4 * rounds steps of x = a x + b in each: 96 * PW * rounds operations an item.
 * One id: an item. */
kernel void probe_fma(global floatp *restrict y, int rounds, float a, float b)
{
    float start = 0.001f * (float)(get_global_id(0) & 255);
    EACH(DECLARE)
    for (int i = 0; i < rounds; i++) {
        EACH(STEP)
        EACH(STEP)
        EACH(STEP)
        EACH(STEP)
    }
    y[get_global_id(0)] = (floatp)0.0f EACH(ADD);
}

/* y = x, n vectors. One id: an item, which copies `count` of them from id * first on, `step` apart: neighbours in time
 * for a core (step 1), neighbours among items for lanes that run together (first 1). */
kernel void probe_copy(global floatp *restrict y, global const floatp *restrict x, ulong n, ulong count, ulong first, ulong step)
{
    ulong at = get_global_id(0) * first;
    for (ulong k = 0; k < count && at < n; k++, at += step)
        y[at] = x[at];
}
