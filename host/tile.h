/* Matrix products on tiles in local memory (cl/tile.cl): whether a device can run them, and how they are launched. */
#ifndef NSCL_TILE_H
#define NSCL_TILE_H

#include "kernel.h"

typedef struct nscl_tile {
    const char *options; /* -D of the kernel's file */
    nscl_dims dims;
} nscl_tile;

/* Whether the device's local memory and work-groups are large enough. Some runtimes end the process where a kernel asks for
 * more, so it is looked at before. */
int nscl_tile_can(const nscl_context *ctx);
/* The launch for `batch` products of `rows` rows by `columns` columns. */
nscl_tile nscl_tile_plan(size_t rows, size_t columns, size_t batch);

#endif
