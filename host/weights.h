/* A network's weights in host memory, whatever file they came from: always OIHW fp32, with the input convention the
 * network was trained with stated beside them. Readers (weights_h5.c, weights_mat.c, weights_safetensors.c, weights_pth.c) only
 * turn a file into named tensors of this struct; what the tensors must be is checked in one place, weights.c, against the
 * table of architectures. */
#ifndef NSCL_WEIGHTS_H
#define NSCL_WEIGHTS_H

#include "error.h"

#define NSCL_BLOCKS 5
#define NSCL_MAX_CONVS 16

/* A VGG: per block so many 3x3 convolutions, each followed by ReLU, then one 2x2 pooling. */
typedef struct nscl_arch {
    const char *name;        /* "vgg19" */
    const char *title;       /* "VGG-19" */
    int convs[NSCL_BLOCKS];  /* convolutions in each block */
    int widths[NSCL_BLOCKS]; /* their output channels; a file of our own may state others */
} nscl_arch;

/* "vgg19", "vgg16", "narrow" (VGG-19 with widths 16 32 64 128 128); NULL-named row at the end. */
extern const nscl_arch nscl_archs[];

typedef struct nscl_conv_weights {
    int block, number; /* conv<block>_<number>, both from 1 */
    int cin, cout;
    float *kernel; /* (cout, cin, 3, 3) */
    float *bias;   /* (cout) */
} nscl_conv_weights;

/* Network input = (picture * scale - mean[c]) / deviation[c], picture 0..255, for the channels in the given order. */
typedef struct nscl_input_convention {
    int bgr;       /* 1: first input channel is blue */
    float scale;   /* 1, or 1/255 */
    float mean[3]; /* in the network's channel order, after scaling */
    float deviation[3];
} nscl_input_convention;

typedef struct nscl_weights_hash nscl_weights_hash;

struct nscl_weights {
    const nscl_arch *arch;
    int conv_count; /* convolutions present, a prefix of the architecture's */
    nscl_conv_weights conv[NSCL_MAX_CONVS];
    nscl_input_convention input;
    char format[48]; /* "Keras HDF5", "MatConvNet (beta16)", "PyTorch, torchvision names", "nscl safetensors" ... */
    char text[256];
    nscl_weights_hash *hash; /* of the file */
};

/* Reads into *w (zeroed by the caller, freed by it whether or not this succeeds). `bytes` is the whole file. */
nscl_status nscl_weights_read_h5(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error);
nscl_status nscl_weights_read_mat(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error);
nscl_status nscl_weights_read_safetensors(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error);
nscl_status nscl_weights_read_pth(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error);

/* The same from memory; `name` is used in messages. Detects the format by content. `bytes` must stay until the weights
 * are freed, or be `owned`: freed when they are no longer needed, but not after an error. */
nscl_status nscl_weights_decode(struct nscl_weights **out, const char *name, const unsigned char *bytes, size_t size, unsigned char *owned, nscl_error *error);
/* Begins to work out the file's hash in a thread, unless that was begun. NULL is accepted. */
void nscl_weights_hash_begin(nscl_weights_hash *hash);
/* What the file's hash says it is, or "". Valid until the weights are freed. */
const char *nscl_weights_known(const struct nscl_weights *w);

/* Writes our own safetensors (F32, or F16 with half != 0), metadata nscl.network and nscl.input. */
nscl_status nscl_weights_write(const struct nscl_weights *w, const char *path, int half, nscl_error *error);

/* Index into conv[] of layer `name` (relu4_2, conv4_2, block4_conv2), or -1; *before_relu is set for conv4_2. */
int nscl_weights_find(const struct nscl_weights *w, const char *name, int *before_relu);

/* Writes "relu1_1 relu1_2 ..." into text. Returns text. */
char *nscl_weights_list(const struct nscl_weights *w, char *text, size_t size);

#endif
