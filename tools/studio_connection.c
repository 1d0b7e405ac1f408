#define _POSIX_C_SOURCE 200809L
#include "studio_connection.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "os.h"

typedef struct slot {
    studio_connections *all;
    int used, descriptor;
    double until; /* 0: for ever */
} slot;

struct studio_connections {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    pthread_t watchman;
    int ending;
    slot slots[2 * STUDIO_MOST_CONNECTIONS]; /* some may be closing while others come */
};

static void end_late(studio_connections *all)
{
    double now = nscl_seconds();
    for (size_t i = 0; i < sizeof all->slots / sizeof *all->slots; i++) {
        slot *one = &all->slots[i];
        if (one->used && one->until > 0 && now > one->until)
            shutdown(one->descriptor, SHUT_RDWR); /* libmicrohttpd then closes it */
    }
}

static void *watch(void *user)
{
    studio_connections *all = user;
    pthread_mutex_lock(&all->lock);
    while (!all->ending) {
        struct timespec next;
        clock_gettime(CLOCK_REALTIME, &next);
        next.tv_sec += 1;
        pthread_cond_timedwait(&all->ended, &all->lock, &next);
        end_late(all);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

studio_connections *studio_connections_open(void)
{
    studio_connections *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->ended, NULL);
    if (pthread_create(&all->watchman, NULL, watch, all) == 0)
        return all;
    free(all);
    return NULL;
}

void studio_connections_close(studio_connections *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->ending = 1;
    pthread_cond_signal(&all->ended);
    pthread_mutex_unlock(&all->lock);
    pthread_join(all->watchman, NULL);
    free(all);
}

void studio_connection_notify(void *user, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
    studio_connections *all = user;
    pthread_mutex_lock(&all->lock);
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = NULL;
        for (size_t i = 0; info && !*context && i < sizeof all->slots / sizeof *all->slots; i++)
            if (!all->slots[i].used) {
                all->slots[i] = (slot){all, 1, info->connect_fd, nscl_seconds() + STUDIO_IDLE};
                *context = &all->slots[i];
            }
    } else if (*context)
        ((slot *)*context)->used = 0; /* its descriptor is about to be closed */
    pthread_mutex_unlock(&all->lock);
}

void studio_connection_allow(struct MHD_Connection *connection, double seconds)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    slot *one = info ? info->socket_context : NULL;
    if (!one)
        return;
    pthread_mutex_lock(&one->all->lock);
    one->until = seconds < 0 ? 0 : nscl_seconds() + seconds;
    pthread_mutex_unlock(&one->all->lock);
}
