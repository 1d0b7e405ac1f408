#define _POSIX_C_SOURCE 200809L
#include "studio_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os.h"
#include "studio_devices.h"
#include "studio_store.h"

static const double between_saves = 5; /* seconds: what a server that is killed forgets */
static const double time_to_stop = 5;  /* seconds, after which a second wish is taken for one to end it however that may be */
static const int patience = 30;        /* seconds that a job may take to stop when the program ends */

/* ---- Finding ---- */

uint64_t studio_changed(studio *s)
{
    pthread_cond_broadcast(&s->changed);
    return ++s->change;
}

studio_job *studio_job_find(studio *s, const char *id)
{
    for (int i = 0; i < s->jobs->count; i++)
        if (strcmp(s->jobs->list[i]->id, id) == 0 && !s->jobs->list[i]->unwanted)
            return s->jobs->list[i];
    return NULL;
}

void studio_job_touch(studio *s, studio_job *job)
{
    job->change = studio_changed(s);
}

/* 'name' for '/folder/name': whoever looks at the page is told nothing of the server's folders. */
static void leave_folders_out(char *text)
{
    char *to = text;
    for (const char *from = text; *from;) {
        const char *name = from[0] == '\'' && from[1] == '/' ? strchr(from + 1, '\'') : NULL;
        *to++ = *from++;
        if (!name)
            continue;
        while (name[-1] != '/')
            name--;
        from = name;
    }
    *to = '\0';
}

void studio_job_note(studio_job *job, const char *code, const char *message)
{
    snprintf(job->code, sizeof job->code, "%s", code);
    snprintf(job->message, sizeof job->message, "%s", message);
    leave_folders_out(job->message);
}

static int at_work(const studio_job *job)
{
    return job->state == STUDIO_RUNNING || job->state == STUDIO_PAUSED;
}

static int uses(const studio_order *o, const char *kind, const char *id)
{
    char reference[STUDIO_REFERENCE];
    snprintf(reference, sizeof reference, "%s:%s", kind, id);
    int used = strcmp(o->content, reference) == 0 || strcmp(o->initial, reference) == 0;
    for (int k = 0; k < o->style_count; k++)
        used |= strcmp(o->styles[k], reference) == 0;
    return used;
}

int studio_jobs_use(studio *s, const char *kind, const char *id)
{
    int used = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->jobs->count && !used; i++)
        used = uses(&s->jobs->list[i]->order, kind, id);
    pthread_mutex_unlock(&s->lock);
    return used;
}

/* Whether one that is to be painted yet, or could be gone on with, begins with another's picture. */
static int is_needed(studio *s, const studio_job *job)
{
    for (int i = 0; i < s->jobs->count; i++) {
        const studio_job *other = s->jobs->list[i];
        if (other != job && !other->unwanted && (other->state == STUDIO_QUEUED || at_work(other) || studio_job_resumable(s, other)) &&
            uses(&other->order, "job", job->id))
            return 1;
    }
    return 0;
}

/* ---- The queue ---- */

static int busy(const studio *s, const char *device)
{
    for (int i = 0; i < s->jobs->count; i++)
        if (at_work(s->jobs->list[i]) && strcmp(s->jobs->list[i]->device, device) == 0)
            return 1;
    return 0;
}

/* Those that wait are at other places now. */
static void touch_waiting(studio *s)
{
    for (int i = 0; i < s->jobs->count; i++)
        if (s->jobs->list[i]->state == STUDIO_QUEUED)
            studio_job_touch(s, s->jobs->list[i]);
}

void studio_jobs_start(studio *s)
{
    for (int i = 0; i < s->jobs->count && !s->ending; i++) {
        studio_job *job = s->jobs->list[i];
        /* A job of an earlier start may have waited for a device that is gone. */
        if (job->state != STUDIO_QUEUED || (!job->device[0] && !studio_device_find(s, job->order.device, job->device, job->device_name) &&
                                            !studio_device_find(s, "auto", job->device, job->device_name)))
            continue;
        if (busy(s, job->device))
            continue;
        job->state = STUDIO_RUNNING;
        job->started = job->started > 0 ? job->started : studio_now();
        if (!studio_run_start(s, job)) {
            job->state = STUDIO_FAILED;
            job->finished = studio_now();
            studio_job_note(job, "no_process", "no process could be started to paint it");
        }
        studio_job_save(s, job);
        studio_job_touch(s, job);
        touch_waiting(s);
    }
}

static void job_free(studio_job *job)
{
    json_decref(job->names);
    free(job);
}

static void take_out(studio *s, studio_job *job)
{
    int at = 0;
    while (s->jobs->list[at] != job)
        at++;
    s->jobs->count--;
    memmove(&s->jobs->list[at], &s->jobs->list[at + 1], (size_t)(s->jobs->count - at) * sizeof *s->jobs->list);
    char *path = studio_path(s, "jobs", job->id, NULL);
    if (path)
        nscl_folder_remove(path);
    free(path);
    job_free(job);
    s->jobs->list_change = studio_changed(s);
    touch_waiting(s);
}

/* ---- What visitors do ---- */

studio_refusal studio_job_add(studio *s, const studio_order *order, json_t *names, char id[STUDIO_ID])
{
    studio_refusal refusal = STUDIO_TAKEN;
    studio_job *job = calloc(1, sizeof *job);
    int waiting = 0;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < s->jobs->count; i++)
        waiting += s->jobs->list[i]->state == STUDIO_QUEUED;
    if (!job || waiting >= s->options.max_queue || s->jobs->count == STUDIO_MOST_JOBS || !studio_id_make(job->id))
        refusal = STUDIO_FULL;
    else if (!studio_device_find(s, order->device, job->device, job->device_name))
        refusal = STUDIO_NO_DEVICE;
    else if (s->ending)
        refusal = STUDIO_NOT_NOW;
    char *folder = refusal == STUDIO_TAKEN ? studio_path(s, "jobs", job->id, NULL) : NULL;
    if (folder) {
        nscl_folder_make(folder);
        free(folder);
        job->order = *order;
        job->names = names;
        job->created = studio_now();
        job->evaluations = order->evaluations;
        job->remaining = -1;
        job->point_every = 1;
        snprintf(id, STUDIO_ID, "%s", job->id);
        s->jobs->list[s->jobs->count++] = job;
        studio_job_touch(s, job);
        s->jobs->list_change = job->change;
        studio_job_save(s, job);
        studio_jobs_start(s);
    } else {
        json_decref(names);
        free(job);
    }
    pthread_mutex_unlock(&s->lock);
    return refusal;
}

static int tell_child(studio_job *job, const char *what, double value)
{
    char line[128];
    if (strcmp(what, "stop") == 0 && job->asked_to_stop == 0)
        job->asked_to_stop = nscl_seconds();
    else if (strcmp(what, "stop") == 0 && job->has_child && nscl_seconds() - job->asked_to_stop > time_to_stop)
        studio_child_kill(&job->child);
    if (!job->has_child)
        return strcmp(what, "stop") == 0; /* which it is told as soon as it is there */
    snprintf(line, sizeof line, "{\"do\": \"%s\", \"value\": %.9g}", what, value);
    return studio_child_say(&job->child, line);
}

studio_refusal studio_job_tell(studio *s, const char *id, const char *what, double value)
{
    pthread_mutex_lock(&s->lock);
    studio_job *job = studio_job_find(s, id);
    studio_refusal refusal = !job ? STUDIO_NO_SUCH : STUDIO_NOT_NOW;
    if (job && job->state == STUDIO_QUEUED && strcmp(what, "stop") == 0) {
        job->state = STUDIO_STOPPED;
        job->finished = studio_now();
        if (job->version)
            studio_job_note(job, "", "");
        else
            studio_job_note(job, "not_begun", "stopped before it began");
        studio_job_forget(s, job);
        studio_job_save(s, job);
        studio_job_touch(s, job);
        touch_waiting(s);
        refusal = STUDIO_TAKEN;
    } else if (job && job->state == STUDIO_QUEUED && strcmp(what, "strength") == 0) {
        job->order.strength = value;
        studio_job_save(s, job);
        studio_job_touch(s, job);
        refusal = STUDIO_TAKEN;
    } else if (job && strcmp(what, "resume") == 0 && studio_job_resumable(s, job)) {
        job->resumed = 0;
        studio_job_take_up(job);
        studio_job_save(s, job);
        studio_job_touch(s, job);
        studio_jobs_start(s);
        refusal = STUDIO_TAKEN;
    } else if (job && at_work(job)) {
        double before = job->order.strength;
        if (strcmp(what, "strength") == 0) { /* known of before the child obeys: it is what the job would go on with */
            job->order.strength = value;
            studio_job_save(s, job);
        }
        if (tell_child(job, what, value))
            refusal = STUDIO_TAKEN;
        else
            job->order.strength = before;
        studio_job_touch(s, job);
    }
    pthread_mutex_unlock(&s->lock);
    return refusal;
}

studio_refusal studio_job_remove(studio *s, const char *id)
{
    pthread_mutex_lock(&s->lock);
    studio_job *job = studio_job_find(s, id);
    studio_refusal refusal = !job ? STUDIO_NO_SUCH : is_needed(s, job) ? STUDIO_IN_USE : STUDIO_TAKEN;
    if (refusal == STUDIO_TAKEN && at_work(job)) {
        job->unwanted = 1;
        s->jobs->list_change = studio_changed(s);
        if (job->has_child)
            studio_child_kill(&job->child);
    } else if (refusal == STUDIO_TAKEN)
        take_out(s, job);
    pthread_mutex_unlock(&s->lock);
    return refusal;
}

/* ---- What its child says ---- */

/* A point of the curve. When there are too many, every other goes, and fewer come from then on. */
static void add_point(studio_job *job, int evaluation, double loss)
{
    while (job->point_count && job->points[job->point_count - 1].evaluation >= evaluation)
        job->point_count--; /* it was broken off there, and was taken up before */
    if (!isfinite(loss) || ++job->point_skipped < job->point_every)
        return;
    job->point_skipped = 0;
    if (job->point_count == STUDIO_MOST_POINTS) {
        job->point_count /= 2;
        for (int i = 0; i < job->point_count; i++)
            job->points[i] = job->points[2 * i];
        job->point_every *= 2;
    }
    job->points[job->point_count++] = (studio_point){evaluation, loss};
}

static void hear_progress(studio_job *job, const json_t *p)
{
    job->evaluation = (int)json_integer_value(json_object_get(p, "evaluation"));
    job->evaluations = (int)json_integer_value(json_object_get(p, "evaluations"));
    job->version = (int)json_integer_value(json_object_get(p, "version"));
    job->loss = json_number_value(json_object_get(p, "loss"));
    job->seconds = json_number_value(json_object_get(p, "seconds"));
    job->rate = json_number_value(json_object_get(p, "rate"));
    job->remaining = json_number_value(json_object_get(p, "remaining"));
    add_point(job, job->evaluation, job->loss);
}

void studio_job_hear(studio *s, studio_job *job, const json_t *line)
{
    const json_t *started = json_object_get(line, "started"), *progress = json_object_get(line, "progress"), *paused = json_object_get(line, "paused");
    const char *ended = json_string_value(json_object_get(line, "ended")), *failed = json_string_value(json_object_get(line, "failed"));
    const char *note = json_string_value(json_object_get(line, "note")), *code = json_string_value(json_object_get(line, "code")),
               *network = json_string_value(json_object_get(started, "network"));
    if (started) {
        job->width = (int)json_integer_value(json_object_get(started, "width"));
        job->height = (int)json_integer_value(json_object_get(started, "height"));
        snprintf(job->network, sizeof job->network, "%s", network ? network : "");
    }
    if (progress)
        hear_progress(job, progress);
    if (progress && nscl_seconds() - job->saved > between_saves) {
        job->saved = nscl_seconds();
        studio_job_save(s, job);
    }
    if (paused) {
        job->state = json_is_true(paused) ? STUDIO_PAUSED : STUDIO_RUNNING;
        studio_job_save(s, job);
    }
    if (note || failed)
        studio_job_note(job, code ? code : "note", failed ? failed : note);
    if (ended || failed)
        job->outcome = failed ? STUDIO_FAILED : strcmp(ended, "done") == 0 ? STUDIO_DONE : STUDIO_STOPPED;
    studio_job_touch(s, job);
}

void studio_job_ended(studio *s, studio_job *job, const char *code, const char *why)
{
    if (job->unwanted) {
        take_out(s, job);
    } else {
        if (job->outcome == STUDIO_QUEUED) { /* it did not say how it ended */
            job->state = STUDIO_FAILED;
            studio_job_note(job, code, why);
        } else {
            job->state = job->outcome;
            job->version++; /* the last picture is better than the last so far */
        }
        job->outcome = STUDIO_QUEUED;
        studio_job_settle(s, job);
        job->finished = studio_now();
        job->remaining = 0;
        studio_job_save(s, job);
        studio_job_touch(s, job);
    }
    s->jobs->running--;
    pthread_cond_broadcast(&s->changed);
    studio_jobs_start(s);
}

/* ---- Beginning and end ---- */

int studio_jobs_open(studio *s)
{
    s->jobs = calloc(1, sizeof *s->jobs);
    if (!s->jobs)
        return 0;
    pthread_mutex_lock(&s->lock);
    studio_jobs_load(s);
    studio_jobs_start(s);
    pthread_mutex_unlock(&s->lock);
    return 1;
}

static void for_those_at_work(studio *s, int kill_them)
{
    for (int i = 0; i < s->jobs->count; i++) {
        studio_job *job = s->jobs->list[i];
        if (!at_work(job) || !job->has_child)
            continue;
        if (kill_them)
            studio_child_kill(&job->child);
        else
            tell_child(job, "stop", 0);
    }
}

void studio_jobs_close(studio *s)
{
    struct timespec until;
    int late = 0;
    pthread_mutex_lock(&s->lock);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += patience;
    for_those_at_work(s, 0);
    while (s->jobs->running && !late)
        late = pthread_cond_timedwait(&s->changed, &s->lock, &until) != 0;
    for_those_at_work(s, 1);
    while (s->jobs->running)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void studio_jobs_free(studio *s)
{
    for (int i = 0; s->jobs && i < s->jobs->count; i++)
        job_free(s->jobs->list[i]);
    free(s->jobs);
    s->jobs = NULL;
}
