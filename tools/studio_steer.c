#define _POSIX_C_SOURCE 200809L
#include "studio_steer.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "os.h"

static void obey(studio_steer *steer, const json_t *command)
{
    const char *what = json_string_value(json_object_get(command, "do"));
    if (!what)
        return;
    pthread_mutex_lock(&steer->lock);
    if (strcmp(what, "pause") == 0)
        steer->paused = 1;
    else if (strcmp(what, "resume") == 0)
        steer->paused = 0;
    else if (strcmp(what, "stop") == 0)
        steer->stop = 1;
    pthread_cond_broadcast(&steer->changed);
    pthread_mutex_unlock(&steer->lock);
    if (strcmp(what, "strength") == 0)
        studio_steer_change(steer, json_number_value(json_object_get(command, "value")));
}

static void *listen_thread(void *user)
{
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        json_t *command = json_loads(line, 0, NULL);
        obey(user, command);
        json_decref(command);
    }
    _exit(3);
}

int studio_steer_open(studio_steer *steer)
{
    pthread_t thread;
    pthread_mutex_init(&steer->lock, NULL);
    pthread_cond_init(&steer->changed, NULL);
    if (pthread_create(&thread, NULL, listen_thread, steer) != 0)
        return 0;
    pthread_detach(thread);
    return 1;
}

studio_wish studio_steer_ask(studio_steer *steer, FILE *voice, double *waited)
{
    double begin = nscl_seconds();
    pthread_mutex_lock(&steer->lock);
    int pausing = steer->paused && !steer->stop;
    if (pausing) {
        fputs("{\"paused\": true}\n", voice);
        fflush(voice);
    }
    /* A change of strength while it pauses is obeyed when it goes on. */
    while (steer->paused && !steer->stop)
        pthread_cond_wait(&steer->changed, &steer->lock);
    studio_wish wish = steer->stop ? STUDIO_STOP : steer->changed_strength ? STUDIO_CHANGE : STUDIO_GO_ON;
    pthread_mutex_unlock(&steer->lock);
    if (pausing) {
        fputs("{\"paused\": false}\n", voice);
        fflush(voice);
    }
    *waited = pausing ? nscl_seconds() - begin : 0;
    return wish;
}

void studio_steer_change(studio_steer *steer, double strength)
{
    pthread_mutex_lock(&steer->lock);
    steer->changed_strength = 1;
    steer->strength = strength;
    pthread_mutex_unlock(&steer->lock);
}

double studio_steer_strength(studio_steer *steer)
{
    pthread_mutex_lock(&steer->lock);
    steer->changed_strength = 0;
    double strength = steer->strength;
    pthread_mutex_unlock(&steer->lock);
    return strength;
}
