#define _POSIX_C_SOURCE 200809L
#include "studio_reply.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "studio_page.h"

static void set(struct MHD_Response *response, const char *name, const char *value)
{
    MHD_add_response_header(response, name, value);
}

enum MHD_Result studio_reply(studio_request *r, unsigned status, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    set(response, "Content-Security-Policy", studio_page_policy());
    set(response, "X-Content-Type-Options", "nosniff");
    set(response, "X-Frame-Options", "DENY");
    set(response, "Referrer-Policy", "no-referrer");
    set(response, "Cross-Origin-Resource-Policy", "same-origin");
    set(response, "Cross-Origin-Opener-Policy", "same-origin");
    if (!MHD_get_response_header(response, "Cache-Control"))
        set(response, "Cache-Control", "no-store");
    /* What is still to come of a body that is not wanted is not read as the next request. */
    if (status >= 400)
        set(response, "Connection", "close");
    enum MHD_Result result = MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result studio_reply_json(studio_request *r, unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(json);
    if (!text)
        return MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response)
        set(response, "Content-Type", "application/json");
    return studio_reply(r, status, response);
}

enum MHD_Result studio_reply_problem(studio_request *r, const studio_problem *problem)
{
    return studio_reply_json(r, problem->status, json_pack("{s:{s:s, s:s}}", "error", "code", problem->code, "message", problem->text));
}

enum MHD_Result studio_reply_bytes(studio_request *r, unsigned status, const char *type, const void *bytes, size_t size, const char *etag)
{
    const char *known = etag ? studio_header(r, "If-None-Match") : NULL;
    int same = known && strcmp(known, etag) == 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(same ? 0 : size, (void *)(size_t)bytes, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    if (!same)
        set(response, "Content-Type", type);
    if (etag) {
        set(response, "ETag", etag);
        set(response, "Cache-Control", "no-cache"); /* kept, and asked for each time */
    }
    return studio_reply(r, same ? MHD_HTTP_NOT_MODIFIED : status, response);
}

enum MHD_Result studio_reply_file(studio_request *r, const char *path, const char *type, const char *download, int lasting)
{
    char disposition[160];
    struct stat info;
    struct MHD_Response *response = NULL;
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode))
        response = MHD_create_response_from_fd64((uint64_t)info.st_size, file); /* closes it */
    else if (file >= 0)
        close(file);
    if (!response) {
        studio_problem problem = studio_problem_make(MHD_HTTP_NOT_FOUND, "no_such", "there is no such picture");
        return studio_reply_problem(r, &problem);
    }
    set(response, "Content-Type", type);
    set(response, "Cache-Control", lasting ? "private, max-age=604800, immutable" : "no-store");
    if (download) {
        snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", download);
        set(response, "Content-Disposition", disposition);
    }
    return studio_reply(r, MHD_HTTP_OK, response);
}

enum MHD_Result studio_reply_redirect(studio_request *r, const char *where, const char *cookie)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, (void *)(size_t) "", MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    set(response, "Location", where);
    set(response, "Set-Cookie", cookie);
    return studio_reply(r, MHD_HTTP_SEE_OTHER, response);
}
