#include "precision.h"

#include <math.h>

#include "kernel.h"
#include "ops.h"
#include "tensor.h"

static void use(nscl_context *ctx, int half)
{
    if (half == ctx->half_storage)
        return;
    clFinish(ctx->queue);
    nscl_kernels_release(ctx);
    ctx->half_storage = half;
    nscl_context_build_options(ctx);
}

/* Whether values come back from feature maps of 16 bits rounded to even at 11 bits, as vstore_half_rte says. */
static int converts(nscl_context *ctx)
{
    static const float values[] = {0, 1, 1 + 0x1p-11f, 1 + 0x3p-11f, -0.1f, 65504, 65519, 0x1p-14f, 70000, -1e-3f};
    static const float wanted[] = {0, 1, 1, 1 + 0x1p-9f, -0x1.998p-4f, 65504, 65504, 0x1p-14f, INFINITY, -0x1.064p-10f};
    enum { COUNT = sizeof values / sizeof *values };
    float got[COUNT] = {0};
    cl_mem x = nscl_buffer_copy(ctx, values, sizeof values), y = nscl_buffer_create(ctx, sizeof got);
    nscl_tensor map = nscl_tensor_create(ctx, 1, 1, COUNT);
    nscl_blocks_from_planes(ctx, map.mem, x, 1, 1, COUNT);
    nscl_planes_from_blocks(ctx, y, map.mem, 1, 1, COUNT);
    nscl_buffer_read(ctx, got, y, sizeof got);
    nscl_buffer_free(ctx, x);
    nscl_buffer_free(ctx, y);
    nscl_buffer_free(ctx, map.mem);
    for (int i = 0; i < COUNT; i++)
        if (!(got[i] >= wanted[i] && got[i] <= wanted[i])) /* NaN is neither */
            return 0;
    return 1;
}

nscl_status nscl_precision_set(nscl_context *ctx, nscl_precision precision, nscl_error *error)
{
    int half = precision == NSCL_PRECISION_FP16_STORAGE;
    use(ctx, half);
    if (!half || ctx->half_checked)
        return NSCL_OK;
    nscl_error own = {0};
    int good = converts(ctx);
    if (nscl_context_status(ctx, &own) == NSCL_OK && good) {
        ctx->half_checked = 1;
        return NSCL_OK;
    }
    use(ctx, 0);
    return nscl_fail(error, NSCL_BAD_ARGUMENT, "precision fp16-storage: device %d, %s, converts 16-bit floats wrongly%s%s; choose fp32, or another device",
                     ctx->facts.info.index, ctx->facts.info.name, own.text[0] ? ": " : "", own.text);
}
