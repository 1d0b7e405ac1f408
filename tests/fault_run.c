#define _POSIX_C_SOURCE 200809L
#include "fault_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void hear(nscl_log_level level, const char *line, void *user)
{
    fault_heard *h = user;
    if (level == NSCL_LOG_WARNING)
        snprintf(h->warning, sizeof h->warning, "%s", line);
}

static int count_report(const nscl_progress *progress, void *user)
{
    fault_heard *h = user;
    h->last = progress->loss;
    if (progress->note && !h->warning[0])
        snprintf(h->warning, sizeof h->warning, "%s", progress->note);
    if (h->reports++ == 0)
        h->first = h->last;
    return 0;
}

/* Device memory held between runs: scratch, which stays. */
static long held(const nscl_context *ctx)
{
    return (ctx->scratch[0] != NULL) + (ctx->scratch[1] != NULL);
}

void fault_paint_on(fault_attempt *a, const golden_run *r, nscl_context *ctx)
{
    nscl_job job = r->job;
    job.progress = count_report;
    job.user = &a->heard;
    a->status = nscl_paint(ctx, r->weights, &r->settings, &job, &a->picture, &a->error);
}

fault_attempt fault_paint(const golden_run *r, const char *fault, int fallback)
{
    fault_attempt a = {0};
    nscl_context *ctx = NULL;
    nscl_open_options options = {.log = hear, .log_user = &a.heard, .fallback = fallback};
    long before = fault_alive();
    assert_true(fault_set(fault));
    a.status = nscl_open(&ctx, &options, &a.error);
    if (a.status == NSCL_OK)
        fault_paint_on(&a, r, ctx);
    nscl_close(ctx);
    if (fault_alive() != before)
        fail_msg("%s: %ld objects of OpenCL are left", fault, fault_alive() - before);
    return a;
}

fault_attempt fault_paint_again(const golden_run *r, const char *fault)
{
    fault_attempt a = {0};
    nscl_context *ctx = test_ctx;
    long before = fault_alive() - held(ctx);
    unsigned features = ctx->features;
    ctx->log = hear;
    ctx->log_user = &a.heard;
    assert_true(fault_set(fault));
    fault_paint_on(&a, r, ctx);
    if (fault_alive() - held(ctx) != before)
        fail_msg("%s: %ld objects of OpenCL are left", fault, fault_alive() - held(ctx) - before);
    ctx->log = NULL;
    ctx->features = features;
    ctx->conv_refused = 0;
    ctx->relieved = ctx->gram_changed = 0;
    return a;
}

double fault_difference(const nscl_picture *a, const nscl_picture *b)
{
    double sum = 0;
    int n = a->width * a->height * a->channels;
    assert_int_equal(n, b->width * b->height * b->channels);
    for (int i = 0; i < n; i++) {
        double off = (double)((const uint16_t *)a->samples)[i] - ((const uint16_t *)b->samples)[i];
        sum += off * off;
    }
    return sqrt(sum / n);
}

int fault_finished(const fault_attempt *a, const nscl_picture *wanted, const char *fault, const char *code)
{
    if (a->status == NSCL_OK) {
        double off = fault_difference(&a->picture, wanted);
        if (!(off <= FAULT_TOLERATED))
            fail_msg("%s: a picture that is off by %.1f of 65535: %s", fault, off, a->heard.warning);
        return 1;
    }
    if (a->picture.samples || (a->status != NSCL_BAD_DEVICE && a->status != NSCL_NO_MEMORY))
        fail_msg("%s: ended as '%s'%s: %s", fault, nscl_status_text(a->status), a->picture.samples ? " with a picture" : "", a->error.text);
    if (!strstr(a->error.text, code) || strlen(a->error.text) < strlen(code) + 20)
        fail_msg("%s: the message does not say what failed: %s", fault, a->error.text);
    return 0;
}

void fault_short_run(golden_run *r, const char *name)
{
    golden_run_read(r, name);
    r->settings.iterations = FAULT_EVALUATIONS;
    r->settings.depth = 16;
    r->settings.learning_rate = 0.5;
}
