/* The whole loss: against the golden files and, where NSCL_TEST_DATA has it, on the published network; its gradient
 * along directions; and whole runs of nscl_paint. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden_run.h"

/* ---- Golden losses ---- */

static const char *const cases[] = {"gatys.json", "gatys_avg.json", "neural_style.json", "neural_style_avg.json"};
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

int main(int argc, char **argv)
{
    struct CMUnitTest tests[NSCL_CONV_ALGORITHMS + SLOPES];
    size_t n = 0;
    int status = test_open();
    if (status)
        return status;
    for (uintptr_t a = 0; a < NSCL_CONV_ALGORITHMS; a++)
        if (a != NSCL_CONV_IMAGE)
            tests[n++] = (struct CMUnitTest){nscl_conv_names[a], golden_losses, NULL, NULL, (void *)a};
    for (int i = 0; i < SLOPES; i++)
        tests[n++] = (struct CMUnitTest){slopes[i].name, slope, NULL, NULL, (void *)(uintptr_t)&slopes[i]};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("style", tests, n, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
