/* The loss: terms at layers of a network, each a weight times a sum of squares, and total variation. Presets differ
 * only in weights and scales, which preset.c works out, so that here every term has one form:
 *     content: weight * sum((F - P)^2)          style: weight * sum((scale * F F^T - A)^2)
 * The value that is reported and the gradient come from the same launches. */
#ifndef NSCL_LOSS_H
#define NSCL_LOSS_H

#include "network.h"

typedef struct nscl_style_target {
    cl_mem gram;
    double weight;
} nscl_style_target;

typedef struct nscl_loss_term {
    char name[24]; /* of the layer, as the user wrote it */
    int layer;     /* convolution */
    int before_relu;
    int style;         /* 0 content, 1 style */
    double weight;     /* content */
    cl_mem features;   /* content: target */
    double gram_scale; /* style, of the optimised picture's Gram */
    int targets;
    nscl_style_target target[NSCL_MAX_STYLES];
    int slot; /* first of its sums: one for content, one a target for style */
} nscl_loss_term;

typedef struct nscl_loss {
    nscl_context *ctx;
    const nscl_network *network;
    nscl_activations *activations;
    int h, w;
    int term_count;
    nscl_loss_term term[2 * NSCL_MAX_LAYERS];
    nscl_tv tv;
    double tv_y, tv_x;  /* weights of the sums down and right; both 0: no such term */
    cl_mem gram, slope; /* of the largest layer */
    cl_mem sums;        /* (slots, NSCL_PARTIALS): the loss's, then those of the optimiser */
    int slots, extra_slots;
    /* Where gradients are 16-bit floats they are kept times `scale`, a power of two; see nscl_loss_eval. */
    double scale;     /* 1 for floats */
    cl_mem watch;     /* what the scale is judged by; NULL for floats */
    int since_look;   /* evaluations since the gradients' largest elements were looked at; below 0: not yet */
    int forward_done; /* the activations are already those of the next evaluation's x */
} nscl_loss;

/* Takes the activations, once the terms' layers are known. */
void nscl_loss_activate(nscl_loss *loss);
/* Call once the terms' fields are filled and after nscl_loss_activate: takes Gram matrices and `extra_slots` sums for an optimiser.
 * Failures are recorded in the context. */
void nscl_loss_prepare(nscl_loss *loss, int extra_slots);
/* Releases what prepare took, and the targets. */
void nscl_loss_free(nscl_loss *loss);

/* Enqueues: dx (3, h, w) = gradient at x; the sums of every term to their slots. With 16-bit floats it waits for them, and
 * evaluates again with another scale where gradients left their range; NSCL_BAD_NUMBER where features do at the first. */
void nscl_loss_eval(nscl_loss *loss, cl_mem dx, cl_mem x);

/* After the sums (one value a slot) were read: the terms' contributions, and their sum. Returns the loss; *count terms,
 * at most NSCL_MAX_TERMS. A style layer is summed over its targets. */
double nscl_loss_terms(const nscl_loss *loss, const double *sums, nscl_term *terms, int *count);

#endif
