/* Gradients. The reference's backward passes against central differences of its forward passes, element by element;
 * the device's against the same differences along random directions, by every algorithm. Each case is a function of z,
 * from which masked operations take x = relu(z) as the network does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

typedef struct grad_case {
    const char *name;
    int c, h, w; /* of z */
    int masked;  /* the operation's input is relu(z), and its gradient is that before the ReLU */
    int variant; /* tv form, pooling, algorithm, feature, rounding: as the case reads it */
    int up;
    double (*value)(const struct grad_case *g, const double *x);
    void (*reference)(const struct grad_case *g, double *dx, const double *x);
    double *(*device)(const struct grad_case *g, const double *x);
} grad_case;

enum { COUT = 5 };

/* What the cases share besides z: random weights of the outputs, a layer, targets. */
static double *upstream, *kernel, *bias, *target, *gram_target;
static const double gram_scale = 0.125, ay = 0.75, ax = 1.5;

static size_t floats(const grad_case *g)
{
    return (size_t)g->c * (size_t)g->h * (size_t)g->w;
}

/* ---- Convolution: sum of upstream * y ---- */

static double conv_value(const grad_case *g, const double *x)
{
    size_t n = COUT * (size_t)g->h * (size_t)g->w;
    double *y = malloc(n * sizeof *y), sum;
    nscl_ref_conv_fwd(y, x, kernel, bias, g->c, COUT, g->h, g->w, 0);
    sum = nscl_ref_dot_product(y, upstream, n);
    free(y);
    return sum;
}

static void conv_reference(const grad_case *g, double *dx, const double *x)
{
    nscl_ref_conv_bwd(dx, upstream, kernel, g->masked ? x : NULL, g->c, COUT, g->h, g->w);
}

static double *conv_device(const grad_case *g, const double *x)
{
    if (g->variant == NSCL_CONV_GEMM && !(test_ctx->features & NSCL_FEATURE_GEMM))
        return NULL;
    nscl_conv *conv = nscl_check_conv(&test_check, kernel, bias, g->c, COUT, (nscl_conv_algorithm)g->variant);
    if (!conv)
        return NULL;
    cl_mem dx = g->c == 3 ? nscl_check_output(&test_check, floats(g)) : nscl_check_blocks_output(&test_check, g->c, g->h, g->w);
    nscl_conv_bwd(test_ctx, conv, dx, nscl_check_blocks_input(&test_check, upstream, COUT, g->h, g->w),
                  g->masked ? nscl_check_blocks_input(&test_check, x, g->c, g->h, g->w) : NULL, g->h, g->w);
    return g->c == 3 ? nscl_check_read(&test_check, dx, floats(g)) : nscl_check_read_blocks(&test_check, dx, g->c, g->h, g->w);
}

/* ---- Pooling: likewise ---- */

static double pool_value(const grad_case *g, const double *x)
{
    size_t n = (size_t)g->c * (size_t)nscl_ref_pooled(g->h, g->up) * (size_t)nscl_ref_pooled(g->w, g->up);
    double *y = malloc(n * sizeof *y), sum;
    nscl_ref_pool_fwd(y, x, g->c, g->h, g->w, g->up, (nscl_pooling)g->variant);
    sum = nscl_ref_dot_product(y, upstream, n);
    free(y);
    return sum;
}

static void pool_reference(const grad_case *g, double *dx, const double *x)
{
    nscl_ref_pool_bwd(dx, upstream, x, g->c, g->h, g->w, g->up, (nscl_pooling)g->variant);
}

static double *pool_device(const grad_case *g, const double *x)
{
    cl_mem dx = nscl_check_blocks_output(&test_check, g->c, g->h, g->w),
           dy = nscl_check_blocks_input(&test_check, upstream, g->c, nscl_ref_pooled(g->h, g->up), nscl_ref_pooled(g->w, g->up));
    nscl_pool_bwd(test_ctx, dx, dy, nscl_check_blocks_input(&test_check, x, g->c, g->h, g->w), g->c, g->h, g->w, g->up, (nscl_pooling)g->variant);
    return nscl_check_read_blocks(&test_check, dx, g->c, g->h, g->w);
}

/* ---- Losses ---- */

static double gram_value(const grad_case *g, const double *x)
{
    size_t n = (size_t)g->c * (size_t)g->c;
    double *gram = malloc(n * sizeof *gram), *slope = malloc(n * sizeof *slope), sum;
    nscl_ref_gram_fwd(gram, x, g->c, g->h, g->w, gram_scale);
    sum = nscl_ref_gram_loss(slope, gram, gram_target, g->c, 1, 0);
    free(gram);
    free(slope);
    return sum;
}

/* d sum (G - A)^2 / dF = 4 scale (G - A) F, for G = scale F F^T enters twice. */
static void gram_reference(const grad_case *g, double *dx, const double *x)
{
    size_t n = (size_t)g->c * (size_t)g->c;
    double *gram = malloc(n * sizeof *gram), *slope = malloc(n * sizeof *slope);
    nscl_ref_gram_fwd(gram, x, g->c, g->h, g->w, gram_scale);
    nscl_ref_gram_loss(slope, gram, gram_target, g->c, 4 * gram_scale, 0);
    nscl_ref_gram_bwd(dx, slope, x, g->c, g->h, g->w, g->masked, 0);
    free(gram);
    free(slope);
}

static double *gram_device(const grad_case *g, const double *x)
{
    unsigned before = test_ctx->features;
    size_t side = nscl_gram_side(test_ctx, g->c);
    if (g->variant == NSCL_FEATURE_GEMM && !(before & NSCL_FEATURE_GEMM))
        return NULL;
    test_ctx->features = (unsigned)g->variant;
    cl_mem gram = nscl_check_output(&test_check, side * side), slope = nscl_check_output(&test_check, side * side),
           partial = nscl_check_output(&test_check, NSCL_PARTIALS), df = nscl_check_blocks_output(&test_check, g->c, g->h, g->w);
    cl_mem f = nscl_check_blocks_input(&test_check, x, g->c, g->h, g->w);
    nscl_gram_fwd(test_ctx, gram, f, g->c, g->h, g->w, (float)gram_scale);
    nscl_gram_loss(test_ctx, partial, 0, slope, gram, nscl_check_square_input(&test_check, gram_target, g->c), g->c, (float)(4 * gram_scale), 0);
    nscl_gram_bwd(test_ctx, df, slope, f, g->c, g->h, g->w, g->masked, 0);
    test_ctx->features = before;
    return nscl_check_read_blocks(&test_check, df, g->c, g->h, g->w);
}

static double content_value(const grad_case *g, const double *x)
{
    double *df = malloc(floats(g) * sizeof *df), sum = nscl_ref_content_loss(df, x, target, floats(g), 1, 0, 0);
    free(df);
    return sum;
}

static void content_reference(const grad_case *g, double *dx, const double *x)
{
    nscl_ref_content_loss(dx, x, target, floats(g), 2, g->masked, 0);
}

static double *content_device(const grad_case *g, const double *x)
{
    cl_mem partial = nscl_check_output(&test_check, NSCL_PARTIALS), df = nscl_check_blocks_output(&test_check, g->c, g->h, g->w);
    nscl_content_loss(test_ctx, partial, 0, df, nscl_check_blocks_input(&test_check, x, g->c, g->h, g->w),
                      nscl_check_blocks_input(&test_check, target, g->c, g->h, g->w), nscl_block_floats(test_ctx, g->c, g->h, g->w), 2, g->masked, 0);
    return nscl_check_read_blocks(&test_check, df, g->c, g->h, g->w);
}

static double tv_value(const grad_case *g, const double *x)
{
    return nscl_ref_tv_fwd(x, g->h, g->w, (nscl_tv)g->variant, ay, ax);
}

static void tv_reference(const grad_case *g, double *dx, const double *x)
{
    nscl_ref_fill(dx, floats(g), 0);
    nscl_ref_tv_bwd(dx, NULL, x, g->h, g->w, (nscl_tv)g->variant, ay, ax);
}

static double *tv_device(const grad_case *g, const double *x)
{
    cl_mem dx = nscl_check_input(&test_check, nscl_check_zeros(&test_check, floats(g)), floats(g));
    nscl_tv_bwd(test_ctx, dx, nscl_check_input(&test_check, x, floats(g)), g->h, g->w, (nscl_tv)g->variant, (float)ay, (float)ax);
    return nscl_check_read(&test_check, dx, floats(g));
}

/* ---- The checks ---- */

#define POOL(name, pooling, up)                                                \
    {                                                                          \
        name, 4, 5, 7, 1, pooling, up, pool_value, pool_reference, pool_device \
    }
#define TV(name, form)                                               \
    {                                                                \
        name, 3, 5, 6, 0, form, 0, tv_value, tv_reference, tv_device \
    }
static const grad_case cases[] = {
    POOL("pool max, down", NSCL_POOL_MAX, 0),
    POOL("pool max, up", NSCL_POOL_MAX, 1),
    POOL("pool average, down", NSCL_POOL_AVERAGE, 0),
    POOL("pool average, up", NSCL_POOL_AVERAGE, 1),
    {"gram blocked", 6, 4, 5, 1, NSCL_FEATURE_BLOCKED, 0, gram_value, gram_reference, gram_device},
    {"gram blocked, no mask", 6, 4, 5, 0, NSCL_FEATURE_BLOCKED, 0, gram_value, gram_reference, gram_device},
    {"gram gemm", 6, 4, 5, 1, NSCL_FEATURE_GEMM, 0, gram_value, gram_reference, gram_device},
    {"content", 5, 4, 3, 1, 0, 0, content_value, content_reference, content_device},
    {"content, no mask", 5, 4, 3, 0, 0, 0, content_value, content_reference, content_device},
    TV("tv l2", NSCL_TV_L2),
    TV("tv l1", NSCL_TV_L1),
    TV("tv power", NSCL_TV_POWER),
};
enum { CASES = sizeof cases / sizeof *cases, CONVS = NSCL_CONV_ALGORITHMS };

static void prepare(const grad_case *g)
{
    size_t n = floats(g), most = n > COUT * (size_t)g->h * (size_t)g->w ? n : COUT * (size_t)g->h * (size_t)g->w;
    upstream = nscl_check_normal(&test_check, most);
    kernel = nscl_check_normal(&test_check, (size_t)g->c * COUT * 9);
    bias = nscl_check_normal(&test_check, COUT);
    target = nscl_check_rectified(&test_check, n);
    gram_target = nscl_check_zeros(&test_check, (size_t)g->c * (size_t)g->c);
    double *other = nscl_check_rectified(&test_check, n);
    nscl_ref_gram_fwd(gram_target, other, g->c, g->h, g->w, gram_scale); /* symmetric, and not exact in a float: */
    for (size_t i = 0; i < (size_t)g->c * (size_t)g->c; i++)
        gram_target[i] = (double)(float)gram_target[i];
}

/* No closer to a kink (a ReLU's, a maximum's, an absolute value's) than the difference quotient reaches. */
static double *input(const grad_case *g)
{
    double *z = nscl_check_normal(&test_check, floats(g));
    for (size_t i = 0; i < floats(g); i++)
        if (fabs(z[i]) < 0.01)
            z[i] = 0.25;
    return z;
}

static double value_at(const grad_case *g, const double *z)
{
    double *x = malloc(floats(g) * sizeof *x), v;
    if (g->masked)
        nscl_ref_relu_fwd(x, z, floats(g));
    else
        memcpy(x, z, floats(g) * sizeof *x);
    v = g->value(g, x);
    free(x);
    return v;
}

/* (f(z + h d) - f(z - h d)) / 2h: an error of h^2, and of 1e-16 / h by rounding. */
static double quotient(const grad_case *g, const double *z, const double *d)
{
    const double h = 1e-6;
    size_t n = floats(g);
    double *at = malloc(n * sizeof *at), ahead, behind;
    nscl_ref_step_to(at, z, d, n, h);
    ahead = value_at(g, at);
    nscl_ref_step_to(at, z, d, n, -h);
    behind = value_at(g, at);
    free(at);
    return (ahead - behind) / (2 * h);
}

/* Differences of values of size f are known to about 1e-16 f / h. */
static double noise(const grad_case *g, const double *z)
{
    return 1e-9 * (1 + fabs(value_at(g, z)));
}

static void check_reference(const grad_case *g)
{
    if (!nscl_check_case(&test_check, "the reference, each element"))
        return;
    prepare(g);
    size_t n = floats(g);
    double *z = input(g), *x = nscl_check_copy(&test_check, z, n), *dx = nscl_check_zeros(&test_check, n), *d = nscl_check_zeros(&test_check, n), largest = 0;
    if (g->masked)
        nscl_ref_relu_fwd(x, x, n);
    nscl_ref_fill(dx, n, NAN);
    g->reference(g, dx, x);
    for (size_t i = 0; i < n; i++) {
        d[i] = 1;
        double q = quotient(g, z, d);
        d[i] = 0;
        largest = fmax(largest, fabs(q));
        if (!(fabs(dx[i] - q) <= 1e-6 * fabs(q) + noise(g, z)))
            nscl_check_complain(&test_check, "[%zu] is %.10g, and the difference quotient %.10g", i, dx[i], q);
    }
    if (!(largest > 0))
        nscl_check_complain(&test_check, "no element has a slope: nothing was tested");
}

/* The error of the device's gradient along a direction is a sum of the errors of its elements, each of some roundings. */
static void check_device(const grad_case *g, double tolerance)
{
    for (int k = 0; k < 4; k++) {
        test_check.rng.state = (uint64_t)k + 2;
        if (!nscl_check_case(&test_check, "the device, direction %d", k))
            continue;
        prepare(g);
        size_t n = floats(g);
        double *z = input(g), *x = nscl_check_copy(&test_check, z, n), *d = nscl_check_normal(&test_check, n), size = 0, slope = 0;
        if (g->masked)
            nscl_ref_relu_fwd(x, x, n);
        double *dx = g->device(g, x);
        if (!dx)
            return; /* not on this device; the reference was checked all the same */
        for (size_t i = 0; i < n; i++) {
            slope += dx[i] * d[i];
            size += dx[i] * d[i] * dx[i] * d[i];
        }
        double q = quotient(g, z, d);
        if (!(size > 0) || !(fabs(slope - q) <= tolerance * sqrt(size) + noise(g, z)))
            nscl_check_complain(&test_check, "slope %.9g, and the difference quotient %.9g: off by %.1e of the gradient", slope, q,
                                fabs(slope - q) / sqrt(size));
    }
}

static void run_case(void **state)
{
    const grad_case *g = *state;
    test_row_begin(g->name, (nscl_check_bound){0});
    check_reference(g);
    check_device(g, strstr(g->name, "winograd") ? 1e-4 : 1e-5);
    test_row_end();
}

/* By every algorithm: between blocks of channels, or from the picture. */
static grad_case *conv_cases(void)
{
    static grad_case convs[CONVS];
    static char names[CONVS][48];
    for (int i = 0; i < CONVS; i++) {
        snprintf(names[i], sizeof names[i], "conv %s", nscl_conv_names[i]);
        int picture = i == NSCL_CONV_IMAGE;
        convs[i] = (grad_case){names[i], picture ? 3 : 6, 6, 9, !picture, i, 0, conv_value, conv_reference, conv_device};
    }
    return convs;
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[CASES + CONVS];
    size_t chosen = 0;
    int status = test_open();
    if (status)
        return status;
    const grad_case *convs = conv_cases();
    for (size_t i = 0; i < CASES + CONVS; i++) {
        const grad_case *g = i < CASES ? &cases[i] : &convs[i - CASES];
        if (!test_is_skipped(g->name))
            tests[chosen++] = (struct CMUnitTest){g->name, run_case, NULL, NULL, (void *)(uintptr_t)g};
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("tests", tests, chosen, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
