/* What a run will take of the device's memory, known before it takes any: the run is rehearsed with a context that counts
 * buffers and makes none, and enqueues nothing. The count is that of the code which will run, so there is no second
 * reckoning to keep in step. */
#ifndef NSCL_MEMORY_PLAN_H
#define NSCL_MEMORY_PLAN_H

#include "style.h"

typedef struct nscl_memory_plan {
    size_t bytes;   /* held at once, at most: weights, activations, targets, optimiser */
    size_t largest; /* single buffer */
} nscl_memory_plan;

/* Of the run with a result of h x w. The run has its network, and nothing else yet. A failure is left in the context. */
nscl_memory_plan nscl_memory_plan_of(const nscl_run *run, int h, int w);

/* Refuses a run that will not fit the device, or the job's max_memory, naming the largest size of the same shape that does. */
nscl_status nscl_memory_plan_check(const nscl_run *run, nscl_error *error);

/* After a run that ended because the device refused memory, or may have: adds to the error's text the largest size of the same shape that
 * would fit in what could be had. Else does nothing. The run gives back all but its network. */
void nscl_memory_plan_advise(nscl_run *run, nscl_error *error);

#endif
