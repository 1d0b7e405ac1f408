/* The kernels at hand beside those of a folder, operation by operation. On a machine whose speed changes from second to second two
 * runs tell little; here each operation runs once with the one and once with the other, again and again, and the median of the
 * ratios is reported. With the same kernels on both sides, at 512 pixels, seven of eight are within 3 % of 1, the farthest 8 % off, and
 * the sum is within 0.5 %, where whole runs differ by 20. */
#include "bench.h"
#include "ops.h"
#include "os.h"

enum { ROUNDS = 31 };

/* A device once more, with its kernels from a folder. */
typedef struct side {
    nscl_context *ctx;
    nscl_network *network;
    bench_problem p;
} side;

static nscl_status open_side(side *s, const bench_problem *ours, const bench_options *o, const nscl_weights *weights, nscl_error *error)
{
    nscl_open_options open = {.device = o->device, .kernel_dir = o->kernels};
    if (!nscl_file_exists(o->kernels))
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--kernels '%s': there is no such folder", o->kernels);
    nscl_status status = nscl_open(&s->ctx, &open, error);
    if (status == NSCL_OK)
        status = bench_set_precision(s->ctx, o, error);
    if (status != NSCL_OK)
        return status;
    s->network = nscl_network_create(s->ctx, weights, ours->depth, NSCL_POOL_MAX, 0);
    status = nscl_context_status(s->ctx, error);
    for (int i = 0; i < ours->depth && status == NSCL_OK; i++)
        nscl_conv_use(s->ctx, s->network->conv[i], ours->network->conv[i]->algorithm);
    return status == NSCL_OK ? bench_problem_open(&s->p, s->ctx, s->network, weights, ours->size, error) : status;
}

static void close_side(side *s)
{
    if (s->p.ctx)
        bench_problem_close(&s->p);
    if (s->ctx)
        nscl_network_free(s->network);
    nscl_close(s->ctx);
}

static int has_gram(const bench_problem *p, int layer)
{
    for (int i = 0; i < p->loss.term_count; i++)
        if (p->loss.term[i].style && p->loss.term[i].layer == layer)
            return 1;
    return 0;
}

/* Seconds that operation `which` of layer i takes. */
static double seconds(bench_problem *p, int i, bench_operation which)
{
    const nscl_activations *a = p->loss.activations;
    int c = p->network->channels[i], h = a->h[i], w = a->w[i];
    clFinish(p->ctx->queue);
    double start = nscl_seconds();
    switch (which) {
    case BENCH_CONV_FWD:
    case BENCH_CONV_BWD: bench_run_layer(p, i, which == BENCH_CONV_BWD); break;
    case BENCH_GRAM_FWD: nscl_gram_fwd(p->ctx, p->loss.gram, a->relu[i], c, h, w, 1e-6f); break;
    default: nscl_gram_bwd(p->ctx, a->gradient[i], p->loss.gram, a->relu[i], c, h, w, 1, 0);
    }
    clFinish(p->ctx->queue);
    return nscl_seconds() - start;
}

static void compare(bench_problem *ours, bench_problem *theirs, bench_result *r, int i, bench_operation which)
{
    bench_problem *const sides[] = {ours, theirs};
    double a[ROUNDS], ratios[ROUNDS], taken[2];
    for (int k = -1; k < ROUNDS; k++) { /* before the first: kernels are built, weights packed */
        for (int turn = 0; turn < 2; turn++) {
            int which_side = (k + 1 + turn) % 2; /* by turns the first: what runs second finds other lines in the cache */
            taken[which_side] = seconds(sides[which_side], i, which);
        }
        if (k >= 0) {
            a[k] = taken[0];
            ratios[k] = taken[1] / taken[0];
        }
    }
    r->layer[i].ours[which] = measure_median(a, ROUNDS);
    r->layer[i].ratio[which] = measure_median(ratios, ROUNDS);
}

nscl_status bench_compare_kernels(bench_problem *ours, const bench_options *o, const nscl_weights *weights, bench_result *r, nscl_error *error)
{
    side theirs = {0};
    nscl_status status = open_side(&theirs, ours, o, weights, error);
    for (int i = 0; i < ours->depth && status == NSCL_OK; i++) {
        bench_evaluate(ours); /* so that the maps hold what they usually do */
        bench_evaluate(&theirs.p);
        for (int k = 0; k < (has_gram(ours, i) ? BENCH_OPERATIONS : BENCH_GRAM_FWD); k++)
            compare(ours, &theirs.p, r, i, (bench_operation)k);
        status = nscl_context_status(ours->ctx, error);
        if (status == NSCL_OK)
            status = nscl_context_status(theirs.ctx, error);
    }
    r->kernels = o->kernels;
    close_side(&theirs);
    return status;
}
