/* What the rows of check_table.c run: each function one operation over its shapes, holding the results against the reference. */
#ifndef NSCL_CHECK_ROWS_H
#define NSCL_CHECK_ROWS_H

#include "check.h"
#include "kernel.h"
#include "ops.h"
#include "reference.h"

/* check_vectors.c */
void nscl_check_relu_fwd(nscl_check *check, int unused);
void nscl_check_axpby(nscl_check *check, int unused);
void nscl_check_fill(nscl_check *check, int unused);
void nscl_check_blocks_from_planes(nscl_check *check, int unused);
void nscl_check_planes_from_blocks(nscl_check *check, int unused);
void nscl_check_content_loss(nscl_check *check, int unused);
void nscl_check_largest(nscl_check *check, int unused);
void nscl_check_gram_loss(nscl_check *check, int unused);
void nscl_check_tv_fwd(nscl_check *check, int form);
void nscl_check_tv_bwd(nscl_check *check, int form);
void nscl_check_dot_product(nscl_check *check, int unused);
void nscl_check_sum_absolute(nscl_check *check, int unused);

/* check_steps.c: kernels that the optimisers and the pictures launch themselves */
void nscl_check_adam_step(nscl_check *check, int form);
void nscl_check_step_to(nscl_check *check, int unused);
void nscl_check_lbfgs_pair(nscl_check *check, int preconditioned);
void nscl_check_lbfgs_widen(nscl_check *check, int preconditioned);
void nscl_check_lbfgs_update(nscl_check *check, int preconditioned);
void nscl_check_lbfgs_scale(nscl_check *check, int unused);
void nscl_check_resize_pass(nscl_check *check, int round_levels);
void nscl_check_image_affine(nscl_check *check, int unused);
void nscl_check_image_box(nscl_check *check, int unused);
void nscl_check_image_blend(nscl_check *check, int unused);
void nscl_check_image_keep_colours(nscl_check *check, int unused);

/* check_pyramid.c */
void nscl_check_pyramid_down(nscl_check *check, int unused);
void nscl_check_pyramid_up(nscl_check *check, int unused);
void nscl_check_pyramid_adjoint(nscl_check *check, int unused);
void nscl_check_pyramid_apply(nscl_check *check, int unused);
void nscl_check_pyramid_matrix(nscl_check *check, int unused);

/* check_layers.c */
void nscl_check_conv_fwd(nscl_check *check, int algorithm);
void nscl_check_conv_bwd(nscl_check *check, int algorithm);
void nscl_check_pool_fwd(nscl_check *check, int pooling);
void nscl_check_pool_bwd(nscl_check *check, int pooling);
void nscl_check_gram_fwd(nscl_check *check, int feature); /* NSCL_FEATURE_BLOCKED or NSCL_FEATURE_GEMM: which path */
void nscl_check_gram_bwd(nscl_check *check, int feature);

/* check_network.c */
void nscl_check_loss(nscl_check *check, int of_gradient);

#endif
