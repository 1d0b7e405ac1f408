#include "bench_problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "noise.h"
#include "os.h"
#include "precondition.h"
#include "weights.h"

static const char *const style_layers[] = {"relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"};
static const char content_layer[] = "relu4_2";
enum { STYLE_LAYERS = 5, VGG19 = 0 /* row of nscl_archs */, VGG19_DEPTH = 13 };

nscl_status bench_weights(nscl_weights **out, const char *path, nscl_error *error)
{
    if (path)
        return nscl_weights_open(out, path, error);
    nscl_weights *w = calloc(1, sizeof *w);
    int cin = 3;
    *out = w;
    if (!w)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for a network");
    w->arch = &nscl_archs[VGG19];
    for (int b = 0; b < NSCL_BLOCKS; b++)
        for (int i = 0; i < w->arch->convs[b] && w->conv_count < VGG19_DEPTH; i++) {
            nscl_conv_weights *c = &w->conv[w->conv_count++];
            *c = (nscl_conv_weights){b + 1, i + 1, cin, w->arch->widths[b], NULL, NULL};
            size_t n = (size_t)c->cout * (size_t)cin * 9;
            c->kernel = malloc(n * sizeof *c->kernel);
            c->bias = calloc((size_t)c->cout, sizeof *c->bias);
            if (!c->kernel || !c->bias) {
                nscl_weights_free(w);
                *out = NULL;
                return nscl_fail(error, NSCL_NO_MEMORY, "no memory for a network");
            }
            nscl_noise_normal(c->kernel, n, sqrt(2.0 / (9.0 * cin)), (uint64_t)w->conv_count);
            cin = c->cout;
        }
    w->input.scale = 1;
    for (int c = 0; c < 3; c++)
        w->input.deviation[c] = 1;
    snprintf(w->text, sizeof w->text, "%s with random weights", w->arch->title);
    return NSCL_OK;
}

int bench_depth(const nscl_weights *weights, nscl_error *error)
{
    int before = 0, layer = nscl_weights_find(weights, style_layers[STYLE_LAYERS - 1], &before);
    if (layer < 0)
        nscl_fail(error, NSCL_BAD_ARGUMENT, "%s: has no %s, and the timed problem needs it", nscl_weights_text(weights), style_layers[STYLE_LAYERS - 1]);
    return layer + 1;
}

/* A random picture, zero past its last pixel. */
static cl_mem picture(nscl_context *ctx, int size, uint64_t seed)
{
    size_t n = nscl_vector_floats(ctx, size, size), elements = (size_t)3 * (size_t)size * (size_t)size;
    float *values = calloc(n, sizeof *values);
    if (!values) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for a picture of %d x %d", size, size);
        return NULL;
    }
    nscl_noise_normal(values, elements, 50, seed);
    cl_mem mem = nscl_buffer_copy(ctx, values, n * sizeof *values);
    free(values);
    return mem;
}

static void evaluate(void *user, cl_mem gradient, cl_mem x)
{
    nscl_loss_eval(&((bench_problem *)user)->loss, gradient, x);
}

static double loss_value(void *user, const double *sums)
{
    nscl_term terms[NSCL_MAX_TERMS];
    int count = 0;
    return nscl_loss_terms(&((bench_problem *)user)->loss, sums, terms, &count);
}

static int report(void *user, cl_mem x, double loss, const char *note)
{
    (void)user, (void)x, (void)loss, (void)note;
    return 0;
}

static void add_terms(bench_problem *p, const nscl_weights *weights)
{
    for (int i = 0; i <= STYLE_LAYERS; i++) {
        nscl_loss_term *t = &p->loss.term[p->loss.term_count++];
        const char *name = i < STYLE_LAYERS ? style_layers[i] : content_layer;
        snprintf(t->name, sizeof t->name, "%s", name);
        t->style = i < STYLE_LAYERS;
        t->layer = nscl_weights_find(weights, name, &t->before_relu);
        if (!t->style)
            continue;
        double c = p->network->channels[t->layer];
        size_t side = nscl_gram_side(p->ctx, p->network->channels[t->layer]);
        t->targets = 1;
        t->target[0].weight = 1e3 / (c * c);
        t->target[0].gram = nscl_buffer_create(p->ctx, side * side * sizeof(float));
    }
    p->loss.tv = NSCL_TV_L2;
    p->loss.tv_y = p->loss.tv_x = 1e-3;
}

/* Targets from one random picture: Gram matrices and features. */
static void add_targets(bench_problem *p)
{
    nscl_context *ctx = p->ctx;
    const nscl_activations *a = p->loss.activations;
    nscl_network_fwd(p->network, p->loss.activations, p->content);
    for (int i = 0; i < p->loss.term_count; i++) {
        nscl_loss_term *t = &p->loss.term[i];
        int c = p->network->channels[t->layer], h = a->h[t->layer], w = a->w[t->layer];
        double m = (double)h * w;
        if (t->style) {
            t->gram_scale = 1 / m;
            nscl_gram_fwd(ctx, t->target[0].gram, a->relu[t->layer], c, h, w, (float)t->gram_scale);
            continue;
        }
        size_t n = nscl_block_floats(ctx, c, h, w);
        t->weight = 1 / (c * m);
        t->features = nscl_buffer_create(ctx, n * nscl_stored_bytes(ctx));
        nscl_buffer_assign(ctx, t->features, a->relu[t->layer], n * nscl_stored_bytes(ctx));
    }
}

nscl_status bench_problem_open(bench_problem *p, nscl_context *ctx, nscl_network *network, const nscl_weights *weights, int size, nscl_error *error)
{
    memset(p, 0, sizeof *p);
    p->ctx = ctx;
    p->network = network;
    p->size = size;
    p->depth = network->depth;
    if (nscl_network_side(network, network->depth - 1, size, size) < 1)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--size %d: nothing of the picture is left at relu5_1; 16 is the least", size);
    for (int i = 0; i < NSCL_SCRATCHES; i++) { /* those of a former size would count */
        nscl_buffer_free(ctx, ctx->scratch[i]);
        ctx->scratch[i] = NULL;
        ctx->scratch_bytes[i] = 0;
    }
    ctx->peak_bytes = ctx->bytes;
    p->loss = (nscl_loss){.ctx = ctx, .network = network, .h = size, .w = size};
    add_terms(p, weights);
    nscl_loss_activate(&p->loss);
    nscl_loss_prepare(&p->loss, NSCL_LBFGS_SLOTS(1));
    p->content = picture(ctx, size, 1);
    p->x = picture(ctx, size, 2);
    p->dx = picture(ctx, size, 3);
    if (ctx->error.code == NSCL_OK)
        add_targets(p);
    p->problem = (nscl_problem){.ctx = ctx,
                                .n = nscl_vector_floats(ctx, size, size),
                                .sums = p->loss.sums,
                                .first_slot = p->loss.slots,
                                .evaluate = evaluate,
                                .loss = loss_value,
                                .elements = (size_t)3 * (size_t)size * (size_t)size,
                                .report = report,
                                .user = p};
    return nscl_context_status(ctx, error);
}

void bench_problem_close(bench_problem *p)
{
    if (!p->ctx)
        return;
    nscl_buffer_free(p->ctx, p->content);
    nscl_buffer_free(p->ctx, p->x);
    nscl_buffer_free(p->ctx, p->dx);
    if (p->loss.ctx)
        nscl_loss_free(&p->loss);
    memset(p, 0, sizeof *p);
}

double bench_evaluate(bench_problem *p)
{
    double start = nscl_seconds();
    nscl_problem_evaluate(&p->problem, p->dx, p->x, NULL, NULL, NULL, 0);
    return nscl_seconds() - start;
}

static double buffer_bytes(cl_mem mem)
{
    size_t bytes = 0;
    if (mem)
        clGetMemObjectInfo(mem, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
    return (double)bytes;
}

double bench_weight_bytes(const nscl_network *network)
{
    double bytes = 0;
    for (int i = 0; i < network->depth; i++) {
        const nscl_conv *c = network->conv[i];
        bytes += buffer_bytes(c->bias) + buffer_bytes(c->packed[0]) + (c->packed[1] != c->packed[0] ? buffer_bytes(c->packed[1]) : 0);
    }
    return bytes;
}

double bench_peak_bytes(bench_problem *p)
{
    nscl_settings painting;
    nscl_settings_init(&painting, NSCL_PRESET_GATYS);
    nscl_pyramid pyramid = nscl_pyramid_create(p->ctx, p->size, p->size, painting.precondition);
    nscl_lbfgs_settings settings = {.evaluations = 1, .history = 1, .line_search = NSCL_WOLFE, .learning_rate = 1, .first_change = 0.5};
    if (painting.precondition > 0) {
        settings.precondition = nscl_pyramid_apply;
        settings.precondition_state = &pyramid;
    }
    nscl_buffer_free(p->ctx, p->dx); /* the optimiser has its own */
    p->dx = NULL;
    nscl_lbfgs_run(&p->problem, p->x, &settings);
    nscl_pyramid_free(&pyramid);
    return (double)p->ctx->peak_bytes;
}
