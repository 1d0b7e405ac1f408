/* The feature maps of one picture on their way through a network, and where the gradients go on the way back.
 *
 * The forward pass keeps every ReLU's output. On the way back each dies once the gradient below it is made, so gradients
 * live in dead maps: in the mask's own place where no term looks at the layer (the operations allow it), else in the
 * smallest buffer that is dead by then. Poolings' outputs are only needed by the next convolution and live in maps that
 * are written later. With VGG-19 and the usual terms nothing is left to be added to the maps but 8 bytes a pixel. */
#ifndef NSCL_ACTIVATIONS_H
#define NSCL_ACTIVATIONS_H

#include "tensor.h"
#include "weights.h"

struct nscl_network;

/* What is looked at, of each convolution's output, by the terms of a loss. */
enum { NSCL_LOOK_RELU = 1, NSCL_LOOK_BEFORE = 2 };

typedef struct nscl_activations {
    int depth; /* convolutions computed, at most the network's */
    int h[NSCL_MAX_CONVS], w[NSCL_MAX_CONVS];
    cl_mem relu[NSCL_MAX_CONVS];   /* after the ReLU of each convolution */
    cl_mem before[NSCL_MAX_CONVS]; /* before it, where someone looks there; else NULL */
    cl_mem pooled[NSCL_MAX_CONVS]; /* input of convolutions that start a block; else NULL */
    /* Backward: the gradient before each ReLU, and that of `pooled`. NULL when only forward. A gradient may lie where a map
     * was that nobody needs any more by then, its own layer's among them. */
    cl_mem gradient[NSCL_MAX_CONVS], pooled_gradient[NSCL_MAX_CONVS];
    /* What they are made of; floats is 0 for a part of another buffer. */
    cl_mem owned[7 * NSCL_MAX_CONVS];
    size_t owned_floats[7 * NSCL_MAX_CONVS];
    int owned_count;
} nscl_activations;

/* Memory for a picture of h x w through the first `depth` convolutions; `look` (depth) says what is looked at,
 * NULL: nothing. Released with nscl_activations_free. NULL after an error. */
nscl_activations *nscl_activations_create(const struct nscl_network *network, int depth, int h, int w, const int *look);
/* The same for a forward pass alone: only the maps that are looked at are kept, and as many of them as fit lie in the
 * memory of `lender` (NULL: none), which must not be in use meanwhile and outlive them. */
nscl_activations *nscl_activations_create_forward(const struct nscl_network *network, int depth, int h, int w, const int *look, const nscl_activations *lender);
void nscl_activations_free(const struct nscl_network *network, nscl_activations *a);

#endif
