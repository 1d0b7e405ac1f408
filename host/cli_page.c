#include "cli_page.h"

#include <string.h>

enum { COLUMNS = 100, MOST_INDENT = 34 };

int nscl_page_takes_files(const nscl_page_row *row)
{
    return row->argument && (strstr(row->argument, "FILE") || strstr(row->argument, "PATTERN"));
}

int nscl_page_takes_many(const nscl_page_row *row)
{
    return row->argument && strstr(row->argument, "...");
}

int nscl_page_form_named(const char *name)
{
    static const char *const names[] = {"man", "bash", "zsh", "fish"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i]))
            return NSCL_PAGE_MAN + i;
    return 0;
}

void nscl_page_generate(const nscl_page *page, nscl_page_form form, const char *version, FILE *stream)
{
    switch (form) {
    case NSCL_PAGE_MAN: nscl_page_man(page, version, stream); break;
    case NSCL_PAGE_BASH: nscl_page_bash(page, stream); break;
    case NSCL_PAGE_ZSH: nscl_page_zsh(page, stream); break;
    case NSCL_PAGE_FISH: nscl_page_fish(page, stream); break;
    }
}

/* Writes `text` from column `column` on, broken at spaces and line ends, its further lines indented. */
static void wrap(FILE *stream, const char *text, int column, int indent)
{
    while (*text) {
        int room = COLUMNS - column, n = (int)strcspn(text, "\n");
        if (n > room) {
            for (n = room; n > 0 && text[n] != ' '; n--)
                ;
            n = n ? n : room;
        }
        fprintf(stream, "%.*s\n", n, text);
        text += n;
        text += *text == '\n' ? 1 : (int)strspn(text, " ");
        column = indent;
        if (*text)
            fprintf(stream, "%*s", indent, "");
    }
}

static int row_width(const nscl_page_row *row)
{
    return (row->command ? 2 : 4) + (int)strlen(row->name) + (row->argument ? 1 + (int)strlen(row->argument) : 0);
}

static void show_row(FILE *stream, const nscl_page_row *row, int indent)
{
    char text[NSCL_PAGE_TEXT * 2];
    int used = row_width(row);
    fprintf(stream, "  %s%s%s%s", row->command ? "" : "--", row->name, row->argument ? " " : "", row->argument ? row->argument : "");
    if (used >= indent - 1) {
        fputc('\n', stream);
        used = 0;
    }
    fprintf(stream, "%*s", indent - used, "");
    snprintf(text, sizeof text, "%s%s", row->help, row->more);
    wrap(stream, text, indent, indent);
}

void nscl_page_help(const nscl_page *page, FILE *stream)
{
    nscl_page_row row;
    int indent = 0;
    fputs("usage: ", stream);
    wrap(stream, page->usage, 7, 7);
    if (page->about)
        wrap(stream, page->about, 0, 0);
    for (int i = 0; memset(&row, 0, sizeof row), page->row(i, &row); i++)
        if (row.name && row_width(&row) + 2 > indent)
            indent = row_width(&row) + 2;
    indent = indent < MOST_INDENT ? indent : MOST_INDENT;
    for (int i = 0; memset(&row, 0, sizeof row), page->row(i, &row); i++) {
        if (i == 0 || !row.name)
            fputc('\n', stream);
        if (row.name)
            show_row(stream, &row, indent);
        else
            wrap(stream, row.help, 0, 0);
    }
    if (page->notes) {
        fputc('\n', stream);
        wrap(stream, page->notes, 0, 0);
    }
}

int nscl_page_printed(const char *program)
{
    int good = fflush(stdout) == 0 && !ferror(stdout);
    if (!good)
        fprintf(stderr, "%s: standard output cannot be written\n", program);
    return good;
}
