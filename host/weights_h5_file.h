/* HDF5 files in memory, as far as Keras' weights go: groups listed in symbol tables, datasets of floating-point numbers in one piece or
 * in chunks, both as every release since 1.6.3 writes them unless it is told to use what is new. Written for hostile files: nothing is
 * believed that is not within the bytes, no link leads out of them, and the work on one file is bounded. */
#ifndef NSCL_WEIGHTS_H5_FILE_H
#define NSCL_WEIGHTS_H5_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "weights_values.h"

#define NSCL_H5_RANK 4

typedef enum nscl_h5_status {
    NSCL_H5_OK,
    NSCL_H5_MISSING,    /* nothing of that name */
    NSCL_H5_CUT,        /* shorter than it says */
    NSCL_H5_DAMAGED,    /* contradicts itself, or is not what was asked for */
    NSCL_H5_NEWER,      /* sound for all that can be seen, but of a later form */
    NSCL_H5_COMPRESSED, /* or with checksums */
    NSCL_H5_UNFIT       /* no numbers in floating point, of more dimensions, or elsewhere than in the file */
} nscl_h5_status;

typedef struct nscl_h5 {
    const unsigned char *bytes; /* from the superblock on: offsets count from there */
    uint64_t size, stated;      /* what there is, and what there should be */
    uint64_t root;              /* offset of the root group */
    uint64_t work;              /* entries that may yet be looked at */
} nscl_h5;

typedef struct nscl_h5_dataset {
    int rank; /* 1 to NSCL_H5_RANK */
    uint64_t shape[NSCL_H5_RANK];
    uint64_t count; /* of values */
    nscl_value_type type;
    int big_endian;
    int chunked;
    uint64_t data, bytes;         /* in one piece: where the values are */
    uint64_t index;               /* in chunks: of their B-tree */
    uint64_t chunk[NSCL_H5_RANK]; /* extents of each */
} nscl_h5_dataset;

/* Offset of the superblock, or `size` if it is no HDF5 file. */
size_t nscl_h5_find_start(const unsigned char *bytes, size_t size);

/* `bytes` must stay. */
nscl_h5_status nscl_h5_open(nscl_h5 *file, const unsigned char *bytes, size_t size);

/* The object that the path, "a/b", leads to from the group at offset `group`. NSCL_H5_UNFIT: by way of another file or a soft link. */
nscl_h5_status nscl_h5_find(nscl_h5 *file, uint64_t group, const char *path, uint64_t *object);

/* What the dataset at offset `object` holds; takes no memory. NSCL_H5_DAMAGED for groups too. */
nscl_h5_status nscl_h5_dataset_open(nscl_h5 *file, uint64_t object, nscl_h5_dataset *dataset);

/* All dataset->count values, the last dimension the fastest; what no chunk holds is 0. */
nscl_h5_status nscl_h5_dataset_read(nscl_h5 *file, const nscl_h5_dataset *dataset, float *out);

#endif
