/* What the painting process is told while it paints. A thread of its own listens; the painting thread asks after each evaluation. */
#ifndef STUDIO_STEER_H
#define STUDIO_STEER_H

#include <pthread.h>
#include <stdio.h>

typedef struct studio_steer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int paused, stop, changed_strength;
    double strength;
} studio_steer;

/* Begins to listen on standard input. The process ends when that does: nobody wants the picture any more. */
int studio_steer_open(studio_steer *steer);

typedef enum studio_wish { STUDIO_GO_ON, STUDIO_STOP, STUDIO_CHANGE } studio_wish;

/* What is wished now; while it is to pause, waits, saying so on `voice`. *waited: seconds that took. */
studio_wish studio_steer_ask(studio_steer *steer, FILE *voice, double *waited);

/* A change of strength that is wished for from the start. */
void studio_steer_change(studio_steer *steer, double strength);

/* The strength of a STUDIO_CHANGE, which is then done with. */
double studio_steer_strength(studio_steer *steer);

#endif
