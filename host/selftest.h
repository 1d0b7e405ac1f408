/* The self-test at a device's first painting: short, with known data, of what the painting will use. */
#ifndef NSCL_SELFTEST_H
#define NSCL_SELFTEST_H

#include "network.h"

/* Runs an algorithm of convolution on a layer (cin, cout, h, w), or for NSCL_FOUND_REST the other operations that every painting with that
 * pooling needs, whatever comes out. */
void nscl_selftest_try(nscl_context *ctx, int what, const int layer[4], nscl_pooling pooling);

/* Plans the network for pictures of h x w, checks the convolution algorithms that were chosen, and the operations that every painting needs, unless
 * ctx->findings has them checked. An algorithm that is wrong is left out from then on, with a warning, and the network planned
 * anew; NSCL_BAD_DEVICE where nothing else is left. What was found is kept. Does nothing on emulated devices, with
 * NSCL_SELFTEST=off, or with NSCL_CONV set. */
nscl_status nscl_selftest_first(const nscl_network *network, int h, int w, nscl_error *error);

#endif
