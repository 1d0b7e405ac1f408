#include <math.h>

#include "kernel.h"
#include "optim.h"

/* A step that leads to a loss that is not finite is taken back: the last good iterate, fresh moments, half the rate. */
nscl_status nscl_adam_run(nscl_problem *p, cl_mem x, const nscl_adam_settings *s)
{
    nscl_context *ctx = p->ctx;
    size_t bytes = p->n * sizeof(float);
    cl_ulong blocks = p->n / (size_t)ctx->block;
    cl_mem g = nscl_buffer_zero(ctx, bytes), m = nscl_buffer_zero(ctx, bytes), v = nscl_buffer_zero(ctx, bytes), good = nscl_buffer_zero(ctx, bytes);
    cl_mem mean = s->ema > 0 ? nscl_buffer_zero(ctx, bytes) : NULL, shown = s->ema > 0 ? nscl_buffer_zero(ctx, bytes) : x;
    double rate = s->learning_rate, good_loss = 0, weight = 0; /* of the mean */
    nscl_status status = NSCL_OK;
    for (int step = 0, t = 1;; step++, t++) {
        double loss = nscl_problem_evaluate(p, g, x, NULL, NULL, NULL, 0);
        const char *note = NULL;
        if (ctx->error.code != NSCL_OK)
            break;
        if (!isfinite(loss)) {
            if (step == 0) {
                status = nscl_fail(&ctx->error, NSCL_BAD_NUMBER, "the loss is not finite at the start: lower the weights, or check the network file");
                break;
            }
            note = "loss not finite: back to the last good picture, moments cleared, rate halved";
            nscl_axpby(ctx, x, good, p->n, 1.0f, 0.0f);
            nscl_fill(ctx, m, p->n, 0.0f);
            nscl_fill(ctx, v, p->n, 0.0f);
            rate /= 2;
            t = 0;
        } else {
            nscl_axpby(ctx, good, x, p->n, 1.0f, 0.0f);
            good_loss = loss;
            if (mean && step > 0) {
                weight = s->ema * weight + 1 - s->ema;
                nscl_axpby(ctx, mean, x, p->n, (float)(1 - s->ema), (float)s->ema);
            }
            if (mean)
                nscl_axpby(ctx, shown, step > 0 ? mean : x, p->n, step > 0 ? (float)(1 / weight) : 1.0f, 0.0f);
        }
        if (p->report(p->user, shown, good_loss, note)) {
            status = NSCL_CANCELLED;
            break;
        }
        if (step == s->steps)
            break;
        if (note)
            continue;
        /* The corrections of the rounded betas: 1 - 0.999f is off by 1e-5, which would change every step. */
        float b1 = (float)s->beta1, b2 = (float)s->beta2, eps = (float)s->eps;
        int pytorch = s->form == NSCL_ADAM_PYTORCH;
        double c1 = 1 - pow((double)b1, t), c2 = 1 - pow((double)b2, t);
        float lr = (float)(pytorch ? rate / c1 : rate * sqrt(c2) / c1), vscale = pytorch ? (float)(1 / c2) : 1.0f;
        NSCL_RUN(ctx, "adam_step", DIM1(blocks), ARG(x), ARG(m), ARG(v), ARG(g), ARG(blocks), ARG(b1), ARG(b2), ARG(lr), ARG(vscale), ARG(eps));
        if (s->constrain)
            s->constrain(s->constrain_state, x);
    }
    if (mean) {
        nscl_axpby(ctx, x, shown, p->n, 1.0f, 0.0f);
        nscl_buffer_free(ctx, shown);
        nscl_buffer_free(ctx, mean);
    }
    nscl_buffer_free(ctx, g);
    nscl_buffer_free(ctx, m);
    nscl_buffer_free(ctx, v);
    nscl_buffer_free(ctx, good);
    return status != NSCL_OK ? status : ctx->error.code;
}
