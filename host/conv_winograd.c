/* Fused Winograd F(2x2, 3x3), F(4x4, 3x3) and F(6x6, 3x3) for devices that run one work-item a core (cl/winograd.cl). The
 * weights are transformed and packed once, on the device; the host chooses the batch: enough tiles that the weights, read
 * once a batch, cost less than the products, few enough that the batch stays in cache. */
#include <stdio.h>
#include <stdlib.h>

#include "conv_pack.h"
#include "kernel.h"

cl_mem nscl_conv_winograd_pack(nscl_context *ctx, const nscl_conv *conv, int backward, int tile, int ov)
{
    cl_int in = backward ? conv->cout : conv->cin, out = backward ? conv->cin : conv->cout;
    cl_int lanes = nscl_blocks(ctx, in) * ctx->block, blocks = nscl_blocks(ctx, out);
    size_t frequencies = (size_t)(tile + 2) * (size_t)(tile + 2);
    cl_mem k = nscl_buffer_borrow(ctx, conv->kernel, (size_t)in * (size_t)out * 9 * sizeof(float));
    cl_mem u = nscl_buffer_create(ctx, frequencies * (size_t)lanes * (size_t)blocks * (size_t)ctx->block * sizeof(float));
    cl_int vectors = ov ? ov : blocks;
    NSCL_RUN(ctx, "winograd_pack", DIM2(lanes, blocks), ARG(u), ARG(k), ARG(tile), ARG(in), ARG(out), ARG(lanes), ARG(blocks), ARG(vectors), ARG(backward));
    nscl_buffer_free(ctx, k);
    return u;
}

static cl_mem pack(nscl_context *ctx, const nscl_conv *conv, int backward, int tile)
{
    return nscl_conv_winograd_pack(ctx, conv, backward, tile, nscl_output_vectors(ctx, backward ? conv->cin : conv->cout));
}

/* How the tiles are dealt out. */
typedef struct plan {
    int nr;      /* tiles of a register block */
    int groups;  /* of at most nr tiles, a multiple of items where that is possible */
    int batches; /* of groups, likewise */
    int items;   /* work-items, each with a scratch slot: one a compute unit */
    int most;    /* groups a batch */
    double cost; /* of a compute unit, in products of one tile; for comparing tile sizes */
} plan;

/* Register blocks to choose from: the fullest that fit the registers, so that the last is not mostly padding. */
static const int blocks_wide[] = {13, 12, 11, 10, 9}, blocks_narrow[] = {6, 5};

/* The weights are read once a batch by every unit: as costly as so many tiles' products where they do not stay in a
 * core's own cache. Found by measurement on two CPUs; only their order of magnitude matters. */
enum { WEIGHTS_FAR = 8, WEIGHTS_NEAR = 1 };
#define NEAR_BYTES ((double)(768 << 10))

/* At most so many groups of nr tiles a batch: so few that V stays in a core's own cache or near it, so many that the weights need
 * not come faster than they can. Found by measurement on CPUs with vectors of 8. */
static int most_groups(int in, int nr)
{
    int tiles = in <= 64 ? 12 : 24;
    return (tiles + nr - 1) / nr;
}

static plan make_plan(const nscl_context *ctx, int in, int out, int h, int w, int tile)
{
    int units = (int)ctx->facts.compute_units, tiles = ((w + tile - 1) / tile) * ((h + tile - 1) / tile), share = (tiles + units - 1) / units;
    const int *choices = ctx->block == 16 ? blocks_wide : blocks_narrow;
    int count = ctx->block == 16 ? 5 : 2, frequencies = (tile + 2) * (tile + 2);
    double weights = (double)frequencies * in * out * sizeof(float);
    plan best = {0};
    for (int i = 0; i < count; i++) {
        int nr = choices[i], mine = (share + nr - 1) / nr; /* groups of a unit */
        int limit = most_groups(in, nr), batches = mine ? (mine + limit - 1) / limit : 1, most = (mine + batches - 1) / batches;
        /* A sum's loads and stores weigh more in a smaller block. */
        double cost = frequencies * (mine * (nr + 1.0) + batches * (weights > NEAR_BYTES ? WEIGHTS_FAR : WEIGHTS_NEAR));
        if (best.nr && cost >= best.cost)
            continue;
        int groups = mine * units < tiles ? mine * units : tiles;
        best = (plan){nr, groups, batches * units < groups ? batches * units : groups, units < groups ? units : groups, most, cost};
    }
    return best;
}

double nscl_conv_winograd_cost(const nscl_context *ctx, int in, int out, int h, int w, int tile)
{
    return make_plan(ctx, in, out, h, w, tile).cost;
}

/* A counter for each work-item, apart by COUNTER_BYTES (cl/winograd.cl: APART). The queue is in order: all launches share them. */
static cl_mem counters(nscl_context *ctx)
{
    enum { COUNTER_BYTES = 64 };
    if (ctx->counters || ctx->rehearsing)
        return ctx->counters;
    void *zero = calloc(ctx->facts.compute_units, COUNTER_BYTES); /* copied: Oclgrind takes what was filled for uninitialised */
    if (zero)
        ctx->counters = nscl_buffer_copy(ctx, zero, ctx->facts.compute_units * COUNTER_BYTES);
    else
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to count the batches of a convolution");
    free(zero);
    return ctx->counters;
}

static void run(nscl_context *ctx, const nscl_conv_pass *p, int tile)
{
    plan n = make_plan(ctx, p->in, p->out, p->h, p->w, tile);
    cl_int in = nscl_blocks(ctx, p->in), out = nscl_blocks(ctx, p->out), masked = p->backward ? p->mask != NULL : -1;
    size_t frequencies = (size_t)(tile + 2) * (size_t)(tile + 2), width = (size_t)ctx->block * sizeof(float);
    int ov = nscl_output_vectors(ctx, p->out);
    size_t slot = frequencies * ((size_t)(n.nr * n.most) * (size_t)(in + ov) + 2) * width;
    cl_mem scratch = nscl_scratch(ctx, 0, (size_t)n.items * slot), bias = p->backward ? p->y : p->bias, mask = p->mask ? p->mask : p->y;
    cl_mem next_batch = counters(ctx);
    char options[64];
    int used = snprintf(options, sizeof options, "-DNR=%d -DTILE=%d %s", n.nr, tile, nscl_output_option(ov));
    if (ctx->products > 1)
        snprintf(options + used, sizeof options - (size_t)used, " -DPRODUCTS=%d", ctx->products);
    nscl_dims dims = {1, {(size_t)n.items, 1, 1}, {1, 1, 1}};
    NSCL_RUN_WITH(ctx, "winograd_conv", options, dims, ARG(p->y), ARG(p->x), ARG(p->packed), ARG(bias), ARG(mask), ARG(scratch), ARG(next_batch), ARG(in),
                  ARG(out), ARG(p->h), ARG(p->w), ARG(n.groups), ARG(n.batches), ARG(n.most), ARG(p->relu), ARG(masked));
}

cl_mem nscl_conv_winograd2_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    return pack(ctx, conv, backward, 2);
}

void nscl_conv_winograd2_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    run(ctx, p, 2);
}

cl_mem nscl_conv_winograd4_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    return pack(ctx, conv, backward, 4);
}

void nscl_conv_winograd4_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    run(ctx, p, 4);
}

cl_mem nscl_conv_winograd6_pack(nscl_context *ctx, const nscl_conv *conv, int backward)
{
    return pack(ctx, conv, backward, 6);
}

void nscl_conv_winograd6_run(nscl_context *ctx, const nscl_conv_pass *p)
{
    run(ctx, p, 6);
}
