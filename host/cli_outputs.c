#include "cli_outputs.h"

#include <stdlib.h>

#include "cli.h"
#include "cli_recorded.h"

/* What is read and what is to be written must be different files, or the one would be lost to the other. */
static nscl_status check_apart(const nscl_options *o, const char *option, const char *path, nscl_error *error)
{
    const struct {
        const char *option, *path;
    } inputs[] = {{"--content", o->content},
                  {"--initial", o->initial},
                  {"--network", o->network},
                  {"--from", path == o->output ? NULL : o->from},          /* a picture that is painted again takes its own place */
                  {"--resume", path == o->save_state ? NULL : o->resume}}; /* and a state its last saving's */
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        if (inputs[i].path && nscl_cli_same_file(path, inputs[i].path))
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "%s: '%s' is the same file as that of %s; give another name", option, path, inputs[i].option);
    for (int i = 0; i < o->style_count; i++)
        if (nscl_cli_same_file(path, o->styles[i]))
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "%s: '%s' is the same file as one of --styles; give another name", option, path);
    if (path != o->output && nscl_cli_same_file(path, o->output))
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "%s: '%s' is the same file as that of --output; give another name", option, path);
    if (o->save_state && path != o->save_state && nscl_cli_same_file(path, o->save_state))
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "%s: '%s' is the same file as that of --save-state; give another name", option, path);
    if (o->log && path != o->log && nscl_cli_same_file(path, o->log))
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "%s: '%s' is the same file as that of --log; give another name", option, path);
    return NSCL_OK;
}

/* The library's check does not know the names of options: it comes last, and is left with the extension. */
static nscl_status check_picture(const nscl_options *o, const char *option, const char *path, int overwrite, nscl_error *error)
{
    nscl_status status = check_apart(o, option, path, error);
    if (status == NSCL_OK)
        status = nscl_cli_check_path(option, path, overwrite, error);
    return status == NSCL_OK ? nscl_picture_check_path(path, overwrite, error) : status;
}

/* A state replaces the one that the run goes on from; others, and what is no state, only with --overwrite. */
static nscl_status check_state(const nscl_options *o, nscl_error *error)
{
    int own = o->resume && nscl_cli_same_file(o->save_state, o->resume);
    nscl_status status = check_apart(o, "--save-state", o->save_state, error);
    if (status == NSCL_OK)
        status = nscl_cli_check_path("--save-state", o->save_state, own || o->overwrite, error);
    if (status == NSCL_OK)
        status = nscl_cli_check_replace("--save-state", o->save_state, error);
    return status;
}

nscl_status nscl_cli_check_outputs(const nscl_options *o, nscl_cli_checkpoint *checkpoint, nscl_error *error)
{
    nscl_status status = check_picture(o, "--output", o->output, o->overwrite, error);
    if (status == NSCL_OK && o->log)
        status = check_apart(o, "--log", o->log, error);
    if (status == NSCL_OK && o->log)
        status = nscl_cli_check_path("--log", o->log, o->overwrite, error);
    if (status == NSCL_OK && o->save_state)
        status = check_state(o, error);
    if (status == NSCL_OK)
        status = nscl_cli_checkpoint_open(checkpoint, o, error);
    for (int n = -1; status == NSCL_OK && (n = nscl_cli_checkpoint_next(checkpoint, n)) >= 0;) {
        char *path = nscl_cli_checkpoint_path(checkpoint, n);
        int own = path && o->resume && nscl_recorded_painted(o->recorded, path); /* the run that is gone on with has come by before */
        status = path ? check_picture(o, "--checkpoint-output", path, own || o->overwrite, error) : nscl_cli_fail(error, NSCL_NO_MEMORY, "no memory");
        free(path);
    }
    return status;
}
