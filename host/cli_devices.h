/* The devices as the command shows and counts them. */
#ifndef NSCL_CLI_DEVICES_H
#define NSCL_CLI_DEVICES_H

#include <stdio.h>

#include "nscl.h"

/* Prints the list, a line a device. With none: NSCL_NO_DEVICE. */
nscl_status nscl_cli_devices_print(FILE *stream, nscl_error *error);

/* How many there are; `usable`: that can run nscl. */
size_t nscl_cli_devices_count(int usable);

#endif
