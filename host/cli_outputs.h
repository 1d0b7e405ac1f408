/* What a run will write: result, log, state, and pictures on the way. */
#ifndef NSCL_CLI_OUTPUTS_H
#define NSCL_CLI_OUTPUTS_H

#include "cli_checkpoint.h"
#include "options.h"

/* Whether all of it will be apart from what is read, in folders that take it, replacing nothing unasked but what
 * the run that --resume goes on with has painted on its way. Opens *checkpoint, to be closed
 * by the caller whatever comes out. Changes nothing on disk. */
nscl_status nscl_cli_check_outputs(const nscl_options *options, nscl_cli_checkpoint *checkpoint, nscl_error *error);

#endif
