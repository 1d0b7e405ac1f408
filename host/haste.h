/* Until a first result is there it is waited for as little as can be: from `begin` on buffers are of large pages only where these come
 * quickly (os_pages.h). Those that are not get them afterwards, where they save more of the work to come than they take. */
#ifndef NSCL_HASTE_H
#define NSCL_HASTE_H

#include "context.h"

void nscl_haste_begin(nscl_context *ctx);
/* After each evaluation, of which `to_go` are left. The third one knows what they take, and ends the haste. */
void nscl_haste_evaluated(nscl_context *ctx, int to_go);
/* Ends it, with so many seconds of work to come. Nothing where it has ended. */
void nscl_haste_end(nscl_context *ctx, double seconds);

/* Bytes of the buffers that are of small pages for want of time. */
size_t nscl_haste_small(const nscl_context *ctx);

#endif
