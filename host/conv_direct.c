/* Convolution as it is written (cl/conv_direct.cl), in register blocks of a row's pixels by one or two output blocks. */
#include <stdio.h>
#include <stdlib.h>

#include "conv_pack.h"
#include "kernel.h"

/* (out blocks / OV, in blocks, 3, 3, input lane, OV, output lane). */
cl_mem nscl_conv_direct_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    int in = backward ? conv->cout : conv->cin, out = backward ? conv->cin : conv->cout;
    size_t b = (size_t)ctx->block, ib = (size_t)nscl_blocks(ctx, in), n = (size_t)nscl_blocks(ctx, out) * ib * 9 * b * b;
    size_t ov = (size_t)nscl_output_vectors(ctx, out), lanes = ov * b;
    float *packed = calloc(n, sizeof *packed);
    if (!packed) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to pack the weights of a convolution");
        return NULL;
    }
    for (size_t o = 0; o < (size_t)out; o++)
        for (size_t i = 0; i < (size_t)in; i++)
            for (size_t t = 0; t < 9; t++)
                packed[((((o / lanes) * ib + i / b) * 9 + t) * b + i % b) * lanes + o % lanes] = nscl_conv_weight(conv, backward, o, i, t);
    cl_mem mem = nscl_buffer_copy(ctx, packed, n * sizeof *packed);
    free(packed);
    return mem;
}

/* Pixels of a register block: the choice that leaves the least of the row's last one empty. More of them share a load of
 * the weights, as many as the registers hold. */
static int pixels(const nscl_context *ctx, int w)
{
    static const int wide[] = {13, 12, 11, 10, 9, 8}, narrow[] = {6, 5, 4};
    const int *choices = ctx->block == 16 ? wide : narrow;
    size_t count = ctx->block == 16 ? sizeof wide / sizeof *wide : sizeof narrow / sizeof *narrow;
    if (ctx->facts.quirks & NSCL_QUIRK_SLOW_COMPILER)
        return narrow[sizeof narrow / sizeof *narrow - 1];
    int best = choices[0];
    for (size_t i = 1; i < count; i++)
        if ((w + choices[i] - 1) / choices[i] * (choices[i] + 1) < (w + best - 1) / best * (best + 1))
            best = choices[i];
    return best;
}

void nscl_conv_direct_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    cl_int in = nscl_blocks(ctx, p->in), out = nscl_blocks(ctx, p->out), masked = p->mask != NULL;
    int nr = pixels(ctx, p->w), ov = nscl_output_vectors(ctx, p->out);
    char options[48];
    snprintf(options, sizeof options, "-DNR=%d %s", nr, nscl_output_option(ov));
    /* Where a work-item is a core's whole work, it takes a row, so that it begins less often. */
    nscl_dims dims = HEAVY3(ctx, ctx->heavy_items == 1 ? 1 : (p->w + nr - 1) / nr, p->h, out / ov);
    if (!p->backward) {
        NSCL_RUN_WITH(ctx, "conv_direct_fwd", options, dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(p->bias), ARG(in), ARG(out), ARG(p->h), ARG(p->w),
                      ARG(p->relu));
        return;
    }
    cl_mem mask = masked ? p->mask : p->y; /* some memory object must be given */
    NSCL_RUN_WITH(ctx, "conv_direct_bwd", options, dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(mask), ARG(in), ARG(out), ARG(p->h), ARG(p->w), ARG(masked));
}
