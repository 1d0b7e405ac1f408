#include "network.h"

#include <stdlib.h>
#include <string.h>

/* conv1_1 for RGB minus mean: input channel c of the file stands for colour (bgr ? 2 - c : c), and its unit is
 * scale / deviation of one grey level. malloc'ed. */
static float *fold_input(const nscl_weights *weights, float *mean)
{
    const nscl_conv_weights *first = &weights->conv[0];
    const nscl_input_convention *in = &weights->input;
    float *kernel = malloc((size_t)first->cout * 27 * sizeof *kernel);
    for (int c = 0; c < 3; c++) {
        int colour = in->bgr ? 2 - c : c;
        mean[colour] = in->mean[c] / in->scale;
        for (int o = 0; kernel && o < first->cout; o++)
            for (int t = 0; t < 9; t++)
                kernel[(o * 3 + colour) * 9 + t] = first->kernel[(o * 3 + c) * 9 + t] * in->scale / in->deviation[c];
    }
    return kernel;
}

nscl_network *nscl_network_create(nscl_context *ctx, const nscl_weights *weights, int depth, nscl_pooling pooling, int pool_round_up)
{
    nscl_network *n = calloc(1, sizeof *n);
    if (!n) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for a network");
        return NULL;
    }
    n->ctx = ctx;
    n->depth = depth;
    n->pooling = pooling;
    n->pool_round_up = pool_round_up;
    n->first = fold_input(weights, n->mean);
    if (!n->first)
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for a network");
    for (int i = 0; i < depth && ctx->error.code == NSCL_OK; i++) {
        const nscl_conv_weights *c = &weights->conv[i];
        n->channels[i] = c->cout;
        n->starts_block[i] = c->number == 1 && c->block > 1;
        n->conv[i] = nscl_conv_create(ctx, i == 0 ? n->first : c->kernel, c->bias, c->cin, c->cout);
    }
    if (ctx->error.code != NSCL_OK) {
        nscl_network_free(n);
        return NULL;
    }
    return n;
}

void nscl_network_free(nscl_network *n)
{
    if (!n)
        return;
    for (int i = 0; i < n->depth; i++)
        nscl_conv_free(n->ctx, n->conv[i]);
    free(n->first);
    free(n);
}

void nscl_network_plan(const nscl_network *n, int h, int w)
{
    for (int i = 0; i < n->depth; i++) {
        if (n->starts_block[i]) {
            h = nscl_pooled(h, n->pool_round_up);
            w = nscl_pooled(w, n->pool_round_up);
        }
        nscl_conv_plan(n->ctx, n->conv[i], h, w);
    }
}

void nscl_network_unpack(const nscl_network *n)
{
    for (int i = 0; i < n->depth; i++)
        nscl_conv_unpack(n->ctx, n->conv[i]);
}

int nscl_network_side(const nscl_network *n, int layer, int h, int w)
{
    for (int i = 0; i <= layer; i++)
        if (n->starts_block[i]) {
            h = nscl_pooled(h, n->pool_round_up);
            w = nscl_pooled(w, n->pool_round_up);
        }
    return h < w ? h : w;
}

void nscl_network_mark(const nscl_network *n, nscl_step step, int layer)
{
    if (n->mark)
        n->mark(n->mark_user, step, layer);
}

void nscl_network_fwd(const nscl_network *n, nscl_activations *a, cl_mem x)
{
    nscl_context *ctx = n->ctx;
    for (int i = 0; i < a->depth; i++) {
        if (n->starts_block[i]) {
            nscl_pool_fwd(ctx, a->pooled[i], a->relu[i - 1], n->channels[i - 1], a->h[i - 1], a->w[i - 1], n->pool_round_up, n->pooling);
            nscl_network_mark(n, NSCL_STEP_POOL, i - 1);
            x = a->pooled[i];
        }
        if (a->before[i]) {
            nscl_conv_fwd(ctx, n->conv[i], a->before[i], x, a->h[i], a->w[i], 0);
            nscl_relu_fwd(ctx, a->relu[i], a->before[i], nscl_block_floats(ctx, n->channels[i], a->h[i], a->w[i]));
        } else
            nscl_conv_fwd(ctx, n->conv[i], a->relu[i], x, a->h[i], a->w[i], 1);
        nscl_network_mark(n, NSCL_STEP_CONV_FWD, i);
        x = a->relu[i];
    }
}

void nscl_network_bwd(const nscl_network *n, nscl_activations *a, cl_mem dx, nscl_tap_fn tap, void *user)
{
    nscl_context *ctx = n->ctx;
    int have = 0;
    for (int i = a->depth - 1; i >= 0; i--) {
        have = tap(user, i, a->gradient[i], have);
        if (!have)
            continue; /* nothing below the deepest term yet */
        if (n->starts_block[i]) {
            nscl_conv_bwd(ctx, n->conv[i], a->pooled_gradient[i], a->gradient[i], NULL, a->h[i], a->w[i]);
            nscl_network_mark(n, NSCL_STEP_CONV_BWD, i);
            nscl_pool_bwd(ctx, a->gradient[i - 1], a->pooled_gradient[i], a->relu[i - 1], n->channels[i - 1], a->h[i - 1], a->w[i - 1], n->pool_round_up,
                          n->pooling);
            nscl_network_mark(n, NSCL_STEP_POOL, i - 1);
        } else {
            nscl_conv_bwd(ctx, n->conv[i], i ? a->gradient[i - 1] : dx, a->gradient[i], i ? a->relu[i - 1] : NULL, a->h[i], a->w[i]);
            nscl_network_mark(n, NSCL_STEP_CONV_BWD, i);
        }
    }
    if (!have)
        nscl_fill(ctx, dx, nscl_vector_floats(ctx, a->h[0], a->w[0]), 0.0f);
}
