/* Rows of the operations that touch each element once, and of the sums. Sizes are counted in blocks of lanes around the
 * work-group's size, since one work-item takes one block. */
#include <math.h>

#include "check_rows.h"

static const int small_counts[] = {1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1};
/* And for sums: around the number of partial sums, and a share of several blocks that does not divide evenly. */
static const int counts[] = {
    1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, NSCL_PARTIALS - 1, NSCL_PARTIALS, NSCL_PARTIALS + 1, 1000, NSCL_PARTIALS *NSCL_GROUP + 1};

#define EACH_COUNT(n, all)                                                                                                       \
    for (size_t k_ = 0, n; k_ < (check->small > 1 ? sizeof small_counts / sizeof *small_counts : sizeof(all) / sizeof *(all)) && \
                           (n = (size_t)(check->small > 1 ? small_counts : (all))[k_] * (size_t)check->ctx->block, 1);           \
         k_++)

enum { SLOTS = 3, SLOT = 1 };

/* Blocks that one partial sum takes, lane by lane: the depth of its summation. */
static double depth(const nscl_check *check, size_t n)
{
    return ceil((double)n / check->ctx->block / NSCL_PARTIALS);
}

static void compare_sum(nscl_check *check, cl_mem partial, double want, double magnitude, double terms)
{
    double got = nscl_check_read_slot(check, partial, SLOT, SLOTS);
    nscl_check_compare(check, "sum", &got, &want, &magnitude, 1, terms);
}

/* ---- Elements ---- */

void nscl_check_relu_fwd(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, small_counts)
    {
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *x = nscl_check_levels(check, n, 2), *want = nscl_check_zeros(check, n);
        cl_mem y = nscl_check_stored_output(check, n);
        nscl_relu_fwd(check->ctx, y, nscl_check_stored_input(check, x, n), n);
        nscl_ref_relu_fwd(want, x, n);
        nscl_check_compare(check, "y", nscl_check_read_stored(check, y, n), want, NULL, n, 1);
    }
}

void nscl_check_axpby(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, small_counts) for (int add = 0; add < 2; add++)
    {
        double a = -0.75, b = add ? 1.25 : 0;
        if (!nscl_check_case(check, "%zu floats, b %g", n, b))
            continue;
        double *x = nscl_check_normal(check, n), *old = nscl_check_normal(check, n), *want = nscl_check_copy(check, old, n),
               *magnitude = nscl_check_absolute(check, old, n);
        cl_mem y = add ? nscl_check_input(check, old, n) : nscl_check_output(check, n); /* NaN where it must not be read */
        nscl_axpby(check->ctx, y, nscl_check_input(check, x, n), n, (float)a, (float)b);
        nscl_ref_axpby(want, x, n, a, b);
        nscl_ref_axpby(magnitude, nscl_check_absolute(check, x, n), n, fabs(a), b);
        nscl_check_compare(check, "y", nscl_check_read(check, y, n), want, magnitude, n, 1);
    }
}

void nscl_check_fill(nscl_check *check, int unused)
{
    static const size_t sizes[] = {1, 2, 3, 5, 17, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, 1000};
    (void)unused;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t n = sizes[k];
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *want = nscl_check_zeros(check, n);
        cl_mem y = nscl_check_output(check, n);
        nscl_fill(check->ctx, y, n, -2.5f);
        nscl_ref_fill(want, n, -2.5);
        nscl_check_compare(check, "y", nscl_check_read(check, y, n), want, NULL, n, 1);
    }
}

static const int planes[][3] = {{1, 1, 1}, {3, 1, 5}, {3, 7, 9}, {16, 8, 8}, {20, 5, 13}, {64, 2, 3}, {3, 13, 5}};

#define EACH_PLANES(c, h, w)                                       \
    for (size_t k_ = 0; k_ < sizeof planes / sizeof *planes; k_++) \
        for (int c = planes[k_][0], h = planes[k_][1], w = planes[k_][2], once_ = 1; once_; once_ = 0)

void nscl_check_blocks_from_planes(nscl_check *check, int unused)
{
    (void)unused;
    EACH_PLANES(c, h, w)
    {
        size_t n = (size_t)c * (size_t)h * (size_t)w;
        if (!nscl_check_case(check, "%d channels, %d x %d", c, h, w))
            continue;
        double *x = nscl_check_normal(check, n);
        cl_mem y = nscl_check_blocks_output(check, c, h, w);
        nscl_blocks_from_planes(check->ctx, y, nscl_check_input(check, x, n), c, h, w);
        nscl_check_compare(check, "y", nscl_check_read_blocks(check, y, c, h, w), x, NULL, n, 1);
    }
}

void nscl_check_planes_from_blocks(nscl_check *check, int unused)
{
    (void)unused;
    EACH_PLANES(c, h, w)
    {
        size_t n = (size_t)c * (size_t)h * (size_t)w;
        if (!nscl_check_case(check, "%d channels, %d x %d", c, h, w))
            continue;
        double *x = nscl_check_normal(check, n);
        cl_mem y = nscl_check_output(check, n);
        nscl_planes_from_blocks(check->ctx, y, nscl_check_blocks_input(check, x, c, h, w), c, h, w);
        nscl_check_compare(check, "y", nscl_check_read(check, y, n), x, NULL, n, 1);
    }
}

/* ---- Losses ---- */

void nscl_check_content_loss(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, counts) for (int way = 0; way < 4; way++)
    {
        int masked = way & 1, accumulate = way >> 1;
        double factor = 0.375;
        if (!nscl_check_case(check, "%zu floats, masked %d, accumulate %d", n, masked, accumulate))
            continue;
        double *f = masked ? nscl_check_rectified(check, n) : nscl_check_normal(check, n), *target = nscl_check_rectified(check, n),
               *old = nscl_check_normal(check, n);
        double *want = nscl_check_copy(check, old, n), *magnitude = nscl_check_absolute(check, old, n), *more = nscl_check_zeros(check, n);
        cl_mem partial = nscl_check_output(check, SLOTS * NSCL_PARTIALS),
               df = accumulate ? nscl_check_stored_input(check, old, n) : nscl_check_stored_output(check, n);
        nscl_content_loss(check->ctx, partial, SLOT, df, nscl_check_stored_input(check, f, n), nscl_check_stored_input(check, target, n), n, (float)factor,
                          masked, accumulate);
        double sum = nscl_ref_content_loss(want, f, target, n, factor, masked, accumulate);
        nscl_ref_content_loss(more, f, target, n, factor, 0, 0);
        nscl_ref_axpby(magnitude, nscl_check_absolute(check, more, n), n, 1, accumulate);
        nscl_check_compare(check, "df", nscl_check_read_stored(check, df, n), want, magnitude, n, 1);
        compare_sum(check, partial, sum, sum, depth(check, n));
    }
}

void nscl_check_largest(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, counts)
    {
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        size_t each = (size_t)NSCL_PARTIALS * (size_t)check->ctx->reduce_items, first = 3;
        double *a = nscl_check_normal(check, n), want = 0, got = 0;
        cl_mem most = nscl_check_output(check, first + each);
        for (size_t i = 0; i < n; i++)
            want = fmax(want, fabs(a[i]));
        nscl_largest(check->ctx, most, first, nscl_check_stored_input(check, a, n), n);
        double *values = nscl_check_read(check, most, first + each);
        for (size_t i = 0; i < first + each; i++) {
            if (isnan(values[i]) != (i < first))
                nscl_check_complain(check, "place %zu is %g", i, values[i]);
            got = fmax(got, values[i]);
        }
        nscl_check_compare(check, "largest", &got, &want, NULL, 1, 1);
    }
}

void nscl_check_gram_loss(nscl_check *check, int unused)
{
    static const int channels[] = {1, 3, 16, 20, 64};
    (void)unused;
    for (size_t k = 0; k < sizeof channels / sizeof *channels; k++)
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            int c = channels[k];
            size_t n = (size_t)c * (size_t)c, side = nscl_gram_side(check->ctx, c);
            double factor = -0.625;
            if (!nscl_check_case(check, "%d channels, accumulate %d", c, accumulate))
                continue;
            double *gram = nscl_check_normal(check, n), *target = nscl_check_normal(check, n), *old = nscl_check_normal(check, n);
            double *want = nscl_check_copy(check, old, n), *magnitude = nscl_check_absolute(check, old, n), *more = nscl_check_zeros(check, n);
            cl_mem partial = nscl_check_output(check, SLOTS * NSCL_PARTIALS),
                   slope = accumulate ? nscl_check_square_input(check, old, c) : nscl_check_output(check, side * side);
            nscl_gram_loss(check->ctx, partial, SLOT, slope, nscl_check_square_input(check, gram, c), nscl_check_square_input(check, target, c), c,
                           (float)factor, accumulate);
            double sum = nscl_ref_gram_loss(want, gram, target, c, factor, accumulate);
            nscl_ref_gram_loss(more, gram, target, c, factor, 0);
            nscl_ref_axpby(magnitude, nscl_check_absolute(check, more, n), n, 1, accumulate);
            nscl_check_compare(check, "slope", nscl_check_read_square(check, slope, c), want, magnitude, n, 1);
            compare_sum(check, partial, sum, sum, depth(check, side * side));
        }
}

/* Lines shorter and longer than a work-group, more and fewer rows (of three channels) than partial sums. */
static const int pictures[][2] = {
    {1, 1}, {1, 2}, {2, 1}, {2, 2}, {3, 5}, {1, 65}, {65, 1}, {43, 3}, {3, NSCL_GROUP - 1}, {5, NSCL_GROUP}, {2, NSCL_GROUP + 1}, {47, 130}};

#define EACH_PICTURE(h, w)                                                                          \
    for (size_t k_ = 0; k_ < sizeof pictures / sizeof *pictures - (size_t)(check->small > 1); k_++) \
        for (int h = pictures[k_][0], w = pictures[k_][1], once_ = 1; once_; once_ = 0)

/* Whole numbers for the form with a kink, so that many neighbours are equal. */
static double *picture(nscl_check *check, size_t n, int form)
{
    return form == NSCL_TV_L1 ? nscl_check_levels(check, n, 3) : nscl_check_normal(check, n);
}

void nscl_check_tv_fwd(nscl_check *check, int form)
{
    EACH_PICTURE(h, w)
    {
        size_t n = 3 * (size_t)h * (size_t)w;
        double ay = 0.75, ax = 1.5;
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        double *x = picture(check, n, form);
        cl_mem partial = nscl_check_output(check, SLOTS * NSCL_PARTIALS);
        nscl_tv_fwd(check->ctx, partial, SLOT, nscl_check_input(check, x, n), h, w, (nscl_tv)form, (float)ay, (float)ax);
        double sum = nscl_ref_tv_fwd(x, h, w, (nscl_tv)form, ay, ax);
        compare_sum(check, partial, sum, sum, w + ceil(3.0 * h / NSCL_PARTIALS));
    }
}

void nscl_check_tv_bwd(nscl_check *check, int form)
{
    EACH_PICTURE(h, w)
    {
        size_t n = 3 * (size_t)h * (size_t)w;
        double ay = 0.75, ax = 1.5;
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        double *x = picture(check, n, form), *old = nscl_check_normal(check, n), *want = nscl_check_copy(check, old, n),
               *magnitude = nscl_check_absolute(check, old, n);
        cl_mem dx = nscl_check_input(check, old, n);
        nscl_tv_bwd(check->ctx, dx, nscl_check_input(check, x, n), h, w, (nscl_tv)form, (float)ay, (float)ax);
        nscl_ref_tv_bwd(want, magnitude, x, h, w, (nscl_tv)form, ay, ax);
        nscl_check_compare(check, "dx", nscl_check_read(check, dx, n), want, magnitude, n, 1);
    }
}

/* ---- Sums ---- */

void nscl_check_dot_product(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, counts)
    {
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *a = nscl_check_normal(check, n), *b = nscl_check_normal(check, n);
        cl_mem partial = nscl_check_output(check, SLOTS * NSCL_PARTIALS);
        nscl_dot_product(check->ctx, partial, SLOT, nscl_check_input(check, a, n), nscl_check_input(check, b, n), n);
        compare_sum(check, partial, nscl_ref_dot_product(a, b, n), nscl_ref_dot_product(nscl_check_absolute(check, a, n), nscl_check_absolute(check, b, n), n),
                    depth(check, n));
    }
}

void nscl_check_sum_absolute(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, counts)
    {
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *a = nscl_check_normal(check, n), sum = nscl_ref_sum_absolute(a, n);
        cl_mem partial = nscl_check_output(check, SLOTS * NSCL_PARTIALS);
        nscl_sum_absolute(check->ctx, partial, SLOT, nscl_check_input(check, a, n), n);
        compare_sum(check, partial, sum, sum, depth(check, n));
    }
}
