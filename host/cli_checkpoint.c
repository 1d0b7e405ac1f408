#include "cli_checkpoint.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_progress.h"

/* Length of the placeholder at a percent sign, its digits in *width; 0 when it is none. */
static size_t placeholder(const char *p, int *width)
{
    *width = 0;
    if (p[1] == 's' || p[1] == 'd')
        return 2;
    if (p[1] == '0' && p[2] >= '1' && p[2] <= '9' && p[3] == 'd') {
        *width = p[2] - '0';
        return 4;
    }
    return 0;
}

nscl_status nscl_cli_checkpoint_open(nscl_cli_checkpoint *checkpoint, const nscl_options *options, nscl_error *error)
{
    const nscl_settings *s = &options->settings;
    int width, found = 0;
    memset(checkpoint, 0, sizeof *checkpoint);
    if (!options->checkpoint_output)
        return NSCL_OK;
    for (const char *p = strchr(options->checkpoint_output, '%'); p; p = strchr(p, '%')) {
        size_t n = placeholder(p, &width);
        if (!n && p[1] != '%')
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--checkpoint-output: '%s' has a '%%' that is no %%s, %%d or %%04d; write %%%% for a percent sign",
                                 options->checkpoint_output);
        found += n > 0;
        p += n ? n : 2;
    }
    if (found != 1)
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--checkpoint-output: '%s' has %s place for the number; give one %%s or %%d, for example out_%%s.png",
                             options->checkpoint_output, found ? "more than one" : "no");
    checkpoint->pattern = options->checkpoint_output;
    checkpoint->every = s->checkpoint_iterations;
    checkpoint->by_step = s->optimizer == NSCL_ADAM;
    checkpoint->last = checkpoint->by_step ? s->iterations - 1 : s->iterations;
    checkpoint->overwrite = options->overwrite;
    return NSCL_OK;
}

int nscl_cli_checkpoint_next(const nscl_cli_checkpoint *checkpoint, int number)
{
    if (!checkpoint->pattern)
        return -1;
    int first = checkpoint->by_step ? 0 : checkpoint->every;
    if (number >= 0 && number > checkpoint->last - checkpoint->every)
        return -1;
    int next = number < 0 ? first : number + checkpoint->every;
    return next <= checkpoint->last ? next : -1;
}

char *nscl_cli_checkpoint_path(const nscl_cli_checkpoint *checkpoint, int number)
{
    size_t size = strlen(checkpoint->pattern) + 32, used = 0;
    char *path = malloc(size);
    for (const char *p = checkpoint->pattern; path && *p;) {
        int width;
        size_t n = *p == '%' ? placeholder(p, &width) : 0;
        if (n) {
            used += (size_t)snprintf(path + used, size - used, "%0*d", width ? width : 1, number);
            p += n;
        } else {
            path[used++] = *p;
            p += *p == '%' ? 2 : 1;
        }
    }
    if (path)
        path[used] = '\0';
    return path;
}

int nscl_cli_checkpoint_due(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now)
{
    int number = nscl_cli_number(checkpoint->by_step, now);
    return checkpoint->pattern && number >= 0 && number % checkpoint->every == 0;
}

nscl_status nscl_cli_checkpoint_write(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now, const nscl_picture_options *picture_options, char **path,
                                      nscl_error *error)
{
    nscl_picture picture = {0};
    *path = nscl_cli_checkpoint_path(checkpoint, nscl_cli_number(checkpoint->by_step, now));
    if (!*path)
        return nscl_cli_fail(error, NSCL_NO_MEMORY, "--checkpoint-output: no memory");
    nscl_status status = nscl_progress_picture(now, &picture, error);
    if (status == NSCL_OK)
        status = nscl_cli_write(&picture, *path, picture_options, error);
    nscl_picture_free(&picture);
    return status;
}
