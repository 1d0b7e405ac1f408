/* nscl-weights: what its parts share. */
#ifndef WEIGHTS_TOOL_H
#define WEIGHTS_TOOL_H

#include <stdint.h>
#include <stdio.h>

/* Exit statuses; the first three are nscl's. */
enum { WEIGHTS_DONE = 0, WEIGHTS_FAILED = 1, WEIGHTS_USAGE = 2, WEIGHTS_NETWORK = 3 };

enum { WEIGHTS_STALL = 30 }; /* default of --timeout */

typedef struct weights_fetch_options {
    const char *network; /* "vgg19" or "vgg16" */
    const char *from;    /* address, or NULL: where it is published */
    const char *sha256;  /* what the file at `from` should have, 64 digits, or NULL: a published file */
    int stall;           /* seconds without data after which to give up */
    int overwrite;       /* replace a file that is there but is another one */
} weights_fetch_options;

/* Brings a network into the user's data folder, and says what it did. The exit status. */
int weights_fetch(const weights_fetch_options *options);

typedef enum weights_download_result {
    WEIGHTS_DOWNLOAD_DONE,
    WEIGHTS_DOWNLOAD_AGAIN,   /* the server cannot add to what is there: it is whole, or to be emptied */
    WEIGHTS_DOWNLOAD_REFUSED, /* what the server sends is not wanted; the part is as it was */
    WEIGHTS_DOWNLOAD_NETWORK,
    WEIGHTS_DOWNLOAD_DISK
} weights_download_result;

typedef struct weights_download {
    const char *url;
    FILE *part;        /* of nscl_part_open */
    uint64_t size;     /* bytes in it; kept up to date */
    uint64_t limit;    /* bytes it may grow to */
    int stall;         /* seconds */
    const char *title; /* for the line of progress on a terminal */
    char reason[320];  /* unless all went well */
} weights_download;

/* Adds to the part what is missing, or, where the server sends all again, begins it anew. */
weights_download_result weights_download_run(weights_download *d);

/* Is there a way to download? */
int weights_download_possible(void);

#endif
