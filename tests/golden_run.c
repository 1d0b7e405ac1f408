/* See golden_run.h. */
#include "golden_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

golden_way golden_way_of(nscl_conv_algorithm algorithm)
{
    /* The targets are made before the algorithm is put in place: for those that are exact they must be so too. */
    static const unsigned features[NSCL_CONV_ALGORITHMS] = {
        [NSCL_CONV_DIRECT] = NSCL_FEATURE_BLOCKED,
        [NSCL_CONV_GEMM] = NSCL_FEATURE_GEMM,
        [NSCL_CONV_WINOGRAD2] = NSCL_FEATURE_BLOCKED,
        [NSCL_CONV_IMPLICIT] = NSCL_FEATURE_BLOCKED,
        [NSCL_CONV_WINOGRAD4_BATCHED] = NSCL_FEATURE_BLOCKED | NSCL_FEATURE_TILED,
        [NSCL_CONV_WINOGRAD4_CLBLAST] = NSCL_FEATURE_GEMM,
    };
    return (golden_way){nscl_conv_names[algorithm], features[algorithm] ? features[algorithm] : NSCL_FEATURE_ALL, algorithm};
}

void golden_scales(nscl_settings *s, const nscl_picture *content, const nscl_picture *styles, int count)
{
    nscl_style_fit fit = nscl_preset_of(s->preset)->style_fit;
    for (int i = 0; i < count; i++) {
        const nscl_picture *p = &styles[i];
        int wide = content->width > content->height, own_wide = p->width > p->height;
        int side = fit == NSCL_STYLE_WIDTH || fit == NSCL_STYLE_STRETCHED || wide == (fit == NSCL_STYLE_LONGER) ? content->width : content->height;
        int own = fit == NSCL_STYLE_WIDTH || fit == NSCL_STYLE_STRETCHED || own_wide == (fit == NSCL_STYLE_LONGER) ? p->width : p->height;
        s->style_scales[i] = (own + 0.5) / side; /* the half keeps the truncated product from being one short */
    }
}

void golden_run_read(golden_run *r, const char *name)
{
    nscl_error error = {0};
    memset(r, 0, sizeof *r);
    r->features = test_ctx->features;
    r->golden = golden_open(name);
    nscl_settings_init(&r->settings, r->golden->settings.preset);
    r->settings.width = r->settings.height = r->settings.size = r->settings.short_side = 0;
    golden_settings(r->golden->root, &r->settings);
    golden_scales(&r->settings, &r->golden->content, r->golden->styles, r->golden->style_count);
    r->job = (nscl_job){.content = &r->golden->content, .styles = r->golden->styles, .style_count = r->golden->style_count};
    if (nscl_weights_open(&r->weights, r->golden->network, &error) != NSCL_OK)
        fail_msg("%s", error.text);
}

void golden_run_prepare(golden_run *r, const golden_way *way)
{
    nscl_error error = {0};
    if (way)
        test_ctx->features = way->features;
    nscl_status status = nscl_run_prepare(&r->run, test_ctx, r->weights, &r->settings, &r->job, &error);
    if (status != NSCL_OK)
        fail_msg("%s: %s", nscl_status_text(status), error.text);
    for (int i = 0; way && i < r->run.network->depth; i++)
        if (nscl_conv_can(test_ctx, r->run.network->conv[i], way->algorithm))
            nscl_conv_use(test_ctx, r->run.network->conv[i], way->algorithm);
    assert_int_equal(r->run.problem.elements, r->golden->count);
    golden_run_set(&r->run, r->golden->start);
}

void golden_run_open(golden_run *r, const char *name, const golden_way *way)
{
    golden_run_read(r, name);
    golden_run_prepare(r, way);
}

void golden_run_close(golden_run *r)
{
    nscl_error error = {0};
    test_ctx->features = r->features;
    if (r->run.ctx)
        nscl_run_release(&r->run);
    nscl_weights_free(r->weights);
    golden_close(r->golden);
    if (nscl_context_status(test_ctx, &error) != NSCL_OK)
        fail_msg("%s", error.text);
}

void golden_run_set(nscl_run *run, const double *x)
{
    float *values = calloc(run->problem.n, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < run->problem.elements; i++)
        values[i] = (float)x[i];
    nscl_buffer_write(run->ctx, run->x, values, run->problem.n * sizeof *values);
    run->loss.forward_done = 0; /* it was of another x */
    free(values);
}

double golden_run_evaluate(nscl_run *run, double *gradient)
{
    nscl_error error = {0};
    size_t n = run->problem.n;
    float *values = malloc(n * sizeof *values);
    cl_mem g = nscl_buffer_zero(run->ctx, n * sizeof *values);
    assert_non_null(values);
    double loss = nscl_problem_evaluate(&run->problem, g, run->x, NULL, NULL, NULL, 0);
    nscl_buffer_read(run->ctx, values, g, n * sizeof *values);
    nscl_buffer_free(run->ctx, g);
    if (nscl_context_status(run->ctx, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    for (size_t i = 0; gradient && i < run->problem.elements; i++)
        gradient[i] = (double)values[i];
    free(values);
    return loss;
}

double golden_distance(const double *a, const double *b, size_t n)
{
    double errors = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        errors += (a[i] - b[i]) * (a[i] - b[i]);
        squares += b[i] * b[i];
    }
    return sqrt(errors / squares);
}

double golden_distance_most(const double *a, const double *b, size_t n)
{
    double error = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(a[i]))
            return HUGE_VAL;
        error = fmax(error, fabs(a[i] - b[i]));
        most = fmax(most, fabs(b[i]));
    }
    return error / most;
}

double golden_term_off(const nscl_term *got, int got_count, const nscl_term *want)
{
    int k = 0;
    while (k < got_count && strcmp(got[k].name, want->name) != 0)
        k++;
    if (k == got_count)
        fail_msg("no term %s", want->name);
    double off = fabs(got[k].value - want->value) / want->value;
    if (!(off <= 1e-4))
        print_error("  %s is %.9g, not %.9g\n", want->name, got[k].value, want->value);
    return off;
}

double golden_terms_off(const nscl_term *got, int got_count, const nscl_term *want, int want_count)
{
    double worst = 0;
    assert_int_equal(got_count, want_count);
    for (int i = 0; i < want_count; i++) {
        double off = golden_term_off(got, got_count, &want[i]);
        worst = off > worst || isnan(off) ? off : worst;
    }
    return worst;
}
