#include "cli_progress.h"

#include <stdarg.h>
#include <string.h>

#include "cli.h"

enum { DEFAULT_EVERY = 10, MAX_BAR = 40, MAX_LINE = 512 };

void nscl_cli_progress_open(nscl_cli_progress *progress, const nscl_options *options, FILE *stream)
{
    memset(progress, 0, sizeof *progress);
    progress->stream = stream;
    progress->terminal = nscl_cli_columns(stream) > 0;
    progress->quiet = options->quiet;
    progress->verbose = options->verbose;
    progress->by_step = options->settings.optimizer == NSCL_ADAM;
    progress->every = options->print_iterations;
    if (progress->every)
        return;
    /* As the programs print that the presets follow: a line a round, or a step. */
    progress->round = options->settings.round_iterations;
    if (options->settings.preset == NSCL_PRESET_VGG19_ADAM)
        progress->every = 1;
    else if (!progress->round && !progress->terminal)
        progress->every = DEFAULT_EVERY;
}

int nscl_cli_number(int by_step, const nscl_progress *now)
{
    return by_step ? now->step : now->evaluation;
}

int nscl_cli_round(int by_step, int length, const nscl_progress *now)
{
    int done = by_step ? now->step + 1 : now->evaluation;
    if (length <= 0 || done <= 0 || (done % length != 0 && now->evaluation < now->evaluations))
        return -1;
    return (done - 1) / length;
}

static void clear_bar(nscl_cli_progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", progress->stream);
    progress->shown = 0;
}

void nscl_cli_say(nscl_cli_progress *progress, const char *format, ...)
{
    va_list arguments;
    clear_bar(progress);
    fputs("nscl: ", progress->stream);
    va_start(arguments, format);
    vfprintf(progress->stream, format, arguments);
    va_end(arguments);
    fputc('\n', progress->stream);
    fflush(progress->stream);
}

/* "500/1000  loss 368494  3.2/s  2:36 left", without the last two where there is no pace yet. */
static void describe(const nscl_cli_progress *progress, const nscl_progress *now, char text[MAX_LINE])
{
    int used = snprintf(text, MAX_LINE, "%d/%d  loss %.7g", now->evaluation, now->evaluations, now->loss);
    double elapsed = now->seconds - progress->first_seconds;
    if (now->evaluation <= progress->first || elapsed <= 0 || used < 0 || used >= MAX_LINE)
        return;
    double pace = (now->evaluation - progress->first) / elapsed;
    used += snprintf(text + used, (size_t)(MAX_LINE - used), pace < 1 ? "  %.3f/s" : "  %.1f/s", pace);
    double left = (now->evaluations - now->evaluation) / pace;
    long seconds = left > 0 && left < 1e9 ? (long)(left + 0.5) : 0;
    if (used < MAX_LINE && seconds >= 3600)
        snprintf(text + used, (size_t)(MAX_LINE - used), "  %ld:%02ld:%02ld left", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else if (used < MAX_LINE)
        snprintf(text + used, (size_t)(MAX_LINE - used), "  %ld:%02ld left", seconds / 60, seconds % 60);
}

static void draw_bar(nscl_cli_progress *progress, const nscl_progress *now)
{
    char text[MAX_LINE], bar[MAX_BAR + 4] = "";
    int columns = nscl_cli_columns(progress->stream);
    describe(progress, now, text);
    int width = columns - (int)strlen(text) - 4; /* brackets, a blank, and the last column, where terminals wrap */
    width = width > MAX_BAR ? MAX_BAR : width;
    if (width >= 5) {
        int full = now->evaluations > 0 ? (int)((double)width * now->evaluation / now->evaluations) : 0;
        full = full > width ? width : full;
        bar[0] = '[';
        memset(bar + 1, '#', (size_t)full);
        memset(bar + 1 + full, '.', (size_t)(width - full));
        memcpy(bar + 1 + width, "] ", 3);
    }
    fprintf(progress->stream, "\r%s%.*s\033[K", bar, columns > 1 ? columns - 1 - (int)strlen(bar) : 0, text);
    fflush(progress->stream);
    progress->shown = 1;
    progress->drawn_seconds = now->seconds;
}

static void print_line(nscl_cli_progress *progress, const nscl_progress *now, int round)
{
    char text[MAX_LINE];
    describe(progress, now, text);
    clear_bar(progress);
    if (round >= 0)
        fprintf(progress->stream, "round %d  %.1f s  evaluation %s\n", round, now->seconds - progress->round_seconds, text);
    else if (progress->by_step && now->step >= 0)
        fprintf(progress->stream, "step %d  evaluation %s\n", now->step, text);
    else
        fprintf(progress->stream, "evaluation %s\n", text);
    if (progress->verbose)
        for (int i = 0; i < now->term_count; i++)
            fprintf(progress->stream, "    %-24s %.7g\n", now->terms[i].name, now->terms[i].value);
    fflush(progress->stream);
}

void nscl_cli_progress_update(nscl_cli_progress *progress, const nscl_progress *now)
{
    int last = now->evaluation >= now->evaluations, first = !progress->first;
    int number = nscl_cli_number(progress->by_step, now), round = nscl_cli_round(progress->by_step, progress->round, now);
    if (first) {
        progress->first = now->evaluation;
        progress->first_seconds = now->seconds;
    }
    if (progress->quiet)
        return;
    if (now->note)
        nscl_cli_say(progress, "evaluation %d: %s", now->evaluation, now->note);
    if (round >= 0 || (progress->every && (first || last || (number >= 0 && number % progress->every == 0))))
        print_line(progress, now, round);
    if (round >= 0)
        progress->round_seconds = now->seconds;
    if (progress->terminal && (first || last || !progress->shown || now->seconds - progress->drawn_seconds > 0.1))
        draw_bar(progress, now);
}

void nscl_cli_progress_close(nscl_cli_progress *progress)
{
    if (progress->shown)
        fputc('\n', progress->stream);
    progress->shown = 0;
    fflush(progress->stream);
}
