/* The presets' own optimisers with their own constants, from golden starts: TensorFlow's Adam step by step, and SciPy's L-BFGS-B
 * round by round. And the starts they choose. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden_run.h"

enum { MOST = 512 };

typedef struct trace {
    double losses[MOST];
    int count;
} trace;

static int keep(const nscl_progress *p, void *user)
{
    trace *t = user;
    assert_null(p->note);
    assert_true(t->count < MOST);
    t->losses[t->count++] = p->loss;
    return 0;
}

static trace run_preset(golden_run *r, const char *name, int iterations)
{
    trace t = {.count = 0};
    golden_run_read(r, name);
    assert_true(iterations <= r->settings.iterations);
    r->settings.iterations = iterations;
    r->job.progress = keep;
    r->job.user = &t;
    golden_run_prepare(r, NULL);
    assert_int_equal(nscl_run_optimise(&r->run), NSCL_OK);
    return t;
}

/* Rate, betas, eps, units and box are the preset's. Steps of tf2-adam are up to 5 grey levels by a gradient's sign, and absolute
 * differences have a kink at each equal pair: roundings grow tenfold every other step. */
static void adam(void **state)
{
    golden_run r;
    trace t = run_preset(&r, *state, 10);
    size_t n, count;
    double *want = golden_numbers(r.golden->root, "adam.losses", &n), *x = golden_numbers(r.golden->root, "adam.x", &count), worst = 0, early = 0, off = 0,
           moved = 0;
    float *got = calloc(r.run.problem.n, sizeof *got);
    assert_int_equal(n, t.count);
    assert_int_equal(count, r.run.problem.elements);
    for (size_t i = 0; i < n; i++) {
        double now = fabs(t.losses[i] / want[i] - 1);
        worst = fmax(worst, now);
        early = i < 4 ? fmax(early, now) : early;
    }
    nscl_buffer_read(test_ctx, got, r.run.x, r.run.problem.n * sizeof *got);
    for (size_t i = 0; i < count; i++) {
        off += ((double)got[i] - x[i]) * ((double)got[i] - x[i]);
        moved += (x[i] - r.golden->start[i]) * (x[i] - r.golden->start[i]);
    }
    printf("  %s: losses off by at most %.1e, the first four by %.1e, the picture by %.1e of its change\n", (const char *)*state, worst, early,
           sqrt(off / moved));
    assert_true(early <= 1e-5);
    assert_true(worst <= 1e-3);
    assert_true(sqrt(off / moved) <= 3e-2);
    free(want);
    free(x);
    free(got);
    golden_run_close(&r);
}

/* Each round ends within 5 % of SciPy's or lower. These small problems have many valleys, and where a run ends depends on its first
 * step; on VGG-19 with a photograph each of four rounds ended 7 to 16 % lower (tools/compare_scipy.py NSCL DATA 4). */
static void rounds(void **state)
{
    golden_run r;
    trace t = run_preset(&r, *state, ((const char *)*state)[6] == 'l' ? 300 : 200);
    size_t n;
    double *want = golden_numbers(r.golden->root, "scipy.losses", &n), worst = 0;
    int length = (int)golden_number(r.golden->root, "scipy.evaluations"), all = t.count / length;
    assert_int_equal(r.settings.round_iterations, length);
    assert_int_equal(t.count, r.settings.iterations);
    assert_true(all > 1 && all <= (int)n);
    printf("  %s, loss over SciPy's:", (const char *)*state);
    for (int round = 0; round < all; round++) {
        double least = INFINITY; /* the last trial of a round need not be its best */
        for (int i = 0; i < (round + 1) * length; i++)
            least = fmin(least, t.losses[i]);
        printf(" %.3f", least / want[round]);
        worst = fmax(worst, least / want[round]);
    }
    printf("\n");
    assert_true(worst <= 1.05);
    free(want);
    golden_run_close(&r);
}

/* What the variable holds at the start. */
typedef struct start_case {
    const char *golden;
    double low, high, mean, deviation; /* of the noise; deviation 0: the content */
} start_case;

static const start_case starts[] = {
    {"keras_lbfgs.json", -128, 97, -15.5, 225 / 3.4641016},
    {"keras_vgg16.json", 0, 0, 0, 0},
    {"tf2_adam.json", 0, 0, 0, 0},
    {"vgg19_adam.json", -6, 6, 0, 1},
    {"neural_style.json", -1.6, 1.6, 0, 0.256},
};

static void start(void **state)
{
    const start_case *c = *state;
    golden_run r;
    nscl_error error = {0};
    golden_run_read(&r, c->golden);
    if (nscl_run_prepare(&r.run, test_ctx, r.weights, &r.settings, &r.job, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    size_t n = r.run.problem.elements, m = n / 3;
    double low = INFINITY, high = -INFINITY, sum = 0, squares = 0, off = 0;
    float *x = calloc(r.run.problem.n, sizeof *x);
    nscl_buffer_read(test_ctx, x, r.run.x, r.run.problem.n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        double v = (double)x[i], content = (double)((uint8_t *)r.golden->content.samples)[i % m * 3 + i / m] - (double)r.run.network->mean[i / m];
        low = fmin(low, v);
        high = fmax(high, v);
        sum += v;
        squares += v * v;
        off = fmax(off, fabs(v - content));
    }
    double mean = sum / (double)n, deviation = sqrt(squares / (double)n - mean * mean);
    printf("  %s: %.3f to %.3f, mean %.3f, deviation %.3f\n", c->golden, low, high, mean, deviation);
    if (c->deviation > 0) { /* four standard errors */
        assert_true(low >= c->low && high < c->high);
        assert_true(fabs(mean - c->mean) <= 4 * c->deviation / sqrt((double)n));
        assert_true(fabs(deviation / c->deviation - 1) <= 4 / sqrt(2 * (double)n));
    } else
        assert_true(off <= 1e-5);
    free(x);
    golden_run_close(&r);
}

int main(int argc, char **argv)
{
    enum { STARTS = sizeof starts / sizeof *starts };
    struct CMUnitTest tests[4 + STARTS] = {
        {"tf2-adam", adam, NULL, NULL, "tf2_adam.json"},
        {"vgg19-adam", adam, NULL, NULL, "vgg19_adam.json"},
        {"keras-lbfgs", rounds, NULL, NULL, "keras_lbfgs.json"},
        {"keras-vgg16", rounds, NULL, NULL, "keras_vgg16.json"},
    };
    for (int i = 0; i < STARTS; i++)
        tests[4 + i] = (struct CMUnitTest){starts[i].golden, start, NULL, NULL, (void *)(uintptr_t)&starts[i]};
    int status = test_open();
    if (status)
        return status;
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("presets", tests, 4 + STARTS, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
