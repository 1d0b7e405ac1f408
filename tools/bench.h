/* What nscl-bench is asked and what it finds. */
#ifndef BENCH_H
#define BENCH_H

#include <stdio.h>

#include "bench_problem.h"
#include "measure.h"
#include "tool_options.h"

enum { BENCH_MOST_SIZES = 32, BENCH_MOST_PAIRS = 32 };

typedef struct bench_options {
    int sizes[BENCH_MOST_SIZES];
    int size_count;
    int evaluations; /* timed, after two that are not */
    int pairs;
    const char *device, *network, *algorithm, *precision;
    const char *peer_python, *peer_script, *peer_arguments;
    const char *sweep;   /* SVG file; NULL: no sweep */
    const char *kernels; /* folder of kernels to compare with; NULL: none */
    int products;        /* tell the products inside fused convolutions from their transforms */
    int json;
} bench_options;

typedef enum bench_operation { BENCH_CONV_FWD, BENCH_CONV_BWD, BENCH_GRAM_FWD, BENCH_GRAM_BWD, BENCH_OPERATIONS } bench_operation;

typedef struct bench_layer {
    char name[16];
    const char *algorithm;
    double arithmetic; /* share of direct convolution's multiply-adds that the algorithm does */
    double flop;       /* of direct convolution, one direction */
    double seconds[2]; /* forward, data gradient */
    /* Beside other kernels, where they are compared: ours, and the median of their seconds / ours. 0: not measured. */
    double ours[BENCH_OPERATIONS], ratio[BENCH_OPERATIONS];
} bench_layer;

typedef struct bench_peer {
    int pairs;
    double ratio; /* median of peer's seconds / ours */
    double ours[BENCH_MOST_PAIRS], peers[BENCH_MOST_PAIRS];
    char mode[256], version[64]; /* of the last run */
} bench_peer;

typedef struct bench_result {
    int size, evaluations;
    double seconds, least, most; /* an evaluation: median and range */
    int layer_count;
    bench_layer layer[NSCL_MAX_CONVS];
    double kind[NSCL_STEPS], apart;            /* seconds by kind of operation; in all */
    double flop;                               /* direct convolution's, both directions */
    double conv_bound, gram_bound, copy_bound; /* seconds at the limits */
    double traffic;                            /* bytes that cannot be avoided */
    double product_seconds, product_flop;      /* of the products inside fused convolutions; 0: not measured */
    double weight_bytes, scratch_bytes, peak_bytes;
    double pixel_bytes, history_bytes; /* a pixel: all but the weights and the history; the history's */
    const char *kernels;               /* folder that the layers' ratios are of; NULL: none */
    double predicted_bytes;            /* peak without scratch by measure_memory_of; 0: another network */
    bench_peer peer;
} bench_result;

/* Fills *o from the command line: 0 to go on, else the status to exit with plus one. */
int bench_read_options(bench_options *o, int argc, char **argv);

/* Bounds, from the network's shapes and the device's limits. */
void bench_bounds(bench_result *r, const bench_problem *p, const measure_limits *limits);

nscl_status bench_set_precision(nscl_context *ctx, const bench_options *o, nscl_error *error);

/* Runs the convolution of layer i, on whatever its activations hold. */
void bench_run_layer(bench_problem *p, int i, int backward);

/* Compares the kernels of o->kernels with ours, operation by operation, into the layers' ratios. The layers must be known; the
 * activations are overwritten. */
nscl_status bench_compare_kernels(bench_problem *ours, const bench_options *o, const nscl_weights *weights, bench_result *r, nscl_error *error);

/* Times the products inside fused convolutions. The layers must be known; the activations are overwritten. */
void bench_take_products(bench_problem *p, bench_result *r);

/* Seconds an evaluation of the peer at `size`; 0 with an error. Mode and version to *peer. */
double bench_peer_run(bench_peer *peer, const bench_options *o, const nscl_context *ctx, int size, nscl_error *error);

void bench_print_device(const nscl_context *ctx, const measure_limits *limits, const char *network);
void bench_print(const bench_result *r, const measure_limits *limits);
void bench_print_sweep(const bench_result *results, int count);
/* One object on stdout: what is measured of each size in "sizes", and the last size's also at its top. */
void bench_print_json(const nscl_context *ctx, const measure_limits *limits, const char *network, const bench_result *results, int count);

/* Seconds and bytes a pixel over the size, as a picture. */
nscl_status bench_plot(const char *path, const char *title, const bench_result *results, int count, nscl_error *error);

#endif
