/* What is tried before a failure of the device ends a run. A kernel that the driver does not compile, or refuses to start, costs the algorithm
 * that it belongs to: another takes its place from then on, and a warning says so. Where memory is refused, what can be spared is given back.
 * A device that is lost, or failed while it worked, is not asked again. */
#ifndef NSCL_RECOVER_H
#define NSCL_RECOVER_H

#include "network.h"

/* After work on these activations, which began without an error: 1 where there is one now and something was changed that may
 * help; the error is cleared, and the work must be done again from its start. Else 0, with the error as it was. Ends: each 1
 * takes something away. */
int nscl_recover(const nscl_network *network, const nscl_activations *activations);

#endif
