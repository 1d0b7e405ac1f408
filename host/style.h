/* A run of nscl_paint up to the optimiser: network, targets and start on the device, and the problem that is minimised.
 * nscl_paint is prepare, optimise, deliver, release; the tests evaluate and optimise a prepared run by themselves, from
 * starts that no picture of whole grey levels can hold. */
#ifndef NSCL_STYLE_H
#define NSCL_STYLE_H

#include "kept.h"
#include "loss.h"
#include "optim.h"
#include "preset.h"

typedef struct nscl_run {
    nscl_context *ctx;
    const nscl_weights *weights;
    const nscl_settings *settings;
    const nscl_job *job;
    const nscl_preset_rules *rules;
    nscl_network *network;
    nscl_loss loss;
    int h, w;
    cl_mem content, alpha; /* the content at the result's size, 0..255; its alpha or NULL */
    cl_mem x;              /* the variable: the start, (3, h, w), 0..255 minus the network's mean */
    cl_mem best;           /* of the preset that keeps the best of checkpoints */
    double best_loss;
    cl_mem shown;                    /* within the callback */
    nscl_problem problem;            /* reports to job->progress */
    char overflow[32];               /* the shallowest term of the latest evaluation that was not finite; "": none */
    int saved;                       /* evaluations when the state was last saved */
    double saved_at;                 /* seconds, then */
    nscl_term terms[NSCL_MAX_TERMS]; /* of the latest evaluation */
    int term_count;
    double loss_now; /* of the latest evaluation, as it was told; INFINITY before */
    double started;
    int begun;       /* evaluations made on another device */
    nscl_kept *kept; /* where another device could go on; NULL: none will */
} nscl_run;

/* Checks settings and sizes and fills *run, which keeps the pointers it is given. Release it whether or not this
 * succeeds. */
nscl_status nscl_run_prepare(nscl_run *run, nscl_context *ctx, const nscl_weights *weights, const nscl_settings *settings, const nscl_job *job,
                             nscl_error *error);
/* The part of it that takes memory: targets, start and problem, once the network is there. */
nscl_status nscl_run_set_up(nscl_run *run, nscl_error *error);
/* Runs the settings' optimiser from x on, which it improves. NSCL_CANCELLED where job->progress asked to stop. */
nscl_status nscl_run_optimise(nscl_run *run);
/* The picture of a variable such as x, as the job wants it; on failure *out is all zero. */
nscl_status nscl_run_deliver(nscl_run *run, cl_mem x, nscl_picture *out, nscl_error *error);
/* Gives back all that it holds but its network. */
void nscl_run_clear(nscl_run *run);
void nscl_run_release(nscl_run *run);

#endif
