/* What the readers of weight files share. A reader states each convolution's shape with nscl_weights_add, which checks
 * it before any memory is taken, then fills the arrays it was given; weights.c checks the whole afterwards. So no
 * reader ever allocates by a number that only a file vouches for. */
#ifndef NSCL_WEIGHTS_READ_H
#define NSCL_WEIGHTS_READ_H

#include "weights.h"

#define NSCL_WEIGHTS_LIMIT ((size_t)1 << 30) /* bytes of a weight file; the largest published one has 577 million */
#define NSCL_MAX_WIDTH 8192                  /* channels; keeps a kernel's bytes under 2^32 */

/* A file that others publish. */
typedef struct nscl_published {
    const char *network; /* "vgg19" */
    const char *file;    /* its published name */
    const char *place;   /* address of its folder, with the last slash */
    const char *title;   /* "Keras VGG-19 without top" */
    const char *md5;     /* "" where not known; also for the next two */
    const char *sha256;  /* a beginning of it may be all that is known */
} nscl_published;

/* NULL-named row at the end; the one to recommend for a network comes first. */
extern const nscl_published nscl_published_files[];

/* Takes room for conv<block>_<number>, its kernel (cout, cin, height, width) = shape and `bias` biases. In a published
 * file (w->arch NULL) the widths must be VGG's, in one of our own (w->arch set) any that the file's data fill.
 * NULL on failure. The arrays are not initialised. */
nscl_conv_weights *nscl_weights_add(struct nscl_weights *w, const char *path, int block, int number, const uint64_t shape[4], uint64_t bias, nscl_error *error);

/* The conventions of the field: Caffe's means on 0..255, or torchvision's on 0..1. */
nscl_input_convention nscl_input_caffe(int bgr);
nscl_input_convention nscl_input_torchvision(void);

/* Do the weights want Caffe's input, where only values tell? `by_name`: their tensors' names say so. */
int nscl_input_is_caffe(const struct nscl_weights *w, int by_name);

/* The text of metadata nscl.input, "bgr scale=1 mean=103.939,116.779,123.68 deviation=1,1,1", in any locale. Parsing
 * leaves what the text does not state as it is. */
nscl_status nscl_input_parse(nscl_input_convention *input, const char *text, const char *path, nscl_error *error);
char *nscl_input_format(const nscl_input_convention *input, char *text, size_t size);

/* "BGR 0..255 minus 103.939 116.779 123.68". Returns text. */
char *nscl_input_describe(const nscl_input_convention *input, char *text, size_t size);

/* Are scale and deviations positive and all finite? */
int nscl_input_valid(const nscl_input_convention *input);

/* The hash as 64 hexadecimal digits, and the title of the published file that has it, or "". */
void nscl_weights_recognise(const unsigned char *bytes, size_t size, char sha256[65], char known[96]);

/* That of `bytes`, which must stay, yet to be worked out. `owned` (NULL: none) is freed once they are no longer needed. NULL
 * when there is no memory; `owned` is the caller's then. */
nscl_weights_hash *nscl_weights_hash_create(const unsigned char *bytes, size_t size, unsigned char *owned);
/* Work it out now, or wait until it is known. Valid until freed; any thread may call. */
const char *nscl_weights_hash_sha256(nscl_weights_hash *hash);
const char *nscl_weights_hash_known(nscl_weights_hash *hash);
/* NULL is accepted. */
void nscl_weights_hash_free(nscl_weights_hash *hash);

/* Does the file begin like one of PyTorch, of either kind? */
int nscl_weights_is_pth(const unsigned char *bytes, size_t size);

/* Is a MATLAB 5 file whole and its structure sound, so that matio may be trusted with it? */
int nscl_weights_check_mat(const unsigned char *bytes, size_t size);

/* What the bytes look like that is no file of weights, "a web page, ..."; NULL if it is nothing known. */
const char *nscl_weights_look(const unsigned char *bytes, size_t size);

/* Fails with what the bytes look like, why they are of no use and where the real file is. */
nscl_status nscl_weights_refuse(const char *path, const unsigned char *bytes, size_t size, nscl_error *error);

/* Writes "NAME, published at ADDRESS (MD5 ...)" of the network's recommended file ("" or NULL: vgg19). Returns text. */
char *nscl_weights_published(const char *network, char *text, size_t size);

/* Path of the network's file in the user's data folder, malloc'ed; NULL, with the error filled, when there is none. */
char *nscl_weights_locate(const char *network, nscl_error *error);

#endif
