/* Saving a run between two steps, and going on from there. A state belongs to one content picture, paintings, initial
 * picture, network and settings, apart from the number of iterations, which may be raised: any others are refused. */
#ifndef NSCL_STYLE_STATE_H
#define NSCL_STYLE_STATE_H

#include "style.h"

/* nscl_problem's `between`: saves the run where the job asks for that and it is time. A state that cannot be written is
 * told and no more: the run is worth more. `user` is the nscl_run. */
void nscl_run_between(void *user, nscl_exchange_fn exchange, void *optimiser);

/* Opens the job's resume_file for the optimiser, and takes from it what is the run's own. The run is prepared. */
nscl_status nscl_run_resume(nscl_run *run, nscl_error *error);

#endif
