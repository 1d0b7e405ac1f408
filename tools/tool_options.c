#include "tool_options.h"

#include <stdlib.h>
#include <string.h>

#include "nscl.h"

static const tool_option common[] = {
    {"generate", "FORM", TOOL_TEXT, 0, 0, 0, 0, 0, "man bash zsh fish", "print the manual page or a shell's completion, and end: man, bash, zsh or fish"},
    {"version", NULL, TOOL_FLAG, 0, 0, 0, 0, 0, NULL, "show the version and end"},
    {"help", NULL, TOOL_FLAG, 0, 0, 0, 0, 0, NULL, "show this and end"},
};
enum { COMMON = sizeof common / sizeof common[0] };

int tool_page_row(const tool_option *table, int index, nscl_page_row *row)
{
    int own = 0;
    while (table[own].name)
        own++;
    if (index >= own + COMMON)
        return 0;
    const tool_option *option = index < own ? &table[index] : &common[index - own];
    row->name = option->name;
    row->argument = option->argument;
    row->help = option->help;
    row->command = option->kind == TOOL_COMMAND;
    if (option->choices)
        snprintf(row->choices, sizeof row->choices, "%s", option->choices);
    return 1;
}

typedef struct reader {
    const nscl_page *page;
    int argc, at; /* `at`: the next word */
    char **argv;
    const char *option, *attached; /* the option at work, with its dashes; what follows its '=', or NULL */
} reader;

static int bad(const reader *r, const char *what, const char *value)
{
    fprintf(stderr, "%s: ", r->page->command);
    if (value)
        fprintf(stderr, "%s '%s' %s\n", r->option, value, what);
    else
        fprintf(stderr, "%s %s\n", r->option, what);
    fprintf(stderr, "%s --help lists the options.\n", r->page->command);
    return TOOL_USAGE + 1;
}

/* The next value of the option; NULL where there is none. */
static const char *value_of(reader *r, int any)
{
    const char *value = r->attached;
    if (value) {
        r->attached = NULL;
        return *value ? value : NULL;
    }
    if (r->at < r->argc && (any || strncmp(r->argv[r->at], "--", 2) != 0))
        return r->argv[r->at++];
    return NULL;
}

static int read_number(const reader *r, const tool_option *option, const char *text, int *number)
{
    char range[64], *end = NULL;
    long n = strtol(text, &end, 10);
    if (end != text && !*end && n >= option->low && n <= option->high) {
        *number = (int)n;
        return 0;
    }
    snprintf(range, sizeof range, "is no number of %d to %d", option->low, option->high);
    return bad(r, range, text);
}

static int read_numbers(reader *r, const tool_option *option, char *options)
{
    int *numbers = (int *)(void *)(options + option->at), *count = (int *)(void *)(options + option->count_at);
    const char *text;
    int several = !r->attached, ended = 0;
    *count = 0;
    while (!ended && (several || r->attached) && (text = value_of(r, 0)) != NULL) {
        if (*count == option->most)
            return bad(r, "is one too many", text);
        ended = read_number(r, option, text, &numbers[(*count)++]);
    }
    return ended ? ended : *count ? 0 : bad(r, "takes one number or more", NULL);
}

static int read_option(reader *r, const tool_option *option, char *options)
{
    void *place = options + option->at;
    if (option->kind == TOOL_FLAG) {
        *(int *)place = 1;
        return r->attached ? bad(r, "takes no value", NULL) : 0;
    }
    if (option->kind == TOOL_NUMBERS)
        return read_numbers(r, option, options);
    const char *text = value_of(r, option->kind == TOOL_ANY);
    if (!text || !*text)
        return bad(r, "takes a value", NULL);
    if (option->kind == TOOL_NUMBER)
        return read_number(r, option, text, place);
    *(const char **)place = text;
    return 0;
}

int tool_inform(const nscl_page *page, const char *word, const char *next)
{
    if (strcmp(word, "--help") == 0)
        nscl_page_help(page, stdout);
    else if (strcmp(word, "--version") == 0)
        printf("%s %s\n", page->command, nscl_version());
    else if (strncmp(word, "--generate", 10) == 0 && (!word[10] || word[10] == '=')) {
        const char *name = word[10] ? word + 11 : next ? next : "";
        int form = nscl_page_form_named(name);
        if (!form) {
            fprintf(stderr, "%s: --generate '%s' is not known; give man, bash, zsh or fish\n", page->command, name);
            return TOOL_USAGE + 1;
        }
        nscl_page_generate(page, (nscl_page_form)form, nscl_version(), stdout);
    } else
        return 0;
    return TOOL_DONE + 1;
}

int tool_read_options(const nscl_page *page, const tool_option *table, void *options, int argc, char **argv)
{
    reader r = {page, argc, 1, argv, NULL, NULL};
    char name[64];
    while (r.at < argc) {
        const char *word = argv[r.at++], *equals = strchr(word, '=');
        const tool_option *option = table;
        int ended = tool_inform(page, word, r.at < argc ? argv[r.at] : NULL);
        if (ended)
            return ended;
        snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - word : (long)strlen(word)), word);
        r.option = name;
        r.attached = equals ? equals + 1 : NULL;
        if (strncmp(word, "--", 2) != 0)
            return bad(&r, "belongs to no option", NULL);
        while (option->name && strcmp(option->name, name + 2) != 0)
            option++;
        if (!option->name || option->kind == TOOL_COMMAND)
            return bad(&r, "is not an option", NULL);
        ended = read_option(&r, option, options);
        if (ended)
            return ended;
    }
    return 0;
}
