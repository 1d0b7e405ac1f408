/* A VGG on the device: its convolutions, and the activations of one picture size. The network is a fixed chain, so two
 * loops over its convolutions (forward, backward to the picture) are all there is. */
#ifndef NSCL_NETWORK_H
#define NSCL_NETWORK_H

#include "conv.h"
#include "ops.h"
#include "weights.h"

typedef struct nscl_network {
    nscl_context *ctx;
    int depth; /* convolutions computed: up to the deepest layer in use */
    nscl_conv *conv[NSCL_MAX_CONVS];
    int channels[NSCL_MAX_CONVS];
    int starts_block[NSCL_MAX_CONVS]; /* a pooling stands before it */
    nscl_pooling pooling;
    int pool_round_up;
    float mean[3]; /* RGB, 0..255: the network sees picture minus mean, which the first layer's weights take as it is */
} nscl_network;

typedef struct nscl_activations {
    int depth; /* convolutions computed, at most the network's */
    int h[NSCL_MAX_CONVS], w[NSCL_MAX_CONVS];
    cl_mem relu[NSCL_MAX_CONVS];   /* after the ReLU of each convolution */
    cl_mem before[NSCL_MAX_CONVS]; /* before it, where someone looks there; else NULL */
    cl_mem pooled[NSCL_MAX_CONVS]; /* input of convolutions that start a block; else NULL */
    cl_mem gradient[2];            /* two that take turns on the way back; NULL when only forward */
} nscl_activations;

/* The first `depth` convolutions. The first layer's weights are changed so that its input is always planar RGB, 0..255
 * minus mean, whatever order, scale and deviation the file was trained with (zero padding then means the mean colour,
 * as there). NULL after an error. */
nscl_network *nscl_network_create(nscl_context *ctx, const nscl_weights *weights, int depth, nscl_pooling pooling, int pool_round_up);
void nscl_network_free(nscl_network *network);

/* Chooses each convolution's algorithm for pictures of h x w, those that it will see most. */
void nscl_network_plan(const nscl_network *network, int h, int w);

/* Smallest side of the feature maps of convolution `layer` for a picture of h x w; 0 when the picture is too small. */
int nscl_network_side(const nscl_network *network, int layer, int h, int w);

/* Memory for a picture of h x w through the first `depth` convolutions; look_before[layer] != 0 keeps the activation before that ReLU too; `backward` adds
 * the gradients. Released with nscl_activations_free. */
nscl_activations *nscl_activations_create(const nscl_network *network, int depth, int h, int w, const int *look_before, int backward);
void nscl_activations_free(const nscl_network *network, nscl_activations *a);

/* Fills the activations from a picture (3, h, w). */
void nscl_network_fwd(const nscl_network *network, nscl_activations *a, cl_mem x);

/* Adds the gradients of the terms at convolution `layer` to dz, the gradient before its ReLU, or writes them where
 * `accumulate` is 0. Returns whether dz holds a gradient now. */
typedef int (*nscl_tap_fn)(void *user, int layer, cl_mem dz, int accumulate);

/* dx (3, h, w) = gradient of the terms that `tap` adds on the way down from the deepest layer. */
void nscl_network_bwd(const nscl_network *network, nscl_activations *a, cl_mem dx, nscl_tap_fn tap, void *user);

#endif
