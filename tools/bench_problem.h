/* The problem that is timed, the peer's: VGG-19 to relu5_1, five Gram matrices, content at relu4_2, squared total
 * variation, on random pictures of size x size; and an evaluation taken apart, operation by operation. */
#ifndef BENCH_PROBLEM_H
#define BENCH_PROBLEM_H

#include "loss.h"
#include "optim.h"

typedef struct bench_problem {
    nscl_context *ctx;
    nscl_network *network;
    int size, depth;
    nscl_loss loss;
    nscl_problem problem;
    cl_mem content; /* the picture that painting keeps: held here so that memory is what painting takes */
    cl_mem x, dx;
} bench_problem;

/* VGG-19 with He weights (the time does not depend on them), or a file. The caller frees *out with nscl_weights_free. */
nscl_status bench_weights(nscl_weights **out, const char *path, nscl_error *error);
/* Convolutions up to relu5_1; 0 with an error where the network has no such layer. */
int bench_depth(const nscl_weights *weights, nscl_error *error);

/* Memory, targets and a start for pictures of size x size. */
nscl_status bench_problem_open(bench_problem *p, nscl_context *ctx, nscl_network *network, const nscl_weights *weights, int size, nscl_error *error);
void bench_problem_close(bench_problem *p);

/* One evaluation with the read that an optimiser makes. Seconds. */
double bench_evaluate(bench_problem *p);

/* Bytes of packed weights and biases on the device. */
double bench_weight_bytes(const nscl_network *network);
/* Most device memory that painting with L-BFGS and no history takes at this size, by running it. Call last. */
double bench_peak_bytes(bench_problem *p);

enum { BENCH_MOST_STEPS = 96, BENCH_MOST_ROUNDS = 32 };

typedef struct bench_step {
    nscl_step kind;
    int layer;
    double samples[BENCH_MOST_ROUNDS]; /* seconds */
} bench_step;

typedef struct bench_steps {
    int count, rounds;
    bench_step step[BENCH_MOST_STEPS];
} bench_steps;

/* One more round: an evaluation that waits for the device after each operation; beyond BENCH_MOST_ROUNDS nothing. */
void bench_take_apart(bench_problem *p, bench_steps *steps);
/* Median of step i. */
double bench_step_seconds(const bench_steps *steps, int i);

#endif
