/* The parent gives a candidate as words of the command line, the child answers with a line of its own: a driver may talk on
 * standard output too. */
#include <stdlib.h>
#include <string.h>

#include "measure_child.h"
#include "tune_tool.h"

static const char mark[] = "nscl-tune:";

enum { WORDS = 9 }; /* P:D cin cout h w algorithm clblast behind budget */

static int open_device(nscl_context **ctx, const char *device)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_open_options open = {.device = device};
    if (nscl_open(ctx, &open, &error) == NSCL_OK)
        return 1;
    printf("%s bad %s\n", mark, error.text);
    return 0;
}

static int list_allowed(const char *device)
{
    nscl_context *ctx = NULL;
    nscl_conv conv = {.cin = 64, .cout = 64};
    if (!open_device(&ctx, device))
        return TOOL_FAILED;
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++)
        if (nscl_conv_allowed(ctx, &conv, (nscl_conv_algorithm)i))
            printf("%s can %d\n", mark, i);
    nscl_close(ctx);
    return TOOL_DONE;
}

int tune_child(char **a)
{
    nscl_context *ctx = NULL;
    int count = 0;
    while (a[count])
        count++;
    if (count == 1)
        return list_allowed(a[0]);
    if (count != WORDS)
        return TOOL_USAGE;
    nscl_tune_layer layer = {atoi(a[1]), atoi(a[2]), atoi(a[3]), atoi(a[4])};
    int which = atoi(a[5]), clblast = atoi(a[6]);
    if (layer.cin < 1 || layer.cout < 1 || layer.h < 1 || layer.w < 1 || which < 0 || which >= NSCL_CONV_ALGORITHMS || clblast >= nscl_tune_clblast_count())
        return TOOL_USAGE;
    if (!open_device(&ctx, a[0]))
        return TOOL_FAILED;
    if (clblast >= 0)
        nscl_tuning_add(ctx, nscl_tune_clblast_rows(clblast), "a set of parameters");
    if (!nscl_tuning_clblast(ctx))
        printf("%s bad CLBlast does not take the parameters\n", mark);
    else {
        nscl_tune_result r = nscl_tune_measure(ctx, &layer, (nscl_conv_algorithm)which, atof(a[7]), atof(a[8]));
        if (r.good)
            printf("%s good %.9g %.9g %.3g\n", mark, r.seconds[0], r.seconds[1], r.nmse);
        else
            printf("%s bad %s\n", mark, r.why);
    }
    fflush(stdout);
    nscl_close(ctx);
    return TOOL_DONE;
}

/* What follows the mark in the text, from *at on; NULL at the end. Lines are cut off. */
static char *next_line(char **at)
{
    char *line = strstr(*at, mark), *end = line ? line + strcspn(line, "\n") : NULL;
    if (!line)
        return NULL;
    *at = *end ? end + 1 : end;
    *end = '\0';
    return line + sizeof mark - 1 + 1;
}

nscl_tune_result tune_try(const char *self, const char *device, const tune_trial *t, double limit)
{
    nscl_tune_result r = {.why = "no answer"};
    char words[WORDS - 1][32], ended[128];
    char *argv[WORDS + 3] = {(char *)(size_t)self, (char *)(size_t) "--measure", (char *)(size_t)device};
    const int numbers[] = {t->layer.cin, t->layer.cout, t->layer.h, t->layer.w, (int)t->algorithm, t->clblast};
    for (int i = 0; i < WORDS - 1; i++) {
        if (i < 6)
            snprintf(words[i], sizeof words[i], "%d", numbers[i]);
        else
            snprintf(words[i], sizeof words[i], "%.6g", i == 6 ? t->behind : t->budget);
        argv[3 + i] = words[i];
    }
    char *text = measure_child(argv, limit, ended, sizeof ended), *at = text, *line = text ? next_line(&at) : NULL;
    if (line && sscanf(line, "good %lf %lf %lf", &r.seconds[0], &r.seconds[1], &r.nmse) == 3) {
        r.good = 1; /* also where the driver fails at the very end */
        r.why[0] = '\0';
    } else if (line && strncmp(line, "bad ", 4) == 0)
        snprintf(r.why, sizeof r.why, "%.150s", line + 4);
    else if (ended[0])
        snprintf(r.why, sizeof r.why, "%s", ended);
    free(text);
    return r;
}

int tune_allowed(const char *self, const char *device, int allowed[NSCL_CONV_ALGORITHMS], char *why, size_t why_size)
{
    char *argv[] = {(char *)(size_t)self, (char *)(size_t) "--measure", (char *)(size_t)device, NULL};
    char *text = measure_child(argv, 60, why, why_size), *at = text, *line;
    int count = 0, which = 0;
    memset(allowed, 0, NSCL_CONV_ALGORITHMS * sizeof *allowed);
    while (text && (line = next_line(&at)) != NULL)
        if (sscanf(line, "can %d", &which) == 1 && which >= 0 && which < NSCL_CONV_ALGORITHMS) {
            allowed[which] = 1;
            count++;
        } else if (strncmp(line, "bad ", 4) == 0)
            snprintf(why, why_size, "%s", line + 4);
    free(text);
    return count;
}
