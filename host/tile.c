#include "tile.h"

/* TM, TN and TK of cl/tile.cl. */
enum { TALL = 128, SHORT = 64, COLUMNS = 64, TERMS = 8 };

int nscl_tile_can(const nscl_context *ctx)
{
    const nscl_device_facts *f = &ctx->facts;
    return f->local_memory >= 2 * TERMS * (TALL + COLUMNS) * sizeof(float) && f->group_limit >= TALL && f->item_limit[0] >= TALL &&
           !(f->quirks & NSCL_QUIRK_GROUP_OF_ONE);
}

nscl_tile nscl_tile_plan(size_t rows, size_t columns, size_t batch)
{
    /* The taller tile loads less for each product; the other wastes less of few rows. */
    size_t tm = rows > SHORT ? TALL : SHORT; /* and work-items of a group */
    return (nscl_tile){tm == TALL ? "-DTM=128" : "-DTM=64", {3, {(rows + tm - 1) / tm * tm, (columns + COLUMNS - 1) / COLUMNS, batch}, {tm, 1, 1}}};
}
