#include "loss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cl_mem features_of(const nscl_loss *loss, const nscl_loss_term *t)
{
    return t->before_relu ? loss->activations->before[t->layer] : loss->activations->relu[t->layer];
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
        nscl_gram_loss(ctx, loss->sums, t->slot + k, loss->slope, loss->gram, t->target[k].gram, c, (float)(4.0 * t->target[k].weight * t->gram_scale), k > 0);
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
                              nscl_block_floats(loss->ctx, loss->network->channels[layer], a->h[layer], a->w[layer]), (float)(2.0 * t->weight), !t->before_relu,
                              accumulate);
        nscl_network_mark(loss->network, t->style ? NSCL_STEP_GRAM : NSCL_STEP_REST, layer);
        accumulate = 1;
    }
    return accumulate;
}

void nscl_loss_eval(nscl_loss *loss, cl_mem dx, cl_mem x)
{
    if (!loss->forward_done)
        nscl_network_fwd(loss->network, loss->activations, x);
    loss->forward_done = 0;
    nscl_network_bwd(loss->network, loss->activations, dx, tap, loss);
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
