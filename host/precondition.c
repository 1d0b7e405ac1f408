#include "precondition.h"

#include "kernel.h"

nscl_pyramid nscl_pyramid_create(nscl_context *ctx, int h, int w, double ratio)
{
    nscl_pyramid p = {.ctx = ctx, .ratio = (float)ratio, .h = {h}, .w = {w}};
    while (ratio > 0 && p.levels < NSCL_PYRAMID_LEVELS && (h < w ? h : w) >= 4) {
        h = (h + 1) / 2;
        w = (w + 1) / 2;
        p.levels++;
        p.h[p.levels] = h;
        p.w[p.levels] = w;
        p.level[p.levels] = nscl_buffer_create(ctx, (size_t)3 * (size_t)h * (size_t)w * sizeof(float));
    }
    return p;
}

void nscl_pyramid_free(nscl_pyramid *p)
{
    for (int i = 1; i <= p->levels; i++)
        nscl_buffer_free(p->ctx, p->level[i]);
    p->levels = 0;
}

void nscl_pyramid_down(nscl_context *ctx, cl_mem y, cl_mem x, int h, int w)
{
    NSCL_RUN(ctx, "pyramid_down", DIM3((w + 1) / 2, (h + 1) / 2, 3), ARG(y), ARG(x), ARG(h), ARG(w));
}

void nscl_pyramid_up(nscl_context *ctx, cl_mem x, cl_mem y, int h, int w, float weight)
{
    NSCL_RUN(ctx, "pyramid_up", DIM3(w, h, 3), ARG(x), ARG(y), ARG(h), ARG(w), ARG(weight));
}

void nscl_pyramid_apply(void *state, cl_mem v)
{
    nscl_pyramid *p = state;
    p->level[0] = v;
    for (int i = 1; i <= p->levels; i++)
        nscl_pyramid_down(p->ctx, p->level[i], p->level[i - 1], p->h[i - 1], p->w[i - 1]);
    /* Horner's rule: v + a up (level 1 + a up (level 2 + ...)). */
    for (int i = p->levels; i >= 1; i--)
        nscl_pyramid_up(p->ctx, p->level[i - 1], p->level[i], p->h[i - 1], p->w[i - 1], p->ratio);
}
