/* What a file's hash says. Of 80 MB it takes longer than reading the weights out of them, and nothing on the way to the
 * first evaluation needs it: a thread works it out after that, or when it is asked for. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "weights_read.h"

struct nscl_weights_hash {
    const unsigned char *bytes;
    unsigned char *owned; /* the same, or NULL */
    size_t size;
    pthread_t thread;
    pthread_mutex_t lock; /* of the state */
    enum { NOT_BEGUN, RUNNING, DONE } state;
    char sha256[65], known[96];
};

static void *work(void *user)
{
    nscl_weights_hash *h = user;
    nscl_weights_recognise(h->bytes, h->size, h->sha256, h->known);
    free(h->owned);
    h->owned = NULL;
    return NULL;
}

nscl_weights_hash *nscl_weights_hash_create(const unsigned char *bytes, size_t size, unsigned char *owned)
{
    nscl_weights_hash *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->bytes = bytes;
    h->size = size;
    h->owned = owned;
    if (pthread_mutex_init(&h->lock, NULL) == 0)
        return h;
    free(h);
    return NULL;
}

void nscl_weights_hash_begin(nscl_weights_hash *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    if (h->state == NOT_BEGUN && pthread_create(&h->thread, NULL, work, h) == 0)
        h->state = RUNNING;
    pthread_mutex_unlock(&h->lock);
}

static void wait_for(nscl_weights_hash *h)
{
    pthread_mutex_lock(&h->lock);
    if (h->state == RUNNING)
        pthread_join(h->thread, NULL);
    else if (h->state == NOT_BEGUN)
        work(h);
    h->state = DONE;
    pthread_mutex_unlock(&h->lock);
}

const char *nscl_weights_hash_sha256(nscl_weights_hash *h)
{
    wait_for(h);
    return h->sha256;
}

const char *nscl_weights_hash_known(nscl_weights_hash *h)
{
    wait_for(h);
    return h->known;
}

void nscl_weights_hash_free(nscl_weights_hash *h)
{
    if (!h)
        return;
    if (h->state == RUNNING)
        pthread_join(h->thread, NULL);
    pthread_mutex_destroy(&h->lock);
    free(h->owned);
    free(h);
}
