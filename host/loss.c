#include "loss.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recover.h"

static cl_mem features_of(const nscl_loss *loss, const nscl_loss_term *t)
{
    return t->before_relu ? loss->activations->before[t->layer] : loss->activations->relu[t->layer];
}

/* ---- The scale of 16-bit gradients ---- */

/* Gradients of 1e-6 and of 1e3 are both usual, and 16-bit floats hold 6e-8 to 65504, with all their digits from 6e-5 on. So the
 * largest is brought to about 2^12: room above for what is summed up to them, and below for a loss that shrinks. */
enum { SCALE_WANTED = 12, SCALE_TOLERATED = 4, SCALE_TRIES = 16, LOOK_EVERY = 32 };

/* Floats of the watch for each layer; the first are a checksum of dx. */
static size_t watch_floats(const nscl_loss *loss)
{
    return (size_t)NSCL_PARTIALS * (size_t)loss->ctx->reduce_items;
}

static int looks(const nscl_loss *loss)
{
    return loss->watch && (loss->since_look < 0 || loss->since_look >= LOOK_EVERY);
}

static int finite_floats(nscl_loss *loss, cl_mem mem, size_t count)
{
    float *values = malloc(count * sizeof *values);
    int finite = 1;
    if (values)
        nscl_buffer_read(loss->ctx, values, mem, count * sizeof *values);
    else
        nscl_fail(&loss->ctx->error, NSCL_NO_MEMORY, "no memory to watch gradients");
    for (size_t i = 0; i < count && values && loss->ctx->error.code == NSCL_OK; i++)
        finite = finite && isfinite(values[i]);
    free(values);
    return finite;
}

static double largest_gradient(nscl_loss *loss)
{
    size_t each = watch_floats(loss), count = each * (size_t)(loss->network->depth + 1);
    float *values = malloc(count * sizeof *values), most = 0;
    if (values)
        nscl_buffer_read(loss->ctx, values, loss->watch, count * sizeof *values);
    else
        nscl_fail(&loss->ctx->error, NSCL_NO_MEMORY, "no memory to watch gradients");
    for (size_t i = each; i < count && values && loss->ctx->error.code == NSCL_OK; i++)
        most = values[i] > most ? values[i] : most;
    free(values);
    return (double)most;
}

/* After an evaluation: whether it must be made again, with another scale. */
static int rescale(nscl_loss *loss, cl_mem dx)
{
    nscl_context *ctx = loss->ctx;
    int first = loss->since_look < 0, look = looks(loss);
    nscl_sum_absolute(ctx, loss->watch, 0, dx, nscl_vector_floats(ctx, loss->h, loss->w));
    int good = finite_floats(loss, loss->watch, NSCL_PARTIALS);
    double most = good && look ? largest_gradient(loss) : 0;
    if (ctx->error.code != NSCL_OK)
        return 0;
    if (!good && !finite_floats(loss, loss->sums, (size_t)(loss->slots - 1) * NSCL_PARTIALS)) {
        /* No scale helps the features. Later on it is a trial step too far, which the optimisers take back. */
        if (first)
            nscl_fail(&ctx->error, NSCL_BAD_NUMBER, "the loss is not finite with feature maps of 16-bit floats, which end at 65504: choose precision fp32");
        else
            nscl_log(ctx, NSCL_LOG_WARNING, "feature maps left the range of 16-bit floats; precision fp32 has more");
        return 0;
    }
    if (!good || isinf(most)) {
        loss->scale = ldexp(loss->scale, first ? -12 : -6);
        return 1;
    }
    loss->since_look++;
    if (!look)
        return 0;
    int off = most > 0 ? SCALE_WANTED - 1 - ilogb(most) : SCALE_WANTED;
    int far = abs(off) > SCALE_TOLERATED && fabs(log2(loss->scale) + off) < 64;
    loss->since_look = most >= 0x1p-10 ? 0 : -1; /* of smaller ones too few digits were seen */
    if (far)
        loss->scale = ldexp(loss->scale, off);
    else if (most == 0)
        loss->scale = 1; /* nothing but zeros, at a content that is the start: the next will tell */
    return first && far; /* later the gradient was good enough, and the next will be better */
}

void nscl_loss_activate(nscl_loss *loss)
{
    int look[NSCL_MAX_CONVS] = {0};
    for (int i = 0; i < loss->term_count; i++)
        look[loss->term[i].layer] |= loss->term[i].before_relu ? NSCL_LOOK_BEFORE : NSCL_LOOK_RELU;
    loss->activations = nscl_activations_create(loss->network, loss->network->depth, loss->h, loss->w, look);
}

void nscl_loss_prepare(nscl_loss *loss, int extra_slots)
{
    nscl_context *ctx = loss->ctx;
    int slot = 0;
    size_t side = 0;
    for (int i = 0; i < loss->term_count; i++) {
        nscl_loss_term *t = &loss->term[i];
        t->slot = slot;
        slot += t->style ? t->targets : 1;
        if (t->style && nscl_gram_side(ctx, loss->network->channels[t->layer]) > side)
            side = nscl_gram_side(ctx, loss->network->channels[t->layer]);
    }
    loss->slots = slot + 1; /* the last is total variation's */
    loss->extra_slots = extra_slots;
    loss->scale = 1;
    if (ctx->half_storage) {
        loss->watch = nscl_buffer_zero(ctx, (size_t)(loss->network->depth + 1) * watch_floats(loss) * sizeof(float));
        loss->since_look = -1;
    }
    loss->sums = nscl_buffer_zero(ctx, (size_t)(loss->slots + extra_slots) * NSCL_PARTIALS * sizeof(float));
    if (side) {
        loss->gram = nscl_buffer_create(ctx, side * side * sizeof(float));
        loss->slope = nscl_buffer_create(ctx, side * side * sizeof(float));
    }
}

void nscl_loss_free(nscl_loss *loss)
{
    nscl_context *ctx = loss->ctx;
    for (int i = 0; i < loss->term_count; i++) {
        nscl_buffer_free(ctx, loss->term[i].features);
        for (int k = 0; k < loss->term[i].targets; k++)
            nscl_buffer_free(ctx, loss->term[i].target[k].gram);
    }
    nscl_buffer_free(ctx, loss->gram);
    nscl_buffer_free(ctx, loss->slope);
    nscl_buffer_free(ctx, loss->sums);
    nscl_buffer_free(ctx, loss->watch);
    nscl_activations_free(loss->network, loss->activations);
    memset(loss, 0, sizeof *loss);
}

static void style_tap(nscl_loss *loss, const nscl_loss_term *t, cl_mem dz, int accumulate)
{
    nscl_context *ctx = loss->ctx;
    const nscl_activations *a = loss->activations;
    int c = loss->network->channels[t->layer], h = a->h[t->layer], w = a->w[t->layer];
    cl_mem f = features_of(loss, t);
    nscl_gram_fwd(ctx, loss->gram, f, c, h, w, (float)t->gram_scale);
    /* d/dF of weight * sum((s F F^T - A)^2) = 4 weight s (G - A) F */
    for (int k = 0; k < t->targets; k++)
        nscl_gram_loss(ctx, loss->sums, t->slot + k, loss->slope, loss->gram, t->target[k].gram, c,
                       (float)(4.0 * t->target[k].weight * t->gram_scale * loss->scale), k > 0);
    nscl_gram_bwd(ctx, dz, loss->slope, f, c, h, w, !t->before_relu, accumulate);
}

static int tap(void *user, int layer, cl_mem dz, int accumulate)
{
    nscl_loss *loss = user;
    const nscl_activations *a = loss->activations;
    for (int i = 0; i < loss->term_count; i++) {
        const nscl_loss_term *t = &loss->term[i];
        if (t->layer != layer)
            continue;
        if (t->style)
            style_tap(loss, t, dz, accumulate);
        else
            nscl_content_loss(loss->ctx, loss->sums, t->slot, dz, features_of(loss, t), t->features,
                              nscl_block_floats(loss->ctx, loss->network->channels[layer], a->h[layer], a->w[layer]), (float)(2.0 * t->weight * loss->scale),
                              !t->before_relu, accumulate);
        nscl_network_mark(loss->network, t->style ? NSCL_STEP_GRAM : NSCL_STEP_REST, layer);
        accumulate = 1;
    }
    if (accumulate && looks(loss))
        nscl_largest(loss->ctx, loss->watch, (size_t)(layer + 1) * watch_floats(loss), dz,
                     nscl_block_floats(loss->ctx, loss->network->channels[layer], a->h[layer], a->w[layer]));
    return accumulate;
}

static void evaluate(nscl_loss *loss, cl_mem dx, cl_mem x)
{
    if (!loss->forward_done)
        nscl_network_fwd(loss->network, loss->activations, x);
    loss->forward_done = 0;
    nscl_network_bwd(loss->network, loss->activations, dx, tap, loss);
    if (loss->scale != 1)
        nscl_axpby(loss->ctx, dx, dx, nscl_vector_floats(loss->ctx, loss->h, loss->w), (float)(1 / loss->scale), 0.0f);
}

static void evaluate_scaled(nscl_loss *loss, cl_mem dx, cl_mem x)
{
    int tries = 0;
    do
        evaluate(loss, dx, x);
    while (loss->watch && rescale(loss, dx) && ++tries < SCALE_TRIES);
}

void nscl_loss_eval(nscl_loss *loss, cl_mem dx, cl_mem x)
{
    if (loss->ctx->error.code != NSCL_OK)
        return; /* nothing to recover from here */
    do
        evaluate_scaled(loss, dx, x);
    while (nscl_recover(loss->network, loss->activations));
    if (loss->tv_y > 0 || loss->tv_x > 0) {
        nscl_tv_fwd(loss->ctx, loss->sums, loss->slots - 1, x, loss->h, loss->w, loss->tv, (float)loss->tv_y, (float)loss->tv_x);
        nscl_tv_bwd(loss->ctx, dx, x, loss->h, loss->w, loss->tv, (float)loss->tv_y, (float)loss->tv_x);
        nscl_network_mark(loss->network, NSCL_STEP_REST, -1);
    }
}

double nscl_loss_terms(const nscl_loss *loss, const double *sums, nscl_term *terms, int *count)
{
    double total = 0;
    int n = 0;
    for (int i = 0; i < loss->term_count; i++) {
        const nscl_loss_term *t = &loss->term[i];
        snprintf(terms[n].name, sizeof terms[n].name, "%s:%s", t->style ? "style" : "content", t->name);
        terms[n].value = t->style ? 0 : t->weight * sums[t->slot];
        for (int k = 0; k < t->targets && t->style; k++)
            terms[n].value += t->target[k].weight * sums[t->slot + k];
        total += terms[n++].value;
    }
    if (loss->tv_y > 0 || loss->tv_x > 0) {
        snprintf(terms[n].name, sizeof terms[n].name, "tv");
        terms[n].value = sums[loss->slots - 1];
        total += terms[n++].value;
    }
    *count = n;
    return total;
}
