#define _POSIX_C_SOURCE 200809L
#include "studio_assets.h"

#include <stdlib.h>
#include <string.h>

#include "studio_page.h"
#include "studio_reply.h"

const nscl_embedded *studio_asset(const char *name)
{
    for (const nscl_embedded *file = studio_files; file->name; file++)
        if (strcmp(file->name, name) == 0)
            return file;
    return NULL;
}

static const char *type_of(const char *name)
{
    static const char *const types[][2] = {{"html", "text/html; charset=utf-8"},
                                           {"css", "text/css; charset=utf-8"},
                                           {"js", "text/javascript; charset=utf-8"},
                                           {"json", "application/json"},
                                           {"svg", "image/svg+xml"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot + 1, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static enum MHD_Result reply_asset(studio_request *r, unsigned status, const nscl_embedded *file)
{
    char etag[24];
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < file->size; i++)
        h = (h ^ file->bytes[i]) * 0x100000001b3u;
    snprintf(etag, sizeof etag, "\"%016llx\"", (unsigned long long)h);
    return studio_reply_bytes(r, status, type_of(file->name), file->bytes, file->size, status == MHD_HTTP_OK ? etag : NULL);
}

/* The token in the address, once: it moves to a cookie, which no script and no other site can use. */
static enum MHD_Result admit(studio_request *r)
{
    char name[32], cookie[512];
    studio_cookie_name(r->s, name);
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict", name, r->s->options.token);
    return studio_reply_redirect(r, "/", cookie);
}

enum MHD_Result studio_asset_reply(studio_request *r)
{
    const char *given = studio_query(r, "token");
    const nscl_embedded *file;
    if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
        studio_problem problem = studio_problem_make(MHD_HTTP_METHOD_NOT_ALLOWED, "method", "%s is not possible here", r->method);
        return studio_reply_problem(r, &problem);
    }
    if (strcmp(r->path, "/") == 0 && given && r->s->options.token && studio_same_secret(given, r->s->options.token))
        return admit(r);
    if (strcmp(r->path, "/") == 0 && !studio_check_token(r))
        return reply_asset(r, MHD_HTTP_UNAUTHORIZED, studio_page("login.html"));
    file = strcmp(r->path, "/") == 0 ? studio_page("index.html") : r->path[0] == '/' ? studio_asset(r->path + 1) : NULL;
    if (file)
        return reply_asset(r, MHD_HTTP_OK, file);
    studio_problem problem = studio_problem_make(MHD_HTTP_NOT_FOUND, "no_such_path", "there is nothing at this address");
    return studio_reply_problem(r, &problem);
}
