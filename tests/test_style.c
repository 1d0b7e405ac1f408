/* The whole loss: against the golden files and, where NSCL_TEST_DATA has it, on the published network; its gradient
 * along directions; and whole runs of nscl_paint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden_run.h"
#include "memory_plan.h"
#include "watch.h"
#include "precision.h"

/* ---- Golden losses ---- */

static const char *const cases[] = {"gatys.json",       "gatys_avg.json", "neural_style.json", "neural_style_avg.json",
                                    "keras_lbfgs.json", "tf2_adam.json",  "keras_vgg16.json",  "vgg19_adam.json"};
enum { CASES = sizeof cases / sizeof *cases };

/* Single precision repeats these to some 1e-6, Winograd to 1e-5: ten times that leaves room for other orders of
 * summation and none for a wrong factor. */
static void golden_losses(void **state)
{
    const golden_way way = golden_way_of((nscl_conv_algorithm)(uintptr_t)*state);
    for (int i = 0; i < CASES; i++) {
        golden_run r;
        golden_run_open(&r, cases[i], &way);
        size_t n = r.golden->count;
        double *gradient = calloc(n, sizeof *gradient), loss = golden_run_evaluate(&r.run, gradient);
        double terms = golden_terms_off(r.run.terms, r.run.term_count, r.golden->terms, r.golden->term_count);
        double all = golden_distance(gradient, r.golden->gradient, n), most = golden_distance_most(gradient, r.golden->gradient, n);
        printf("  %-9s %-22s terms %.1e, gradient %.1e, its worst element %.1e of the largest\n", way.name, cases[i], terms, all, most);
        int mixes = way.algorithm == NSCL_CONV_WINOGRAD6 || (strstr(way.name, "winograd4") != NULL); /* multiples of neighbours */
        double bound = mixes ? 1e-4 : 1e-5;
        assert_true(terms <= bound);
        assert_true(fabs(loss - r.golden->loss) <= bound * r.golden->loss);
        assert_true(all <= bound);
        assert_true(most <= bound);
        free(gradient);
        golden_run_close(&r);
    }
}

/* ---- The gradient along directions ---- */

typedef struct slope_case {
    const char *name, *golden;
    nscl_pooling pooling;
    int round_up;
    nscl_tv tv;
    double tv_weight, content_factor; /* give each of these terms a visible share */
    const char *content, *style[2];
} slope_case;

static const slope_case slopes[] = {
    {"gatys max down l2", "gatys.json", NSCL_POOL_MAX, 0, NSCL_TV_L2, 500, 300, "relu4_2", {"relu1_1", "relu3_1"}},
    {"gatys max up l1", "gatys.json", NSCL_POOL_MAX, 1, NSCL_TV_L1, 2000, 30, "conv4_2", {"conv2_1", "relu5_1"}},
    {"gatys average up power", "gatys.json", NSCL_POOL_AVERAGE, 1, NSCL_TV_POWER, 100, 3000, "relu4_2", {"conv1_1", "conv3_1"}},
    {"neural-style max down power", "neural_style.json", NSCL_POOL_MAX, 0, NSCL_TV_POWER, 2, 100, "conv5_2", {"relu2_1", "conv4_2"}},
    {"neural-style max up l2", "neural_style.json", NSCL_POOL_MAX, 1, NSCL_TV_L2, 10, 2, "conv4_2", {"conv4_2", "relu4_2"}},
    {"neural-style average down l1", "neural_style.json", NSCL_POOL_AVERAGE, 0, NSCL_TV_L1, 5, 1, "relu4_2", {"conv4_2", "relu5_1"}},
};
enum { SLOPES = sizeof slopes / sizeof *slopes, DIRECTIONS = 6 };

static void slope_settings(nscl_settings *s, const slope_case *c)
{
    s->pooling = c->pooling;
    s->pool_round_up = c->round_up;
    s->tv = c->tv;
    s->tv_weight = c->tv_weight;
    s->content_weight *= c->content_factor;
    s->content_layer_count = 1;
    s->style_layer_count = 2;
    snprintf(s->content_layers[0].name, sizeof s->content_layers[0].name, "%s", c->content);
    for (int i = 0; i < 2; i++)
        snprintf(s->style_layers[i].name, sizeof s->style_layers[i].name, "%s", c->style[i]);
}

static double loss_at(golden_run *r, const double *x, const double *d, double t)
{
    size_t n = r->golden->count;
    double *y = calloc(n, sizeof *y);
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] + t * d[i];
    golden_run_set(&r->run, y);
    double loss = golden_run_evaluate(&r->run, NULL);
    free(y);
    return loss;
}

/* Directions are the gradient with a random half of its elements set to 0: of all random directions those along which
 * the loss changes most, so that its roundings (some 1e-7 of it) matter least. The largest step of an element is 1/64
 * of a grey level: it passes few of the loss's kinks, changes the loss by some 1e-3, and is exact in single precision to
 * 1e-3 of itself. Together that leaves up to some 5e-3 of difference. */
static void slope(void **state)
{
    const slope_case *c = *state;
    golden_run r;
    golden_run_read(&r, c->golden);
    slope_settings(&r.settings, c);
    golden_run_prepare(&r, NULL);
    size_t n = r.golden->count;
    double *g = calloc(n, sizeof *g), *d = calloc(n, sizeof *d), f = golden_run_evaluate(&r.run, g), worst = 0, least = 1;
    rng random = {7};
    for (int i = 0; i < r.run.term_count; i++)
        assert_true(r.run.terms[i].value > 0.02 * f);
    for (int k = 0; k < DIRECTIONS; k++) {
        double along = 0, most = 0;
        for (size_t i = 0; i < n; i++) {
            d[i] = rng_below(&random, 2) ? g[i] : 0;
            along += g[i] * d[i];
            most = fmax(most, fabs(d[i]));
        }
        double h = 1.0 / 64 / most, change = loss_at(&r, r.golden->start, d, h) - loss_at(&r, r.golden->start, d, -h);
        worst = fmax(worst, fabs(change / (2 * h) / along - 1));
        least = fmin(least, change / f);
    }
    printf("  off by %.1e where the loss changes by at least %.1e\n", worst, least);
    assert_true(worst <= 1e-2);
    free(g);
    free(d);
    golden_run_close(&r);
}

/* ---- The watch ---- */

/* A device that computes rightly passes; one whose third convolution has other weights than it should is named with its layer. */
static void watch(void **state)
{
    golden_run r;
    nscl_error error = {0};
    (void)state;
    golden_run_open(&r, "gatys.json", NULL);
    golden_run_set(&r.run, r.golden->start);
    golden_run_evaluate(&r.run, NULL); /* packs the weights */
    nscl_watch(&r.run, r.run.x);
    assert_int_equal(nscl_context_status(test_ctx, &error), NSCL_OK);
    r.weights->conv[2].kernel[5] += 1; /* the host's, which the reference takes */
    nscl_watch(&r.run, r.run.x);
    assert_int_equal(nscl_context_status(test_ctx, &error), NSCL_BAD_DEVICE);
    printf("  %s\n", error.text);
    assert_non_null(strstr(error.text, "relu2_1"));
    golden_run_close(&r);
}

/* ---- Memory that is known before it is taken ---- */

/* The plan is what a run then takes, but for pairs of the history that it had no time for. */
static void memory_plan(void **state)
{
    static const char *const planned[] = {"gatys.json", "neural_style.json", "keras_lbfgs.json", "tf2_adam.json"};
    (void)state;
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) {
        golden_run r;
        nscl_error error = {0};
        golden_run_read(&r, planned[i]);
        r.settings.iterations = 6;
        r.settings.lbfgs_history = 2; /* full after the first few */
        nscl_context_status(test_ctx, NULL);
        nscl_scratch_free(test_ctx); /* of the tests before */
        size_t before = test_ctx->bytes;
        test_ctx->peak_bytes = before;
        assert_int_equal(nscl_run_prepare(&r.run, test_ctx, r.weights, &r.settings, &r.job, &error), NSCL_OK);
        int h = r.run.h, w = r.run.w;
        assert_int_equal(nscl_run_optimise(&r.run), NSCL_OK);
        size_t taken = test_ctx->peak_bytes - before;
        nscl_run_release(&r.run);

        nscl_run run = {.ctx = test_ctx, .weights = r.weights, .settings = &r.settings, .job = &r.job, .rules = nscl_preset_of(r.settings.preset)};
        run.network =
            nscl_network_create(test_ctx, r.weights, r.weights->conv_count < 14 ? r.weights->conv_count : 14, r.settings.pooling, r.settings.pool_round_up);
        size_t held = test_ctx->bytes;
        nscl_memory_plan plan = nscl_memory_plan_of(&run, h, w);
        assert_int_equal(nscl_context_status(test_ctx, &error), NSCL_OK);
        assert_int_equal(test_ctx->bytes, held); /* nothing is left of the rehearsal */
        printf("  %-18s %zu bytes planned, %zu taken, largest buffer %zu\n", planned[i], plan.bytes - before, taken, plan.largest);
        assert_true(plan.bytes - before >= taken);
        assert_true((double)(plan.bytes - before) <= 1.1 * (double)taken);
        assert_true(plan.largest < plan.bytes);
        nscl_network_free(run.network);
        nscl_weights_free(r.weights);
        golden_close(r.golden);
    }
}

/* ---- Feature maps of 16-bit floats ---- */

/* Whether the device has them; says so if not. */
static int half_possible(void)
{
    nscl_error error = {0};
    nscl_status status = nscl_precision_set(test_ctx, NSCL_PRECISION_FP16_STORAGE, &error);
    nscl_precision_set(test_ctx, NSCL_PRECISION_FP32, NULL);
    if (status == NSCL_OK)
        return 1;
    assert_int_equal(status, NSCL_BAD_ARGUMENT);
    printf("  skipped: %s\n", error.text);
    return 0;
}

/* The same loss but for roundings to 11 bits, some 1e-4 a layer. Such a change takes one value in some thousands across a ReLU's
 * kink or to another maximum of a pooling, which turns up to a tenth of the gradient aside and leaves what lies along it. And where
 * gradients outgrow the format later, the same again with a lower scale. */
static void half_losses(void **state)
{
    (void)state;
    if (!half_possible())
        skip();
    for (int i = 0; i < CASES; i++) {
        golden_run r;
        golden_run_read(&r, cases[i]);
        r.settings.precision = NSCL_PRECISION_FP16_STORAGE;
        golden_run_prepare(&r, NULL);
        size_t n = r.golden->count;
        double *gradient = calloc(n, sizeof *gradient), *again = calloc(n, sizeof *again), loss = golden_run_evaluate(&r.run, gradient);
        double scale = r.run.loss.scale, terms = 0;
        for (int k = 0; k < r.run.term_count; k++)
            for (int j = 0; j < r.golden->term_count; j++)
                if (strcmp(r.run.terms[k].name, r.golden->terms[j].name) == 0)
                    terms = fmax(terms, fabs(r.run.terms[k].value / r.golden->terms[j].value - 1));
        double all = golden_distance(gradient, r.golden->gradient, n), along = 0, square = 0;
        for (size_t k = 0; k < n; k++) {
            along += gradient[k] * r.golden->gradient[k];
            square += r.golden->gradient[k] * r.golden->gradient[k];
        }
        printf("  %-22s terms off by %.1e, gradient by %.1e, along itself by %.1e; scale %g\n", cases[i], terms, all, fabs(along / square - 1), scale);
        assert_true(terms <= 1e-2);
        assert_true(fabs(loss - r.golden->loss) <= 5e-3 * r.golden->loss);
        assert_true(fabs(along / square - 1) <= 3e-2);
        assert_true(all <= 0.15);
        r.run.loss.scale *= 0x1p20;
        double second = golden_run_evaluate(&r.run, again);
        assert_true(r.run.loss.scale < 0x1p20 * scale);
        assert_true(second == loss);
        assert_true(golden_distance(again, gradient, n) <= 5e-3);
        free(gradient);
        free(again);
        golden_run_close(&r);
    }
    nscl_precision_set(test_ctx, NSCL_PRECISION_FP32, NULL);
}

/* Features past the format's end are an error that names the way out. */
static void half_overflow(void **state)
{
    (void)state;
    golden_run r;
    nscl_error error = {0};
    if (!half_possible())
        skip();
    golden_run_read(&r, "gatys.json");
    nscl_conv_weights *second = &r.weights->conv[1];
    for (size_t i = 0; i < (size_t)second->cin * (size_t)second->cout * 9; i++)
        second->kernel[i] *= 3000;
    r.settings.precision = NSCL_PRECISION_FP16_STORAGE;
    golden_run_prepare(&r, NULL);
    cl_mem g = nscl_buffer_zero(test_ctx, r.run.problem.n * sizeof(float));
    nscl_problem_evaluate(&r.run.problem, g, r.run.x, NULL, NULL, NULL, 0);
    nscl_buffer_free(test_ctx, g);
    assert_int_equal(nscl_context_status(test_ctx, &error), NSCL_BAD_NUMBER);
    assert_non_null(strstr(error.text, "fp32"));
    golden_run_close(&r);
    nscl_precision_set(test_ctx, NSCL_PRECISION_FP32, NULL);
}

/* Whole runs on the published network, by Adam: L-BFGS's searches turn any two orders of summation into different paths, those
 * of floats as well. */
enum { TRACE = 50 };

static int keep_loss(const nscl_progress *progress, void *user)
{
    double *losses = user;
    if (progress->evaluation <= TRACE)
        losses[progress->evaluation - 1] = progress->loss;
    return 0;
}

static void half_trace(void **state)
{
    static const char *const names[] = {"weights/vgg19_composite_keras_layout_notop.h5", "pictures/content/golden_gate.jpg", "pictures/style/the_scream.jpg"};
    const char *data = getenv("NSCL_TEST_DATA");
    char paths[3][512];
    double losses[2][TRACE] = {{0}}, worst = 0;
    nscl_error error = {0};
    nscl_weights *weights = NULL;
    nscl_picture content, style, out;
    (void)state;
    if (test_check.small || !half_possible())
        skip();
    for (int i = 0; i < 3; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", data ? data : "", names[i]);
    if (nscl_weights_open(&weights, paths[0], &error) != NSCL_OK) {
        printf("  skipped: %s\n", error.text);
        skip();
    }
    assert_int_equal(nscl_picture_read(&content, paths[1], 0, &error), NSCL_OK);
    assert_int_equal(nscl_picture_read(&style, paths[2], 0, &error), NSCL_OK);
    for (int half = 0; half < 2; half++) {
        nscl_settings settings;
        nscl_job job = {.content = &content, .styles = &style, .style_count = 1, .progress = keep_loss, .user = losses[half]};
        nscl_settings_init(&settings, NSCL_PRESET_GATYS);
        settings.short_side = 64;
        settings.iterations = TRACE;
        settings.optimizer = NSCL_ADAM;
        settings.learning_rate = 2;
        settings.precision = half ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32;
        if (nscl_paint(test_ctx, weights, &settings, &job, &out, &error) != NSCL_OK)
            fail_msg("%s", error.text);
        nscl_picture_free(&out);
    }
    nscl_precision_set(test_ctx, NSCL_PRECISION_FP32, NULL);
    nscl_picture_free(&content);
    nscl_picture_free(&style);
    nscl_weights_free(weights);
    for (int i = 0; i < TRACE; i++)
        worst = fmax(worst, fabs(losses[1][i] / losses[0][i] - 1));
    printf("  loss %.4g to %.4g, with 16 bits off by at most %.1e\n", losses[0][0], losses[0][TRACE - 1], worst);
    assert_true(worst <= 1e-2);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[NSCL_CONV_ALGORITHMS + SLOPES + 5];
    size_t n = 0;
    int status = test_open();
    if (status)
        return status;
    for (uintptr_t a = 0; a < NSCL_CONV_ALGORITHMS; a++)
        if (a != NSCL_CONV_IMAGE)
            tests[n++] = (struct CMUnitTest){nscl_conv_names[a], golden_losses, NULL, NULL, (void *)a};
    for (int i = 0; i < SLOPES; i++)
        tests[n++] = (struct CMUnitTest){slopes[i].name, slope, NULL, NULL, (void *)(uintptr_t)&slopes[i]};
    tests[n++] = (struct CMUnitTest){"watch", watch, NULL, NULL, NULL};
    tests[n++] = (struct CMUnitTest){"memory plan", memory_plan, NULL, NULL, NULL};
    if (!test_is_skipped("half losses"))
        tests[n++] = (struct CMUnitTest){"half losses", half_losses, NULL, NULL, NULL};
    tests[n++] = (struct CMUnitTest){"half overflow", half_overflow, NULL, NULL, NULL};
    tests[n++] = (struct CMUnitTest){"half trace", half_trace, NULL, NULL, NULL};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("style", tests, n, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
