#include "ops.h"

#include <assert.h>

#include "gemm.h"
#include "kernel.h"

void nscl_relu_fwd(nscl_context *ctx, cl_mem y, cl_mem x, size_t n)
{
    cl_ulong blocks = n / (size_t)ctx->block;
    assert(n % (size_t)ctx->block == 0);
    NSCL_RUN(ctx, "relu_fwd", DIM1(blocks), ARG(y), ARG(x), ARG(blocks));
}

void nscl_axpby(nscl_context *ctx, cl_mem y, cl_mem x, size_t n, float a, float b)
{
    cl_ulong blocks = n / (size_t)ctx->block;
    assert(n % (size_t)ctx->block == 0);
    NSCL_RUN(ctx, "axpby", DIM1(blocks), ARG(y), ARG(x), ARG(blocks), ARG(a), ARG(b));
}

void nscl_fill(nscl_context *ctx, cl_mem y, size_t n, float value)
{
    cl_ulong count = n;
    NSCL_RUN(ctx, "fill", DIM1(count), ARG(y), ARG(count), ARG(value));
}

void nscl_blocks_from_planes(nscl_context *ctx, cl_mem y, cl_mem x, int c, int h, int w)
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    NSCL_RUN(ctx, "blocks_from_planes", DIM2(m, nscl_blocks(ctx, c)), ARG(y), ARG(x), ARG(c), ARG(m));
}

void nscl_planes_from_blocks(nscl_context *ctx, cl_mem y, cl_mem x, int c, int h, int w)
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    NSCL_RUN(ctx, "planes_from_blocks", DIM2(m, nscl_blocks(ctx, c)), ARG(y), ARG(x), ARG(c), ARG(m));
}

int nscl_pooled(int n, int round_up)
{
    return (n + (round_up ? 1 : 0)) / 2;
}

void nscl_pool_fwd(nscl_context *ctx, cl_mem y, cl_mem x, int c, int h, int w, int round_up, nscl_pooling pooling)
{
    int oh = nscl_pooled(h, round_up), ow = nscl_pooled(w, round_up);
    NSCL_RUN(ctx, pooling == NSCL_POOL_MAX ? "pool_max_fwd" : "pool_average_fwd", DIM3(ow, oh, nscl_blocks(ctx, c)), ARG(y), ARG(x), ARG(h), ARG(w), ARG(oh),
             ARG(ow));
}

void nscl_pool_bwd(nscl_context *ctx, cl_mem dx, cl_mem dy, cl_mem x, int c, int h, int w, int round_up, nscl_pooling pooling)
{
    int oh = nscl_pooled(h, round_up), ow = nscl_pooled(w, round_up);
    NSCL_RUN(ctx, pooling == NSCL_POOL_MAX ? "pool_max_bwd" : "pool_average_bwd", DIM3((w + 1) / 2, (h + 1) / 2, nscl_blocks(ctx, c)), ARG(dx), ARG(dy), ARG(x),
             ARG(h), ARG(w), ARG(oh), ARG(ow));
}

size_t nscl_gram_side(const nscl_context *ctx, int c)
{
    return (size_t)nscl_blocks(ctx, c) * (size_t)ctx->block;
}

/* Pixels of a strip that makes rows of `side` floats fit about 32 MiB. */
static cl_ulong strip(size_t side, cl_ulong m)
{
    cl_ulong count = ((cl_ulong)8 << 20) / side;
    return count < 1 ? 1 : count > m ? m : count;
}

static void gram_gemm(nscl_context *ctx, cl_mem gram, cl_mem f, int c, cl_ulong m, float scale)
{
    size_t side = nscl_gram_side(ctx, c);
    cl_int n = (cl_int)side, blocks = nscl_blocks(ctx, c);
    cl_ulong count = strip(side, m);
    cl_mem rows = nscl_scratch(ctx, 0, count * side * sizeof(float));
    for (cl_ulong m0 = 0; m0 < m; m0 += count) {
        cl_ulong now = m - m0 < count ? m - m0 : count;
        NSCL_RUN(ctx, "rows_pack", DIM2(blocks, now), ARG(rows), ARG(f), ARG(n), ARG(m), ARG(m0), ARG(now));
        nscl_gemm(ctx, gram, rows, rows, side, side, now, 1, 0, scale, m0 ? 1.0f : 0.0f);
    }
}

static void gram_blocked(nscl_context *ctx, cl_mem gram, cl_mem f, int c, cl_ulong m, float scale)
{
    /* Chunks of pixels that stay in cache while every pair of blocks visits them, and no more partial matrices than
     * are cheap to add up. */
    cl_int blocks = nscl_blocks(ctx, c), pairs = blocks * (blocks + 1) / 2;
    cl_ulong chunk = ctx->heavy_items == 1 ? 1024 : 256;
    while ((m + chunk - 1) / chunk > 256)
        chunk *= 2;
    cl_int chunks = (cl_int)((m + chunk - 1) / chunk);
    cl_mem partial = nscl_scratch(ctx, 0, (size_t)chunks * (size_t)pairs * (size_t)ctx->block * (size_t)ctx->block * sizeof(float));
    int ov = nscl_output_vectors(ctx, c), items = 0;
    for (int i = 0; i < blocks; i += ov)
        items += blocks - i;
    NSCL_RUN_WITH(ctx, "gram_fwd", nscl_output_option(ov), HEAVY2(ctx, items, chunks), ARG(partial), ARG(f), ARG(blocks), ARG(m), ARG(chunk));
    NSCL_RUN_WITH(ctx, "gram_sum", nscl_output_option(ov), HEAVY2(ctx, ctx->block, pairs), ARG(gram), ARG(partial), ARG(blocks), ARG(chunks), ARG(scale));
}

void nscl_gram_fwd(nscl_context *ctx, cl_mem gram, cl_mem f, int c, int h, int w, float scale)
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    ctx->at = NSCL_AT_GRAM;
    if (ctx->features & NSCL_FEATURE_BLOCKED)
        gram_blocked(ctx, gram, f, c, m, scale);
    else
        gram_gemm(ctx, gram, f, c, m, scale);
    ctx->at = 0;
}

void nscl_gram_loss(nscl_context *ctx, cl_mem partial, int slot, cl_mem slope, cl_mem gram, cl_mem target, int c, float factor, int accumulate)
{
    size_t side = nscl_gram_side(ctx, c);
    cl_ulong n = side * side / (size_t)ctx->block;
    NSCL_RUN(ctx, "gram_loss", REDUCE(ctx), ARG(partial), ARG(slot), ARG(slope), ARG(gram), ARG(target), ARG(n), ARG(factor), ARG(accumulate));
}

/* Of a strip of register blocks, in a cache that a core has to itself; a panel of the slope serves them all. */
enum { STRIP_BYTES = 128 << 10 };

static void gram_bwd_blocked(nscl_context *ctx, cl_mem df, cl_mem slope, cl_mem f, int c, cl_ulong m, int masked, int accumulate)
{
    cl_ulong nr = (cl_ulong)ctx->register_block;
    const char *option = nscl_output_option(nscl_output_vectors(ctx, c));
    cl_int blocks = nscl_blocks(ctx, c), pairs = blocks / nscl_output_vectors(ctx, c);
    if (ctx->heavy_items > 1) {
        NSCL_RUN_WITH(ctx, "gram_bwd", option, HEAVY2(ctx, pairs, (m + nr - 1) / nr), ARG(df), ARG(slope), ARG(f), ARG(blocks), ARG(m), ARG(masked),
                      ARG(accumulate));
        return;
    }
    size_t side = nscl_gram_side(ctx, c), tile = nr * side * sizeof(float);
    cl_ulong items = 4 * ctx->facts.compute_units, all = (m + nr - 1) / nr; /* several items even out other loads on the machine */
    cl_int near = tile < STRIP_BYTES / 2 ? (cl_int)(STRIP_BYTES / tile) : 2, share = (cl_int)((all + items - 1) / items), tiles = near < share ? near : share;
    cl_ulong strips = (all + (cl_ulong)tiles - 1) / (cl_ulong)tiles;
    if (items > strips)
        items = strips;
    cl_mem scratch = nscl_scratch(ctx, 0, items * (cl_ulong)tiles * tile), panels = nscl_scratch(ctx, 1, side * side * sizeof(float));
    NSCL_RUN_WITH(ctx, "gram_panels", option, DIM2(blocks, side), ARG(panels), ARG(slope), ARG(blocks));
    NSCL_RUN_WITH(ctx, "gram_bwd_near", option, HEAVY2(ctx, items, 1), ARG(df), ARG(panels), ARG(f), ARG(scratch), ARG(blocks), ARG(m), ARG(strips), ARG(tiles),
                  ARG(masked), ARG(accumulate));
}

static void gram_bwd_gemm(nscl_context *ctx, cl_mem df, cl_mem slope, cl_mem f, int c, cl_ulong m, int masked, int accumulate)
{
    cl_int blocks = nscl_blocks(ctx, c);
    size_t side = nscl_gram_side(ctx, c);
    cl_int n = (cl_int)side;
    cl_ulong count = strip(side, m);
    cl_mem rows = nscl_scratch(ctx, 0, count * side * sizeof(float)), product = nscl_scratch(ctx, 1, count * side * sizeof(float));
    for (cl_ulong m0 = 0; m0 < m; m0 += count) {
        cl_ulong now = m - m0 < count ? m - m0 : count;
        NSCL_RUN(ctx, "rows_pack", DIM2(blocks, now), ARG(rows), ARG(f), ARG(n), ARG(m), ARG(m0), ARG(now));
        nscl_gemm(ctx, product, rows, slope, now, side, side, 0, 0, 1.0f, 0.0f);
        NSCL_RUN(ctx, "rows_unpack_bwd", DIM2(blocks, now), ARG(df), ARG(product), ARG(f), ARG(n), ARG(m), ARG(m0), ARG(now), ARG(masked), ARG(accumulate));
    }
}

void nscl_gram_bwd(nscl_context *ctx, cl_mem df, cl_mem slope, cl_mem f, int c, int h, int w, int masked, int accumulate)
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    ctx->at = NSCL_AT_GRAM;
    if (ctx->features & NSCL_FEATURE_BLOCKED)
        gram_bwd_blocked(ctx, df, slope, f, c, m, masked, accumulate);
    else
        gram_bwd_gemm(ctx, df, slope, f, c, m, masked, accumulate);
    ctx->at = 0;
}

void nscl_content_loss(nscl_context *ctx, cl_mem partial, int slot, cl_mem df, cl_mem f, cl_mem target, size_t n, float factor, int masked, int accumulate)
{
    cl_ulong blocks = n / (size_t)ctx->block;
    assert(n % (size_t)ctx->block == 0);
    NSCL_RUN(ctx, "content_loss", REDUCE(ctx), ARG(partial), ARG(slot), ARG(df), ARG(f), ARG(target), ARG(blocks), ARG(factor), ARG(masked), ARG(accumulate));
}

void nscl_tv_fwd(nscl_context *ctx, cl_mem partial, int slot, cl_mem x, int h, int w, nscl_tv form, float ay, float ax)
{
    cl_int f = (cl_int)form;
    NSCL_RUN(ctx, "tv_fwd", REDUCE(ctx), ARG(partial), ARG(slot), ARG(x), ARG(h), ARG(w), ARG(f), ARG(ay), ARG(ax));
}

void nscl_tv_bwd(nscl_context *ctx, cl_mem dx, cl_mem x, int h, int w, nscl_tv form, float ay, float ax)
{
    cl_int f = (cl_int)form;
    NSCL_RUN(ctx, "tv_bwd", DIM3(w, h, 3), ARG(dx), ARG(x), ARG(h), ARG(w), ARG(f), ARG(ay), ARG(ax));
}

void nscl_dot_product(nscl_context *ctx, cl_mem partial, int slot, cl_mem a, cl_mem b, size_t n)
{
    cl_ulong blocks = n / (size_t)ctx->block;
    assert(n % (size_t)ctx->block == 0);
    NSCL_RUN(ctx, "dot_product", REDUCE(ctx), ARG(partial), ARG(slot), ARG(a), ARG(b), ARG(blocks));
}

void nscl_sum_absolute(nscl_context *ctx, cl_mem partial, int slot, cl_mem a, size_t n)
{
    cl_ulong blocks = n / (size_t)ctx->block;
    assert(n % (size_t)ctx->block == 0);
    NSCL_RUN(ctx, "sum_absolute", REDUCE(ctx), ARG(partial), ARG(slot), ARG(a), ARG(blocks));
}

void nscl_largest(nscl_context *ctx, cl_mem most, size_t first, cl_mem a, size_t n)
{
    cl_ulong blocks = n / (size_t)ctx->block, from = first;
    assert(n % (size_t)ctx->block == 0);
    NSCL_RUN(ctx, "largest", REDUCE(ctx), ARG(most), ARG(from), ARG(a), ARG(blocks));
}
