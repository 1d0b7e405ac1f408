#include "optim.h"

#include <math.h>
#include <stdlib.h>

#include "kernel.h"

double nscl_problem_evaluate(nscl_problem *p, cl_mem g, cl_mem x, void (*also)(void *state), void *state, double *values, int extra)
{
    int slots = p->first_slot + extra;
    size_t count = (size_t)slots * NSCL_PARTIALS;
    float *partial = malloc(count * sizeof *partial);
    double *sums = malloc((size_t)slots * sizeof *sums);
    double loss = INFINITY;
    if (!partial || !sums) {
        nscl_fail(&p->ctx->error, NSCL_NO_MEMORY, "no memory to read the loss");
        goto done;
    }
    p->evaluate(p->user, g, x);
    if (also)
        also(state);
    nscl_buffer_read(p->ctx, partial, p->sums, count * sizeof *partial);
    if (p->ctx->error.code != NSCL_OK)
        goto done;
    p->evaluations++;
    for (int s = 0; s < slots; s++) {
        sums[s] = 0;
        for (int i = 0; i < NSCL_PARTIALS; i++)
            sums[s] += (double)partial[s * NSCL_PARTIALS + i];
    }
    loss = p->loss(p->user, sums);
    for (int k = 0; k < extra; k++)
        values[k] = sums[p->first_slot + k];
done:
    free(partial);
    free(sums);
    return loss;
}
