/* Networks and weight files for the tests. The files are written with HDF5, matio and jansson directly, each with its
 * own axes spelled out, so that what nscl reads does not rest on what it writes. All end the program by assert when
 * something cannot be made. */
#ifndef NSCL_TEST_WEIGHTS_MAKE_H
#define NSCL_TEST_WEIGHTS_MAKE_H

#include "picture_make.h"
#include "weights.h"

/* The first `count` convolutions of an architecture with random values of VGG's size and widths of `widths` (NULL: the
 * architecture's), Caffe's BGR input. The caller frees it with nscl_weights_free. */
struct nscl_weights *make_network(const char *arch, const int *widths, int count, uint32_t seed);

/* Do both have the same convolutions with the same values? Fails the test, naming the place, if not. */
void make_compare(const struct nscl_weights *a, const struct nscl_weights *b, double tolerance);

/* Keras: `form` 1 (W_1:0) or 2 (kernel:0), under `root` (""; "model_weights"; ...); `wide` 1: F64 in chunks; 2: the
 * same, packed; 3: F64 in one piece, the file as the latest HDF5 likes it. */
void make_h5(const char *path, const struct nscl_weights *w, int form, const char *root, int wide);

/* MatConvNet: `older`: filters and biases; `wide`: doubles, packed. An averageImage of side x side pixels whose mean
 * over the pixels is `mean`. */
void make_mat(const char *path, const struct nscl_weights *w, int older, int wide, int side, const double mean[3]);

/* safetensors with tensors of this type, named features.N for 't', conv1_1 for 'c'; metadata may be NULL. */
struct make_bytes make_safetensors(const struct nscl_weights *w, char names, const char *type, const char *network, const char *input);

/* safetensors of any header and so many zero bytes of data. */
struct make_bytes make_header(const char *header, size_t data);

#endif
