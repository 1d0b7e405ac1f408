/* rows (pixels of a strip, 9 * in) times weights (9 * in, out), through CLBlast; in and out rounded up to whole
 * blocks. The strip bounds the scratch memory whatever the picture's size. */
#include <stdlib.h>

#include "conv_pack.h"
#include "gemm.h"
#include "kernel.h"

/* (3, 3, in, out), in and out in whole blocks. */
cl_mem nscl_conv_gemm_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    int in = backward ? conv->cout : conv->cin, out = backward ? conv->cin : conv->cout;
    size_t b = (size_t)ctx->block, ip = (size_t)nscl_blocks(ctx, in) * b, op = (size_t)nscl_blocks(ctx, out) * b;
    float *packed = calloc(9 * ip * op, sizeof *packed);
    if (!packed) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to pack the weights of a convolution");
        return NULL;
    }
    for (size_t o = 0; o < (size_t)out; o++)
        for (size_t i = 0; i < (size_t)in; i++)
            for (size_t t = 0; t < 9; t++)
                packed[(t * ip + i) * op + o] = nscl_conv_weight(conv, backward, o, i, t);
    cl_mem mem = nscl_buffer_copy(ctx, packed, 9 * ip * op * sizeof *packed);
    free(packed);
    return mem;
}

void nscl_conv_gemm_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    cl_int ib = nscl_blocks(ctx, p->in), ob = nscl_blocks(ctx, p->out), op = ob * ctx->block, masked = p->mask != NULL, add = 0;
    size_t k = (size_t)ib * (size_t)ctx->block * 9;
    cl_ulong m = (cl_ulong)p->h * (cl_ulong)p->w, count = ((cl_ulong)8 << 20) / k;
    if (count > m)
        count = m;
    cl_mem rows = nscl_scratch(ctx, 0, count * k * sizeof(float)), product = nscl_scratch(ctx, 1, count * (size_t)op * sizeof(float));
    cl_mem mask = masked ? p->mask : p->y;
    for (cl_ulong m0 = 0; m0 < m; m0 += count) {
        cl_ulong now = m - m0 < count ? m - m0 : count;
        NSCL_RUN(ctx, "rows_im2col", DIM2(9 * ib, now), ARG(rows), ARG(p->x), ARG(ib), ARG(p->h), ARG(p->w), ARG(m0), ARG(now));
        nscl_gemm(ctx, product, rows, p->packed, now, (size_t)op, k, 0, 0, 1.0f, 0.0f);
        if (!p->backward)
            NSCL_RUN(ctx, "rows_unpack_fwd", DIM2(ob, now), ARG(p->y), ARG(product), ARG(p->bias), ARG(ob), ARG(m), ARG(m0), ARG(now), ARG(p->relu));
        else
            NSCL_RUN(ctx, "rows_unpack_bwd", DIM2(ob, now), ARG(p->y), ARG(product), ARG(mask), ARG(op), ARG(m), ARG(m0), ARG(now), ARG(masked), ARG(add));
    }
}
