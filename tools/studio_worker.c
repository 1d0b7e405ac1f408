#define _POSIX_C_SOURCE 200809L
#include "studio_worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_describe.h"
#include "error.h"
#include "options.h"
#include "os.h"
#include "studio_order.h"
#include "studio_phase.h"
#include "studio_picture.h"
#include "studio_process.h"
#include "studio_shrink.h"
#include "studio_steer.h"

enum { MOST_PIXELS = 256 << 20, WORK_LINE = 1 << 16 };
static const double between_pictures = 0.5, between_lines = 0.1, between_states = 1; /* seconds, at least */
static const double state_rate = 8e6;                                                /* bytes a second that states may take of the disk's time, on average */

typedef struct worker {
    const char *folder;
    FILE *voice;
    studio_steer steer;
    json_t *work;
    studio_order order;
    nscl_options options; /* as the command nscl would have them: recipes are the same */
    nscl_context *context;
    nscl_weights *weights;
    nscl_picture content, initial, result;
    nscl_picture styles[STUDIO_MOST_STYLES];
    double style_weight; /* the preset's */
    char *recipe;
    int width, height, version;
    studio_phase phase; /* whose `done` evaluations are not of the run at work */
    uint64_t state_bytes;
    int keeps_state; /* there is room for it */
    double paused;   /* seconds */
    double before;   /* seconds of painting before it was broken off */
    double began, last_picture, last_line, last_evaluation;
    double rate; /* evaluations a second */
    studio_wish wish;
    int evaluation; /* when it was to stop or to change */
    int time_is_up;
} worker;

static void say(worker *w, json_t *line)
{
    json_dumpf(line, w->voice, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', w->voice);
    fflush(w->voice);
    json_decref(line);
}

static void on_log(nscl_log_level level, const char *line, void *user)
{
    if (level == NSCL_LOG_WARNING)
        say(user, json_pack("{s:o}", "note", nscl_json_text(line)));
}

/* ---- Pictures ---- */

static nscl_status write_picture(worker *w, const nscl_picture *picture, const char *name, int quality, nscl_error *error)
{
    nscl_picture_options options = {.quality = quality, .comment = w->recipe};
    char *path = nscl_path_join(w->folder, name);
    nscl_status status = path ? nscl_picture_write(picture, path, &options, error) : nscl_fail(error, NSCL_NO_MEMORY, "no memory");
    free(path);
    return status;
}

static void write_live(worker *w, const nscl_progress *now)
{
    nscl_picture picture;
    nscl_error error = {NSCL_OK, ""};
    if (nscl_progress_picture(now, &picture, &error) == NSCL_OK && write_picture(w, &picture, "live.jpg", 85, &error) == NSCL_OK)
        w->version++;
    if (error.code != NSCL_OK)
        say(w, json_pack("{s:o}", "note", nscl_json_text(error.text)));
    nscl_picture_free(&picture);
}

/* The photograph beside which the result is shown. */
static nscl_status write_before(worker *w, nscl_error *error)
{
    nscl_picture copy = w->content;
    size_t bytes = (size_t)copy.width * (size_t)copy.height * (size_t)copy.channels * (size_t)copy.depth / 8;
    copy.samples = malloc(bytes);
    if (!copy.samples)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the photograph");
    memcpy(copy.samples, w->content.samples, bytes);
    studio_shrink(&copy, w->width, w->height);
    nscl_status status = write_picture(w, &copy, "before.jpg", 90, error);
    nscl_picture_free(&copy);
    return status;
}

static nscl_status write_result(worker *w, nscl_error *error)
{
    studio_to_8_bits(&w->result);
    nscl_status status = write_picture(w, &w->result, "picture.png", 0, error);
    if (status == NSCL_OK)
        status = write_picture(w, &w->result, "picture.jpg", 95, error);
    if (status == NSCL_OK && studio_shrink(&w->result, STUDIO_THUMB, STUDIO_THUMB))
        status = write_picture(w, &w->result, "thumb.jpg", 85, error);
    char *live = nscl_path_join(w->folder, "live.jpg");
    if (status == NSCL_OK && live)
        remove(live);
    free(live);
    return status;
}

static nscl_status read_picture(nscl_picture *picture, const json_t *from, nscl_error *error)
{
    const char *path = json_string_value(json_object_get(from, "path"));
    return path ? nscl_picture_read(picture, path, MOST_PIXELS, error) : nscl_fail(error, NSCL_BAD_ARGUMENT, "a picture without a path");
}

/* ---- The order ---- */

/* What was asked for; else the server's; else the preset's own where it is there; else the best that is. */
static const char *choose_network(const worker *w)
{
    const char *server = json_string_value(json_object_get(w->work, "network")), *own = nscl_preset_network(w->order.preset);
    if (strcmp(w->order.network, "auto") != 0)
        return w->order.network;
    if (server)
        return server;
    if (strcmp(own, "builtin") != 0 && nscl_weights_installed(own))
        return own;
    return nscl_weights_installed("vgg19") ? "vgg19" : "builtin";
}

static const char *name_of(const json_t *picture)
{
    return json_string_value(json_object_get(picture, "name"));
}

static void set_options(worker *w)
{
    nscl_options *o = &w->options;
    nscl_settings *s = &o->settings;
    const json_t *styles = json_object_get(w->work, "styles");
    nscl_options_init(o, w->order.preset);
    o->content = name_of(json_object_get(w->work, "content"));
    o->initial = name_of(json_object_get(w->work, "initial"));
    o->style_count = w->order.style_count;
    o->network = choose_network(w);
    o->device = json_string_value(json_object_get(w->work, "device"));
    for (int i = 0; i < o->style_count; i++) {
        o->styles[i] = name_of(json_array_get(styles, (size_t)i));
        s->style_blend_weights[i] = w->order.shares[i];
    }
    s->width = s->height = s->short_side = 0;
    s->size = w->order.size;
    s->iterations = w->order.evaluations - w->phase.done;
    s->preserve_colors = w->order.preserve_colors;
    w->style_weight = s->style_weight;
    s->style_weight *= studio_strength_factor(w->order.strength);
    if (w->initial.samples)
        s->initial_noiseblend = 0;
}

/* Where a job was broken off it goes on in the phase that it was in; a strength that was asked for since comes after that. */
static void take_up(worker *w)
{
    const json_t *begun = json_object_get(w->work, "begun");
    double wanted = w->order.strength;
    int there = studio_phase_read(&w->phase, w->folder);
    if (!there)
        w->phase = (studio_phase){w->folder, 0, wanted, 0};
    studio_phase_forget(w->folder, there ? &w->phase : NULL);
    w->order.strength = w->phase.strength;
    if (wanted != w->phase.strength)
        studio_steer_change(&w->steer, wanted);
    w->version = (int)json_integer_value(json_object_get(begun, "version"));
    w->before = json_number_value(json_object_get(begun, "seconds"));
}

static nscl_status read_initial(worker *w, nscl_error *error)
{
    const json_t *initial = json_object_get(w->work, "initial");
    if (!w->phase.has_begin)
        return initial ? read_picture(&w->initial, initial, error) : NSCL_OK;
    char *path = studio_phase_begin(&w->phase);
    nscl_status status = path ? nscl_picture_read(&w->initial, path, MOST_PIXELS, error) : nscl_fail(error, NSCL_NO_MEMORY, "no memory");
    free(path);
    return status;
}

/* The phase begins; that it cannot be kept is worth a word, no more. */
static void keep_phase(worker *w, const nscl_picture *begin)
{
    nscl_error error = {NSCL_OK, ""};
    if (!w->keeps_state || studio_phase_keep(&w->phase, begin, &error) == NSCL_OK)
        return;
    w->keeps_state = 0;
    studio_phase_forget(w->folder, NULL);
    say(w, json_pack("{s:o}", "note", nscl_json_text(error.text)));
}

static nscl_status prepare(worker *w, nscl_error *error)
{
    const json_t *styles = json_object_get(w->work, "styles");
    nscl_open_options open = {.log = on_log, .log_user = w, .compile_apart = 1};
    nscl_status status = studio_order_read(&w->order, json_object_get(w->work, "order"), 1 << 16, error);
    if (status != NSCL_OK)
        return status;
    take_up(w);
    status = read_picture(&w->content, json_object_get(w->work, "content"), error);
    for (int i = 0; i < w->order.style_count && status == NSCL_OK; i++)
        status = read_picture(&w->styles[i], json_array_get(styles, (size_t)i), error);
    if (status == NSCL_OK)
        status = read_initial(w, error);
    if (status != NSCL_OK)
        return status;
    set_options(w);
    open.device = w->options.device;
    status = nscl_weights_open(&w->weights, w->options.network, error);
    const char *slash = strrchr(w->options.network, '/');
    if (slash) /* recipes travel with pictures, and are to tell nothing of this machine's folders */
        w->options.network = slash + 1;
    if (status == NSCL_OK)
        status = nscl_settings_check(&w->options.settings, w->weights, w->order.style_count, error);
    if (status == NSCL_OK)
        status = nscl_settings_size(&w->options.settings, w->content.width, w->content.height, &w->width, &w->height, error);
    if (status != NSCL_OK)
        return status;
    w->state_bytes = studio_phase_bytes(&w->options.settings, w->width, w->height);
    w->keeps_state = w->state_bytes <= (uint64_t)json_integer_value(json_object_get(w->work, "state_bytes"));
    if (!w->phase.has_begin)
        keep_phase(w, NULL);
    status = write_before(w, error);
    if (status == NSCL_OK)
        status = nscl_open(&w->context, &open, error);
    if (status == NSCL_OK)
        say(w, json_pack("{s:{s:i, s:i, s:o}}", "started", "width", w->width, "height", w->height, "network", nscl_json_text(nscl_weights_text(w->weights))));
    return status;
}

/* What the picture can be painted from again, for its comment: nscl's description of a run, and the order. */
static void describe(worker *w)
{
    json_t *run = nscl_cli_describe(&w->options, nscl_context_device(w->context), w->weights, w->width, w->height);
    if (run)
        json_object_set_new(run, "studio", studio_order_json(&w->order));
    free(w->recipe);
    w->recipe = run ? json_dumps(run, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15)) : NULL;
    json_decref(run);
}

/* ---- Painting ---- */

/* Seconds still to go, by the rate and by the time that is allowed; below 0 where neither is known. */
static double remaining(const worker *w, int evaluation, double seconds)
{
    double left = w->rate > 0 ? (w->order.evaluations - evaluation) / w->rate : -1, allowed = w->order.seconds - seconds;
    if (w->order.seconds && (left < 0 || allowed < left))
        left = allowed > 0 ? allowed : 0;
    return left;
}

static int on_progress(const nscl_progress *now, void *user)
{
    worker *w = user;
    double time = nscl_seconds(), waited = 0;
    int evaluation = w->phase.done + now->evaluation, last = now->evaluation >= now->evaluations;
    if (w->last_evaluation > 0) {
        double rate = 1 / (time - w->last_evaluation + 1e-9);
        w->rate = w->rate > 0 ? 0.8 * w->rate + 0.2 * rate : rate;
    }
    if (!w->began)
        w->began = time;
    if (!last && time - w->last_picture >= between_pictures) {
        write_live(w, now);
        w->last_picture = nscl_seconds();
    }
    double seconds = w->before + time - w->began - w->paused;
    if (now->note)
        say(w, json_pack("{s:o}", "note", nscl_json_text(now->note)));
    if (last || time - w->last_line >= between_lines) {
        w->last_line = time;
        say(w, json_pack("{s:{s:i, s:i, s:f, s:f, s:f, s:f, s:i}}", "progress", "evaluation", evaluation, "evaluations", w->phase.done + now->evaluations,
                         "loss", now->loss, "seconds", seconds, "rate", w->rate, "remaining", remaining(w, evaluation, seconds), "version", w->version));
    }
    w->wish = studio_steer_ask(&w->steer, w->voice, &waited);
    w->paused += waited;
    w->last_evaluation = waited > 0 ? 0 : nscl_seconds();
    w->time_is_up = w->order.seconds && seconds >= w->order.seconds;
    if (w->wish != STUDIO_GO_ON)
        w->evaluation = evaluation;
    return w->wish != STUDIO_GO_ON || w->time_is_up;
}

/* Paints; when the strength is changed on the way, goes on from the picture so far with what is left of the evaluations. All is painted in
 * 16 bits, so that little is lost then. */
static nscl_status paint(worker *w, nscl_error *error)
{
    nscl_settings *s = &w->options.settings;
    nscl_status status;
    double pause = (double)w->state_bytes / state_rate;
    for (;;) {
        char *state = studio_phase_state(&w->phase);
        nscl_job job = {.content = &w->content,
                        .styles = w->styles,
                        .style_count = w->order.style_count,
                        .initial = w->initial.samples ? &w->initial : NULL,
                        .progress = on_progress,
                        .user = w,
                        .state_file = w->keeps_state ? state : NULL,
                        .state_every = 1,
                        .state_seconds = pause > between_states ? pause : between_states,
                        .resume_file = state && nscl_file_exists(state) ? state : NULL};
        s->depth = 8; /* in the recipe */
        describe(w);
        s->depth = 16;
        w->wish = STUDIO_GO_ON;
        w->last_evaluation = 0;
        status = nscl_paint(w->context, w->weights, s, &job, &w->result, error);
        int unusable = status == NSCL_BAD_FILE && job.resume_file;
        if (unusable) {
            say(w, json_pack("{s:s, s:s}", "note", "what was saved is of other pictures or another network: it is painted anew", "code", "anew"));
            nscl_error_clear(error);
            remove(state);
        }
        free(state);
        if (unusable)
            continue; /* another picture or network is there now: anew from the phase's beginning */
        int left = w->order.evaluations - w->evaluation;
        if (status != NSCL_CANCELLED || w->wish != STUDIO_CHANGE || w->time_is_up || left < 2)
            break;
        nscl_picture_free(&w->initial);
        w->initial = w->result;
        w->result = (nscl_picture){0};
        w->order.strength = studio_steer_strength(&w->steer);
        w->phase = (studio_phase){w->folder, w->evaluation, w->order.strength, 1};
        keep_phase(w, &w->initial);
        s->style_weight = w->style_weight * studio_strength_factor(w->order.strength);
        s->iterations = left;
        s->initial_noiseblend = 0;
    }
    if (status == NSCL_CANCELLED && (w->time_is_up || w->wish == STUDIO_CHANGE))
        return NSCL_OK; /* as long as was asked for */
    return status;
}

static void fail(worker *w, const nscl_error *error)
{
    const char *code = "settings";
    switch (error->code) {
    case NSCL_BAD_FILE: code = "file"; break;
    case NSCL_NO_MEMORY: code = "memory"; break;
    case NSCL_NO_DEVICE:
    case NSCL_BAD_DEVICE: code = "device"; break;
    case NSCL_BAD_NUMBER: code = "number"; break;
    default: break;
    }
    say(w, json_pack("{s:o, s:s}", "failed", nscl_json_text(error->text), "code", code));
}

static json_t *read_work(void)
{
    char *line = malloc(WORK_LINE);
    json_t *work = line && fgets(line, WORK_LINE, stdin) ? json_loads(line, 0, NULL) : NULL;
    free(line);
    return work;
}

int studio_worker(const char *folder)
{
    nscl_error error = {NSCL_OK, ""}, write_error = {NSCL_OK, ""};
    worker *w = calloc(1, sizeof *w);
    if (!w || !(w->voice = studio_child_voice()))
        return TOOL_FAILED;
    w->folder = folder;
    w->work = read_work();
    if (!w->work || !studio_steer_open(&w->steer))
        return TOOL_FAILED;
    nscl_prepare();
    nscl_status status = prepare(w, &error);
    if (status == NSCL_OK)
        status = paint(w, &error);
    if (status == NSCL_OK || status == NSCL_CANCELLED) {
        if (write_result(w, &write_error) == NSCL_OK)
            say(w, json_pack("{s:s}", "ended", status == NSCL_OK ? "done" : "stopped"));
        else
            fail(w, &write_error);
    } else
        fail(w, &error);
    _exit(TOOL_DONE); /* all is delivered, and some drivers hang when they are left */
}
