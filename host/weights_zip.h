/* The members of a zip archive in memory, as PyTorch writes them: stored, not compressed. Every offset is checked
 * before it is followed, and a member's checksum before it is handed out. */
#ifndef NSCL_WEIGHTS_ZIP_H
#define NSCL_WEIGHTS_ZIP_H

#include "error.h"

typedef struct nscl_zip {
    const char *path; /* for messages */
    const unsigned char *bytes;
    size_t size;
    size_t directory, directory_end; /* offsets of the list of members */
    uint64_t count;
} nscl_zip;

/* Does the file begin like a zip archive? */
int nscl_zip_is(const unsigned char *bytes, size_t size);

/* Finds the list of members and walks through it once. Takes no memory; `bytes` must stay. */
nscl_status nscl_zip_open(nscl_zip *zip, const char *path, const unsigned char *bytes, size_t size, nscl_error *error);

/* Name of the first member that ends in `end` ("/data.pkl") without a slash before that, and its length; NULL if there is
 * none. */
const char *nscl_zip_first(const nscl_zip *zip, const char *end, size_t *length);

/* The bytes of member `name`; *out NULL if there is none. Compressed, encrypted or damaged ones are errors. */
nscl_status nscl_zip_member(const nscl_zip *zip, const char *name, const unsigned char **out, size_t *size, nscl_error *error);

#endif
