/* Rows of the operations that touch each element once, and of the sums. Sizes are counted in blocks of lanes around the
 * work-group's size, since one work-item takes one block. */
#include <math.h>

#include "ops_rows.h"

static const int small_counts[] = {1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1};
/* And for sums: around the number of partial sums, and a share of several blocks that does not divide evenly. */
static const int counts[] = {
    1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, NSCL_PARTIALS - 1, NSCL_PARTIALS, NSCL_PARTIALS + 1, 1000, NSCL_PARTIALS *NSCL_GROUP + 1};

#define EACH_COUNT(n, all)                                                                                                     \
    for (size_t k_ = 0, n; k_ < (test_small > 1 ? sizeof small_counts / sizeof *small_counts : sizeof(all) / sizeof *(all)) && \
                           (n = (size_t)(test_small > 1 ? small_counts : (all))[k_] * (size_t)test_ctx->block, 1);             \
         k_++)

enum { SLOTS = 3, SLOT = 1 };

/* Blocks that one partial sum takes, lane by lane: the depth of its summation. */
static double depth(size_t n)
{
    return ceil((double)n / test_ctx->block / NSCL_PARTIALS);
}

static void compare_sum(cl_mem partial, double want, double magnitude, double terms)
{
    double got = test_read_slot(partial, SLOT, SLOTS);
    test_compare("sum", &got, &want, &magnitude, 1, terms);
}

/* ---- Elements ---- */

void rows_relu_fwd(int unused)
{
    (void)unused;
    EACH_COUNT(n, small_counts)
    {
        if (!test_case("%zu floats", n))
            continue;
        double *x = test_levels(n, 2), *want = test_zeros(n);
        cl_mem y = test_stored_output(n);
        nscl_relu_fwd(test_ctx, y, test_stored_input(x, n), n);
        ref_relu_fwd(want, x, n);
        test_compare("y", test_read_stored(y, n), want, NULL, n, 1);
    }
}

void rows_axpby(int unused)
{
    (void)unused;
    EACH_COUNT(n, small_counts) for (int add = 0; add < 2; add++)
    {
        double a = -0.75, b = add ? 1.25 : 0;
        if (!test_case("%zu floats, b %g", n, b))
            continue;
        double *x = test_normal(n), *old = test_normal(n), *want = test_copy(old, n), *magnitude = test_absolute(old, n);
        cl_mem y = add ? test_input(old, n) : test_output(n); /* NaN where it must not be read */
        nscl_axpby(test_ctx, y, test_input(x, n), n, (float)a, (float)b);
        ref_axpby(want, x, n, a, b);
        ref_axpby(magnitude, test_absolute(x, n), n, fabs(a), b);
        test_compare("y", test_read(y, n), want, magnitude, n, 1);
    }
}

void rows_fill(int unused)
{
    static const size_t sizes[] = {1, 2, 3, 5, 17, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, 1000};
    (void)unused;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t n = sizes[k];
        if (!test_case("%zu floats", n))
            continue;
        double *want = test_zeros(n);
        cl_mem y = test_output(n);
        nscl_fill(test_ctx, y, n, -2.5f);
        ref_fill(want, n, -2.5);
        test_compare("y", test_read(y, n), want, NULL, n, 1);
    }
}

static const int planes[][3] = {{1, 1, 1}, {3, 1, 5}, {3, 7, 9}, {16, 8, 8}, {20, 5, 13}, {64, 2, 3}, {3, 13, 5}};

#define EACH_PLANES(c, h, w)                                       \
    for (size_t k_ = 0; k_ < sizeof planes / sizeof *planes; k_++) \
        for (int c = planes[k_][0], h = planes[k_][1], w = planes[k_][2], once_ = 1; once_; once_ = 0)

void rows_blocks_from_planes(int unused)
{
    (void)unused;
    EACH_PLANES(c, h, w)
    {
        size_t n = (size_t)c * (size_t)h * (size_t)w;
        if (!test_case("%d channels, %d x %d", c, h, w))
            continue;
        double *x = test_normal(n);
        cl_mem y = test_blocks_output(c, h, w);
        nscl_blocks_from_planes(test_ctx, y, test_input(x, n), c, h, w);
        test_compare("y", test_read_blocks(y, c, h, w), x, NULL, n, 1);
    }
}

void rows_planes_from_blocks(int unused)
{
    (void)unused;
    EACH_PLANES(c, h, w)
    {
        size_t n = (size_t)c * (size_t)h * (size_t)w;
        if (!test_case("%d channels, %d x %d", c, h, w))
            continue;
        double *x = test_normal(n);
        cl_mem y = test_output(n);
        nscl_planes_from_blocks(test_ctx, y, test_blocks_input(x, c, h, w), c, h, w);
        test_compare("y", test_read(y, n), x, NULL, n, 1);
    }
}

/* ---- Losses ---- */

void rows_content_loss(int unused)
{
    (void)unused;
    EACH_COUNT(n, counts) for (int way = 0; way < 4; way++)
    {
        int masked = way & 1, accumulate = way >> 1;
        double factor = 0.375;
        if (!test_case("%zu floats, masked %d, accumulate %d", n, masked, accumulate))
            continue;
        double *f = masked ? test_rectified(n) : test_normal(n), *target = test_rectified(n), *old = test_normal(n);
        double *want = test_copy(old, n), *magnitude = test_absolute(old, n), *more = test_zeros(n);
        cl_mem partial = test_output(SLOTS * NSCL_PARTIALS), df = accumulate ? test_stored_input(old, n) : test_stored_output(n);
        nscl_content_loss(test_ctx, partial, SLOT, df, test_stored_input(f, n), test_stored_input(target, n), n, (float)factor, masked, accumulate);
        double sum = ref_content_loss(want, f, target, n, factor, masked, accumulate);
        ref_content_loss(more, f, target, n, factor, 0, 0);
        ref_axpby(magnitude, test_absolute(more, n), n, 1, accumulate);
        test_compare("df", test_read_stored(df, n), want, magnitude, n, 1);
        compare_sum(partial, sum, sum, depth(n));
    }
}

void rows_largest(int unused)
{
    (void)unused;
    EACH_COUNT(n, counts)
    {
        if (!test_case("%zu floats", n))
            continue;
        size_t each = (size_t)NSCL_PARTIALS * (size_t)test_ctx->reduce_items, first = 3;
        double *a = test_normal(n), want = 0, got = 0;
        cl_mem most = test_output(first + each);
        for (size_t i = 0; i < n; i++)
            want = fmax(want, fabs(a[i]));
        nscl_largest(test_ctx, most, first, test_stored_input(a, n), n);
        double *values = test_read(most, first + each);
        for (size_t i = 0; i < first + each; i++) {
            if (isnan(values[i]) != (i < first))
                test_complain("place %zu is %g", i, values[i]);
            got = fmax(got, values[i]);
        }
        test_compare("largest", &got, &want, NULL, 1, 1);
    }
}

void rows_gram_loss(int unused)
{
    static const int channels[] = {1, 3, 16, 20, 64};
    (void)unused;
    for (size_t k = 0; k < sizeof channels / sizeof *channels; k++)
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            int c = channels[k];
            size_t n = (size_t)c * (size_t)c, side = nscl_gram_side(test_ctx, c);
            double factor = -0.625;
            if (!test_case("%d channels, accumulate %d", c, accumulate))
                continue;
            double *gram = test_normal(n), *target = test_normal(n), *old = test_normal(n);
            double *want = test_copy(old, n), *magnitude = test_absolute(old, n), *more = test_zeros(n);
            cl_mem partial = test_output(SLOTS * NSCL_PARTIALS), slope = accumulate ? test_square_input(old, c) : test_output(side * side);
            nscl_gram_loss(test_ctx, partial, SLOT, slope, test_square_input(gram, c), test_square_input(target, c), c, (float)factor, accumulate);
            double sum = ref_gram_loss(want, gram, target, c, factor, accumulate);
            ref_gram_loss(more, gram, target, c, factor, 0);
            ref_axpby(magnitude, test_absolute(more, n), n, 1, accumulate);
            test_compare("slope", test_read_square(slope, c), want, magnitude, n, 1);
            compare_sum(partial, sum, sum, depth(side * side));
        }
}

/* Lines shorter and longer than a work-group, more and fewer rows (of three channels) than partial sums. */
static const int pictures[][2] = {
    {1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 5}, {1, 65}, {65, 1}, {43, 3}, {3, NSCL_GROUP - 1}, {5, NSCL_GROUP}, {2, NSCL_GROUP + 1}, {47, 130}};

#define EACH_PICTURE(h, w)                                                                        \
    for (size_t k_ = 0; k_ < sizeof pictures / sizeof *pictures - (size_t)(test_small > 1); k_++) \
        for (int h = pictures[k_][0], w = pictures[k_][1], once_ = 1; once_; once_ = 0)

/* Whole numbers for the form with a kink, so that many neighbours are equal. */
static double *picture(size_t n, int form)
{
    return form == NSCL_TV_L1 ? test_levels(n, 3) : test_normal(n);
}

void rows_tv_fwd(int form)
{
    EACH_PICTURE(h, w)
    {
        size_t n = 3 * (size_t)h * (size_t)w;
        double ay = 0.75, ax = 1.5;
        if (!test_case("%d x %d", h, w))
            continue;
        double *x = picture(n, form);
        cl_mem partial = test_output(SLOTS * NSCL_PARTIALS);
        nscl_tv_fwd(test_ctx, partial, SLOT, test_input(x, n), h, w, (nscl_tv)form, (float)ay, (float)ax);
        double sum = ref_tv_fwd(x, h, w, (nscl_tv)form, ay, ax);
        compare_sum(partial, sum, sum, w + ceil(3.0 * h / NSCL_PARTIALS));
    }
}

void rows_tv_bwd(int form)
{
    EACH_PICTURE(h, w)
    {
        size_t n = 3 * (size_t)h * (size_t)w;
        double ay = 0.75, ax = 1.5;
        if (!test_case("%d x %d", h, w))
            continue;
        double *x = picture(n, form), *old = test_normal(n), *want = test_copy(old, n), *magnitude = test_absolute(old, n);
        cl_mem dx = test_input(old, n);
        nscl_tv_bwd(test_ctx, dx, test_input(x, n), h, w, (nscl_tv)form, (float)ay, (float)ax);
        ref_tv_bwd(want, magnitude, x, h, w, (nscl_tv)form, ay, ax);
        test_compare("dx", test_read(dx, n), want, magnitude, n, 1);
    }
}

/* ---- Sums ---- */

void rows_dot_product(int unused)
{
    (void)unused;
    EACH_COUNT(n, counts)
    {
        if (!test_case("%zu floats", n))
            continue;
        double *a = test_normal(n), *b = test_normal(n);
        cl_mem partial = test_output(SLOTS * NSCL_PARTIALS);
        nscl_dot_product(test_ctx, partial, SLOT, test_input(a, n), test_input(b, n), n);
        compare_sum(partial, ref_dot_product(a, b, n), ref_dot_product(test_absolute(a, n), test_absolute(b, n), n), depth(n));
    }
}

void rows_sum_absolute(int unused)
{
    (void)unused;
    EACH_COUNT(n, counts)
    {
        if (!test_case("%zu floats", n))
            continue;
        double *a = test_normal(n), sum = ref_sum_absolute(a, n);
        cl_mem partial = test_output(SLOTS * NSCL_PARTIALS);
        nscl_sum_absolute(test_ctx, partial, SLOT, test_input(a, n), n);
        compare_sum(partial, sum, sum, depth(n));
    }
}
