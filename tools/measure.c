/* Limits are the best of several runs, since other work on the machine can only lower them; rates of real work are
 * medians, since that is what a user gets. Every size begins small and grows with what the device has shown, so that a
 * slow device is not kept busy for minutes. */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gemm.h"
#include "kernel.h"
#include "noise.h"
#include "optim.h"
#include "os.h"

enum { MOST_SAMPLES = 64 };

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

double measure_median(double *v, int n)
{
    if (n < 1)
        return 0;
    qsort(v, (size_t)n, sizeof *v, ascending);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* The first failure of clFinish is the context's like any other. */
static double finish(nscl_context *ctx)
{
    cl_int code = clFinish(ctx->queue);
    if (code != CL_SUCCESS)
        nscl_fail(&ctx->error, NSCL_BAD_DEVICE, "the device failed while measuring: %s", nscl_cl_text(code));
    return nscl_seconds();
}

static double once(nscl_context *ctx, void (*run)(void *user), void *user, int times)
{
    double start = nscl_seconds();
    for (int i = 0; i < times; i++)
        run(user);
    return (finish(ctx) - start) / times;
}

double measure_seconds(nscl_context *ctx, void (*run)(void *user), void *user, double budget, double *best)
{
    double samples[MOST_SAMPLES], spent = 0;
    int n = 0;
    run(user);
    finish(ctx);
    double first = once(ctx, run, user, 1);
    int times = first > 2e-3 ? 1 : (int)ceil(2e-3 / fmax(first, 2e-5)); /* the clock and the launch must not count */
    while (ctx->error.code == NSCL_OK && n < MOST_SAMPLES && (n < 3 || spent < budget) && (n == 0 || spent < 3 * budget)) {
        samples[n] = once(ctx, run, user, times);
        spent += samples[n++] * times;
    }
    double median = measure_median(samples, n);
    if (best)
        *best = ctx->error.code == NSCL_OK && n ? samples[0] : 0;
    return ctx->error.code == NSCL_OK ? median : 0;
}

/* ---- Limits ---- */

static int vector_width(const nscl_context *ctx)
{
    cl_uint n = ctx->facts.cpu_like ? ctx->facts.vector_width : ctx->facts.preferred_width;
    return n >= 16 ? 16 : n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
}

typedef struct fma_run {
    nscl_context *ctx;
    cl_mem y;
    size_t items;
    int rounds;
    char options[16];
} fma_run;

static void run_fma(void *user)
{
    fma_run *r = user;
    nscl_context *ctx = r->ctx;
    float a = 0.999f, b = 0.001f; /* towards 1: no denormals, no overflow */
    nscl_dims dims = {1, {r->items, 1, 1}, {(size_t)ctx->heavy_items, 1, 1}};
    NSCL_RUN_WITH(ctx, "probe_fma", r->options, dims, ARG(r->y), ARG(r->rounds), ARG(a), ARG(b));
}

void measure_fma(nscl_context *ctx, measure_limits *limits, double seconds)
{
    int width = vector_width(ctx);
    fma_run r = {.ctx = ctx, .rounds = 16};
    double best = 0, wanted = fmin(0.01, seconds / 10); /* short: the more runs, the likelier one is undisturbed */
    size_t peak = ctx->peak_bytes;                      /* measuring is no part of what the work takes */
    /* A few shares a core even out what else runs there; a GPU wants many items to hide its latencies. */
    r.items = (size_t)ctx->facts.compute_units * (ctx->facts.cpu_like ? 4 : ctx->facts.quirks & NSCL_QUIRK_EMULATED ? 64 : 2048);
    r.items = (r.items + (size_t)ctx->heavy_items - 1) / (size_t)ctx->heavy_items * (size_t)ctx->heavy_items;
    snprintf(r.options, sizeof r.options, "-DPW=%d", width);
    r.y = nscl_buffer_create(ctx, r.items * (size_t)width * sizeof(float));
    if (r.y) {
        run_fma(&r);
        finish(ctx);
        while (ctx->error.code == NSCL_OK && r.rounds < 1 << 24) {
            double t = once(ctx, run_fma, &r, 1);
            if (t >= wanted / 2)
                break;
            r.rounds *= t < wanted / 16 ? 8 : 2;
        }
        measure_seconds(ctx, run_fma, &r, seconds, &best);
    }
    double rate = best > 0 ? 96e-9 * width * (double)r.rounds * (double)r.items / best : 0;
    if (rate > limits->gflops)
        limits->gflops = rate;
    limits->width = width;
    nscl_buffer_free(ctx, r.y);
    ctx->peak_bytes = peak;
}

typedef struct copy_run {
    nscl_context *ctx;
    cl_mem x, y;
    size_t items;
    cl_ulong n, count, first, step;
    char options[16];
} copy_run;

static void run_copy(void *user)
{
    copy_run *r = user;
    nscl_context *ctx = r->ctx;
    nscl_dims dims = {1, {r->items, 1, 1}, {(size_t)ctx->heavy_items, 1, 1}};
    NSCL_RUN_WITH(ctx, "probe_copy", r->options, dims, ARG(r->y), ARG(r->x), ARG(r->n), ARG(r->count), ARG(r->first), ARG(r->step));
}

void measure_copy(nscl_context *ctx, measure_limits *limits, double seconds)
{
    const nscl_device_facts *f = &ctx->facts;
    int emulated = (f->quirks & NSCL_QUIRK_EMULATED) != 0, width = f->cpu_like ? vector_width(ctx) : 4;
    /* Twice the cache each, so that nothing of one run is left for the next. */
    double bytes = fmax(2.0 * (double)f->cache, emulated ? 1048576.0 : 256.0 * 1048576.0), best = 0;
    size_t peak = ctx->peak_bytes;
    bytes = fmin(fmin(bytes, 1073741824.0), fmin((double)f->largest_buffer, (double)f->memory / 8));
    copy_run r = {.ctx = ctx, .n = (cl_ulong)(bytes / (4.0 * width))};
    r.items = f->cpu_like ? (size_t)f->compute_units * 16 : (size_t)f->compute_units * 2048;
    r.items = (r.items + (size_t)ctx->heavy_items - 1) / (size_t)ctx->heavy_items * (size_t)ctx->heavy_items;
    r.count = (r.n + r.items - 1) / r.items;
    r.first = f->cpu_like ? r.count : 1;
    r.step = f->cpu_like ? 1 : r.items;
    snprintf(r.options, sizeof r.options, "-DPW=%d", width);
    bytes = (double)r.n * 4.0 * width;
    r.x = nscl_buffer_zero(ctx, (size_t)bytes);
    r.y = nscl_buffer_zero(ctx, (size_t)bytes);
    if (ctx->error.code == NSCL_OK)
        measure_seconds(ctx, run_copy, &r, seconds, &best);
    double rate = best > 0 ? 2e-9 * bytes / best : 0;
    if (rate > limits->gbytes)
        limits->gbytes = rate;
    limits->copied_mib = bytes / 1048576.0;
    nscl_buffer_free(ctx, r.x);
    nscl_buffer_free(ctx, r.y);
    ctx->peak_bytes = peak;
}

/* ---- Rates of real work ---- */

static cl_mem noise_buffer(nscl_context *ctx, size_t n, double deviation)
{
    float *values = malloc(n * sizeof *values);
    if (!values) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no host memory to fill a buffer of %zu floats", n);
        return NULL;
    }
    nscl_noise_normal(values, n, deviation, 1);
    cl_mem mem = nscl_buffer_copy(ctx, values, n * sizeof *values);
    free(values);
    return mem;
}

typedef struct gemm_run {
    nscl_context *ctx;
    cl_mem a, b, c;
    size_t m, n, k;
} gemm_run;

static void run_gemm(void *user)
{
    gemm_run *r = user;
    nscl_gemm(r->ctx, r->c, r->a, r->b, r->m, r->n, r->k, 0, 0, 1.0f, 0.0f);
}

void measure_gemm(nscl_context *ctx, measure_rate *rate, size_t m, size_t n, size_t k, double seconds)
{
    gemm_run r = {.ctx = ctx};
    memset(rate, 0, sizeof *rate);
    r.a = noise_buffer(ctx, m * k, 0.1);
    r.b = noise_buffer(ctx, k * n, 0.1);
    r.c = nscl_buffer_zero(ctx, m * n * sizeof(float));
    /* From an eighth a side, doubled while the next size would still be quick. */
    for (size_t part = 8; ctx->error.code == NSCL_OK; part /= 2) {
        r.m = m / part;
        r.n = n / part;
        r.k = k / part;
        if (part == 8)
            run_gemm(&r); /* builds */
        finish(ctx);
        double t = once(ctx, run_gemm, &r, 1);
        if (part == 1 || 8 * t > seconds)
            break;
    }
    double t = measure_seconds(ctx, run_gemm, &r, seconds, NULL);
    rate->m = r.m;
    rate->n = r.n;
    rate->k = r.k;
    rate->gflops[0] = t > 0 ? 2e-9 * (double)r.m * (double)r.n * (double)r.k / t : 0;
    nscl_buffer_free(ctx, r.a);
    nscl_buffer_free(ctx, r.b);
    nscl_buffer_free(ctx, r.c);
}

typedef struct conv_run {
    nscl_context *ctx;
    nscl_conv *conv;
    cl_mem x, y;
    int side, backward;
} conv_run;

static void run_conv(void *user)
{
    conv_run *r = user;
    if (r->backward)
        nscl_conv_bwd(r->ctx, r->conv, r->x, r->y, NULL, r->side, r->side);
    else
        nscl_conv_fwd(r->ctx, r->conv, r->y, r->x, r->side, r->side, 1);
}

void measure_conv(nscl_context *ctx, measure_rate *rate, int cin, int cout, int side, double seconds)
{
    conv_run r = {.ctx = ctx};
    size_t weights = (size_t)cin * (size_t)cout * 9;
    float *kernel = malloc(weights * sizeof *kernel), *bias = calloc((size_t)cout, sizeof *bias);
    memset(rate, 0, sizeof *rate);
    if (!kernel || !bias)
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no host memory for a layer of %d to %d channels", cin, cout);
    else {
        nscl_noise_normal(kernel, weights, sqrt(2.0 / (9 * cin)), 2);
        r.conv = nscl_conv_create(ctx, kernel, bias, cin, cout);
        if (r.conv)
            nscl_conv_plan(ctx, r.conv, side, side);
    }
    free(bias);
    r.x = noise_buffer(ctx, nscl_block_floats(ctx, cin, side, side), 1);
    r.y = noise_buffer(ctx, nscl_block_floats(ctx, cout, side, side), 1);
    for (r.side = side / 8; r.conv && ctx->error.code == NSCL_OK; r.side *= 2) {
        run_conv(&r);
        finish(ctx);
        double t = once(ctx, run_conv, &r, 1);
        if (2 * r.side > side || 4 * t > seconds)
            break;
    }
    for (r.backward = 0; r.backward < 2 && r.conv; r.backward++) {
        double t = measure_seconds(ctx, run_conv, &r, seconds / 2, NULL);
        rate->gflops[r.backward] = t > 0 ? 2e-9 * (double)weights * r.side * r.side / t : 0;
    }
    rate->m = rate->n = (size_t)r.side;
    rate->how = r.conv ? nscl_conv_names[r.conv->algorithm] : "";
    nscl_conv_free(ctx, r.conv);
    free(kernel);
    nscl_buffer_free(ctx, r.x);
    nscl_buffer_free(ctx, r.y);
}

double measure_arithmetic(nscl_conv_algorithm algorithm)
{
    switch (algorithm) {
    case NSCL_CONV_WINOGRAD2: return 16.0 / 36.0;
    case NSCL_CONV_WINOGRAD4:
    case NSCL_CONV_WINOGRAD4_BATCHED:
    case NSCL_CONV_WINOGRAD4_CLBLAST: return 36.0 / 144.0;
    case NSCL_CONV_WINOGRAD6: return 64.0 / 324.0;
    default: return 1.0;
    }
}

/* ---- Memory ---- */

static const int vgg_width[13] = {64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 512, 512, 512};
static const int vgg_level[13] = {0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4}; /* poolings before it */

/* Floats that a kernel of 3 x 3 is packed to. */
static double packed_words(nscl_conv_algorithm algorithm)
{
    switch (algorithm) {
    case NSCL_CONV_WINOGRAD2: return 16;
    case NSCL_CONV_WINOGRAD4:
    case NSCL_CONV_WINOGRAD4_BATCHED:
    case NSCL_CONV_WINOGRAD4_CLBLAST: return 36;
    case NSCL_CONV_WINOGRAD6: return 64;
    default: return 9;
    }
}

measure_memory measure_memory_of(const nscl_context *ctx, nscl_conv_algorithm algorithm, int history)
{
    measure_memory m = {0};
    double words = packed_words(algorithm), vector = 3 * sizeof(float);
    for (int i = 0; i < 13; i++) {
        double c = (double)nscl_blocks(ctx, vgg_width[i]) * ctx->block * sizeof(float), share = pow(0.25, vgg_level[i]);
        int starts = i > 0 && vgg_level[i] != vgg_level[i - 1];
        m.activations += c * share;
        m.gradients = c * share; /* the deepest layer's, where its pooling was: others find room */
        if (i == 9)
            m.targets = c * share; /* relu4_2 */
        m.weights += i ? 2 * words * (double)vgg_width[i] * vgg_width[i - 1] * sizeof(float) : 27.0 * 64 * sizeof(float);
        if (i == 0 || starts)
            m.grams += (double)vgg_width[i] * vgg_width[i] * sizeof(float);
    }
    m.grams += 2.0 * 512 * 512 * sizeof(float); /* the picture's own Gram matrix and its slope */
    m.vectors = (7 + 1.0 / 3) * vector;         /* content, x, trial, direction, three gradients, and the preconditioner's pyramid */
    m.history = 2.0 * history * 3 * (double)nscl_lbfgs_pair_bytes(1);
    return m;
}

double measure_memory_pixel(const measure_memory *m)
{
    return m->activations + m->gradients + m->targets + m->vectors + m->history;
}

double measure_memory_most(const nscl_context *ctx, const measure_memory *m, double spare, const char **limit)
{
    double by_memory = ((double)ctx->facts.memory - spare - m->weights - m->grams) / measure_memory_pixel(m);
    double by_buffer = (double)ctx->facts.largest_buffer / ((double)nscl_blocks(ctx, 64) * ctx->block * sizeof(float));
    *limit = by_memory < by_buffer ? "memory" : "largest buffer";
    return fmax(0, floor(fmin(by_memory, by_buffer)));
}
