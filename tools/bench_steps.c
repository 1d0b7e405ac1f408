/* An evaluation taken apart: nscl_loss_eval itself, with a clock read after each of its operations, so that caches are
 * as warm as they are in earnest. */
#include <string.h>

#include "bench_problem.h"
#include "measure.h"
#include "os.h"

typedef struct stopwatch {
    bench_problem *p;
    bench_steps *steps;
    int at;
    double last;
} stopwatch;

static void lap(void *user, nscl_step kind, int layer)
{
    stopwatch *s = user;
    clFinish(s->p->ctx->queue);
    double now = nscl_seconds();
    if (s->at < BENCH_MOST_STEPS) {
        bench_step *step = &s->steps->step[s->at++];
        step->kind = kind;
        step->layer = layer;
        step->samples[s->steps->rounds] = now - s->last;
    }
    s->last = nscl_seconds();
}

void bench_take_apart(bench_problem *p, bench_steps *steps)
{
    stopwatch s = {.p = p, .steps = steps};
    if (steps->rounds == BENCH_MOST_ROUNDS)
        return;
    clFinish(p->ctx->queue);
    p->network->mark = lap;
    p->network->mark_user = &s;
    s.last = nscl_seconds();
    nscl_loss_eval(&p->loss, p->dx, p->x);
    p->network->mark = NULL;
    steps->count = s.at;
    steps->rounds++;
}

double bench_step_seconds(const bench_steps *steps, int i)
{
    double samples[BENCH_MOST_ROUNDS];
    memcpy(samples, steps->step[i].samples, sizeof samples);
    return measure_median(samples, steps->rounds);
}
