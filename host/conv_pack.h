/* What each convolution algorithm offers to conv.c: its packing of the weights, forward or backward, and its launch. */
#ifndef NSCL_CONV_PACK_H
#define NSCL_CONV_PACK_H

#include "conv.h"

/* One direction of a layer: forward (in = cin, out = cout, bias and ReLU) or data gradient (in = cout, out = cin, mask). */
typedef struct nscl_conv_pass {
    int in, out, h, w;
    int backward;
    cl_mem y, x, packed;
    cl_mem bias; /* forward */
    int relu;
    cl_mem mask; /* backward; NULL: none */
} nscl_conv_pass;

/* Tap t of the kernel from channel i to channel o of a pass: backward, input and output change places and the kernel is
 * turned by half. */
static inline float nscl_conv_weight(const nscl_conv *conv, int backward, size_t o, size_t i, size_t t)
{
    size_t cin = (size_t)conv->cin;
    return backward ? conv->kernel[(i * cin + o) * 9 + 8 - t] : conv->kernel[(o * cin + i) * 9 + t];
}

cl_mem nscl_conv_direct_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_direct_run(nscl_context *ctx, const nscl_conv_pass *p);
cl_mem nscl_conv_gemm_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_gemm_run(nscl_context *ctx, const nscl_conv_pass *p);
cl_mem nscl_conv_winograd2_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_winograd2_run(nscl_context *ctx, const nscl_conv_pass *p);
cl_mem nscl_conv_winograd4_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_winograd4_run(nscl_context *ctx, const nscl_conv_pass *p);
cl_mem nscl_conv_winograd6_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_winograd6_run(nscl_context *ctx, const nscl_conv_pass *p);
cl_mem nscl_conv_winograd4_batched_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_winograd4_batched_run(nscl_context *ctx, const nscl_conv_pass *p);
cl_mem nscl_conv_winograd4_clblast_pack(nscl_context *ctx, const nscl_conv *conv, int backward);
void nscl_conv_winograd4_clblast_run(nscl_context *ctx, const nscl_conv_pass *p);
void nscl_conv_implicit_run(nscl_context *ctx, const nscl_conv_pass *p); /* packed as for nscl_conv_gemm_run */

/* Weights transformed for tiles of `tile` outputs a side: (frequencies, out / ov, in lanes, ov) blocks; ov 0: rows of all output
 * blocks, a row-major matrix for each frequency. */
cl_mem nscl_conv_winograd_pack(nscl_context *ctx, const nscl_conv *conv, int backward, int tile, int ov);
/* Estimated cost of one direction, in some unit, for tiles of 4 or 6 outputs a side. */
double nscl_conv_winograd_cost(const nscl_context *ctx, int in, int out, int h, int w, int tile);

#endif
