/* Where each map lives is planned in terms of cells: pieces of memory that hold one thing at a time. A place is a buffer
 * over one or several neighbouring cells; it is free while none of its cells is in use. */
#include "activations.h"

#include <stdint.h>
#include <stdlib.h>

#include "network.h"

enum { MOST_PLACES = 6 * NSCL_MAX_CONVS };

typedef struct place {
    size_t floats;
    uint64_t cells;
    int slab; /* the place it is a part of, or -1 */
    size_t offset;
    cl_mem mem; /* lent, or made at the end */
} place;

typedef struct plan {
    const nscl_context *ctx;
    place places[MOST_PLACES];
    int count, cells;
    uint64_t used; /* cells */
} plan;

static int add_place(plan *p, size_t floats, uint64_t cells)
{
    if (!cells)
        cells = (uint64_t)1 << p->cells++;
    p->places[p->count] = (place){floats, cells, -1, 0, NULL};
    return p->count++;
}

static void borrow(plan *p, const nscl_activations *lender)
{
    for (int i = 0; i < lender->owned_count; i++)
        if (lender->owned_floats[i] && p->count < NSCL_MAX_CONVS)
            p->places[add_place(p, lender->owned_floats[i], 0)].mem = lender->owned[i];
}

/* The smallest free place for so many floats, else a new one; in use from now on. */
static int take(plan *p, size_t floats)
{
    int best = -1;
    for (int i = 0; i < p->count; i++) {
        const place *it = &p->places[i];
        if (!(it->cells & p->used) && it->floats >= floats && (best < 0 || it->floats < p->places[best].floats))
            best = i;
    }
    if (best < 0)
        best = add_place(p, floats, 0);
    p->used |= p->places[best].cells;
    return best;
}

static void give(plan *p, int which)
{
    p->used &= ~p->places[which].cells;
}

/* Neighbouring maps of a block in one buffer, which the larger gradients of the block before can take as a whole. */
static void join(plan *p, const int *relu, int first, int end)
{
    size_t align = nscl_part_alignment(p->ctx) / nscl_stored_bytes(p->ctx), floats = 0;
    uint64_t cells = 0;
    if (end - first < 2)
        return;
    for (int i = first; i < end; i++) {
        p->places[relu[i]].offset = floats;
        floats += (p->places[relu[i]].floats + align - 1) / align * align;
        cells |= p->places[relu[i]].cells;
    }
    if (floats * nscl_stored_bytes(p->ctx) > p->ctx->facts.largest_buffer)
        return;
    int slab = add_place(p, floats, cells);
    for (int i = first; i < end; i++)
        p->places[relu[i]].slab = slab;
}

typedef struct layers {
    int depth;
    size_t floats[NSCL_MAX_CONVS], pooled_floats[NSCL_MAX_CONVS]; /* 0: none */
    int looked[NSCL_MAX_CONVS];
    int relu[NSCL_MAX_CONVS], pooled[NSCL_MAX_CONVS], gradient[NSCL_MAX_CONVS], pooled_gradient[NSCL_MAX_CONVS]; /* places; -1: none */
} layers;

/* Only maps that are looked at are kept. */
static void plan_forward_only(plan *p, layers *l)
{
    int input = -1;
    for (int i = 0; i < l->depth; i++) {
        int from = input;
        if (l->pooled_floats[i]) {
            l->pooled[i] = take(p, l->pooled_floats[i]);
            if (from >= 0 && !l->looked[i - 1])
                give(p, from);
            from = l->pooled[i];
        }
        l->relu[i] = take(p, l->floats[i]);
        if (from >= 0 && (l->pooled_floats[i] || !l->looked[i - 1]))
            give(p, from);
        input = l->relu[i];
    }
}

static void plan_forward(plan *p, layers *l)
{
    for (int i = 0; i < l->depth; i++)
        l->relu[i] = add_place(p, l->floats[i], 0);
    for (int i = 1, first = 0; i <= l->depth; i++)
        if (i == l->depth || l->pooled_floats[i]) {
            if (first > 0) /* the first block's are the largest: no gradient is larger */
                join(p, l->relu, first, i);
            first = i;
        }
    for (int i = 0; i < l->depth; i++) {
        p->used |= p->places[l->relu[i]].cells;
        if (l->pooled_floats[i]) {
            l->pooled[i] = take(p, l->pooled_floats[i]);
            give(p, l->pooled[i]); /* once this convolution is done */
        }
    }
}

static void plan_backward(plan *p, layers *l)
{
    l->gradient[l->depth - 1] = take(p, l->floats[l->depth - 1]);
    for (int i = l->depth - 1; i > 0; i--) {
        int from = l->gradient[i];
        if (from != l->relu[i])
            give(p, l->relu[i]); /* the terms have looked */
        if (l->pooled_floats[i]) {
            l->pooled_gradient[i] = take(p, l->pooled_floats[i]);
            give(p, from);
            from = l->pooled_gradient[i];
        }
        l->gradient[i - 1] = l->looked[i - 1] ? take(p, l->floats[i - 1]) : l->relu[i - 1];
        give(p, from);
    }
}

static void create_places(nscl_context *ctx, plan *p, nscl_activations *a)
{
    size_t each = nscl_stored_bytes(ctx);
    for (int pass = 0; pass < 2; pass++) /* slabs before their parts */
        for (int i = 0; i < p->count; i++) {
            place *it = &p->places[i];
            if ((it->slab >= 0) != (pass == 1) || it->mem)
                continue;
            it->mem = it->slab < 0 ? nscl_buffer_create(ctx, it->floats * each)
                                   : nscl_buffer_part(ctx, p->places[it->slab].mem, it->offset * each, it->floats * each);
            a->owned_floats[a->owned_count] = it->slab < 0 ? it->floats : 0;
            a->owned[a->owned_count++] = it->mem;
        }
}

static nscl_activations *create(const nscl_network *n, int depth, int h, int w, const int *look, int backward, const nscl_activations *lender)
{
    nscl_context *ctx = n->ctx;
    nscl_activations *a = calloc(1, sizeof *a);
    plan p = {.ctx = ctx};
    layers l = {.depth = depth};
    if (!a) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for activations");
        return NULL;
    }
    a->depth = depth;
    for (int i = 0; i < depth; i++) {
        if (n->starts_block[i]) {
            h = nscl_pooled(h, n->pool_round_up);
            w = nscl_pooled(w, n->pool_round_up);
            l.pooled_floats[i] = nscl_block_floats(ctx, n->channels[i - 1], h, w);
        }
        a->h[i] = h;
        a->w[i] = w;
        l.floats[i] = nscl_block_floats(ctx, n->channels[i], h, w);
        l.looked[i] = look && look[i];
        l.relu[i] = l.pooled[i] = l.gradient[i] = l.pooled_gradient[i] = -1;
    }
    if (backward) {
        plan_forward(&p, &l);
        plan_backward(&p, &l);
    } else {
        if (lender)
            borrow(&p, lender);
        plan_forward_only(&p, &l);
    }
    create_places(ctx, &p, a);
    for (int i = 0; i < depth; i++) {
        const int from[] = {l.relu[i], l.pooled[i], l.gradient[i], l.pooled_gradient[i]};
        cl_mem *const to[] = {&a->relu[i], &a->pooled[i], &a->gradient[i], &a->pooled_gradient[i]};
        for (int k = 0; k < 4; k++)
            *to[k] = from[k] < 0 ? NULL : p.places[from[k]].mem;
        if (look && look[i] & NSCL_LOOK_BEFORE) {
            a->owned_floats[a->owned_count] = l.floats[i];
            a->owned[a->owned_count++] = a->before[i] = nscl_buffer_create(ctx, l.floats[i] * nscl_stored_bytes(ctx));
        }
    }
    if (ctx->error.code != NSCL_OK) {
        nscl_activations_free(n, a);
        return NULL;
    }
    return a;
}

nscl_activations *nscl_activations_create(const nscl_network *n, int depth, int h, int w, const int *look)
{
    return create(n, depth, h, w, look, 1, NULL);
}

nscl_activations *nscl_activations_create_forward(const nscl_network *n, int depth, int h, int w, const int *look, const nscl_activations *lender)
{
    return create(n, depth, h, w, look, 0, lender);
}

void nscl_activations_free(const nscl_network *n, nscl_activations *a)
{
    if (!a)
        return;
    for (int i = a->owned_count - 1; i >= 0; i--)
        nscl_buffer_free(n->ctx, a->owned[i]);
    free(a);
}
