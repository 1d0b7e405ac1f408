/* A pickle is a program for a stack machine that may call anything in Python. This machine knows the few instructions of
 * a dictionary of tensors, and its calls are a table of names that build descriptions of tensors; it refuses all else,
 * runs nothing of the file, does not recurse, and takes memory in proportion to the bytes it has read. */
#ifndef NSCL_WEIGHTS_PICKLE_H
#define NSCL_WEIGHTS_PICKLE_H

#include "error.h"
#include "weights_values.h"

#define NSCL_PICKLE_LIMIT ((size_t)1 << 20) /* bytes of all pickles of a file, and values made by them; a VGG has 5000 */
#define NSCL_PICKLE_STORAGES 1024           /* a VGG has 38 */

typedef enum nscl_pickle_kind {
    NSCL_PICKLE_NONE,
    NSCL_PICKLE_BOOL,
    NSCL_PICKLE_NUMBER,
    NSCL_PICKLE_BIG, /* a number of more than 64 bits: its bytes, as text */
    NSCL_PICKLE_TEXT,
    NSCL_PICKLE_TUPLE,
    NSCL_PICKLE_LIST,
    NSCL_PICKLE_DICT,   /* key, value, key, value, ... */
    NSCL_PICKLE_GLOBAL, /* something of the table, not yet called */
    NSCL_PICKLE_STORAGE,
    NSCL_PICKLE_TENSOR /* storage, offset, tuple of sizes, tuple of strides, ... */
} nscl_pickle_kind;

/* Numbers of an array that tensors are views of. The key and all other text point into the pickle's bytes. */
typedef struct nscl_pickle_storage {
    const char *key;
    size_t key_length;
    const char *kind; /* "FloatStorage" */
    int readable;     /* `type` is set; whole numbers, which nothing of a VGG needs, are not */
    nscl_value_type type;
    size_t value_size;         /* bytes */
    uint64_t count;            /* values, at most 2^40; not yet held against the file */
    const unsigned char *data; /* for the caller: NULL until set */
} nscl_pickle_storage;

typedef struct nscl_pickle nscl_pickle;

/* NULL when out of memory. `path` is for messages. */
nscl_pickle *nscl_pickle_create(const char *path);
/* NULL is accepted. */
void nscl_pickle_free(nscl_pickle *p);

/* Runs the pickle at bytes[*at], and goes to the byte after it. *out is what it makes, for the functions below. */
nscl_status nscl_pickle_run(nscl_pickle *p, const unsigned char *bytes, size_t size, size_t *at, uint32_t *out, nscl_error *error);

nscl_pickle_kind nscl_pickle_kind_of(const nscl_pickle *p, uint32_t value);
/* Of a BOOL or NUMBER; the index of a STORAGE. */
int64_t nscl_pickle_number(const nscl_pickle *p, uint32_t value);
/* Of a TEXT or BIG. Not ended by NUL, and may hold one. */
const char *nscl_pickle_text(const nscl_pickle *p, uint32_t value, size_t *length);
int nscl_pickle_is_text(const nscl_pickle *p, uint32_t value, const char *text);

/* For the kinds with items: their number, and a walk: for (at = first(v, &item); at; at = next(at, &item)). */
uint32_t nscl_pickle_count(const nscl_pickle *p, uint32_t value);
uint32_t nscl_pickle_first(const nscl_pickle *p, uint32_t value, uint32_t *item);
uint32_t nscl_pickle_next(const nscl_pickle *p, uint32_t at, uint32_t *item);
/* The first `count` items; 0 if there are fewer. */
int nscl_pickle_items(const nscl_pickle *p, uint32_t value, uint32_t *items, uint32_t count);

size_t nscl_pickle_storage_count(const nscl_pickle *p);
nscl_pickle_storage *nscl_pickle_storage_at(nscl_pickle *p, size_t index);

#endif
