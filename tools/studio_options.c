#include "studio_options.h"

#include <stddef.h>
#include <stdlib.h>

#define AT(member) offsetof(studio_options, member)

static const tool_option table[] = {
    {"port", "N", TOOL_NUMBER, AT(port), 0, 65535, 0, 0, NULL, "where to listen; 0: any that is free [8080]"},
    {"bind", "ADDRESS", TOOL_TEXT, AT(bind), 0, 0, 0, 0, "127.0.0.1 0.0.0.0 ::1 ::", "address to listen at; one beyond this machine needs --token [127.0.0.1]"},
    {"token", "TEXT", TOOL_TEXT, AT(token), 0, 0, 0, 0, NULL, "what each visitor must know, 16 characters at least [$NSCL_STUDIO_TOKEN, or none]"},
    {"name", "HOST", TOOL_TEXT, AT(name), 0, 0, 0, 0, NULL, "a name of this machine that browsers may use, beside localhost and addresses"},
    {"device", "SELECTOR", TOOL_TEXT, AT(device), 0, 0, 0, 0, "auto cpu gpu",
     "used where a job names none: auto, a number, P:D, part of a name, cpu or gpu [$NSCL_DEVICE, or auto]"},
    {"network", "NAME|FILE", TOOL_TEXT, AT(network), 0, 0, 0, 0, "builtin vgg19 vgg16",
     "used where a job names none [the preset's where installed, else vgg19, else builtin]"},
    {"output", "FOLDER", TOOL_TEXT, AT(output), 0, 0, 0, 0, NULL, "where pictures, their recipes and what is uploaded are kept [~/.local/share/nscl/studio]"},
    {"styles", "FOLDER", TOOL_TEXT, AT(styles), 0, 0, 0, 0, NULL, "paintings to offer beside those that come with nscl"},
    {"max-size", "N", TOOL_NUMBER, AT(max_size), 64, 16384, 0, 0, NULL, "longest side of a result [2048]"},
    {"max-upload", "MB", TOOL_NUMBER, AT(max_upload), 1, 4096, 0, 0, NULL, "largest file to take [64]"},
    {"max-pixels", "MP", TOOL_NUMBER, AT(max_pixels), 1, 256, 0, 0, NULL, "largest picture to take, in millions of pixels [100]"},
    {"max-stored", "MB", TOOL_NUMBER, AT(max_stored), 1, 1 << 20, 0, 0, NULL, "most that the folder may hold [4096]"},
    {"max-queue", "N", TOOL_NUMBER, AT(max_queue), 1, 1000, 0, 0, NULL, "most jobs that wait at a time [50]"},
    {0},
};

static int row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {{"EXIT STATUS", NSCL_PAGE_EXIT},
                                             {"ENVIRONMENT", "NSCL_STUDIO_TOKEN is the token where --token is not given. " NSCL_PAGE_ENVIRONMENT},
                                             {"FILES", NSCL_PAGE_FILES},
                                             {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-studio",
    .title = "paint photographs in the manner of paintings, in a web page",
    .usage = "nscl-studio [OPTION]...",
    .about = "Serves a page in which a style and a photograph are chosen, and in which the picture is watched while it is painted. Jobs wait in a queue; "
             "one runs on each device. Finished pictures, each with its recipe in it, and the history are kept in a folder.",
    .row = row,
    .notes =
        "Ctrl-C ends it: a job at work is kept as far as it is, those that wait go on at the next start, and so does one that was at work when the "
        "studio was killed, to the same picture, where its state takes no more than a quarter of --max-stored. The page uses the JSON interface under /api/v1, "
        "which scripts may use too; /api/v1/openapi.json describes it.",
    .sections = sections,
};

int studio_read_options(studio_options *o, int argc, char **argv)
{
    *o = (studio_options){.port = 8080, .bind = "127.0.0.1", .max_upload = 64, .max_pixels = 100, .max_stored = 4096, .max_size = 2048, .max_queue = 50};
    o->token = getenv("NSCL_STUDIO_TOKEN");
    return tool_read_options(&page, table, o, argc, argv);
}
