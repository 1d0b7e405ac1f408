#include "cli_help.h"

#include <math.h>
#include <string.h>

#include "cli_describe.h"
#include "cli_values.h"

enum { COLUMNS = 100, INDENT = 34, MAX_TEXT = 1024 };

void nscl_cli_usage(FILE *stream)
{
    fputs("usage: nscl --content PHOTOGRAPH --styles PAINTING... --output PICTURE [OPTION]...\n"
          "  e.g. nscl --content photo.jpg --styles painting.jpg --output result.png --size 512\n"
          "nscl --help lists every option, nscl --list-devices the devices.\n",
          stream);
}

/* Appends to `text`, cutting what does not fit. */
static void append(char *text, const char *more)
{
    strncat(text, more, MAX_TEXT - 1 - strlen(text));
}

/* A value as one would give it: words and numbers with spaces between. */
static void append_value(char *text, const json_t *value)
{
    char number[32];
    size_t i;
    json_t *item;
    if (json_is_string(value)) {
        append(text, json_string_value(value));
    } else if (json_is_number(value)) {
        snprintf(number, sizeof number, "%.15g", json_number_value(value));
        append(text, number);
    } else if (json_is_array(value)) {
        json_array_foreach((json_t *)(size_t)value, i, item)
        {
            append(text, i ? " " : "");
            append_value(text, item);
        }
    }
}

/* " [0.5]", or by preset where they differ; nothing for a flag or where nothing is the default. */
static void append_default(char *text, const nscl_option *row)
{
    nscl_options options;
    char values[NSCL_PRESET_COUNT][MAX_TEXT];
    int same = 1;
    for (int p = 0; p < NSCL_PRESET_COUNT; p++) {
        nscl_options_init(&options, (nscl_preset)p);
        json_t *value = row->kind == NSCL_OPTION_FLAG ? NULL : nscl_option_json(row, &options);
        values[p][0] = '\0';
        append_value(values[p], value);
        json_decref(value);
        same = same && !strcmp(values[p], values[0]);
    }
    if (same && !values[0][0])
        return;
    append(text, " [");
    for (int p = 0; p < (same || row->kind == NSCL_OPTION_PRESET ? 1 : NSCL_PRESET_COUNT); p++) {
        if (!same && row->kind != NSCL_OPTION_PRESET) {
            append(text, p ? "; " : "");
            append(text, nscl_preset_name((nscl_preset)p));
            append(text, ": ");
        }
        append(text, values[p]);
    }
    append(text, "]");
}

/* Writes `text` from column `column` on, broken at spaces, its further lines indented. */
static void wrap(FILE *stream, const char *text, int column, int indent)
{
    while (*text) {
        int room = COLUMNS - column, n = (int)strlen(text);
        if (n > room) {
            for (n = room; n > 0 && text[n] != ' '; n--)
                ;
            n = n ? n : room;
        }
        fprintf(stream, "%.*s\n", n, text);
        text += n;
        text += strspn(text, " ");
        column = indent;
        if (*text)
            fprintf(stream, "%*s", indent, "");
    }
}

static void show_row(FILE *stream, const nscl_option *row)
{
    char text[MAX_TEXT], range[256];
    int used = fprintf(stream, "  --%s%s%s", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
    if (used >= INDENT - 1) {
        fputc('\n', stream);
        used = 0;
    }
    fprintf(stream, "%*s", INDENT - used, "");
    snprintf(text, sizeof text, "%s", row->help);
    nscl_option_range(row, range, sizeof range);
    /* An int's whole range says nothing. */
    if (range[0] && !(row->kind == NSCL_OPTION_INTEGER && row->high > 1e6) && !(isinf(row->high) && row->low == 0)) {
        append(text, row->kind == NSCL_OPTION_CHOICE || row->kind == NSCL_OPTION_PRESET ? ": " : ", ");
        append(text, range);
    }
    append_default(text, row);
    wrap(stream, text, INDENT, INDENT);
}

void nscl_cli_help(FILE *stream)
{
    const nscl_option *row;
    nscl_cli_usage(stream);
    fputs("Values follow as --name value or --name=value. In brackets: what holds when an option is not given.\n", stream);
    for (int i = 0; (row = nscl_option_row(i)) != NULL; i++) {
        if (row->name) {
            show_row(stream, row);
        } else {
            fputc('\n', stream);
            wrap(stream, row->help, 0, 0);
        }
    }
    fputs("\nExit status: 0 done, 1 failure while running, 2 wrong usage, 130 interrupted. The first Ctrl-C ends\n"
          "the work after the present evaluation and the picture so far is written; a second ends at once.\n",
          stream);
}
