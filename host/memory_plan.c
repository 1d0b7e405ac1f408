#include "memory_plan.h"

#include <stdio.h>
#include <string.h>

#include "precondition.h"

enum { SHORT_HISTORY = 10 };

static const double mib = 1048576.0;

/* Vectors of the optimiser, as lbfgs.c and adam.c take them; only the history, which grows, is not taken at the start. */
static void rehearse_optimiser(nscl_run *r)
{
    nscl_context *ctx = r->ctx;
    const nscl_settings *s = r->settings;
    size_t bytes = r->problem.n * sizeof(float);
    int lbfgs = s->optimizer == NSCL_LBFGS, pairs = s->lbfgs_history < s->iterations ? s->lbfgs_history : s->iterations;
    int vectors = lbfgs ? 5 : 4 + 2 * (s->ema > 0);
    nscl_pyramid pyramid = {0};
    for (int i = 0; i < vectors; i++)
        nscl_buffer_create(ctx, bytes);
    for (int i = 0; lbfgs && i < 2 * pairs; i++)
        nscl_buffer_create(ctx, r->problem.n * nscl_lbfgs_pair_bytes(s->precondition > 0));
    if (lbfgs && s->precondition > 0)
        pyramid = nscl_pyramid_create(ctx, r->h, r->w, s->precondition);
    if (ctx->error.code == NSCL_OK)
        nscl_loss_eval(&r->loss, r->x, r->x);
    nscl_pyramid_free(&pyramid);
}

nscl_memory_plan nscl_memory_plan_of(const nscl_run *run, int h, int w)
{
    nscl_context *ctx = run->ctx;
    nscl_error ignored = {0};
    nscl_run dry = {
        .ctx = ctx, .weights = run->weights, .settings = run->settings, .job = run->job, .rules = run->rules, .network = run->network, .h = h, .w = w};
    nscl_rehearsal before = nscl_rehearsal_begin(ctx);
    if (nscl_run_set_up(&dry, &ignored) == NSCL_OK)
        rehearse_optimiser(&dry);
    nscl_memory_plan plan = {ctx->peak_bytes, ctx->rehearsed_largest};
    nscl_network_unpack(dry.network);
    dry.network = NULL;
    nscl_run_release(&dry);
    nscl_rehearsal_end(ctx, &before);
    if (ignored.code != NSCL_OK)
        nscl_fail(&ctx->error, ignored.code, "%s", ignored.text);
    return plan;
}

static int fits(const nscl_run *r, const nscl_memory_plan *plan, size_t most)
{
    return plan->bytes <= most && plan->largest <= r->ctx->facts.largest_buffer;
}

/* The options that ask for w x h, in the words that the job was asked for in. What they take is bounded, the sides of a plan are not. */
static void name_size(const nscl_settings *s, int w, int h, char *text, size_t size)
{
    enum { MOST = 65535 };
    w = w < MOST ? w : MOST;
    h = h < MOST ? h : MOST;
    if (s->width && s->height)
        snprintf(text, size, "--width %d --height %d", w, h);
    else if (s->width || s->height)
        snprintf(text, size, "--%s %d", s->width ? "width" : "height", s->width ? w : h);
    else if (s->short_side)
        snprintf(text, size, "--short-side %d", w < h ? w : h);
    else
        snprintf(text, size, "--size %d", w > h ? w : h);
}

/* What would fit in its place, as advice; an option named here was found to be enough. 0 where nothing would. */
static int advise(const nscl_run *r, size_t most, char *text, size_t size)
{
    nscl_context *ctx = r->ctx;
    int low = 0, high = r->w > r->h ? r->w : r->h, w = 0, h = 0; /* longer sides: fits (0: nothing), does not */
    const int longer = high;
    while (high - low > 1 + longer / 256) {
        int side = low + (high - low) / 2;
        int try_w = (int)((double)r->w * side / longer), try_h = (int)((double)r->h * side / longer);
        if (nscl_network_side(r->network, r->network->depth - 1, try_h, try_w) < 1) {
            low = side; /* too small to be painted: look above */
            continue;
        }
        nscl_memory_plan now = nscl_memory_plan_of(r, try_h, try_w);
        if (ctx->error.code != NSCL_OK) { /* a style picture is too small, too */
            nscl_error_clear(&ctx->error);
            low = side;
            continue;
        }
        if (fits(r, &now, most)) {
            low = side;
            w = try_w;
            h = try_h;
        } else
            high = side;
    }
    if (!w) {
        snprintf(text, size, "even a small picture does not fit; %schoose another --device or --network",
                 r->job->max_memory ? "give more --max-memory, or " : "");
        return 0;
    }
    nscl_settings fewer = *r->settings;
    nscl_run forgetful = *r;
    fewer.lbfgs_history = SHORT_HISTORY;
    forgetful.settings = &fewer;
    int enough = 0;
    if (fewer.optimizer == NSCL_LBFGS && r->settings->lbfgs_history > SHORT_HISTORY) {
        nscl_memory_plan now = nscl_memory_plan_of(&forgetful, r->h, r->w);
        enough = fits(r, &now, most);
    }
    char options[48];
    name_size(r->settings, w, h, options, sizeof options);
    int n = snprintf(text, size, "the largest of this shape that fits is %d x %d: give %s", w, h, options);
    if (enough && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, ", or --lbfgs-history %d", SHORT_HISTORY);
    return 1;
}

nscl_status nscl_memory_plan_check(const nscl_run *r, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    char instead[160];
    /* Drivers, displays and other programs need some, and say nothing of it. */
    size_t memory = (size_t)ctx->facts.memory, most = memory - memory / 16;
    if (r->job->max_memory && r->job->max_memory < most)
        most = (size_t)r->job->max_memory;
    nscl_memory_plan plan = nscl_memory_plan_of(r, r->h, r->w);
    if (ctx->error.code != NSCL_OK)
        return nscl_context_status(ctx, error);
    nscl_log(ctx, NSCL_LOG_INFO, "memory: %.0f MiB at most, of %.0f MiB that may be taken of the device's %.0f; largest buffer %.0f MiB, of %.0f",
             (double)plan.bytes / mib, (double)most / mib, (double)memory / mib, (double)plan.largest / mib, (double)ctx->facts.largest_buffer / mib);
    if (fits(r, &plan, most))
        return NSCL_OK;
    advise(r, most, instead, sizeof instead);
    return nscl_fail(error, NSCL_NO_MEMORY,
                     "a picture of %d x %d needs %.0f MiB in buffers of up to %.0f, but %.0f MiB in buffers of up to %.0f may be taken of %s; %s", r->w, r->h,
                     (double)plan.bytes / mib, (double)plan.largest / mib, (double)most / mib, (double)ctx->facts.largest_buffer / mib,
                     r->job->max_memory && r->job->max_memory == most ? "the device, by --max-memory" : "the device", instead);
}

void nscl_memory_plan_advise(nscl_run *r, nscl_error *error)
{
    nscl_context *ctx = r->ctx;
    size_t had = ctx->refused_at, n = strlen(error->text);
    char instead[160];
    if (!had || !r->network || (error->code != NSCL_NO_MEMORY && error->code != NSCL_BAD_DEVICE))
        return;
    nscl_context_clear(ctx);
    nscl_run_clear(r);
    nscl_network_unpack(r->network);
    nscl_scratch_free(ctx);
    ctx->relieved = 0;
    ctx->conv_refused = 0;                    /* for want of memory, which smaller pictures have */
    int sure = error->code == NSCL_NO_MEMORY; /* resources may be others, too: registers, or time */
    if (advise(r, had, instead, sizeof instead) || sure)
        snprintf(error->text + n, sizeof error->text - n, "; %s%.1f MiB could be had: %s", sure ? "" : "if it is memory that is short, ", (double)had / mib,
                 instead);
}
