#ifndef NSCL_CLI_HELP_H
#define NSCL_CLI_HELP_H

#include <stdio.h>

/* Every option by group, with range and default, in at most 100 columns. All of it is read from the table. */
void nscl_cli_help(FILE *stream);

/* Three lines: how to begin. */
void nscl_cli_usage(FILE *stream);

#endif
