/* How feature maps are kept on the device. */
#ifndef NSCL_HOST_PRECISION_H
#define NSCL_HOST_PRECISION_H

#include "context.h"

/* How feature maps are kept from now on; those that there are become meaningless. 16-bit floats need no extension (vload_half
 * and vstore_half are OpenCL 1.0), but the first time the device converts some and is held to the results:
 * NSCL_BAD_ARGUMENT, and floats of 32 bits, where they are wrong. */
nscl_status nscl_precision_set(nscl_context *ctx, nscl_precision precision, nscl_error *error);

#endif
