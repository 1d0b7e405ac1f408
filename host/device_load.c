#define _XOPEN_SOURCE 700
/* The list of devices, which takes a while to come by: the loader maps each vendor's driver, a compiler of 100 MB with it. A
 * program can have that done while it reads its files. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "device.h"

static struct {
    pthread_mutex_t lock;
    pthread_t thread;
    enum { NOT_BEGUN, RUNNING, TAKEN } state;
    nscl_device_facts *devices;
    size_t count;
    nscl_status status;
    nscl_error error;
} load = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *work(void *user)
{
    stack_t before;
    (void)user;
    sigaltstack(NULL, &before);
    load.status = nscl_devices_enumerate(&load.devices, &load.count, &load.error);
    sigaltstack(&before, NULL); /* LLVM gives the thread that loads it one of the heap, which is not the thread's to unmap */
    return NULL;
}

nscl_status nscl_devices_find(nscl_device_facts **out, size_t *count, nscl_error *error)
{
    pthread_mutex_lock(&load.lock);
    int there = load.state == RUNNING;
    if (there) {
        pthread_join(load.thread, NULL);
        load.state = TAKEN;
        *out = load.devices;
        *count = load.count;
    }
    pthread_mutex_unlock(&load.lock);
    if (!there)
        return nscl_devices_enumerate(out, count, error);
    return load.status == NSCL_OK ? NSCL_OK : nscl_fail(error, load.status, "%s", load.error.text);
}

void nscl_prepare_end(void)
{
    nscl_device_facts *devices = NULL;
    size_t count = 0;
    if (load.state == RUNNING && nscl_devices_find(&devices, &count, NULL) == NSCL_OK)
        nscl_devices_free(devices, count);
}

void nscl_prepare(void)
{
    sigset_t all, before;
#ifdef M_MMAP_MAX
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
#endif
    pthread_mutex_lock(&load.lock);
    if (load.state == NOT_BEGUN) {
        sigfillset(&all); /* signals are the program's own threads' */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (pthread_create(&load.thread, NULL, work, NULL) == 0)
            load.state = RUNNING;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_mutex_unlock(&load.lock);
}
