/* Results as tables and as JSON; and the bounds they are held against. */
#include <jansson.h>
#include <string.h>

#include "bench.h"

static const char *const kind_names[NSCL_STEPS] = {"convolution forward", "convolution backward", "pooling", "Gram matrices", "content and variation"};
static const char *const kind_keys[NSCL_STEPS] = {"convolution_forward", "convolution_backward", "pooling", "gram", "rest"};

void bench_bounds(bench_result *r, const bench_problem *p, const measure_limits *limits)
{
    const nscl_network *n = p->network;
    const nscl_activations *a = p->loss.activations;
    double arithmetic = 0, gram = 0;
    r->traffic = 0;
    for (int i = 0; i < n->depth; i++) {
        double cin = i ? n->channels[i - 1] : 3, c = n->channels[i], m = (double)a->h[i] * a->w[i];
        arithmetic += 2 * 18 * cin * c * m * (i ? measure_arithmetic(NSCL_CONV_WINOGRAD4) : 1);
        r->traffic += 4 * (5 * c * m + (n->starts_block[i] ? 4 * cin * m : 0) + 2 * 9 * cin * c);
    }
    for (int i = 0; i < p->loss.term_count; i++)
        if (p->loss.term[i].style) {
            int l = p->loss.term[i].layer;
            double c = n->channels[l];
            gram += 3 * c * c * a->h[l] * a->w[l]; /* symmetric: half the products forward; all of them backward */
        }
    r->conv_bound = limits->gflops > 0 ? 1e-9 * arithmetic / limits->gflops : 0;
    r->gram_bound = limits->gflops > 0 ? 1e-9 * gram / limits->gflops : 0;
    r->copy_bound = limits->gbytes > 0 ? 1e-9 * r->traffic / limits->gbytes : 0;
}

static double rate(double flop, double seconds)
{
    return seconds > 0 ? 1e-9 * flop / seconds : 0;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

void bench_print_device(const nscl_context *ctx, const measure_limits *limits, const char *network)
{
    const nscl_device_info *d = nscl_context_device(ctx);
    printf("%s [%s], driver %s; blocks of %d channels\n%s\n", d->name, d->platform_name, d->driver, ctx->block, network);
    printf("limits: %.0f GFLOP/s of multiply-adds (vectors of %d), %.1f GB/s copying %.0f MiB (read and written)\n", limits->gflops, limits->width,
           limits->gbytes, limits->copied_mib);
    fflush(stdout);
}

static void print_layers(const bench_result *r, const measure_limits *limits)
{
    double totals[2] = {0, 0}, real = 0;
    printf("\n  layer    algorithm      forward ms  GFLOP/s   peak   real    backward ms  GFLOP/s   peak   real\n");
    for (int i = 0; i < r->layer_count; i++) {
        const bench_layer *l = &r->layer[i];
        printf("  %-8s %-12s", l->name, l->algorithm);
        for (int d = 0; d < 2; d++) {
            double g = rate(l->flop, l->seconds[d]);
            printf("%s%9.2f %8.1f %5.0f%% %5.0f%%", d ? "      " : "   ", 1e3 * l->seconds[d], g, 100 * share(g, limits->gflops),
                   100 * share(g * l->arithmetic, limits->gflops));
            totals[d] += l->seconds[d];
            real += l->flop * l->arithmetic;
        }
        printf("\n");
    }
    printf("  %-21s", "all");
    for (int d = 0; d < 2; d++)
        printf("%s%9.2f %8.1f             ", d ? "      " : "   ", 1e3 * totals[d], rate(r->flop / 2, totals[d]));
    printf("\n  real arithmetic, weighted over the layers: %.0f%% of the peak\n", 100 * share(rate(real, totals[0] + totals[1]), limits->gflops));
    if (r->product_seconds > 0)
        printf("  products inside the convolutions, without the transforms: %.0f%% of the peak in %.2f ms\n",
               100 * share(rate(r->product_flop, r->product_seconds), limits->gflops), 1e3 * r->product_seconds);
}

static const char *const operation_names[BENCH_OPERATIONS] = {"forward", "backward", "gram", "gram_gradient"};

/* Each operation in ms, and how many times as long it takes with the other kernels; last, over all. */
static void print_kernels(const bench_result *r)
{
    double ours = 0, theirs = 0;
    printf("  kernels of %s, as a share of these kernels' time (medians of alternating calls)\n", r->kernels);
    printf("  layer   ");
    for (int k = 0; k < BENCH_OPERATIONS; k++)
        printf("  %12s ms  ratio", operation_names[k]);
    for (int i = 0; i < r->layer_count; i++) {
        printf("\n  %-8s", r->layer[i].name);
        for (int k = 0; k < BENCH_OPERATIONS && r->layer[i].ratio[k] > 0; k++) {
            printf("  %15.2f  %5.3f", 1e3 * r->layer[i].ours[k], r->layer[i].ratio[k]);
            ours += r->layer[i].ours[k];
            theirs += r->layer[i].ours[k] * r->layer[i].ratio[k];
        }
    }
    printf("\n  all of them: %.2f ms, %.3f of it with the kernels of %s\n\n", 1e3 * ours, share(theirs, ours), r->kernels);
}

static void print_algorithms(const bench_result *r)
{
    for (int a = 0; a < NSCL_CONV_ALGORITHMS; a++) {
        double flop = 0, seconds = 0;
        int layers = 0;
        for (int i = 0; i < r->layer_count; i++)
            if (strcmp(r->layer[i].algorithm, nscl_conv_names[a]) == 0) {
                flop += 2 * r->layer[i].flop;
                seconds += r->layer[i].seconds[0] + r->layer[i].seconds[1];
                layers++;
            }
        if (layers)
            printf("  %-21s %12.2f ms  %8.1f GFLOP/s in %d layer%s\n", nscl_conv_names[a], 1e3 * seconds, rate(flop, seconds), layers, layers == 1 ? "" : "s");
    }
}

void bench_print(const bench_result *r, const measure_limits *limits)
{
    double roofline = r->conv_bound + r->copy_bound;
    printf("\n%d x %d: %.4f s an evaluation (median of %d; %.4f to %.4f), %.0f GFLOP/s\n", r->size, r->size, r->seconds, r->evaluations, r->least, r->most,
           rate(r->flop, r->seconds));
    print_layers(r, limits);
    printf("\n");
    if (r->kernels)
        print_kernels(r);
    print_algorithms(r);
    for (int k = 0; k < NSCL_STEPS; k++)
        printf("  %-21s %12.2f ms  %5.1f%%\n", kind_names[k], 1e3 * r->kind[k], 100 * share(r->kind[k], r->apart));
    printf("  %-21s %12.2f ms  with a wait after each operation\n", "in all", 1e3 * r->apart);
    printf("\n  roofline: %.4f s (Winograd arithmetic %.4f, %.2f GB of traffic %.4f): %.0f%% of it reached\n", roofline, r->conv_bound, 1e-9 * r->traffic,
           r->copy_bound, 100 * share(roofline, r->seconds));
    printf("  with the Gram matrices' arithmetic (%.4f): %.4f s, %.0f%% of it reached\n", r->gram_bound, roofline + r->gram_bound,
           100 * share(roofline + r->gram_bound, r->seconds));
    printf("  memory: %.0f bytes a pixel besides %.0f MiB of weights; %.0f with an L-BFGS history of 100\n", r->pixel_bytes, r->weight_bytes / 1048576.0,
           r->pixel_bytes + r->history_bytes);
    if (r->peer.pairs)
        printf("  peer: %.2f times as long (median of %d pair%s; %s, torch %s)\n", r->peer.ratio, r->peer.pairs, r->peer.pairs == 1 ? "" : "s", r->peer.mode,
               r->peer.version);
    fflush(stdout);
}

void bench_print_sweep(const bench_result *results, int count)
{
    printf("\n   size   s/evaluation   ns/pixel   of 256   bytes/pixel   with history   of roofline\n");
    double base = 0;
    for (int i = 0; i < count; i++)
        if (results[i].size == 256 || base == 0)
            base = results[i].seconds / ((double)results[i].size * results[i].size);
    for (int i = 0; i < count; i++) {
        const bench_result *r = &results[i];
        double a_pixel = r->seconds / ((double)r->size * r->size);
        printf("  %5d  %13.4f  %9.1f  %6.2f  %12.0f  %13.0f  %11.0f%%\n", r->size, r->seconds, 1e9 * a_pixel, share(a_pixel, base), r->pixel_bytes,
               r->pixel_bytes + r->history_bytes, 100 * share(r->conv_bound + r->copy_bound, r->seconds));
    }
}

/* ---- JSON ---- */

static json_t *layers_json(const bench_result *r, const measure_limits *limits)
{
    json_t *all = json_array();
    for (int i = 0; i < r->layer_count; i++) {
        const bench_layer *l = &r->layer[i];
        json_t *row = json_pack("{s:s, s:s}", "name", l->name, "algorithm", l->algorithm);
        for (int d = 0; d < 2; d++) {
            double g = rate(l->flop, l->seconds[d]);
            json_object_set_new(row, d ? "backward" : "forward",
                                json_pack("{s:f, s:f, s:f, s:f}", "seconds", l->seconds[d], "gflops", g, "peak_share", share(g, limits->gflops),
                                          "real_peak_share", share(g * l->arithmetic, limits->gflops)));
        }
        json_t *kernels = r->kernels ? json_object() : NULL;
        for (int k = 0; kernels && k < BENCH_OPERATIONS && l->ratio[k] > 0; k++)
            json_object_set_new(kernels, operation_names[k], json_pack("{s:f, s:f}", "seconds", l->ours[k], "ratio", l->ratio[k]));
        if (kernels)
            json_object_set_new(row, "kernels", kernels);
        json_array_append_new(all, row);
    }
    return all;
}

static json_t *peer_json(const bench_peer *p)
{
    json_t *pairs = json_array();
    for (int i = 0; i < p->pairs; i++)
        json_array_append_new(pairs, json_pack("{s:f, s:f}", "peer", p->peers[i], "ours", p->ours[i]));
    return json_pack("{s:f, s:s, s:s, s:o}", "ratio", p->ratio, "mode", p->mode, "torch", p->version, "pairs", pairs);
}

static json_t *result_json(const bench_result *r, const measure_limits *limits)
{
    double pixels = (double)r->size * r->size, roofline = r->conv_bound + r->copy_bound;
    json_t *o = json_pack("{s:i, s:f, s:i, s:f, s:f, s:f}", "size", r->size, "seconds_per_evaluation", r->seconds, "evaluations", r->evaluations,
                          "seconds_least", r->least, "seconds_most", r->most, "seconds_per_pixel", r->seconds / pixels);
    json_t *roof = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "seconds", roofline, "winograd_seconds", r->conv_bound, "traffic_seconds", r->copy_bound,
                             "traffic_bytes", r->traffic, "share", share(roofline, r->seconds), "gram_seconds", r->gram_bound, "share_with_gram",
                             share(roofline + r->gram_bound, r->seconds));
    json_t *memory =
        json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "bytes_per_pixel", r->pixel_bytes, "bytes_per_pixel_with_history", r->pixel_bytes + r->history_bytes,
                  "peak_bytes", r->peak_bytes, "weight_bytes", r->weight_bytes, "scratch_bytes", r->scratch_bytes, "predicted_bytes", r->predicted_bytes);
    json_object_set_new(o, "roofline", roof);
    json_object_set_new(o, "memory", memory);
    if (r->layer_count) {
        json_t *kinds = json_object();
        for (int k = 0; k < NSCL_STEPS; k++)
            json_object_set_new(kinds, kind_keys[k], json_real(r->kind[k]));
        json_object_set_new(o, "gflops", json_real(rate(r->flop, r->seconds)));
        json_object_set_new(o, "layers", layers_json(r, limits));
        json_object_set_new(o, "seconds_by_kind", kinds);
        if (r->product_seconds > 0)
            json_object_set_new(
                o, "products",
                json_pack("{s:f, s:f}", "seconds", r->product_seconds, "share", share(rate(r->product_flop, r->product_seconds), limits->gflops)));
    }
    if (r->peer.pairs)
        json_object_set_new(o, "peer", peer_json(&r->peer));
    return o;
}

void bench_print_json(const nscl_context *ctx, const measure_limits *limits, const char *network, const bench_result *results, int count)
{
    const nscl_device_info *d = nscl_context_device(ctx);
    json_t *sizes = json_array();
    json_t *all = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:s, s:i, s:{s:f, s:i, s:f, s:f}}", "program", "nscl-bench", "version", nscl_version(), "device",
                            "name", d->name, "platform", d->platform_name, "driver", d->driver, "network", network, "block", ctx->block, "limits", "fma_gflops",
                            limits->gflops, "fma_width", limits->width, "copy_gbytes", limits->gbytes, "copy_mib", limits->copied_mib);
    for (int i = 0; i < count; i++) {
        json_t *row = result_json(&results[i], limits);
        if (i == count - 1)
            json_object_update(all, row);
        json_array_append_new(sizes, row);
    }
    json_object_set_new(all, "sizes", sizes);
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    printf("\n");
    json_decref(all);
}
