/* The running studio: one lock over everything that its threads share, and one counter of changes, by which those who watch know
 * what is new to them. */
#ifndef STUDIO_APP_H
#define STUDIO_APP_H

#include <jansson.h>
#include <pthread.h>

#include "nscl.h"
#include "studio_options.h"

enum { STUDIO_ID = 17, STUDIO_REFERENCE = 80 }; /* 16 hexadecimal digits and a NUL; "picture:" and an id, or "style:" and a name, and a NUL */

typedef struct studio_styles studio_styles;
typedef struct studio_jobs studio_jobs;

typedef struct studio {
    studio_options options;
    char *program;   /* path of this very program, for children */
    char *folder;    /* of all that is kept */
    int port;        /* which the options may leave open */
    json_t *devices; /* array, see studio_devices.h; replaced under the lock */
    studio_styles *styles;
    studio_jobs *jobs;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* whenever `change` grows, or the end begins */
    uint64_t change;        /* begins at the time, so that it grows over restarts too */
    uint64_t incoming;      /* bytes that uploads at work may bring */
    uint64_t stored;        /* bytes in the folder, about */
    int decoders;           /* children that decode, now */
    int watchers;           /* connections that follow events */
    int ending;
} studio;

/* Under the lock: something changed. Its number. */
uint64_t studio_changed(studio *s);

#endif
