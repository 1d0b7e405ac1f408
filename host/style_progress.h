/* What a run tells after each evaluation, and the picture that it has come to. */
#ifndef NSCL_STYLE_PROGRESS_H
#define NSCL_STYLE_PROGRESS_H

#include "style.h"

/* nscl_problem's `report`; `user` is the nscl_run. */
int nscl_run_report(void *user, cl_mem x, double loss, const char *note);

/* The variable of the result, if the run ended with the latest evaluation: x, or the best of the preset that keeps it. */
cl_mem nscl_run_result(const nscl_run *run, cl_mem x);

#endif
