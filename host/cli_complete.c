/* Completions for bash, zsh and fish. Each file is whole by itself: what can be given is in it, and the command is not
 * run to ask. */
#include <string.h>

#include "cli_page.h"

static int next_row(const nscl_page *page, int *index, nscl_page_row *row)
{
    do
        memset(row, 0, sizeof *row);
    while (page->row((*index)++, row) && !row->name);
    return row->name != NULL;
}

static int has_commands(const nscl_page *page)
{
    nscl_page_row row;
    for (int i = 0; next_row(page, &i, &row);)
        if (row.command)
            return 1;
    return 0;
}

/* The command's name as part of a function's. */
static void put_name(FILE *stream, const nscl_page *page)
{
    for (const char *p = page->command; *p; p++)
        fputc(*p == '-' ? '_' : *p, stream);
}

/* All names with spaces between: of commands, or of options, with their dashes. */
static void put_names(FILE *stream, const nscl_page *page, int commands)
{
    nscl_page_row row;
    int n = 0;
    for (int i = 0; next_row(page, &i, &row);)
        if (row.command == commands)
            fprintf(stream, "%s%s%s", n++ ? " " : "", commands ? "" : "--", row.name);
}

/* Inside single quotes of a shell, where `quote` stands for one. */
static void put_quoted(FILE *stream, const char *text, const char *quote)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs(quote, stream);
        else
            fputc(*text, stream);
}

/* ---- bash ---- */

void nscl_page_bash(const nscl_page *page, FILE *stream)
{
    nscl_page_row row;
    fprintf(stream, "# bash completion for %s\n\n_", page->command);
    put_name(stream, page);
    /* bash makes words of --name=value's three parts. */
    fputs("()\n"
          "{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} option= given=0 most=0 values= files= i\n"
          "    for ((i = COMP_CWORD - 1; i > 0; i--)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "            --*) option=${COMP_WORDS[i]}; break ;;\n"
          "            =) ;;\n"
          "            *) given=$((given + 1)) ;;\n"
          "        esac\n"
          "    done\n"
          "    [[ $word == = ]] && word=\n"
          "    case $option in\n",
          stream);
    for (int i = 0; next_row(page, &i, &row);)
        if (!row.command && row.argument) {
            fprintf(stream, "        --%s) most=%s%s values='", row.name, nscl_page_takes_many(&row) ? "99" : "1",
                    nscl_page_takes_files(&row) ? " files=1" : "");
            put_quoted(stream, row.choices, "'\\''");
            fputs("' ;;\n", stream);
        }
    fputs("    esac\n"
          "    if [[ $word == -* ]] || ((given >= most)); then\n"
          "        values='",
          stream);
    put_names(stream, page, 0);
    fputs("' files=\n", stream);
    if (has_commands(page)) {
        fputs("        if [[ $word != -* ]]; then\n"
              "            values= files=1\n"
              "            ((COMP_CWORD == 1)) && files= values='",
              stream);
        put_names(stream, page, 1);
        fputs("'\n        fi\n", stream);
    }
    fputs("    fi\n"
          "    local IFS=$'\\n'\n"
          "    COMPREPLY=($(compgen -W \"${values// /$IFS}\" -- \"$word\"))\n"
          "    [[ ! $files ]] || COMPREPLY+=($(compgen -f -- \"$word\"))\n"
          "}\n"
          "complete -o filenames -F _",
          stream);
    put_name(stream, page);
    fprintf(stream, " %s\n", page->command);
}

/* ---- zsh ---- */

/* Brackets end a description and colons a part of a spec. */
static void put_zsh(FILE *stream, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '[': fputc('(', stream); break;
        case ']': fputc(')', stream); break;
        case ':': fputs("\\:", stream); break;
        case '\'': fputs("'\\''", stream); break;
        default: fputc(*text, stream);
        }
}

static void put_zsh_value(FILE *stream, const nscl_page_row *row)
{
    int files = nscl_page_takes_files(row);
    fputs(nscl_page_takes_many(row) ? ":*--*:" : ":", stream);
    put_zsh(stream, row->argument);
    if (files && row->choices[0]) {
        fputs(": _alternative \"names\\:name\\:(", stream);
        put_zsh(stream, row->choices);
        fputs(")\" \"files\\:file\\:_files\"", stream);
    } else if (row->choices[0]) {
        fputs(":(", stream);
        put_zsh(stream, row->choices);
        fputs(")", stream);
    } else
        fputs(files ? ":_files" : ": ", stream);
}

void nscl_page_zsh(const nscl_page *page, FILE *stream)
{
    nscl_page_row row;
    fprintf(stream, "#compdef %s\n\n_arguments", page->command);
    if (has_commands(page)) {
        fputs(" \\\n    '1:command:(", stream);
        put_names(stream, page, 1);
        fputs(")' \\\n    '*:file:_files'", stream);
    }
    for (int i = 0; next_row(page, &i, &row);) {
        if (row.command)
            continue;
        fprintf(stream, " \\\n    '--%s%s[", row.name, row.argument && !nscl_page_takes_many(&row) ? "=" : "");
        put_zsh(stream, row.help);
        fputc(']', stream);
        if (row.argument)
            put_zsh_value(stream, &row);
        fputc('\'', stream);
    }
    fputc('\n', stream);
}

/* ---- fish ---- */

static void put_fish_text(FILE *stream, const char *option, const char *text)
{
    fprintf(stream, " %s '", option);
    put_quoted(stream, text, "\\'");
    fputc('\'', stream);
}

void nscl_page_fish(const nscl_page *page, FILE *stream)
{
    nscl_page_row row;
    /* fish knows options of one value; of several, those after the first are the words behind the last option. */
    fprintf(stream, "# fish completion for %s\n\nfunction __", page->command);
    put_name(stream, page);
    fprintf(stream,
            "_after\n"
            "    set -l given (commandline -opc | string match -- '--*')\n"
            "    set -q given[1]; and test \"$given[-1]\" = \"$argv[1]\"\n"
            "end\n\n"
            "complete -c %s -f\n",
            page->command);
    for (int i = 0; next_row(page, &i, &row);) {
        if (row.command) {
            fprintf(stream, "complete -c %s -n 'test (count (commandline -opc)) -eq 1' -a %s", page->command, row.name);
            put_fish_text(stream, "-d", row.help);
            fputc('\n', stream);
            continue;
        }
        fprintf(stream, "complete -c %s -l %s%s", page->command, row.name, !row.argument ? "" : nscl_page_takes_files(&row) ? " -r -F" : " -x");
        if (row.choices[0])
            put_fish_text(stream, "-a", row.choices);
        put_fish_text(stream, "-d", row.help);
        fputc('\n', stream);
        if (nscl_page_takes_many(&row) && nscl_page_takes_files(&row)) {
            fprintf(stream, "complete -c %s -n '__", page->command);
            put_name(stream, page);
            fprintf(stream, "_after --%s' -F\n", row.name);
        }
    }
    if (has_commands(page))
        fprintf(stream, "complete -c %s -n 'test (count (commandline -opc)) -gt 1' -F\n", page->command);
}
