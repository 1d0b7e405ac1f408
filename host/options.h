/* The command's options. One table row says all about an option: name, kind of value, range, where the value goes,
 * help. The parser, the messages, --help and the description of a run (log, picture comment) read that table, so a
 * new option is one row and, where nscl_settings does not have it, one member below. */
#ifndef NSCL_OPTIONS_H
#define NSCL_OPTIONS_H

#include "cli_page.h"
#include "nscl.h"

#define NSCL_MAX_IDLE 16

/* An option that was given and has no effect beside the others. */
typedef struct nscl_idle {
    const char *name, *why;
} nscl_idle;

typedef struct nscl_options {
    const char *content, *output, *initial; /* strings are the caller's argv, or `recorded`'s */
    const char *styles[NSCL_MAX_STYLES];
    int style_count;
    const char *network, *device; /* NULL: not given */
    const char *checkpoint_output, *log, *from, *save_state, *resume;
    int state_every, patience;
    double content_blend, style_exp; /* below 0: not given */
    uint64_t max_pixels, max_memory;
    int quality;
    int print_iterations;    /* 0: not given */
    nscl_page_form generate; /* 0: not given */
    int overwrite, quiet, verbose, help, version, list_devices, selftest, fallback;
    int idle_count;
    nscl_idle idle[NSCL_MAX_IDLE];
    struct nscl_recorded *recorded; /* of --from or --resume; NULL: neither */
    nscl_settings settings;
} nscl_options;

typedef enum nscl_option_kind {
    NSCL_OPTION_HEADING, /* not an option: `help` begins a group */
    NSCL_OPTION_FLAG,    /* int, 1 when given */
    NSCL_OPTION_TEXT,    /* const char * */
    NSCL_OPTION_FILES,   /* const char *[NSCL_MAX_STYLES] and a count */
    NSCL_OPTION_INTEGER, /* int */
    NSCL_OPTION_LONG,    /* uint64_t */
    NSCL_OPTION_REAL,    /* double */
    NSCL_OPTION_CHOICE,  /* an enum or int */
    NSCL_OPTION_PRESET,  /* nscl_preset; sets the whole of the settings */
    NSCL_OPTION_REALS,   /* double[], as many as the count says there are */
    NSCL_OPTION_LAYERS,  /* names of nscl_layer_weight[] and their count */
    NSCL_OPTION_WEIGHTS  /* weights of nscl_layer_weight[], as many as the count says there are */
} nscl_option_kind;

typedef struct nscl_choice {
    const char *name; /* NULL ends the list */
    int value;
} nscl_choice;

enum { NSCL_OPTION_REQUIRED = 1, NSCL_OPTION_RECORDED = 2 }; /* recorded: needed to paint the same picture again */

typedef struct nscl_option {
    const char *name;     /* without the two dashes; NULL: a heading */
    const char *argument; /* what --help calls the value */
    nscl_option_kind kind;
    unsigned flags;
    size_t at, count_at; /* places in nscl_options */
    double low, high;    /* range of a number, both included; HUGE_VAL: no upper end */
    const nscl_choice *choices;
    const char *help;
} nscl_option;

/* The rows, in the order of --help, which is the order in which values are set; NULL past the last. */
const nscl_option *nscl_option_row(int index);

/* Defaults of the preset, nothing given. */
void nscl_options_init(nscl_options *options, nscl_preset preset);

/* Reads argv. NSCL_BAD_ARGUMENT with a message that names the option and the cure. With --help, --version, --generate, --selftest or
 * --list-devices only those members, `device`, `quiet` and `verbose` are meaningful. */
nscl_status nscl_options_parse(nscl_options *options, int argc, char *const *argv, nscl_error *error);
/* Frees what parsing took; NULL members are accepted. */
void nscl_options_free(nscl_options *options);

#endif
