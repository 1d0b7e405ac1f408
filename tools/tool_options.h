/* The tools' options: one table a tool, from which its parser, --help, manual page and completions are made. The last row
 * of a table has no name; --generate, --version and --help are every tool's and in no table. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include "cli_page.h"

/* Exit statuses, as nscl's. */
enum { TOOL_DONE = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

typedef enum tool_kind {
    TOOL_FLAG,    /* int, 1 when given */
    TOOL_TEXT,    /* const char * */
    TOOL_ANY,     /* const char *, which may begin with dashes */
    TOOL_NUMBER,  /* int, low to high */
    TOOL_NUMBERS, /* int[], and their count, `most` at most */
    TOOL_COMMAND  /* a word by itself; for the page only */
} tool_kind;

typedef struct tool_option {
    const char *name, *argument; /* as nscl_page_row's */
    tool_kind kind;
    size_t at; /* in the struct of options */
    int low, high;
    size_t count_at;
    int most;
    const char *choices; /* words to offer, with spaces between; NULL: none */
    const char *help;
} tool_option;

/* A page's row from a table. */
int tool_page_row(const tool_option *table, int index, nscl_page_row *row);

/* Reads argv into the struct `options`: 0 to go on, else the status to exit with plus one. */
int tool_read_options(const nscl_page *page, const tool_option *table, void *options, int argc, char **argv);

/* Obeys --help, --version and --generate FORM at `word`, which `next` (or NULL) follows: as tool_read_options. */
int tool_inform(const nscl_page *page, const char *word, const char *next);

#endif
