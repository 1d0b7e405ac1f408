#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "findings.h"
#include "precision.h"
#include "selftest.h"

typedef struct question {
    int32_t what; /* an nscl_conv_algorithm, or NSCL_FOUND_REST */
    int32_t half, pooling, limit;
    int32_t layer[4];
} question;

static const char done = 1;

/* ---- The child ---- */

int nscl_trial_main(const char *device, const char *kernel_dir)
{
    const nscl_open_options options = {.device = device, .kernel_dir = kernel_dir[0] ? kernel_dir : NULL};
    nscl_context *ctx = NULL;
    nscl_error error = {NSCL_OK, ""};
    question q;
    if (nscl_open(&ctx, &options, &error) != NSCL_OK || !nscl_socket_send(NSCL_CHILD_SOCKET, &done, 1))
        return 1;
    while (nscl_socket_receive(NSCL_CHILD_SOCKET, &q, sizeof q, -1) == 1) {
        nscl_alarm((unsigned)q.limit + 10); /* where the parent was killed meanwhile */
        if (nscl_precision_set(ctx, q.half ? NSCL_PRECISION_FP16_STORAGE : NSCL_PRECISION_FP32, &error) == NSCL_OK)
            nscl_selftest_try(ctx, q.what, q.layer, (nscl_pooling)q.pooling);
        nscl_context_clear(ctx);
        nscl_alarm(0);
        if (!nscl_socket_send(NSCL_CHILD_SOCKET, &done, 1))
            break;
    }
    nscl_close(ctx);
    return 0;
}

/* ---- The parent ---- */

/* 1 when it came to an end, or nothing can be tried; 0 with how it did not. */
static int try(nscl_context *ctx, question q, char *how, size_t size)
{
    char answer;
    unsigned limit = nscl_compiler_limit();
    unsigned *tried = &ctx->tried[ctx->half_storage];
    if (!ctx->compile_apart || !limit || *tried >> q.what & 1 || !nscl_child_ready(ctx, &ctx->trial, NSCL_TRIAL_ASKED))
        return 1;
    *tried |= 1u << q.what;
    q.half = ctx->half_storage;
    q.limit = (int32_t)limit;
    int came = nscl_socket_send(ctx->trial.socket, &q, sizeof q) ? nscl_socket_receive(ctx->trial.socket, &answer, 1, limit) : 0;
    if (came == 1)
        return 1;
    nscl_child_end(&ctx->trial, how, size);
    if (came < 0)
        snprintf(how, size, "it does not come to an end in %u s", limit);
    return 0;
}

int nscl_trial_conv(nscl_context *ctx, nscl_conv_algorithm algorithm, const int layer[4])
{
    char how[64] = "";
    question q = {.what = algorithm};
    memcpy(q.layer, layer, sizeof q.layer);
    if (try(ctx, q, how, sizeof how))
        return 1;
    nscl_findings_exclude(ctx, algorithm);
    nscl_log(ctx, NSCL_LOG_WARNING, "%s fails at convolution %s, tried in a child process (%s): another is used from now on", ctx->facts.info.name,
             nscl_conv_names[algorithm], how);
    return 0;
}

nscl_status nscl_trial_rest(nscl_context *ctx, nscl_pooling pooling, nscl_error *error)
{
    char how[64] = "";
    if (try(ctx, (question){.what = NSCL_FOUND_REST, .pooling = pooling}, how, sizeof how))
        return NSCL_OK;
    return nscl_fail(error, NSCL_BAD_DEVICE, "%s fails at pooling, Gram matrices or losses, tried in a child process (%s): choose another device or driver",
                     ctx->facts.info.name, how);
}

void nscl_trial_close(nscl_context *ctx)
{
    char how[64];
    nscl_child_end(&ctx->trial, how, sizeof how);
}
