/* The judge of a whole network and of a whole loss, in double: the chain of tests/ref.c's operations over a network's
 * weights, and the losses of the presets as their formulas read. Planar (c, h, w) arrays; everything is malloc'ed. */
#ifndef REF_NETWORK_H
#define REF_NETWORK_H

#include "weights.h"

typedef struct ref_network {
    int depth, round_up;
    nscl_pooling pooling;
    int cin[NSCL_MAX_CONVS], cout[NSCL_MAX_CONVS], starts_block[NSCL_MAX_CONVS], h[NSCL_MAX_CONVS], w[NSCL_MAX_CONVS];
    double *kernel[NSCL_MAX_CONVS], *bias[NSCL_MAX_CONVS];
    double *before[NSCL_MAX_CONVS], *relu[NSCL_MAX_CONVS], *pooled[NSCL_MAX_CONVS]; /* of the latest picture */
    double mean[3];                                                                 /* RGB */
} ref_network;

/* The first `depth` convolutions for pictures of h x w. The weights must be of our own format: RGB minus mean. */
ref_network *ref_network_create(const struct nscl_weights *weights, int depth, nscl_pooling pooling, int round_up, int h, int w);
void ref_network_free(ref_network *n);

/* x (3, h, w) minus the mean. */
void ref_network_fwd(ref_network *n, const double *x);
/* dx = gradient where dz[layer] is the terms' own gradient before that layer's ReLU, NULL where there is no term. */
void ref_network_bwd(const ref_network *n, double *dx, double *const *dz);

typedef struct ref_term {
    int layer, before, style;
    double weight;                   /* as the user gave it */
    double *target[NSCL_MAX_STYLES]; /* features, or a Gram matrix a style picture */
} ref_term;

typedef struct ref_loss {
    nscl_settings settings;
    ref_network *network;
    int styles, terms;
    ref_term term[2 * NSCL_MAX_LAYERS];
    double value[2 * NSCL_MAX_LAYERS + 1]; /* by term, total variation last */
} ref_loss;

/* 8-bit RGB pictures, used at their own sizes. */
ref_loss *ref_loss_create(const struct nscl_weights *weights, const nscl_settings *settings, const nscl_picture *content, const nscl_picture *styles,
                          int count);
void ref_loss_free(ref_loss *loss);
/* The loss at x (3, h, w), 0..255 minus the mean; its gradient to g. */
double ref_loss_eval(ref_loss *loss, double *g, const double *x);

#endif
