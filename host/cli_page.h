/* What a command says of itself. --help, the manual page and the shells' completions are all made from one nscl_page, and
 * the options in it from the table that the parser reads, so that they cannot drift apart. */
#ifndef NSCL_CLI_PAGE_H
#define NSCL_CLI_PAGE_H

#include <stdio.h>

enum { NSCL_PAGE_TEXT = 1024, NSCL_PAGE_CHOICES = 256 };

typedef struct nscl_page_row {
    const char *name;     /* of an option, without its dashes; NULL: `help` is a heading */
    const char *argument; /* "N"; "FILE" in it: names of files; "..." at its end: several; NULL: none */
    const char *help;
    int command;                     /* a word by itself, no option */
    char more[NSCL_PAGE_TEXT];       /* behind `help`, but not in completions: range and default */
    char choices[NSCL_PAGE_CHOICES]; /* values to offer, with spaces between */
} nscl_page_row;

typedef struct nscl_page_section {
    const char *title, *text; /* a title of NULL ends the list */
} nscl_page_section;

typedef struct nscl_page {
    const char *command, *title; /* the title as in a list of commands: no capital, no full stop */
    const char *usage;           /* lines */
    const char *about, *notes;   /* before and behind the options: a paragraph a line */
    /* Fills the row, which is all zero, of this number, from 0. 0 past the last. */
    int (*row)(int index, nscl_page_row *row);
    const nscl_page_section *sections; /* in the manual page alone */
} nscl_page;

typedef enum nscl_page_form { NSCL_PAGE_MAN = 1, NSCL_PAGE_BASH, NSCL_PAGE_ZSH, NSCL_PAGE_FISH } nscl_page_form;

/* The form named man, bash, zsh or fish; 0: none. */
int nscl_page_form_named(const char *name);

/* --help, in at most 100 columns. */
void nscl_page_help(const nscl_page *page, FILE *stream);

/* The manual page as roff, or a shell's completion; `version` is the program's. */
void nscl_page_generate(const nscl_page *page, nscl_page_form form, const char *version, FILE *stream);

/* The parts of nscl_page_generate. */
void nscl_page_man(const nscl_page *page, const char *version, FILE *stream);
void nscl_page_bash(const nscl_page *page, FILE *stream);
void nscl_page_zsh(const nscl_page *page, FILE *stream);
void nscl_page_fish(const nscl_page *page, FILE *stream);

/* Whether the row takes names of files, and several values. */
int nscl_page_takes_files(const nscl_page_row *row);
int nscl_page_takes_many(const nscl_page_row *row);

/* What environment variables the library obeys, for `sections`. */
#define NSCL_PAGE_ENVIRONMENT                                                                                                                               \
    "NSCL_DEVICE is the device where --device is not given. NSCL_CACHE=off keeps neither compiled programs nor findings of self-tests. NSCL_TUNE=off uses " \
    "the built-in tuning "                                                                                                                                  \
    "alone. NSCL_SELFTEST=off leaves out the self-test at a device's first painting. NSCL_KERNELS names a folder whose .cl files replace the built-in ones."
#define NSCL_PAGE_FILES                                                                                                                              \
    "~/.cache/nscl holds compiled programs, tuning and what self-tests found, ~/.local/share/nscl the networks vgg19 and vgg16; XDG_CACHE_HOME and " \
    "XDG_DATA_HOME move them."
#define NSCL_PAGE_EXIT "0: done. 1: a failure while running. 2: wrong usage."

/* 1 when all that `program` has printed is written; else a message on stderr, and 0. */
int nscl_page_printed(const char *program);

#endif
