/* Winograd F(4x4, 3x3) in steps (cl/winograd_batch.cl): a strip of tiles is transformed, multiplied in 36 products and
 * transformed back, so that scratch memory stays bounded whatever the picture's size. The products are CLBlast's, or ours:
 * register blocks where one work-item does a core's work, tiles in local memory elsewhere. */
#include <stdio.h>

#include "conv_pack.h"
#include "gemm.h"
#include "tile.h"

enum { TILE = 4, FREQUENCIES = 36 };

/* Bytes of V and M: enough rows for a device's units; where one has a core's cache, little more than caches hold. */
enum { STRIP = 64 << 20, STRIP_NEAR = 8 << 20 };

typedef enum products { REGISTERS, TILES, LIBRARY } products;

static products products_of(const nscl_context *ctx)
{
    return ctx->heavy_items == 1 ? REGISTERS : TILES;
}

static cl_mem pack(nscl_context *ctx, const nscl_conv *conv, int backward, products way)
{
    int ov = way == REGISTERS ? nscl_output_vectors(ctx, backward ? conv->cin : conv->cout) : 0;
    return nscl_conv_winograd_pack(ctx, conv, backward, TILE, ov);
}

static void run(nscl_context *ctx, const nscl_conv_pass *p, products way)
{
    cl_int in = nscl_blocks(ctx, p->in), out = nscl_blocks(ctx, p->out), masked = p->backward ? p->mask != NULL : -1;
    cl_mem bias = p->backward ? p->packed : p->bias, mask = p->mask ? p->mask : p->y; /* some memory object must be given */
    int nr = ctx->register_block, ov = nscl_output_vectors(ctx, p->out), near = ctx->heavy_items == 1;
    int all = ((p->w + TILE - 1) / TILE) * ((p->h + TILE - 1) / TILE);
    size_t width = (size_t)ctx->block * sizeof(float), a_tile = FREQUENCIES * (size_t)(in + out) * width;
    int most = (int)((near ? STRIP_NEAR : STRIP) / a_tile), strips;
    most = most > 4 * nr ? most / nr * nr : 4 * nr;
    strips = (all + most - 1) / most;
    most = ((all + strips - 1) / strips + nr - 1) / nr * nr; /* whole register blocks, and strips of about one size */
    cl_mem v = nscl_scratch(ctx, 0, FREQUENCIES * ((size_t)most * (size_t)in + 1) * width);
    cl_mem m = nscl_scratch(ctx, 1, FREQUENCIES * ((size_t)most * (size_t)out + 1) * width);
    char options[48];
    snprintf(options, sizeof options, "-DNR=%d %s", nr, nscl_output_option(ov));
    for (cl_int first = 0; first < all; first += most) {
        cl_int tiles = all - first < most ? all - first : most, groups = (tiles + nr - 1) / nr;
        cl_int group = way == REGISTERS ? nr : way == TILES ? tiles : 1, run = near ? nr : 1, several = 4;
        size_t padded = (size_t)(way == REGISTERS ? groups * nr : tiles);
        /* One block longer than need be, so that the planes do not fall on the same cache sets. */
        cl_ulong vplane = padded * (size_t)in + 1, mplane = padded * (size_t)out + 1;
        NSCL_RUN_WITH(ctx, "winograd_input", options, HEAVY2(ctx, near ? groups : tiles, in), ARG(v), ARG(p->x), ARG(in), ARG(p->h), ARG(p->w), ARG(first),
                      ARG(tiles), ARG(group), ARG(run), ARG(vplane));
        if (way == REGISTERS) {
            NSCL_RUN_WITH(ctx, "winograd_product", options, HEAVY3(ctx, (groups + several - 1) / several, out / ov, FREQUENCIES), ARG(m), ARG(p->packed),
                          ARG(v), ARG(in), ARG(out), ARG(groups), ARG(several), ARG(vplane), ARG(mplane));
        } else if (way == TILES) {
            nscl_tile tile = nscl_tile_plan((size_t)tiles, (size_t)out * (size_t)ctx->block, FREQUENCIES);
            NSCL_RUN_WITH(ctx, "gemm_batch", tile.options, tile.dims, ARG(m), ARG(p->packed), ARG(v), ARG(in), ARG(out), ARG(tiles), ARG(vplane), ARG(mplane));
        } else
            nscl_gemm_batch(ctx, m, v, p->packed, (size_t)tiles, (size_t)(out * ctx->block), (size_t)(in * ctx->block), mplane * (size_t)ctx->block,
                            vplane * (size_t)ctx->block, FREQUENCIES);
        NSCL_RUN_WITH(ctx, "winograd_output", options, HEAVY2(ctx, near ? groups : tiles, out), ARG(p->y), ARG(m), ARG(bias), ARG(mask), ARG(out), ARG(p->h),
                      ARG(p->w), ARG(first), ARG(tiles), ARG(group), ARG(run), ARG(mplane), ARG(p->relu), ARG(masked));
    }
}

cl_mem nscl_conv_winograd4_batched_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    return pack(ctx, conv, backward, products_of(ctx));
}

void nscl_conv_winograd4_batched_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    run(ctx, p, products_of(ctx));
}

cl_mem nscl_conv_winograd4_clblast_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    return pack(ctx, conv, backward, LIBRARY);
}

void nscl_conv_winograd4_clblast_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    run(ctx, p, LIBRARY);
}
