/* Tensors under names, which safetensors and PyTorch's archives share, and the layers that the names mean: torchvision's
 * features.N.weight, or conv1_1.weight as Gatys and this program have it. All are OIHW. */
#ifndef NSCL_WEIGHTS_NAMES_H
#define NSCL_WEIGHTS_NAMES_H

#include "weights_read.h"
#include "weights_values.h"

/* A tensor whose every value has been found to lie in the file. */
typedef struct nscl_named_tensor {
    nscl_value_type type;
    int rank; /* 1 to 4 */
    uint64_t shape[4];
    int strided;        /* 0: the last dimension is the fastest, without gaps */
    uint64_t stride[4]; /* in values; only where strided */
    const unsigned char *data;
} nscl_named_tensor;

typedef struct nscl_named_tensors {
    const char *path;
    const char *container; /* "safetensors", for the text of the format */
    size_t count;
    const char *const *names;
    /* Looks up names[index], checking all that the struct above promises. Called only for tensors that a VGG has. */
    nscl_status (*get)(const void *source, size_t index, nscl_named_tensor *out, nscl_error *error);
    const void *source;
} nscl_named_tensors;

/* Adds every convolution that the names tell of (in one of our own files, w->arch set, conv1_1's kind alone), then sets
 * w->input by names and values, and w->format. */
nscl_status nscl_weights_map(struct nscl_weights *w, const nscl_named_tensors *tensors, nscl_error *error);

#endif
