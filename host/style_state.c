#include "style_state.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "picture.h"

/* What decides the picture, as text: enough digits for each number. Without `iterations`. */
static void settings_sum(const nscl_settings *s, int style_count, char sum[65])
{
    char line[256];
    SHA2_CTX hash;
    SHA256Init(&hash);
#define ADD(...) SHA256Update(&hash, (const uint8_t *)line, (size_t)snprintf(line, sizeof line, __VA_ARGS__))
    ADD("%d %d %d %d %d %d %d %d;", (int)s->preset, (int)s->pooling, s->pool_round_up, s->width, s->height, s->size, s->short_side, (int)s->filter);
    for (int i = 0; i < s->content_layer_count; i++)
        ADD("%s %.17g,", s->content_layers[i].name, s->content_layers[i].weight);
    ADD(";");
    for (int i = 0; i < s->style_layer_count; i++)
        ADD("%s %.17g,", s->style_layers[i].name, s->style_layers[i].weight);
    ADD(";%.17g %.17g %.17g %d;", s->content_weight, s->style_weight, s->tv_weight, (int)s->tv);
    for (int i = 0; i < style_count; i++)
        ADD("%.17g %.17g,", s->style_scales[i], s->style_blend_weights[i]);
    ADD(";%d %d %d %.17g %d;", (int)s->optimizer, s->round_iterations, s->lbfgs_history, s->precondition, (int)s->line_search);
    ADD("%.17g %.17g %.17g %.17g %d %d %.17g %d;", s->learning_rate, s->beta1, s->beta2, s->eps, (int)s->adam_form, s->clip, s->ema, s->checkpoint_iterations);
    ADD("%d %.17g %llu %d %d %d", (int)s->init, s->initial_noiseblend, (unsigned long long)s->seed, s->preserve_colors, s->depth, (int)s->precision);
#undef ADD
    SHA256End(&hash, sum);
}

/* Stores a text that must be the same when the state is taken up again; `refusal` says what differs. */
static void same_text(nscl_state *st, const char *name, const char *text, const char *refusal)
{
    char *stored = (char *)text; /* only read when writing */
    nscl_state_text(st, name, &stored);
    if (!nscl_state_reading(st))
        return;
    if (stored && refusal && strcmp(stored, text) != 0)
        nscl_state_refuse(st, refusal);
    free(stored);
}

/* What the state belongs to. */
static void identity(nscl_run *r, nscl_state *st)
{
    const nscl_job *job = r->job;
    char sum[65], name[24], device[300];
    same_text(st, "description", job->description ? job->description : "", NULL);
    settings_sum(r->settings, job->style_count, sum);
    same_text(st, "settings", sum, "is of a run with other settings; give the same ones (only --iterations may differ)");
    nscl_picture_sha256(job->content, sum);
    same_text(st, "content", sum, "is of a run with another content picture; give the same one");
    for (int i = 0; i < job->style_count; i++) {
        snprintf(name, sizeof name, "style %d", i);
        nscl_picture_sha256(&job->styles[i], sum);
        same_text(st, name, sum, "is of a run with other style pictures; give the same ones in the same order");
    }
    if (job->initial) {
        nscl_picture_sha256(job->initial, sum);
        same_text(st, "initial", sum, "is of a run with another initial picture; give the same one");
    }
    same_text(st, "network", nscl_weights_sha256(r->weights), "is of a run with another network; give the same one");
    const nscl_device_info *d = nscl_context_device(r->ctx);
    snprintf(device, sizeof device, "%s, driver %s", d->name, d->driver);
    char *stored = device;
    nscl_state_text(st, "device", &stored);
    if (nscl_state_reading(st)) {
        if (stored && strcmp(stored, device) != 0)
            nscl_log(r->ctx, NSCL_LOG_WARNING, "the state is from %s: the picture will differ in the last digits from what it would have been there", stored);
        free(stored);
    }
}

static void exchange_run(nscl_run *r, nscl_state *st)
{
    identity(r, st);
    nscl_state_integer(st, "evaluations", &r->problem.evaluations);
    nscl_state_real(st, "gradient scale", &r->loss.scale);
    nscl_state_integer(st, "since look", &r->loss.since_look);
    if (r->best) {
        nscl_state_real(st, "best loss", &r->best_loss);
        nscl_state_vector(st, "best", r->best, sizeof(float), r->problem.elements, r->problem.n);
    }
}

void nscl_run_between(void *user, nscl_exchange_fn exchange, void *optimiser)
{
    nscl_run *r = user;
    nscl_error error = {0};
    if (!r->job->state_file || r->problem.evaluations - r->saved < r->job->state_every || nscl_seconds() - r->saved_at < r->job->state_seconds)
        return;
    r->saved = r->problem.evaluations;
    if (r->job->saving)
        r->job->saving(NULL, r->job->user);
    nscl_state *st = nscl_state_create(r->ctx, r->job->state_file, &error);
    if (st) {
        exchange_run(r, st);
        exchange(optimiser, st);
        nscl_state_close(st, &error);
    }
    if (error.code == NSCL_OK)
        nscl_log(r->ctx, NSCL_LOG_INFO, "evaluation %d: saved the state in %s", r->saved, r->job->state_file);
    else if (!r->job->saving)
        nscl_log(r->ctx, NSCL_LOG_WARNING, "evaluation %d: the state was not saved: %s", r->saved, error.text);
    if (r->job->saving)
        r->job->saving(&error, r->job->user);
    r->saved_at = nscl_seconds();
}

nscl_status nscl_run_resume(nscl_run *r, nscl_error *error)
{
    nscl_state *st = nscl_state_open(r->ctx, r->job->resume_file, error);
    if (!st)
        return error->code;
    nscl_file_sweep(r->job->resume_file); /* a saving that was cut */
    exchange_run(r, st);
    int adam = r->settings->optimizer == NSCL_ADAM, done = r->problem.evaluations - adam;
    if (nscl_state_good(st) && done > r->settings->iterations) {
        char why[128];
        snprintf(why, sizeof why, "has %d %s of a run that shall have %d; give --iterations %d or more", done, adam ? "steps" : "evaluations",
                 r->settings->iterations, done);
        nscl_state_refuse(st, why);
    }
    if (!nscl_state_good(st))
        return nscl_state_close(st, error);
    r->saved = r->problem.evaluations;
    r->loss.forward_done = 0;
    r->problem.resume = st;
    return NSCL_OK;
}

nscl_status nscl_description_read(char **out, const char *path, int state_only, nscl_error *error)
{
    nscl_error mine = {0};
    unsigned char magic[16];
    nscl_error_clear(error);
    error = error ? error : &mine;
    *out = NULL;
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(magic, 1, sizeof magic, file) : 0;
    if (file)
        fclose(file);
    if (!state_only && !nscl_state_is(magic, size))
        return nscl_picture_comment(path, out, error);
    nscl_state *st = nscl_state_open(NULL, path, error);
    if (!st)
        return error->code;
    nscl_state_text(st, "description", out);
    if (*out && !**out)
        nscl_state_refuse(st, "was saved without a description of its settings; give them as options");
    nscl_status status = nscl_state_close(st, error);
    if (status != NSCL_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}
