/* The peer as a child process: PyTorch on the same cores, or on the same GPU. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "os.h"

extern char **environ;

enum { MOST_ARGUMENTS = 40, MOST_OUTPUT = 1 << 16 };

/* Runs argv; what it writes to its standard output, malloc'ed. NULL when it cannot be run or fails. */
static char *output_of(char **argv)
{
    int ends[2], status = 0;
    pid_t child = 0;
    posix_spawn_file_actions_t actions;
    if (pipe(ends) != 0)
        return NULL;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int failed = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char *text = failed ? NULL : calloc(1, MOST_OUTPUT);
    FILE *stream = fdopen(ends[0], "r");
    if (text && stream)
        (void)!fread(text, 1, MOST_OUTPUT - 1, stream);
    if (stream)
        fclose(stream);
    else
        close(ends[0]);
    if (failed)
        return NULL;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void describe(bench_peer *peer, const json_t *said)
{
    const json_t *version = json_object_get(said, "torch");
    snprintf(peer->mode, sizeof peer->mode, "%s%s", json_is_true(json_object_get(said, "channels_last")) ? "channels-last" : "plain",
             json_is_true(json_object_get(said, "compiled")) ? " compiled" : "");
    snprintf(peer->version, sizeof peer->version, "%s", json_is_string(version) ? json_string_value(version) : "unknown");
}

double bench_peer_run(bench_peer *peer, const bench_options *o, const nscl_context *ctx, int size, nscl_error *error)
{
    char side[16], threads[16], evaluations[16], extra[256];
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
    char *text = output_of(argv);
    json_t *said = text ? json_loads(text, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    double seconds = json_number_value(json_object_get(said, "seconds"));
    if (seconds > 0)
        describe(peer, said);
    else
        nscl_fail(error, NSCL_BAD_ARGUMENT, "--peer-python '%s' could not run '%s': it must be a Python with torch", o->peer_python, o->peer_script);
    json_decref(said);
    free(text);
    return seconds;
}
