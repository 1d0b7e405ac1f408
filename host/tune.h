/* Finding out what is fast: convolution algorithms held against a naive sum in double, then against each other by the
 * clock. Used by nscl-tune, candidate by candidate in child processes, and within the process at a device's first use. */
#ifndef NSCL_TUNE_H
#define NSCL_TUNE_H

#include "network.h"
#include "tuning.h"

#define NSCL_TUNE_NMSE 1e-8 /* squared error over squares that a result may have; F(6x6) in single precision has 1e-10 */

typedef struct nscl_tune_layer {
    int cin, cout, h, w;
} nscl_tune_layer;

typedef struct nscl_tune_result {
    int good;          /* agrees with the reference and was timed; else `why` */
    double seconds[2]; /* forward, data gradient: medians */
    double nmse;       /* the worse of both */
    char why[160];
} nscl_tune_result;

/* Times an algorithm on a layer, each direction for about `budget` seconds and at least three times. One whose first
 * runs of both directions take over twice `behind` seconds (0: no limit) is given up. Leaves no error in the context. */
nscl_tune_result nscl_tune_measure(nscl_context *ctx, const nscl_tune_layer *layer, nscl_conv_algorithm algorithm, double behind, double budget);

/* The best of the algorithms, or -1 if none is good: the fastest over both directions, but one that comes earlier in
 * nscl_conv_algorithm where the difference is below 3 %, which clocks do not tell. */
int nscl_tune_best(const nscl_tune_result results[NSCL_CONV_ALGORITHMS]);

typedef struct nscl_tune_choice {
    nscl_tune_layer layer;
    nscl_conv_algorithm algorithm;
} nscl_tune_choice;

/* Rows for what was chosen, sorted in place; malloc'ed, NULL without memory. Between two sizes of a layer the border is their
 * geometric mean; the smallest reaches down to half its side, the largest up to twice. */
char *nscl_tune_rows(nscl_tune_choice *choices, int count);

enum { NSCL_TUNE_SECONDS = 5 }; /* of the first use */

/* On a device for which there are no rows: measures for `seconds` at most (but for compilers, which cannot be stopped), logs
 * it, keeps the rows in ctx and in the user's file, and returns 1. Else 0: where there are rows or a user's file, where
 * there is nothing to choose or no place to keep it, on emulated devices, with NSCL_TUNE=off or NSCL_FEATURES set. */
int nscl_tune_first(nscl_context *ctx, const nscl_tune_layer *layers, int count, double seconds);
/* The same for the layers of a network on pictures of h x w. */
int nscl_tune_network(const nscl_network *network, int h, int w);

/* Sets of parameters worth trying for CLBlast's products: lines of rows. */
int nscl_tune_clblast_count(void);
const char *nscl_tune_clblast_rows(int index);

#endif
