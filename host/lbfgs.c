/* The two-loop recursion runs on the device: its scalars (s_i . q and y_i . q) stay in the buffer of sums, where the
 * next launch finds them, so that an iteration needs no read of its own. The host knows only what the line search
 * needs: losses and directional derivatives. It never stops by itself: where no step helps, the history is dropped and
 * a shorter steepest-descent step is tried. */
#include <math.h>
#include <stdlib.h>

#include "kernel.h"
#include "line_search.h"
#include "optim.h"

/* Slots after the loss's; alpha_i at ALPHA + i, beta_i at ALPHA + history + i. */
enum { START_SLOPE, TRIAL_SLOPE, SCRATCH, ALPHA };

typedef struct pair {
    cl_mem s, y;
    double sy; /* s . y */
} pair;

typedef struct lbfgs {
    nscl_problem *p;
    const nscl_lbfgs_settings *settings;
    cl_mem x, trial, d, g[3]; /* trial: of a step; between steps, room for anything */
    cl_ulong blocks;
    int current;               /* which g belongs to x */
    int other;                 /* which g the running evaluation fills */
    double loss;               /* at x */
    double best, best_step;    /* the lowest loss of this search and its step, 0 for x */
    double highest;            /* of accepted losses */
    pair *pairs;               /* a ring: the oldest at `first` */
    int first, count, history; /* pairs held at most: the settings', or what memory there is for */
    double shrink;             /* of the first trial step, after failures */
    double scale;              /* s . y / y . H0 y of the newest pair, 0 before there is one */
    double first_step;         /* of a steepest-descent trial */
    int end;                   /* evaluation at which the round ends */
    int stop;
    const char *note;
} lbfgs;

static int slot(const lbfgs *o, int which)
{
    return o->p->first_slot + which;
}

static size_t pair_bytes(const lbfgs *o)
{
    return nscl_lbfgs_pair_bytes(o->settings->precondition != NULL);
}

static const char *pair_option(const lbfgs *o)
{
    return nscl_lbfgs_pair_option(o->settings->precondition != NULL);
}

static pair *pair_at(const lbfgs *o, int i)
{
    return &o->pairs[(o->first + i) % o->history];
}

/* sums[out] = w . q after q += (ca sum[a] + cb sum[b]) v; v and w are a pair's. */
static void update(lbfgs *o, int out, cl_mem q, cl_mem v, cl_mem w, int a, double ca, int b, double cb)
{
    nscl_context *ctx = o->p->ctx;
    float fa = (float)ca, fb = (float)cb;
    cl_int so = slot(o, out), sa = slot(o, a), sb = slot(o, b);
    NSCL_RUN_WITH(ctx, "lbfgs_update", pair_option(o), REDUCE(ctx), ARG(o->p->sums), ARG(so), ARG(q), ARG(v), ARG(w), ARG(o->blocks), ARG(sa), ARG(fa), ARG(sb),
                  ARG(fb));
}

/* sums[out] = w . q */
static void product(lbfgs *o, int out, cl_mem q, cl_mem w)
{
    update(o, out, q, w, w, out, 0, out, 0);
}

static void precondition(lbfgs *o, cl_mem v)
{
    if (o->settings->precondition)
        o->settings->precondition(o->settings->precondition_state, v);
}

/* d = -H g, and its slope g . d to START_SLOPE. */
static void find_direction(lbfgs *o)
{
    nscl_context *ctx = o->p->ctx;
    cl_mem g = o->g[o->current];
    int k = o->count, beta = ALPHA + o->settings->history;
    nscl_axpby(ctx, o->d, g, o->p->n, -1.0f, 0.0f);
    if (k == 0) {
        precondition(o, o->d);
        nscl_dot_product(ctx, o->p->sums, slot(o, START_SLOPE), g, o->d, o->p->n);
        return;
    }
    pair *newest = pair_at(o, k - 1);
    product(o, ALPHA + k - 1, o->d, newest->s);
    for (int i = k - 1; i >= 0; i--) {
        pair *a = pair_at(o, i);
        update(o, i ? ALPHA + i - 1 : SCRATCH, o->d, a->y, i ? pair_at(o, i - 1)->s : a->y, ALPHA + i, -1 / a->sy, SCRATCH, 0);
    }
    /* The initial inverse Hessian: H0 times guess_scale s . y / y . H0 y of the newest pair. */
    NSCL_RUN_WITH(ctx, "lbfgs_widen", pair_option(o), DIM1(o->blocks), ARG(o->trial), ARG(newest->y), ARG(o->blocks));
    precondition(o, o->trial);
    product(o, SCRATCH, o->trial, newest->y);
    precondition(o, o->d);
    float sy = (float)(newest->sy * (o->settings->guess_scale > 0 ? o->settings->guess_scale : 1));
    cl_int yy = slot(o, SCRATCH);
    NSCL_RUN(ctx, "lbfgs_scale", REDUCE(ctx), ARG(o->p->sums), ARG(o->d), ARG(o->blocks), ARG(yy), ARG(sy));
    product(o, beta, o->d, pair_at(o, 0)->y);
    for (int i = 0; i < k; i++) {
        pair *a = pair_at(o, i);
        update(o, i + 1 < k ? beta + i + 1 : START_SLOPE, o->d, a->s, i + 1 < k ? pair_at(o, i + 1)->y : a->s, ALPHA + i, 1 / a->sy, beta + i, -1 / a->sy);
    }
    nscl_dot_product(ctx, o->p->sums, slot(o, START_SLOPE), g, o->d, o->p->n); /* g is kept otherwise than pairs are */
}

static void enqueue_slope(void *state)
{
    lbfgs *o = state;
    nscl_dot_product(o->p->ctx, o->p->sums, slot(o, TRIAL_SLOPE), o->g[o->other], o->d, o->p->n);
}

static void enqueue_norms(void *state)
{
    lbfgs *o = state;
    nscl_axpby(o->p->ctx, o->trial, o->g[o->other], o->p->n, 1.0f, 0.0f);
    precondition(o, o->trial);
    nscl_dot_product(o->p->ctx, o->p->sums, slot(o, TRIAL_SLOPE), o->trial, o->trial, o->p->n);
    nscl_sum_absolute(o->p->ctx, o->p->sums, slot(o, START_SLOPE), o->g[o->other], o->p->n);
}

/* A line search would take it back by itself. */
static int exploded(const lbfgs *o, double loss)
{
    return o->settings->line_search == NSCL_FIXED_STEP && isfinite(loss) && loss > NSCL_EXPLOSION * o->highest;
}

/* What the search would come to if it ended with this trial. */
static cl_mem best_so_far(lbfgs *o, const nscl_point *point)
{
    int fixed = o->settings->line_search == NSCL_FIXED_STEP;
    if (isfinite(point->f) && (fixed ? !exploded(o, point->f) : point->f < o->best)) {
        o->best = point->f;
        o->best_step = point->t;
    }
    if (o->best_step == 0)
        return o->x;
    float step = (float)o->best_step;
    if (o->best_step != point->t)
        NSCL_RUN(o->p->ctx, "step_to", DIM1(o->blocks), ARG(o->trial), ARG(o->x), ARG(o->d), ARG(o->blocks), ARG(step));
    return o->trial;
}

/* Evaluates x + t d into a gradient buffer that is not kept. values: START_SLOPE, TRIAL_SLOPE, SCRATCH. */
static int evaluate(lbfgs *o, double t, const int keep[2], nscl_point *point, double *values)
{
    nscl_context *ctx = o->p->ctx;
    float step = (float)t;
    for (o->other = 0; o->other == keep[0] || o->other == keep[1];)
        o->other++;
    NSCL_RUN(ctx, "step_to", DIM1(o->blocks), ARG(o->trial), ARG(o->x), ARG(o->d), ARG(o->blocks), ARG(step));
    point->t = t;
    point->gradient = o->other;
    point->f = nscl_problem_evaluate(o->p, o->g[o->other], o->trial, enqueue_slope, o, values, SCRATCH + 1);
    point->slope = values[TRIAL_SLOPE];
    if (!isfinite(point->slope))
        point->f = point->slope; /* a gradient that is not finite is no point to go on from, whatever its loss */
    if (ctx->error.code != NSCL_OK) {
        o->stop = 1;
        return 0;
    }
    if (exploded(o, point->f))
        o->note = "loss exploded: back to the last good picture, history dropped, step shrunk";
    if (!isfinite(point->f))
        o->note = "loss not finite: the step is shrunk and the history dropped";
    if (o->p->report(o->p->user, best_so_far(o, point), isfinite(point->f) ? point->f : o->loss, o->note))
        o->stop = 1;
    o->note = NULL;
    return !o->stop && o->p->evaluations < o->settings->evaluations;
}

static int trial(void *user, double t, const int keep[2], nscl_point *point)
{
    double values[SCRATCH + 1];
    return evaluate(user, t, keep, point, values);
}

static void drop_history(lbfgs *o)
{
    o->count = 0;
    o->first = 0;
}

/* Takes the buffers of a pair, once. */
static void hold(lbfgs *o, pair *a)
{
    if (a->s)
        return;
    a->s = nscl_buffer_zero(o->p->ctx, o->p->n * pair_bytes(o));
    a->y = nscl_buffer_zero(o->p->ctx, o->p->n * pair_bytes(o));
}

static void exchange(void *self, nscl_state *st)
{
    lbfgs *o = self;
    size_t n = o->p->n, elements = o->p->elements;
    int count = o->count;
    nscl_state_vector(st, "x", o->x, sizeof(float), elements, n);
    nscl_state_vector(st, "gradient", o->g[o->current], sizeof(float), elements, n);
    nscl_state_real(st, "loss", &o->loss);
    nscl_state_real(st, "highest", &o->highest);
    nscl_state_real(st, "shrink", &o->shrink);
    nscl_state_real(st, "scale", &o->scale);
    nscl_state_real(st, "first step", &o->first_step);
    nscl_state_integer(st, "end of round", &o->end);
    nscl_state_integer(st, "pairs", &count);
    if (!nscl_state_good(st) || count < 0 || count > o->settings->history) {
        nscl_state_refuse(st, "has a history longer than --lbfgs-history; give the same settings");
        return;
    }
    o->count = count; /* reading, the ring is empty and begins at 0 */
    for (int i = 0; i < count && nscl_state_good(st); i++) {
        pair *a = pair_at(o, i);
        hold(o, a);
        nscl_state_vector(st, "s", a->s, pair_bytes(o), elements, n);
        nscl_state_vector(st, "y", a->y, pair_bytes(o), elements, n);
        nscl_state_real(st, "s . y", &a->sy);
    }
}

/* The pair to be filled, the oldest where all are; NULL after an error. Where memory is refused, those that are there must do. */
static pair *next_pair(lbfgs *o)
{
    nscl_context *ctx = o->p->ctx;
    if (o->count < o->history && !o->pairs[o->count].s) {
        pair *a = &o->pairs[o->count]; /* the first ones are in place until the ring is full */
        hold(o, a);
        if (ctx->error.code == NSCL_NO_MEMORY && o->count > 0) {
            nscl_log(ctx, NSCL_LOG_WARNING, "L-BFGS goes on with a history of %d instead of %d: %s", o->count, o->history, ctx->error.text);
            nscl_context_clear(ctx);
            nscl_buffer_free(ctx, a->s);
            nscl_buffer_free(ctx, a->y);
            *a = (pair){NULL, NULL, 0};
            o->history = o->count;
        }
    }
    if (ctx->error.code != NSCL_OK)
        return NULL;
    if (o->count < o->history)
        return pair_at(o, o->count++);
    pair *oldest = pair_at(o, 0);
    o->first = (o->first + 1) % o->history;
    return oldest;
}

/* Moves x to the point and remembers the pair; a pair without positive curvature would spoil the matrix. */
static void accept(lbfgs *o, nscl_point to, double start_slope)
{
    nscl_context *ctx = o->p->ctx;
    float t = (float)to.t;
    double sy = to.t * (to.slope - start_slope);
    if (sy > 1e-10 && isfinite(sy)) {
        pair *a = next_pair(o);
        if (!a)
            return;
        a->sy = sy;
        NSCL_RUN_WITH(ctx, "lbfgs_pair", pair_option(o), DIM1(o->blocks), ARG(a->s), ARG(a->y), ARG(o->d), ARG(o->g[to.gradient]), ARG(o->g[o->current]),
                      ARG(o->blocks), ARG(t));
    }
    NSCL_RUN(ctx, "step_to", DIM1(o->blocks), ARG(o->x), ARG(o->x), ARG(o->d), ARG(o->blocks), ARG(t));
    o->current = to.gradient;
    o->loss = to.f;
    o->highest = fmax(o->highest, to.f);
}

/* One iteration: direction, first trial, line search. first_step: of the very first direction. */
static void iterate(lbfgs *o)
{
    double values[SCRATCH + 1];
    nscl_point first = {0, INFINITY, 0, -1};
    int keep[2] = {o->current, o->current}, not_finite = 0;
    double t = o->settings->learning_rate * o->shrink * (o->count ? 1.0 : o->first_step);
    find_direction(o);
    o->best = o->loss;
    o->best_step = 0;
    int go_on = evaluate(o, t, keep, &first, values);
    if (o->p->ctx->error.code != NSCL_OK)
        return;
    if (o->count && values[SCRATCH] > 0)
        o->scale = pair_at(o, o->count - 1)->sy / values[SCRATCH];
    nscl_point start = {0, o->loss, values[START_SLOPE], o->current}, best = first;
    if (!(start.slope < 0)) {
        drop_history(o);
        o->note = "the direction did not descend: history dropped";
        return;
    }
    if (o->settings->line_search == NSCL_FIXED_STEP) {
        not_finite = !isfinite(first.f);
        if (exploded(o, first.f))
            best = start;
    } else if (go_on)
        best = nscl_wolfe_search(start, first, trial, o, &not_finite);
    else if (!(first.f < start.f))
        best = start;
    if (not_finite)
        drop_history(o);
    if (best.t > 0 && isfinite(best.f)) {
        accept(o, best, start.slope);
        o->shrink = fmin(1.0, o->shrink * 10);
        if (not_finite)
            drop_history(o);
        return;
    }
    /* No step along d helps: begin anew from here with a shorter one. */
    if (!not_finite && !exploded(o, first.f))
        o->note = "no step lowers the loss: history dropped, step shrunk";
    drop_history(o);
    o->shrink *= 0.1;
}

/* The loss at the start, and the length of the first step from there. */
static nscl_status begin(lbfgs *o)
{
    nscl_problem *p = o->p;
    const nscl_lbfgs_settings *settings = o->settings;
    double norms[2] = {0, 0}; /* |g|_1, |H0 g|_2 squared */
    o->loss = nscl_problem_evaluate(p, o->g[0], o->x, enqueue_norms, o, norms, 2);
    if (p->ctx->error.code != NSCL_OK)
        return p->ctx->error.code;
    if (!(isfinite(o->loss) && isfinite(norms[0])))
        return nscl_fail(&p->ctx->error, NSCL_BAD_NUMBER, "the loss is not finite at the start: lower the weights, or check the network file");
    if (p->report(p->user, o->x, o->loss, NULL))
        o->stop = 1;
    o->highest = o->loss;
    o->first_step = 1;
    if (settings->first_change > 0 && norms[1] > 0)
        o->first_step = settings->first_change * sqrt((double)p->elements / norms[1]);
    else if (norms[0] > 0)
        o->first_step = fmin(1.0, 1.0 / norms[0]);
    return NSCL_OK;
}

size_t nscl_lbfgs_pair_bytes(int preconditioned)
{
    return preconditioned ? sizeof(cl_ushort) : sizeof(cl_float);
}

const char *nscl_lbfgs_pair_option(int preconditioned)
{
    return preconditioned ? "" : "-DPAIR_BITS=32";
}

nscl_status nscl_lbfgs_run(nscl_problem *p, cl_mem x, const nscl_lbfgs_settings *settings)
{
    nscl_context *ctx = p->ctx;
    size_t bytes = p->n * sizeof(float);
    nscl_status status = NSCL_OK;
    lbfgs o = {.p = p, .settings = settings, .x = x, .blocks = p->n / (size_t)ctx->block, .history = settings->history, .shrink = 1.0};
    o.pairs = calloc((size_t)settings->history, sizeof *o.pairs);
    if (!o.pairs)
        return nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory for an L-BFGS history of %d", settings->history);
    o.trial = nscl_buffer_zero(ctx, bytes);
    o.d = nscl_buffer_zero(ctx, bytes);
    for (int i = 0; i < 3; i++)
        o.g[i] = nscl_buffer_zero(ctx, bytes);
    o.end = settings->round;
    if (p->resume) {
        exchange(&o, p->resume);
        o.stop = !nscl_state_good(p->resume);
    } else
        status = begin(&o);
    while (ctx->error.code == NSCL_OK && !o.stop && p->evaluations < settings->evaluations) {
        if (p->between)
            p->between(p->user, exchange, &o);
        if (settings->round > 0 && p->evaluations >= o.end) {
            drop_history(&o);
            o.first_step = o.scale > 0 ? o.scale : o.first_step;
            o.end += settings->round;
        }
        iterate(&o);
    }
    if (status == NSCL_OK && o.stop)
        status = NSCL_CANCELLED;
    nscl_buffer_free(ctx, o.trial);
    nscl_buffer_free(ctx, o.d);
    for (int i = 0; i < 3; i++)
        nscl_buffer_free(ctx, o.g[i]);
    for (int i = 0; i < settings->history; i++) {
        nscl_buffer_free(ctx, o.pairs[i].s);
        nscl_buffer_free(ctx, o.pairs[i].y);
    }
    free(o.pairs);
    return ctx->error.code != NSCL_OK ? ctx->error.code : status;
}
