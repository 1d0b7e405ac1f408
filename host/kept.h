/* The latest good picture of a run, on the host: where another device can go on. A copy that fails leaves the one before. */
#ifndef NSCL_KEPT_H
#define NSCL_KEPT_H

#include "tensor.h"

typedef struct nscl_kept {
    float *values, *spare; /* n each; the spare is what the next copy is read into */
    size_t n;
    int evaluations; /* of the loss until then; 0: nothing is kept */
} nscl_kept;

/* Copies n floats of x. A failure of the device is recorded in the context. */
void nscl_kept_take(nscl_kept *kept, nscl_context *ctx, cl_mem x, size_t n, int evaluations);
/* Back to a device. */
void nscl_kept_put(const nscl_kept *kept, nscl_context *ctx, cl_mem x);
void nscl_kept_free(nscl_kept *kept);

#endif
