#define _POSIX_C_SOURCE 200809L
#include "studio_api.h"

#include <stdlib.h>
#include <string.h>

#include "cli_describe.h"
#include "os.h"
#include "studio_assets.h"
#include "studio_devices.h"
#include "studio_job.h"
#include "studio_picture.h"
#include "studio_reply.h"
#include "studio_store.h"
#include "studio_styles.h"

/* ---- What there is ---- */

static enum MHD_Result get_about(studio_request *r)
{
    static const char *const names[] = {"builtin", "vgg19", "vgg16"};
    const studio_options *o = &r->s->options;
    json_t *presets = json_array(), *networks = json_array();
    for (int i = 0; i < NSCL_PRESET_COUNT; i++)
        json_array_append_new(presets, json_pack("{s:s, s:s}", "name", nscl_preset_name((nscl_preset)i), "network", nscl_preset_network((nscl_preset)i)));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_array_append_new(networks, json_pack("{s:s, s:b}", "name", names[i], "installed", nscl_weights_installed(names[i])));
    return studio_reply_json(r, MHD_HTTP_OK,
                             json_pack("{s:s, s:o, s:o, s:b, s:{s:i, s:i, s:i, s:i, s:i, s:i}}", "version", nscl_version(), "presets", presets, "networks",
                                       networks, "own_network", o->network != NULL, "limits", "styles", STUDIO_MOST_STYLES, "least_size", STUDIO_LEAST_SIZE,
                                       "size", o->max_size, "evaluations", STUDIO_MOST_EVALUATIONS, "seconds", STUDIO_MOST_SECONDS, "upload_mb",
                                       o->max_upload));
}

/* Looked for again where there were none: a driver may have been installed since. */
static enum MHD_Result get_devices(studio_request *r)
{
    nscl_error error = {NSCL_OK, ""};
    studio *s = r->s;
    pthread_mutex_lock(&s->lock);
    int none = json_array_size(s->devices) == 0;
    pthread_mutex_unlock(&s->lock);
    if (none)
        studio_devices_find(s, &error);
    pthread_mutex_lock(&s->lock);
    json_t *json = json_pack("{s:O, s:o}", "devices", s->devices, "message", nscl_json_text(error.text));
    pthread_mutex_unlock(&s->lock);
    return studio_reply_json(r, MHD_HTTP_OK, json);
}

static enum MHD_Result get_description(studio_request *r)
{
    const nscl_embedded *file = studio_asset("studio-openapi.json");
    return file ? studio_reply_bytes(r, MHD_HTTP_OK, "application/json", file->bytes, file->size, NULL) : MHD_NO;
}

/* ---- Styles ---- */

static enum MHD_Result get_styles(studio_request *r)
{
    studio_styles_scan(r->s);
    return studio_reply_json(r, MHD_HTTP_OK, json_pack("{s:o}", "styles", studio_styles_json(r->s)));
}

/* Made when it is first asked for. */
static enum MHD_Result get_style_thumb(studio_request *r)
{
    char *path, *name;
    nscl_error error = {NSCL_OK, ""};
    if (!studio_style_find(r->s, r->id, &path, &name))
        return studio_reply_file(r, NULL, "", NULL, 0);
    char *thumb = studio_thumb_path(r->s, path);
    if (thumb && !nscl_file_exists(thumb))
        studio_thumb_make(r->s, path, thumb, &error);
    enum MHD_Result result = studio_reply_file(r, thumb, "image/jpeg", NULL, 1);
    free(thumb);
    free(path);
    free(name);
    return result;
}

/* ---- Pictures ---- */

static enum MHD_Result post_picture(studio_request *r)
{
    nscl_error error = {NSCL_OK, ""};
    json_t *about = NULL;
    studio_problem problem = {0};
    const char *name = studio_query(r, "name");
    if (!r->upload_size)
        problem = studio_problem_make(MHD_HTTP_BAD_REQUEST, "picture", "the file is empty");
    else if (studio_picture_take(r->s, r->upload_path, name && strlen(name) < 200 ? name : "photograph", &about, &error) != NSCL_OK)
        problem = studio_problem_make(MHD_HTTP_UNPROCESSABLE_CONTENT, "picture", "%.500s", error.text);
    return problem.status ? studio_reply_problem(r, &problem) : studio_reply_json(r, MHD_HTTP_CREATED, about);
}

static enum MHD_Result get_picture(studio_request *r)
{
    json_t *about = studio_picture_about(r->s, r->id);
    return about ? studio_reply_json(r, MHD_HTTP_OK, about) : studio_reply_file(r, NULL, "", NULL, 0);
}

static enum MHD_Result get_picture_file(studio_request *r)
{
    char *path = studio_picture_path(r->s, r->id);
    size_t n = path ? strlen(path) : 0;
    enum MHD_Result result = studio_reply_file(r, path, n && path[n - 1] == 'g' && path[n - 2] == 'n' ? "image/png" : "image/jpeg", NULL, 1);
    free(path);
    return result;
}

static enum MHD_Result get_picture_thumb(studio_request *r)
{
    char *path = studio_id_valid(r->id) ? studio_path(r->s, "pictures", r->id, "thumb.jpg") : NULL;
    enum MHD_Result result = studio_reply_file(r, path, "image/jpeg", NULL, 1);
    free(path);
    return result;
}

static enum MHD_Result delete_picture(studio_request *r)
{
    char *path = studio_picture_path(r->s, r->id), *folder = path ? studio_path(r->s, "pictures", r->id, NULL) : NULL;
    studio_problem problem = {0};
    if (!folder)
        problem = studio_problem_make(MHD_HTTP_NOT_FOUND, "no_such", "there is no such picture");
    else if (studio_jobs_use(r->s, "picture", r->id))
        problem = studio_problem_make(MHD_HTTP_CONFLICT, "not_now", "a job uses it");
    else
        nscl_folder_remove(folder);
    free(path);
    free(folder);
    return problem.status ? studio_reply_problem(r, &problem) : studio_reply_json(r, MHD_HTTP_OK, json_object());
}

/* ---- Routes ---- */

static const studio_route routes[] = {
    {"GET", "/api/v1", STUDIO_NO_BODY, get_about},
    {"GET", "/api/v1/openapi.json", STUDIO_NO_BODY, get_description},
    {"GET", "/api/v1/devices", STUDIO_NO_BODY, get_devices},
    {"GET", "/api/v1/styles", STUDIO_NO_BODY, get_styles},
    {"GET", "/api/v1/styles/*/thumb", STUDIO_NO_BODY, get_style_thumb},
    {"POST", "/api/v1/pictures", STUDIO_PICTURE, post_picture},
    {"GET", "/api/v1/pictures/*", STUDIO_NO_BODY, get_picture},
    {"DELETE", "/api/v1/pictures/*", STUDIO_NO_BODY, delete_picture},
    {"GET", "/api/v1/pictures/*/file", STUDIO_NO_BODY, get_picture_file},
    {"GET", "/api/v1/pictures/*/thumb", STUDIO_NO_BODY, get_picture_thumb},
    {"GET", "/api/v1/events", STUDIO_NO_BODY, studio_api_events},
    {"GET", "/api/v1/jobs", STUDIO_NO_BODY, studio_api_jobs},
    {"POST", "/api/v1/jobs", STUDIO_JSON, studio_api_job_add},
    {"GET", "/api/v1/jobs/*", STUDIO_NO_BODY, studio_api_job},
    {"PATCH", "/api/v1/jobs/*", STUDIO_JSON, studio_api_job_tell},
    {"DELETE", "/api/v1/jobs/*", STUDIO_NO_BODY, studio_api_job_remove},
    {"GET", "/api/v1/jobs/*/events", STUDIO_NO_BODY, studio_api_job_events},
    {"GET", "/api/v1/jobs/*/picture", STUDIO_NO_BODY, studio_api_job_picture},
    {"GET", "/api/v1/jobs/*/picture.png", STUDIO_NO_BODY, studio_api_job_png},
    {"GET", "/api/v1/jobs/*/picture.jpg", STUDIO_NO_BODY, studio_api_job_jpeg},
    {"GET", "/api/v1/jobs/*/before", STUDIO_NO_BODY, studio_api_job_before},
    {"GET", "/api/v1/jobs/*/thumb", STUDIO_NO_BODY, studio_api_job_thumb},
};

/* Where the path fits the pattern: 1 and what stood for the *, malloc'ed, in *id. */
static int fits(const char *pattern, const char *path, char **id)
{
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : 0, after = star ? strlen(star + 1) : 0, n = strlen(path);
    *id = NULL;
    if (!star)
        return strcmp(pattern, path) == 0;
    if (n <= before + after || strncmp(path, pattern, before) != 0 || strcmp(path + n - after, star + 1) != 0)
        return 0;
    *id = strndup(path + before, n - before - after);
    if (*id && !strchr(*id, '/'))
        return 1;
    free(*id);
    *id = NULL;
    return 0;
}

const studio_route *studio_route_find(studio_request *r, studio_problem *problem)
{
    const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
    int path_known = 0;
    char *id;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!fits(routes[i].path, r->path, &id))
            continue;
        path_known = 1;
        if (strcmp(routes[i].method, method) == 0) {
            r->id = id;
            return &routes[i];
        }
        free(id);
    }
    *problem = path_known ? studio_problem_make(MHD_HTTP_METHOD_NOT_ALLOWED, "method", "%s is not possible here", r->method)
                          : studio_problem_make(MHD_HTTP_NOT_FOUND, "no_such_path", "there is nothing at this address; see /api/v1/openapi.json");
    return NULL;
}
