/* The operations of the loss and of the optimisers: one host function = one kernel (or CLBlast call) = one reference
 * function of reference.c = one row of check_table.c, all with the same stem.
 *
 * Arguments: context, outputs, inputs, sizes, scalars. Memory is cl_mem: activations are blocks of channels
 * (nscl_blocks(ctx, c), h, w, ctx->block), pictures planar (3, h, w) padded with zeros to whole blocks
 * (nscl_vector_floats). Nothing is checked but by assert; failures are recorded in the context.
 *
 * Gradients: "d" + name; a gradient that reaches a ReLU's output is stored as the gradient before that ReLU: every
 * operation that produces one multiplies by [activation > 0] itself, so that no pass is spent on it. */
#ifndef NSCL_OPS_H
#define NSCL_OPS_H

#include "tensor.h"

/* A sum is delivered as NSCL_PARTIALS floats at partial[slot * NSCL_PARTIALS]; their sum, taken on the host in double
 * or on the device, is the value. `slot` selects a part of one buffer so that one read brings every term. */

/* y = max(x, 0); n floats, whole blocks. */
void nscl_relu_fwd(nscl_context *ctx, cl_mem y, cl_mem x, size_t n);
/* y = a x + b y; n floats, whole blocks; y is not read where b = 0. */
void nscl_axpby(nscl_context *ctx, cl_mem y, cl_mem x, size_t n, float a, float b);
void nscl_fill(nscl_context *ctx, cl_mem y, size_t n, float value);

/* Between (c, h, w) planes and blocks. */
void nscl_blocks_from_planes(nscl_context *ctx, cl_mem y, cl_mem x, int c, int h, int w);
void nscl_planes_from_blocks(nscl_context *ctx, cl_mem y, cl_mem x, int c, int h, int w);

/* 2x2 pooling with stride 2: y (c, oh, ow) of x (c, h, w), oh and ow from nscl_pooled. dx is masked by [x > 0]; it may be x. */
int nscl_pooled(int n, int round_up);
void nscl_pool_fwd(nscl_context *ctx, cl_mem y, cl_mem x, int c, int h, int w, int round_up, nscl_pooling pooling);
void nscl_pool_bwd(nscl_context *ctx, cl_mem dx, cl_mem dy, cl_mem x, int c, int h, int w, int round_up, nscl_pooling pooling);

/* Side of a Gram matrix of c channels: c rounded up to whole blocks, the surplus rows and columns zero. */
size_t nscl_gram_side(const nscl_context *ctx, int c);
/* gram (side, side) = scale * F F^T, F (c, h*w) in blocks. Both triangles are written. */
void nscl_gram_fwd(nscl_context *ctx, cl_mem gram, cl_mem f, int c, int h, int w, float scale);
/* Sum of (gram - target)^2 to the slot; slope = factor * (gram - target), added where accumulate. */
void nscl_gram_loss(nscl_context *ctx, cl_mem partial, int slot, cl_mem slope, cl_mem gram, cl_mem target, int c, float factor, int accumulate);
/* df = slope F [f > 0 where masked], added where accumulate. */
void nscl_gram_bwd(nscl_context *ctx, cl_mem df, cl_mem slope, cl_mem f, int c, int h, int w, int masked, int accumulate);

/* Sum of (f - target)^2 over n floats to the slot; df = factor * (f - target) [f > 0 where masked], added where accumulate. */
void nscl_content_loss(nscl_context *ctx, cl_mem partial, int slot, cl_mem df, cl_mem f, cl_mem target, size_t n, float factor, int masked, int accumulate);

/* Total variation of a picture with weights ay, ax of the differences down and right (for NSCL_TV_POWER ay weighs
 * all); cl/tv.cl has the formulas. tv_bwd adds to dx. */
void nscl_tv_fwd(nscl_context *ctx, cl_mem partial, int slot, cl_mem x, int h, int w, nscl_tv form, float ay, float ax);
void nscl_tv_bwd(nscl_context *ctx, cl_mem dx, cl_mem x, int h, int w, nscl_tv form, float ay, float ax);

/* Sums over n floats (whole blocks) to the slot. */
void nscl_dot_product(nscl_context *ctx, cl_mem partial, int slot, cl_mem a, cl_mem b, size_t n);
/* The largest |a| of n floats of a feature map (whole blocks): the largest of ctx->reduce_items * NSCL_PARTIALS floats of `most`, from `first` on. */
void nscl_largest(nscl_context *ctx, cl_mem most, size_t first, cl_mem a, size_t n);
void nscl_sum_absolute(nscl_context *ctx, cl_mem partial, int slot, cl_mem a, size_t n);

#endif
