/* nscl-selftest: is what the program computes on this device right? */
#include <stdlib.h>

#include "cli_selftest.h"
#include "tool_options.h"

typedef struct selftest_options {
    const char *device, *seed;
    int json, verbose;
} selftest_options;

#define AT(member) offsetof(selftest_options, member)

static const tool_option table[] = {
    {"device", "SELECTOR", TOOL_TEXT, AT(device), 0, 0, 0, 0, "auto cpu gpu", "auto, a number, P:D, part of a name, cpu or gpu [$NSCL_DEVICE, or auto]"},
    {"seed", "N", TOOL_TEXT, AT(seed), 0, 0, 0, 0, NULL, "of the random data, from 1, to repeat a test [from the clock]"},
    {"json", NULL, TOOL_FLAG, AT(json), 0, 0, 0, 0, NULL, "one JSON object instead of text"},
    {"verbose", NULL, TOOL_FLAG, AT(verbose), 0, 0, 0, 0, NULL, "show what the library does"},
    {0},
};

static int row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {
    {"EXIT STATUS", NSCL_CLI_SELFTEST_EXIT}, {"ENVIRONMENT", NSCL_PAGE_ENVIRONMENT}, {"FILES", NSCL_PAGE_FILES}, {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-selftest",
    .title = "check what an OpenCL device computes",
    .usage = "nscl-selftest [OPTION]...",
    .about = "Runs every operation of the program by every algorithm that it may choose on this device, then a whole loss and gradient, on random data, and "
             "holds the results against the same in double precision. A table tells the error of each, what it may be, and how near the worst element "
             "came to what its roundings allow.",
    .row = row,
    .notes = "Convolution algorithms that fail are not used on this device and driver from then on, as ~/.cache/nscl/selftest remembers; nscl-probe "
             "shows them. nscl does a short form of this by itself at a device's first painting (NSCL_SELFTEST=off leaves that out).",
    .sections = sections,
};

static void on_line(nscl_log_level level, const char *line, void *user)
{
    const selftest_options *o = user;
    if (level == NSCL_LOG_WARNING || o->verbose)
        fprintf(stderr, "%s%s\n", level == NSCL_LOG_WARNING ? "warning: " : "", line);
}

int main(int argc, char **argv)
{
    selftest_options o = {0};
    uint64_t seed = 0;
    int child = nscl_compiler_main(argc, argv);
    if (child >= 0)
        return child;
    int ended = tool_read_options(&page, table, &o, argc, argv);
    if (ended)
        return nscl_page_printed(page.command) ? ended - 1 : TOOL_FAILED;
    if (o.seed) {
        char *end = NULL;
        seed = strtoull(o.seed, &end, 10);
        if (*end || !seed || o.seed[0] == '-') {
            fprintf(stderr, "nscl-selftest: --seed '%s' is no number from 1\nnscl-selftest --help lists the options.\n", o.seed);
            return TOOL_USAGE;
        }
    }
    nscl_open_options open = {.device = o.device, .log = on_line, .log_user = &o, .compile_apart = 1};
    int status = nscl_cli_selftest(page.command, &open, seed, o.json);
    return nscl_page_printed(page.command) ? status : TOOL_FAILED;
}
