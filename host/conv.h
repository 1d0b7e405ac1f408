/* A 3x3 convolution with zero padding 1, forward and the data gradient, behind one interface whatever the algorithm.
 * Input and output are blocks of channels, but for a layer of 3 input channels: there the input is a planar picture. */
#ifndef NSCL_CONV_H
#define NSCL_CONV_H

#include "tensor.h"

typedef enum nscl_conv_algorithm {
    NSCL_CONV_IMAGE,             /* 3 planar channels in; the only one there */
    NSCL_CONV_DIRECT,            /* as written, own kernel on blocks */
    NSCL_CONV_GEMM,              /* im2col in strips and CLBlast */
    NSCL_CONV_WINOGRAD4,         /* F(4x4, 3x3), transforms and products fused in one kernel */
    NSCL_CONV_WINOGRAD6,         /* F(6x6, 3x3), likewise: a fifth fewer products, about four times the rounding error */
    NSCL_CONV_WINOGRAD2,         /* F(2x2, 3x3), likewise: as exact as direct */
    NSCL_CONV_WINOGRAD4_BATCHED, /* F(4x4, 3x3) in three kernels, our own products: tiles in local memory on GPUs */
    NSCL_CONV_WINOGRAD4_CLBLAST, /* the same with CLBlast's products */
    NSCL_CONV_IMPLICIT,          /* a matrix product on tiles in local memory that gathers its first factor: for GPUs */
    NSCL_CONV_ALGORITHMS
} nscl_conv_algorithm;

extern const char *const nscl_conv_names[NSCL_CONV_ALGORITHMS];

typedef struct nscl_conv {
    int cin, cout;
    nscl_conv_algorithm algorithm;
    const float *kernel; /* (cout, cin, 3, 3); whose the maker gave it */
    cl_mem bias;         /* whole blocks, zero past cout */
    cl_mem packed[2];    /* forward, backward: as the algorithm wants them; made at first use */
} nscl_conv;

/* Makes the layer from OIHW weights, direct until nscl_conv_plan or nscl_conv_use. `kernel` is not copied and must stay as long as the
 * layer. NULL after an error. */
nscl_conv *nscl_conv_create(nscl_context *ctx, const float *kernel, const float *bias, int cin, int cout);
/* Waits for the device. */
void nscl_conv_free(nscl_context *ctx, nscl_conv *conv);

/* Chooses the algorithm that suits pictures of this size, forward and backward, among those that the device's features
 * allow: by the rows of the tuning, else by an estimate. Others still work: the choice is for speed. */
void nscl_conv_plan(nscl_context *ctx, nscl_conv *conv, int h, int w);

/* Which algorithms can run this layer here. */
int nscl_conv_can(const nscl_context *ctx, const nscl_conv *conv, nscl_conv_algorithm algorithm);
/* Which of them the device's features allow as well. */
int nscl_conv_offered(const nscl_context *ctx, const nscl_conv *conv, nscl_conv_algorithm algorithm);
/* And which the self-test did not find wrong: those that a row of the tuning (tuning.h) may choose. */
int nscl_conv_allowed(const nscl_context *ctx, const nscl_conv *conv, nscl_conv_algorithm algorithm);
/* Uses another algorithm from now on; packed weights of the former are released. */
void nscl_conv_use(nscl_context *ctx, nscl_conv *conv, nscl_conv_algorithm algorithm);

/* Releases packed weights; they are made again when they are needed. */
void nscl_conv_unpack(nscl_context *ctx, nscl_conv *conv);

/* y (cout, h, w) = conv(x) + bias, through a ReLU where relu is not 0. x (cin, h, w). */
void nscl_conv_fwd(nscl_context *ctx, nscl_conv *conv, cl_mem y, cl_mem x, int h, int w, int relu);
/* dx (cin, h, w) = the data gradient of dz (cout, h, w), times [mask > 0] where mask (cin, h, w) is not NULL.
 * dx may be mask. */
void nscl_conv_bwd(nscl_context *ctx, nscl_conv *conv, cl_mem dx, cl_mem dz, cl_mem mask, int h, int w);

#endif
