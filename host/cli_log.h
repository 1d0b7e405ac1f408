/* --log: a file of JSON lines. The first object describes the run, each further one an evaluation, whose terms sum to
 * its loss. Every line is flushed, so that the log of a run that ends early is whole up to there. */
#ifndef NSCL_CLI_LOG_H
#define NSCL_CLI_LOG_H

#include <jansson.h>
#include <stdio.h>

#include "nscl.h"

typedef struct nscl_cli_log {
    FILE *stream; /* NULL: no log, and nothing below does anything */
    const char *path;
    int broken; /* a line could not be written; the rest is left out */
} nscl_cli_log;

/* Opens `path` (NULL: no log), replacing a file that is there only with `overwrite`, and writes the run's object. */
nscl_status nscl_cli_log_open(nscl_cli_log *log, const char *path, int overwrite, const json_t *run, nscl_error *error);

/* Fails once only, at the first line that cannot be written. */
nscl_status nscl_cli_log_write(nscl_cli_log *log, const nscl_progress *now, nscl_error *error);

nscl_status nscl_cli_log_close(nscl_cli_log *log, nscl_error *error);

#endif
