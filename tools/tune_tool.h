/* nscl-tune: what it is asked, and a candidate tried by a child process. */
#ifndef TUNE_TOOL_H
#define TUNE_TOOL_H

#include <stdio.h>

#include "tool_options.h"
#include "tune.h"

enum { TUNE_MOST_SIZES = 16, TUNE_MOST_LAYERS = NSCL_MAX_CONVS * TUNE_MOST_SIZES };

typedef struct tune_options {
    int sizes[TUNE_MOST_SIZES];
    int size_count, rounds, dry_run;
    int seconds; /* limit */
    const char *device, *network, *output;
    char **child; /* what follows --measure; NULL: this is no child */
} tune_options;

/* Fills *o from the command line: 0 to go on, else the status to exit with plus one. */
int tune_read_options(tune_options *o, int argc, char **argv);

typedef struct tune_trial {
    nscl_tune_layer layer;
    nscl_conv_algorithm algorithm;
    int clblast;           /* rows of nscl_tune_clblast_rows to give CLBlast, or -1: its own */
    double behind, budget; /* as nscl_tune_measure takes them */
} tune_trial;

/* Tries it in a child of `self` on the device P:D, `limit` seconds at most. */
nscl_tune_result tune_try(const char *self, const char *device, const tune_trial *trial, double limit);
/* Which algorithms the device's features allow: 0 and *why where it cannot even be opened. */
int tune_allowed(const char *self, const char *device, int allowed[NSCL_CONV_ALGORITHMS], char *why, size_t why_size);
/* The child's side; the exit status. */
int tune_child(char **arguments);

#endif
