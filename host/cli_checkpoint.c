#define _POSIX_C_SOURCE 200809L
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

static nscl_status check_pattern(const char *pattern, nscl_error *error)
{
    int width, found = 0;
    for (const char *p = strchr(pattern, '%'); p; p = strchr(p, '%')) {
        size_t n = placeholder(p, &width);
        if (!n && p[1] != '%')
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--checkpoint-output: '%s' has a '%%' that is no %%s, %%d or %%04d; write %%%% for a percent sign",
                                 pattern);
        found += n > 0;
        p += n ? n : 2;
    }
    if (found != 1)
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--checkpoint-output: '%s' has %s place for the number; give one %%s or %%d, for example out_%%s.png",
                             pattern, found ? "more than one" : "no");
    return NSCL_OK;
}

/* Letters of a name as those of a pattern. Returns where the next go. */
static char *put_plain(char *to, const char *from, const char *end)
{
    for (; from < end; from++) {
        *to++ = *from;
        if (*from == '%')
            *to++ = '%';
    }
    return to;
}

/* The names that the preset's own program gives: in the output's folder, and in its format but where that program has but
 * one. *own is malloc'ed, NULL where there are none; 0: no memory. */
static int preset_pattern(char **own, const nscl_options *options)
{
    static const struct {
        nscl_preset preset;
        int stem;         /* the name begins with the output's */
        const char *rest; /* NULL: the output's extension follows */
    } rows[] = {{NSCL_PRESET_KERAS_LBFGS, 0, "%02d.png"},
                {NSCL_PRESET_TF2_ADAM, 1, NULL},
                {NSCL_PRESET_KERAS_VGG16, 1, "_at_iteration_%d.png"},
                {NSCL_PRESET_VGG19_ADAM, 1, NULL}};
    const char *output = options->output, *slash = strrchr(output, '/'), *name = slash ? slash + 1 : output, *dot = strrchr(name, '.');
    *own = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].preset != options->settings.preset)
            continue;
        const char *end = !rows[i].stem ? name : dot ? dot : name + strlen(name);
        char *to = *own = malloc(2 * strlen(output) + 32);
        if (!to)
            return 0;
        to = put_plain(to, output, end);
        to += sprintf(to, "%s", rows[i].rest ? rows[i].rest : "_%d");
        if (!rows[i].rest && dot)
            to = put_plain(to, dot, dot + strlen(dot));
        *to = '\0';
    }
    return 1;
}

nscl_status nscl_cli_checkpoint_open(nscl_cli_checkpoint *checkpoint, const nscl_options *options, nscl_error *error)
{
    const nscl_settings *s = &options->settings;
    memset(checkpoint, 0, sizeof *checkpoint);
    checkpoint->rounds = !s->checkpoint_iterations;
    checkpoint->every = s->checkpoint_iterations ? s->checkpoint_iterations : s->round_iterations;
    checkpoint->by_step = s->optimizer == NSCL_ADAM;
    checkpoint->last = checkpoint->rounds    ? (s->iterations - 1) / (checkpoint->every ? checkpoint->every : 1)
                       : checkpoint->by_step ? s->iterations - 1
                                             : s->iterations;
    if (options->checkpoint_output && strcmp(options->checkpoint_output, "none") == 0)
        return NSCL_OK;
    if (options->checkpoint_output && !checkpoint->every)
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--checkpoint-output needs to know how often; give --checkpoint-iterations N too");
    if (options->checkpoint_output) {
        nscl_status status = check_pattern(options->checkpoint_output, error);
        if (status != NSCL_OK)
            return status;
    }
    int done = options->checkpoint_output ? (checkpoint->pattern = strdup(options->checkpoint_output)) != NULL
               : checkpoint->every        ? preset_pattern(&checkpoint->pattern, options)
                                          : 1;
    return done ? NSCL_OK : nscl_cli_fail(error, NSCL_NO_MEMORY, "--checkpoint-output: no memory");
}

void nscl_cli_checkpoint_close(nscl_cli_checkpoint *checkpoint)
{
    free(checkpoint->pattern);
    checkpoint->pattern = NULL;
}

int nscl_cli_checkpoint_next(const nscl_cli_checkpoint *checkpoint, int number)
{
    if (!checkpoint->pattern)
        return -1;
    int first = checkpoint->rounds || checkpoint->by_step ? 0 : checkpoint->every, step = checkpoint->rounds ? 1 : checkpoint->every;
    if (number >= 0 && number > checkpoint->last - step)
        return -1;
    int next = number < 0 ? first : number + step;
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

/* The number of the picture that is due, or -1. */
static int due(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now)
{
    if (!checkpoint->pattern)
        return -1;
    if (checkpoint->rounds)
        return nscl_cli_round(checkpoint->by_step, checkpoint->every, now);
    int number = nscl_cli_number(checkpoint->by_step, now);
    return number >= 0 && number % checkpoint->every == 0 ? number : -1;
}

int nscl_cli_checkpoint_due(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now)
{
    return due(checkpoint, now) >= 0;
}

nscl_status nscl_cli_checkpoint_write(const nscl_cli_checkpoint *checkpoint, const nscl_progress *now, const nscl_picture *picture,
                                      const nscl_picture_options *picture_options, char **path, nscl_error *error)
{
    *path = nscl_cli_checkpoint_path(checkpoint, due(checkpoint, now));
    if (!*path)
        return nscl_cli_fail(error, NSCL_NO_MEMORY, "--checkpoint-output: no memory");
    return nscl_cli_write(picture, *path, picture_options, error);
}
