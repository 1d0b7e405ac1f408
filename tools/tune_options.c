#include <string.h>

#include "tune_tool.h"

#define AT(member) offsetof(tune_options, member)

static const tool_option table[] = {
    {"device", "SELECTOR", TOOL_TEXT, AT(device), 0, 0, 0, 0, "auto cpu gpu", "auto, a number, P:D, part of a name, cpu or gpu [$NSCL_DEVICE, or auto]"},
    {"size", "N...", TOOL_NUMBERS, AT(sizes), 16, 16384, AT(size_count), TUNE_MOST_SIZES, NULL,
     "sides of square pictures to tune for; those between follow the nearest [256 512]"},
    {"network", "FILE", TOOL_TEXT, AT(network), 0, 0, 0, 0, "builtin", "the layers of a network file, or builtin [VGG-19's]"},
    {"seconds", "LIMIT", TOOL_NUMBER, AT(seconds), 1, 86400, 0, 0, NULL, "no new candidate after so long, 1 to 86400 [300]"},
    {"rounds", "N", TOOL_NUMBER, AT(rounds), 1, 16, 0, 0, NULL, "times that each candidate is measured, 1 to 16; the best counts [2]"},
    {"output", "FILE", TOOL_TEXT, AT(output), 0, 0, 0, 0, NULL, "write the rows there [the user's file in ~/.cache/nscl/tuning]"},
    {"dry-run", NULL, TOOL_FLAG, AT(dry_run), 0, 0, 0, 0, NULL, "print the rows, write nothing"},
    {0},
};

static int row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {{"EXIT STATUS", NSCL_PAGE_EXIT}, {"ENVIRONMENT", NSCL_PAGE_ENVIRONMENT}, {"FILES", NSCL_PAGE_FILES}, {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-tune",
    .title = "find the fastest convolutions of an OpenCL device",
    .usage = "nscl-tune [OPTION]...",
    .about = "Measures which way of convolving is fastest on a device, layer by layer, and keeps it in a file that every later run on this device and "
             "driver obeys. A candidate counts only if its result is right; each runs in a process of its own, so that a driver that crashes or hangs "
             "costs only that one.",
    .row = row,
    .notes = "The file is text: DEVICE-PATTERN KERNEL KEY=VALUE ..., the last row that fits counts. What was in it before is replaced. GFLOP/s count "
             "the multiply-adds of direct convolution, whatever the algorithm.",
    .sections = sections,
};

int tune_read_options(tune_options *o, int argc, char **argv)
{
    static const int usual[] = {256, 512};
    *o = (tune_options){.rounds = 2, .seconds = 300};
    if (argc > 1 && strcmp(argv[1], "--measure") == 0) { /* not for users: see tune_child */
        o->child = argv + 2;
        return 0;
    }
    int ended = tool_read_options(&page, table, o, argc, argv);
    if (ended)
        return ended;
    if (!o->size_count) {
        memcpy(o->sizes, usual, sizeof usual);
        o->size_count = (int)(sizeof usual / sizeof *usual);
    }
    return 0;
}
