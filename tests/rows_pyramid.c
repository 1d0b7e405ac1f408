/* Rows of the pyramid that preconditions L-BFGS, which must be symmetric and positive definite: else a direction that it
 * makes need not descend. */
#include <math.h>

#include "ops_rows.h"
#include "precondition.h"

static const int sizes[][2] = {{1, 1}, {1, 6}, {2, 2}, {5, 1}, {4, 4}, {5, 7}, {8, 6}, {9, 16}, {17, 33}};
enum { SIZES = sizeof sizes / sizeof *sizes, SMALL = 6 };

#define EACH_SIZE(h, w) for (int k_ = 0, h, w; k_ < (test_small > 1 ? SMALL : SIZES) && (h = sizes[k_][0], w = sizes[k_][1], 1); k_++)

static size_t picture(int h, int w)
{
    return 3 * (size_t)h * (size_t)w;
}

static size_t coarse(int h, int w)
{
    return picture((h + 1) / 2, (w + 1) / 2);
}

void rows_pyramid_down(int unused)
{
    (void)unused;
    EACH_SIZE(h, w)
    {
        if (!test_case("%d x %d", h, w))
            continue;
        size_t n = picture(h, w), m = coarse(h, w);
        double *x = test_normal(n), *want = test_zeros(m), *magnitude = test_zeros(m);
        cl_mem y = test_output(m);
        nscl_pyramid_down(test_ctx, y, test_input(x, n), h, w);
        ref_pyramid_down(want, x, h, w);
        ref_pyramid_down(magnitude, test_absolute(x, n), h, w);
        test_compare("y", test_read(y, m), want, magnitude, m, 16);
    }
}

void rows_pyramid_up(int unused)
{
    (void)unused;
    EACH_SIZE(h, w)
    {
        if (!test_case("%d x %d", h, w))
            continue;
        size_t n = picture(h, w), m = coarse(h, w);
        double *x = test_normal(n), *y = test_normal(m), *magnitude = test_absolute(x, n);
        cl_mem dx = test_input(x, n);
        nscl_pyramid_up(test_ctx, dx, test_input(y, m), h, w, 1.7f);
        ref_pyramid_up(x, y, h, w, (double)1.7f);
        ref_pyramid_up(magnitude, test_absolute(y, m), h, w, (double)1.7f);
        test_compare("x", test_read(dx, n), x, magnitude, n, 4);
    }
}

/* 4 <down x, y> = <x, up y>, with no allowance: of small whole numbers every product and sum is a float. */
void rows_pyramid_adjoint(int unused)
{
    (void)unused;
    EACH_SIZE(h, w)
    {
        if (!test_case("%d x %d", h, w))
            continue;
        size_t n = picture(h, w), m = coarse(h, w);
        double *x = test_levels(n, 15), *y = test_levels(m, 15);
        cl_mem down = test_output(m), up = test_input(test_zeros(n), n);
        nscl_pyramid_down(test_ctx, down, test_input(x, n), h, w);
        nscl_pyramid_up(test_ctx, up, test_input(y, m), h, w, 1.0f);
        double a = 4 * ref_dot_product(test_read(down, m), y, m), b = ref_dot_product(x, test_read(up, n), n);
        test_compare("4 <down x, y>", &a, &b, NULL, 1, 1);
    }
}

/* v = H0 v on a vector as the optimiser holds it, with padding behind the picture. */
void rows_pyramid_apply(int unused)
{
    static const double ratios[] = {0, 1, 1.5, 4};
    (void)unused;
    EACH_SIZE(h, w) for (size_t r = 0; r < sizeof ratios / sizeof *ratios; r++)
    {
        if (!test_case("%d x %d, ratio %g", h, w, ratios[r]))
            continue;
        size_t n = picture(h, w), block = (size_t)test_ctx->block, padded = (n + block - 1) / block * block;
        double *v = test_zeros(padded), *x = test_normal(n), *magnitude = test_zeros(padded);
        for (size_t i = 0; i < n; i++) {
            v[i] = x[i];
            magnitude[i] = fabs(x[i]);
        }
        cl_mem dv = test_input(v, padded);
        nscl_pyramid p = nscl_pyramid_create(test_ctx, h, w, ratios[r]);
        nscl_pyramid_apply(&p, dv);
        if (ratios[r] > 0) {
            ref_pyramid_apply(v, h, w, ratios[r]);
            ref_pyramid_apply(magnitude, h, w, ratios[r]);
        }
        test_compare("v", test_read(dv, padded), v, magnitude, padded, 1);
        nscl_pyramid_free(&p);
    }
}

/* The least pivot of Cholesky's decomposition, which overwrites the lower half of a: positive where a is positive
 * definite. */
static double cholesky(double *a, size_t n)
{
    double least = HUGE_VAL;
    for (size_t j = 0; j < n; j++) {
        double pivot = a[j * n + j] - ref_dot_product(a + j * n, a + j * n, j);
        least = fmin(least, pivot);
        if (!(pivot > 0))
            break;
        a[j * n + j] = sqrt(pivot);
        for (size_t i = j + 1; i < n; i++)
            a[i * n + j] = (a[i * n + j] - ref_dot_product(a + i * n, a + j * n, j)) / a[j * n + j];
    }
    return least;
}

/* All of H0, a column from each unit vector, three at a time in the three channels: symmetric, and the identity plus what
 * is positive. */
void rows_pyramid_matrix(int unused)
{
    static const int shapes[][2] = {{4, 4}, {5, 7}, {8, 9}};
    (void)unused;
    if (test_small > 2)
        skip(); /* of numbers, not of memory, which the row before is for */
    for (int k = 0; k < (test_small > 1 ? 1 : 3); k++) {
        int h = shapes[k][0], w = shapes[k][1];
        size_t m = (size_t)h * (size_t)w;
        if (!test_case("%d x %d", h, w))
            continue;
        double *a = test_zeros(m * m), *turned = test_zeros(m * m);
        nscl_pyramid p = nscl_pyramid_create(test_ctx, h, w, 1.5);
        for (size_t first = 0; first < m; first += 3) {
            double *units = test_zeros(3 * m);
            for (size_t c = 0; c < 3 && first + c < m; c++)
                units[c * m + first + c] = 1;
            cl_mem v = test_input(units, 3 * m);
            nscl_pyramid_apply(&p, v);
            double *columns = test_read(v, 3 * m);
            for (size_t i = first; i < first + 3 && i < m; i++)
                for (size_t j = 0; j < m; j++)
                    a[i * m + j] = turned[j * m + i] = columns[(i - first) * m + j];
        }
        nscl_pyramid_free(&p);
        test_compare("H0", a, turned, NULL, m * m, 1);
        double least = cholesky(a, m);
        if (!(least >= 1 - 1e-5))
            test_complain("the least pivot is %g", least);
    }
}
