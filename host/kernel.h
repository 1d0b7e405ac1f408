/* The one way to launch a kernel:
 *     NSCL_RUN(ctx, "relu_fwd", DIM1(n), ARG(y), ARG(x), ARG(n));
 * ARG takes an lvalue of exactly the kernel's argument type (cl_mem, cl_int, cl_ulong, cl_float ...). Builds what is not
 * built yet. Does nothing after the context's first error. */
#ifndef NSCL_KERNEL_H
#define NSCL_KERNEL_H

#include "context.h"

typedef struct nscl_dims {
    cl_uint n;
    size_t global[3]; /* rounded up to whole groups by the launch: kernels guard their bounds */
    size_t local[3];
} nscl_dims;

typedef struct nscl_arg {
    size_t size;
    const void *value;
} nscl_arg;

#define ARG(value) ((nscl_arg){sizeof(value), &(value)})
#define NSCL_GROUP 64 /* work-group of light kernels: one size, since some runtimes compile anew for each */
#define DIM1(a) ((nscl_dims){1, {(size_t)(a), 1, 1}, {NSCL_GROUP, 1, 1}})
#define DIM2(a, b) ((nscl_dims){2, {(size_t)(a), (size_t)(b), 1}, {NSCL_GROUP, 1, 1}})
#define DIM3(a, b, c) ((nscl_dims){3, {(size_t)(a), (size_t)(b), (size_t)(c)}, {NSCL_GROUP, 1, 1}})
/* Kernels that do much a work-item: groups of `ctx->heavy_items` in the first dimension. */
#define HEAVY2(ctx, a, b) ((nscl_dims){2, {(size_t)(a), (size_t)(b), 1}, {(size_t)(ctx)->heavy_items, 1, 1}})
#define HEAVY3(ctx, a, b, c) ((nscl_dims){3, {(size_t)(a), (size_t)(b), (size_t)(c)}, {(size_t)(ctx)->heavy_items, 1, 1}})
/* A reduction: NSCL_PARTIALS groups of ctx->reduce_items. */
#define REDUCE(ctx) ((nscl_dims){1, {(size_t)NSCL_PARTIALS * (size_t)(ctx)->reduce_items, 1, 1}, {(size_t)(ctx)->reduce_items, 1, 1}})

#define NSCL_RUN(ctx, name, dims, ...) NSCL_RUN_WITH(ctx, name, "", dims, __VA_ARGS__)
/* The same, specialised by -D options. */
#define NSCL_RUN_WITH(ctx, name, options, dims, ...) \
    nscl_kernel_run(ctx, name, options, dims, (const nscl_arg[]){__VA_ARGS__}, sizeof((nscl_arg[]){__VA_ARGS__}) / sizeof(nscl_arg))

void nscl_kernel_run(nscl_context *ctx, const char *name, const char *options, nscl_dims dims, const nscl_arg *arguments, size_t count);

/* The kernel, built if need be; NULL after an error. */
nscl_kernel *nscl_kernel_get(nscl_context *ctx, const char *name, const char *options);

/* Releases programs and kernels. */
void nscl_kernels_release(nscl_context *ctx);

#endif
