/* Rows of the kernels that the optimisers and the pictures' code launch: with the arguments they would give. */
#include <math.h>

#include "image.h"
#include "check_rows.h"
#include "optim.h"

static const int counts[] = {1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, 1000};

#define EACH_COUNT(n, blocks)      \
    for (size_t k_ = 0, n, blocks; \
         k_ < sizeof counts / sizeof *counts - (size_t)(check->small > 1) && (blocks = (size_t)counts[k_], n = blocks * (size_t)check->ctx->block, 1); k_++)

/* ---- Optimisers ---- */

/* The step's rate of change can cancel in m; the error it leaves in x is that of m's terms. */
void nscl_check_adam_step(nscl_check *check, int form)
{
    static const int steps[] = {1, 2, 100};
    EACH_COUNT(n, blocks) for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
    {
        cl_ulong count = blocks;
        int t = steps[s];
        float b1 = 0.875f, b2 = 0.984375f, eps = 1e-7f; /* whole powers of two below 1, so that 1 - b is exact */
        double lr = 0.02, c1 = 1 - pow((double)b1, t), c2 = 1 - pow((double)b2, t);
        float rate = (float)(form == NSCL_REF_ADAM_KINGMA ? lr / c1 : lr * sqrt(c2) / c1), vscale = form == NSCL_REF_ADAM_KINGMA ? (float)(1 / c2) : 1.0f;
        if (!nscl_check_case(check, "%zu floats, step %d", n, t))
            continue;
        double *x = nscl_check_normal(check, n), *g = nscl_check_normal(check, n), *m = t > 1 ? nscl_check_normal(check, n) : nscl_check_zeros(check, n),
               *v = t > 1 ? nscl_check_absolute(check, nscl_check_normal(check, n), n) : nscl_check_zeros(check, n);
        cl_mem dx = nscl_check_input(check, x, n), dm = nscl_check_input(check, m, n), dv = nscl_check_input(check, v, n), dg = nscl_check_input(check, g, n);
        double *mx = nscl_check_zeros(check, n), *mm = nscl_check_zeros(check, n), *mv = nscl_check_zeros(check, n);
        for (size_t i = 0; i < n; i++) {
            mm[i] = (double)b1 * fabs(m[i]) + (1 - (double)b1) * fabs(g[i]);
            mv[i] = (double)b2 * v[i] + (1 - (double)b2) * g[i] * g[i];
            mx[i] = fabs(x[i]) + (double)rate * mm[i] / (sqrt(mv[i] * (double)vscale) + (double)eps);
        }
        NSCL_RUN(check->ctx, "adam_step", DIM1(count), ARG(dx), ARG(dm), ARG(dv), ARG(dg), ARG(count), ARG(b1), ARG(b2), ARG(rate), ARG(vscale), ARG(eps));
        nscl_ref_adam_step(x, m, v, g, n, t, lr, (double)b1, (double)b2, (double)eps, (nscl_ref_adam)form, 0, 0);
        nscl_check_compare(check, "x", nscl_check_read(check, dx, n), x, mx, n, 1);
        nscl_check_compare(check, "m", nscl_check_read(check, dm, n), m, mm, n, 1);
        nscl_check_compare(check, "v", nscl_check_read(check, dv, n), v, mv, n, 1);
    }
}

void nscl_check_step_to(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, blocks) for (int same = 0; same < 2; same++)
    {
        cl_ulong count = blocks;
        float t = -0.3f;
        if (!nscl_check_case(check, "%zu floats%s", n, same ? ", in place" : ""))
            continue;
        double *x = nscl_check_normal(check, n), *d = nscl_check_normal(check, n), *want = nscl_check_zeros(check, n), *magnitude = nscl_check_zeros(check, n);
        cl_mem dx = nscl_check_input(check, x, n), dd = nscl_check_input(check, d, n), y = same ? dx : nscl_check_output(check, n);
        NSCL_RUN(check->ctx, "step_to", DIM1(count), ARG(y), ARG(dx), ARG(dd), ARG(count), ARG(t));
        nscl_ref_step_to(want, x, d, n, (double)t);
        nscl_ref_step_to(magnitude, nscl_check_absolute(check, x, n), nscl_check_absolute(check, d, n), n, fabs((double)t));
        nscl_check_compare(check, "y", nscl_check_read(check, y, n), want, magnitude, n, 1);
    }
}

void nscl_check_lbfgs_pair(nscl_check *check, int preconditioned)
{
    EACH_COUNT(n, blocks)
    {
        cl_ulong count = blocks;
        float t = 1.7f;
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *d = nscl_check_normal(check, n), *g = nscl_check_normal(check, n), *old = nscl_check_normal(check, n), *s = nscl_check_zeros(check, n),
               *y = nscl_check_zeros(check, n);
        cl_mem ds = nscl_check_pair_output(check, n, preconditioned), dy = nscl_check_pair_output(check, n, preconditioned), dd = nscl_check_input(check, d, n),
               dg = nscl_check_input(check, g, n), dold = nscl_check_input(check, old, n);
        NSCL_RUN_WITH(check->ctx, "lbfgs_pair", nscl_lbfgs_pair_option(preconditioned), DIM1(count), ARG(ds), ARG(dy), ARG(dd), ARG(dg), ARG(dold), ARG(count),
                      ARG(t));
        nscl_ref_lbfgs_pair(s, y, d, g, old, n, (double)t);
        nscl_check_compare(check, "s", nscl_check_read_pair(check, ds, n, preconditioned), s, NULL, n, 1);
        nscl_check_compare(check, "y", nscl_check_read_pair(check, dy, n, preconditioned), y, NULL, n, 1);
    }
}

void nscl_check_lbfgs_widen(nscl_check *check, int preconditioned)
{
    EACH_COUNT(n, blocks)
    {
        cl_ulong count = blocks;
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *v = nscl_check_normal(check, n);
        cl_mem dq = nscl_check_output(check, n), dv = nscl_check_pair_input(check, v, n, preconditioned);
        NSCL_RUN_WITH(check->ctx, "lbfgs_widen", nscl_lbfgs_pair_option(preconditioned), DIM1(count), ARG(dq), ARG(dv), ARG(count));
        nscl_check_compare(check, "q", nscl_check_read(check, dq, n), v, NULL, n, 1);
    }
}

/* Sums of slots 0 and 1, of the first, or of none go into q, slot 2 is left alone, slot 3 is the result. */
void nscl_check_lbfgs_update(nscl_check *check, int preconditioned)
{
    enum { SLOTS = 5, OUT = 3 };
    EACH_COUNT(n, blocks) for (int terms = 0; terms < 3; terms++)
    {
        cl_ulong count = blocks;
        cl_int out = OUT, a = terms ? 0 : OUT, b = terms > 1 ? 1 : OUT; /* where its factor is 0 a slot is not read, not even the result's own */
        float ca = terms ? 0.01f : 0.0f, cb = terms > 1 ? -0.02f : 0.0f;
        size_t sums = (size_t)SLOTS * NSCL_PARTIALS;
        if (!nscl_check_case(check, "%zu floats, %d sums", n, terms))
            continue;
        double *slots = nscl_check_normal(check, sums), *q = nscl_check_normal(check, n), *v = nscl_check_normal(check, n), *w = nscl_check_normal(check, n),
               *magnitude = nscl_check_zeros(check, n);
        for (size_t i = (size_t)OUT * NSCL_PARTIALS; i < sums; i++)
            slots[i] = NAN;
        cl_mem dslots = nscl_check_input(check, slots, sums), dq = nscl_check_input(check, q, n), dv = nscl_check_pair_input(check, v, n, preconditioned),
               dw = nscl_check_pair_input(check, w, n, preconditioned);
        NSCL_RUN_WITH(check->ctx, "lbfgs_update", nscl_lbfgs_pair_option(preconditioned), REDUCE(check->ctx), ARG(dslots), ARG(out), ARG(dq), ARG(dv), ARG(dw),
                      ARG(count), ARG(a), ARG(ca), ARG(b), ARG(cb));
        double c = 0, size = 0, sum = 0, size_of_sum = 0, got = 0;
        for (size_t i = 0; i < NSCL_PARTIALS; i++) {
            double term[] = {terms ? (double)ca * slots[i] : 0, terms > 1 ? (double)cb * slots[NSCL_PARTIALS + i] : 0};
            c += term[0] + term[1];
            size += fabs(term[0]) + fabs(term[1]);
        }
        for (size_t i = 0; i < n; i++) {
            magnitude[i] = fabs(q[i]) + size * fabs(v[i]);
            q[i] += c * v[i];
            sum += q[i] * w[i];
            size_of_sum += magnitude[i] * fabs(w[i]);
        }
        double *left = nscl_check_read(check, dslots, sums);
        for (size_t i = 0; i < NSCL_PARTIALS; i++)
            got += left[OUT * NSCL_PARTIALS + i];
        nscl_check_compare(check, "q", nscl_check_read(check, dq, n), q, magnitude, n, NSCL_PARTIALS);
        nscl_check_compare(check, "sum", &got, &sum, &size_of_sum, 1, NSCL_PARTIALS + ceil((double)blocks / NSCL_PARTIALS));
        for (size_t i = 0; i < sums; i++)
            if (i / NSCL_PARTIALS != OUT && (isnan(left[i]) ? !isnan(slots[i]) : left[i] != slots[i])) {
                nscl_check_complain(check, "wrote to place %zu, outside slot %d", i, OUT);
                break;
            }
    }
}

void nscl_check_lbfgs_scale(nscl_check *check, int unused)
{
    (void)unused;
    EACH_COUNT(n, blocks)
    {
        cl_ulong count = blocks;
        cl_int a = 1;
        float c = 3.0f;
        size_t sums = 2 * NSCL_PARTIALS;
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *slots = nscl_check_absolute(check, nscl_check_normal(check, sums), sums), *q = nscl_check_normal(check, n), sum = 0;
        cl_mem dslots = nscl_check_input(check, slots, sums), dq = nscl_check_input(check, q, n);
        NSCL_RUN(check->ctx, "lbfgs_scale", REDUCE(check->ctx), ARG(dslots), ARG(dq), ARG(count), ARG(a), ARG(c));
        for (size_t i = 0; i < NSCL_PARTIALS; i++)
            sum += slots[NSCL_PARTIALS + i];
        for (size_t i = 0; i < n; i++)
            q[i] *= (double)c / sum;
        nscl_check_compare(check, "q", nscl_check_read(check, dq, n), q, NULL, n, NSCL_PARTIALS);
    }
}

/* ---- Pictures ---- */

/* Coefficients in sixteenths of levels 0..255 make sums that a float holds exactly, so that rounding to levels has no
 * excuse either; some go past 0..255. */
void nscl_check_resize_pass(nscl_check *check, int round_levels)
{
    static const int sizes[][3] = {{1, 1, 1}, {1, 5, 3}, {5, 1, 2}, {7, 9, 4}, {3, NSCL_GROUP + 1, NSCL_GROUP - 1}, {NSCL_GROUP, 3, NSCL_GROUP + 1}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int way = 0; way < 2; way++) {
            cl_int h = sizes[k][0], w = sizes[k][1], on = sizes[k][2], n = way ? w : h, lines = way ? h : w, taps = 5, levels = round_levels ? 22 : 0;
            cl_int step = way ? 1 : w, line_step = way ? w : 1, ostep = way ? 1 : w, oline_step = way ? on : 1;
            if (!nscl_check_case(check, "%d x %d, %s to %d", h, w, way ? "columns" : "rows", on))
                continue;
            size_t in = 3 * (size_t)h * (size_t)w, out = 3 * (size_t)on * (size_t)lines, c = (size_t)on * (size_t)taps;
            double *x = nscl_check_levels(check, in, 127), *coefficient = nscl_check_levels(check, c, 8), *scaled = nscl_check_zeros(check, c),
                   *want = nscl_check_zeros(check, out);
            cl_int *first = nscl_check_memory(check, (size_t)on * sizeof *first), *count = nscl_check_memory(check, (size_t)on * sizeof *count);
            for (size_t i = 0; i < in; i++)
                x[i] += 128;
            for (size_t i = 0; i < c; i++) {
                coefficient[i] /= 16;
                scaled[i] = ldexp(coefficient[i], levels);
            }
            for (int o = 0; o < on; o++) {
                first[o] = rng_below(&check->rng, n);
                count[o] = 1 + rng_below(&check->rng, n - first[o] < taps ? n - first[o] : taps);
            }
            cl_mem y = nscl_check_output(check, out), dx = nscl_check_input(check, x, in), dc = nscl_check_input(check, scaled, c);
            cl_mem df = nscl_buffer_copy(check->ctx, first, (size_t)on * sizeof *first), dn = nscl_buffer_copy(check->ctx, count, (size_t)on * sizeof *count);
            NSCL_RUN(check->ctx, "resize_pass", DIM3(on, lines, 3), ARG(y), ARG(dx), ARG(df), ARG(dn), ARG(dc), ARG(taps), ARG(n), ARG(on), ARG(lines),
                     ARG(step), ARG(line_step), ARG(ostep), ARG(oline_step), ARG(levels));
            nscl_ref_resize_pass(want, x, first, count, coefficient, taps, 3, h, w, on, way, round_levels);
            nscl_check_compare(check, "y", nscl_check_read(check, y, out), want, NULL, out, 1);
            nscl_buffer_free(check->ctx, df);
            nscl_buffer_free(check->ctx, dn);
        }
}

static const int pixels[] = {1, 2, 3, 5, NSCL_GROUP - 1, NSCL_GROUP, NSCL_GROUP + 1, 1000};

void nscl_check_image_affine(nscl_check *check, int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++)
        for (int clamped = 0; clamped < 2; clamped++) {
            size_t n = 3 * (size_t)pixels[k];
            cl_ulong m = (cl_ulong)pixels[k];
            float scale = 0.7f, lo = 0, hi = clamped ? 1.0f : 0.0f;
            const double shift[3] = {0.25, -0.5, 0.75};
            cl_float4 shifts = {{0.25f, -0.5f, 0.75f, 0}};
            if (!nscl_check_case(check, "%d pixels%s", pixels[k], clamped ? ", clamped" : ""))
                continue;
            double *x = nscl_check_normal(check, n), *want = nscl_check_zeros(check, n), *magnitude = nscl_check_zeros(check, n);
            cl_mem y = nscl_check_output(check, n), dx = nscl_check_input(check, x, n);
            NSCL_RUN(check->ctx, "image_affine", DIM2(m, 3), ARG(y), ARG(dx), ARG(m), ARG(scale), ARG(shifts), ARG(lo), ARG(hi));
            nscl_ref_image_affine(want, x, m, (double)scale, shift, (double)lo, (double)hi);
            for (size_t i = 0; i < n; i++)
                magnitude[i] = fabs(x[i] * (double)scale) + fabs(shift[i / m]);
            nscl_check_compare(check, "y", nscl_check_read(check, y, n), want, magnitude, n, 1);
        }
}

void nscl_check_image_box(nscl_check *check, int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        size_t n = 3 * (size_t)pixels[k];
        const double mean[3] = {123.5, 0, 255}; /* whole in single precision, and 255 - mean too */
        const float means[3] = {123.5f, 0, 255};
        if (!nscl_check_case(check, "%d pixels", pixels[k]))
            continue;
        double *x = nscl_check_normal(check, n);
        for (size_t i = 0; i < n; i++)
            x[i] = (double)(float)(200 * x[i]); /* some within, some beyond either side */
        cl_mem u = nscl_check_input(check, x, n);
        nscl_image_box(check->ctx, u, 1, pixels[k], means);
        nscl_ref_image_box(x, (size_t)pixels[k], mean);
        nscl_check_compare(check, "u", nscl_check_read(check, u, n), x, NULL, n, 1);
    }
}

void nscl_check_image_blend(nscl_check *check, int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        size_t n = (size_t)pixels[k];
        float t = 0.3f;
        if (!nscl_check_case(check, "%zu floats", n))
            continue;
        double *old = nscl_check_normal(check, n), *noise = nscl_check_normal(check, n), *want = nscl_check_copy(check, old, n),
               *magnitude = nscl_check_absolute(check, old, n);
        cl_mem y = nscl_check_input(check, old, n);
        nscl_image_blend(check->ctx, y, nscl_check_input(check, noise, n), n, t);
        nscl_ref_image_blend(want, noise, n, (double)t);
        nscl_ref_image_blend(magnitude, nscl_check_absolute(check, noise, n), n, (double)t);
        nscl_check_compare(check, "y", nscl_check_read(check, y, n), want, magnitude, n, 1);
    }
}

void nscl_check_image_keep_colours(nscl_check *check, int unused)
{
    (void)unused;
    for (size_t k = 0; k < sizeof pixels / sizeof *pixels; k++) {
        int h = pixels[k] % 5 == 0 ? 5 : 1, w = pixels[k] / h;
        size_t m = (size_t)pixels[k], n = 3 * m;
        if (!nscl_check_case(check, "%d x %d", h, w))
            continue;
        double *old = nscl_check_normal(check, n), *content = nscl_check_normal(check, n), *want = nscl_check_copy(check, old, n),
               *magnitude = nscl_check_zeros(check, n);
        cl_mem y = nscl_check_input(check, old, n);
        nscl_image_keep_colours(check->ctx, y, nscl_check_input(check, content, n), h, w);
        nscl_ref_image_keep_colours(want, content, m);
        for (size_t i = 0; i < n; i++) {
            size_t p = i % m;
            magnitude[i] = fabs(content[i]) + 0.299 * (fabs(old[p]) + fabs(content[p])) + 0.587 * (fabs(old[m + p]) + fabs(content[m + p])) +
                           0.114 * (fabs(old[2 * m + p]) + fabs(content[2 * m + p]));
        }
        nscl_check_compare(check, "y", nscl_check_read(check, y, n), want, magnitude, n, 1);
    }
}
