#include "cli_help.h"

#include <math.h>
#include <string.h>

#include "cli_describe.h"
#include "cli_values.h"

#define USAGE "nscl --content PHOTOGRAPH --styles PAINTING... --output PICTURE [OPTION]..."
#define EXAMPLE "nscl --content photo.jpg --styles painting.jpg --output result.png --size 512"

void nscl_cli_usage(FILE *stream)
{
    fputs("usage: " USAGE "\n  e.g. " EXAMPLE "\nnscl --help lists every option, nscl --list-devices the devices.\n", stream);
}

/* Appends to a row's text, cutting what does not fit. */
static void append(char *text, const char *more)
{
    strncat(text, more, NSCL_PAGE_TEXT - 1 - strlen(text));
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
    char values[NSCL_PRESET_COUNT][NSCL_PAGE_TEXT];
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

/* An option's row: what it takes and what holds without it behind its help, the words it knows as choices. */
static int page_row(int index, nscl_page_row *out)
{
    const nscl_option *row = nscl_option_row(index);
    char range[256];
    const char *name;
    int value;
    if (!row)
        return 0;
    out->name = row->name;
    out->argument = row->argument;
    out->help = row->help;
    if (!row->name)
        return 1;
    nscl_option_range(row, range, sizeof range);
    /* An int's whole range says nothing. */
    if (range[0] && !(row->kind == NSCL_OPTION_INTEGER && row->high > 1e6) && !(isinf(row->high) && row->low == 0)) {
        append(out->more, row->kind == NSCL_OPTION_CHOICE || row->kind == NSCL_OPTION_PRESET ? ": " : ", ");
        append(out->more, range);
    }
    append_default(out->more, row);
    for (int i = 0; (row->choices || row->kind == NSCL_OPTION_PRESET) && (name = nscl_option_choice(row, i, &value)) != NULL; i++) {
        size_t used = strlen(out->choices);
        snprintf(out->choices + used, sizeof out->choices - used, "%s%s", used ? " " : "", name);
    }
    return 1;
}

static const nscl_page_section sections[] = {
    {"EXIT STATUS", NSCL_PAGE_EXIT " 3: the device hangs. 130: interrupted."},
    {"ENVIRONMENT", NSCL_PAGE_ENVIRONMENT},
    {"FILES", NSCL_PAGE_FILES},
    {"EXAMPLES", EXAMPLE "\nnscl --content photo.jpg --styles one.jpg two.jpg --style-blend-weights 1 3 --network vgg19 --output result.png"},
    {NULL, NULL},
};

const nscl_page nscl_cli_page = {
    .command = "nscl",
    .title = "paint a photograph in the manner of paintings, on any OpenCL device",
    .usage = USAGE,
    .about = "For example: " EXAMPLE "\nValues follow as --name value or --name=value. In brackets: what holds when an option is not given.",
    .row = page_row,
    .notes = "Exit status: 0 done, 1 failure while running, 2 wrong usage, 3 the device hangs, 130 interrupted. The first Ctrl-C ends the work "
             "after the present evaluation and the picture so far is written; a second ends at once.",
    .sections = sections,
};
