/* Jobs as JSON: for visitors, and in FOLDER/jobs/ID/job.json, which is the same with the curve. */
#include <stdlib.h>
#include <string.h>

#include "cli_describe.h"
#include "os.h"
#include "studio_job.h"
#include "studio_store.h"

static const char *const states[] = {"queued", "running", "paused", "done", "stopped", "failed"};

static int position(const studio *s, const studio_job *job)
{
    int before = 1;
    for (int i = 0; i < s->jobs->count && s->jobs->list[i] != job; i++)
        before += s->jobs->list[i]->state == STUDIO_QUEUED && strcmp(s->jobs->list[i]->device, job->device) == 0;
    return before;
}

int studio_job_has(const studio *s, const studio_job *job, const char *name)
{
    char *path = studio_path(s, "jobs", job->id, name);
    int there = path && nscl_file_exists(path);
    free(path);
    return there;
}

/* 0 for what never happened. */
static json_t *time_json(double t)
{
    return t > 0 ? json_real(t) : json_null();
}

json_t *studio_job_json(studio *s, const studio_job *job, int curve)
{
    int over = job->state >= STUDIO_DONE;
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:O, s:{s:s, s:o}, s:o, s:s, s:o, s:i, s:i, s:i, s:b, s:b}", "id", job->id, "state", states[job->state],
                  "created", time_json(job->created), "started", time_json(job->started), "finished", time_json(job->finished), "order",
                  studio_order_json(&job->order), "names", job->names, "device", "id", job->device, "name", nscl_json_text(job->device_name), "network",
                  nscl_json_text(job->network), "code", job->code, "message", nscl_json_text(job->message), "width", job->width, "height", job->height,
                  "version", job->version, "png", over && studio_job_has(s, job, "picture.png"), "resumable", studio_job_resumable(s, job));
    if (!json)
        return NULL;
    if (job->state == STUDIO_QUEUED)
        json_object_set_new(json, "position", json_integer(position(s, job)));
    json_object_set_new(json, "progress",
                        json_pack("{s:i, s:i, s:f, s:f, s:f, s:o}", "evaluation", job->evaluation, "evaluations", job->evaluations, "loss", job->loss,
                                  "seconds", job->seconds, "rate", job->rate, "remaining", job->remaining < 0 ? json_null() : json_real(job->remaining)));
    if (curve) {
        json_t *points = json_array();
        for (int i = 0; i < job->point_count; i++)
            json_array_append_new(points, json_pack("[i, f]", job->points[i].evaluation, job->points[i].loss));
        json_object_set_new(json, "curve", points);
    }
    return json;
}

json_t *studio_jobs_news(studio *s, uint64_t since, const char *only)
{
    json_t *list = json_array();
    for (int i = 0; i < s->jobs->count; i++) {
        const studio_job *job = s->jobs->list[i];
        if (!job->unwanted && job->change > since && (!only || strcmp(only, job->id) == 0))
            json_array_append_new(list, studio_job_json(s, job, 0));
    }
    return list;
}

void studio_job_save(studio *s, const studio_job *job)
{
    char *path = studio_path(s, "jobs", job->id, "job.json");
    json_t *json = path ? studio_job_json(s, job, 1) : NULL;
    if (json && job->resumed)
        json_object_set_new(json, "resumed", json_integer(job->resumed));
    if (json)
        studio_json_write(path, json, NULL); /* what cannot be written is not in the history, no more */
    json_decref(json);
    free(path);
}

/* ---- Reading ---- */

static void read_text(char *out, size_t size, const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    snprintf(out, size, "%s", text ? text : "");
}

static void read_curve(studio_job *job, const json_t *curve)
{
    job->point_every = 1;
    for (size_t i = 0; i < json_array_size(curve) && job->point_count < STUDIO_MOST_POINTS; i++) {
        const json_t *point = json_array_get(curve, i);
        job->points[job->point_count++] = (studio_point){(int)json_integer_value(json_array_get(point, 0)), json_number_value(json_array_get(point, 1))};
    }
}

static int read_job(studio *s, studio_job *job, const json_t *json, const char *id)
{
    const json_t *p = json_object_get(json, "progress"), *names = json_object_get(json, "names");
    const char *state = json_string_value(json_object_get(json, "state"));
    int found = -1;
    for (int i = 0; state && i <= STUDIO_FAILED; i++)
        if (strcmp(states[i], state) == 0)
            found = i;
    /* A studio that now allows less shows its history still. */
    if (found < 0 || !json_is_object(names) || studio_order_read(&job->order, json_object_get(json, "order"), 1 << 16, NULL) != NSCL_OK)
        return 0;
    snprintf(job->id, sizeof job->id, "%s", id);
    job->change = s->change;
    job->names = json_deep_copy(names);
    job->state = (studio_state)found;
    read_text(job->device_name, sizeof job->device_name, json_object_get(json, "device"), "name");
    read_text(job->network, sizeof job->network, json, "network");
    read_text(job->message, sizeof job->message, json, "message");
    read_text(job->code, sizeof job->code, json, "code");
    job->resumed = (int)json_integer_value(json_object_get(json, "resumed"));
    job->created = json_number_value(json_object_get(json, "created"));
    job->started = json_number_value(json_object_get(json, "started"));
    job->finished = json_number_value(json_object_get(json, "finished"));
    job->evaluation = (int)json_integer_value(json_object_get(p, "evaluation"));
    job->evaluations = (int)json_integer_value(json_object_get(p, "evaluations"));
    job->loss = json_number_value(json_object_get(p, "loss"));
    job->seconds = json_number_value(json_object_get(p, "seconds"));
    job->rate = json_number_value(json_object_get(p, "rate"));
    job->remaining = job->state == STUDIO_QUEUED ? -1 : 0;
    job->width = (int)json_integer_value(json_object_get(json, "width"));
    job->height = (int)json_integer_value(json_object_get(json, "height"));
    job->version = (int)json_integer_value(json_object_get(json, "version"));
    read_curve(job, json_object_get(json, "curve"));
    studio_job_restore(s, job);
    return 1;
}

static void load_one(const char *name, void *user)
{
    studio *s = user;
    char *path = studio_id_valid(name) ? studio_path(s, "jobs", name, "job.json") : NULL;
    json_t *json = path ? studio_json_read(path) : NULL;
    studio_job *job = json && s->jobs->count < STUDIO_MOST_JOBS ? calloc(1, sizeof *job) : NULL;
    if (job && read_job(s, job, json, name))
        s->jobs->list[s->jobs->count++] = job;
    else
        free(job);
    json_decref(json);
    free(path);
}

static int by_age(const void *a, const void *b)
{
    double x = (*(studio_job *const *)a)->created, y = (*(studio_job *const *)b)->created;
    return (x > y) - (x < y);
}

void studio_jobs_load(studio *s)
{
    char *path = nscl_path_join(s->folder, "jobs");
    if (path)
        nscl_folder_each(path, load_one, s);
    free(path);
    qsort(s->jobs->list, (size_t)s->jobs->count, sizeof *s->jobs->list, by_age);
}
