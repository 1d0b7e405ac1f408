/* The products inside fused convolutions, told from the transforms around them: a layer is timed as it is and with its
 * products made REPEATS times; the difference is theirs alone. */
#include <math.h>

#include "bench.h"
#include "os.h"

enum { REPEATS = 4, SAMPLES = 5 };

void bench_run_layer(bench_problem *p, int i, int backward)
{
    const nscl_network *n = p->network;
    const nscl_activations *a = p->loss.activations;
    cl_mem x = i == 0 ? p->x : n->starts_block[i] ? a->pooled[i] : a->relu[i - 1];
    cl_mem dx = i == 0 ? p->dx : n->starts_block[i] ? a->pooled_gradient[i] : a->gradient[i - 1];
    if (backward)
        nscl_conv_bwd(p->ctx, n->conv[i], dx, a->gradient[i], NULL, a->h[i], a->w[i]);
    else
        nscl_conv_fwd(p->ctx, n->conv[i], a->relu[i], x, a->h[i], a->w[i], 1);
}

static double time_layer(bench_problem *p, int i, int backward, int products)
{
    double least = 1e30; /* a difference of two times: whatever disturbs only adds */
    p->ctx->products = products;
    bench_run_layer(p, i, backward);
    clFinish(p->ctx->queue);
    for (int k = 0; k < SAMPLES; k++) {
        double start = nscl_seconds();
        bench_run_layer(p, i, backward);
        clFinish(p->ctx->queue);
        least = fmin(least, nscl_seconds() - start);
    }
    p->ctx->products = 1;
    return least;
}

void bench_take_products(bench_problem *p, bench_result *r)
{
    for (int i = 1; i < r->layer_count; i++) {
        nscl_conv_algorithm algorithm = p->network->conv[i]->algorithm;
        if (algorithm != NSCL_CONV_WINOGRAD4 && algorithm != NSCL_CONV_WINOGRAD6)
            continue;
        for (int d = 0; d < 2; d++) {
            r->product_seconds += (time_layer(p, i, d, REPEATS) - time_layer(p, i, d, 1)) / (REPEATS - 1);
            r->product_flop += r->layer[i].flop * r->layer[i].arithmetic;
        }
    }
}
