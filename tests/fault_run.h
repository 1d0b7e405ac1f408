/* A short run of the program beside a failing driver (fault_layer.h), and what came of it. */
#ifndef NSCL_FAULT_RUN_H
#define NSCL_FAULT_RUN_H

#include "fault_layer.h"
#include "golden_run.h"

enum { FAULT_EVALUATIONS = 3 };

/* Other ways to convolve differ by less after so few evaluations, root mean square, in 16-bit samples: a tenth of a grey level. Single
 * samples may differ by more, as Adam's first steps go by the signs of gradients, be they ever so small: so it takes short ones. */
#define FAULT_TOLERATED 25.7

typedef struct fault_heard {
    char warning[1024]; /* the latest, or the first note of an evaluation */
    int reports;        /* evaluations */
    double first, last; /* losses of these */
} fault_heard;

typedef struct fault_attempt {
    nscl_status status;
    nscl_error error;
    nscl_picture picture;
    fault_heard heard;
} fault_attempt;

/* The run of tests/golden/NAME, of FAULT_EVALUATIONS. */
void fault_short_run(golden_run *r, const char *name);

/* Paints on an open device. */
void fault_paint_on(fault_attempt *a, const golden_run *r, nscl_context *ctx);
/* Sets the fault, opens a device, paints, and fails the test where objects of OpenCL are left. The caller frees the picture. */
fault_attempt fault_paint(const golden_run *r, const char *fault, int fallback);
/* The same on the device that other runs had, and others will have. */
fault_attempt fault_paint_again(const golden_run *r, const char *fault);

/* Of the samples, root mean square. */
double fault_difference(const nscl_picture *a, const nscl_picture *b);
/* Whether the run ended with a picture, which must then be the same; else with an error, which must say what failed. */
int fault_finished(const fault_attempt *a, const nscl_picture *wanted, const char *fault, const char *code);

#endif
