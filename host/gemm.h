/* Single-precision matrix product through CLBlast, row-major. */
#ifndef NSCL_GEMM_H
#define NSCL_GEMM_H

#include "context.h"

/* c (m, n) = alpha * op(a) op(b) + beta * c; op(a) is (m, k): a is (m, k), or (k, m) where ta is not 0; likewise b.
 * Does nothing after the context's first error. */
void nscl_gemm(nscl_context *ctx, cl_mem c, cl_mem a, cl_mem b, size_t m, size_t n, size_t k, int ta, int tb, float alpha, float beta);
/* `count` products c (m, n) = a (m, k) b (k, n), row-major; those of c and a begin every c_stride and a_stride floats, those of
 * b follow one another. Does nothing after the context's first error. */
void nscl_gemm_batch(nscl_context *ctx, cl_mem c, cl_mem a, cl_mem b, size_t m, size_t n, size_t k, size_t c_stride, size_t a_stride, size_t count);

/* Parameters of one of CLBlast's kernels in single precision on this device, all that it has, for the whole process. What
 * CLBlast does not take is a warning to the log; returns whether it took them. */
int nscl_gemm_tune(nscl_context *ctx, const char *kernel, size_t count, const char **names, const size_t *values);

#endif
