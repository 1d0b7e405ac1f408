/* The optimisers at their limits: known minima, flat functions, values that are not finite, and being asked to stop. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host_problem.h"

enum { HISTORY = 10, ELEMENTS = 45 }; /* not a whole number of blocks */

typedef enum method { WOLFE, FIXED, ADAM, METHODS } method;
static const char *const method_names[METHODS] = {"Wolfe", "fixed step", "Adam"};

static host_problem *open_for(const host_function *f, size_t n)
{
    return host_problem_open(f, NULL, n, NSCL_LBFGS_SLOTS(HISTORY));
}

/* Adam makes one evaluation more than steps. */
static nscl_status minimise(host_problem *p, method m, int evaluations, double rate)
{
    nscl_lbfgs_settings l = {.evaluations = evaluations, .history = HISTORY, .line_search = m == WOLFE ? NSCL_WOLFE : NSCL_FIXED_STEP, .learning_rate = rate};
    nscl_adam_settings a = {evaluations - 1, rate, 0.9, 0.999, 1e-8, NSCL_ADAM_TENSORFLOW, 0, NULL, NULL, 0};
    return m == ADAM ? nscl_adam_run(&p->problem, p->x, &a) : nscl_lbfgs_run(&p->problem, p->x, &l);
}

/* ---- Known minima ---- */

typedef struct minimum_case {
    const char *name;
    const host_function *function;
    method method;
    int evaluations;
    double rate, left, distance; /* of the first loss, and of the elements: what may be left */
} minimum_case;

/* Gradients in single precision find a minimum of curvature 1 to about the roundings of x, 1e-6 or so. Adam's last
 * steps are as large as its rate allows. */
static const minimum_case minima[] = {
    {"quadratic, Wolfe", &host_quadratic, WOLFE, 300, 1, 1e-9, 1e-3},    {"quadratic, fixed step", &host_quadratic, FIXED, 300, 1, 1e-9, 1e-3},
    {"quadratic, Adam", &host_quadratic, ADAM, 1000, 0.05, 1e-6, 5e-3},  {"Rosenbrock, Wolfe", &host_rosenbrock, WOLFE, 150, 1, 1e-9, 1e-3},
    {"Rosenbrock, Adam", &host_rosenbrock, ADAM, 2000, 0.05, 1e-4, 0.1},
};
enum { MINIMA = sizeof minima / sizeof *minima };

static void minimum(void **state)
{
    const minimum_case *c = *state;
    host_problem *p = open_for(c->function, ELEMENTS - ELEMENTS % 2);
    assert_int_equal(minimise(p, c->method, c->evaluations, c->rate), NSCL_OK);
    assert_int_equal(p->problem.evaluations, c->evaluations);
    double left = host_problem_value(p, p->x) / p->losses[0], distance = host_problem_distance(p, p->x);
    printf("  %s: %.1e of the loss left, elements within %.1e\n", c->name, left, distance);
    assert_true(left <= c->left);
    assert_true(distance <= c->distance);
    host_problem_close(p);
}

/* ---- Never stops by itself ---- */

static void never_stops(void **state)
{
    method m = (method)(uintptr_t)*state;
    host_problem *p = open_for(&host_flat, ELEMENTS);
    assert_int_equal(minimise(p, m, 60, 1), NSCL_OK);
    assert_int_equal(p->count, 60);
    double *x = host_problem_values(p, p->x);
    assert_memory_equal(x, p->start, p->n * sizeof *x);
    free(x);
    host_problem_close(p);

    /* From the minimum itself, and from near it into the roundings. */
    for (int near = 0; near < 2; near++) {
        p = open_for(&host_quadratic, ELEMENTS);
        float values[ELEMENTS];
        for (int i = 0; i < ELEMENTS; i++)
            values[i] = 3 + (near ? 1e-5f * (float)(i % 3) : 0);
        nscl_buffer_write(test_ctx, p->x, values, sizeof values);
        assert_int_equal(minimise(p, m, 300, m == ADAM ? 1e-6 : 1), NSCL_OK);
        assert_int_equal(p->count, 300);
        assert_true(host_problem_distance(p, p->x) <= (near ? 1e-4 : 0));
        assert_true(host_problem_value(p, p->x) <= p->losses[0]);
        host_problem_close(p);
    }
}

/* ---- Values that are not finite ---- */

static double lowest(const host_problem *p, int from, int to)
{
    double f = HUGE_VAL;
    for (int i = from; i < to; i++)
        if (isfinite(p->losses[i]))
            f = fmin(f, p->losses[i]);
    return f;
}

/* At evaluation k something is not finite: it is noted there, the vector shown is a good one before it, and 40 evaluations
 * later the loss is far below. */
static void fault(method m, double value, int k, int gradient_only)
{
    host_problem *p = open_for(&host_quadratic, ELEMENTS);
    p->fault = value;
    p->fault_at = k;
    p->gradient_only = gradient_only;
    nscl_status status = minimise(p, m, k + 40, m == ADAM ? 0.1 : 1);
    double before = lowest(p, 0, k - 1), after = lowest(p, k, p->count), left = host_problem_value(p, p->x);
    if (status != NSCL_OK || p->count != k + 40 || host_problem_notes(p) < 1 || !(left < 0.9 * before) || !(after < 0.9 * before))
        fail_msg("%s, %g at evaluation %d%s: status %d, %d evaluations, %d notes, loss %g before, %g after, %g left", method_names[m], value, k,
                 gradient_only ? " in the gradient" : "", (int)status, p->count, host_problem_notes(p), before, after, left);
    for (int i = 0; i < p->count; i++)
        if (!isfinite(p->shown[i]) || !isfinite(p->reported[i]))
            fail_msg("%s, %g at evaluation %d: shows loss %g and reports %g at %d", method_names[m], value, k, p->shown[i], p->reported[i], i + 1);
    if (!gradient_only) {
        assert_non_null(p->notes[k - 1]);
        int met = 0; /* the vector shown there is one that was evaluated before */
        for (int i = 0; i < k - 1; i++)
            met |= fabs(p->shown[k - 1] / p->losses[i] - 1) < 1e-5;
        assert_true(met);
    }
    host_problem_close(p);
}

static void faults(void **state)
{
    method m = (method)(uintptr_t)*state;
    for (int k = 2; k <= 12; k++) {
        fault(m, (double)NAN, k, 0);
        fault(m, (double)INFINITY, k, 0);
        fault(m, -(double)INFINITY, k, 0);
        fault(m, (double)NAN, k, 1);
    }
}

/* A loss that leaps a million times the highest before is taken back by those that have no line search, and is told with that evaluation. */
static void explosion(void **state)
{
    method m = (method)(uintptr_t)*state;
    for (int k = 3; k <= 12; k += 3) {
        host_problem *p = open_for(&host_quadratic, ELEMENTS);
        p->fault = 1e6 * host_problem_value(p, p->x);
        p->fault_at = k;
        assert_int_equal(minimise(p, m, k + 40, m == ADAM ? 0.1 : 1), NSCL_OK);
        const char *note = p->notes[k - 1];
        assert_true(m == WOLFE || (note && strstr(note, "exploded")));
        assert_true(p->losses[k - 1] == p->fault);
        assert_true(host_problem_value(p, p->x) < 0.9 * lowest(p, 0, k - 1));
        host_problem_close(p);
    }
}

/* Not a number wherever a step leads further than `radius` from the start, which bars the way to the minimum: the best
 * within is found as far as it goes, and nothing that is not finite is kept. */
static void barrier(void **state)
{
    method m = (method)(uintptr_t)*state;
    for (double radius = 0.01; radius < 20; radius *= 7) {
        host_problem *p = open_for(&host_quadratic, ELEMENTS);
        p->radius = radius;
        assert_int_equal(minimise(p, m, 150, 1), NSCL_OK);
        assert_int_equal(p->count, 150);
        double left = host_problem_value(p, p->x), square = 0, *x = host_problem_values(p, p->x);
        for (size_t i = 0; i < p->n; i++)
            square += (x[i] - p->start[i]) * (x[i] - p->start[i]);
        printf("  %-10s radius %5.2f: %.3f of it used, loss %.3g of the first, %d notes\n", method_names[m], radius, sqrt(square) / radius, left / p->losses[0],
               host_problem_notes(p));
        assert_true(sqrt(square) <= radius * 1.000001);
        assert_true(left < p->losses[0]);
        assert_true(host_problem_notes(p) > 0);
        free(x);
        host_problem_close(p);
    }
}

static void bad_start(void **state)
{
    method m = (method)(uintptr_t)*state;
    for (int gradient_only = 0; gradient_only <= (m != ADAM); gradient_only++) { /* Adam looks at the loss alone */
        host_problem *p = open_for(&host_quadratic, ELEMENTS);
        nscl_error error = {0};
        p->fault_at = 1;
        p->gradient_only = gradient_only;
        assert_int_equal(minimise(p, m, 10, 1), NSCL_BAD_NUMBER);
        assert_int_equal(nscl_context_status(test_ctx, &error), NSCL_BAD_NUMBER);
        assert_non_null(strstr(error.text, "not finite at the start"));
        double *x = host_problem_values(p, p->x);
        assert_memory_equal(x, p->start, p->n * sizeof *x);
        free(x);
        host_problem_close(p);
    }
}

/* ---- Asked to stop ---- */

static void stopped(void **state)
{
    method m = (method)(uintptr_t)*state;
    for (int k = 1; k <= 10; k++) {
        host_problem *p = open_for(&host_quadratic, ELEMENTS);
        p->stop_at = k;
        assert_int_equal(minimise(p, m, 50, m == ADAM ? 0.1 : 1), NSCL_CANCELLED);
        assert_int_equal(p->count, k);
        assert_true(host_problem_value(p, p->x) <= p->losses[0]);
        if (m == WOLFE) /* keeps the lowest it has met */
            assert_true(host_problem_value(p, p->x) <= lowest(p, 0, k) * (1 + 1e-5));
        host_problem_close(p);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void **state);
    } each[] = {{"never stops", never_stops}, {"faults", faults},       {"explosion", explosion},
                {"barrier", barrier},         {"bad start", bad_start}, {"stopped", stopped}};
    enum { EACH = sizeof each / sizeof *each };
    struct CMUnitTest tests[MINIMA + EACH * METHODS];
    char names[EACH * METHODS][40];
    size_t n = 0;
    int status = test_open();
    if (status)
        return status;
    for (int i = 0; i < MINIMA; i++)
        tests[n++] = (struct CMUnitTest){minima[i].name, minimum, NULL, NULL, (void *)(uintptr_t)&minima[i]};
    for (size_t i = 0; i < EACH; i++)
        for (size_t m = 0; m < METHODS; m++) {
            snprintf(names[n - MINIMA], sizeof names[0], "%s, %s", each[i].name, method_names[m]);
            tests[n] = (struct CMUnitTest){names[n - MINIMA], each[i].run, NULL, NULL, (void *)m};
            n++;
        }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("optim limits", tests, n, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
