/* The driver: a run from beginning to end, and where its device fails and there is to be a fallback, from the last good picture on
 * another. */
#include <string.h>

#include "haste.h"
#include "memory_plan.h"
#include "style_progress.h"

/* Goes on from what another device had come to; its last evaluation is made again. */
static void go_on(nscl_run *r)
{
    if (!r->kept || !r->kept->evaluations)
        return;
    nscl_kept_put(r->kept, r->ctx, r->x);
    r->problem.evaluations = r->saved = r->begun = r->kept->evaluations - 1;
    r->loss.forward_done = 0;
}

static nscl_status paint(nscl_context *ctx, const nscl_weights *weights, const nscl_settings *settings, const nscl_job *job, nscl_kept *kept, nscl_picture *out,
                         nscl_error *error)
{
    nscl_run r;
    nscl_haste_begin(ctx);
    nscl_status status = nscl_run_prepare(&r, ctx, weights, settings, job, error);
    r.kept = kept;
    if (status == NSCL_OK) {
        go_on(&r);
        status = nscl_run_optimise(&r);
        nscl_status resumed = nscl_state_close(r.problem.resume, error);
        if (resumed != NSCL_OK)
            status = resumed;
        else if (status == NSCL_OK || status == NSCL_CANCELLED) {
            nscl_status written = nscl_run_deliver(&r, nscl_run_result(&r, r.x), out, error);
            status = written != NSCL_OK ? written : status;
        } else
            status = nscl_context_status(ctx, error);
    }
    nscl_memory_plan_advise(&r, error);
    nscl_run_release(&r);
    nscl_haste_end(ctx, 0);
    nscl_context_clear(ctx); /* a failed call must not poison the next */
    return status;
}

nscl_status nscl_paint(nscl_context *ctx, const nscl_weights *weights, const nscl_settings *settings, const nscl_job *job, nscl_picture *out, nscl_error *error)
{
    nscl_error now = {NSCL_OK, ""}, none_left = {NSCL_OK, ""};
    nscl_kept kept = {0};
    nscl_job on = *job;
    memset(out, 0, sizeof *out);
    nscl_status status = paint(ctx, weights, settings, job, ctx->fallback ? &kept : NULL, out, &now);
    while (ctx->fallback && (status == NSCL_BAD_DEVICE || status == NSCL_NO_MEMORY)) {
        nscl_log(ctx, NSCL_LOG_WARNING, "device %d, %s: %s", ctx->facts.info.index, ctx->facts.info.name, now.text);
        if (nscl_context_move(ctx, &none_left) != NSCL_OK)
            break; /* the last device's failure is what is to be told */
        nscl_log(ctx, NSCL_LOG_WARNING, "going on from evaluation %d on device %d, %s", kept.evaluations, ctx->facts.info.index, ctx->facts.info.name);
        nscl_error_clear(&now);
        if (kept.evaluations)
            on.resume_file = NULL; /* a picture from before the one that is kept */
        status = paint(ctx, weights, settings, &on, &kept, out, &now);
    }
    nscl_kept_free(&kept);
    if (now.code != NSCL_OK)
        nscl_fail(error, now.code, "%s", now.text);
    return status;
}
