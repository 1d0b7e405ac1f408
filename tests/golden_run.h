/* A golden case on the device, prepared as nscl_paint does it, with the golden start as its variable.
 *
 *     golden_run r;
 *     golden_run_open(&r, "gatys.json", NULL);
 *     loss = golden_run_evaluate(&r, gradient);  ... r.run.terms, r.golden->terms ...
 *     golden_run_close(&r);
 *
 * A failure on the way fails the running test. */
#ifndef GOLDEN_RUN_H
#define GOLDEN_RUN_H

#include "golden.h"
#include "style.h"
#include "test.h"

/* A way to compute: fast paths of the device, and the convolution of every layer that can take it. */
typedef struct golden_way {
    const char *name;
    unsigned features;
    nscl_conv_algorithm algorithm;
} golden_way;

golden_way golden_way_of(nscl_conv_algorithm algorithm);

typedef struct golden_run {
    golden_case *golden;
    nscl_weights *weights;
    nscl_settings settings;
    nscl_job job;
    unsigned features; /* the device's own, put back at the end */
    nscl_run run;
} golden_run;

/* way NULL: as the device suggests. */
void golden_run_open(golden_run *r, const char *name, const golden_way *way);
/* The same in two steps, for settings that differ from the golden ones in between. */
void golden_run_read(golden_run *r, const char *name);
void golden_run_prepare(golden_run *r, const golden_way *way);
void golden_run_close(golden_run *r);

/* Scales of the style pictures that leave them as large as they are. */
void golden_scales(nscl_settings *s, const nscl_picture *content, const nscl_picture *styles, int count);

/* Writes the variable: n values (3, h, w). */
void golden_run_set(nscl_run *run, const double *x);
/* The loss there and, unless NULL, the gradient (3, h, w). */
double golden_run_evaluate(nscl_run *run, double *gradient);

/* |a - b| over |b|, Euclidean, and the largest difference over the largest |b|. */
double golden_distance(const double *a, const double *b, size_t n);
double golden_distance_most(const double *a, const double *b, size_t n);
/* The relative difference of the term of that name, which must be there; and the worst of all, which must be the same ones. */
double golden_term_off(const nscl_term *got, int got_count, const nscl_term *want);
double golden_terms_off(const nscl_term *got, int got_count, const nscl_term *want, int want_count);

#endif
