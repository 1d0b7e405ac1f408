/* Every so many evaluations a crop of the picture goes through the network on the device and, in double, on the host: drivers
 * and hardware that begin to compute wrongly in mid-run say nothing by themselves. */
#ifndef NSCL_WATCH_H
#define NSCL_WATCH_H

#include "style.h"

enum { NSCL_WATCH_EVERY = 500, NSCL_WATCH_SIDE = 32 };

/* Compares the features of a crop from the middle of x, NSCL_WATCH_SIDE pixels a side at most, at every convolution in use. A disagreement is
 * left in the context as NSCL_BAD_DEVICE, naming the layer, the device and its driver. */
void nscl_watch(nscl_run *run, cl_mem x);

#endif
