#include "watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"

/* Largest squared error over squares: over the layers of either network Winograd in single precision was measured to have (1.9e-6)^2 at most, 16-bit
 * maps (4.7e-4)^2. */
#define MOST_NMSE (1e-4 * 1e-4)
#define MOST_NMSE_HALF (3e-3 * 3e-3)

static double *widened(const float *x, size_t n)
{
    double *y = malloc(n * sizeof *y);
    for (size_t i = 0; y && i < n; i++)
        y[i] = (double)x[i];
    return y;
}

/* The next feature map in double, after ReLU; NULL without memory. Frees x. */
static double *advance(const nscl_run *r, int layer, double *x, int *h, int *w)
{
    const nscl_network *n = r->network;
    const nscl_conv *conv = n->conv[layer];
    if (n->starts_block[layer] && x) {
        int ph = nscl_ref_pooled(*h, n->pool_round_up), pw = nscl_ref_pooled(*w, n->pool_round_up);
        double *pooled = malloc((size_t)conv->cin * (size_t)ph * (size_t)pw * sizeof *pooled);
        if (pooled)
            nscl_ref_pool_fwd(pooled, x, conv->cin, *h, *w, n->pool_round_up, n->pooling);
        free(x);
        x = pooled;
        *h = ph;
        *w = pw;
    }
    double *kernel = widened(conv->kernel, (size_t)conv->cin * (size_t)conv->cout * 9), *bias = widened(r->weights->conv[layer].bias, (size_t)conv->cout);
    double *y = malloc((size_t)conv->cout * (size_t)*h * (size_t)*w * sizeof *y);
    if (x && kernel && bias && y)
        nscl_ref_conv_fwd(y, x, kernel, bias, conv->cin, conv->cout, *h, *w, 1);
    else {
        free(y);
        y = NULL;
    }
    free(kernel);
    free(bias);
    free(x);
    return y;
}

/* Returns the squared error over squares. */
static double compare(nscl_run *r, int layer, cl_mem blocks, const double *want, int h, int w)
{
    nscl_context *ctx = r->ctx;
    size_t n = (size_t)r->network->channels[layer] * (size_t)h * (size_t)w;
    float *got = malloc(n * sizeof *got);
    cl_mem planes = nscl_buffer_create(ctx, n * sizeof *got);
    double error = 0, square = 0;
    nscl_planes_from_blocks(ctx, planes, blocks, r->network->channels[layer], h, w);
    if (got)
        nscl_buffer_read(ctx, got, planes, n * sizeof *got);
    nscl_buffer_free(ctx, planes);
    for (size_t i = 0; got && i < n; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        square += want[i] * want[i];
    }
    free(got);
    if (ctx->error.code == NSCL_OK && !(error <= (ctx->half_storage ? MOST_NMSE_HALF : MOST_NMSE) * square))
        nscl_fail(
            &ctx->error, NSCL_BAD_DEVICE,
            "at evaluation %d %s (driver %s) computes %s wrongly, by %.1e of its size: nothing that it makes can be trusted; run nscl-selftest, and choose "
            "another --device",
            r->problem.evaluations, ctx->facts.info.name, ctx->facts.info.driver, nscl_weights_layer(r->weights, layer), sqrt(error / square));
    return square > 0 ? error / square : 0;
}

void nscl_watch(nscl_run *r, cl_mem x)
{
    nscl_context *ctx = r->ctx;
    int side = 1 << 4, look[NSCL_MAX_CONVS]; /* what four poolings leave a pixel of */
    while (side < NSCL_WATCH_SIDE && 2 * side <= r->h && 2 * side <= r->w)
        side *= 2;
    if (side > r->h || side > r->w)
        return;
    size_t n = 3 * (size_t)side * (size_t)side, m = (size_t)r->h * (size_t)r->w, top = (size_t)(r->h - side) / 2, left = (size_t)(r->w - side) / 2;
    float *all = malloc(r->problem.n * sizeof *all), *crop = calloc(nscl_vector_floats(ctx, side, side), sizeof *crop);
    if (!all || !crop)
        goto done;
    nscl_buffer_read(ctx, all, x, r->problem.n * sizeof *all);
    for (size_t i = 0; i < n; i++) {
        size_t plane = i / ((size_t)side * (size_t)side), row = i / (size_t)side % (size_t)side, column = i % (size_t)side;
        crop[i] = all[plane * m + (top + row) * (size_t)r->w + left + column];
    }
    for (int i = 0; i < r->network->depth; i++)
        look[i] = NSCL_LOOK_RELU;
    cl_mem picture = nscl_buffer_copy(ctx, crop, nscl_vector_floats(ctx, side, side) * sizeof *crop);
    nscl_activations *a = nscl_activations_create_forward(r->network, r->network->depth, side, side, look, NULL);
    if (a) {
        int h = side, w = side;
        double worst = 0;
        double *features = widened(crop, n);
        nscl_network_fwd(r->network, a, picture);
        for (int i = 0; i < r->network->depth && ctx->error.code == NSCL_OK; i++) {
            features = advance(r, i, features, &h, &w);
            if (!features)
                break;
            worst = fmax(worst, compare(r, i, a->relu[i], features, h, w));
        }
        nscl_log(ctx, NSCL_LOG_INFO, "evaluation %d: a crop's features agree with double precision to %.1e of their size", r->problem.evaluations, sqrt(worst));
        free(features);
        nscl_activations_free(r->network, a);
    }
    nscl_buffer_free(ctx, picture);
done:
    free(all);
    free(crop);
}
