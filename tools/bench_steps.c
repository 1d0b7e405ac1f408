/* An evaluation taken apart: the same operations on the same buffers in the same order as nscl_loss_eval, with a clock
 * read after each, so that caches are as warm as they are in earnest. That it still is the same work is checked: both
 * gradients must be equal. */
#include <stdlib.h>
#include <string.h>

#include "bench_problem.h"
#include "measure.h"
#include "os.h"

typedef struct stopwatch {
    bench_problem *p;
    bench_steps *steps;
    int at, round;
    double last;
} stopwatch;

static void lap(stopwatch *s, bench_kind kind, int layer)
{
    clFinish(s->p->ctx->queue);
    double now = nscl_seconds();
    if (s->at < BENCH_MOST_STEPS) {
        bench_step *step = &s->steps->step[s->at++];
        step->kind = kind;
        step->layer = layer;
        step->samples[s->round] = now - s->last;
    }
    s->last = nscl_seconds();
}

static void forward(stopwatch *s)
{
    nscl_context *ctx = s->p->ctx;
    const nscl_network *n = s->p->network;
    nscl_activations *a = s->p->loss.activations;
    cl_mem x = s->p->x;
    for (int i = 0; i < a->depth; i++) {
        if (n->starts_block[i]) {
            nscl_pool_fwd(ctx, a->pooled[i], a->relu[i - 1], n->channels[i - 1], a->h[i - 1], a->w[i - 1], n->pool_round_up, n->pooling);
            lap(s, BENCH_POOL, i - 1);
            x = a->pooled[i];
        }
        nscl_conv_fwd(ctx, n->conv[i], a->relu[i], x, a->h[i], a->w[i], 1);
        lap(s, BENCH_CONV_FWD, i);
        x = a->relu[i];
    }
}

/* The terms at a layer, as loss.c adds them. Returns whether dz holds a gradient now. */
static int terms(stopwatch *s, int layer, cl_mem dz, int accumulate)
{
    nscl_context *ctx = s->p->ctx;
    const nscl_loss *loss = &s->p->loss;
    const nscl_activations *a = loss->activations;
    int c = loss->network->channels[layer], h = a->h[layer], w = a->w[layer];
    for (int i = 0; i < loss->term_count; i++) {
        const nscl_loss_term *t = &loss->term[i];
        if (t->layer != layer)
            continue;
        if (t->style) {
            nscl_gram_fwd(ctx, loss->gram, a->relu[layer], c, h, w, (float)t->gram_scale);
            nscl_gram_loss(ctx, loss->sums, t->slot, loss->slope, loss->gram, t->target[0].gram, c, (float)(4.0 * t->target[0].weight * t->gram_scale), 0);
            nscl_gram_bwd(ctx, dz, loss->slope, a->relu[layer], c, h, w, 1, accumulate);
        } else
            nscl_content_loss(ctx, loss->sums, t->slot, dz, a->relu[layer], t->features, nscl_block_floats(ctx, c, h, w), (float)(2.0 * t->weight), 1,
                              accumulate);
        lap(s, t->style ? BENCH_GRAM : BENCH_REST, layer);
        accumulate = 1;
    }
    return accumulate;
}

static void backward(stopwatch *s)
{
    nscl_context *ctx = s->p->ctx;
    const nscl_network *n = s->p->network;
    nscl_activations *a = s->p->loss.activations;
    cl_mem dz = a->gradient[0], other = a->gradient[1];
    int have = 0;
    for (int i = a->depth - 1; i > 0; i--) {
        have = terms(s, i, dz, have);
        nscl_conv_bwd(ctx, n->conv[i], other, dz, n->starts_block[i] ? NULL : a->relu[i - 1], a->h[i], a->w[i]);
        lap(s, BENCH_CONV_BWD, i);
        if (n->starts_block[i]) {
            nscl_pool_bwd(ctx, dz, other, a->relu[i - 1], n->channels[i - 1], a->h[i - 1], a->w[i - 1], n->pool_round_up, n->pooling);
            lap(s, BENCH_POOL, i - 1);
        } else {
            cl_mem swap = dz;
            dz = other;
            other = swap;
        }
    }
    terms(s, 0, dz, have);
    nscl_conv_bwd(ctx, n->conv[0], s->p->dx, dz, NULL, a->h[0], a->w[0]);
    lap(s, BENCH_CONV_BWD, 0);
}

static float *gradient(bench_problem *p)
{
    float *values = calloc(p->problem.n, sizeof *values);
    if (values)
        nscl_buffer_read(p->ctx, values, p->dx, p->problem.n * sizeof *values);
    return values;
}

void bench_take_apart(bench_problem *p, bench_steps *steps)
{
    stopwatch s = {.p = p, .steps = steps, .round = steps->rounds};
    nscl_loss *loss = &p->loss;
    if (steps->rounds == BENCH_MOST_ROUNDS)
        return;
    float *whole = steps->rounds ? NULL : gradient(p);
    clFinish(p->ctx->queue);
    s.last = nscl_seconds();
    forward(&s);
    backward(&s);
    nscl_tv_fwd(p->ctx, loss->sums, loss->slots - 1, p->x, loss->h, loss->w, loss->tv, (float)loss->tv_y, (float)loss->tv_x);
    nscl_tv_bwd(p->ctx, p->dx, p->x, loss->h, loss->w, loss->tv, (float)loss->tv_y, (float)loss->tv_x);
    lap(&s, BENCH_REST, -1);
    steps->count = s.at;
    if (steps->rounds++ == 0) {
        float *apart = gradient(p);
        steps->same = whole && apart && memcmp(whole, apart, p->problem.n * sizeof *whole) == 0;
        free(apart);
    }
    free(whole);
}

double bench_step_seconds(const bench_steps *steps, int i)
{
    double samples[BENCH_MOST_ROUNDS];
    memcpy(samples, steps->step[i].samples, sizeof samples);
    return measure_median(samples, steps->rounds);
}
