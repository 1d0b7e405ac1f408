/* Shared by every program. Activations are blocks of CB channels: (ceil(C/CB), H, W, CB), lanes past C zero; one
 * floatb holds the CB channels of one pixel, one storedb keeps them in memory. Pictures are planar (3, H, W). Vectors over
 * the picture's pixels are padded with zeros to whole floatb. */
#ifndef NSCL_COMMON
#define NSCL_COMMON
#ifndef CB
#define CB 16 /* channels a block: 1, 4, 8 or 16 */
#endif
#ifndef RL
#define RL 1 /* work-items that share one partial sum of a reduction: a power of two */
#endif
#ifndef PARTIALS
#define PARTIALS 128 /* partial sums of a reduction = its work-groups */
#endif

#if CB == 16
typedef float16 floatb;
#elif CB == 8
typedef float8 floatb;
#elif CB == 4
typedef float4 floatb;
#else
typedef float floatb;
#endif

/* Feature maps and their gradients in memory: floats, or with HALF_STORAGE 16-bit floats that only GET, PUT and their
 * LANE forms touch (all arithmetic is in floats). A map that outgrows 65504 becomes infinite; rectified and larger then keep
 * what follows from it, NaN too, so that the loss shows it. */
#ifndef HALF_STORAGE
typedef floatb storedb;
#define GET(p) (*(p))
#define PUT(p, v) (*(p) = (v))
#define GET_LANE(p, i) (((global const float *)(p))[i])
#define PUT_LANE(p, i, v) (((global float *)(p))[i] = (v))
#define rectified(v) fmax(v, (floatb)0.0f)
#define larger(a, b) fmax(a, b)
#else
#if CB == 16
typedef ushort16 storedb;
#define GET(p) vloada_half16(0, (global const half *)(p))
#define PUT(p, v) vstorea_half16_rte(v, 0, (global half *)(p))
#elif CB == 8
typedef ushort8 storedb;
#define GET(p) vloada_half8(0, (global const half *)(p))
#define PUT(p, v) vstorea_half8_rte(v, 0, (global half *)(p))
#elif CB == 4
typedef ushort4 storedb;
#define GET(p) vloada_half4(0, (global const half *)(p))
#define PUT(p, v) vstorea_half4_rte(v, 0, (global half *)(p))
#else
typedef ushort storedb;
#define GET(p) vload_half(0, (global const half *)(p))
#define PUT(p, v) vstore_half_rte(v, 0, (global half *)(p))
#endif
#define GET_LANE(p, i) vload_half(i, (global const half *)(p))
#define PUT_LANE(p, i, v) vstore_half_rte(v, i, (global half *)(p))

inline floatb rectified(floatb v)
{
    return select(v, (floatb)0.0f, v < (floatb)0.0f);
}

inline floatb larger(floatb a, floatb b)
{
    return select(fmax(a, b), a + b, isnan(a + b));
}
#endif

inline float sum_lanes(floatb v)
{
#if CB == 16
    float8 a = v.lo + v.hi;
    float4 b = a.lo + a.hi;
    return (b.x + b.y) + (b.z + b.w);
#elif CB == 8
    float4 b = v.lo + v.hi;
    return (b.x + b.y) + (b.z + b.w);
#elif CB == 4
    return (v.x + v.y) + (v.z + v.w);
#else
    return v;
#endif
}

/* v where the activation is positive, else 0: ReLU's gradient. */
inline floatb relu_mask(floatb v, floatb activation)
{
    return select((floatb)0.0f, v, activation > (floatb)0.0f);
}

/* Sum of `mine` over the RL work-items of the group, to partial[group] by the first. `tree` has RL places. A macro,
 * for PoCL and others want barriers in the kernel itself. */
#if RL == 1
#define TREE_DECLARE
#define TREE_SUM(partial, mine) (partial)[get_group_id(0)] = (mine)
#else
#define TREE_DECLARE local float tree[RL]
#define TREE_SUM(partial, mine)                                                \
    do {                                                                       \
        int me_ = (int)get_local_id(0);                                        \
        tree[me_] = (mine);                                                    \
        barrier(CLK_LOCAL_MEM_FENCE);                                          \
        for (int s_ = RL / 2; s_ > 0; s_ /= 2) {                               \
            if (me_ < s_)                                                      \
                tree[me_] += tree[me_ + s_];                                   \
            barrier(CLK_LOCAL_MEM_FENCE);                                      \
        }                                                                      \
        if (me_ == 0)                                                          \
            (partial)[get_group_id(0)] = tree[0];                              \
        barrier(CLK_LOCAL_MEM_FENCE);                                          \
    } while (0)
#endif

/* The work-group's share [from, to) of n things, and its items' stride through it: for (i = from + lid; i < to; i += RL). */
#define SHARE(n)                                                               \
    ulong share_ = ((ulong)(n) + PARTIALS - 1) / PARTIALS;                     \
    ulong from = share_ * get_group_id(0);                                     \
    ulong to = min(from + share_, (ulong)(n));                                 \
    from = min(from, to)
#endif
