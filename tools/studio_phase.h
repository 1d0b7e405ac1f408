/* What a job that was broken off goes on from. Between two changes of its strength lies a phase: FOLDER/phase.json says which one is being
 * painted, begin-N.png is the picture in which the phase that follows N evaluations began, where one did, and state-N what the library saved
 * of it since. phase.json is written last, so that whatever it names is there. */
#ifndef STUDIO_PHASE_H
#define STUDIO_PHASE_H

#include "nscl.h"

#define STUDIO_PHASE "phase.json"

typedef struct studio_phase {
    const char *folder;
    int done;        /* evaluations before it */
    double strength; /* all through it */
    int has_begin;   /* else it begins as the order says */
} studio_phase;

/* The phase of a job that was broken off; 0 where there is none. */
int studio_phase_read(studio_phase *phase, const char *folder);
/* Keeps a phase that is about to begin, in `begin` unless NULL, and forgets those before. */
nscl_status studio_phase_keep(const studio_phase *phase, const nscl_picture *begin, nscl_error *error);
/* Removes all of them but `kept` (NULL: all), with what a kill left half written. */
void studio_phase_forget(const char *folder, const studio_phase *kept);

/* Paths, malloc'ed: of the state, and of the picture. */
char *studio_phase_state(const studio_phase *phase);
char *studio_phase_begin(const studio_phase *phase);

/* Most bytes that a state takes. */
uint64_t studio_phase_bytes(const nscl_settings *settings, int width, int height);

#endif
