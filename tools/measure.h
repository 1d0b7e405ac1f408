/* What a device can do, measured: the limits (multiply-adds, copying) that other rates are held against, and rates of
 * the program's own work. Shared by nscl-probe and nscl-bench.
 *
 * A failure of the device is left in the context (nscl_context_status tells and clears it); the figure is then 0. */
#ifndef MEASURE_H
#define MEASURE_H

#include "conv.h"

/* Sorts v; its median; 0 for none. */
double measure_median(double *v, int n);

/* Enqueues `run` again and again for about `budget` seconds after a first time that does not count (kernels are built
 * then). Median seconds of one; the least to *best, which may be NULL. */
double measure_seconds(nscl_context *ctx, void (*run)(void *user), void *user, double budget, double *best);

typedef struct measure_limits {
    double gflops;     /* single-precision multiply-adds, two operations each: the best of several */
    int width;         /* floats of the vectors that gave it */
    double gbytes;     /* copying, read and written bytes counted: the best of several */
    double copied_mib; /* size of each buffer */
} measure_limits;

/* Multiply-adds only, `seconds` at most; keeps the better of this and what *limits holds. */
void measure_fma(nscl_context *ctx, measure_limits *limits, double seconds);
void measure_copy(nscl_context *ctx, measure_limits *limits, double seconds);

typedef struct measure_rate {
    size_t m, n, k;   /* product: (m, n) of depth k; convolution: m x n pixels */
    const char *how;  /* convolution: the algorithm */
    double gflops[2]; /* product: [0]; convolution: forward, data gradient, as direct convolution counts */
} measure_rate;

/* CLBlast, (m, n) of depth k or as much less as keeps one product below about `seconds`. */
void measure_gemm(nscl_context *ctx, measure_rate *rate, size_t m, size_t n, size_t k, double seconds);
/* A layer of `cin` to `cout` channels at side x side or as much less, by the algorithm the program would use. */
void measure_conv(nscl_context *ctx, measure_rate *rate, int cin, int cout, int side, double seconds);

/* Share of direct convolution's multiply-adds that an algorithm does: 36 of 144 for F(4x4, 3x3). */
double measure_arithmetic(nscl_conv_algorithm algorithm);

/* Device memory of preset gatys on VGG-19 to relu5_1 (README: memory), following activations.c, loss.c and lbfgs.c. */
typedef struct measure_memory {
    double weights;     /* bytes whatever the picture: packed weights, forward and backward */
    double grams;       /* Gram matrices */
    double activations; /* bytes a pixel */
    double gradients;   /* on the way back: what does not fit in activations no longer needed */
    double targets;     /* features of the content */
    double vectors;     /* the optimiser's, the picture and the content */
    double history;     /* of L-BFGS */
} measure_memory;

/* `algorithm` decides the size of the packed weights, `history` that of the optimiser's. */
measure_memory measure_memory_of(const nscl_context *ctx, nscl_conv_algorithm algorithm, int history);
/* Bytes a pixel in all. */
double measure_memory_pixel(const measure_memory *memory);
/* Most pixels whose work fits, leaving `spare` bytes free; *limit says by what. */
double measure_memory_most(const nscl_context *ctx, const measure_memory *memory, double spare, const char **limit);

#endif
