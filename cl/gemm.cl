/* A batch of products on GPUs, M[f] = V[f] U[f], for Winograd's frequencies f (winograd_batch.cl with one group):
 * V (FREQUENCIES, in, m) floatb, U (FREQUENCIES, in * CB, out) floatb, M (FREQUENCIES, out, m) floatb; planes of V and M are
 * vplane and mplane floatb apart. Work-groups: TM of the m rows, TN output channels, f. */
#include "tile.cl"

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void gemm_batch(global floatb *restrict product,
                            global const float *restrict u, global const floatb *restrict v, int in, int out, int m, ulong vplane, ulong mplane)
{
    TILE_DECLARE;
    ulong f = get_group_id(2);
    int own = TILE_OWN_ROW, terms = in * CB;
    global const float *a = (global const float *)(v + f * vplane), *b = u + f * terms * out * CB;
    global float *c = (global float *)(product + f * mplane);
#define LOAD_V(k) (own < m ? quad_load(a, in, m, own, k) : (float4)0.0f)
#define LOAD_U(k, n) row_load(b, terms, out, k, n)
    TILE_PRODUCT(terms, LOAD_V, LOAD_U)
#define WRITE_M(row, column, value)                                            \
    if (row < m)                                                               \
        quad_store(c, out, m, row, column, value);
    TILE_STORE(WRITE_M)
}
