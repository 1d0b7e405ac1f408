/* The manual page, in the man macros that groff and mandoc both know. */
#include <ctype.h>
#include <string.h>

#include "cli_page.h"

/* Text as it stands: no sign of it is taken for roff's own or becomes another. */
static void put(FILE *stream, const char *text, size_t n)
{
    static const struct {
        char sign;
        const char *roff;
    } signs[] = {{'\\', "\\e"}, {'-', "\\-"}, {'\'', "\\(aq"}, {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}, {'"', "\\(dq"}};
    if (n && *text == '.')
        fputs("\\&", stream);
    for (size_t i = 0; i < n; i++) {
        const char *roff = NULL;
        for (size_t s = 0; s < sizeof signs / sizeof signs[0]; s++)
            if (signs[s].sign == text[i])
                roff = signs[s].roff;
        if (roff)
            fputs(roff, stream);
        else
            fputc(text[i], stream);
    }
}

static void put_text(FILE *stream, const char *text)
{
    put(stream, text, strlen(text));
}

/* One paragraph a line; in the first line's place stands what came before. */
static void put_paragraphs(FILE *stream, const char *text)
{
    for (int first = 1; *text; first = 0) {
        size_t n = strcspn(text, "\n");
        if (!first)
            fputs(".PP\n", stream);
        put(stream, text, n);
        fputc('\n', stream);
        text += n + (text[n] == '\n');
    }
}

static void put_section(FILE *stream, const char *title, const char *text)
{
    fprintf(stream, ".SH %s\n", title);
    put_paragraphs(stream, text);
}

static void put_usage(FILE *stream, const char *usage)
{
    for (int first = 1; *usage; first = 0) {
        size_t n = strcspn(usage, "\n"), word = strcspn(usage, " \n");
        fputs(first ? "\\fB" : ".br\n\\fB", stream);
        put(stream, usage, word);
        fputs("\\fR", stream);
        put(stream, usage + word, n - word);
        fputc('\n', stream);
        usage += n + (usage[n] == '\n');
    }
}

static void put_row(FILE *stream, const nscl_page_row *row)
{
    if (!row->name) {
        fputs(".SS ", stream);
        put_text(stream, row->help);
        fputc('\n', stream);
        return;
    }
    fprintf(stream, ".TP\n\\fB%s", row->command ? "" : "\\-\\-");
    put_text(stream, row->name);
    fputs("\\fR", stream);
    if (row->argument) {
        fputs(" \\fI", stream);
        put_text(stream, row->argument);
        fputs("\\fR", stream);
    }
    fputc('\n', stream);
    put_text(stream, row->help);
    put_text(stream, row->more);
    fputc('\n', stream);
}

void nscl_page_man(const nscl_page *page, const char *version, FILE *stream)
{
    static const char *const commands[] = {"nscl", "nscl-bench", "nscl-probe", "nscl-tune", "nscl-weights"};
    nscl_page_row row;
    int begun = 0;
    fputs(".TH ", stream);
    for (const char *p = page->command; *p; p++)
        fputc(toupper((unsigned char)*p), stream);
    /* Neither hyphens nor wide gaps: what is here is to be typed. */
    fprintf(stream, " 1 \"\" \"nscl %s\" \"User Commands\"\n.nh\n.ad l\n.SH NAME\n", version);
    put_text(stream, page->command);
    fputs(" \\- ", stream);
    put_text(stream, page->title);
    fputs("\n.SH SYNOPSIS\n", stream);
    put_usage(stream, page->usage);
    if (page->about)
        put_section(stream, "DESCRIPTION", page->about);
    for (int i = 0; memset(&row, 0, sizeof row), page->row(i, &row); i++) {
        int wanted = row.command ? 1 : 2;
        if (begun != wanted)
            fprintf(stream, ".SH %s\n", wanted == 1 ? "COMMANDS" : "OPTIONS");
        begun = wanted;
        put_row(stream, &row);
    }
    if (page->notes)
        put_section(stream, "NOTES", page->notes);
    for (const nscl_page_section *s = page->sections; s && s->title; s++)
        put_section(stream, s->title, s->text);
    fputs(".SH SEE ALSO\n", stream);
    for (size_t i = 0, n = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i], page->command) != 0) {
            fputs(n++ ? ",\n\\fB" : "\\fB", stream);
            put_text(stream, commands[i]);
            fputs("\\fR(1)", stream);
        }
    fputc('\n', stream);
}
