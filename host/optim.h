/* Minimising a function of a device vector. An optimiser sees only the vector, the loss and the gradient; vectors stay
 * on the device, and one read an evaluation brings the scalars (the loss's sums and the optimiser's own dot products). */
#ifndef NSCL_OPTIM_H
#define NSCL_OPTIM_H

#include "ops.h"
#include "state.h"

/* Stores an optimiser's state, or takes what is stored. */
typedef void (*nscl_exchange_fn)(void *optimiser, nscl_state *state);

typedef struct nscl_problem {
    nscl_context *ctx;
    size_t n;                                                /* floats of a vector, whole blocks (nscl_vector_floats) */
    cl_mem sums;                                             /* (first_slot + what the optimiser wants, NSCL_PARTIALS) */
    int first_slot;                                          /* slots before it are the loss's */
    int evaluations;                                         /* done so far */
    void (*evaluate)(void *user, cl_mem gradient, cl_mem x); /* enqueues */
    double (*loss)(void *user, const double *sums);          /* from one value a slot */
    size_t elements;                                         /* of a vector, padding not counted */
    /* After each evaluation: the loss there, and the vector to show (the iterate the loss is of for Adam, or the mean that it
     * was asked for; for L-BFGS the one that x would become if it ended here). Non-zero asks to stop. note: NULL, or what happened. */
    int (*report)(void *user, cl_mem x, double loss, const char *note);
    /* Called between steps, where all that decides the rest of the run is in x and in what `exchange` names: the time to save it. NULL:
     * not. */
    void (*between)(void *user, nscl_exchange_fn exchange, void *optimiser);
    nscl_state *resume; /* go on from there instead of beginning; NULL: begin */
    void *user;
} nscl_problem;

/* A loss this many times the highest accepted before is an explosion: no step of a working optimiser leads there. */
#define NSCL_EXPLOSION 1e3

/* Slots each optimiser wants after the loss's. */
#define NSCL_ADAM_SLOTS 0
#define NSCL_LBFGS_SLOTS(history) (3 + 2 * (history))

/* One evaluation: the loss at x, gradient to g, and to values[k] the sums of `extra` slots after the loss's, which
 * `also` (may be NULL) enqueues. Not finite where the loss is not; INFINITY after a device failure. */
double nscl_problem_evaluate(nscl_problem *p, cl_mem g, cl_mem x, void (*also)(void *state), void *state, double *values, int extra);

typedef struct nscl_lbfgs_settings {
    int evaluations; /* at most, counted from 1; never stops before by itself */
    int history;
    nscl_line_search line_search;
    double learning_rate; /* first trial step (1), or the step where line_search is none */
    /* v = H0 v in place, H0 symmetric and positive. NULL: the identity. With one, s and y are kept in bfloat16, rounded: half the
     * memory, and of its traffic; without, in floats, so that the steps are torch.optim.LBFGS's. */
    void (*precondition)(void *state, cl_mem v);
    void *precondition_state;
    double first_change; /* root mean square change of the first steepest-descent trial; 0: the step is min(1, 1 / |g|_1) */
    /* The first guess of the inverse Hessian is this times s . y / y . H0 y of the newest pair, which is too short: it
     * follows the sharpest bends that y has a share of. 0 or 1: as the textbook has it. */
    double guess_scale;
    int round; /* evaluations after which the history is dropped each time, and the next step is that first guess times -H0 g; 0: never */
} nscl_lbfgs_settings;

/* Limited-memory BFGS (Nocedal and Wright, algorithm 7.4) with the strong Wolfe line search of algorithm 3.5 and 3.6 with
 * cubic interpolation, or with a fixed step; both take the steps of torch.optim.LBFGS. x is improved in place.
 * NSCL_CANCELLED where report asked to stop, NSCL_BAD_NUMBER where the loss is not finite at the start. */
nscl_status nscl_lbfgs_run(nscl_problem *problem, cl_mem x, const nscl_lbfgs_settings *settings);
/* Bytes that an element of s or y takes, and the option of the kernels that touch them (cl/optim.cl). */
size_t nscl_lbfgs_pair_bytes(int preconditioned);
const char *nscl_lbfgs_pair_option(int preconditioned);

typedef struct nscl_adam_settings {
    int steps;
    double learning_rate, beta1, beta2, eps;
    nscl_adam_form form;
    double ema;                               /* 0: x ends as the last iterate; else as the mean of all steps', each counting `ema` times the next */
    void (*constrain)(void *state, cl_mem x); /* enqueued after each step: puts x back where it may be; NULL: anywhere */
    void *constrain_state;
    int first; /* step to begin with: those before it were made elsewhere */
} nscl_adam_settings;

/* Adam (Kingma and Ba, 2015): `steps` steps and one last evaluation, so steps + 1 evaluations. */
nscl_status nscl_adam_run(nscl_problem *problem, cl_mem x, const nscl_adam_settings *settings);

#endif
