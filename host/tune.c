#include "tune.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops.h"
#include "os.h"

enum { PIXELS = 40, CHANNELS = 64, SAMPLES = 32 };

typedef struct trial {
    nscl_context *ctx;
    const nscl_tune_layer *layer;
    nscl_conv *conv;
    float *kernel, *bias;
    float *x, *dz, *got; /* blocks, on the host */
    cl_mem x_mem, y_mem, dz_mem, dx_mem;
} trial;

/* Uniform in -1..1, and quick: a large layer has millions. */
static float any(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1.0f;
}

static size_t place(const trial *t, int c, size_t pixel)
{
    size_t b = (size_t)t->ctx->block;
    return ((size_t)c / b * ((size_t)t->layer->h * (size_t)t->layer->w) + pixel) * b + (size_t)c % b;
}

/* c channels of random values in blocks; half of them zero as after a ReLU, if asked for. */
static float *activation(const trial *t, int c, int rectified, uint32_t seed)
{
    size_t pixels = (size_t)t->layer->h * (size_t)t->layer->w;
    float *values = calloc(nscl_block_floats(t->ctx, c, t->layer->h, t->layer->w), sizeof *values);
    for (int i = 0; values && i < c; i++)
        for (size_t p = 0; p < pixels; p++) {
            float v = any(&seed);
            values[place(t, i, p)] = rectified && v < 0 ? 0 : v;
        }
    return values;
}

static int prepare(trial *t, nscl_conv_algorithm algorithm)
{
    nscl_context *ctx = t->ctx;
    const nscl_tune_layer *l = t->layer;
    size_t weights = (size_t)l->cin * (size_t)l->cout * 9, in = nscl_block_floats(ctx, l->cin, l->h, l->w), out = nscl_block_floats(ctx, l->cout, l->h, l->w);
    uint32_t state = 7;
    t->kernel = malloc(weights * sizeof(float));
    t->bias = malloc((size_t)l->cout * sizeof(float));
    t->x = activation(t, l->cin, 1, 1);
    t->dz = activation(t, l->cout, 0, 2);
    t->got = malloc((in > out ? in : out) * sizeof(float));
    if (!t->kernel || !t->bias || !t->x || !t->dz || !t->got) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to try a convolution");
        return 0;
    }
    float scale = 1.0f / sqrtf((float)(9 * l->cin));
    for (size_t i = 0; i < weights; i++)
        t->kernel[i] = scale * any(&state);
    for (int i = 0; i < l->cout; i++)
        t->bias[i] = 0.1f * any(&state);
    t->conv = nscl_conv_create(ctx, t->kernel, t->bias, l->cin, l->cout);
    if (!t->conv)
        return 0;
    if (!nscl_conv_can(ctx, t->conv, algorithm)) {
        nscl_fail(&ctx->error, NSCL_BAD_ARGUMENT, "cannot run this layer");
        return 0;
    }
    nscl_conv_use(ctx, t->conv, algorithm);
    t->x_mem = nscl_buffer_copy(ctx, t->x, in * sizeof(float));
    t->dz_mem = nscl_buffer_copy(ctx, t->dz, out * sizeof(float));
    t->y_mem = nscl_buffer_create(ctx, out * sizeof(float));
    t->dx_mem = nscl_buffer_create(ctx, in * sizeof(float));
    nscl_fill(ctx, t->y_mem, out, NAN); /* what is not written is found */
    nscl_fill(ctx, t->dx_mem, in, NAN);
    return ctx->error.code == NSCL_OK;
}

static void release(trial *t)
{
    nscl_conv_free(t->ctx, t->conv);
    nscl_buffer_free(t->ctx, t->x_mem);
    nscl_buffer_free(t->ctx, t->dz_mem);
    nscl_buffer_free(t->ctx, t->y_mem);
    nscl_buffer_free(t->ctx, t->dx_mem);
    free(t->kernel);
    free(t->bias);
    free(t->x);
    free(t->dz);
    free(t->got);
}

static double run(trial *t, int backward)
{
    int h = t->layer->h, w = t->layer->w;
    double start = nscl_seconds();
    if (backward)
        nscl_conv_bwd(t->ctx, t->conv, t->dx_mem, t->dz_mem, t->x_mem, h, w);
    else
        nscl_conv_fwd(t->ctx, t->conv, t->y_mem, t->x_mem, h, w, 1);
    cl_int code = clFinish(t->ctx->queue);
    if (code != CL_SUCCESS)
        nscl_fail(&t->ctx->error, NSCL_BAD_DEVICE, "%s", nscl_cl_text(code));
    return nscl_seconds() - start;
}

/* ---- The reference, at some pixels and channels ---- */

/* Of input channel i at (y, x), or of the gradient's: 0 beyond the edge. */
static double at(const trial *t, const float *values, int c, int y, int x)
{
    if (y < 0 || x < 0 || y >= t->layer->h || x >= t->layer->w)
        return 0;
    return (double)values[place(t, c, (size_t)y * (size_t)t->layer->w + (size_t)x)];
}

static double expected(const trial *t, int backward, int c, int y, int x)
{
    const nscl_tune_layer *l = t->layer;
    double sum = backward ? 0 : (double)t->bias[c];
    if (backward && at(t, t->x, c, y, x) <= 0)
        return 0;
    for (int other = 0; other < (backward ? l->cout : l->cin); other++)
        for (int dy = -1; dy <= 1; dy++)
            for (int dx = -1; dx <= 1; dx++) {
                size_t o = (size_t)(backward ? other : c), i = (size_t)(backward ? c : other);
                double k = (double)t->kernel[(o * (size_t)l->cin + i) * 9 + (size_t)((dy + 1) * 3 + dx + 1)];
                sum += k * (backward ? at(t, t->dz, other, y - dy, x - dx) : at(t, t->x, other, y + dy, x + dx));
            }
    return !backward && sum < 0 ? 0 : sum;
}

/* The corners, and pixels all over the picture: tiles and strips end somewhere. */
static double error_of(trial *t, int backward)
{
    const nscl_tune_layer *l = t->layer;
    int channels = backward ? l->cin : l->cout, step = (channels + CHANNELS - 1) / CHANNELS;
    size_t pixels = (size_t)l->h * (size_t)l->w, floats = nscl_block_floats(t->ctx, channels, l->h, l->w);
    double wrong = 0, all = 0;
    nscl_buffer_read(t->ctx, t->got, backward ? t->dx_mem : t->y_mem, floats * sizeof(float));
    if (t->ctx->error.code != NSCL_OK)
        return NAN;
    for (int n = 0; n < PIXELS; n++) {
        size_t corners[] = {0, (size_t)l->w - 1, pixels - (size_t)l->w, pixels - 1};
        size_t p = n < 4 ? corners[n] : (size_t)(fmod(n * 0.6180339887498949, 1.0) * (double)pixels);
        for (int c = n % step; c < channels; c += step) {
            double want = expected(t, backward, c, (int)(p / (size_t)l->w), (int)(p % (size_t)l->w)), off = (double)t->got[place(t, c, p)] - want;
            wrong += off * off;
            all += want * want;
        }
    }
    return wrong / all;
}

/* ---- The clock ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median_of(trial *t, int backward, double budget)
{
    double samples[SAMPLES], spent = 0;
    int n = 0;
    while (t->ctx->error.code == NSCL_OK && n < SAMPLES && (n < 3 || spent < budget)) {
        samples[n] = run(t, backward);
        spent += samples[n++];
    }
    qsort(samples, (size_t)n, sizeof *samples, ascending);
    return n ? samples[n / 2] : 0;
}

static void try_all(trial *t, nscl_conv_algorithm algorithm, nscl_tune_result *r, double behind, double budget)
{
    nscl_context *ctx = t->ctx;
    if (!prepare(t, algorithm))
        return;
    double first = 0;
    for (int backward = 0; backward < 2 && ctx->error.code == NSCL_OK; backward++) {
        run(t, backward); /* builds kernels and packs weights */
        double error = error_of(t, backward);
        if (ctx->error.code == NSCL_OK && !(error <= NSCL_TUNE_NMSE)) {
            nscl_fail(&ctx->error, NSCL_BAD_DEVICE, "wrong result: squared error %.1e of the squares", error);
            return;
        }
        r->nmse = r->nmse > error ? r->nmse : error;
        /* One slow run may be another program's fault, three are not. */
        double least = run(t, backward);
        for (int again = 0; again < 2 && behind > 0 && first + least > behind && least < 20 * behind; again++) {
            double now = run(t, backward);
            least = now < least ? now : least;
        }
        first += least;
    }
    if (ctx->error.code == NSCL_OK && behind > 0 && first > 2 * behind) {
        nscl_fail(&ctx->error, NSCL_BAD_ARGUMENT, "over twice slower than another (%.4f s)", first);
        return;
    }
    for (int backward = 0; backward < 2; backward++)
        r->seconds[backward] = median_of(t, backward, budget);
}

nscl_tune_result nscl_tune_measure(nscl_context *ctx, const nscl_tune_layer *layer, nscl_conv_algorithm algorithm, double behind, double budget)
{
    nscl_tune_result r = {0};
    trial t = {.ctx = ctx, .layer = layer};
    nscl_error error = {NSCL_OK, ""};
    size_t peak = ctx->peak_bytes; /* trying is no part of what the work takes */
    try_all(&t, algorithm, &r, behind, budget);
    r.good = nscl_context_status(ctx, &error) == NSCL_OK;
    release(&t);
    ctx->peak_bytes = peak;
    snprintf(r.why, sizeof r.why, "%.150s", error.text);
    return r;
}

int nscl_tune_best(const nscl_tune_result results[NSCL_CONV_ALGORITHMS])
{
    int best = -1;
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++) {
        double now = results[i].seconds[0] + results[i].seconds[1];
        if (results[i].good && (best < 0 || now < 0.97 * (results[best].seconds[0] + results[best].seconds[1])))
            best = i;
    }
    return best;
}

/* ---- Rows ---- */

static double side_of(const nscl_tune_layer *l)
{
    return sqrt((double)l->h * l->w);
}

static int by_layer(const void *a, const void *b)
{
    const nscl_tune_layer *x = &((const nscl_tune_choice *)a)->layer, *y = &((const nscl_tune_choice *)b)->layer;
    if (x->cin != y->cin)
        return x->cin < y->cin ? -1 : 1;
    if (x->cout != y->cout)
        return x->cout < y->cout ? -1 : 1;
    return side_of(x) < side_of(y) ? -1 : side_of(x) > side_of(y);
}

static int same_channels(const nscl_tune_choice *a, const nscl_tune_choice *b)
{
    return a->layer.cin == b->layer.cin && a->layer.cout == b->layer.cout;
}

static int border(const nscl_tune_choice *a, const nscl_tune_choice *b)
{
    return (int)sqrt(side_of(&a->layer) * side_of(&b->layer));
}

char *nscl_tune_rows(nscl_tune_choice *c, int count)
{
    size_t size = (size_t)count * 120 + 1, used = 0;
    char *text = calloc(1, size);
    qsort(c, (size_t)count, sizeof *c, by_layer);
    for (int i = 0, next; text && i < count; i = next) {
        char side[48] = "";
        for (next = i + 1; next < count && same_channels(&c[i], &c[next]) && c[i].algorithm == c[next].algorithm; next++)
            ;
        int below = i > 0 && same_channels(&c[i - 1], &c[i]), above = next < count && same_channels(&c[i], &c[next]);
        /* Towards sizes that were not measured a row reaches to half and to twice, no further: what is best for a thumbnail may be
         * ten times too slow for a poster. */
        int from = below ? border(&c[i - 1], &c[i]) : (int)(side_of(&c[i].layer) / 2),
            to = above ? border(&c[next - 1], &c[next]) : (int)(2 * side_of(&c[next - 1].layer));
        snprintf(side, sizeof side, " SIDE=%d..%d", from, to);
        used += (size_t)snprintf(text + used, size - used, "* conv IN=%d OUT=%d%s USE=%s\n", c[i].layer.cin, c[i].layer.cout, side,
                                 nscl_conv_names[c[i].algorithm]);
    }
    return text;
}
