/* A job at work: a thread that starts the child, gives it the order with the paths of its pictures, and hears it out. */
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "studio_job.h"
#include "studio_store.h"

typedef struct run {
    studio *s;
    studio_job *job; /* ours until studio_job_ended */
} run;

static json_t *picture_json(studio *s, const char *reference, const char **lacking)
{
    char *path, *name;
    if (!studio_reference_find(s, reference, &path, &name)) {
        *lacking = reference;
        return json_null();
    }
    json_t *json = json_pack("{s:s, s:s}", "path", path, "name", name);
    free(path);
    free(name);
    return json;
}

/* What the child is to do; *lacking: a picture that has gone since it was ordered. */
static json_t *work_json(studio *s, const studio_job *job, const char **lacking)
{
    const studio_order *o = &job->order;
    json_t *styles = json_array(), *work = json_pack("{s:o, s:s, s:o, s:o, s:{s:i, s:f}, s:I}", "order", studio_order_json(o), "device", job->device, "content",
                                                     picture_json(s, o->content, lacking), "styles", styles, "begun", "version", job->version, "seconds",
                                                     job->seconds, "state_bytes", (json_int_t)studio_store_state_bytes(s));
    for (int i = 0; i < o->style_count; i++)
        json_array_append_new(styles, picture_json(s, o->styles[i], lacking));
    if (o->initial[0])
        json_object_set_new(work, "initial", picture_json(s, o->initial, lacking));
    if (s->options.network)
        json_object_set_new(work, "network", json_string(s->options.network));
    return work;
}

static int start_child(run *r, const json_t *work)
{
    studio *s = r->s;
    char *folder = studio_path(s, "jobs", r->job->id, NULL), *line = json_dumps(work, JSON_COMPACT);
    char *argv[] = {s->program, (char *)(size_t) "--work", folder, NULL};
    int started = 0;
    pthread_mutex_lock(&s->lock);
    if (folder && line && studio_child_start(&r->job->child, argv)) {
        started = 1;
        r->job->has_child = !r->job->unwanted;
        studio_child_say(&r->job->child, line);
        if (r->job->unwanted)
            studio_child_kill(&r->job->child);
        else if (s->ending || r->job->asked_to_stop)
            studio_child_say(&r->job->child, "{\"do\": \"stop\"}");
        else if (r->job->was_paused)
            studio_child_say(&r->job->child, "{\"do\": \"pause\"}");
        r->job->was_paused = 0;
    }
    pthread_mutex_unlock(&s->lock);
    free(folder);
    free(line);
    return started;
}

/* *why: what is to be said of a job that did not say how it ended. */
static void attend(run *r, char *why, size_t why_size)
{
    enum { LINE = 8192 };
    char end[128] = "";
    char *line = malloc(LINE);
    while (line && studio_child_hear(&r->job->child, line, LINE)) {
        json_t *said = json_loads(line, 0, NULL);
        pthread_mutex_lock(&r->s->lock);
        if (said)
            studio_job_hear(r->s, r->job, said);
        pthread_mutex_unlock(&r->s->lock);
        json_decref(said);
    }
    free(line);
    pthread_mutex_lock(&r->s->lock);
    r->job->has_child = 0;
    pthread_mutex_unlock(&r->s->lock);
    studio_child_end(&r->job->child, end, sizeof end);
    snprintf(why, why_size, "painting broke off: %s", end[0] ? end : "the process ended");
}

static void *run_thread(void *user)
{
    run *r = user;
    studio *s = r->s;
    const char *lacking = NULL;
    const char *code = "broke_off";
    char why[256] = "";
    json_t *work = work_json(s, r->job, &lacking);
    if (lacking) {
        code = "gone";
        snprintf(why, sizeof why, "its picture %s is not there any more", lacking);
    } else if (!start_child(r, work)) {
        code = "no_process";
        snprintf(why, sizeof why, "no process could be started to paint it");
    } else
        attend(r, why, sizeof why);
    json_decref(work);
    pthread_mutex_lock(&s->lock);
    studio_job_ended(s, r->job, code, why);
    pthread_mutex_unlock(&s->lock);
    free(r);
    return NULL;
}

int studio_run_start(studio *s, studio_job *job)
{
    pthread_t thread;
    run *r = malloc(sizeof *r);
    if (!r)
        return 0;
    *r = (run){s, job};
    s->jobs->running++;
    if (pthread_create(&thread, NULL, run_thread, r) == 0) {
        pthread_detach(thread);
        return 1;
    }
    s->jobs->running--;
    free(r);
    return 0;
}
