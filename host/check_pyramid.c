/* Rows of the pyramid that preconditions L-BFGS, which must be symmetric and positive definite: else a direction that it
 * makes need not descend. */
#include <math.h>

#include "check_rows.h"
#include "precondition.h"

static const int sizes[][2] = {{1, 1}, {1, 6}, {2, 2}, {5, 1}, {4, 4}, {5, 7}, {8, 6}, {9, 16}, {17, 33}};
enum { SIZES = sizeof sizes / sizeof *sizes, SMALL = 6 };

#define EACH_SIZE(h, w) for (int k_ = 0, h, w; k_ < (check->small > 1 ? SMALL : SIZES) && (h = sizes[k_][0], w = sizes[k_][1], 1); k_++)

static size_t picture(int h, int w)
{
    return 3 * (size_t)h * (size_t)w;
}

static size_t coarse(int h, int w)
{
    return picture((h + 1) / 2, (w + 1) / 2);
}

void nscl_check_pyramid_down(nscl_check *check, int unused)
{
    (void)unused;
    EACH_SIZE(h, w)
    {
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        size_t n = picture(h, w), m = coarse(h, w);
        double *x = nscl_check_normal(check, n), *want = nscl_check_zeros(check, m), *magnitude = nscl_check_zeros(check, m);
        cl_mem y = nscl_check_output(check, m);
        nscl_pyramid_down(check->ctx, y, nscl_check_input(check, x, n), h, w);
        nscl_ref_pyramid_down(want, x, h, w);
        nscl_ref_pyramid_down(magnitude, nscl_check_absolute(check, x, n), h, w);
        nscl_check_compare(check, "y", nscl_check_read(check, y, m), want, magnitude, m, 16);
    }
}

void nscl_check_pyramid_up(nscl_check *check, int unused)
{
    (void)unused;
    EACH_SIZE(h, w)
    {
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        size_t n = picture(h, w), m = coarse(h, w);
        double *x = nscl_check_normal(check, n), *y = nscl_check_normal(check, m), *magnitude = nscl_check_absolute(check, x, n);
        cl_mem dx = nscl_check_input(check, x, n);
        nscl_pyramid_up(check->ctx, dx, nscl_check_input(check, y, m), h, w, 1.7f);
        nscl_ref_pyramid_up(x, y, h, w, (double)1.7f);
        nscl_ref_pyramid_up(magnitude, nscl_check_absolute(check, y, m), h, w, (double)1.7f);
        nscl_check_compare(check, "x", nscl_check_read(check, dx, n), x, magnitude, n, 4);
    }
}

/* 4 <down x, y> = <x, up y>, with no allowance: of small whole numbers every product and sum is a float. */
void nscl_check_pyramid_adjoint(nscl_check *check, int unused)
{
    (void)unused;
    EACH_SIZE(h, w)
    {
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        size_t n = picture(h, w), m = coarse(h, w);
        double *x = nscl_check_levels(check, n, 15), *y = nscl_check_levels(check, m, 15);
        cl_mem down = nscl_check_output(check, m), up = nscl_check_input(check, nscl_check_zeros(check, n), n);
        nscl_pyramid_down(check->ctx, down, nscl_check_input(check, x, n), h, w);
        nscl_pyramid_up(check->ctx, up, nscl_check_input(check, y, m), h, w, 1.0f);
        double a = 4 * nscl_ref_dot_product(nscl_check_read(check, down, m), y, m), b = nscl_ref_dot_product(x, nscl_check_read(check, up, n), n);
        nscl_check_compare(check, "4 <down x, y>", &a, &b, NULL, 1, 1);
    }
}

/* v = H0 v on a vector as the optimiser holds it, with padding behind the picture. */
void nscl_check_pyramid_apply(nscl_check *check, int unused)
{
    static const double ratios[] = {0, 1, 1.5, 4};
    (void)unused;
    EACH_SIZE(h, w) for (size_t r = 0; r < sizeof ratios / sizeof *ratios; r++)
    {
        if (!nscl_check_case(check, "%d x %d, ratio %g", h, w, ratios[r]))
            continue;
        size_t n = picture(h, w), block = (size_t)check->ctx->block, padded = (n + block - 1) / block * block;
        double *v = nscl_check_zeros(check, padded), *x = nscl_check_normal(check, n), *magnitude = nscl_check_zeros(check, padded);
        for (size_t i = 0; i < n; i++) {
            v[i] = x[i];
            magnitude[i] = fabs(x[i]);
        }
        cl_mem dv = nscl_check_input(check, v, padded);
        nscl_pyramid p = nscl_pyramid_create(check->ctx, h, w, ratios[r]);
        nscl_pyramid_apply(&p, dv);
        if (ratios[r] > 0) {
            double *work = nscl_check_zeros(check, n);
            nscl_ref_pyramid_apply(v, work, h, w, ratios[r]);
            nscl_ref_pyramid_apply(magnitude, work, h, w, ratios[r]);
        }
        nscl_check_compare(check, "v", nscl_check_read(check, dv, padded), v, magnitude, padded, 1);
        nscl_pyramid_free(&p);
    }
}

/* The least pivot of Cholesky's decomposition, which overwrites the lower half of a: positive where a is positive
 * definite. */
static double cholesky(double *a, size_t n)
{
    double least = HUGE_VAL;
    for (size_t j = 0; j < n; j++) {
        double pivot = a[j * n + j] - nscl_ref_dot_product(a + j * n, a + j * n, j);
        least = fmin(least, pivot);
        if (!(pivot > 0))
            break;
        a[j * n + j] = sqrt(pivot);
        for (size_t i = j + 1; i < n; i++)
            a[i * n + j] = (a[i * n + j] - nscl_ref_dot_product(a + i * n, a + j * n, j)) / a[j * n + j];
    }
    return least;
}

/* All of H0, a column from each unit vector, three at a time in the three channels: symmetric, and the identity plus what
 * is positive. */
void nscl_check_pyramid_matrix(nscl_check *check, int unused)
{
    static const int shapes[][2] = {{4, 4}, {5, 7}, {8, 9}};
    (void)unused;
    if (check->small > 2) {
        check->skipped = "a matter of numbers, not of memory, which the row before is for";
        return;
    }
    for (int k = 0; k < (check->small > 1 ? 1 : 3); k++) {
        int h = shapes[k][0], w = shapes[k][1];
        size_t m = (size_t)h * (size_t)w;
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        double *a = nscl_check_zeros(check, m * m), *turned = nscl_check_zeros(check, m * m);
        nscl_pyramid p = nscl_pyramid_create(check->ctx, h, w, 1.5);
        for (size_t first = 0; first < m; first += 3) {
            double *units = nscl_check_zeros(check, 3 * m);
            for (size_t c = 0; c < 3 && first + c < m; c++)
                units[c * m + first + c] = 1;
            cl_mem v = nscl_check_input(check, units, 3 * m);
            nscl_pyramid_apply(&p, v);
            double *columns = nscl_check_read(check, v, 3 * m);
            for (size_t i = first; i < first + 3 && i < m; i++)
                for (size_t j = 0; j < m; j++)
                    a[i * m + j] = turned[j * m + i] = columns[(i - first) * m + j];
        }
        nscl_pyramid_free(&p);
        nscl_check_compare(check, "H0", a, turned, NULL, m * m, 1);
        double least = cholesky(a, m);
        if (!(least >= 1 - 1e-5))
            nscl_check_complain(check, "the least pivot is %g", least);
    }
}
