/* Trying in a child process what a device has not run before. A driver may crash or hang where it makes machine code of a kernel, which
 * some do when it first runs, or in the kernel itself: that costs an algorithm and not the process. The child is this program again
 * (nscl_compiler_main), with the device opened anew; what it finds wrong it leaves to the self-test. */
#ifndef NSCL_TRIAL_H
#define NSCL_TRIAL_H

#include "check.h"
#include "network.h"

/* 1 when the convolution can be tried here: it ran in the child, or there can be none (nscl_open_options.compile_apart, NSCL_COMPILER). 0 when it was
 * lost; it is left out from then on, with a warning, and that is kept. `layer` is cin, cout, h, w; asked once a context and
 * precision. */
int nscl_trial_conv(nscl_context *ctx, nscl_conv_algorithm algorithm, const int layer[4]);

/* The same for what every painting needs beside convolutions. Lost: NSCL_BAD_DEVICE. */
nscl_status nscl_trial_rest(nscl_context *ctx, nscl_pooling pooling, nscl_error *error);

/* Ends the child, if there is one. */
void nscl_trial_close(nscl_context *ctx);

/* The child: answers until nobody asks. */
int nscl_trial_main(const char *device, const char *kernel_dir);

#endif
