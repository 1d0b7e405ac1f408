/* The initial inverse Hessian of L-BFGS as a picture pyramid: H0 = sum over levels l of a^l up^l down^l. The loss bends far
 * less along coarse structure than along fine detail, which a multiple of the identity cannot know; weighting each
 * level a times the finer one lets the first guess move both. Symmetric and positive for a >= 0, since up is a multiple
 * of down's adjoint. It changes the path, not the loss. */
#ifndef NSCL_PRECONDITION_H
#define NSCL_PRECONDITION_H

#include "ops.h"

#define NSCL_PYRAMID_LEVELS 8
#define NSCL_PYRAMID_SCALE 2.0 /* guess_scale of L-BFGS that goes with it, measured: tests/optimiser.md */

typedef struct nscl_pyramid {
    nscl_context *ctx;
    float ratio; /* a: weight of one level to the finer one */
    int levels;  /* coarser ones; 0: H0 is the identity */
    int h[NSCL_PYRAMID_LEVELS + 1], w[NSCL_PYRAMID_LEVELS + 1];
    cl_mem level[NSCL_PYRAMID_LEVELS + 1]; /* 1 and up; level 0 is the caller's vector */
} nscl_pyramid;

/* For pictures (3, h, w), down to about 4 pixels. Failures are recorded in the context. */
nscl_pyramid nscl_pyramid_create(nscl_context *ctx, int h, int w, double ratio);
void nscl_pyramid_free(nscl_pyramid *p);

/* v = H0 v, in place. `state` is an nscl_pyramid; the signature is nscl_lbfgs_settings.precondition's. */
void nscl_pyramid_apply(void *state, cl_mem v);

/* The two steps: y = down x for x (3, h, w); x += weight * 4 down^T y. */
void nscl_pyramid_down(nscl_context *ctx, cl_mem y, cl_mem x, int h, int w);
void nscl_pyramid_up(nscl_context *ctx, cl_mem x, cl_mem y, int h, int w, float weight);

#endif
