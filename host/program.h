/* OpenCL programs from the embedded .cl files (or a directory that replaces them), built once per set of options and
 * kept on disk under a key of source, options, device and driver. */
#ifndef NSCL_PROGRAM_H
#define NSCL_PROGRAM_H

#include "context.h"

/* The program of the file that holds `kernel void <kernel>(`, built with the context's options and `options`. NULL
 * after a failure (recorded in the context). The context owns it. */
cl_program nscl_program_of(nscl_context *ctx, const char *kernel, const char *options);

/* SHA-256, as hexadecimal digits, of every kernel's source and of what the device has them built for. */
void nscl_program_digest(nscl_context *ctx, char hex[65]);

#endif
