/* See host_problem.h. */
#include "host_problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Functions ---- */

static double quadratic(void *state, const double *x, double *g, size_t n)
{
    (void)state;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double a = pow(1000, (double)i / (double)(n - 1)), d = x[i] - 3;
        g[i] = a * d;
        sum += a * d * d / 2;
    }
    return sum;
}

static void quadratic_start(void *state, double *x, size_t n)
{
    (void)state;
    for (size_t i = 0; i < n; i++)
        x[i] = i % 2 ? -1.5 : 5;
}

static double rosenbrock(void *state, const double *x, double *g, size_t n)
{
    (void)state;
    double sum = 0;
    for (size_t i = 0; i + 1 < n; i += 2) {
        double a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
        g[i] = -2 * a - 400 * b * x[i];
        g[i + 1] = 200 * b;
        sum += a * a + 100 * b * b;
    }
    if (n % 2)
        g[n - 1] = 0; /* an odd one out counts nothing */
    return sum;
}

static void rosenbrock_start(void *state, double *x, size_t n)
{
    (void)state;
    for (size_t i = 0; i < n; i++)
        x[i] = i % 2 ? 1 : -1.2;
}

static double flat(void *state, const double *x, double *g, size_t n)
{
    (void)state;
    (void)x;
    for (size_t i = 0; i < n; i++)
        g[i] = 0;
    return 3;
}

const host_function host_quadratic = {"quadratic", quadratic, quadratic_start, 3};
const host_function host_rosenbrock = {"Rosenbrock", rosenbrock, rosenbrock_start, 1};
const host_function host_flat = {"flat", flat, quadratic_start, 0};

/* ---- The problem ---- */

double *host_problem_values(const host_problem *p, cl_mem x)
{
    float *values = malloc(p->problem.n * sizeof *values);
    double *out = malloc(p->n * sizeof *out);
    assert_true(values && out);
    nscl_buffer_read(p->problem.ctx, values, x, p->problem.n * sizeof *values);
    for (size_t i = 0; i < p->n; i++)
        out[i] = (double)values[i];
    /* The padding takes part in the device's dot products: it must stay zero. */
    for (size_t i = p->n; i < p->problem.n; i++)
        assert_true(values[i] == 0);
    free(values);
    return out;
}

static int faulty(const host_problem *p, const double *x)
{
    double square = 0;
    for (size_t i = 0; i < p->n; i++)
        square += (x[i] - p->start[i]) * (x[i] - p->start[i]);
    return p->problem.evaluations + 1 == p->fault_at || (p->radius > 0 && !(square <= p->radius * p->radius));
}

static void evaluate(void *user, cl_mem gradient, cl_mem x)
{
    host_problem *p = user;
    double *at = host_problem_values(p, x), *g = malloc(p->n * sizeof *g);
    float *values = calloc(p->problem.n, sizeof *values);
    assert_true(g && values);
    int bad = faulty(p, at);
    if (p->visited && p->problem.evaluations < HOST_MOST)
        memcpy(p->visited + (size_t)p->problem.evaluations * p->n, at, p->n * sizeof *at);
    p->loss = p->function->value(p->state, at, g, p->n);
    if (bad && !p->gradient_only)
        p->loss = p->fault;
    for (size_t i = 0; i < p->n; i++)
        values[i] = bad ? (float)p->fault : (float)g[i];
    nscl_buffer_write(p->problem.ctx, gradient, values, p->problem.n * sizeof *values);
    free(at);
    free(g);
    free(values);
}

static double loss(void *user, const double *sums)
{
    (void)sums;
    return ((const host_problem *)user)->loss;
}

static int report(void *user, cl_mem x, double value, const char *note)
{
    host_problem *p = user;
    if (p->count < HOST_MOST) {
        p->losses[p->count] = p->loss;
        p->reported[p->count] = value;
        p->shown[p->count] = host_problem_value(p, x);
        p->notes[p->count++] = note;
    }
    assert_int_equal(p->count, p->problem.evaluations);
    return p->problem.evaluations == p->stop_at;
}

host_problem *host_problem_open(const host_function *function, void *state, size_t n, int slots)
{
    host_problem *p = calloc(1, sizeof *p);
    size_t block = (size_t)test_ctx->block, padded = (n + block - 1) / block * block;
    float *values = calloc(padded, sizeof *values);
    assert_true(p && values);
    p->function = function;
    p->state = state;
    p->n = n;
    p->fault = (double)NAN;
    p->start = calloc(n, sizeof *p->start);
    function->start(state, p->start, n);
    for (size_t i = 0; i < n; i++) {
        values[i] = (float)p->start[i];
        p->start[i] = (double)values[i];
    }
    p->x = nscl_buffer_copy(test_ctx, values, padded * sizeof *values);
    p->problem = (nscl_problem){.ctx = test_ctx, .n = padded, .evaluate = evaluate, .loss = loss, .elements = n, .report = report, .user = p};
    p->problem.sums = nscl_buffer_zero(test_ctx, (size_t)(slots ? slots : 1) * NSCL_PARTIALS * sizeof(float));
    free(values);
    return p;
}

void host_problem_close(host_problem *p)
{
    nscl_error error = {0};
    nscl_buffer_free(test_ctx, p->x);
    nscl_buffer_free(test_ctx, p->problem.sums);
    free(p->start);
    free(p);
    if (nscl_context_status(test_ctx, &error) != NSCL_OK)
        fail_msg("%s", error.text);
}

double host_problem_value(const host_problem *p, cl_mem x)
{
    double *at = host_problem_values(p, x), *g = malloc(p->n * sizeof *g), f = p->function->value(p->state, at, g, p->n);
    free(at);
    free(g);
    return f;
}

double host_problem_distance(const host_problem *p, cl_mem x)
{
    double *at = host_problem_values(p, x), most = 0;
    for (size_t i = 0; i < p->n; i++)
        most = isfinite(at[i]) ? fmax(most, fabs(at[i] - p->function->minimum)) : HUGE_VAL;
    free(at);
    return most;
}

int host_problem_notes(const host_problem *p)
{
    int n = 0;
    for (int i = 0; i < p->count; i++)
        n += p->notes[i] != NULL;
    return n;
}
