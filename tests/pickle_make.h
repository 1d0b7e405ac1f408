/* PyTorch's files for the tests, spelled out byte by byte: pickles as Python writes them, in the envelopes of both kinds. */
#ifndef NSCL_TEST_PICKLE_MAKE_H
#define NSCL_TEST_PICKLE_MAKE_H

#include "weights_make.h"

enum make_pth_style {
    MAKE_PTH_NOW,      /* OrderedDict filled by SETITEMS, with _metadata; _rebuild_tensor_v2 */
    MAKE_PTH_PYTHON2,  /* OrderedDict([[key, value], ...]), byte strings; _rebuild_tensor */
    MAKE_PTH_PARAMETER /* a plain dict of parameters, all of them views of one storage, kernels with channels last */
};

enum make_zip_form {
    MAKE_ZIP_PLAIN,
    MAKE_ZIP_WIDE,    /* sizes and offsets in 64 bits */
    MAKE_ZIP_LONG,    /* the same, stating far more bytes than there are */
    MAKE_ZIP_PACKED,  /* members marked as compressed */
    MAKE_ZIP_LOCKED,  /* ... as encrypted */
    MAKE_ZIP_CHECKSUM /* with wrong checksums */
};

/* The pickle of a dictionary with tensors of "FloatStorage", "HalfStorage", ..., named features.N for 't', conv1_1 for
 * 'c', and with one of whole numbers beside them; `view`: with the None that ends an older file's storages. */
struct make_bytes make_state_dict(const struct nscl_weights *w, char names, const char *storage, enum make_pth_style style, int view);

/* The whole file: `zip` 0: as before PyTorch 1.6; 1: a zip archive; 2: the same with sizes in 64 bits. */
struct make_bytes make_pth(const struct nscl_weights *w, char names, const char *storage, enum make_pth_style style, int zip);

/* As before 1.6: features.0.weight is a view of a storage said to have `stored` values, with 1728 values of 0 and, for features.0.bias, 64
 * more. */
struct make_bytes make_view(uint64_t stored, uint64_t offset, int rank, const uint64_t shape[4], const uint64_t stride[4]);

/* A pickle in the envelope of PyTorch before 1.6, with `tail` behind it. */
struct make_bytes make_legacy(const void *pickle, size_t size, const void *tail, size_t tail_size);

/* A pickle as "archive/data.pkl" of a zip archive, beside a member `name` if not NULL. */
struct make_bytes make_zip(enum make_zip_form form, const void *pickle, size_t size, const char *name, const void *bytes, size_t bytes_size);

#endif
