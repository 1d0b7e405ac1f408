/* The judge of a whole network and of a whole loss, in double: the chain of reference.c's operations over a network's
 * weights, and the losses of the presets as their formulas read. Planar (c, h, w) arrays; everything is malloc'ed. */
#ifndef NSCL_REFERENCE_NETWORK_H
#define NSCL_REFERENCE_NETWORK_H

#include "weights.h"

typedef struct nscl_ref_network {
    int depth, round_up;
    nscl_pooling pooling;
    int cin[NSCL_MAX_CONVS], cout[NSCL_MAX_CONVS], starts_block[NSCL_MAX_CONVS], h[NSCL_MAX_CONVS], w[NSCL_MAX_CONVS];
    double *kernel[NSCL_MAX_CONVS], *bias[NSCL_MAX_CONVS];
    double *before[NSCL_MAX_CONVS], *relu[NSCL_MAX_CONVS], *pooled[NSCL_MAX_CONVS]; /* of the latest picture */
    double *gradient[NSCL_MAX_CONVS], *pooled_gradient[NSCL_MAX_CONVS];
    double mean[3]; /* RGB */
} nscl_ref_network;

/* The first `depth` convolutions for pictures of h x w. The weights must be of our own format: RGB minus mean. NULL if they are
 * not, or without memory. */
nscl_ref_network *nscl_ref_network_create(const struct nscl_weights *weights, int depth, nscl_pooling pooling, int round_up, int h, int w);
void nscl_ref_network_free(nscl_ref_network *n);

/* x (3, h, w) minus the mean. */
void nscl_ref_network_fwd(nscl_ref_network *n, const double *x);
/* dx = gradient where dz[layer] is the terms' own gradient before that layer's ReLU, NULL where there is no term. */
void nscl_ref_network_bwd(nscl_ref_network *n, double *dx, double *const *dz);

typedef struct nscl_ref_term {
    int layer, before, style;
    double weight;                   /* as the user gave it */
    double *target[NSCL_MAX_STYLES]; /* features, or a Gram matrix a style picture */
} nscl_ref_term;

typedef struct nscl_ref_loss {
    nscl_settings settings;
    nscl_ref_network *network;
    int styles, terms;
    nscl_ref_term term[2 * NSCL_MAX_LAYERS];
    double *dz[NSCL_MAX_CONVS], *gram, *slope; /* of an evaluation */
    double value[2 * NSCL_MAX_LAYERS + 1];     /* by term, total variation last */
} nscl_ref_loss;

/* 8-bit RGB pictures, used at their own sizes. NULL without memory. */
nscl_ref_loss *nscl_ref_loss_create(const struct nscl_weights *weights, const nscl_settings *settings, const nscl_picture *content, const nscl_picture *styles,
                                    int count);
void nscl_ref_loss_free(nscl_ref_loss *loss);
/* The loss at x (3, h, w), 0..255 minus the mean; its gradient to g. */
double nscl_ref_loss_eval(nscl_ref_loss *loss, double *g, const double *x);

#endif
