/* What self-tests found on a device, remembered beside its tuning: one file a device and driver, in the folder "selftest" of the
 * cache. Lines of text:
 *
 *     kernels DIGEST                    the rest holds for these kernels only
 *     right winograd4 fp32              or fp16-storage; `rest`: everything but convolution
 *     wrong winograd6 fp32
 *
 * With NSCL_CACHE=off nothing is read or written. */
#ifndef NSCL_FINDINGS_H
#define NSCL_FINDINGS_H

#include "context.h"

/* Fills ctx->findings, and logs what is excluded. */
void nscl_findings_open(nscl_context *ctx);
/* An algorithm of convolution is not used on this device from now on, in the precision at work; that is kept. */
void nscl_findings_exclude(nscl_context *ctx, int algorithm);
/* Writes ctx->findings; a failure is logged, no error. */
void nscl_findings_keep(nscl_context *ctx);

#endif
