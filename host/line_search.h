/* The strong Wolfe line search (Nocedal and Wright, algorithms 3.5 and 3.6, with cubic interpolation safeguarded as in
 * Mark Schmidt's minFunc, whose steps torch.optim.LBFGS takes too). Scalars only: the caller evaluates and keeps the
 * gradients. */
#ifndef NSCL_LINE_SEARCH_H
#define NSCL_LINE_SEARCH_H

typedef struct nscl_point {
    double t;     /* step */
    double f;     /* value there */
    double slope; /* directional derivative there */
    int gradient; /* which of the caller's gradient buffers holds the gradient */
} nscl_point;

/* Evaluates at step t; fills *point. Returns 0 when the work must end (budget spent, asked to stop, failure), after
 * which point->f is only valid if it is finite. `keep` are the gradient buffers that must not be overwritten. */
typedef int (*nscl_trial_fn)(void *user, double t, const int keep[2], nscl_point *point);

/* Searches from `start` (t 0, slope < 0) beginning with the already evaluated `first`. Returns the best point that
 * satisfies the conditions, or else the lowest found, which may be `start`. *not_finite is set where a value was not. */
nscl_point nscl_wolfe_search(nscl_point start, nscl_point first, nscl_trial_fn trial, void *user, int *not_finite);

#endif
