#include <stdlib.h>

#include "conv_pack.h"
#include "kernel.h"

enum { TILE = 8 }; /* TX of cl/conv_direct.cl */

/* (out blocks, in blocks, 3, 3, input lane, output lane). */
cl_mem nscl_conv_direct_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    int in = backward ? conv->cout : conv->cin, out = backward ? conv->cin : conv->cout;
    size_t b = (size_t)ctx->block, ib = (size_t)nscl_blocks(ctx, in), ob = (size_t)nscl_blocks(ctx, out), n = ob * ib * 9 * b * b;
    float *packed = calloc(n, sizeof *packed);
    if (!packed) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to pack the weights of a convolution");
        return NULL;
    }
    for (size_t o = 0; o < (size_t)out; o++)
        for (size_t i = 0; i < (size_t)in; i++)
            for (size_t t = 0; t < 9; t++)
                packed[((((o / b) * ib + i / b) * 9 + t) * b + i % b) * b + o % b] = nscl_conv_weight(conv, backward, o, i, t);
    cl_mem mem = nscl_buffer_copy(ctx, packed, n * sizeof *packed);
    free(packed);
    return mem;
}

void nscl_conv_direct_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    cl_int blocks = nscl_blocks(ctx, p->in), masked = p->mask != NULL;
    nscl_dims dims = HEAVY3(ctx, (p->w + TILE - 1) / TILE, p->h, nscl_blocks(ctx, p->out));
    if (!p->backward) {
        NSCL_RUN(ctx, "conv_direct_fwd", dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(p->bias), ARG(blocks), ARG(p->h), ARG(p->w), ARG(p->relu));
        return;
    }
    cl_mem mask = masked ? p->mask : p->y; /* some memory object must be given */
    NSCL_RUN(ctx, "conv_direct_bwd", dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(mask), ARG(blocks), ARG(p->h), ARG(p->w), ARG(masked));
}
