/* Fused Winograd F(4x4, 3x3) for devices that run one work-item a core (cl/winograd.cl). The host packs the transformed
 * weights once and chooses the batch: enough tiles that the weights, read once a batch, cost less than the products,
 * few enough that the batch stays in cache. */
#include <stdlib.h>

#include "conv_pack.h"
#include "kernel.h"

/* G of F(4x4, 3x3). */
static const double transform[6][3] = {
    {1.0 / 4, 0, 0}, {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6}, {1.0 / 24, 1.0 / 12, 1.0 / 6}, {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}};

/* (36, out blocks / OV, in lanes, OV) blocks of output lanes: G g G^T. */
cl_mem nscl_conv_winograd_pack(nscl_context *ctx, const float *kernel, int out, int in)
{
    size_t b = (size_t)ctx->block, ob = (size_t)nscl_blocks(ctx, out), ip = (size_t)nscl_blocks(ctx, in) * b, ov = (size_t)nscl_output_vectors(ctx, out);
    float *packed = calloc(36 * ob * b * ip, sizeof *packed);
    if (!packed) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to pack the weights of a convolution");
        return NULL;
    }
    for (size_t o = 0; o < (size_t)out; o++)
        for (size_t i = 0; i < (size_t)in; i++) {
            const float *g = kernel + (o * (size_t)in + i) * 9;
            double rows[6][3];
            for (int a = 0; a < 6; a++)
                for (int c = 0; c < 3; c++)
                    rows[a][c] = transform[a][0] * (double)g[c] + transform[a][1] * (double)g[3 + c] + transform[a][2] * (double)g[6 + c];
            size_t block = o / b, at = ((block / ov) * ip + i) * ov * b + (block % ov) * b + o % b;
            for (size_t a = 0; a < 6; a++)
                for (size_t c = 0; c < 6; c++)
                    packed[(a * 6 + c) * ob * b * ip + at] =
                        (float)(rows[a][0] * transform[c][0] + rows[a][1] * transform[c][1] + rows[a][2] * transform[c][2]);
        }
    cl_mem mem = nscl_buffer_copy(ctx, packed, 36 * ob * b * ip * sizeof *packed);
    free(packed);
    return mem;
}

void nscl_conv_winograd_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    cl_int in = nscl_blocks(ctx, p->in), out = nscl_blocks(ctx, p->out), masked = p->backward ? p->mask != NULL : -1;
    int ov = nscl_output_vectors(ctx, p->out), nr = ctx->register_block, tiles = ((p->w + 3) / 4) * ((p->h + 3) / 4);
    int units = (int)ctx->facts.compute_units, share = (tiles + units - 1) / units;
    int most = p->in <= 64 ? 24 : p->in <= 128 ? 48 : p->in <= 256 ? 48 : 72;
    int batches = (share + most - 1) / most; /* a unit's */
    cl_int groups = ((share + batches - 1) / batches + nr - 1) / nr;
    size_t batch = (size_t)groups * (size_t)nr;
    size_t slot = 36 * (batch * (size_t)(in + out) + 2) * (size_t)ctx->block * sizeof(float);
    size_t items = ((size_t)tiles + batch - 1) / batch, slots = (size_t)units * 4;
    while (slots > (size_t)units && slots * slot > (size_t)64 << 20)
        slots /= 2;
    items = items < slots ? items : slots;
    cl_mem scratch = nscl_scratch(ctx, 0, items * slot), bias = p->backward ? p->y : p->bias, mask = p->mask ? p->mask : p->y;
    nscl_dims dims = {1, {items, 1, 1}, {1, 1, 1}};
    NSCL_RUN_WITH(ctx, "winograd_conv", nscl_output_option(ov), dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(bias), ARG(mask), ARG(scratch), ARG(in), ARG(out), ARG(p->h),
                  ARG(p->w), ARG(groups), ARG(p->relu), ARG(masked));
}
