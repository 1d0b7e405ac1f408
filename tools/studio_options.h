/* What nscl-studio is asked on its command line. */
#ifndef STUDIO_OPTIONS_H
#define STUDIO_OPTIONS_H

#include "tool_options.h"

typedef struct studio_options {
    int port; /* 0: any that is free */
    const char *bind, *token, *name;
    const char *device, *network, *output, *styles; /* NULL: not given */
    int max_upload;                                 /* MiB */
    int max_pixels;                                 /* millions */
    int max_stored;                                 /* MiB */
    int max_size;                                   /* longer side of a result */
    int max_queue;                                  /* jobs that wait */
} studio_options;

/* Fills *o from the command line: 0 to go on, else the status to exit with plus one. */
int studio_read_options(studio_options *o, int argc, char **argv);

#endif
