/* A run's state as a file, written and read by the same code: an owner of state names its values in order, and each call
 * stores the value, or replaces it by the stored one. Records carry names and sizes, so that a file of another run or
 * version is refused and not misread; the file ends with its SHA-256, which is checked before anything is taken.
 *
 *     nscl_state *st = nscl_state_create(ctx, path);  or  nscl_state_open(ctx, path, &error)
 *     nscl_state_real(st, "rate", &rate);
 *     nscl_state_vector(st, "x", x, sizeof(float), elements, n);
 *     status = nscl_state_close(st, &error);          writes the sum, renames; or tells what did not fit */
#ifndef NSCL_STATE_H
#define NSCL_STATE_H

#include "tensor.h"

typedef struct nscl_state nscl_state;

/* For writing, beside `path` until it is closed. NULL, with the error filled. */
nscl_state *nscl_state_create(nscl_context *ctx, const char *path, nscl_error *error);
/* For reading. Damaged, truncated and foreign files are NSCL_BAD_FILE. ctx may be NULL where no vector is read. */
nscl_state *nscl_state_open(nscl_context *ctx, const char *path, nscl_error *error);

int nscl_state_reading(const nscl_state *state);
void nscl_state_integer(nscl_state *state, const char *name, int *value);
void nscl_state_real(nscl_state *state, const char *name, double *value);
/* Reading: *text is what was stored, malloc'ed, NULL after a failure. */
void nscl_state_text(nscl_state *state, const char *name, char **text);
/* `elements` of a vector of n, of `each` bytes; the rest, padding, becomes zero. */
void nscl_state_vector(nscl_state *state, const char *name, cl_mem vector, size_t each, size_t elements, size_t n);

/* Ends it with this message, which names the cure; the first one is kept. */
void nscl_state_refuse(nscl_state *state, const char *message);
/* Whether all went well so far. */
int nscl_state_good(const nscl_state *state);
/* Frees it; a file that was being written is finished, or, after a failure, removed. NULL is accepted. */
nscl_status nscl_state_close(nscl_state *state, nscl_error *error);

/* 1 when the bytes begin as a state does. */
int nscl_state_is(const unsigned char *bytes, size_t size);

#endif
