/* What self-tests found on a device, remembered beside its tuning: one file a device and driver, in the folder "selftest" of the
 * cache. Lines of text, in sections of which each begins with its kernels:
 *
 *     kernels DIGEST                    what follows holds for these kernels only, up to the next such line
 *     right winograd4 fp32              or fp16-storage; `rest`: everything but convolution
 *     wrong winograd6 fp32
 *
 * Programs that run at the same time add to it by turns, and lose nothing of each other's. With NSCL_CACHE=off nothing is read or
 * written. */
#ifndef NSCL_FINDINGS_H
#define NSCL_FINDINGS_H

#include "context.h"

/* Fills ctx->findings, and logs what is excluded. */
void nscl_findings_open(nscl_context *ctx);
/* What is known with what was found since. */
nscl_findings nscl_findings_merged(nscl_findings known, const nscl_findings *found);
/* Merges what was found into ctx->findings and into the file; a failure to write is logged, no error. */
void nscl_findings_add(nscl_context *ctx, const nscl_findings *found);
/* Adds, in the precision at work: an algorithm of convolution, or NSCL_FOUND_REST, is right; an algorithm is not used on this device from now on. */
void nscl_findings_include(nscl_context *ctx, int what);
void nscl_findings_exclude(nscl_context *ctx, int algorithm);

#endif
