/* A VGG on the device: its convolutions, and the activations of one picture size. The network is a fixed chain, so two
 * loops over its convolutions (forward, backward to the picture) are all there is. */
#ifndef NSCL_NETWORK_H
#define NSCL_NETWORK_H

#include "activations.h"
#include "conv.h"
#include "ops.h"

/* What an evaluation is made of, for those who time it. */
typedef enum nscl_step { NSCL_STEP_CONV_FWD, NSCL_STEP_CONV_BWD, NSCL_STEP_POOL, NSCL_STEP_GRAM, NSCL_STEP_REST, NSCL_STEPS } nscl_step;

typedef struct nscl_network {
    nscl_context *ctx;
    int depth; /* convolutions computed: up to the deepest layer in use */
    nscl_conv *conv[NSCL_MAX_CONVS];
    int channels[NSCL_MAX_CONVS];
    int starts_block[NSCL_MAX_CONVS]; /* a pooling stands before it */
    nscl_pooling pooling;
    int pool_round_up;
    float *first;                                        /* the first layer's weights, changed */
    float mean[3];                                       /* RGB, 0..255: the network sees picture minus mean, which the first layer's weights take as it is */
    void (*mark)(void *user, nscl_step step, int layer); /* called after each operation is enqueued; NULL: not */
    void *mark_user;
} nscl_network;

/* The first `depth` convolutions. The first layer's weights are changed so that its input is always planar RGB, 0..255
 * minus mean, whatever order, scale and deviation the file was trained with (zero padding then means the mean colour,
 * as there). The others are `weights`'s own, which must stay. NULL after an error. */
nscl_network *nscl_network_create(nscl_context *ctx, const nscl_weights *weights, int depth, nscl_pooling pooling, int pool_round_up);
void nscl_network_free(nscl_network *network);

/* Chooses each convolution's algorithm for pictures of h x w, those that it will see most. */
void nscl_network_plan(const nscl_network *network, int h, int w);

/* Releases what its convolutions have packed. */
void nscl_network_unpack(const nscl_network *network);

/* Smallest side of the feature maps of convolution `layer` for a picture of h x w; 0 when the picture is too small. */
int nscl_network_side(const nscl_network *network, int layer, int h, int w);

/* Calls the network's mark, if it has one. */
void nscl_network_mark(const nscl_network *network, nscl_step step, int layer);

/* Fills the activations from a picture (3, h, w). */
void nscl_network_fwd(const nscl_network *network, nscl_activations *a, cl_mem x);

/* Adds the gradients of the terms at convolution `layer` to dz, the gradient before its ReLU, or writes them where
 * `accumulate` is 0. Returns whether dz holds a gradient now. Terms must be where `look` said that there are some. */
typedef int (*nscl_tap_fn)(void *user, int layer, cl_mem dz, int accumulate);

/* dx (3, h, w) = gradient of the terms that `tap` adds on the way down from the deepest layer. */
void nscl_network_bwd(const nscl_network *network, nscl_activations *a, cl_mem dx, nscl_tap_fn tap, void *user);

#endif
