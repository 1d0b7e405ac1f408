/* Shared by every program. Activations are blocks of CB channels: (ceil(C/CB), H, W, CB), lanes past C zero; one
 * floatb holds the CB channels of one pixel. Pictures are planar (3, H, W). Vectors over the picture's pixels are
 * padded with zeros to whole floatb. */
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
