/* Ends the command where a driver hangs: a call of OpenCL that does not return cannot be stopped from within. A thread counts the
 * time while the device is at work and nothing comes from it; after --patience, and fifty times the slowest evaluation so far,
 * it says which device and driver it was and what of the run there is, and ends the process with NSCL_EXIT_HUNG. What comes before the
 * first evaluation, compiling and tuning among it, may take fifteen times --patience. Time is counted in ticks of the thread's
 * own, so that a process that is stopped and continued, or a computer that sleeps, loses none. */
#ifndef NSCL_CLI_WATCHDOG_H
#define NSCL_CLI_WATCHDOG_H

#include <pthread.h>

#include "cli_progress.h"

typedef struct nscl_cli_watchdog {
    const nscl_options *options;
    nscl_cli_progress *progress;
    pthread_t thread;
    int running;
    int stop[2];          /* a pipe: what is written to it ends the thread */
    pthread_mutex_t lock; /* of all that follows */
    int at_work;          /* the device is waited for */
    int evaluations;
    double silent, spent, slowest;  /* seconds since the last sign, since the last evaluation, and of an evaluation */
    const nscl_device_info *device; /* NULL: it is being opened */
    char *picture;                  /* the latest that was written on the way, or NULL */
} nscl_cli_watchdog;

/* Zero the struct first. With --patience 0, or where no thread can be had, the rest does nothing. */
void nscl_cli_watchdog_start(nscl_cli_watchdog *watchdog, const nscl_options *options, nscl_cli_progress *progress);
void nscl_cli_watchdog_stop(nscl_cli_watchdog *watchdog);

/* The device is waited for from now on; device NULL: the opening of one. */
void nscl_cli_watchdog_on(nscl_cli_watchdog *watchdog, const nscl_device_info *device);
/* It has given a sign, and is waited for no more; `evaluated`: that was the end of an evaluation. */
void nscl_cli_watchdog_off(nscl_cli_watchdog *watchdog, int evaluated);

/* A picture on the way was written. Takes the malloc'ed name. */
void nscl_cli_watchdog_wrote(nscl_cli_watchdog *watchdog, char *path);

#endif
