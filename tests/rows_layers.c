/* Rows of the layers: convolution by every algorithm, pooling, Gram matrices by both paths. */
#include <math.h>

#include "ops_rows.h"

/* Heights and widths: single pixels and lines, one less and more than the tiles of 8 columns and of 4 x 4 and 6 x 6
 * pixels, several tiles with a rest. The first SMALL are enough for a simulator. */
static const int conv_sizes[][2] = {{1, 1}, {1, 7}, {3, 9}, {7, 1}, {2, 3}, {5, 8}, {4, 4}, {8, 8}, {6, 7}, {9, 5}, {9, 17}, {17, 16}, {19, 33}};
enum { SMALL = 3 };

/* Channels in and out: of the picture, and between blocks. 20 is not a whole number of blocks of any width but 4. */
static const int picture_channels[][2] = {{3, 1}, {3, 16}, {3, 20}, {3, 64}};
static const int block_channels[][2] = {{1, 1}, {16, 16}, {20, 16}, {16, 20}, {20, 64}, {64, 20}, {64, 64}};

typedef struct conv_case {
    int cin, cout, h, w;
    size_t in, out;
    double *kernel, *bias, *kernel_size, *bias_size; /* and their absolute values */
    nscl_conv *conv;
} conv_case;

/* The layer with random weights and the algorithm; conv is NULL where it cannot run. */
static conv_case make_conv(int cin, int cout, int h, int w, nscl_conv_algorithm algorithm)
{
    conv_case t = {cin, cout, h, w, (size_t)cin * (size_t)h * (size_t)w, (size_t)cout * (size_t)h * (size_t)w, NULL, NULL, NULL, NULL, NULL};
    size_t n = (size_t)cin * (size_t)cout * 9;
    t.kernel = test_normal(n);
    t.bias = test_normal((size_t)cout);
    t.kernel_size = test_absolute(t.kernel, n);
    t.bias_size = test_absolute(t.bias, (size_t)cout);
    t.conv = nscl_conv_create(test_ctx, test_floats(t.kernel, n), test_floats(t.bias, (size_t)cout), cin, cout);
    if (t.conv && !nscl_conv_can(test_ctx, t.conv, algorithm)) {
        test_conv_free(t.conv);
        t.conv = NULL;
    }
    if (t.conv)
        nscl_conv_use(test_ctx, t.conv, algorithm);
    return t;
}

static cl_mem conv_input(const conv_case *t, const double *x)
{
    return t->cin == 3 ? test_input(x, t->in) : test_blocks_input(x, t->cin, t->h, t->w);
}

static void conv_fwd(int cin, int cout, int h, int w, nscl_conv_algorithm algorithm)
{
    if (!test_case("%d to %d channels, %d x %d", cin, cout, h, w))
        return;
    conv_case t = make_conv(cin, cout, h, w, algorithm);
    if (!t.conv)
        return;
    double *x = cin == 3 ? test_normal(t.in) : test_rectified(t.in), *want = test_zeros(t.out), *magnitude = test_zeros(t.out);
    ref_conv_fwd(magnitude, test_absolute(x, t.in), t.kernel_size, t.bias_size, cin, cout, h, w, 0);
    for (int relu = 0; relu < 2; relu++) {
        cl_mem y = test_blocks_output(cout, h, w);
        nscl_conv_fwd(test_ctx, t.conv, y, conv_input(&t, x), h, w, relu);
        if (relu)
            ref_relu_fwd(want, want, t.out);
        else
            ref_conv_fwd(want, x, t.kernel, t.bias, cin, cout, h, w, 0);
        test_compare(relu ? "relu(y)" : "y", test_read_blocks(y, cout, h, w), want, magnitude, t.out, 9 * cin);
    }
    test_conv_free(t.conv);
}

static void conv_bwd(int cin, int cout, int h, int w, nscl_conv_algorithm algorithm)
{
    if (!test_case("%d to %d channels, %d x %d", cin, cout, h, w))
        return;
    conv_case t = make_conv(cin, cout, h, w, algorithm);
    if (!t.conv)
        return;
    double *dz = test_normal(t.out), *mask = test_rectified(t.in), *want = test_zeros(t.in), *magnitude = test_zeros(t.in);
    ref_conv_bwd(magnitude, test_absolute(dz, t.out), t.kernel_size, NULL, cin, cout, h, w);
    static const char *const ways[] = {"dx", "masked dx", "masked dx in the mask's place"};
    for (int way = 0; way < (cin == 3 ? 1 : 3); way++) { /* no ReLU before the picture's layer */
        cl_mem m = way ? test_blocks_input(mask, cin, h, w) : NULL, dx = way == 2 ? m : cin == 3 ? test_output(t.in) : test_blocks_output(cin, h, w);
        nscl_conv_bwd(test_ctx, t.conv, dx, test_blocks_input(dz, cout, h, w), m, h, w);
        if (way < 2)
            ref_conv_bwd(want, dz, t.kernel, way ? mask : NULL, cin, cout, h, w);
        test_compare(ways[way], cin == 3 ? test_read(dx, t.in) : test_read_blocks(dx, cin, h, w), want, magnitude, t.in, 9 * cout);
    }
    test_conv_free(t.conv);
}

static int conv_possible(nscl_conv_algorithm algorithm)
{
    (void)test_case("whether it can run here");
    int can = 0;
    if ((algorithm == NSCL_CONV_GEMM || algorithm == NSCL_CONV_WINOGRAD4_CLBLAST) && !(test_ctx->features & NSCL_FEATURE_GEMM))
        return 0; /* CLBlast's kernels take minutes on a simulator */
    for (int thin = 0; thin < 2; thin++) {
        conv_case t = make_conv(thin ? 3 : 64, 64, 1, 1, algorithm);
        can = can || t.conv;
        test_conv_free(t.conv);
    }
    return can;
}

static void each_conv(void (*run)(int cin, int cout, int h, int w, nscl_conv_algorithm algorithm), nscl_conv_algorithm algorithm)
{
    int image = algorithm == NSCL_CONV_IMAGE;
    size_t channels = image ? sizeof picture_channels / sizeof *picture_channels : sizeof block_channels / sizeof *block_channels;
    const int(*c)[2] = image ? picture_channels : block_channels;
    int most = test_small > 2 && algorithm == NSCL_CONV_WINOGRAD4_BATCHED ? 1 : 400;             /* 36 products of 64 work-items: minutes on a simulator */
    size_t third = test_small == 1 ? 3 : 1, stride = test_ctx->half_storage ? 3 * third : third; /* 16 bits: other loads and stores only */
    if (!conv_possible(algorithm))
        skip();
    for (size_t i = 0; i < channels; i++)
        for (size_t k = 0; k < (test_small > 1 ? SMALL : sizeof conv_sizes / sizeof *conv_sizes); k++)
            if ((test_small < 2 || c[i][0] * c[i][1] <= most) && (i + k) % stride == 0)
                run(c[i][0], c[i][1], conv_sizes[k][0], conv_sizes[k][1], algorithm);
    if (algorithm == NSCL_CONV_GEMM)
        run(1, 2, 257, 241, algorithm); /* more pixels than a strip of its scratch memory */
    if ((algorithm == NSCL_CONV_WINOGRAD4_BATCHED || algorithm == NSCL_CONV_WINOGRAD4_CLBLAST) && test_small < 2)
        run(1, 128, 257, 241, algorithm); /* more tiles than a strip, or several work-groups of them */
}

void rows_conv_fwd(int algorithm)
{
    each_conv(conv_fwd, (nscl_conv_algorithm)algorithm);
}

void rows_conv_bwd(int algorithm)
{
    each_conv(conv_bwd, (nscl_conv_algorithm)algorithm);
}

/* ---- Pooling ---- */

static const int pool_sizes[][2] = {
    {1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 3}, {1, 5}, {5, 2}, {7, 8}, {8, 7}, {3, 2 * NSCL_GROUP - 1}, {2, 2 * NSCL_GROUP}, {5, 2 * NSCL_GROUP + 1}};
static const int pool_channels[] = {1, 3, 20, 64};

#define EACH_POOL(c, h, w, up)                                                                                  \
    for (size_t k_ = 0; k_ < sizeof pool_sizes / sizeof *pool_sizes; k_++)                                      \
        for (size_t i_ = 0; i_ < sizeof pool_channels / sizeof *pool_channels - (size_t)(test_small > 1); i_++) \
            for (int c = pool_channels[i_], h = pool_sizes[k_][0], w = pool_sizes[k_][1], up = 0; up < 2; up++)

/* Whole numbers: many equal maxima and many zeros. */
void rows_pool_fwd(int pooling)
{
    EACH_POOL(c, h, w, up)
    {
        int oh = ref_pooled(h, up), ow = ref_pooled(w, up);
        size_t in = (size_t)c * (size_t)h * (size_t)w, out = (size_t)c * (size_t)oh * (size_t)ow;
        if (!test_case("%d channels, %d x %d, rounded %s", c, h, w, up ? "up" : "down"))
            continue;
        if (nscl_pooled(h, up) != oh || nscl_pooled(w, up) != ow)
            test_complain("pooled to %d x %d, not %d x %d", nscl_pooled(h, up), nscl_pooled(w, up), oh, ow);
        double *x = test_levels(in, 3), *want = test_zeros(out);
        cl_mem y = test_blocks_output(c, oh, ow);
        nscl_pool_fwd(test_ctx, y, test_blocks_input(x, c, h, w), c, h, w, up, (nscl_pooling)pooling);
        ref_pool_fwd(want, x, c, h, w, up, (nscl_pooling)pooling);
        test_compare("y", test_read_blocks(y, c, oh, ow), want, NULL, out, 1);
    }
}

void rows_pool_bwd(int pooling)
{
    EACH_POOL(c, h, w, up)
    {
        int oh = ref_pooled(h, up), ow = ref_pooled(w, up);
        size_t in = (size_t)c * (size_t)h * (size_t)w, out = (size_t)c * (size_t)oh * (size_t)ow;
        if (!test_case("%d channels, %d x %d, rounded %s", c, h, w, up ? "up" : "down"))
            continue;
        double *x = test_levels(in, 3), *dy = test_normal(out), *want = test_zeros(in);
        ref_relu_fwd(x, x, in);
        ref_pool_bwd(want, dy, x, c, h, w, up, (nscl_pooling)pooling);
        for (int in_place = 0; in_place < 2; in_place++) {
            cl_mem dx_or_x = test_blocks_input(x, c, h, w), dx = in_place ? dx_or_x : test_blocks_output(c, h, w);
            nscl_pool_bwd(test_ctx, dx, test_blocks_input(dy, c, oh, ow), dx_or_x, c, h, w, up, (nscl_pooling)pooling);
            test_compare(in_place ? "dx in x's place" : "dx", test_read_blocks(dx, c, h, w), want, NULL, in, 1);
        }
    }
}

/* ---- Gram matrices ---- */

static const int gram_sizes[][2] = {{1, 1}, {1, 3}, {2, 5}, {7, 9}, {8, 8}, {5, 13}, {33, 35}};
static const int gram_channels[] = {1, 3, 16, 20, 64};

static void gram_fwd(int c, int h, int w)
{
    size_t n = (size_t)c * (size_t)c, m = (size_t)h * (size_t)w, in = (size_t)c * m, side = nscl_gram_side(test_ctx, c);
    double scale = 0.37;
    if (!test_case("%d channels, %d x %d", c, h, w))
        return;
    double *f = test_normal(in), *want = test_zeros(n), *magnitude = test_zeros(n);
    cl_mem gram = test_output(side * side);
    nscl_gram_fwd(test_ctx, gram, test_blocks_input(f, c, h, w), c, h, w, (float)scale);
    ref_gram_fwd(want, f, c, h, w, (double)(float)scale);
    ref_gram_fwd(magnitude, test_absolute(f, in), c, h, w, scale);
    test_compare("gram", test_read_square(gram, c), want, magnitude, n, (double)m);
}

static void gram_bwd(int c, int h, int w)
{
    size_t n = (size_t)c * (size_t)c, in = (size_t)c * (size_t)h * (size_t)w;
    for (int way = 0; way < 4; way++) {
        int masked = way & 1, accumulate = way >> 1;
        if (!test_case("%d channels, %d x %d, masked %d, accumulate %d", c, h, w, masked, accumulate))
            continue;
        double *f = masked ? test_rectified(in) : test_normal(in), *half = test_normal(n), *slope = test_zeros(n), *old = test_normal(in);
        for (size_t i = 0; i < n; i++) /* symmetric, as the slope of a Gram matrix is */
            slope[i] = half[i / (size_t)c > i % (size_t)c ? i : i % (size_t)c * (size_t)c + i / (size_t)c];
        double *want = test_copy(old, in), *magnitude = test_absolute(old, in);
        cl_mem df = accumulate ? test_blocks_input(old, c, h, w) : test_blocks_output(c, h, w);
        nscl_gram_bwd(test_ctx, df, test_square_input(slope, c), test_blocks_input(f, c, h, w), c, h, w, masked, accumulate);
        ref_gram_bwd(want, slope, f, c, h, w, masked, accumulate);
        ref_gram_bwd(magnitude, test_absolute(slope, n), test_absolute(f, in), c, h, w, 0, accumulate);
        test_compare("df", test_read_blocks(df, c, h, w), want, magnitude, in, c);
    }
}

static void each_gram(void (*run)(int c, int h, int w), unsigned feature)
{
    unsigned before = test_ctx->features;
    if (feature == NSCL_FEATURE_GEMM && !(before & NSCL_FEATURE_GEMM))
        skip();
    test_ctx->features = feature;
    for (size_t i = 0; i < sizeof gram_channels / sizeof *gram_channels - (size_t)(test_small > 1); i++)
        for (size_t k = 0; k < sizeof gram_sizes / sizeof *gram_sizes - (size_t)(test_small > 1); k++)
            run(gram_channels[i], gram_sizes[k][0], gram_sizes[k][1]);
    if (test_small < 2)
        run(2, 725, 727); /* more pixels than a strip of rows takes, and than the usual chunks of a partial matrix */
    (void)test_case("the device");
    test_ctx->features = before;
}

void rows_gram_fwd(int feature)
{
    each_gram(gram_fwd, (unsigned)feature);
}

void rows_gram_bwd(int feature)
{
    each_gram(gram_bwd, (unsigned)feature);
}
