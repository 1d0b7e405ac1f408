/* /api/v1/jobs and /api/v1/events. */
#include <stdlib.h>
#include <string.h>

#include "cli_describe.h"
#include "os.h"
#include "studio_api.h"
#include "studio_events.h"
#include "studio_job.h"
#include "studio_reply.h"
#include "studio_store.h"

static enum MHD_Result no_such(studio_request *r)
{
    studio_problem problem = studio_problem_make(MHD_HTTP_NOT_FOUND, "no_such", "there is no such job");
    return studio_reply_problem(r, &problem);
}

static enum MHD_Result answer(studio_request *r, studio_refusal refusal, unsigned status, const char *id)
{
    studio_problem problem = {0};
    json_t *json = NULL;
    switch (refusal) {
    case STUDIO_NO_SUCH: return no_such(r);
    case STUDIO_NOT_NOW: problem = studio_problem_make(MHD_HTTP_CONFLICT, "not_now", "the job is not in a state in which that can be done"); break;
    case STUDIO_IN_USE: problem = studio_problem_make(MHD_HTTP_CONFLICT, "not_now", "another job needs its picture; remove that one first"); break;
    case STUDIO_FULL:
        problem = studio_problem_make(MHD_HTTP_SERVICE_UNAVAILABLE, "full", "the queue or the history is full; wait, or remove old pictures");
        break;
    case STUDIO_NO_DEVICE:
        problem = studio_problem_make(MHD_HTTP_UNPROCESSABLE_CONTENT, "no_device", "there is no such device; GET /api/v1/devices lists them");
        break;
    case STUDIO_TAKEN:
        pthread_mutex_lock(&r->s->lock);
        const studio_job *job = studio_job_find(r->s, id);
        json = job ? studio_job_json(r->s, job, 1) : json_object(); /* it may be gone again */
        pthread_mutex_unlock(&r->s->lock);
    }
    return problem.status ? studio_reply_problem(r, &problem) : studio_reply_json(r, status, json);
}

/* ---- Orders ---- */

/* The pictures' names for people; NULL and the reference that leads nowhere. */
static json_t *find_names(studio *s, const studio_order *o, const char **lacking)
{
    json_t *styles = json_array(), *names = json_pack("{s:o}", "styles", styles);
    char *path, *name;
    for (int i = -1; i < o->style_count + (o->initial[0] != '\0'); i++) {
        const char *reference = i < 0 ? o->content : i < o->style_count ? o->styles[i] : o->initial;
        if (!studio_reference_find(s, reference, &path, &name)) {
            *lacking = reference;
            json_decref(names);
            return NULL;
        }
        if (i < 0)
            json_object_set_new(names, "content", nscl_json_text(name));
        else if (i < o->style_count)
            json_array_append_new(styles, nscl_json_text(name));
        free(path);
        free(name);
    }
    return names;
}

enum MHD_Result studio_api_job_add(studio_request *r)
{
    nscl_error error = {NSCL_OK, ""};
    studio_order order;
    studio_problem problem = {0};
    const char *lacking = NULL;
    char id[STUDIO_ID] = "";
    json_t *names = NULL, *json = json_loadb(r->body ? r->body : "", r->body_size, JSON_REJECT_DUPLICATES, NULL);
    if (!json)
        problem = studio_problem_make(MHD_HTTP_BAD_REQUEST, "json", "the body is no JSON");
    else if (studio_order_read(&order, json, r->s->options.max_size, &error) != NSCL_OK)
        problem = studio_problem_make(MHD_HTTP_UNPROCESSABLE_CONTENT, "order", "%.500s", error.text);
    else if ((names = find_names(r->s, &order, &lacking)) == NULL)
        problem = studio_problem_make(MHD_HTTP_UNPROCESSABLE_CONTENT, "no_such", "%s is not there", lacking);
    else if (!studio_store_room(r->s, (uint64_t)order.size * (uint64_t)order.size * 4))
        problem = studio_problem_make(MHD_HTTP_INSUFFICIENT_STORAGE, "full", "there is no room left (--max-stored); remove pictures of the history");
    json_decref(json);
    if (problem.status) {
        json_decref(names);
        return studio_reply_problem(r, &problem);
    }
    studio_refusal refusal = studio_job_add(r->s, &order, names, id);
    return answer(r, refusal, MHD_HTTP_CREATED, id);
}

enum MHD_Result studio_api_job_tell(studio_request *r)
{
    static const char *const actions[] = {"pause", "resume", "stop"};
    json_t *json = json_loadb(r->body ? r->body : "", r->body_size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *strength = json_object_get(json, "strength");
    const char *action = json_string_value(json_object_get(json, "action")), *what = NULL;
    double value = json_number_value(strength);
    for (int i = 0; action && i < 3; i++)
        if (strcmp(action, actions[i]) == 0)
            what = actions[i];
    if (json_is_number(strength) && value >= 0 && value <= 100)
        what = "strength";
    int good = what && json_object_size(json) == 1;
    json_decref(json);
    if (!good) {
        studio_problem problem =
            studio_problem_make(MHD_HTTP_UNPROCESSABLE_CONTENT, "order", "send {\"action\": \"pause\", \"resume\" or \"stop\"} or {\"strength\": 0 to 100}");
        return studio_reply_problem(r, &problem);
    }
    return answer(r, studio_job_tell(r->s, r->id, what, value), MHD_HTTP_OK, r->id);
}

enum MHD_Result studio_api_job_remove(studio_request *r)
{
    return answer(r, studio_job_remove(r->s, r->id), MHD_HTTP_OK, r->id);
}

/* ---- What they are ---- */

enum MHD_Result studio_api_job(studio_request *r)
{
    pthread_mutex_lock(&r->s->lock);
    const studio_job *job = studio_job_find(r->s, r->id);
    json_t *json = job ? studio_job_json(r->s, job, 1) : NULL;
    pthread_mutex_unlock(&r->s->lock);
    return json ? studio_reply_json(r, MHD_HTTP_OK, json) : no_such(r);
}

enum MHD_Result studio_api_jobs(studio_request *r)
{
    pthread_mutex_lock(&r->s->lock);
    json_t *json = json_pack("{s:I, s:o}", "change", (json_int_t)r->s->change, "jobs", studio_jobs_news(r->s, 0, NULL));
    pthread_mutex_unlock(&r->s->lock);
    return studio_reply_json(r, MHD_HTTP_OK, json);
}

enum MHD_Result studio_api_events(studio_request *r)
{
    const char *last = studio_header(r, "Last-Event-ID"), *since = last ? last : studio_query(r, "since");
    pthread_mutex_lock(&r->s->lock);
    uint64_t now = r->s->change;
    pthread_mutex_unlock(&r->s->lock);
    uint64_t from = since ? strtoull(since, NULL, 10) : now;
    return studio_events_reply(r, NULL, from < now ? from : now);
}

enum MHD_Result studio_api_job_events(studio_request *r)
{
    pthread_mutex_lock(&r->s->lock);
    int there = studio_job_find(r->s, r->id) != NULL;
    pthread_mutex_unlock(&r->s->lock);
    return there ? studio_events_reply(r, r->id, 0) : no_such(r);
}

/* ---- Their pictures ---- */

/* The first of the files that is there; pictures of a job that has ended do not change. */
static enum MHD_Result reply_first(studio_request *r, const char *const *names, const char *type, const char *extension)
{
    char download[64];
    char *path = NULL;
    pthread_mutex_lock(&r->s->lock);
    const studio_job *job = studio_job_find(r->s, r->id);
    int there = job != NULL, over = there && job->state >= STUDIO_DONE;
    pthread_mutex_unlock(&r->s->lock);
    for (int i = 0; there && names[i]; i++) {
        path = studio_path(r->s, "jobs", r->id, names[i]);
        if (path && nscl_file_exists(path))
            break;
        free(path);
        path = NULL;
    }
    snprintf(download, sizeof download, "nscl-%.8s.%s", r->id, extension ? extension : "");
    enum MHD_Result result = studio_reply_file(r, path, type, extension ? download : NULL, over);
    free(path);
    return result;
}

enum MHD_Result studio_api_job_picture(studio_request *r)
{
    static const char *const names[] = {"picture.jpg", "live.jpg", NULL};
    return reply_first(r, names, "image/jpeg", NULL);
}

enum MHD_Result studio_api_job_png(studio_request *r)
{
    static const char *const names[] = {"picture.png", NULL};
    return reply_first(r, names, "image/png", "png");
}

enum MHD_Result studio_api_job_jpeg(studio_request *r)
{
    static const char *const names[] = {"picture.jpg", "live.jpg", NULL};
    return reply_first(r, names, "image/jpeg", "jpg");
}

enum MHD_Result studio_api_job_before(studio_request *r)
{
    static const char *const names[] = {"before.jpg", NULL};
    return reply_first(r, names, "image/jpeg", NULL);
}

enum MHD_Result studio_api_job_thumb(studio_request *r)
{
    static const char *const names[] = {"thumb.jpg", "live.jpg", NULL};
    return reply_first(r, names, "image/jpeg", NULL);
}
