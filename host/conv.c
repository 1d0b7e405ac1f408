/* The layer: which algorithm, its packed weights, and the dispatch. Each algorithm is a file of its own. */
#include "conv.h"

#include <stdlib.h>
#include <string.h>

#include "conv_pack.h"
#include "kernel.h"
#include "tile.h"
#include "tuning.h"

const char *const nscl_conv_names[NSCL_CONV_ALGORITHMS] = {
    "image", "direct", "gemm", "winograd4", "winograd6", "winograd2", "winograd4-batched", "winograd4-clblast", "implicit"};

typedef struct algorithm {
    cl_mem (*pack)(nscl_context *ctx, const nscl_conv *conv, int backward);
    void (*run)(nscl_context *ctx, const nscl_conv_pass *pass);
} algorithm;

static const algorithm algorithms[NSCL_CONV_ALGORITHMS] = {
    [NSCL_CONV_DIRECT] = {nscl_conv_direct_pack, nscl_conv_direct_run},
    [NSCL_CONV_GEMM] = {nscl_conv_gemm_pack, nscl_conv_gemm_run},
    [NSCL_CONV_WINOGRAD4] = {nscl_conv_winograd4_pack, nscl_conv_winograd4_run},
    [NSCL_CONV_WINOGRAD6] = {nscl_conv_winograd6_pack, nscl_conv_winograd6_run},
    [NSCL_CONV_WINOGRAD2] = {nscl_conv_winograd2_pack, nscl_conv_winograd2_run},
    [NSCL_CONV_WINOGRAD4_BATCHED] = {nscl_conv_winograd4_batched_pack, nscl_conv_winograd4_batched_run},
    [NSCL_CONV_WINOGRAD4_CLBLAST] = {nscl_conv_winograd4_clblast_pack, nscl_conv_winograd4_clblast_run},
    [NSCL_CONV_IMPLICIT] = {nscl_conv_gemm_pack, nscl_conv_implicit_run},
};

/* Those whose kernels take feature maps of 16-bit floats. */
static const int serves_half[NSCL_CONV_ALGORITHMS] = {
    [NSCL_CONV_IMAGE] = 1,
    [NSCL_CONV_DIRECT] = 1,
    [NSCL_CONV_GEMM] = 1,
    [NSCL_CONV_WINOGRAD4] = 1,
    [NSCL_CONV_WINOGRAD6] = 1,
    [NSCL_CONV_WINOGRAD2] = 1,
    [NSCL_CONV_WINOGRAD4_BATCHED] = 1,
    [NSCL_CONV_WINOGRAD4_CLBLAST] = 1,
};

int nscl_conv_can(const nscl_context *ctx, const nscl_conv *conv, nscl_conv_algorithm which)
{
    if ((ctx->half_storage && !serves_half[which]) || ctx->conv_refused & 1u << which)
        return 0;
    if (conv->cin == 3 || which == NSCL_CONV_IMAGE)
        return conv->cin == 3 && which == NSCL_CONV_IMAGE;
    if (which == NSCL_CONV_IMPLICIT || (which == NSCL_CONV_WINOGRAD4_BATCHED && ctx->heavy_items > 1))
        return nscl_tile_can(ctx);
    return 1;
}

int nscl_conv_offered(const nscl_context *ctx, const nscl_conv *conv, nscl_conv_algorithm which)
{
    if (which == NSCL_CONV_IMPLICIT && ctx->heavy_items == 1)
        return 0; /* work-items that take turns on a core: a hundredth of the others' rate, too slow even to be tried */
    static const unsigned needs[NSCL_CONV_ALGORITHMS] = {
        [NSCL_CONV_GEMM] = NSCL_FEATURE_GEMM,
        [NSCL_CONV_WINOGRAD4] = NSCL_FEATURE_WINOGRAD4,
        [NSCL_CONV_WINOGRAD6] = NSCL_FEATURE_WINOGRAD6,
        [NSCL_CONV_WINOGRAD2] = NSCL_FEATURE_WINOGRAD4,
        [NSCL_CONV_WINOGRAD4_BATCHED] = NSCL_FEATURE_TILED,
        [NSCL_CONV_WINOGRAD4_CLBLAST] = NSCL_FEATURE_TILED | NSCL_FEATURE_GEMM,
        [NSCL_CONV_IMPLICIT] = NSCL_FEATURE_TILED,
    };
    /* Direct is always there, but a mask given by hand means the others. */
    if (which == NSCL_CONV_DIRECT && !(ctx->features & NSCL_FEATURE_BLOCKED) && getenv("NSCL_FEATURES"))
        return 0;
    return nscl_conv_can(ctx, conv, which) && !(needs[which] & ~ctx->features);
}

int nscl_conv_allowed(const nscl_context *ctx, const nscl_conv *conv, nscl_conv_algorithm which)
{
    return nscl_conv_offered(ctx, conv, which) && !(ctx->findings.wrong[ctx->half_storage] >> which & 1);
}

/* What a row of the tuning says, where it can be followed. */
static int use_row(nscl_context *ctx, nscl_conv *conv, int h, int w)
{
    const nscl_tuning_row *row = nscl_tuning_conv(ctx, conv->cin, conv->cout, h, w);
    const char *name = row ? nscl_tuning_value(row, "USE") : NULL;
    for (int i = 0; name && i < NSCL_CONV_ALGORITHMS; i++)
        if (strcmp(name, nscl_conv_names[i]) == 0 && nscl_conv_allowed(ctx, conv, (nscl_conv_algorithm)i)) {
            nscl_conv_use(ctx, conv, (nscl_conv_algorithm)i);
            return 1;
        }
    return 0;
}

/* What NSCL_CONV names, where this layer can take it. */
static int use_wanted(nscl_context *ctx, nscl_conv *conv)
{
    int i = 0;
    while (ctx->conv_wanted && i < NSCL_CONV_ALGORITHMS && strcmp(ctx->conv_wanted, nscl_conv_names[i]) != 0)
        i++;
    if (i == NSCL_CONV_ALGORITHMS)
        nscl_fail(&ctx->error, NSCL_BAD_ARGUMENT, "NSCL_CONV: no convolution is called '%s'", ctx->conv_wanted);
    if (!ctx->conv_wanted || i == NSCL_CONV_ALGORITHMS || !nscl_conv_can(ctx, conv, (nscl_conv_algorithm)i))
        return 0;
    nscl_conv_use(ctx, conv, (nscl_conv_algorithm)i);
    return 1;
}

/* The fastest, as far as an estimate tells, of those that the device's features allow. */
static void use_estimate(nscl_context *ctx, nscl_conv *conv, int h, int w)
{
    unsigned f = ctx->features;
    if (conv->cin == 3)
        nscl_conv_use(ctx, conv, NSCL_CONV_IMAGE);
    else if (f & NSCL_FEATURE_TILED && ctx->heavy_items > 1 && nscl_tile_can(ctx)) /* GPUs; few channels leave Winograd's products thin */
        nscl_conv_use(ctx, conv,
                      conv->cin >= 32 && conv->cout >= 32            ? NSCL_CONV_WINOGRAD4_BATCHED
                      : nscl_conv_can(ctx, conv, NSCL_CONV_IMPLICIT) ? NSCL_CONV_IMPLICIT
                                                                     : NSCL_CONV_DIRECT);
    else if (f & NSCL_FEATURE_WINOGRAD4 && f & NSCL_FEATURE_WINOGRAD6) {
        double four = nscl_conv_winograd_cost(ctx, conv->cin, conv->cout, h, w, 4) + nscl_conv_winograd_cost(ctx, conv->cout, conv->cin, h, w, 4);
        double six = nscl_conv_winograd_cost(ctx, conv->cin, conv->cout, h, w, 6) + nscl_conv_winograd_cost(ctx, conv->cout, conv->cin, h, w, 6);
        /* F(6x6)'s weights are 1.8 times as large, its error four times: where vectors are narrow, for a gain of 5 % (seen where a
         * tenth was expected) they are not worth it. */
        double worth = ctx->block == 16 ? 1 : 0.9;
        nscl_conv_use(ctx, conv, six < worth * four ? NSCL_CONV_WINOGRAD6 : NSCL_CONV_WINOGRAD4);
    } else if (f & NSCL_FEATURE_WINOGRAD6)
        nscl_conv_use(ctx, conv, NSCL_CONV_WINOGRAD6);
    else if (f & NSCL_FEATURE_WINOGRAD4)
        nscl_conv_use(ctx, conv, NSCL_CONV_WINOGRAD4);
    else if (f & NSCL_FEATURE_GEMM && !(f & NSCL_FEATURE_BLOCKED) && conv->cin >= 32)
        nscl_conv_use(ctx, conv, NSCL_CONV_GEMM);
    else
        nscl_conv_use(ctx, conv, NSCL_CONV_DIRECT);
}

/* Where the estimate fell on one that the self-test excluded, or that failed: the next best as a rule, else any that is right. */
static void use_other(nscl_context *ctx, nscl_conv *conv)
{
    static const nscl_conv_algorithm order[] = {NSCL_CONV_WINOGRAD4,         NSCL_CONV_WINOGRAD6, NSCL_CONV_WINOGRAD2, NSCL_CONV_WINOGRAD4_BATCHED,
                                                NSCL_CONV_WINOGRAD4_CLBLAST, NSCL_CONV_DIRECT,    NSCL_CONV_GEMM,      NSCL_CONV_IMPLICIT};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (nscl_conv_allowed(ctx, conv, order[i])) {
            nscl_conv_use(ctx, conv, order[i]);
            return;
        }
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (nscl_conv_can(ctx, conv, order[i]) && !(ctx->findings.wrong[ctx->half_storage] >> order[i] & 1)) {
            nscl_conv_use(ctx, conv, order[i]);
            return;
        }
    nscl_fail(&ctx->error, NSCL_BAD_DEVICE, "%s computes convolutions of %d to %d channels wrongly, by every algorithm; choose another device",
              ctx->facts.info.name, conv->cin, conv->cout);
}

void nscl_conv_plan(nscl_context *ctx, nscl_conv *conv, int h, int w)
{
    if (use_wanted(ctx, conv) || use_row(ctx, conv, h, w))
        return;
    use_estimate(ctx, conv, h, w);
    if ((ctx->findings.wrong[ctx->half_storage] | ctx->conv_refused) >> conv->algorithm & 1)
        use_other(ctx, conv);
}

/* The picture layer's weights: (blocks, 3, 3, 3) of ctx->block output lanes. */
static cl_mem pack_image(nscl_context *ctx, const float *kernel, int out)
{
    size_t b = (size_t)ctx->block, blocks = (size_t)nscl_blocks(ctx, out);
    float *packed = calloc(blocks * 27 * b, sizeof *packed);
    if (!packed) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to pack the weights of the first convolution");
        return NULL;
    }
    for (size_t o = 0; o < (size_t)out; o++)
        for (size_t t = 0; t < 27; t++)
            packed[((o / b) * 27 + t) * b + o % b] = kernel[o * 27 + t];
    cl_mem mem = nscl_buffer_copy(ctx, packed, blocks * 27 * b * sizeof *packed);
    free(packed);
    return mem;
}

nscl_conv *nscl_conv_create(nscl_context *ctx, const float *kernel, const float *bias, int cin, int cout)
{
    size_t lanes = (size_t)nscl_blocks(ctx, cout) * (size_t)ctx->block;
    float *padded = calloc(lanes, sizeof *padded);
    nscl_conv *conv = calloc(1, sizeof *conv);
    if (!conv || !padded) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for the weights of a convolution");
        free(conv);
        free(padded);
        return NULL;
    }
    conv->kernel = kernel;
    conv->cin = cin;
    conv->cout = cout;
    memcpy(padded, bias, (size_t)cout * sizeof(float));
    conv->bias = nscl_buffer_copy(ctx, padded, lanes * sizeof(float));
    free(padded);
    conv->algorithm = cin == 3 ? NSCL_CONV_IMAGE : NSCL_CONV_DIRECT;
    if (ctx->error.code != NSCL_OK) {
        nscl_conv_free(ctx, conv);
        return NULL;
    }
    return conv;
}

void nscl_conv_unpack(nscl_context *ctx, nscl_conv *conv)
{
    if (conv->packed[1] != conv->packed[0])
        nscl_buffer_free(ctx, conv->packed[1]);
    nscl_buffer_free(ctx, conv->packed[0]);
    conv->packed[0] = conv->packed[1] = NULL;
}

void nscl_conv_free(nscl_context *ctx, nscl_conv *conv)
{
    if (!conv)
        return;
    if (!ctx->rehearsing)
        clFinish(ctx->queue); /* whoever gave the kernel may free it, which is still read where an error kept all else from being waited for */
    nscl_conv_unpack(ctx, conv);
    nscl_buffer_free(ctx, conv->bias);
    free(conv);
}

void nscl_conv_use(nscl_context *ctx, nscl_conv *conv, nscl_conv_algorithm which)
{
    if (which == conv->algorithm)
        return;
    nscl_conv_unpack(ctx, conv);
    conv->algorithm = which;
}

/* For a row of w pixels in register blocks of n (cl/conv_image.cl: NR, and two thirds of it, NG): where a work-item is a core's whole work, it takes the row,
 * so that it begins less often. */
static int row_items(const nscl_context *ctx, int w, int n)
{
    return ctx->heavy_items == 1 ? 1 : (w + n - 1) / n;
}

static void forward(nscl_context *ctx, nscl_conv *conv, cl_mem y, cl_mem x, int h, int w, int relu)
{
    if (conv->algorithm == NSCL_CONV_IMAGE) {
        if (!conv->packed[0])
            conv->packed[0] = conv->packed[1] = pack_image(ctx, conv->kernel, conv->cout);
        NSCL_RUN(ctx, "conv_image_fwd", HEAVY3(ctx, row_items(ctx, w, ctx->register_block), h, nscl_blocks(ctx, conv->cout)), ARG(y), ARG(x),
                 ARG(conv->packed[0]), ARG(conv->bias), ARG(h), ARG(w), ARG(relu));
        return;
    }
    const algorithm *a = &algorithms[conv->algorithm];
    if (!conv->packed[0])
        conv->packed[0] = a->pack(ctx, conv, 0);
    nscl_conv_pass pass = {conv->cin, conv->cout, h, w, 0, y, x, conv->packed[0], conv->bias, relu, NULL};
    a->run(ctx, &pass);
}

static void backward(nscl_context *ctx, nscl_conv *conv, cl_mem dx, cl_mem dz, cl_mem mask, int h, int w)
{
    if (conv->algorithm == NSCL_CONV_IMAGE) {
        cl_int blocks = nscl_blocks(ctx, conv->cout);
        if (!conv->packed[0])
            conv->packed[0] = conv->packed[1] = pack_image(ctx, conv->kernel, conv->cout);
        NSCL_RUN(ctx, "conv_image_bwd", HEAVY2(ctx, row_items(ctx, w, ctx->register_block * 2 / 3), h), ARG(dx), ARG(dz), ARG(conv->packed[0]), ARG(blocks),
                 ARG(h), ARG(w));
        return;
    }
    const algorithm *a = &algorithms[conv->algorithm];
    if (!conv->packed[1])
        conv->packed[1] = a->pack(ctx, conv, 1);
    nscl_conv_pass pass = {conv->cout, conv->cin, h, w, 1, dx, dz, conv->packed[1], NULL, 0, mask};
    a->run(ctx, &pass);
}

/* After a failure weights may be packed by halves. */
static void leave(nscl_context *ctx, nscl_conv *conv)
{
    if (ctx->error.code != NSCL_OK)
        nscl_conv_unpack(ctx, conv);
    ctx->at = 0;
}

void nscl_conv_fwd(nscl_context *ctx, nscl_conv *conv, cl_mem y, cl_mem x, int h, int w, int relu)
{
    ctx->at = 1 + (int)conv->algorithm;
    forward(ctx, conv, y, x, h, w, relu);
    leave(ctx, conv);
}

void nscl_conv_bwd(nscl_context *ctx, nscl_conv *conv, cl_mem dx, cl_mem dz, cl_mem mask, int h, int w)
{
    ctx->at = 1 + (int)conv->algorithm;
    backward(ctx, conv, dx, dz, mask, h, w);
    leave(ctx, conv);
}
