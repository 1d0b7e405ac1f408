/* The command: options to settings, files to pictures, and back. All that can be found wrong without a device is told
 * before one is opened, and nothing is written before the work has begun. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_checkpoint.h"
#include "cli_describe.h"
#include "cli_devices.h"
#include "cli_help.h"
#include "cli_log.h"
#include "cli_outputs.h"
#include "cli_progress.h"
#include "cli_recorded.h"
#include "cli_selftest.h"
#include "cli_watchdog.h"
#include "options.h"

typedef struct app {
    nscl_options options;
    nscl_cli_progress progress;
    nscl_cli_checkpoint checkpoint;
    nscl_cli_log log;
    nscl_cli_watchdog watchdog;
    nscl_context *context;
    nscl_weights *weights;
    nscl_picture content, initial, result;
    nscl_picture styles[NSCL_MAX_STYLES];
    int width, height; /* of the result */
    json_t *sums;      /* of the inputs, from when they are needed */
    char *comment;     /* the run as JSON that the latest picture has */
    char *description; /* and that states have */
    int evaluations;   /* done */
    double seconds;
    int saving;       /* a state, now */
    int state_failed; /* the latest saving */
    int side_failed;  /* log or a checkpoint could not be written */
} app;

static int exit_code(nscl_status status)
{
    return status == NSCL_OK ? NSCL_EXIT_DONE : status == NSCL_BAD_ARGUMENT ? NSCL_EXIT_USAGE : NSCL_EXIT_FAILED;
}

/* Disks and terminals, which may take their time, come in between. */
static void wait_for_device(app *a)
{
    nscl_cli_watchdog_on(&a->watchdog, a->context ? nscl_context_device(a->context) : NULL);
}

static void on_library_line(nscl_log_level level, const char *line, void *user)
{
    app *a = user;
    nscl_cli_watchdog_off(&a->watchdog, 0);
    if (level == NSCL_LOG_WARNING ? !a->options.quiet : a->options.verbose)
        nscl_cli_say(&a->progress, level == NSCL_LOG_WARNING ? "warning: %s" : "%s", line);
    if (!a->saving)
        wait_for_device(a);
}

static nscl_status read_picture(app *a, nscl_picture *picture, const char *path, nscl_error *error)
{
    nscl_status status = nscl_picture_read(picture, path, a->options.max_pixels, error);
    if (status == NSCL_OK && picture->note && !a->options.quiet)
        nscl_cli_say(&a->progress, "warning: '%s': %s", path, picture->note);
    return status;
}

/* What was asked for; else the network that the preset is defined on, where it is installed, else the built-in one. */
static nscl_status open_network(app *a, nscl_error *error)
{
    nscl_options *o = &a->options;
    const char *own = nscl_preset_network(o->settings.preset);
    if (!o->network && nscl_weights_installed(own))
        o->network = own;
    else if (!o->network) {
        o->network = "builtin";
        if (!o->quiet)
            nscl_cli_say(&a->progress, "note: preset %s has its numbers from %s, which is not installed: painting with the built-in network; see nscl-weights",
                         nscl_preset_name(o->settings.preset), own);
    }
    return nscl_weights_open(&a->weights, o->network, error);
}

/* A file that --from names, and that is another than it was. */
static void compare_sum(app *a, const char *option, const char *path, const char *recorded, const char *sum)
{
    if (recorded && strcmp(recorded, sum) != 0 && !a->options.quiet)
        nscl_cli_say(&a->progress, "note: --%s '%s' is not what it was in the run of '%s': the picture will be another", option, path, a->options.from);
}

static void compare_recorded(app *a)
{
    const nscl_options *o = &a->options;
    char sum[65];
    nscl_picture_sha256(&a->content, sum);
    compare_sum(a, "content", o->content, nscl_recorded_sum(o->recorded, "content", 0), sum);
    for (int i = 0; i < o->style_count; i++) {
        nscl_picture_sha256(&a->styles[i], sum);
        compare_sum(a, "styles", o->styles[i], nscl_recorded_sum(o->recorded, "styles", i), sum);
    }
    compare_sum(a, "network", o->network, nscl_recorded_sum(o->recorded, "network", 0), nscl_weights_sha256(a->weights));
}

static nscl_status read_inputs(app *a, nscl_error *error)
{
    const nscl_options *o = &a->options;
    nscl_status status = read_picture(a, &a->content, o->content, error);
    for (int i = 0; i < o->style_count && status == NSCL_OK; i++)
        status = read_picture(a, &a->styles[i], o->styles[i], error);
    if (status == NSCL_OK && o->initial)
        status = read_picture(a, &a->initial, o->initial, error);
    if (status == NSCL_OK)
        status = open_network(a, error);
    if (status == NSCL_OK && o->from)
        compare_recorded(a);
    if (status == NSCL_OK)
        status = nscl_settings_check(&o->settings, a->weights, o->style_count, error);
    if (status == NSCL_OK)
        status = nscl_settings_size(&o->settings, a->content.width, a->content.height, &a->width, &a->height, error);
    return status;
}

static nscl_status open_device(app *a, nscl_error *error)
{
    const char *wanted = a->options.device ? a->options.device : getenv("NSCL_DEVICE");
    nscl_open_options open = {.device = a->options.device, .log = on_library_line, .log_user = a, .fallback = a->options.fallback, .compile_apart = 1};
    if (wanted && !strcmp(wanted, "all")) {
        nscl_cli_devices_print(stderr, error);
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "%s: one device paints a picture, not all; give one of those above",
                             a->options.device ? "--device" : "NSCL_DEVICE");
    }
    wait_for_device(a);
    nscl_status status = nscl_open(&a->context, &open, error);
    nscl_cli_watchdog_off(&a->watchdog, 0);
    if (status == NSCL_NO_DEVICE && a->options.device) {
        if (nscl_cli_devices_count(0) && strcmp(a->options.device, "auto") != 0)
            status = NSCL_BAD_ARGUMENT; /* another value would do */
    }
    if (status == NSCL_OK && a->options.verbose) {
        nscl_cli_say(&a->progress, "network: %s", nscl_weights_text(a->weights));
        nscl_cli_say(&a->progress, "picture: %d x %d", a->width, a->height);
    }
    return status;
}

static void note_side_failure(app *a, nscl_status status, const nscl_error *error)
{
    if (status != NSCL_OK && !a->side_failed)
        nscl_cli_say(&a->progress, "%s; going on without it", error->text);
    a->side_failed |= status != NSCL_OK;
}

/* Hashes of what is read. Not before they are needed: the network's takes a while. */
static json_t *hash_inputs(const app *a)
{
    json_t *sums = json_object(), *styles = json_array();
    char sum[65];
    for (int i = 0; i < a->options.style_count; i++) {
        nscl_picture_sha256(&a->styles[i], sum);
        json_array_append_new(styles, json_string(sum));
    }
    nscl_picture_sha256(&a->content, sum);
    json_object_set_new(sums, "content", json_string(sum));
    json_object_set_new(sums, "styles", styles);
    if (a->initial.samples) {
        nscl_picture_sha256(&a->initial, sum);
        json_object_set_new(sums, "initial", json_string(sum));
    }
    json_object_set_new(sums, "network", json_string(nscl_weights_sha256(a->weights)));
    return sums;
}

/* The run as JSON, as if it had been asked for so many iterations. */
static json_t *describe(app *a, int iterations)
{
    nscl_options options = a->options;
    options.settings.iterations = iterations;
    json_t *run = nscl_cli_describe(&options, nscl_context_device(a->context), a->weights, a->width, a->height);
    if (!a->sums)
        a->sums = hash_inputs(a);
    json_object_set(run, "sha256", a->sums);
    return run;
}

/* The same in one line that nscl_recorded_read takes, every number with all its digits. malloc'ed, NULL without memory. */
static char *describe_line(app *a, int iterations)
{
    json_t *run = describe(a, iterations);
    char *line = run ? json_dumps(run, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(run);
    return line;
}

/* The iterations that lead to a picture on the way. */
static int iterations_done(const app *a)
{
    int done = a->evaluations - (a->options.settings.optimizer == NSCL_ADAM);
    return done > 1 ? done : 1;
}

static nscl_picture_options picture_options(app *a, int iterations)
{
    free(a->comment);
    a->comment = describe_line(a, iterations);
    return (nscl_picture_options){.quality = a->options.quality, .comment = a->comment, .keep = !a->options.overwrite};
}

static void write_checkpoint(app *a, const nscl_progress *now)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_picture picture = {0};
    char *path = NULL;
    nscl_picture_options options = picture_options(a, iterations_done(a));
    options.keep = options.keep && !a->options.resume; /* whose own pictures are there */
    wait_for_device(a);
    nscl_status status = nscl_progress_picture(now, &picture, &error);
    nscl_cli_watchdog_off(&a->watchdog, 0);
    if (status == NSCL_OK)
        status = nscl_cli_checkpoint_write(&a->checkpoint, now, &picture, &options, &path, &error);
    nscl_picture_free(&picture);
    note_side_failure(a, status, &error);
    if (status == NSCL_OK && a->options.verbose)
        nscl_cli_say(&a->progress, "wrote %s", path);
    if (status == NSCL_OK)
        nscl_cli_watchdog_wrote(&a->watchdog, path);
    else
        free(path);
}

/* Once there is something to write: a run that is refused leaves the log that was there. */
static nscl_status open_log(app *a, nscl_error *error)
{
    if (!a->options.log || a->log.path)
        return NSCL_OK;
    json_t *run = describe(a, a->options.settings.iterations);
    nscl_status status = nscl_cli_log_open(&a->log, a->options.log, a->options.overwrite, run, error);
    json_decref(run);
    return status;
}

/* While a disk takes its time the device is not waited for. */
static void on_saving(const nscl_error *saved, void *user)
{
    app *a = user;
    a->saving = !saved;
    if (!saved) {
        nscl_cli_watchdog_off(&a->watchdog, 0);
        return;
    }
    if (saved->code != NSCL_OK && !a->state_failed)
        nscl_cli_say(&a->progress, "evaluation %d: the state was not saved: %s; the next time is another try", a->evaluations, saved->text);
    a->state_failed = saved->code != NSCL_OK;
    wait_for_device(a);
}

static int on_progress(const nscl_progress *now, void *user)
{
    app *a = user;
    nscl_error error = {NSCL_OK, ""};
    nscl_cli_watchdog_off(&a->watchdog, 1);
    a->evaluations = now->evaluation;
    a->seconds = now->seconds;
    nscl_cli_progress_update(&a->progress, now);
    nscl_status status = open_log(a, &error);
    if (status == NSCL_OK)
        status = nscl_cli_log_write(&a->log, now, &error);
    note_side_failure(a, status, &error);
    if (nscl_cli_checkpoint_due(&a->checkpoint, now))
        write_checkpoint(a, now);
    wait_for_device(a);
    return nscl_cli_interrupted();
}

/* Where another process has written a file of that name during the run, both are kept: *path is then another, malloc'ed as before. */
static nscl_status write_result(app *a, const nscl_picture_options *options, char **path, nscl_error *error)
{
    enum { NAMES = 100 };
    const char *output = a->options.output, *dot = strrchr(output, '.');
    size_t size = strlen(output) + 8;
    *path = malloc(size);
    if (!*path)
        return nscl_cli_fail(error, NSCL_NO_MEMORY, "no memory");
    strcpy(*path, output);
    nscl_error ignored;
    nscl_status status = nscl_cli_write(&a->result, *path, options, error);
    if (status == NSCL_OK || !options->keep || nscl_picture_check_path(output, 0, &ignored) == NSCL_OK)
        return status;
    int taken = 1;
    for (int i = 2; taken && i < NAMES; i++) {
        snprintf(*path, size, "%.*s-%d%s", (int)(dot - output), output, i, dot);
        taken = nscl_picture_check_path(*path, 0, &ignored) != NSCL_OK;
    }
    if (!taken)
        status = nscl_cli_write(&a->result, *path, options, error);
    if (status == NSCL_OK)
        nscl_cli_say(&a->progress, "warning: '%s' was written by another program meanwhile, and is kept: the result is in '%s'", output, *path);
    return status;
}

/* Paints and writes. A run that was stopped delivers what there is and ends with NSCL_CANCELLED. */
static nscl_status paint(app *a, nscl_error *error)
{
    const nscl_options *o = &a->options;
    nscl_error side = {NSCL_OK, ""};
    nscl_job job = {.content = &a->content,
                    .styles = a->styles,
                    .style_count = o->style_count,
                    .initial = o->initial ? &a->initial : NULL,
                    .progress = on_progress,
                    .user = a,
                    .max_memory = o->max_memory > UINT64_MAX >> 20 ? UINT64_MAX : o->max_memory << 20,
                    .state_file = o->save_state,
                    .state_every = o->state_every,
                    .resume_file = o->resume,
                    .saving = on_saving};
    if (o->save_state)
        job.description = a->description = describe_line(a, o->settings.iterations);

    nscl_cli_interrupt_defer();
    wait_for_device(a);
    nscl_status painted = nscl_paint(a->context, a->weights, &o->settings, &job, &a->result, error);
    nscl_cli_watchdog_off(&a->watchdog, 0);
    nscl_cli_progress_close(&a->progress);
    int good = painted == NSCL_OK || painted == NSCL_CANCELLED;
    nscl_status status = good ? open_log(a, &side) : NSCL_OK; /* which no evaluation has opened where all were made before */
    note_side_failure(a, status, &side);
    status = nscl_cli_log_close(&a->log, &side);
    note_side_failure(a, status, &side);
    if (!good)
        return painted;

    nscl_picture_options options = picture_options(a, painted == NSCL_OK ? o->settings.iterations : iterations_done(a));
    nscl_error write_error = {NSCL_OK, ""};
    char *path = NULL;
    status = write_result(a, &options, &path, &write_error);
    if (status != NSCL_OK)
        *error = write_error;
    else if (!o->quiet)
        nscl_cli_say(&a->progress, "%s %s (%d x %d) after %d evaluations in %.1f s", painted == NSCL_OK ? "wrote" : "interrupted: wrote", path, a->result.width,
                     a->result.height, a->evaluations, a->seconds);
    free(path);
    return status == NSCL_OK ? painted : status;
}

static int run(app *a)
{
    nscl_error error = {NSCL_OK, ""};
    const nscl_options *o = &a->options;
    int code;
    nscl_cli_progress_open(&a->progress, o, stderr);
    for (int i = 0; i < o->idle_count && !o->quiet; i++)
        nscl_cli_say(&a->progress, "warning: --%s has no effect: %s", o->idle[i].name, o->idle[i].why);
    nscl_status status = nscl_cli_check_outputs(o, &a->checkpoint, &error);
    code = status == NSCL_OK ? NSCL_EXIT_DONE : NSCL_EXIT_USAGE;
    if (status == NSCL_OK) {
        nscl_prepare();
        status = read_inputs(a, &error);
    }
    nscl_cli_watchdog_start(&a->watchdog, o, &a->progress);
    if (status == NSCL_OK)
        status = open_device(a, &error);
    if (status == NSCL_OK)
        status = paint(a, &error);
    if (status == NSCL_CANCELLED)
        code = NSCL_EXIT_INTERRUPTED;
    else if (status != NSCL_OK) {
        nscl_cli_say(&a->progress, "%s", error.text);
        if (status == NSCL_BAD_DEVICE && !o->fallback && nscl_cli_devices_count(1) > 1)
            nscl_cli_say(&a->progress, "with --fallback the work would go on on the next device of --list-devices");
        code = code ? code : exit_code(status);
    }
    nscl_cli_progress_close(&a->progress);
    return code ? code : a->side_failed || a->state_failed ? NSCL_EXIT_FAILED : NSCL_EXIT_DONE;
}

static void close_app(app *a)
{
    nscl_error ignored = {NSCL_OK, ""};
    nscl_cli_watchdog_stop(&a->watchdog);
    nscl_cli_log_close(&a->log, &ignored);
    nscl_cli_checkpoint_close(&a->checkpoint);
    nscl_picture_free(&a->content);
    nscl_picture_free(&a->initial);
    nscl_picture_free(&a->result);
    for (int i = 0; i < NSCL_MAX_STYLES; i++)
        nscl_picture_free(&a->styles[i]);
    free(a->comment);
    free(a->description);
    json_decref(a->sums);
    nscl_options_free(&a->options);
    nscl_close(a->context);
    nscl_weights_free(a->weights);
    nscl_prepare_end();
    free(a);
}

int main(int argc, char **argv)
{
    nscl_error error = {NSCL_OK, ""};
    int code = nscl_compiler_main(argc, argv);
    if (code >= 0)
        return code;
    code = NSCL_EXIT_DONE;
    nscl_cli_interrupt_catch();
    if (argc < 2) {
        nscl_cli_usage(stderr);
        return NSCL_EXIT_USAGE;
    }
    app *a = calloc(1, sizeof *a);
    if (!a) {
        fputs("nscl: no memory\n", stderr);
        return NSCL_EXIT_FAILED;
    }
    nscl_status status = nscl_options_parse(&a->options, argc, argv, &error);
    if (status != NSCL_OK) {
        fprintf(stderr, "nscl: %s\n%s", error.text, status == NSCL_BAD_ARGUMENT ? "nscl --help lists every option.\n" : "");
        code = exit_code(status);
    } else if (a->options.help) {
        nscl_page_help(&nscl_cli_page, stdout);
    } else if (a->options.generate) {
        nscl_page_generate(&nscl_cli_page, a->options.generate, nscl_version(), stdout);
    } else if (a->options.version) {
        printf("nscl %s\n", nscl_version());
    } else if (a->options.list_devices) {
        status = nscl_cli_devices_print(stdout, &error);
        if (status != NSCL_OK)
            fprintf(stderr, "nscl: %s\n", error.text);
        code = exit_code(status);
    } else if (a->options.selftest) {
        nscl_open_options open = {.device = a->options.device, .log = on_library_line, .log_user = a, .compile_apart = 1};
        nscl_cli_progress_open(&a->progress, &a->options, stderr);
        code = nscl_cli_selftest("nscl", &open, 0, 0);
    } else {
        code = run(a);
    }
    close_app(a);
    return nscl_page_printed("nscl") ? code : NSCL_EXIT_FAILED;
}
