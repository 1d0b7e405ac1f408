/* What a person sees while the command works, all on stderr: one line that is redrawn on a terminal, a line every so
 * often elsewhere. Messages go through here too, so that they never run into the line that is being redrawn. */
#ifndef NSCL_CLI_PROGRESS_H
#define NSCL_CLI_PROGRESS_H

#include <stdio.h>

#include "options.h"

typedef struct nscl_cli_progress {
    FILE *stream;
    int terminal; /* the bar is redrawn; else lines only */
    int quiet, verbose;
    int every;            /* lines; 0: none but those of rounds */
    int by_step;          /* Adam counts steps from 0, L-BFGS evaluations from 1 */
    int round;            /* length of the rounds at whose ends there is a line; 0: none */
    double round_seconds; /* when the present one began */
    int shown;            /* the bar stands in the last line */
    int first;            /* number of the first evaluation of this run, which may go on from another; 0: none yet */
    double first_seconds; /* when it was done: what came before it is not the pace */
    double drawn_seconds; /* when the bar was last drawn */
} nscl_cli_progress;

void nscl_cli_progress_open(nscl_cli_progress *progress, const nscl_options *options, FILE *stream);

/* After an evaluation. */
void nscl_cli_progress_update(nscl_cli_progress *progress, const nscl_progress *now);

/* One line, "nscl: " before it, whatever --quiet says. */
void nscl_cli_say(nscl_cli_progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ends the bar's line. */
void nscl_cli_progress_close(nscl_cli_progress *progress);

/* The number that the evaluation has for --print-iterations and --checkpoint-iterations: Adam's step from 0 (-1 at the
 * start), L-BFGS' evaluation from 1. */
int nscl_cli_number(int by_step, const nscl_progress *now);

/* The number, from 0, of the round of so many steps or evaluations that ends here, whole or not; -1: none ends. */
int nscl_cli_round(int by_step, int length, const nscl_progress *now);

#endif
