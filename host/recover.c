#include "recover.h"

#include "kernel.h"

/* Memory that no operation needs in between, once; the next ones take what they need. */
static int give_back_scratch(nscl_context *ctx)
{
    if (ctx->relieved || !nscl_cl_memory(ctx->failed_code))
        return 0;
    ctx->relieved = 1;
    for (int i = 0; i < NSCL_SCRATCHES; i++) {
        nscl_buffer_free(ctx, ctx->scratch[i]);
        ctx->scratch[i] = NULL;
        ctx->scratch_bytes[i] = 0;
    }
    nscl_log(ctx, NSCL_LOG_WARNING, "trying again with what memory can be spared given back: %s", ctx->error.text);
    return 1;
}

/* Gram matrices by our own kernels instead of CLBlast, or the other way round; once. */
static int change_gram(nscl_context *ctx)
{
    unsigned now = ctx->features & NSCL_FEATURE_BLOCKED;
    if (ctx->failed_at != NSCL_AT_GRAM || ctx->gram_changed)
        return 0;
    ctx->gram_changed = 1;
    ctx->features ^= NSCL_FEATURE_BLOCKED;
    nscl_log(ctx, NSCL_LOG_WARNING, "%s make the Gram matrices from now on: %s", now ? "CLBlast's products" : "our own kernels", ctx->error.text);
    return 1;
}

static int change_convolution(const nscl_network *n, const nscl_activations *a)
{
    nscl_context *ctx = n->ctx;
    nscl_conv_algorithm failed = (nscl_conv_algorithm)(ctx->failed_at - 1);
    const char *others = NULL;
    if (ctx->failed_at <= 0 || failed == NSCL_CONV_IMAGE || ctx->conv_refused & 1u << failed)
        return 0;
    ctx->conv_refused |= 1u << failed;
    for (int i = 0; i < n->depth; i++)
        if (n->conv[i]->algorithm == failed) {
            nscl_conv_plan(ctx, n->conv[i], a->h[i], a->w[i]);
            if (n->conv[i]->algorithm == failed)
                return 0;
            others = nscl_conv_names[n->conv[i]->algorithm];
        }
    nscl_log(ctx, NSCL_LOG_WARNING, "convolving by %s instead of %s from now on: %s", others ? others : "others", nscl_conv_names[failed], ctx->error.text);
    return 1;
}

int nscl_recover(const nscl_network *n, const nscl_activations *a)
{
    nscl_context *ctx = n->ctx;
    if (ctx->error.code == NSCL_OK || !ctx->failed_code || clFinish(ctx->queue) != CL_SUCCESS)
        return 0;
    switch (ctx->failed_code) {
    case CL_DEVICE_NOT_AVAILABLE:
    case CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST:
    case CL_INVALID_CONTEXT:
    case CL_INVALID_COMMAND_QUEUE:
    case -9999: return 0;
    default: break;
    }
    if (!give_back_scratch(ctx) && !change_gram(ctx) && !change_convolution(n, a))
        return 0;
    nscl_context_clear(ctx);
    return 1;
}
