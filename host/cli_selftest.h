/* The self-test's table, as nscl --selftest and nscl-selftest print it. */
#ifndef NSCL_CLI_SELFTEST_H
#define NSCL_CLI_SELFTEST_H

#include "nscl.h"

#define NSCL_CLI_SELFTEST_EXIT "0: all is right. 1: something failed, or no device could be opened. 2: wrong usage."

/* Opens the device, tests it and prints every row and a verdict to stdout, or one JSON object; errors go to stderr, after the
 * command's name. seed 0: from the clock. Returns the exit status. */
int nscl_cli_selftest(const char *command, const nscl_open_options *open, uint64_t seed, int json);

#endif
