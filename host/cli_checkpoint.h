/* --checkpoint-output: the picture so far, every so many steps or after each round, under names made from a pattern; some
 * presets have one of their own. All names are checked before the work begins, so that no picture that is there is lost to
 * one. */
#ifndef NSCL_CLI_CHECKPOINT_H
#define NSCL_CLI_CHECKPOINT_H

#include "options.h"

typedef struct nscl_cli_checkpoint {
    char *pattern; /* NULL: none */
    int every;
    int by_step; /* as nscl_cli_number has it */
    int rounds;  /* numbers are those of rounds (nscl_cli_round), each `every` long */
    int last;    /* greatest number there can be */
} nscl_cli_checkpoint;

/* Checks the pattern (%s, %d or %0Nd once, %% for a percent sign), or makes the preset's own from the output's name. Close it
 * whether or not this succeeds. */
nscl_status nscl_cli_checkpoint_open(nscl_cli_checkpoint *checkpoint, const nscl_options *options, nscl_error *error);
void nscl_cli_checkpoint_close(nscl_cli_checkpoint *checkpoint);

/* The numbers in order: the first for number < 0, else the one after it; -1 past the last. */
int nscl_cli_checkpoint_next(const nscl_cli_checkpoint *checkpoint, int number);

/* The name for a number, malloc'ed; NULL without memory. */
char *nscl_cli_checkpoint_path(const nscl_cli_checkpoint *checkpoint, int number);

/* After an evaluation: whether a picture is due, and writing the one of that evaluation. *path is its name, or NULL; free() it. */
int nscl_cli_checkpoint_due(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now);
nscl_status nscl_cli_checkpoint_write(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now, const nscl_picture *picture,
                                      const nscl_picture_options *picture_options, char **path, nscl_error *error);

#endif
