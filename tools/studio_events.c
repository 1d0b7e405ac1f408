#define _POSIX_C_SOURCE 200809L
#include "studio_events.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os.h"
#include "studio_connection.h"
#include "studio_job.h"
#include "studio_reply.h"

static const double pause_between = 0.2; /* seconds between two messages to a watcher */
static const int silence = 5;            /* seconds, after which a comment shows whether it is there still */

typedef struct watcher {
    studio *s;
    char only[STUDIO_ID]; /* "": all */
    uint64_t since;
    double last;
    char *text; /* still to be sent */
    size_t size, sent;
    int over;
} watcher;

static void add_event(watcher *w, const char *event, uint64_t number, json_t *data)
{
    char head[96];
    char *line = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(13));
    json_decref(data);
    size_t n = line ? strlen(line) : 0, m = (size_t)snprintf(head, sizeof head, "event: %s\nid: %llu\ndata: ", event, (unsigned long long)number);
    char *text = line ? realloc(w->text, w->size + n + m + 3) : NULL;
    if (text) {
        w->text = text;
        memcpy(text + w->size, head, m);
        memcpy(text + w->size + m, line, n);
        memcpy(text + w->size + m + n, "\n\n", 3);
        w->size += m + n + 2;
    }
    free(line);
}

static json_t *all_ids(const studio *s)
{
    json_t *ids = json_array();
    for (int i = 0; i < s->jobs->count; i++)
        if (!s->jobs->list[i]->unwanted)
            json_array_append_new(ids, json_string(s->jobs->list[i]->id));
    return ids;
}

/* Under the lock: what is new, as text. */
static void collect(watcher *w)
{
    studio *s = w->s;
    size_t i;
    json_t *job, *news = studio_jobs_news(s, w->since, w->only[0] ? w->only : NULL);
    json_array_foreach(news, i, job) add_event(w, "job", s->change, json_incref(job));
    json_decref(news);
    if (!w->only[0] && s->jobs->list_change > w->since)
        add_event(w, "list", s->change, all_ids(s));
    const studio_job *one = w->only[0] ? studio_job_find(s, w->only) : NULL;
    w->over = w->only[0] && (!one || one->state >= STUDIO_DONE);
    w->since = s->change;
}

static void wait_for_news(watcher *w)
{
    studio *s = w->s;
    struct timespec until;
    double rest = w->last + pause_between - nscl_seconds();
    if (rest > 0 && rest <= pause_between)
        nanosleep(&(struct timespec){0, (long)(rest * 1e9)}, NULL);
    pthread_mutex_lock(&s->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += silence;
    int late = 0;
    while (s->change <= w->since && !s->ending && !late)
        late = pthread_cond_timedwait(&s->changed, &s->lock, &until) != 0;
    w->size = w->sent = 0;
    collect(w);
    w->over |= s->ending;
    pthread_mutex_unlock(&s->lock);
    w->last = nscl_seconds();
}

static ssize_t read_events(void *user, uint64_t at, char *buffer, size_t most)
{
    watcher *w = user;
    (void)at;
    if (w->sent == w->size) {
        if (w->over)
            return MHD_CONTENT_READER_END_OF_STREAM;
        wait_for_news(w);
    }
    if (w->sent == w->size) { /* nothing new: is anybody there? */
        if (w->over)
            return MHD_CONTENT_READER_END_OF_STREAM;
        memcpy(buffer, ":\n\n", 3);
        return 3;
    }
    size_t n = w->size - w->sent < most ? w->size - w->sent : most;
    memcpy(buffer, w->text + w->sent, n);
    w->sent += n;
    return (ssize_t)n;
}

static void end_watching(void *user)
{
    watcher *w = user;
    pthread_mutex_lock(&w->s->lock);
    w->s->watchers--;
    pthread_mutex_unlock(&w->s->lock);
    free(w->text);
    free(w);
}

enum MHD_Result studio_events_reply(studio_request *r, const char *only, uint64_t since)
{
    studio *s = r->s;
    watcher *w = calloc(1, sizeof *w);
    pthread_mutex_lock(&s->lock);
    int room = w && s->watchers < STUDIO_MOST_WATCHERS;
    s->watchers += room;
    pthread_mutex_unlock(&s->lock);
    if (!room) {
        free(w);
        studio_problem problem = studio_problem_make(MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "too many are watching; try again later");
        return studio_reply_problem(r, &problem);
    }
    *w = (watcher){.s = s, .since = since};
    if (only)
        snprintf(w->only, sizeof w->only, "%s", only);
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 8192, read_events, w, end_watching);
    if (!response) {
        end_watching(w);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    studio_connection_allow(r->connection, -1);
    return studio_reply(r, MHD_HTTP_OK, response);
}
