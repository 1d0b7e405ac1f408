/* One row for each operation and each way to do it: the function that runs its shapes, and how far its results may be
 * from reference.c. */
#include <string.h>

#include "check_rows.h"

/* Sums of products: one rounding for each term, fused or not, is what summation in any order keeps to; the fixed ones
 * are for bias, scale and the last additions of lanes. */
#define EXACT      \
    {              \
        0, 0, 0, 0 \
    }
#define SUM                       \
    {                             \
        NSCL_CHECK_NMSE, 16, 1, 0 \
    }
#define FEW(roundings)                   \
    {                                    \
        NSCL_CHECK_NMSE, roundings, 0, 0 \
    }

/* Results rounded to 11 bits, of inputs that such floats hold: half of 2^-10 at most, and less than a root of 2^-22 in all. */
#define HALF                        \
    {                               \
        0x1p-22, 0x1p13 + 128, 1, 1 \
    }

static const nscl_check_row rows[] = {
    {"relu_fwd", "", 0, nscl_check_relu_fwd, 0, EXACT},
    {"axpby", "", 0, nscl_check_axpby, 0, FEW(3)},
    {"fill", "", 0, nscl_check_fill, 0, EXACT},
    {"blocks_from_planes", "", 0, nscl_check_blocks_from_planes, 0, EXACT},
    {"planes_from_blocks", "", 0, nscl_check_planes_from_blocks, 0, EXACT},
    {"pool_fwd", "max", 0, nscl_check_pool_fwd, NSCL_POOL_MAX, EXACT},
    {"pool_bwd", "max", 0, nscl_check_pool_bwd, NSCL_POOL_MAX, EXACT},
    {"pool_fwd", "average", 0, nscl_check_pool_fwd, NSCL_POOL_AVERAGE, EXACT}, /* of small whole numbers */
    {"pool_bwd", "average", 0, nscl_check_pool_bwd, NSCL_POOL_AVERAGE, EXACT}, /* division by 1, 2 or 4 */
    {"gram_fwd", "blocked", 0, nscl_check_gram_fwd, NSCL_FEATURE_BLOCKED, SUM},
    {"gram_fwd", "gemm", 0, nscl_check_gram_fwd, NSCL_FEATURE_GEMM, SUM},
    {"gram_loss", "", 0, nscl_check_gram_loss, 0, SUM},
    {"gram_bwd", "blocked", 0, nscl_check_gram_bwd, NSCL_FEATURE_BLOCKED, SUM},
    {"gram_bwd", "gemm", 0, nscl_check_gram_bwd, NSCL_FEATURE_GEMM, SUM},
    {"content_loss", "", 0, nscl_check_content_loss, 0, SUM},
    {"largest", "", 0, nscl_check_largest, 0, EXACT},
    {"tv_fwd", "l2", 0, nscl_check_tv_fwd, NSCL_TV_L2, SUM},
    {"tv_bwd", "l2", 0, nscl_check_tv_bwd, NSCL_TV_L2, FEW(8)},
    {"tv_fwd", "l1", 0, nscl_check_tv_fwd, NSCL_TV_L1, SUM},
    {"tv_bwd", "l1", 0, nscl_check_tv_bwd, NSCL_TV_L1, FEW(8)},
    {"tv_fwd", "power", 0, nscl_check_tv_fwd, NSCL_TV_POWER, {NSCL_CHECK_NMSE, 32, 1, 0}}, /* two square roots, 3 ulp each */
    {"tv_bwd", "power", 0, nscl_check_tv_bwd, NSCL_TV_POWER, FEW(24)},
    {"dot_product", "", 0, nscl_check_dot_product, 0, SUM},
    {"sum_absolute", "", 0, nscl_check_sum_absolute, 0, SUM},
    {"adam_step", "TensorFlow", 0, nscl_check_adam_step, NSCL_REF_ADAM_TENSORFLOW, FEW(24)}, /* a root and a quotient, 3 ulp each */
    {"adam_step", "Kingma", 0, nscl_check_adam_step, NSCL_REF_ADAM_KINGMA, FEW(24)},
    {"step_to", "", 0, nscl_check_step_to, 0, FEW(2)},
    {"lbfgs_pair", "", 0, nscl_check_lbfgs_pair, 0, FEW(2)},
    {"lbfgs_pair", "preconditioned", 0, nscl_check_lbfgs_pair, 1, {0x1p-17, 0x1p16 + 2, 0, 0}}, /* rounded to 8 bits: off by 2^-8 at most */
    {"lbfgs_widen", "", 0, nscl_check_lbfgs_widen, 0, EXACT},
    {"lbfgs_widen", "preconditioned", 0, nscl_check_lbfgs_widen, 1, EXACT},
    {"lbfgs_update", "", 0, nscl_check_lbfgs_update, 0, SUM},
    {"lbfgs_update", "preconditioned", 0, nscl_check_lbfgs_update, 1, SUM},
    {"lbfgs_scale", "", 0, nscl_check_lbfgs_scale, 0, SUM},
    {"pyramid_down", "", 0, nscl_check_pyramid_down, 0, FEW(16)},
    {"pyramid_up", "", 0, nscl_check_pyramid_up, 0, FEW(8)},
    {"pyramid", "adjoint", 0, nscl_check_pyramid_adjoint, 0, EXACT}, /* of small whole numbers and eighths */
    {"pyramid", "apply", 0, nscl_check_pyramid_apply, 0, FEW(64)},   /* 20 a level */
    {"pyramid", "matrix", 0, nscl_check_pyramid_matrix, 0, FEW(64)},
    {"resize_pass", "", 0, nscl_check_resize_pass, 0, EXACT},
    {"resize_pass", "to levels", 0, nscl_check_resize_pass, 1, EXACT},
    {"image_affine", "", 0, nscl_check_image_affine, 0, FEW(4)},
    {"image_box", "", 0, nscl_check_image_box, 0, EXACT},
    {"image_blend", "", 0, nscl_check_image_blend, 0, FEW(5)},
    {"image_keep_colours", "", 0, nscl_check_image_keep_colours, 0, FEW(12)},
};

/* On feature maps of 16-bit floats. */
static const nscl_check_row half_rows[] = {
    {"relu_fwd", "", 1, nscl_check_relu_fwd, 0, EXACT},
    {"blocks_from_planes", "", 1, nscl_check_blocks_from_planes, 0, EXACT},
    {"planes_from_blocks", "", 1, nscl_check_planes_from_blocks, 0, EXACT},
    {"pool_fwd", "max", 1, nscl_check_pool_fwd, NSCL_POOL_MAX, EXACT},
    {"pool_bwd", "max", 1, nscl_check_pool_bwd, NSCL_POOL_MAX, EXACT},
    {"pool_fwd", "average", 1, nscl_check_pool_fwd, NSCL_POOL_AVERAGE, EXACT},
    {"pool_bwd", "average", 1, nscl_check_pool_bwd, NSCL_POOL_AVERAGE, HALF},
    {"gram_fwd", "blocked", 1, nscl_check_gram_fwd, NSCL_FEATURE_BLOCKED, {4 * NSCL_CHECK_NMSE, 16, 1, 0}},
    {"gram_fwd", "gemm", 1, nscl_check_gram_fwd, NSCL_FEATURE_GEMM, {4 * NSCL_CHECK_NMSE, 16, 1, 0}},
    {"gram_bwd", "blocked", 1, nscl_check_gram_bwd, NSCL_FEATURE_BLOCKED, HALF},
    {"gram_bwd", "gemm", 1, nscl_check_gram_bwd, NSCL_FEATURE_GEMM, HALF},
    {"content_loss", "", 1, nscl_check_content_loss, 0, HALF},
    {"largest", "", 1, nscl_check_largest, 0, EXACT},
};

/* Convolutions: two rows for every algorithm there is and as many for 16-bit feature maps, those of the plain sum unless they are named here. Winograd's
 * transforms mix neighbours within a tile before and after the products, so that an error belongs to the largest of them.
 * F(2x2, 3x3) only adds and subtracts: its terms' sizes grow up to 2.5 times a dimension and four values become one with two roundings,
 * nine with four, so that it keeps to the plain sum's order. F(4x4, 3x3) takes multiples up to 8, F(6x6, 3x3) up to 32. What
 * they lose in all is far below what the eye or the optimiser sees. */
static const struct {
    const char *algorithm;
    nscl_check_bound bound;
} bounds[] = {
    {"winograd2", {NSCL_CHECK_NMSE, 48, 1, 1}}, {"winograd4", {4e-10, 96, 0, 1}},   {"winograd4-batched", {4e-10, 96, 0, 1}},
    {"winograd4-clblast", {4e-10, 96, 0, 1}},   {"winograd6", {1.6e-9, 128, 0, 1}},
};
static nscl_check_row conv_row(int algorithm, int backward, int half)
{
    nscl_check_row row = {
        backward ? "conv_bwd" : "conv_fwd", nscl_conv_names[algorithm], half, backward ? nscl_check_conv_bwd : nscl_check_conv_fwd, algorithm, SUM};
    if (half)
        row.bound = (nscl_check_bound)HALF;
    for (size_t k = 0; !half && k < sizeof bounds / sizeof *bounds; k++)
        if (strcmp(bounds[k].algorithm, row.way) == 0)
            row.bound = bounds[k].bound;
    return row;
}

/* A network's loss loses a little at each layer. Its gradient jumps where a rounding turns a ReLU that is nearly zero, or a pooling
 * whose values are nearly equal: a whole unit's share for each, and on maps of 16 bits there are many. */
static const nscl_check_bound LOSS = {1e-8, 0x1p11, 0, 0}, LOSS_HALF = {1e-4, 0x1p18, 0, 0};
static const nscl_check_bound GRADIENT = {1e-4, 0x1p21, 0, 1}, GRADIENT_HALF = {9e-2, 0x1p24, 0, 1};

int nscl_check_table(nscl_check_row *out)
{
    int n = 0;
    for (int half = 0; half < 2; half++) {
        const nscl_check_row *of = half ? half_rows : rows;
        size_t count = half ? sizeof half_rows / sizeof *half_rows : sizeof rows / sizeof *rows;
        memcpy(out + n, of, count * sizeof *of);
        n += (int)count;
        for (int i = 0; i < 2 * NSCL_CONV_ALGORITHMS; i++)
            out[n++] = conv_row(i / 2, i % 2, half);
        out[n++] = (nscl_check_row){"network", "loss", half, nscl_check_loss, 0, half ? LOSS_HALF : LOSS};
        out[n++] = (nscl_check_row){"network", "gradient", half, nscl_check_loss, 1, half ? GRADIENT_HALF : GRADIENT};
    }
    return n;
}
