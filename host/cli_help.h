#ifndef NSCL_CLI_HELP_H
#define NSCL_CLI_HELP_H

#include "cli_page.h"

/* What the command says of itself: every option by group, with range and default, read from the options' table. */
extern const nscl_page nscl_cli_page;

/* Three lines: how to begin. */
void nscl_cli_usage(FILE *stream);

#endif
