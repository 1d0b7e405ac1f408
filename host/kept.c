#include "kept.h"

#include <stdlib.h>
#include <string.h>

void nscl_kept_take(nscl_kept *k, nscl_context *ctx, cl_mem x, size_t n, int evaluations)
{
    if (k->n != n) {
        nscl_kept_free(k);
        k->values = malloc(n * sizeof *k->values);
        k->spare = malloc(n * sizeof *k->spare);
        k->n = n;
    }
    if (!k->values || !k->spare) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to keep the picture for another device");
        return;
    }
    nscl_buffer_read(ctx, k->spare, x, n * sizeof *k->spare);
    if (ctx->error.code != NSCL_OK)
        return;
    float *values = k->values;
    k->values = k->spare;
    k->spare = values;
    k->evaluations = evaluations;
}

void nscl_kept_put(const nscl_kept *k, nscl_context *ctx, cl_mem x)
{
    nscl_buffer_write(ctx, x, k->values, k->n * sizeof *k->values);
}

void nscl_kept_free(nscl_kept *k)
{
    free(k->values);
    free(k->spare);
    memset(k, 0, sizeof *k);
}
