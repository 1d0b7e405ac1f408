#include "image.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

static float sample(const nscl_picture *p, size_t i)
{
    return p->depth == 16 ? (float)((const uint16_t *)p->samples)[i] / 257.0f : (float)((const uint8_t *)p->samples)[i];
}

cl_mem nscl_image_upload(nscl_context *ctx, const nscl_picture *p, cl_mem *alpha)
{
    size_t m = (size_t)p->width * (size_t)p->height, c = (size_t)p->channels;
    size_t n = nscl_vector_floats(ctx, p->height, p->width);
    if (ctx->rehearsing) {
        if (alpha)
            *alpha = p->channels == 4 ? nscl_buffer_create(ctx, m * sizeof(float)) : NULL;
        return nscl_buffer_create(ctx, n * sizeof(float));
    }
    float *planes = calloc(n > m ? n : m, sizeof *planes);
    cl_mem mem = NULL;
    if (alpha)
        *alpha = NULL;
    if (!planes) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for a picture of %d x %d", p->width, p->height);
        return NULL;
    }
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < 3; k++)
            planes[k * m + i] = sample(p, i * c + k);
    mem = nscl_buffer_copy(ctx, planes, n * sizeof *planes);
    if (alpha && p->channels == 4) {
        for (size_t i = 0; i < m; i++)
            planes[i] = sample(p, i * c + 3);
        *alpha = nscl_buffer_copy(ctx, planes, m * sizeof *planes);
    }
    free(planes);
    return mem;
}

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

static double cubic(double x) /* Keys, a = -0.5 */
{
    x = fabs(x);
    return x < 1 ? ((1.5 * x - 2.5) * x) * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double sinc(double x)
{
    return x == 0 ? 1 : sin(x * 3.14159265358979323846) / (x * 3.14159265358979323846);
}

static double lanczos(double x)
{
    return x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

typedef struct kernel_shape {
    double (*at)(double);
    double support;
    int antialias;
} kernel_shape;

static const kernel_shape shapes[] = {
    [NSCL_FILTER_BILINEAR] = {triangle, 1, 1},
    [NSCL_FILTER_BICUBIC] = {cubic, 2, 1},
    [NSCL_FILTER_LANCZOS] = {lanczos, 3, 1},
    [NSCL_FILTER_TF_BILINEAR] = {triangle, 1, 0},
};

typedef struct taps {
    int taps;
    int *first, *count;
    float *coefficient; /* (on, taps) */
} taps;

enum { LEVELS = 22 }; /* Pillow's fixed point for 8-bit pictures; a float holds such a coefficient exactly */

static void taps_free(taps *t)
{
    free(t->first);
    free(t->count);
    free(t->coefficient);
}

/* Which inputs each output position is made of, as Pillow computes it (Resample.c, and Geometry.c for the nearest):
 * half-pixel centres, a filter stretched by the reduction, normalised where it passes the border. */
static int taps_make(taps *t, int n, int on, nscl_filter filter, int levels)
{
    double scale = (double)n / on, stretch = filter != NSCL_FILTER_NEAREST && shapes[filter].antialias && scale > 1 ? scale : 1;
    double support = filter == NSCL_FILTER_NEAREST ? 0.5 : shapes[filter].support * stretch;
    t->taps = (int)ceil(support) * 2 + 1;
    t->first = calloc((size_t)on, sizeof *t->first);
    t->count = calloc((size_t)on, sizeof *t->count);
    t->coefficient = calloc((size_t)on * (size_t)t->taps, sizeof *t->coefficient);
    if (!t->first || !t->count || !t->coefficient)
        return 0;
    double nearest = 0.5 * scale, one = ldexp(1, levels); /* nearest: added up, whose roundings decide between equally near pixels */
    for (int o = 0; o < on; o++, nearest += scale) {
        double centre = (o + 0.5) * scale, sum = 0;
        float *coefficient = t->coefficient + (size_t)o * (size_t)t->taps;
        if (filter == NSCL_FILTER_NEAREST) {
            t->first[o] = nearest < n ? (int)nearest : n - 1;
            t->count[o] = 1;
            coefficient[0] = (float)one;
            continue;
        }
        int from = (int)(centre - support + 0.5), to = (int)(centre + support + 0.5);
        from = from < 0 ? 0 : from;
        to = to > n ? n : to;
        t->first[o] = from;
        t->count[o] = to - from;
        for (int i = from; i < to; i++)
            sum += shapes[filter].at((i - centre + 0.5) / stretch);
        for (int i = from; i < to && sum != 0; i++) {
            double c = shapes[filter].at((i - centre + 0.5) / stretch) / sum * one;
            coefficient[i - from] = (float)(levels ? round(c) : c);
        }
    }
    return 1;
}

/* One pass along an axis: n to on positions, `lines` lines. */
static cl_mem resize_pass(nscl_context *ctx, cl_mem x, int planes, int n, int on, int lines, int along_rows, nscl_filter filter, int levels, size_t padded)
{
    taps t = {0};
    cl_mem y = NULL, first = NULL, count = NULL, coefficient = NULL;
    if (!taps_make(&t, n, on, filter, levels)) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to resize a picture");
        goto done;
    }
    y = nscl_buffer_zero(ctx, padded * sizeof(float));
    first = nscl_buffer_copy(ctx, t.first, (size_t)on * sizeof *t.first);
    count = nscl_buffer_copy(ctx, t.count, (size_t)on * sizeof *t.count);
    coefficient = nscl_buffer_copy(ctx, t.coefficient, (size_t)on * (size_t)t.taps * sizeof *t.coefficient);
    /* Along a row neighbours are 1 apart and lines a row apart; along a column the other way round. */
    cl_int step = along_rows ? 1 : lines, line_step = along_rows ? n : 1, ostep = along_rows ? 1 : lines, oline_step = along_rows ? on : 1;
    NSCL_RUN(ctx, "resize_pass", DIM3(on, lines, planes), ARG(y), ARG(x), ARG(first), ARG(count), ARG(coefficient), ARG(t.taps), ARG(n), ARG(on), ARG(lines),
             ARG(step), ARG(line_step), ARG(ostep), ARG(oline_step), ARG(levels));
    nscl_buffer_free(ctx, first);
    nscl_buffer_free(ctx, count);
    nscl_buffer_free(ctx, coefficient);
done:
    taps_free(&t);
    return y;
}

cl_mem nscl_image_resize(nscl_context *ctx, cl_mem x, int planes, int h, int w, int oh, int ow, nscl_filter filter, int round_levels)
{
    int levels = round_levels && filter != NSCL_FILTER_TF_BILINEAR ? LEVELS : 0;
    size_t floats = (size_t)planes * (size_t)oh * (size_t)ow, block = (size_t)ctx->block, padded = (floats + block - 1) / block * block;
    cl_mem across = resize_pass(ctx, x, planes, w, ow, h, 1, filter, levels, (size_t)planes * (size_t)h * (size_t)ow);
    cl_mem y = resize_pass(ctx, across, planes, h, oh, ow, 0, filter, levels, padded);
    nscl_buffer_free(ctx, across);
    return y;
}

static void affine(nscl_context *ctx, cl_mem y, cl_mem x, int h, int w, const float mean[3], float sign, float lo, float hi)
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    cl_float scale = 1;
    cl_float4 shift = {{sign * mean[0], sign * mean[1], sign * mean[2], 0}};
    NSCL_RUN(ctx, "image_affine", DIM2(m, 3), ARG(y), ARG(x), ARG(m), ARG(scale), ARG(shift), ARG(lo), ARG(hi));
}

void nscl_image_to_variable(nscl_context *ctx, cl_mem u, cl_mem x, int h, int w, const float mean[3])
{
    affine(ctx, u, x, h, w, mean, -1, 0, 0);
}

void nscl_image_from_variable(nscl_context *ctx, cl_mem x, cl_mem u, int h, int w, const float mean[3])
{
    affine(ctx, x, u, h, w, mean, 1, 0, 255);
}

void nscl_image_box(nscl_context *ctx, cl_mem u, int h, int w, const float mean[3])
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    cl_float4 means = {{mean[0], mean[1], mean[2], 0}};
    NSCL_RUN(ctx, "image_box", DIM2(m, 3), ARG(u), ARG(m), ARG(means));
}

void nscl_image_blend(nscl_context *ctx, cl_mem y, cl_mem noise, size_t n, float t)
{
    cl_ulong count = n;
    NSCL_RUN(ctx, "image_blend", DIM1(count), ARG(y), ARG(noise), ARG(count), ARG(t));
}

void nscl_image_keep_colours(nscl_context *ctx, cl_mem y, cl_mem content, int h, int w)
{
    cl_ulong m = (cl_ulong)h * (cl_ulong)w;
    NSCL_RUN(ctx, "image_keep_colours", DIM1(m), ARG(y), ARG(content), ARG(m));
}

nscl_status nscl_image_download(nscl_context *ctx, nscl_picture *out, cl_mem x, cl_mem alpha, int h, int w, int depth)
{
    size_t m = (size_t)h * (size_t)w, c = alpha ? 4 : 3;
    float *planes = malloc(4 * m * sizeof *planes);
    memset(out, 0, sizeof *out);
    void *samples = malloc(m * c * (depth == 16 ? 2 : 1));
    if (!planes || !samples) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for a picture of %d x %d", w, h);
        goto done;
    }
    nscl_buffer_read(ctx, planes, x, 3 * m * sizeof *planes);
    if (alpha)
        nscl_buffer_read(ctx, planes + 3 * m, alpha, m * sizeof *planes);
    if (ctx->error.code != NSCL_OK)
        goto done;
    float scale = depth == 16 ? 257.0f : 1.0f;
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < c; k++) {
            float v = floorf(fminf(fmaxf(planes[k * m + i], 0.0f), 255.0f) * scale + 0.5f);
            if (depth == 16)
                ((uint16_t *)samples)[i * c + k] = (uint16_t)v;
            else
                ((uint8_t *)samples)[i * c + k] = (uint8_t)v;
        }
    *out = (nscl_picture){w, h, (int)c, depth, samples, NULL};
    samples = NULL;
done:
    free(planes);
    free(samples);
    return ctx->error.code;
}
