/* Implicit matrix product on tiles in local memory (cl/conv_implicit.cl); weights as for the explicit one (conv_gemm.c). */
#include "conv_pack.h"
#include "tile.h"

void nscl_conv_implicit_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    cl_int in = nscl_blocks(ctx, p->in), out = nscl_blocks(ctx, p->out), masked = p->backward ? p->mask != NULL : -1;
    cl_mem bias = p->backward ? p->packed : p->bias, mask = p->mask ? p->mask : p->y; /* some memory object must be given */
    nscl_tile tile = nscl_tile_plan((size_t)p->h * (size_t)p->w, (size_t)out * (size_t)ctx->block, 1);
    NSCL_RUN_WITH(ctx, "conv_implicit", tile.options, tile.dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(bias), ARG(mask), ARG(in), ARG(out), ARG(p->h),
                  ARG(p->w), ARG(p->relu), ARG(masked));
}
