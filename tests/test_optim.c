/* The optimisers: against the golden traces, which PyTorch and TensorFlow's formula gave, and against L-BFGS as the
 * textbook has it, in double. What happens at their limits is in test_optim_limits.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "golden_run.h"
#include "host_problem.h"
#include "line_search.h"
#include "precondition.h"
#include "reference_network.h"

/* ---- Golden traces ---- */

/* The loss and gradient of these come from the reference, in double: within the line search's first steps, which change
 * the loss by 1e-4 of itself, its roundings in single precision would decide which way the search takes. */
typedef struct golden_problem {
    golden_run golden;
    nscl_ref_loss *loss;
} golden_problem;

static double golden_value_at(void *state, const double *x, double *g, size_t n)
{
    (void)n;
    return nscl_ref_loss_eval(((golden_problem *)state)->loss, g, x);
}

static void golden_start(void *state, double *x, size_t n)
{
    memcpy(x, ((golden_problem *)state)->golden.golden->start, n * sizeof *x);
}

static const host_function golden_function = {"golden", golden_value_at, golden_start, 0};

static host_problem *golden_problem_open(golden_problem *g, const char *name, int slots)
{
    golden_run_read(&g->golden, name);
    const golden_case *c = g->golden.golden;
    g->loss = nscl_ref_loss_create(g->golden.weights, &g->golden.settings, &c->content, c->styles, c->style_count);
    assert_non_null(g->loss);
    return host_problem_open(&golden_function, g, c->count, slots);
}

static void golden_problem_close(golden_problem *g, host_problem *p)
{
    host_problem_close(p);
    nscl_ref_loss_free(g->loss);
    golden_run_close(&g->golden);
}

/* The reference itself, against the golden file: both are in double, the file has 8 digits of the gradient. */
static void golden_reference(void **state)
{
    golden_problem g;
    host_problem *p = golden_problem_open(&g, *state, 0);
    const golden_case *c = g.golden.golden;
    double *gradient = calloc(c->count, sizeof *gradient), loss = nscl_ref_loss_eval(g.loss, gradient, c->start);
    double off = golden_distance_most(gradient, c->gradient, c->count);
    printf("  %s: loss off by %.1e, gradient by %.1e\n", (const char *)*state, fabs(loss / c->loss - 1), off);
    assert_true(fabs(loss / c->loss - 1) <= 1e-10);
    assert_true(off <= 1e-7);
    free(gradient);
    golden_problem_close(&g, p);
}

static void compare_trace(const golden_problem *g, const host_problem *p, const char *key, size_t most)
{
    size_t n;
    double *want = golden_numbers(g->golden.golden->root, key, &n), worst = 0;
    assert_int_equal(p->count, n);
    assert_int_equal(host_problem_notes(p), 0);
    for (size_t i = 0; i < n && i < most; i++)
        worst = fmax(worst, fabs(p->losses[i] / want[i] - 1));
    printf("  %-20s %zu losses off by at most %.1e\n", key, n < most ? n : most, worst);
    assert_true(worst <= 2e-6);
    free(want);
}

static void golden_adam(void **state)
{
    golden_problem g;
    host_problem *p = golden_problem_open(&g, *state, NSCL_ADAM_SLOTS);
    const json_t *in = g.golden.golden->root;
    nscl_adam_settings s = {10,
                            golden_number(in, "adam.learning_rate"),
                            golden_number(in, "adam.beta1"),
                            golden_number(in, "adam.beta2"),
                            golden_number(in, "adam.eps"),
                            NSCL_ADAM_TENSORFLOW,
                            0,
                            NULL,
                            NULL,
                            0};
    assert_int_equal(nscl_adam_run(&p->problem, p->x, &s), NSCL_OK);
    compare_trace(&g, p, "adam.losses", 11);
    size_t n;
    double *want = golden_numbers(in, "adam.x", &n), *got = host_problem_values(p, p->x), worst = 0;
    assert_int_equal(n, p->n);
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs(got[i] - want[i]));
    /* Ten steps of up to 10 grey levels; a step is the gradient's sign where it is small, so that roundings grow there. */
    printf("  adam.x off by at most %.1e grey levels\n", worst);
    assert_true(worst <= 5e-4);
    free(want);
    free(got);
    golden_problem_close(&g, p);
}

static void golden_lbfgs(const char *name, const char *key, nscl_line_search search, int evaluations, size_t most)
{
    golden_problem g;
    host_problem *p = golden_problem_open(&g, name, NSCL_LBFGS_SLOTS(100));
    nscl_lbfgs_settings s = {.evaluations = evaluations, .history = 100, .line_search = search, .learning_rate = 1};
    assert_int_equal(nscl_lbfgs_run(&p->problem, p->x, &s), NSCL_OK);
    compare_trace(&g, p, key, most);
    golden_problem_close(&g, p);
}

/* The same with the device's own loss. A kink that is passed on the other side, as roundings decide, changes these by 4e-4. */
static int keep(const nscl_progress *p, void *user)
{
    double *losses = user;
    assert_null(p->note);
    assert_true(p->evaluation <= 11);
    losses[p->evaluation - 1] = p->loss;
    return 0;
}

static void golden_device(void **state)
{
    double losses[11] = {0}, worst = 0;
    size_t n;
    golden_run r;
    golden_run_read(&r, *state);
    r.job.progress = keep;
    r.job.user = losses;
    golden_run_prepare(&r, NULL);
    double *want = golden_numbers(r.golden->root, "adam.losses", &n);
    nscl_adam_settings s = {10, golden_number(r.golden->root, "adam.learning_rate"), 0.9, 0.999, 1e-8, NSCL_ADAM_TENSORFLOW, 0, NULL, NULL, 0};
    assert_int_equal(nscl_adam_run(&r.run.problem, r.run.x, &s), NSCL_OK);
    assert_int_equal(n, 11);
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, fabs(losses[i] / want[i] - 1));
    printf("  adam.losses of the device off by at most %.1e\n", worst);
    assert_true(worst <= 2e-3);
    free(want);
    golden_run_close(&r);
}

static void golden_fixed(void **state)
{
    /* The first step of neural-style meets negative curvature, and no pair is kept. torch.optim then tries the whole gradient,
     * ours a short step again: they part there, on purpose. */
    golden_lbfgs(*state, "lbfgs_fixed.losses", NSCL_FIXED_STEP, 10, strcmp(*state, "gatys.json") == 0 ? 10 : 2);
}

static void golden_wolfe(void **state)
{
    golden_lbfgs(*state, "lbfgs_wolfe.losses", NSCL_WOLFE, 12, 12);
}

/* ---- The textbook's L-BFGS ---- */

enum { MOST = 64, STEPS = 40, SAME = 18 };
static const double FIRST_CHANGE = 0.01, GUESS_SCALE = 1.5;

typedef struct textbook {
    const host_function *function;
    size_t n;
    double x[MOST], d[MOST], g[3][MOST], s[STEPS][MOST], y[STEPS][MOST], sy[STEPS];
    int pairs; /* made in all: only the last `history` are used, but none is forgotten, so that there is no ring */
    int history, evaluations, wanted, current, count;
    int h, w; /* of the picture for the pyramid of the given ratio; 0: none */
    double ratio, losses[STEPS + 64];
    const double *visited; /* (evaluations, n): go on from these, whatever was found; NULL: from what was found */
} textbook;

static void textbook_precondition(const textbook *b, double *v)
{
    double work[MOST];
    if (b->h)
        nscl_ref_pyramid_apply(v, work, b->h, b->w, b->ratio);
}

static int textbook_trial(void *user, double t, const int kept[2], nscl_point *point)
{
    textbook *b = user;
    double at[MOST];
    int into = 0;
    while (into == kept[0] || into == kept[1])
        into++;
    nscl_ref_step_to(at, b->x, b->d, b->n, t);
    *point = (nscl_point){t, b->function->value(NULL, at, b->g[into], b->n), 0, into};
    b->losses[b->evaluations] = point->f;
    if (b->visited)
        point->f = b->function->value(NULL, b->visited + (size_t)b->evaluations * b->n, b->g[into], b->n);
    b->evaluations++;
    point->slope = nscl_ref_dot_product(b->g[into], b->d, b->n);
    return b->evaluations < b->wanted;
}

/* Nocedal and Wright, algorithm 7.4. */
static void textbook_direction(textbook *b)
{
    double alpha[STEPS];
    const double *g = b->g[b->current];
    int from = b->pairs > b->history ? b->pairs - b->history : 0;
    for (size_t i = 0; i < b->n; i++)
        b->d[i] = -g[i];
    for (int k = b->pairs - 1; k >= from; k--) {
        alpha[k] = nscl_ref_dot_product(b->s[k], b->d, b->n) / b->sy[k];
        nscl_ref_axpby(b->d, b->y[k], b->n, -alpha[k], 1);
    }
    textbook_precondition(b, b->d);
    if (b->pairs) {
        const double *y = b->y[b->pairs - 1];
        double hy[MOST];
        memcpy(hy, y, b->n * sizeof *hy);
        textbook_precondition(b, hy);
        double scale = (b->h ? GUESS_SCALE : 1) * b->sy[b->pairs - 1] / nscl_ref_dot_product(y, hy, b->n);
        for (size_t i = 0; i < b->n; i++)
            b->d[i] *= scale;
    }
    for (int k = from; k < b->pairs; k++)
        nscl_ref_axpby(b->d, b->s[k], b->n, alpha[k] - nscl_ref_dot_product(b->y[k], b->d, b->n) / b->sy[k], 1);
}

static void textbook_run(textbook *b, nscl_line_search search)
{
    int not_finite = 0, same[2] = {0, 0};
    double f = b->function->value(NULL, b->x, b->g[0], b->n);
    b->losses[b->evaluations++] = f;
    double first_step = fmin(1, 1 / nscl_ref_sum_absolute(b->g[0], b->n));
    if (b->h) {
        double hg[MOST];
        memcpy(hg, b->g[0], b->n * sizeof *hg);
        textbook_precondition(b, hg);
        first_step = FIRST_CHANGE * sqrt((double)b->n / nscl_ref_dot_product(hg, hg, b->n));
    }
    while (b->evaluations < b->wanted) {
        textbook_direction(b);
        nscl_point start = {0, f, nscl_ref_dot_product(b->g[b->current], b->d, b->n), b->current}, to;
        same[0] = same[1] = b->current;
        int more = textbook_trial(b, b->pairs ? 1 : first_step, same, &to);
        if (search == NSCL_WOLFE && more)
            to = nscl_wolfe_search(start, to, textbook_trial, b, &not_finite);
        nscl_ref_lbfgs_pair(b->s[b->pairs], b->y[b->pairs], b->d, b->g[to.gradient], b->g[b->current], b->n, to.t);
        b->sy[b->pairs] = nscl_ref_dot_product(b->s[b->pairs], b->y[b->pairs], b->n);
        /* As pairs are kept with a preconditioner. */
        for (size_t i = 0; b->h && i < b->n; i++) {
            b->s[b->pairs][i] = nscl_ref_bfloat16(b->s[b->pairs][i]);
            b->y[b->pairs][i] = nscl_ref_bfloat16(b->y[b->pairs][i]);
        }
        b->pairs++;
        nscl_ref_step_to(b->x, b->x, b->d, b->n, to.t);
        if (b->visited)
            memcpy(b->x, b->visited + (size_t)(b->evaluations - 1) * b->n, b->n * sizeof *b->x);
        b->current = to.gradient;
        f = to.f;
    }
}

typedef struct history_case {
    const char *name;
    const host_function *function;
    int history;
    nscl_line_search search;
    int h, w;    /* 0: not preconditioned, 21 elements */
    int follows; /* the textbook takes each step from where the device was: fixed steps amplify what one rounding of a pair the other way does */
} history_case;

static const history_case histories[] = {
    {"history 1, Wolfe", &host_quadratic, 1, NSCL_WOLFE, 0, 0, 0},
    {"history 2, Wolfe", &host_quadratic, 2, NSCL_WOLFE, 0, 0, 0},
    {"history 5, Wolfe", &host_quadratic, 5, NSCL_WOLFE, 0, 0, 0},
    {"history 5, Wolfe, Rosenbrock", &host_rosenbrock, 5, NSCL_WOLFE, 0, 0, 0},
    {"history 5, Wolfe, pyramid", &host_quadratic, 5, NSCL_WOLFE, 4, 5, 0},
    {"history 1, fixed step", &host_quadratic, 1, NSCL_FIXED_STEP, 0, 0, 0},
    {"history 2, fixed step", &host_quadratic, 2, NSCL_FIXED_STEP, 0, 0, 0},
    {"history 5, fixed step", &host_quadratic, 5, NSCL_FIXED_STEP, 0, 0, 0},
    {"history 5, fixed step, pyramid", &host_quadratic, 5, NSCL_FIXED_STEP, 4, 5, 1},
};
enum { HISTORIES = sizeof histories / sizeof *histories };

static void history(void **state)
{
    const history_case *c = *state;
    textbook *b = calloc(1, sizeof *b);
    size_t n = c->h ? (size_t)(3 * c->h * c->w) : 21;
    double *visited = calloc(STEPS * n, sizeof *visited);
    host_problem *p = host_problem_open(c->function, NULL, n, NSCL_LBFGS_SLOTS(c->history));
    *b = (textbook){.function = c->function, .n = n, .history = c->history, .wanted = STEPS, .h = c->h, .w = c->w, .ratio = 1.5};
    memcpy(b->x, p->start, b->n * sizeof *b->x);
    p->visited = visited;
    nscl_lbfgs_settings s = {.evaluations = STEPS, .history = c->history, .line_search = c->search, .learning_rate = 1};
    nscl_pyramid pyramid = nscl_pyramid_create(test_ctx, c->h, c->w, b->ratio);
    if (c->h) {
        s.precondition = nscl_pyramid_apply;
        s.precondition_state = &pyramid;
        s.first_change = FIRST_CHANGE;
        s.guess_scale = GUESS_SCALE;
    }
    assert_int_equal(nscl_lbfgs_run(&p->problem, p->x, &s), NSCL_OK);
    nscl_pyramid_free(&pyramid);
    assert_int_equal(p->count, STEPS);
    b->visited = c->follows ? visited : NULL;
    textbook_run(b, c->search);
    /* Later the roundings of the device's vectors have grown to where a line search decides otherwise. */
    double worst = 0;
    for (int i = 0; i < SAME; i++)
        worst = fmax(worst, fabs(p->losses[i] / b->losses[i] - 1));
    printf("  %-30s %d of %d losses off by at most %.1e\n", c->name, SAME, STEPS, worst);
    assert_true(worst <= 1e-3);
    assert_true(fabs(host_problem_value(p, p->x)) <= 1e-3 * p->losses[0]);
    host_problem_close(p);
    free(visited);
    free(b);
}

/* Both places of eps and the moving average against Kingma and Ba's algorithm 1 in double. With eps near the root the two forms part. */
static void adam_forms(void **state)
{
    (void)state;
    enum { N = 10, MOVES = 12 };
    double b1 = 0.9, b2 = 0.99, lr = 0.1, eps = 20, decay = 0.8, ends[2][2] = {{0}};
    for (int form = 0; form < 2; form++)
        for (int averaged = 0; averaged < 2; averaged++) {
            nscl_adam_settings s = {MOVES, lr, b1, b2, eps, (nscl_adam_form)form, averaged ? decay : 0, NULL, NULL, 0};
            host_problem *p = host_problem_open(&host_quadratic, NULL, N, NSCL_ADAM_SLOTS);
            double x[N], m[N] = {0}, v[N] = {0}, g[N], mean[N] = {0}, weight = 0, worst = 0;
            memcpy(x, p->start, sizeof x);
            for (int t = 1; t <= MOVES; t++) {
                double c1 = 1 - pow(b1, t), c2 = 1 - pow(b2, t);
                p->function->value(p->state, x, g, N);
                weight = decay * weight + 1 - decay;
                for (int i = 0; i < N; i++) {
                    m[i] = b1 * m[i] + (1 - b1) * g[i];
                    v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
                    x[i] -= form == NSCL_ADAM_PYTORCH ? lr * m[i] / c1 / (sqrt(v[i] / c2) + eps) : lr * sqrt(c2) / c1 * m[i] / (sqrt(v[i]) + eps);
                    mean[i] = decay * mean[i] + (1 - decay) * x[i];
                }
            }
            assert_int_equal(nscl_adam_run(&p->problem, p->x, &s), NSCL_OK);
            double *got = host_problem_values(p, p->x);
            for (int i = 0; i < N; i++)
                worst = fmax(worst, fabs(got[i] - (averaged ? mean[i] / weight : x[i])));
            printf("  %s form%s: off by at most %.1e\n", form == NSCL_ADAM_PYTORCH ? "PyTorch's" : "TensorFlow's", averaged ? ", averaged" : "", worst);
            assert_true(worst <= 2e-6);
            assert_true(fabs(p->shown[p->count - 1] / host_problem_value(p, p->x) - 1) <= 1e-5); /* what was shown last is what is left */
            ends[form][averaged] = got[0];
            free(got);
            host_problem_close(p);
        }
    assert_true(fabs(ends[0][0] - ends[1][0]) > 1e-3);
    assert_true(fabs(ends[0][0] - ends[0][1]) > 1e-3);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[11 + HISTORIES];
    size_t n = 0;
    int status = test_open();
    if (status)
        return status;
    for (int i = 0; i < 2; i++) {
        void *name = (void *)(uintptr_t)(i ? "neural_style.json" : "gatys.json");
        tests[n++] = (struct CMUnitTest){i ? "reference neural-style" : "reference gatys", golden_reference, NULL, NULL, name};
        tests[n++] = (struct CMUnitTest){i ? "adam neural-style" : "adam gatys", golden_adam, NULL, NULL, name};
        tests[n++] = (struct CMUnitTest){i ? "adam, device's loss, neural-style" : "adam, device's loss, gatys", golden_device, NULL, NULL, name};
        tests[n++] = (struct CMUnitTest){i ? "fixed step neural-style" : "fixed step gatys", golden_fixed, NULL, NULL, name};
        tests[n++] = (struct CMUnitTest){i ? "Wolfe neural-style" : "Wolfe gatys", golden_wolfe, NULL, NULL, name};
    }
    tests[n++] = (struct CMUnitTest){"adam's forms and average", adam_forms, NULL, NULL, NULL};
    for (int i = 0; i < HISTORIES; i++)
        tests[n++] = (struct CMUnitTest){histories[i].name, history, NULL, NULL, (void *)(uintptr_t)&histories[i]};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("optim", tests, n, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
