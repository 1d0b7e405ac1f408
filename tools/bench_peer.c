/* The peer as a child process: PyTorch on the same cores, or on the same GPU. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "measure_child.h"
#include "os.h"

enum { MOST_ARGUMENTS = 40 };

static void describe(bench_peer *peer, const json_t *said)
{
    const json_t *version = json_object_get(said, "torch");
    snprintf(peer->mode, sizeof peer->mode, "%s%s", json_is_true(json_object_get(said, "channels_last")) ? "channels-last" : "plain",
             json_is_true(json_object_get(said, "compiled")) ? " compiled" : "");
    snprintf(peer->version, sizeof peer->version, "%s", json_is_string(version) ? json_string_value(version) : "unknown");
}

double bench_peer_run(bench_peer *peer, const bench_options *o, const nscl_context *ctx, int size, nscl_error *error)
{
    char side[16], threads[16], evaluations[16], extra[256], why[128];
    int gpu = ctx->facts.info.type == NSCL_DEVICE_GPU, n = 0;
    char *argv[MOST_ARGUMENTS + 1];
    if (!nscl_file_exists(o->peer_script)) {
        nscl_fail(error, NSCL_BAD_ARGUMENT, "--peer-script '%s': no such file; name the peer's script, or run from the source tree", o->peer_script);
        return 0;
    }
    snprintf(side, sizeof side, "%d", size);
    snprintf(threads, sizeof threads, "%u", ctx->facts.compute_units);
    snprintf(evaluations, sizeof evaluations, "%d", o->evaluations);
    const char *fixed[] = {o->peer_python,        o->peer_script, "--fastest", "--json", "--size", side, "--evals", evaluations, gpu ? "--device" : "--threads",
                           gpu ? "cuda" : threads};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        argv[n++] = (char *)(size_t)fixed[i];
    snprintf(extra, sizeof extra, "%s", o->peer_arguments ? o->peer_arguments : "");
    for (char *word = strtok(extra, " "); word && n < MOST_ARGUMENTS; word = strtok(NULL, " "))
        argv[n++] = word;
    argv[n] = NULL;
    char *text = measure_child(argv, 0, why, sizeof why);
    json_t *said = text ? json_loads(text, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    double seconds = json_number_value(json_object_get(said, "seconds"));
    if (seconds > 0)
        describe(peer, said);
    else
        nscl_fail(error, NSCL_BAD_ARGUMENT, "--peer-python '%s' could not run '%s' (%s): it must be a Python with torch", o->peer_python, o->peer_script,
                  why[0] ? why : "no figure in its answer");
    json_decref(said);
    free(text);
    return seconds;
}
