/* The settings of an earlier run, from the picture or the saved state that holds them, as values of options. Only what such a
 * run records is taken: a picture from elsewhere cannot name an output or have files replaced. */
#ifndef NSCL_CLI_RECORDED_H
#define NSCL_CLI_RECORDED_H

#include <jansson.h>

#include "cli_values.h"

typedef struct nscl_recorded {
    json_t *run;         /* NULL: nothing was read */
    const char ***words; /* of each row that has values; owned */
    int count;
} nscl_recorded;

/* state_only: pictures will not do. Zero *recorded first; free it with nscl_recorded_free, whether or not this succeeds. */
nscl_status nscl_recorded_read(nscl_recorded *recorded, const char *path, int state_only, nscl_error *error);
void nscl_recorded_free(nscl_recorded *recorded);

/* The row's values, valid until recorded is freed; 1 when there are any (none for a flag). */
int nscl_recorded_values(nscl_recorded *recorded, const nscl_option *row, nscl_values *values);

/* 1 when the picture at `path` was painted by that run, however long it was to be. */
int nscl_recorded_painted(const nscl_recorded *recorded, const char *path);

/* The recorded SHA-256 of "content", "initial", "network" or of one of "styles"; NULL where there is none. */
const char *nscl_recorded_sum(const nscl_recorded *recorded, const char *name, int index);

#endif
