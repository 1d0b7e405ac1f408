/* nscl-bench: how long an evaluation of the loss and its gradient takes here, where the time goes, how far that is from
 * what the device could do, and how it compares with the same in PyTorch. Medians throughout: machines are noisy. */
#include "bench.h"
#include "precision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench {
    bench_options options;
    nscl_context *ctx;
    nscl_weights *weights;
    nscl_network *network;
    measure_limits limits;
    bench_steps steps; /* of the present size */
    bench_result results[BENCH_MOST_SIZES];
    int count;
} bench;

static void on_line(nscl_log_level level, const char *line, void *user)
{
    (void)user;
    if (level == NSCL_LOG_WARNING)
        fprintf(stderr, "nscl-bench: warning: %s\n", line);
}

nscl_status bench_set_precision(nscl_context *ctx, const bench_options *o, nscl_error *error)
{
    if (!o->precision || strcmp(o->precision, "fp32") == 0)
        return NSCL_OK;
    if (strcmp(o->precision, "fp16-storage") == 0)
        return nscl_precision_set(ctx, NSCL_PRECISION_FP16_STORAGE, error);
    return nscl_fail(error, NSCL_BAD_ARGUMENT, "--precision '%s': there are fp32 and fp16-storage", o->precision);
}

/* Every layer that can take the algorithm gets it; the others keep the program's choice. */
static nscl_status force_algorithm(bench *b, nscl_error *error)
{
    const char *wanted = b->options.algorithm;
    char names[200] = "";
    int which = -1, forced = 0;
    for (int i = 0; wanted && i < NSCL_CONV_ALGORITHMS; i++) {
        if (strcmp(wanted, nscl_conv_names[i]) == 0)
            which = i;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", nscl_conv_names[i]);
    }
    if (!wanted)
        return NSCL_OK;
    if (which < 0)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--algorithm '%s': there are %s", wanted, names);
    for (int i = 0; i < b->network->depth; i++)
        if (nscl_conv_can(b->ctx, b->network->conv[i], (nscl_conv_algorithm)which)) {
            nscl_conv_use(b->ctx, b->network->conv[i], (nscl_conv_algorithm)which);
            forced++;
        }
    return forced ? NSCL_OK : nscl_fail(error, NSCL_BAD_ARGUMENT, "--algorithm %s: no layer can use it on this device", wanted);
}

static nscl_status open_all(bench *b, nscl_error *error)
{
    nscl_open_options open = {.device = b->options.device, .log = on_line};
    nscl_status status = bench_weights(&b->weights, b->options.network, error);
    if (status != NSCL_OK)
        return status;
    int depth = bench_depth(b->weights, error);
    if (depth < 1)
        return NSCL_BAD_ARGUMENT;
    status = nscl_open(&b->ctx, &open, error);
    if (status != NSCL_OK)
        return status;
    status = bench_set_precision(b->ctx, &b->options, error);
    if (status != NSCL_OK)
        return status;
    b->network = nscl_network_create(b->ctx, b->weights, depth, NSCL_POOL_MAX, 0);
    status = nscl_context_status(b->ctx, error);
    if (status == NSCL_OK)
        status = force_algorithm(b, error);
    if (status != NSCL_OK)
        return status;
    measure_fma(b->ctx, &b->limits, 0.4);
    measure_copy(b->ctx, &b->limits, 0.4);
    return nscl_context_status(b->ctx, error);
}

/* Median of some evaluations. Those taken apart stand between them, so that both meet the same disturbances. */
static double time_evaluations(bench *b, bench_problem *p, bench_result *r)
{
    double samples[256];
    int n = b->options.evaluations;
    for (int i = 0; i < n; i++) {
        samples[i] = bench_evaluate(p);
        if (!b->options.sweep)
            bench_take_apart(p, &b->steps);
    }
    double median = measure_median(samples, n);
    r->least = r->least > 0 && r->least < samples[0] ? r->least : samples[0];
    r->most = r->most > samples[n - 1] ? r->most : samples[n - 1];
    r->evaluations += n;
    return median;
}

static nscl_status compare(bench *b, bench_problem *p, bench_result *r, nscl_error *error)
{
    double ours[BENCH_MOST_PAIRS], ratios[BENCH_MOST_PAIRS];
    for (int i = 0; i < b->options.pairs; i++) {
        r->peer.ours[i] = ours[i] = time_evaluations(b, p, r);
        r->peer.peers[i] = bench_peer_run(&r->peer, &b->options, b->ctx, r->size, error);
        if (!(r->peer.peers[i] > 0))
            return NSCL_BAD_ARGUMENT;
        ratios[i] = r->peer.peers[i] / ours[i];
        r->peer.pairs++;
        if (!b->options.json)
            fprintf(stderr, "%d x %d, pair %d of %d: peer %.4f s (%s), ours %.4f s: %.2f times\n", r->size, r->size, i + 1, b->options.pairs, r->peer.peers[i],
                    r->peer.mode, ours[i], ratios[i]);
    }
    r->seconds = measure_median(ours, r->peer.pairs);
    r->peer.ratio = measure_median(ratios, r->peer.pairs);
    return nscl_context_status(b->ctx, error);
}

static void take_layers(bench_result *r, const bench_problem *p, const bench_steps *steps, const nscl_weights *weights)
{
    r->layer_count = p->depth;
    for (int i = 0; i < p->depth; i++) {
        const nscl_conv_weights *c = &weights->conv[i];
        const nscl_conv *conv = p->network->conv[i];
        bench_layer *l = &r->layer[i];
        snprintf(l->name, sizeof l->name, "conv%d_%d", c->block % 10, c->number % 100);
        l->algorithm = nscl_conv_names[conv->algorithm];
        l->arithmetic = measure_arithmetic(conv->algorithm);
        l->flop = 18.0 * c->cin * c->cout * p->loss.activations->h[i] * p->loss.activations->w[i];
        r->flop += 2 * l->flop;
    }
    for (int i = 0; i < steps->count; i++) {
        const bench_step *s = &steps->step[i];
        double seconds = bench_step_seconds(steps, i);
        r->kind[s->kind] += seconds;
        r->apart += seconds;
        if (s->kind == NSCL_STEP_CONV_FWD || s->kind == NSCL_STEP_CONV_BWD)
            r->layer[s->layer].seconds[s->kind == NSCL_STEP_CONV_BWD] += seconds;
    }
}

static void take_memory(bench_result *r, bench_problem *p, const bench *b)
{
    double pixels = (double)r->size * r->size;
    r->peak_bytes = bench_peak_bytes(p);
    r->weight_bytes = bench_weight_bytes(b->network);
    for (int i = 0; i < NSCL_SCRATCHES; i++)
        r->scratch_bytes += (double)b->ctx->scratch_bytes[i];
    r->pixel_bytes = (r->peak_bytes - r->weight_bytes) / pixels;
    measure_memory memory = measure_memory_of(b->ctx, b->network->conv[b->network->depth - 1]->algorithm, 100);
    r->history_bytes = memory.history;
    if (!b->options.network)
        r->predicted_bytes = r->weight_bytes + memory.grams + pixels * (measure_memory_pixel(&memory) - memory.history);
}

static nscl_status bench_size(bench *b, int size, nscl_error *error)
{
    bench_problem p = {0};
    bench_result *r = &b->results[b->count];
    memset(r, 0, sizeof *r);
    memset(&b->steps, 0, sizeof b->steps);
    r->size = size;
    if (!b->options.algorithm)
        nscl_network_plan(b->network, size, size);
    nscl_status status = bench_problem_open(&p, b->ctx, b->network, b->weights, size, error);
    for (int i = 0; i < 2 && status == NSCL_OK; i++) {
        bench_evaluate(&p); /* kernels are built, weights packed, memory touched */
        status = nscl_context_status(b->ctx, error);
    }
    if (status == NSCL_OK && b->options.peer_python)
        status = compare(b, &p, r, error);
    else if (status == NSCL_OK)
        r->seconds = time_evaluations(b, &p, r);
    measure_fma(b->ctx, &b->limits, 0.2); /* a limit seen once is a limit: again, in case the machine was busy */
    measure_copy(b->ctx, &b->limits, 0.2);
    if (status == NSCL_OK && !b->options.sweep)
        take_layers(r, &p, &b->steps, b->weights);
    if (status == NSCL_OK && b->options.products)
        bench_take_products(&p, r);
    if (status == NSCL_OK && b->options.kernels)
        status = bench_compare_kernels(&p, &b->options, b->weights, r, error);
    if (status == NSCL_OK) {
        bench_bounds(r, &p, &b->limits);
        take_memory(r, &p, b);
        status = nscl_context_status(b->ctx, error);
    }
    bench_problem_close(&p);
    if (status == NSCL_OK)
        b->count++;
    return status;
}

/* A size that does not fit is said and left out: the others are of use. */
static int fits(const bench *b, int size)
{
    const char *limit = NULL;
    measure_memory memory = measure_memory_of(b->ctx, b->network->conv[b->network->depth - 1]->algorithm, 0);
    if ((double)size * size <= measure_memory_most(b->ctx, &memory, 600e6, &limit))
        return 1;
    fprintf(stderr, "nscl-bench: %d x %d left out: too large for the device's %s\n", size, size, limit);
    return 0;
}

static nscl_status run(bench *b, nscl_error *error)
{
    nscl_status status = open_all(b, error);
    const char *network = b->weights ? nscl_weights_text(b->weights) : "";
    if (status == NSCL_OK && !b->options.json)
        bench_print_device(b->ctx, &b->limits, network);
    for (int i = 0; i < b->options.size_count && status == NSCL_OK; i++) {
        if (b->options.sweep && !fits(b, b->options.sizes[i]))
            continue;
        status = bench_size(b, b->options.sizes[i], error);
        if (status == NSCL_OK && !b->options.json && !b->options.sweep)
            bench_print(&b->results[b->count - 1], &b->limits);
    }
    if (status != NSCL_OK)
        return status;
    if (b->options.json)
        bench_print_json(b->ctx, &b->limits, network, b->results, b->count);
    else if (b->options.sweep)
        bench_print_sweep(b->results, b->count);
    if (b->options.sweep)
        status = bench_plot(b->options.sweep, nscl_context_device(b->ctx)->name, b->results, b->count, error);
    return status;
}

int main(int argc, char **argv)
{
    static bench b; /* large */
    nscl_error error = {NSCL_OK, ""};
    int ended = bench_read_options(&b.options, argc, argv);
    if (ended)
        return nscl_page_printed("nscl-bench") ? ended - 1 : TOOL_FAILED;
    nscl_status status = run(&b, &error);
    if (b.ctx)
        nscl_network_free(b.network);
    nscl_weights_free(b.weights);
    nscl_close(b.ctx);
    if (status == NSCL_OK)
        return nscl_page_printed("nscl-bench") ? TOOL_DONE : TOOL_FAILED;
    fprintf(stderr, "nscl-bench: %s\n", error.text);
    return status == NSCL_BAD_ARGUMENT ? TOOL_USAGE : TOOL_FAILED;
}
