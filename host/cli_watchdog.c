#define _POSIX_C_SOURCE 200809L
#include "cli_watchdog.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"

enum { TICK = 250, EVALUATIONS = 50, PREPARATION = 15 }; /* milliseconds; in evaluations; in times of --patience */

static double limit(const nscl_cli_watchdog *w)
{
    double patience = w->options->patience, slow = EVALUATIONS * w->slowest;
    return w->evaluations == 0 ? PREPARATION * patience : slow > patience ? slow : patience;
}

/* The thread that waits for the device waits for ever, so this one may speak. */
static void end(const nscl_cli_watchdog *w)
{
    const nscl_options *o = w->options;
    if (w->device)
        nscl_cli_say(w->progress, "%s (driver %s) has done nothing for %.0f s: it hangs; try another driver or --device, or give it more --patience",
                     w->device->name, w->device->driver, w->silent);
    else
        nscl_cli_say(w->progress, "the device's driver has done nothing for %.0f s: it hangs; try another driver or --device", w->silent);
    if (o->save_state && access(o->save_state, F_OK) == 0)
        nscl_cli_say(w->progress, "go on with --resume %s", o->save_state);
    else if (w->evaluations && !o->save_state)
        nscl_cli_say(w->progress, "with --save-state there would be something to go on from");
    if (w->picture)
        nscl_cli_say(w->progress, "the latest picture on the way is in %s", w->picture);
    _exit(NSCL_EXIT_HUNG);
}

static void *watch(void *user)
{
    nscl_cli_watchdog *w = user;
    struct pollfd stop = {w->stop[0], POLLIN, 0};
    for (int ready; (ready = poll(&stop, 1, TICK)) <= 0;) {
        pthread_mutex_lock(&w->lock);
        if (w->at_work && ready == 0) {
            w->silent += 1e-3 * TICK;
            w->spent += 1e-3 * TICK;
            if (w->silent >= limit(w))
                end(w);
        }
        pthread_mutex_unlock(&w->lock);
    }
    return NULL;
}

static void release(nscl_cli_watchdog *w)
{
    pthread_mutex_destroy(&w->lock);
    for (int i = 0; i < 2; i++)
        close(w->stop[i]);
    w->running = 0;
}

void nscl_cli_watchdog_start(nscl_cli_watchdog *w, const nscl_options *options, nscl_cli_progress *progress)
{
    sigset_t all, before;
    w->options = options;
    w->progress = progress;
    if (!options->patience || pipe(w->stop) != 0)
        return;
    for (int i = 0; i < 2; i++)
        fcntl(w->stop[i], F_SETFD, FD_CLOEXEC);
    pthread_mutex_init(&w->lock, NULL);
    sigfillset(&all); /* Ctrl-C is the other thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    w->running = 1;
    if (pthread_create(&w->thread, NULL, watch, w) != 0)
        release(w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void nscl_cli_watchdog_stop(nscl_cli_watchdog *w)
{
    if (w->running && write(w->stop[1], "", 1) == 1) {
        pthread_join(w->thread, NULL);
        release(w);
    }
    free(w->picture);
    w->picture = NULL;
}

void nscl_cli_watchdog_on(nscl_cli_watchdog *w, const nscl_device_info *device)
{
    if (!w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->at_work = 1;
    w->silent = 0;
    w->device = device;
    pthread_mutex_unlock(&w->lock);
}

void nscl_cli_watchdog_off(nscl_cli_watchdog *w, int evaluated)
{
    if (!w->running)
        return;
    pthread_mutex_lock(&w->lock);
    w->at_work = 0;
    if (evaluated) {
        /* The first has the preparations in it: it counts until there is a second. */
        if (++w->evaluations <= 2 || w->spent > w->slowest)
            w->slowest = w->spent;
        w->spent = 0;
    }
    pthread_mutex_unlock(&w->lock);
}

void nscl_cli_watchdog_wrote(nscl_cli_watchdog *w, char *path)
{
    if (!w->running) {
        free(path);
        return;
    }
    pthread_mutex_lock(&w->lock);
    free(w->picture);
    w->picture = path;
    pthread_mutex_unlock(&w->lock);
}
