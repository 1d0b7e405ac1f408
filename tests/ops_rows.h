/* The rows of test_ops.c: each runs one operation over its shapes and holds the results against the reference. */
#ifndef OPS_ROWS_H
#define OPS_ROWS_H

#include "test.h"

/* rows_vectors.c */
void rows_relu_fwd(int unused);
void rows_axpby(int unused);
void rows_fill(int unused);
void rows_blocks_from_planes(int unused);
void rows_planes_from_blocks(int unused);
void rows_content_loss(int unused);
void rows_largest(int unused);
void rows_gram_loss(int unused);
void rows_tv_fwd(int form);
void rows_tv_bwd(int form);
void rows_dot_product(int unused);
void rows_sum_absolute(int unused);

/* rows_steps.c: kernels that the optimisers and the pictures launch themselves */
void rows_adam_step(int form);
void rows_step_to(int unused);
void rows_lbfgs_pair(int unused);
void rows_lbfgs_update(int unused);
void rows_lbfgs_scale(int unused);
void rows_resize_pass(int round_levels);
void rows_image_affine(int unused);
void rows_image_box(int unused);
void rows_image_blend(int unused);
void rows_image_keep_colours(int unused);

/* rows_pyramid.c */
void rows_pyramid_down(int unused);
void rows_pyramid_up(int unused);
void rows_pyramid_adjoint(int unused);
void rows_pyramid_apply(int unused);
void rows_pyramid_matrix(int unused);

/* rows_layers.c */
void rows_conv_fwd(int algorithm);
void rows_conv_bwd(int algorithm);
void rows_pool_fwd(int pooling);
void rows_pool_bwd(int pooling);
void rows_gram_fwd(int feature); /* NSCL_FEATURE_BLOCKED or NSCL_FEATURE_GEMM: which path */
void rows_gram_bwd(int feature);

#endif
