/* One whole loss and gradient: a small VGG of random weights on random pictures, with targets and terms as a painting has them, on the
 * device and in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check_rows.h"
#include "reference_network.h"
#include "style.h"

enum { WIDTH = 37, HEIGHT = 34, PIXELS = WIDTH * HEIGHT, VALUES = 3 * PIXELS };

/* A narrow VGG-19 to relu5_1 in the check's memory, whose maps keep their size from layer to layer (He). */
static nscl_weights *random_network(nscl_check *check)
{
    nscl_weights *w = nscl_check_memory(check, sizeof *w);
    for (w->arch = nscl_archs; strcmp(w->arch->name, "narrow") != 0; w->arch++)
        ;
    for (int block = 0, cin = 3; block < NSCL_BLOCKS; block++)
        for (int i = 0; i < (block + 1 < NSCL_BLOCKS ? w->arch->convs[block] : 1); i++) {
            nscl_conv_weights *c = &w->conv[w->conv_count++];
            *c = (nscl_conv_weights){block + 1, i + 1, cin, w->arch->widths[block], NULL, NULL};
            size_t n = (size_t)c->cin * (size_t)c->cout * 9;
            double *kernel = nscl_check_normal(check, n), *bias = nscl_check_normal(check, (size_t)c->cout);
            for (size_t k = 0; k < n; k++)
                kernel[k] *= sqrt(2.0 / (9 * c->cin));
            c->kernel = nscl_check_floats(check, kernel, n);
            c->bias = nscl_check_floats(check, bias, (size_t)c->cout);
            cin = c->cout;
        }
    w->input = (nscl_input_convention){0, 1, {123.68f, 116.779f, 103.939f}, {1, 1, 1}};
    return w;
}

static nscl_picture random_picture(nscl_check *check)
{
    uint8_t *samples = nscl_check_memory(check, VALUES);
    for (int i = 0; i < VALUES; i++)
        samples[i] = (uint8_t)rng_below(&check->rng, 256);
    return (nscl_picture){WIDTH, HEIGHT, 3, 8, samples, NULL};
}

/* 0, complaining, without memory. */
static int refer(nscl_check *check, const nscl_weights *weights, const nscl_settings *s, const nscl_job *job, double *values, double *gradient)
{
    nscl_ref_loss *loss = nscl_ref_loss_create(weights, s, job->content, job->styles, 1);
    double *x = nscl_check_zeros(check, VALUES);
    if (!loss) {
        nscl_check_complain(check, "no memory");
        return 0;
    }
    for (size_t i = 0; i < VALUES; i++)
        x[i] = ((const uint8_t *)job->initial->samples)[i % PIXELS * 3 + i / PIXELS] - loss->network->mean[i / PIXELS];
    nscl_ref_loss_eval(loss, gradient, x);
    memcpy(values, loss->value, (size_t)(loss->terms + 1) * sizeof *values);
    nscl_ref_loss_free(loss);
    return 1;
}

void nscl_check_loss(nscl_check *check, int of_gradient)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_context *ctx = check->ctx;
    nscl_run run;
    if (check->small > 2) {
        check->skipped = "minutes on a simulator, of operations that have rows of their own";
        return;
    }
    if (!nscl_check_case(check, "%d x %d", WIDTH, HEIGHT))
        return;
    nscl_weights *weights = random_network(check);
    nscl_picture content = random_picture(check), style = random_picture(check), start = random_picture(check);
    nscl_job job = {.content = &content, .styles = &style, .style_count = 1, .initial = &start};
    nscl_settings s;
    nscl_settings_init(&s, NSCL_PRESET_GATYS);
    s.width = s.height = s.size = s.short_side = 0; /* the pictures as they are */
    s.tv_weight = 1;
    s.precision = ctx->half_storage ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32;
    double *want = nscl_check_zeros(check, NSCL_MAX_TERMS), *gradient = nscl_check_zeros(check, VALUES);
    double *got = nscl_check_zeros(check, NSCL_MAX_TERMS), *slope = nscl_check_zeros(check, VALUES);
    float *values = nscl_check_memory(check, (VALUES + 64) * sizeof *values);
    if (!refer(check, weights, &s, &job, want, gradient))
        return;
    if (nscl_run_prepare(&run, ctx, weights, &s, &job, &error) == NSCL_OK) {
        cl_mem g = nscl_buffer_zero(ctx, run.problem.n * sizeof *values);
        nscl_problem_evaluate(&run.problem, g, run.x, NULL, NULL, NULL, 0);
        nscl_buffer_read(ctx, values, g, run.problem.elements * sizeof *values);
        nscl_buffer_free(ctx, g);
        for (int i = 0; i < run.term_count; i++)
            got[i] = run.terms[i].value;
        for (size_t i = 0; i < VALUES; i++)
            slope[i] = (double)values[i];
        for (int i = 0; !of_gradient && i < run.term_count; i++)
            nscl_check_compare(check, run.terms[i].name, &got[i], &want[i], NULL, 1, 1);
        if (of_gradient)
            nscl_check_compare(check, "gradient", slope, gradient, NULL, VALUES, 1);
    } else
        nscl_check_complain(check, "%s", error.text);
    nscl_run_release(&run);
}
