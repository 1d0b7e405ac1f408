/* A function computed on the host, in double, as a problem that the optimisers minimise on the device; what they do is
 * kept evaluation by evaluation.
 *
 *     host_problem *p = host_problem_open(&host_rosenbrock, NULL, 10, NSCL_LBFGS_SLOTS(5));
 *     ... p->fault_at = 3; ...
 *     nscl_lbfgs_run(&p->problem, p->x, &settings);
 *     ... p->losses[0 .. p->count) ...
 *     host_problem_close(p); */
#ifndef HOST_PROBLEM_H
#define HOST_PROBLEM_H

#include "optim.h"
#include "test.h"

typedef struct host_function {
    const char *name;
    double (*value)(void *state, const double *x, double *g, size_t n); /* and its gradient */
    void (*start)(void *state, double *x, size_t n);
    double minimum; /* of every element where the function is least; least is 0 */
} host_function;

extern const host_function host_quadratic;  /* curvatures 1 to 1000 */
extern const host_function host_rosenbrock; /* pairs of elements; the last of an odd number counts nothing */
extern const host_function host_flat;       /* 3 everywhere */

enum { HOST_MOST = 4096 }; /* evaluations that are kept */

typedef struct host_problem {
    nscl_problem problem;
    cl_mem x;
    const host_function *function;
    void *state; /* the function's own */
    size_t n;
    /* Faults: `fault` instead of the loss at evaluation fault_at (from 1), and wherever |x - start| is over `radius`
     * (0: nowhere); in the gradient, too, or there alone where gradient_only. */
    double fault, radius;
    int fault_at, gradient_only;
    int stop_at; /* report asks to stop at this evaluation */
    double *start;
    double *visited; /* (evaluations, n): where to keep the vectors evaluated, HOST_MOST at most; NULL: nowhere */
    double loss;     /* of the present evaluation */
    /* By evaluation: the function's own value, what was reported, the value at the vector shown, the note. */
    int count;
    double losses[HOST_MOST], reported[HOST_MOST], shown[HOST_MOST];
    const char *notes[HOST_MOST];
} host_problem;

host_problem *host_problem_open(const host_function *function, void *state, size_t n, int slots);
void host_problem_close(host_problem *p);

/* The vector's values (n; malloc'ed), the function's value there, and the largest distance from the minimum. */
double *host_problem_values(const host_problem *p, cl_mem x);
double host_problem_value(const host_problem *p, cl_mem x);
double host_problem_distance(const host_problem *p, cl_mem x);
int host_problem_notes(const host_problem *p);

#endif
