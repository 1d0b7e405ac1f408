#include <math.h>

#include "kernel.h"
#include "optim.h"

typedef struct adam {
    nscl_problem *p;
    const nscl_adam_settings *settings;
    cl_mem x, g, m, v, good;         /* good: the last iterate with a finite loss */
    cl_mem mean, shown;              /* sum of the iterates by their weights, and that over the weights' sum; without an average NULL and x */
    double weight;                   /* that sum */
    double rate, good_loss, highest; /* accepted losses: the last, and the highest */
    int step, t;                     /* t counts since the moments were cleared */
} adam;

static void exchange(void *self, nscl_state *st)
{
    adam *a = self;
    const struct {
        const char *name;
        cl_mem vector;
    } vectors[] = {{"x", a->x}, {"m", a->m}, {"v", a->v}, {"good", a->good}, {"mean", a->mean}, {"shown", a->mean ? a->shown : NULL}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        if (vectors[i].vector)
            nscl_state_vector(st, vectors[i].name, vectors[i].vector, sizeof(float), a->p->elements, a->p->n);
    nscl_state_real(st, "weight", &a->weight);
    nscl_state_real(st, "rate", &a->rate);
    nscl_state_real(st, "loss", &a->good_loss);
    nscl_state_real(st, "highest", &a->highest);
    nscl_state_integer(st, "step", &a->step);
    nscl_state_integer(st, "t", &a->t);
}

/* The iterate's loss is known: it becomes the good one and a part of the mean, or, if that is not finite or exploded, it is taken back: the last
 * good iterate, fresh moments, half the rate. Returns what to note. */
static const char *judge(adam *a, double loss)
{
    nscl_context *ctx = a->p->ctx;
    size_t n = a->p->n;
    double decay = a->settings->ema;
    int exploded = isfinite(loss) && a->step > 0 && loss > NSCL_EXPLOSION * a->highest;
    if (!isfinite(loss) || exploded) {
        nscl_axpby(ctx, a->x, a->good, n, 1.0f, 0.0f);
        nscl_fill(ctx, a->m, n, 0.0f);
        nscl_fill(ctx, a->v, n, 0.0f);
        a->rate /= 2;
        a->t = 0;
        return exploded ? "loss exploded: back to the last good picture, moments cleared, rate halved"
                        : "loss not finite: back to the last good picture, moments cleared, rate halved";
    }
    nscl_axpby(ctx, a->good, a->x, n, 1.0f, 0.0f);
    a->good_loss = loss;
    a->highest = fmax(a->highest, loss);
    if (a->mean && a->step > 0) {
        a->weight = decay * a->weight + 1 - decay;
        nscl_axpby(ctx, a->mean, a->x, n, (float)(1 - decay), (float)decay);
    }
    if (a->mean)
        nscl_axpby(ctx, a->shown, a->step > 0 ? a->mean : a->x, n, a->step > 0 ? (float)(1 / a->weight) : 1.0f, 0.0f);
    return NULL;
}

static void move(adam *a)
{
    const nscl_adam_settings *s = a->settings;
    nscl_context *ctx = a->p->ctx;
    cl_ulong blocks = a->p->n / (size_t)ctx->block;
    /* The corrections of the rounded betas: 1 - 0.999f is off by 1e-5, which would change every step. */
    float b1 = (float)s->beta1, b2 = (float)s->beta2, eps = (float)s->eps;
    double c1 = 1 - pow((double)b1, a->t), c2 = 1 - pow((double)b2, a->t);
    int pytorch = s->form == NSCL_ADAM_PYTORCH;
    float lr = (float)(pytorch ? a->rate / c1 : a->rate * sqrt(c2) / c1), vscale = pytorch ? (float)(1 / c2) : 1.0f;
    NSCL_RUN(ctx, "adam_step", DIM1(blocks), ARG(a->x), ARG(a->m), ARG(a->v), ARG(a->g), ARG(blocks), ARG(b1), ARG(b2), ARG(lr), ARG(vscale), ARG(eps));
    if (s->constrain)
        s->constrain(s->constrain_state, a->x);
}

nscl_status nscl_adam_run(nscl_problem *p, cl_mem x, const nscl_adam_settings *settings)
{
    nscl_context *ctx = p->ctx;
    size_t bytes = p->n * sizeof(float);
    nscl_status status = NSCL_OK;
    adam a = {.p = p, .settings = settings, .x = x, .shown = x, .rate = settings->learning_rate, .step = settings->first, .t = 1};
    a.g = nscl_buffer_zero(ctx, bytes);
    a.m = nscl_buffer_zero(ctx, bytes);
    a.v = nscl_buffer_zero(ctx, bytes);
    a.good = nscl_buffer_zero(ctx, bytes);
    if (settings->ema > 0) {
        a.mean = nscl_buffer_zero(ctx, bytes);
        a.shown = nscl_buffer_zero(ctx, bytes);
    }
    if (a.step > 0)
        nscl_axpby(ctx, a.good, x, p->n, 1.0f, 0.0f);
    if (p->resume) {
        exchange(&a, p->resume);
        if (!nscl_state_good(p->resume))
            status = NSCL_CANCELLED;
    }
    for (; status == NSCL_OK; a.step++, a.t++) {
        if (a.step > 0 && p->between)
            p->between(p->user, exchange, &a);
        double loss = nscl_problem_evaluate(p, a.g, x, NULL, NULL, NULL, 0);
        if (ctx->error.code != NSCL_OK)
            break;
        if (!isfinite(loss) && a.step == 0) {
            status = nscl_fail(&ctx->error, NSCL_BAD_NUMBER, "the loss is not finite at the start: lower the weights, or check the network file");
            break;
        }
        const char *note = judge(&a, loss);
        if (p->report(p->user, a.shown, isfinite(loss) ? loss : a.good_loss, note)) {
            status = NSCL_CANCELLED;
            break;
        }
        if (a.step >= settings->steps)
            break;
        if (!note)
            move(&a);
    }
    if (a.mean) {
        nscl_axpby(ctx, x, a.shown, p->n, 1.0f, 0.0f);
        nscl_buffer_free(ctx, a.shown);
        nscl_buffer_free(ctx, a.mean);
    }
    nscl_buffer_free(ctx, a.g);
    nscl_buffer_free(ctx, a.m);
    nscl_buffer_free(ctx, a.v);
    nscl_buffer_free(ctx, a.good);
    return status != NSCL_OK ? status : ctx->error.code;
}
