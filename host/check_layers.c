/* Rows of the layers: convolution by every algorithm, pooling, Gram matrices by both paths. */
#include <math.h>

#include "check_rows.h"

/* Heights and widths: single pixels and lines, one less and more than the tiles of 8 columns and of 4 x 4 and 6 x 6
 * pixels, several tiles with a rest. The first SMALL are enough for a simulator. */
static const int conv_sizes[][2] = {{1, 1}, {1, 7}, {3, 9}, {7, 1}, {2, 3}, {5, 8}, {4, 4}, {8, 8}, {6, 7}, {9, 5}, {9, 17}, {17, 16}, {19, 33}};
enum { SMALL = 3 };

/* Channels in and out: of the picture, and between blocks. 20 is not a whole number of blocks of any width but 4. */
static const int picture_channels[][2] = {{3, 1}, {3, 16}, {3, 20}, {3, 64}};
static const int block_channels[][2] = {{1, 1}, {16, 16}, {20, 16}, {16, 20}, {20, 64}, {64, 20}, {64, 64}};

/* Channels in and out, height, width: VGG's kinds, thin and wide, at sizes that fill no tile evenly. */
static const int vgg_layers[][4] = {{3, 64, 21, 34}, {3, 16, 13, 9}, {16, 20, 19, 33}, {64, 64, 13, 18}, {64, 128, 8, 11}, {256, 128, 5, 6}};
enum { VGG_LAYERS = sizeof vgg_layers / sizeof *vgg_layers };

typedef struct conv_case {
    int cin, cout, h, w;
    size_t in, out;
    double *kernel, *bias, *kernel_size, *bias_size; /* and their absolute values */
    nscl_conv *conv;
} conv_case;

/* The layer with random weights and the algorithm; conv is NULL where it cannot run. */
static conv_case make_conv(nscl_check *check, int cin, int cout, int h, int w, nscl_conv_algorithm algorithm)
{
    conv_case t = {cin, cout, h, w, (size_t)cin * (size_t)h * (size_t)w, (size_t)cout * (size_t)h * (size_t)w, NULL, NULL, NULL, NULL, NULL};
    size_t n = (size_t)cin * (size_t)cout * 9;
    t.kernel = nscl_check_normal(check, n);
    t.bias = nscl_check_normal(check, (size_t)cout);
    t.kernel_size = nscl_check_absolute(check, t.kernel, n);
    t.bias_size = nscl_check_absolute(check, t.bias, (size_t)cout);
    t.conv = nscl_check_conv(check, t.kernel, t.bias, cin, cout, algorithm);
    return t;
}

static cl_mem conv_input(nscl_check *check, const conv_case *t, const double *x)
{
    return t->cin == 3 ? nscl_check_input(check, x, t->in) : nscl_check_blocks_input(check, x, t->cin, t->h, t->w);
}

static void conv_fwd(nscl_check *check, int cin, int cout, int h, int w, nscl_conv_algorithm algorithm)
{
    if (!nscl_check_case(check, "%d to %d channels, %d x %d", cin, cout, h, w))
        return;
    conv_case t = make_conv(check, cin, cout, h, w, algorithm);
    if (!t.conv)
        return;
    double *x = cin == 3 ? nscl_check_normal(check, t.in) : nscl_check_rectified(check, t.in), *want = nscl_check_zeros(check, t.out),
           *magnitude = nscl_check_zeros(check, t.out);
    nscl_ref_conv_fwd(magnitude, nscl_check_absolute(check, x, t.in), t.kernel_size, t.bias_size, cin, cout, h, w, 0);
    for (int relu = 0; relu < 2; relu++) {
        cl_mem y = nscl_check_blocks_output(check, cout, h, w);
        nscl_conv_fwd(check->ctx, t.conv, y, conv_input(check, &t, x), h, w, relu);
        if (relu)
            nscl_ref_relu_fwd(want, want, t.out);
        else
            nscl_ref_conv_fwd(want, x, t.kernel, t.bias, cin, cout, h, w, 0);
        nscl_check_compare(check, relu ? "relu(y)" : "y", nscl_check_read_blocks(check, y, cout, h, w), want, magnitude, t.out, 9 * cin);
    }
}

static void conv_bwd(nscl_check *check, int cin, int cout, int h, int w, nscl_conv_algorithm algorithm)
{
    if (!nscl_check_case(check, "%d to %d channels, %d x %d", cin, cout, h, w))
        return;
    conv_case t = make_conv(check, cin, cout, h, w, algorithm);
    if (!t.conv)
        return;
    double *dz = nscl_check_normal(check, t.out), *mask = nscl_check_rectified(check, t.in), *want = nscl_check_zeros(check, t.in),
           *magnitude = nscl_check_zeros(check, t.in);
    nscl_ref_conv_bwd(magnitude, nscl_check_absolute(check, dz, t.out), t.kernel_size, NULL, cin, cout, h, w);
    nscl_ref_conv_bwd(want, dz, t.kernel, NULL, cin, cout, h, w);
    static const char *const ways[] = {"dx", "masked dx", "masked dx in the mask's place"};
    for (int way = 0; way < (cin == 3 ? 1 : 3); way++) { /* no ReLU before the picture's layer */
        cl_mem m = way ? nscl_check_blocks_input(check, mask, cin, h, w) : NULL, dx = way == 2   ? m
                                                                                      : cin == 3 ? nscl_check_output(check, t.in)
                                                                                                 : nscl_check_blocks_output(check, cin, h, w);
        nscl_conv_bwd(check->ctx, t.conv, dx, nscl_check_blocks_input(check, dz, cout, h, w), m, h, w);
        for (size_t i = 0; way == 1 && i < t.in; i++)
            want[i] = mask[i] > 0 ? want[i] : 0;
        nscl_check_compare(check, ways[way], cin == 3 ? nscl_check_read(check, dx, t.in) : nscl_check_read_blocks(check, dx, cin, h, w), want, magnitude, t.in,
                           9 * cout);
    }
}

static int conv_possible(nscl_check *check, nscl_conv_algorithm algorithm)
{
    const nscl_conv layer = {.cin = algorithm == NSCL_CONV_IMAGE ? 3 : 64, .cout = 64};
    if (check->vgg || check->layer[0])
        return nscl_conv_offered(check->ctx, &layer, algorithm);
    if ((algorithm == NSCL_CONV_GEMM || algorithm == NSCL_CONV_WINOGRAD4_CLBLAST) && !(check->ctx->features & NSCL_FEATURE_GEMM))
        return 0; /* CLBlast's kernels take minutes on a simulator */
    return nscl_conv_can(check->ctx, &layer, algorithm);
}

static void each_conv(nscl_check *check, void (*run)(nscl_check *check, int cin, int cout, int h, int w, nscl_conv_algorithm algorithm),
                      nscl_conv_algorithm algorithm)
{
    int image = algorithm == NSCL_CONV_IMAGE;
    size_t channels = image ? sizeof picture_channels / sizeof *picture_channels : sizeof block_channels / sizeof *block_channels;
    const int(*c)[2] = image ? picture_channels : block_channels;
    int most = check->small > 2 && algorithm == NSCL_CONV_WINOGRAD4_BATCHED ? 1 : 400;               /* 36 products of 64 work-items: minutes on a simulator */
    size_t third = check->small == 1 ? 3 : 1, stride = check->ctx->half_storage ? 3 * third : third; /* 16 bits: other loads and stores only */
    if (!conv_possible(check, algorithm)) {
        check->skipped = "not used on this device";
        return;
    }
    if (check->layer[0]) {
        run(check, check->layer[0], check->layer[1], check->layer[2], check->layer[3], algorithm);
        return;
    }
    for (size_t i = 0; check->vgg && i < VGG_LAYERS; i++)
        if ((vgg_layers[i][0] == 3) == image)
            run(check, vgg_layers[i][0], vgg_layers[i][1], vgg_layers[i][2], vgg_layers[i][3], algorithm);
    if (check->vgg)
        return;
    for (size_t i = 0; i < channels; i++)
        for (size_t k = 0; k < (check->small > 1 ? SMALL : sizeof conv_sizes / sizeof *conv_sizes); k++)
            if ((check->small < 2 || c[i][0] * c[i][1] <= most) && (i + k) % stride == 0)
                run(check, c[i][0], c[i][1], conv_sizes[k][0], conv_sizes[k][1], algorithm);
    if (algorithm == NSCL_CONV_GEMM)
        run(check, 1, 2, 257, 241, algorithm); /* more pixels than a strip of its scratch memory */
    if ((algorithm == NSCL_CONV_WINOGRAD4_BATCHED || algorithm == NSCL_CONV_WINOGRAD4_CLBLAST) && check->small < 2)
        run(check, 1, 128, 257, 241, algorithm); /* more tiles than a strip, or several work-groups of them */
}

void nscl_check_conv_fwd(nscl_check *check, int algorithm)
{
    each_conv(check, conv_fwd, (nscl_conv_algorithm)algorithm);
}

void nscl_check_conv_bwd(nscl_check *check, int algorithm)
{
    each_conv(check, conv_bwd, (nscl_conv_algorithm)algorithm);
}

/* ---- Pooling ---- */

static const int pool_sizes[][2] = {
    {1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 3}, {1, 5}, {5, 2}, {7, 8}, {8, 7}, {3, 2 * NSCL_GROUP - 1}, {2, 2 * NSCL_GROUP}, {5, 2 * NSCL_GROUP + 1}};
static const int pool_channels[] = {1, 3, 20, 64};

#define EACH_POOL(c, h, w, up)                                                                                    \
    for (size_t k_ = 0; k_ < sizeof pool_sizes / sizeof *pool_sizes; k_++)                                        \
        for (size_t i_ = 0; i_ < sizeof pool_channels / sizeof *pool_channels - (size_t)(check->small > 1); i_++) \
            for (int c = pool_channels[i_], h = pool_sizes[k_][0], w = pool_sizes[k_][1], up = 0; up < 2; up++)

/* Whole numbers: many equal maxima and many zeros. */
void nscl_check_pool_fwd(nscl_check *check, int pooling)
{
    EACH_POOL(c, h, w, up)
    {
        int oh = nscl_ref_pooled(h, up), ow = nscl_ref_pooled(w, up);
        size_t in = (size_t)c * (size_t)h * (size_t)w, out = (size_t)c * (size_t)oh * (size_t)ow;
        if (!nscl_check_case(check, "%d channels, %d x %d, rounded %s", c, h, w, up ? "up" : "down"))
            continue;
        if (nscl_pooled(h, up) != oh || nscl_pooled(w, up) != ow)
            nscl_check_complain(check, "pooled to %d x %d, not %d x %d", nscl_pooled(h, up), nscl_pooled(w, up), oh, ow);
        double *x = nscl_check_levels(check, in, 3), *want = nscl_check_zeros(check, out);
        cl_mem y = nscl_check_blocks_output(check, c, oh, ow);
        nscl_pool_fwd(check->ctx, y, nscl_check_blocks_input(check, x, c, h, w), c, h, w, up, (nscl_pooling)pooling);
        nscl_ref_pool_fwd(want, x, c, h, w, up, (nscl_pooling)pooling);
        nscl_check_compare(check, "y", nscl_check_read_blocks(check, y, c, oh, ow), want, NULL, out, 1);
    }
}

void nscl_check_pool_bwd(nscl_check *check, int pooling)
{
    EACH_POOL(c, h, w, up)
    {
        int oh = nscl_ref_pooled(h, up), ow = nscl_ref_pooled(w, up);
        size_t in = (size_t)c * (size_t)h * (size_t)w, out = (size_t)c * (size_t)oh * (size_t)ow;
        if (!nscl_check_case(check, "%d channels, %d x %d, rounded %s", c, h, w, up ? "up" : "down"))
            continue;
        double *x = nscl_check_levels(check, in, 3), *dy = nscl_check_normal(check, out), *want = nscl_check_zeros(check, in);
        nscl_ref_relu_fwd(x, x, in);
        nscl_ref_pool_bwd(want, dy, x, c, h, w, up, (nscl_pooling)pooling);
        for (int in_place = 0; in_place < 2; in_place++) {
            cl_mem dx_or_x = nscl_check_blocks_input(check, x, c, h, w), dx = in_place ? dx_or_x : nscl_check_blocks_output(check, c, h, w);
            nscl_pool_bwd(check->ctx, dx, nscl_check_blocks_input(check, dy, c, oh, ow), dx_or_x, c, h, w, up, (nscl_pooling)pooling);
            nscl_check_compare(check, in_place ? "dx in x's place" : "dx", nscl_check_read_blocks(check, dx, c, h, w), want, NULL, in, 1);
        }
    }
}

/* ---- Gram matrices ---- */

static const int gram_sizes[][2] = {{1, 1}, {1, 3}, {2, 5}, {7, 9}, {8, 8}, {5, 13}, {33, 35}};
static const int gram_channels[] = {1, 3, 16, 20, 64};

static void gram_fwd(nscl_check *check, int c, int h, int w)
{
    size_t n = (size_t)c * (size_t)c, m = (size_t)h * (size_t)w, in = (size_t)c * m, side = nscl_gram_side(check->ctx, c);
    double scale = 0.37;
    if (!nscl_check_case(check, "%d channels, %d x %d", c, h, w))
        return;
    double *f = nscl_check_normal(check, in), *want = nscl_check_zeros(check, n), *magnitude = nscl_check_zeros(check, n);
    cl_mem gram = nscl_check_output(check, side * side);
    nscl_gram_fwd(check->ctx, gram, nscl_check_blocks_input(check, f, c, h, w), c, h, w, (float)scale);
    nscl_ref_gram_fwd(want, f, c, h, w, (double)(float)scale);
    nscl_ref_gram_fwd(magnitude, nscl_check_absolute(check, f, in), c, h, w, scale);
    nscl_check_compare(check, "gram", nscl_check_read_square(check, gram, c), want, magnitude, n, (double)m);
}

static void gram_bwd(nscl_check *check, int c, int h, int w)
{
    size_t n = (size_t)c * (size_t)c, in = (size_t)c * (size_t)h * (size_t)w;
    for (int way = 0; way < 4; way++) {
        int masked = way & 1, accumulate = way >> 1;
        if (!nscl_check_case(check, "%d channels, %d x %d, masked %d, accumulate %d", c, h, w, masked, accumulate))
            continue;
        double *f = masked ? nscl_check_rectified(check, in) : nscl_check_normal(check, in), *half = nscl_check_normal(check, n),
               *slope = nscl_check_zeros(check, n), *old = nscl_check_normal(check, in);
        for (size_t i = 0; i < n; i++) /* symmetric, as the slope of a Gram matrix is */
            slope[i] = half[i / (size_t)c > i % (size_t)c ? i : i % (size_t)c * (size_t)c + i / (size_t)c];
        double *want = nscl_check_copy(check, old, in), *magnitude = nscl_check_absolute(check, old, in);
        cl_mem df = accumulate ? nscl_check_blocks_input(check, old, c, h, w) : nscl_check_blocks_output(check, c, h, w);
        nscl_gram_bwd(check->ctx, df, nscl_check_square_input(check, slope, c), nscl_check_blocks_input(check, f, c, h, w), c, h, w, masked, accumulate);
        nscl_ref_gram_bwd(want, slope, f, c, h, w, masked, accumulate);
        nscl_ref_gram_bwd(magnitude, nscl_check_absolute(check, slope, n), nscl_check_absolute(check, f, in), c, h, w, 0, accumulate);
        nscl_check_compare(check, "df", nscl_check_read_blocks(check, df, c, h, w), want, magnitude, in, c);
    }
}

static void each_gram(nscl_check *check, void (*run)(nscl_check *check, int c, int h, int w), unsigned feature)
{
    unsigned before = check->ctx->features;
    if (feature == NSCL_FEATURE_GEMM && !(before & NSCL_FEATURE_GEMM)) {
        check->skipped = "not used on this device";
        return;
    }
    check->ctx->features = feature;
    for (size_t i = 0; i < sizeof gram_channels / sizeof *gram_channels - (size_t)(check->small > 1); i++)
        for (size_t k = 0; k < sizeof gram_sizes / sizeof *gram_sizes - (size_t)(check->small > 1); k++)
            run(check, gram_channels[i], gram_sizes[k][0], gram_sizes[k][1]);
    if (check->small < 2 && !check->vgg)
        run(check, 2, 725, 727); /* more pixels than a strip of rows takes, and than the usual chunks of a partial matrix */
    nscl_check_device(check);
    check->ctx->features = before;
}

void nscl_check_gram_fwd(nscl_check *check, int feature)
{
    each_gram(check, gram_fwd, (unsigned)feature);
}

void nscl_check_gram_bwd(nscl_check *check, int feature)
{
    each_gram(check, gram_bwd, (unsigned)feature);
}
