/* A run: pictures in, targets, start, optimiser, picture out. Device work below this file is free of checks; a run asks for
 * the first error once an evaluation. */
#include "style.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "kernel.h"
#include "memory_plan.h"
#include "noise.h"
#include "os.h"
#include "precision.h"
#include "precondition.h"
#include "recover.h"
#include "selftest.h"
#include "style_progress.h"
#include "style_state.h"
#include "tune.h"

static int deepest(const nscl_run *r)
{
    int depth = 0, before = 0;
    for (int i = 0; i < r->settings->content_layer_count; i++) {
        int at = nscl_weights_find(r->weights, r->settings->content_layers[i].name, &before) + 1;
        depth = at > depth ? at : depth;
    }
    for (int i = 0; i < r->settings->style_layer_count; i++) {
        int at = nscl_weights_find(r->weights, r->settings->style_layers[i].name, &before) + 1;
        depth = at > depth ? at : depth;
    }
    return depth;
}

/* A picture at a size, 0..255. 8-bit pictures are rounded to grey levels as the peers do; 16-bit ones keep their gain. */
static cl_mem sized(nscl_run *r, const nscl_picture *p, int h, int w, cl_mem *alpha)
{
    nscl_context *ctx = r->ctx;
    cl_mem full_alpha = NULL, full = nscl_image_upload(ctx, p, alpha ? &full_alpha : NULL);
    if (alpha)
        *alpha = full_alpha;
    if (p->width == w && p->height == h)
        return full;
    cl_mem y = nscl_image_resize(ctx, full, 3, p->height, p->width, h, w, r->settings->filter, p->depth == 8);
    if (full_alpha)
        *alpha = nscl_image_resize(ctx, full_alpha, 1, p->height, p->width, h, w, r->settings->filter, p->depth == 8);
    nscl_buffer_free(ctx, full_alpha);
    nscl_buffer_free(ctx, full);
    return y;
}

static nscl_status too_small(nscl_run *r, const char *what, int h, int w, int layer, nscl_error *error)
{
    if (nscl_network_side(r->network, layer, h, w) > 0)
        return NSCL_OK;
    return nscl_fail(error, NSCL_BAD_ARGUMENT,
                     "%s has only %d x %d pixels: nothing of it is left at the deepest layer in use; choose a larger size or scale, or shallower layers", what,
                     w, h);
}

/* Terms with their weights, and the targets at the content's own layers. */
static void add_terms(nscl_run *r)
{
    const nscl_settings *s = r->settings;
    nscl_loss *loss = &r->loss;
    for (int i = 0; i < s->content_layer_count + s->style_layer_count; i++) {
        int style = i >= s->content_layer_count;
        const nscl_layer_weight *l = style ? &s->style_layers[i - s->content_layer_count] : &s->content_layers[i];
        nscl_loss_term *t = &loss->term[loss->term_count];
        int before = 0, layer = nscl_weights_find(r->weights, l->name, &before);
        if ((style ? s->style_weight : s->content_weight) * l->weight == 0)
            continue;
        loss->term_count++;
        memcpy(t->name, l->name, sizeof t->name);
        t->layer = layer;
        t->before_relu = before;
        t->style = style;
        t->weight = l->weight;
    }
    if (s->tv_weight > 0) {
        static const double powers[] = {[NSCL_TV_L2] = 2, [NSCL_TV_L1] = 1, [NSCL_TV_POWER] = 2.5};
        double unit = pow(r->rules->unit, powers[s->tv]);
        r->rules->tv_weights(r->h, r->w, &loss->tv_y, &loss->tv_x);
        loss->tv = s->tv;
        loss->tv_y *= s->tv_weight / unit;
        loss->tv_x *= s->tv_weight / unit;
        if (s->tv == NSCL_TV_POWER)
            loss->tv_x = 0; /* one weight for the joint sum */
    }
}

static nscl_layer_size layer_size(const nscl_run *r, int layer, const nscl_activations *a)
{
    return (nscl_layer_size){r->network->channels[layer], (double)a->h[layer] * a->w[layer], (double)r->h * r->w};
}

/* The settings that give a style picture its size. */
static nscl_settings style_size(const nscl_run *r, double scale)
{
    nscl_settings size = {0};
    int w = (int)(scale * r->w), h = (int)(scale * r->h);
    w = w < 1 ? 1 : w;
    h = h < 1 ? 1 : h;
    switch (r->rules->style_fit) {
    case NSCL_STYLE_STRETCHED:
        size.height = h; /* and the width */
        /* fall through */
    case NSCL_STYLE_WIDTH: size.width = w; break;
    case NSCL_STYLE_LONGER: size.size = w > h ? w : h; break;
    case NSCL_STYLE_SHORTER: size.short_side = w < h ? w : h;
    }
    return size;
}

static void forward(nscl_run *r, nscl_activations *a, cl_mem x)
{
    if (r->ctx->error.code != NSCL_OK)
        return;
    do
        nscl_network_fwd(r->network, a, x);
    while (nscl_recover(r->network, a));
}

/* Gram matrices of one style picture, from activations of its own size. */
static nscl_status add_style(nscl_run *r, int index, double blend, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    const nscl_settings *s = r->settings;
    const nscl_picture *p = &r->job->styles[index];
    int h, w, look[NSCL_MAX_CONVS] = {0}, deepest_style = 0;
    nscl_settings size = style_size(r, s->style_scales[index]);
    nscl_settings_size(&size, p->width, p->height, &w, &h, NULL);
    for (int i = 0; i < r->loss.term_count; i++)
        if (r->loss.term[i].style) {
            look[r->loss.term[i].layer] |= r->loss.term[i].before_relu ? NSCL_LOOK_BEFORE : NSCL_LOOK_RELU;
            deepest_style = r->loss.term[i].layer > deepest_style ? r->loss.term[i].layer : deepest_style;
        }
    nscl_status status = too_small(r, "a style picture", h, w, deepest_style, error);
    if (status != NSCL_OK)
        return status;
    cl_mem x = sized(r, p, h, w, NULL);
    nscl_image_to_variable(ctx, x, x, h, w, r->network->mean);
    nscl_activations *a = nscl_activations_create_forward(r->network, deepest_style + 1, h, w, look, r->loss.activations);
    if (a)
        forward(r, a, x);
    for (int i = 0; a && i < r->loss.term_count; i++) {
        nscl_loss_term *t = &r->loss.term[i];
        if (!t->style)
            continue;
        int c = r->network->channels[t->layer];
        size_t n = nscl_gram_side(ctx, c);
        nscl_style_target *target = &t->target[t->targets++];
        target->gram = nscl_buffer_create(ctx, n * n * sizeof(float));
        if (ctx->error.code != NSCL_OK)
            break;
        target->weight = s->style_weight * t->weight * blend * r->rules->style_weight(layer_size(r, t->layer, r->loss.activations));
        do
            nscl_gram_fwd(ctx, target->gram, t->before_relu ? a->before[t->layer] : a->relu[t->layer], c, a->h[t->layer], a->w[t->layer],
                          (float)r->rules->gram_scale(layer_size(r, t->layer, a)));
        while (nscl_recover(r->network, a));
    }
    nscl_activations_free(r->network, a);
    nscl_buffer_free(ctx, x);
    return nscl_context_status(ctx, error);
}

/* The content's features, through the activations that the optimised picture will use. */
static nscl_status add_content(nscl_run *r, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    nscl_activations *a = r->loss.activations;
    cl_mem u = nscl_buffer_zero(ctx, r->problem.n * sizeof(float));
    nscl_image_to_variable(ctx, u, r->content, r->h, r->w, r->network->mean);
    if (ctx->error.code == NSCL_OK)
        forward(r, a, u);
    for (int i = 0; ctx->error.code == NSCL_OK && i < r->loss.term_count; i++) {
        nscl_loss_term *t = &r->loss.term[i];
        nscl_layer_size size = layer_size(r, t->layer, a);
        if (t->style) {
            t->gram_scale = r->rules->gram_scale(size);
            continue;
        }
        size_t n = nscl_block_floats(ctx, size.c, a->h[t->layer], a->w[t->layer]);
        t->features = nscl_buffer_create(ctx, n * nscl_stored_bytes(ctx));
        t->weight *= r->settings->content_weight * r->rules->content_weight(size);
        nscl_buffer_assign(ctx, t->features, t->before_relu ? a->before[t->layer] : a->relu[t->layer], n * nscl_stored_bytes(ctx));
    }
    nscl_buffer_free(ctx, u);
    return nscl_context_status(ctx, error);
}

/* The picture to begin with: initial, content, style, grey or noise, and the noise mixed in. */
static nscl_status start(nscl_run *r, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    const nscl_settings *s = r->settings;
    size_t n = r->problem.n, pixels = (size_t)3 * (size_t)r->h * (size_t)r->w;
    double blend = s->initial_noiseblend >= 0 ? s->initial_noiseblend : r->job->initial || s->init != NSCL_INIT_CONTENT ? 0 : r->rules->noiseblend;
    if (s->init == NSCL_INIT_NOISE && !r->job->initial)
        blend = 1;
    cl_mem picture = r->content;
    if (r->job->initial)
        picture = sized(r, r->job->initial, r->h, r->w, NULL);
    else if (s->init == NSCL_INIT_STYLE)
        picture = sized(r, &r->job->styles[0], r->h, r->w, NULL);
    else if (s->init == NSCL_INIT_GRAY) {
        picture = nscl_buffer_zero(ctx, n * sizeof(float));
        nscl_fill(ctx, picture, pixels, 127.5f);
    }
    r->x = nscl_buffer_zero(ctx, n * sizeof(float));
    nscl_image_to_variable(ctx, r->x, picture, r->h, r->w, r->network->mean);
    if (picture != r->content)
        nscl_buffer_free(ctx, picture);
    if (blend > 0) {
        float *values = malloc(pixels * sizeof *values);
        if (!values)
            return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the noise of the start");
        if (r->rules->noise > 0)
            nscl_noise_normal(values, pixels, r->rules->noise, s->seed);
        else
            nscl_noise_uniform(values, pixels, r->rules->noise_low, r->rules->noise_high, s->seed);
        cl_mem noise = nscl_buffer_copy(ctx, values, pixels * sizeof *values);
        nscl_image_blend(ctx, r->x, noise, pixels, (float)blend);
        nscl_status status = nscl_context_status(ctx, error);
        nscl_buffer_free(ctx, noise);
        free(values);
        return status;
    }
    r->loss.forward_done = picture == r->content; /* add_content went there */
    return nscl_context_status(ctx, error);
}

nscl_status nscl_run_deliver(nscl_run *r, cl_mem x, nscl_picture *out, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    cl_mem y = nscl_buffer_zero(ctx, r->problem.n * sizeof(float));
    nscl_image_from_variable(ctx, y, x, r->h, r->w, r->network->mean);
    if (r->settings->preserve_colors)
        nscl_image_keep_colours(ctx, y, r->content, r->h, r->w);
    nscl_image_download(ctx, out, y, r->alpha, r->h, r->w, r->settings->depth);
    nscl_buffer_free(ctx, y);
    nscl_status status = nscl_context_status(ctx, error);
    if (status != NSCL_OK)
        nscl_picture_free(out);
    return status;
}

static void evaluate(void *user, cl_mem gradient, cl_mem x)
{
    nscl_loss_eval(&((nscl_run *)user)->loss, gradient, x);
}

static double loss_value(void *user, const double *sums)
{
    nscl_run *r = user;
    int shallowest = NSCL_MAX_CONVS;
    double loss = nscl_loss_terms(&r->loss, sums, r->terms, &r->term_count);
    r->overflow[0] = '\0';
    for (int i = 0; i < r->term_count && !isfinite(loss); i++) {
        const char *colon = strchr(r->terms[i].name, ':');
        int layer = colon ? nscl_weights_find(r->weights, colon + 1, NULL) : -1; /* total variation: the picture itself */
        if (!isfinite(r->terms[i].value) && layer < shallowest) {
            shallowest = layer;
            snprintf(r->overflow, sizeof r->overflow, "%s", r->terms[i].name);
        }
    }
    return loss;
}

/* Adam's box. */
static void keep_within(void *user, cl_mem x)
{
    nscl_run *r = user;
    nscl_image_box(r->ctx, x, r->h, r->w, r->network->mean);
}

static nscl_status run_adam(nscl_run *r)
{
    const nscl_settings *s = r->settings;
    double unit = r->rules->unit;
    nscl_adam_settings adam = {s->iterations, s->learning_rate * unit,      s->beta1, s->beta2, s->eps / unit, s->adam_form,
                               s->ema,        s->clip ? keep_within : NULL, r,        r->begun};
    return nscl_adam_run(&r->problem, r->x, &adam);
}

static nscl_status run_lbfgs(nscl_run *r)
{
    const nscl_settings *s = r->settings;
    nscl_pyramid pyramid = {0};
    if (s->precondition > 0)
        pyramid = nscl_pyramid_create(r->ctx, r->h, r->w, s->precondition);
    nscl_lbfgs_settings lbfgs = {.evaluations = s->iterations,
                                 .round = s->round_iterations,
                                 .history = s->lbfgs_history,
                                 .line_search = s->line_search,
                                 .learning_rate = s->learning_rate};
    if (s->precondition > 0) {
        lbfgs.precondition = nscl_pyramid_apply;
        lbfgs.precondition_state = &pyramid;
        /* Without a line search nothing would take back a step that is too long. */
        if (s->line_search == NSCL_WOLFE)
            lbfgs.guess_scale = NSCL_PYRAMID_SCALE;
    }
    /* With a line search the first trial changes the picture by about a grey level, which it then lengthens. */
    if (s->line_search == NSCL_WOLFE)
        lbfgs.first_change = 0.5;
    nscl_status status = nscl_lbfgs_run(&r->problem, r->x, &lbfgs);
    if (s->precondition > 0)
        nscl_pyramid_free(&pyramid);
    return status;
}

nscl_status nscl_run_set_up(nscl_run *r, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    const nscl_settings *s = r->settings;
    const nscl_job *job = r->job;
    double blend = 0;
    r->loss.ctx = ctx;
    r->loss.network = r->network;
    r->loss.h = r->h;
    r->loss.w = r->w;
    nscl_network_plan(r->network, r->h, r->w);
    add_terms(r);
    nscl_loss_activate(&r->loss);
    nscl_status status = nscl_context_status(ctx, error);
    for (int i = 0; i < job->style_count; i++)
        blend += s->style_blend_weights[i];
    for (int i = 0; i < job->style_count && status == NSCL_OK; i++)
        status = add_style(r, i, s->style_blend_weights[i] / blend, error);
    if (status != NSCL_OK)
        return status;
    r->content = sized(r, job->content, r->h, r->w, &r->alpha);
    nscl_loss_prepare(&r->loss, s->optimizer == NSCL_ADAM ? NSCL_ADAM_SLOTS : NSCL_LBFGS_SLOTS(s->lbfgs_history));
    r->problem = (nscl_problem){.ctx = ctx,
                                .n = nscl_vector_floats(ctx, r->h, r->w),
                                .sums = r->loss.sums,
                                .first_slot = r->loss.slots,
                                .evaluate = evaluate,
                                .loss = loss_value,
                                .elements = (size_t)3 * (size_t)r->h * (size_t)r->w,
                                .report = nscl_run_report,
                                .between = nscl_run_between,
                                .user = r};
    status = add_content(r, error);
    if (status == NSCL_OK)
        status = start(r, error);
    if (status == NSCL_OK && r->rules->keeps_best && s->optimizer == NSCL_ADAM && s->ema == 0) {
        r->best = nscl_buffer_zero(ctx, r->problem.n * sizeof(float));
        r->best_loss = INFINITY;
    }
    return status;
}

static nscl_status prepare(nscl_run *r, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    const nscl_settings *s = r->settings;
    const nscl_job *job = r->job;
    nscl_status status = nscl_settings_check(s, r->weights, job->style_count, error);
    if (status == NSCL_OK)
        status = nscl_settings_size(s, job->content->width, job->content->height, &r->w, &r->h, error);
    if (status == NSCL_OK)
        status = nscl_precision_set(ctx, s->precision, error);
    if (status != NSCL_OK)
        return status;
    r->network = nscl_network_create(ctx, r->weights, deepest(r), s->pooling, s->pool_round_up);
    if (!r->network)
        return nscl_context_status(ctx, error);
    for (int c = 0; c < 3 && r->rules->mean >= 0; c++)
        r->network->mean[c] = (float)r->rules->mean;
    status = too_small(r, "the result", r->h, r->w, r->network->depth - 1, error);
    if (status != NSCL_OK)
        return status;
    status = nscl_memory_plan_check(r, error);
    if (status != NSCL_OK)
        return status;
    nscl_tune_network(r->network, r->h, r->w);
    status = nscl_selftest_first(r->network, r->h, r->w, error);
    if (status == NSCL_OK)
        status = nscl_run_set_up(r, error);
    if (status == NSCL_OK && job->resume_file)
        status = nscl_run_resume(r, error);
    nscl_log(ctx, NSCL_LOG_INFO, "%d x %d, %d convolutions, %.1f MiB on the device (%.0f bytes a pixel)", r->w, r->h, r->network->depth,
             (double)ctx->bytes / 1048576.0, (double)ctx->bytes / ((double)r->w * r->h));
    return status;
}

nscl_status nscl_run_prepare(nscl_run *r, nscl_context *ctx, const nscl_weights *weights, const nscl_settings *settings, const nscl_job *job, nscl_error *error)
{
    *r = (nscl_run){
        .ctx = ctx, .weights = weights, .settings = settings, .job = job, .loss_now = INFINITY, .started = nscl_seconds(), .saved_at = nscl_seconds()};
    r->rules = nscl_preset_of((int)settings->preset >= 0 && settings->preset < NSCL_PRESET_COUNT ? settings->preset : NSCL_PRESET_GATYS);
    return prepare(r, error);
}

nscl_status nscl_run_optimise(nscl_run *r)
{
    return r->settings->optimizer == NSCL_ADAM ? run_adam(r) : run_lbfgs(r);
}

void nscl_run_clear(nscl_run *r)
{
    cl_mem *const held[] = {&r->content, &r->alpha, &r->x, &r->best};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        nscl_buffer_free(r->ctx, *held[i]);
        *held[i] = NULL;
    }
    if (r->loss.ctx)
        nscl_loss_free(&r->loss);
}

void nscl_run_release(nscl_run *r)
{
    nscl_run_clear(r);
    nscl_network_free(r->network);
}
