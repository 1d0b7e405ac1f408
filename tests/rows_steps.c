/* Rows of the kernels that the optimisers and the pictures' code launch: with the arguments they would give. */
#include <math.h>

#include "image.h"
#include "ops_rows.h"

static const int counts[] = {1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, 1000};

#define EACH_COUNT(n, blocks)      \
    for (size_t k_ = 0, n, blocks; \
         k_ < sizeof counts / sizeof *counts - (size_t)(test_small > 1) && (blocks = (size_t)counts[k_], n = blocks * (size_t)test_ctx->block, 1); k_++)

/* ---- Optimisers ---- */

/* The step's rate of change can cancel in m; the error it leaves in x is that of m's terms. */
void rows_adam_step(int form)
{
    static const int steps[] = {1, 2, 100};
    EACH_COUNT(n, blocks) for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
    {
        cl_ulong count = blocks;
        int t = steps[s];
        float b1 = 0.875f, b2 = 0.984375f, eps = 1e-7f; /* whole powers of two below 1, so that 1 - b is exact */
        double lr = 0.02, c1 = 1 - pow((double)b1, t), c2 = 1 - pow((double)b2, t);
        float rate = (float)(form == REF_ADAM_KINGMA ? lr / c1 : lr * sqrt(c2) / c1), vscale = form == REF_ADAM_KINGMA ? (float)(1 / c2) : 1.0f;
        if (!test_case("%zu floats, step %d", n, t))
            continue;
        double *x = test_normal(n), *g = test_normal(n), *m = t > 1 ? test_normal(n) : test_zeros(n),
               *v = t > 1 ? test_absolute(test_normal(n), n) : test_zeros(n);
        cl_mem dx = test_input(x, n), dm = test_input(m, n), dv = test_input(v, n), dg = test_input(g, n);
        double *mx = test_zeros(n), *mm = test_zeros(n), *mv = test_zeros(n);
        for (size_t i = 0; i < n; i++) {
            mm[i] = (double)b1 * fabs(m[i]) + (1 - (double)b1) * fabs(g[i]);
            mv[i] = (double)b2 * v[i] + (1 - (double)b2) * g[i] * g[i];
            mx[i] = fabs(x[i]) + (double)rate * mm[i] / (sqrt(mv[i] * (double)vscale) + (double)eps);
        }
        NSCL_RUN(test_ctx, "adam_step", DIM1(count), ARG(dx), ARG(dm), ARG(dv), ARG(dg), ARG(count), ARG(b1), ARG(b2), ARG(rate), ARG(vscale), ARG(eps));
        ref_adam_step(x, m, v, g, n, t, lr, (double)b1, (double)b2, (double)eps, (ref_adam)form, 0, 0);
        test_compare("x", test_read(dx, n), x, mx, n, 1);
        test_compare("m", test_read(dm, n), m, mm, n, 1);
        test_compare("v", test_read(dv, n), v, mv, n, 1);
    }
}

void rows_step_to(int unused)
{
    (void)unused;
    EACH_COUNT(n, blocks) for (int same = 0; same < 2; same++)
    {
        cl_ulong count = blocks;
        float t = -0.3f;
        if (!test_case("%zu floats%s", n, same ? ", in place" : ""))
            continue;
        double *x = test_normal(n), *d = test_normal(n), *want = test_zeros(n), *magnitude = test_zeros(n);
        cl_mem dx = test_input(x, n), dd = test_input(d, n), y = same ? dx : test_output(n);
        NSCL_RUN(test_ctx, "step_to", DIM1(count), ARG(y), ARG(dx), ARG(dd), ARG(count), ARG(t));
        ref_step_to(want, x, d, n, (double)t);
        ref_step_to(magnitude, test_absolute(x, n), test_absolute(d, n), n, fabs((double)t));
        test_compare("y", test_read(y, n), want, magnitude, n, 1);
    }
}

void rows_lbfgs_pair(int unused)
{
    (void)unused;
    EACH_COUNT(n, blocks)
    {
        cl_ulong count = blocks;
        float t = 1.7f;
        if (!test_case("%zu floats", n))
            continue;
        double *d = test_normal(n), *g = test_normal(n), *old = test_normal(n), *s = test_zeros(n), *y = test_zeros(n);
        cl_mem ds = test_output(n), dy = test_output(n), dd = test_input(d, n), dg = test_input(g, n), dold = test_input(old, n);
        NSCL_RUN(test_ctx, "lbfgs_pair", DIM1(count), ARG(ds), ARG(dy), ARG(dd), ARG(dg), ARG(dold), ARG(count), ARG(t));
        ref_lbfgs_pair(s, y, d, g, old, n, (double)t);
        test_compare("s", test_read(ds, n), s, NULL, n, 1);
        test_compare("y", test_read(dy, n), y, NULL, n, 1);
    }
}

/* Sums of slots 0 and 1 go into q, slot 2 is left alone, slot 3 is the result. */
void rows_lbfgs_update(int unused)
{
    enum { SLOTS = 5, OUT = 3 };
    (void)unused;
    EACH_COUNT(n, blocks) for (int two = 0; two < 2; two++)
    {
        cl_ulong count = blocks;
        cl_int out = OUT, a = 0, b = two ? 1 : OUT; /* where its factor is 0 a slot is not read, not even the result's own */
        float ca = 0.01f, cb = two ? -0.02f : 0.0f;
        size_t sums = (size_t)SLOTS * NSCL_PARTIALS;
        if (!test_case("%zu floats, %d sums", n, two + 1))
            continue;
        double *slots = test_normal(sums), *q = test_normal(n), *v = test_normal(n), *w = test_normal(n), *magnitude = test_zeros(n);
        for (size_t i = (size_t)OUT * NSCL_PARTIALS; i < sums; i++)
            slots[i] = NAN;
        cl_mem dslots = test_input(slots, sums), dq = test_input(q, n), dv = test_input(v, n), dw = test_input(w, n);
        NSCL_RUN(test_ctx, "lbfgs_update", REDUCE(test_ctx), ARG(dslots), ARG(out), ARG(dq), ARG(dv), ARG(dw), ARG(count), ARG(a), ARG(ca), ARG(b), ARG(cb));
        double c = 0, size = 0, sum = 0, size_of_sum = 0, got = 0;
        for (size_t i = 0; i < NSCL_PARTIALS; i++) {
            c += (double)ca * slots[i] + (two ? (double)cb * slots[NSCL_PARTIALS + i] : 0);
            size += fabs((double)ca * slots[i]) + (two ? fabs((double)cb * slots[NSCL_PARTIALS + i]) : 0);
        }
        for (size_t i = 0; i < n; i++) {
            magnitude[i] = fabs(q[i]) + size * fabs(v[i]);
            q[i] += c * v[i];
            sum += q[i] * w[i];
            size_of_sum += magnitude[i] * fabs(w[i]);
        }
        double *left = test_read(dslots, sums);
        for (size_t i = 0; i < NSCL_PARTIALS; i++)
            got += left[OUT * NSCL_PARTIALS + i];
        test_compare("q", test_read(dq, n), q, magnitude, n, NSCL_PARTIALS);
        test_compare("sum", &got, &sum, &size_of_sum, 1, NSCL_PARTIALS + ceil((double)blocks / NSCL_PARTIALS));
        for (size_t i = 0; i < sums; i++)
            if (i / NSCL_PARTIALS != OUT && (isnan(left[i]) ? !isnan(slots[i]) : left[i] != slots[i])) {
                test_complain("wrote to place %zu, outside slot %d", i, OUT);
                break;
            }
    }
}

void rows_lbfgs_scale(int unused)
{
    (void)unused;
    EACH_COUNT(n, blocks)
    {
        cl_ulong count = blocks;
        cl_int a = 1;
        float c = 3.0f;
        size_t sums = 2 * NSCL_PARTIALS;
        if (!test_case("%zu floats", n))
            continue;
        double *slots = test_absolute(test_normal(sums), sums), *q = test_normal(n), sum = 0;
        cl_mem dslots = test_input(slots, sums), dq = test_input(q, n);
        NSCL_RUN(test_ctx, "lbfgs_scale", REDUCE(test_ctx), ARG(dslots), ARG(dq), ARG(count), ARG(a), ARG(c));
        for (size_t i = 0; i < NSCL_PARTIALS; i++)
            sum += slots[NSCL_PARTIALS + i];
        for (size_t i = 0; i < n; i++)
            q[i] *= (double)c / sum;
        test_compare("q", test_read(dq, n), q, NULL, n, NSCL_PARTIALS);
    }
}

/* ---- Pictures ---- */

/* Coefficients in sixteenths of levels 0..255 make sums that a float holds exactly, so that rounding to levels has no
 * excuse either; some go past 0..255. */
void rows_resize_pass(int round_levels)
{
    static const int sizes[][3] = {{1, 1, 1}, {1, 5, 3}, {5, 1, 2}, {7, 9, 4}, {3, NSCL_GROUP + 1, NSCL_GROUP - 1}, {NSCL_GROUP, 3, NSCL_GROUP + 1}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int way = 0; way < 2; way++) {
            cl_int h = sizes[k][0], w = sizes[k][1], on = sizes[k][2], n = way ? w : h, lines = way ? h : w, taps = 5, levels = round_levels ? 22 : 0;
            cl_int step = way ? 1 : w, line_step = way ? w : 1, ostep = way ? 1 : w, oline_step = way ? on : 1;
            if (!test_case("%d x %d, %s to %d", h, w, way ? "columns" : "rows", on))
                continue;
            size_t in = 3 * (size_t)h * (size_t)w, out = 3 * (size_t)on * (size_t)lines, c = (size_t)on * (size_t)taps;
            double *x = test_levels(in, 127), *coefficient = test_levels(c, 8), *scaled = test_zeros(c), *want = test_zeros(out);
            cl_int *first = test_memory((size_t)on * sizeof *first), *count = test_memory((size_t)on * sizeof *count);
            for (size_t i = 0; i < in; i++)
                x[i] += 128;
            for (size_t i = 0; i < c; i++) {
                coefficient[i] /= 16;
                scaled[i] = ldexp(coefficient[i], levels);
            }
            for (int o = 0; o < on; o++) {
                first[o] = rng_below(&test_rng, n);
                count[o] = 1 + rng_below(&test_rng, n - first[o] < taps ? n - first[o] : taps);
            }
            cl_mem y = test_output(out), dx = test_input(x, in), dc = test_input(scaled, c);
            cl_mem df = nscl_buffer_copy(test_ctx, first, (size_t)on * sizeof *first), dn = nscl_buffer_copy(test_ctx, count, (size_t)on * sizeof *count);
            NSCL_RUN(test_ctx, "resize_pass", DIM3(on, lines, 3), ARG(y), ARG(dx), ARG(df), ARG(dn), ARG(dc), ARG(taps), ARG(n), ARG(on), ARG(lines), ARG(step),
                     ARG(line_step), ARG(ostep), ARG(oline_step), ARG(levels));
            ref_resize_pass(want, x, first, count, coefficient, taps, 3, h, w, on, way, round_levels);
            test_compare("y", test_read(y, out), want, NULL, out, 1);
            nscl_buffer_free(test_ctx, df);
            nscl_buffer_free(test_ctx, dn);
        }
}

static const int pixels[] = {1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, 1000};

void rows_image_affine(int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++)
        for (int clamped = 0; clamped < 2; clamped++) {
            size_t n = 3 * (size_t)pixels[k];
            cl_ulong m = (cl_ulong)pixels[k];
            float scale = 0.7f, lo = 0, hi = clamped ? 1.0f : 0.0f;
            const double shift[3] = {0.25, -0.5, 0.75};
            cl_float4 shifts = {{0.25f, -0.5f, 0.75f, 0}};
            if (!test_case("%d pixels%s", pixels[k], clamped ? ", clamped" : ""))
                continue;
            double *x = test_normal(n), *want = test_zeros(n), *magnitude = test_zeros(n);
            cl_mem y = test_output(n), dx = test_input(x, n);
            NSCL_RUN(test_ctx, "image_affine", DIM2(m, 3), ARG(y), ARG(dx), ARG(m), ARG(scale), ARG(shifts), ARG(lo), ARG(hi));
            ref_image_affine(want, x, m, (double)scale, shift, (double)lo, (double)hi);
            for (size_t i = 0; i < n; i++)
                magnitude[i] = fabs(x[i] * (double)scale) + fabs(shift[i / m]);
            test_compare("y", test_read(y, n), want, magnitude, n, 1);
        }
}

void rows_image_box(int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        size_t n = 3 * (size_t)pixels[k];
        const double mean[3] = {123.5, 0, 255}; /* whole in single precision, and 255 - mean too */
        const float means[3] = {123.5f, 0, 255};
        if (!test_case("%d pixels", pixels[k]))
            continue;
        double *x = test_normal(n);
        for (size_t i = 0; i < n; i++)
            x[i] = (double)(float)(200 * x[i]); /* some within, some beyond either side */
        cl_mem u = test_input(x, n);
        nscl_image_box(test_ctx, u, 1, pixels[k], means);
        ref_image_box(x, (size_t)pixels[k], mean);
        test_compare("u", test_read(u, n), x, NULL, n, 1);
    }
}

void rows_image_blend(int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        size_t n = (size_t)pixels[k];
        float t = 0.3f;
        if (!test_case("%zu floats", n))
            continue;
        double *old = test_normal(n), *noise = test_normal(n), *want = test_copy(old, n), *magnitude = test_absolute(old, n);
        cl_mem y = test_input(old, n);
        nscl_image_blend(test_ctx, y, test_input(noise, n), n, t);
        ref_image_blend(want, noise, n, (double)t);
        ref_image_blend(magnitude, test_absolute(noise, n), n, (double)t);
        test_compare("y", test_read(y, n), want, magnitude, n, 1);
    }
}

void rows_image_keep_colours(int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        int h = pixels[k] % 5 == 0 ? 5 : 1, w = pixels[k] / h;
        size_t m = (size_t)pixels[k], n = 3 * m;
        if (!test_case("%d x %d", h, w))
            continue;
        double *old = test_normal(n), *content = test_normal(n), *want = test_copy(old, n), *magnitude = test_zeros(n);
        cl_mem y = test_input(old, n);
        nscl_image_keep_colours(test_ctx, y, test_input(content, n), h, w);
        ref_image_keep_colours(want, content, m);
        for (size_t i = 0; i < n; i++) {
            size_t p = i % m;
            magnitude[i] = fabs(content[i]) + 0.299 * (fabs(old[p]) + fabs(content[p])) + 0.587 * (fabs(old[m + p]) + fabs(content[m + p])) +
                           0.114 * (fabs(old[2 * m + p]) + fabs(content[2 * m + p]));
        }
        test_compare("y", test_read(y, n), want, magnitude, n, 1);
    }
}
