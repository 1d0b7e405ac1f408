/* One row for each operation and each way to do it: the function that runs its shapes, and how far its results may be
 * from tests/ref.c. A name on the command line runs the rows that match it (with *), NSCL_TEST_SKIP leaves out those that match. */
#include <stdlib.h>
#include <string.h>

#include "ops_rows.h"
#include "precision.h"

typedef struct row {
    const char *name;
    void (*run)(int variant);
    int variant;
    test_bound bound;
} row;

/* Sums of products: one rounding for each term, fused or not, is what summation in any order keeps to; the fixed ones
 * are for bias, scale and the last additions of lanes. */
#define EXACT      \
    {              \
        0, 0, 0, 0 \
    }
#define SUM                 \
    {                       \
        TEST_NMSE, 16, 1, 0 \
    }
#define FEW(roundings)             \
    {                              \
        TEST_NMSE, roundings, 0, 0 \
    }

/* Results rounded to 11 bits, of inputs that such floats hold: half of 2^-10 at most, and less than a root of 2^-22 in all. */
#define HALF                        \
    {                               \
        0x1p-22, 0x1p13 + 128, 1, 1 \
    }

static const row rows[] = {
    {"relu_fwd", rows_relu_fwd, 0, EXACT},
    {"axpby", rows_axpby, 0, FEW(3)},
    {"fill", rows_fill, 0, EXACT},
    {"blocks_from_planes", rows_blocks_from_planes, 0, EXACT},
    {"planes_from_blocks", rows_planes_from_blocks, 0, EXACT},
    {"pool_fwd max", rows_pool_fwd, NSCL_POOL_MAX, EXACT},
    {"pool_bwd max", rows_pool_bwd, NSCL_POOL_MAX, EXACT},
    {"pool_fwd average", rows_pool_fwd, NSCL_POOL_AVERAGE, EXACT}, /* of small whole numbers */
    {"pool_bwd average", rows_pool_bwd, NSCL_POOL_AVERAGE, EXACT}, /* division by 1, 2 or 4 */
    {"gram_fwd blocked", rows_gram_fwd, NSCL_FEATURE_BLOCKED, SUM},
    {"gram_fwd gemm", rows_gram_fwd, NSCL_FEATURE_GEMM, SUM},
    {"gram_loss", rows_gram_loss, 0, SUM},
    {"gram_bwd blocked", rows_gram_bwd, NSCL_FEATURE_BLOCKED, SUM},
    {"gram_bwd gemm", rows_gram_bwd, NSCL_FEATURE_GEMM, SUM},
    {"content_loss", rows_content_loss, 0, SUM},
    {"largest", rows_largest, 0, EXACT},
    {"tv_fwd l2", rows_tv_fwd, NSCL_TV_L2, SUM},
    {"tv_bwd l2", rows_tv_bwd, NSCL_TV_L2, FEW(8)},
    {"tv_fwd l1", rows_tv_fwd, NSCL_TV_L1, SUM},
    {"tv_bwd l1", rows_tv_bwd, NSCL_TV_L1, FEW(8)},
    {"tv_fwd power", rows_tv_fwd, NSCL_TV_POWER, {TEST_NMSE, 32, 1, 0}}, /* two square roots, 3 ulp each */
    {"tv_bwd power", rows_tv_bwd, NSCL_TV_POWER, FEW(24)},
    {"dot_product", rows_dot_product, 0, SUM},
    {"sum_absolute", rows_sum_absolute, 0, SUM},
    {"adam_step TensorFlow", rows_adam_step, REF_ADAM_TENSORFLOW, FEW(24)}, /* a root and a quotient, 3 ulp each */
    {"adam_step Kingma", rows_adam_step, REF_ADAM_KINGMA, FEW(24)},
    {"step_to", rows_step_to, 0, FEW(2)},
    {"lbfgs_pair", rows_lbfgs_pair, 0, FEW(2)},
    {"lbfgs_update", rows_lbfgs_update, 0, SUM},
    {"lbfgs_scale", rows_lbfgs_scale, 0, SUM},
    {"pyramid_down", rows_pyramid_down, 0, FEW(16)},
    {"pyramid_up", rows_pyramid_up, 0, FEW(8)},
    {"pyramid adjoint", rows_pyramid_adjoint, 0, EXACT}, /* of small whole numbers and eighths */
    {"pyramid apply", rows_pyramid_apply, 0, FEW(64)},   /* 20 a level */
    {"pyramid matrix", rows_pyramid_matrix, 0, FEW(64)},
    {"resize_pass", rows_resize_pass, 0, EXACT},
    {"resize_pass to levels", rows_resize_pass, 1, EXACT},
    {"image_affine", rows_image_affine, 0, FEW(4)},
    {"image_box", rows_image_box, 0, EXACT},
    {"image_blend", rows_image_blend, 0, FEW(5)},
    {"image_keep_colours", rows_image_keep_colours, 0, FEW(12)},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* On feature maps of 16-bit floats. */
static const row half_rows[] = {
    {"relu_fwd half", rows_relu_fwd, 0, EXACT},
    {"blocks_from_planes half", rows_blocks_from_planes, 0, EXACT},
    {"planes_from_blocks half", rows_planes_from_blocks, 0, EXACT},
    {"pool_fwd max half", rows_pool_fwd, NSCL_POOL_MAX, EXACT},
    {"pool_bwd max half", rows_pool_bwd, NSCL_POOL_MAX, EXACT},
    {"pool_fwd average half", rows_pool_fwd, NSCL_POOL_AVERAGE, EXACT},
    {"pool_bwd average half", rows_pool_bwd, NSCL_POOL_AVERAGE, HALF},
    {"gram_fwd blocked half", rows_gram_fwd, NSCL_FEATURE_BLOCKED, {4 * TEST_NMSE, 16, 1, 0}},
    {"gram_fwd gemm half", rows_gram_fwd, NSCL_FEATURE_GEMM, {4 * TEST_NMSE, 16, 1, 0}},
    {"gram_bwd blocked half", rows_gram_bwd, NSCL_FEATURE_BLOCKED, HALF},
    {"gram_bwd gemm half", rows_gram_bwd, NSCL_FEATURE_GEMM, HALF},
    {"content_loss half", rows_content_loss, 0, HALF},
    {"largest half", rows_largest, 0, EXACT},
};
enum { HALF_ROWS = sizeof half_rows / sizeof *half_rows };

/* Convolutions: two rows for every algorithm there is and as many for 16-bit feature maps, those of the plain sum unless they are named here. Winograd's
 * transforms mix neighbours within a tile before and after the products, so that an error belongs to the largest of them.
 * F(2x2, 3x3) only adds and subtracts: its terms' sizes grow up to 2.5 times a dimension and four values become one with two roundings,
 * nine with four, so that it keeps to the plain sum's order. F(4x4, 3x3) takes multiples up to 8, F(6x6, 3x3) up to 32. What
 * they lose in all is far below what the eye or the optimiser sees. */
static const struct {
    const char *algorithm;
    test_bound bound;
} bounds[] = {
    {"winograd2", {TEST_NMSE, 48, 1, 1}},     {"winograd4", {4e-10, 96, 0, 1}},   {"winograd4-batched", {4e-10, 96, 0, 1}},
    {"winograd4-clblast", {4e-10, 96, 0, 1}}, {"winograd6", {1.6e-9, 128, 0, 1}},
};
enum { CONV_ROWS = 2 * NSCL_CONV_ALGORITHMS };
static row conv_rows[CONV_ROWS], half_conv_rows[CONV_ROWS];

static void name_conv_rows(void)
{
    static char names[CONV_ROWS][48], half_names[CONV_ROWS][48];
    for (int i = 0; i < CONV_ROWS; i++) {
        const char *algorithm = nscl_conv_names[i / 2];
        snprintf(names[i], sizeof names[i], "conv_%s %s", i % 2 ? "bwd" : "fwd", algorithm);
        snprintf(half_names[i], sizeof half_names[i], "conv_%s %s half", i % 2 ? "bwd" : "fwd", algorithm);
        conv_rows[i] = (row){names[i], i % 2 ? rows_conv_bwd : rows_conv_fwd, i / 2, SUM};
        half_conv_rows[i] = (row){half_names[i], conv_rows[i].run, i / 2, HALF};
        for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++)
            if (strcmp(bounds[k].algorithm, algorithm) == 0)
                conv_rows[i].bound = bounds[k].bound;
    }
}

static void run_with(const row *r, nscl_precision precision)
{
    nscl_error error = {0};
    if (precision != NSCL_PRECISION_FP32 && test_ctx->facts.quirks & NSCL_QUIRK_EMULATED)
        skip(); /* minutes of compiling, for other loads and stores only */
    if (nscl_precision_set(test_ctx, precision, &error) != NSCL_OK) {
        printf("  %s: %s\n", r->name, error.text);
        skip();
    }
    test_row_begin(r->name, r->bound);
    r->run(r->variant);
    test_row_end();
}

static void run_row(void **state)
{
    run_with(*state, NSCL_PRECISION_FP32);
}

static void run_half_row(void **state)
{
    run_with(*state, NSCL_PRECISION_FP16_STORAGE);
}

int main(int argc, char **argv)
{
    static const struct {
        const row *rows;
        size_t count;
        CMUnitTestFunction run;
    } tables[] = {{rows, ROWS, run_row}, {conv_rows, CONV_ROWS, run_row}, {half_rows, HALF_ROWS, run_half_row}, {half_conv_rows, CONV_ROWS, run_half_row}};
    struct CMUnitTest tests[ROWS + HALF_ROWS + 2 * CONV_ROWS];
    size_t n = 0;
    int status = test_open();
    if (status)
        return status;
    name_conv_rows();
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (size_t i = 0; i < tables[t].count; i++)
            tests[n++] = (struct CMUnitTest){tables[t].rows[i].name, tables[t].run, NULL, NULL, (void *)(uintptr_t)&tables[t].rows[i]};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    if (getenv("NSCL_TEST_SKIP"))
        cmocka_set_skip_filter(getenv("NSCL_TEST_SKIP"));
    return test_close(cmocka_run_group_tests(tests, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
