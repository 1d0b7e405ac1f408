#include "style_progress.h"

#include <math.h>
#include <stdio.h>

#include "haste.h"
#include "os.h"
#include "watch.h"

cl_mem nscl_run_result(const nscl_run *r, cl_mem x)
{
    return r->best && isfinite(r->best_loss) && !(r->loss_now < r->best_loss) ? r->best : x;
}

int nscl_run_report(void *user, cl_mem x, double loss, const char *note)
{
    nscl_run *r = user;
    const nscl_settings *s = r->settings;
    int adam = s->optimizer == NSCL_ADAM, step = r->problem.evaluations - 1 - adam;
    r->loss_now = loss;
    char text[160];
    snprintf(text, sizeof text, "%s%s%s%s", note ? note : "", r->overflow[0] ? " (" : "", r->overflow, r->overflow[0] ? " overflowed first)" : "");
    if (note && !r->job->progress)
        nscl_log(r->ctx, NSCL_LOG_WARNING, "evaluation %d: %s", r->problem.evaluations, text);
    if (r->best && step >= 0 && loss < r->best_loss && (step + 1 == s->iterations || (s->checkpoint_iterations && step % s->checkpoint_iterations == 0))) {
        r->best_loss = loss;
        nscl_axpby(r->ctx, r->best, x, r->problem.n, 1.0f, 0.0f);
    }
    if (r->kept && r->ctx->error.code == NSCL_OK)
        nscl_kept_take(r->kept, r->ctx, r->x, r->problem.elements, r->problem.evaluations);
    nscl_haste_evaluated(r->ctx, s->iterations + adam - r->problem.evaluations);
    if (r->problem.evaluations % NSCL_WATCH_EVERY == 0)
        nscl_watch(r, x);
    nscl_weights_hash_begin(r->weights->hash); /* which the result's description will name */
    if (!r->job->progress)
        return 0;
    r->shown = nscl_run_result(r, x);
    nscl_progress progress = {
        r->problem.evaluations, s->iterations + adam, step, loss, nscl_seconds() - r->started, r->term_count, r->terms, note ? text : NULL, r};
    return r->job->progress(&progress, r->job->user);
}

nscl_status nscl_progress_picture(const nscl_progress *progress, nscl_picture *out, nscl_error *error)
{
    nscl_run *r = progress->internal;
    return nscl_run_deliver(r, r->shown, out, error);
}
