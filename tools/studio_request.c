#define _POSIX_C_SOURCE 200809L
#include "studio_request.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *studio_header(const studio_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *studio_query(const studio_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

studio_problem studio_problem_make(unsigned status, const char *code, const char *format, ...)
{
    studio_problem problem = {.status = status, .code = code};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem.text, sizeof problem.text, format, arguments);
    va_end(arguments);
    return problem;
}

/* ---- Where it comes from ---- */

int studio_host_allowed(const char *host, const char *own)
{
    char name[256];
    unsigned char number[16];
    size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    const char *port = strlen(host) >= n ? host + n : "";
    if (n >= sizeof name || n == 0 || n > strlen(host) || (*port && (*port != ':' || strspn(port + 1, "0123456789") != strlen(port + 1))))
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)n, host);
    if (name[0] == '[') {
        name[n - 1] = '\0';
        return inet_pton(AF_INET6, name + 1, number) == 1;
    }
    return inet_pton(AF_INET, name, number) == 1 || strcasecmp(name, "localhost") == 0 || (own && strcasecmp(name, own) == 0);
}

/* "http://" and the Host, or "https://" where something before us speaks TLS. */
static int is_own_origin(const char *origin, const char *host)
{
    const char *rest = strncmp(origin, "http://", 7) == 0 ? origin + 7 : strncmp(origin, "https://", 8) == 0 ? origin + 8 : "";
    return *rest && strcasecmp(rest, host) == 0;
}

static int count_header(void *user, enum MHD_ValueKind kind, const char *key, const char *value)
{
    (void)kind;
    (void)value;
    *(int *)user += strcasecmp(key, "Host") == 0;
    return MHD_YES;
}

studio_problem studio_check_source(const studio_request *r)
{
    const char *host = studio_header(r, "Host"), *origin = studio_header(r, "Origin"), *site = studio_header(r, "Sec-Fetch-Site");
    const char *mode = studio_header(r, "Sec-Fetch-Mode");
    int reading = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    int hosts = 0;
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, (MHD_KeyValueIterator)(void *)count_header, &hosts);
    if (!host || hosts != 1 || !studio_host_allowed(host, r->s->options.name))
        return studio_problem_make(MHD_HTTP_MISDIRECTED_REQUEST, "host",
                                   "this name of the machine is not allowed; use its address, localhost, or start with --name");
    if (origin && !is_own_origin(origin, host))
        return studio_problem_make(MHD_HTTP_FORBIDDEN, "origin", "a page of another site sent this");
    /* A link from elsewhere may lead to the page, and to nothing else. */
    int link = reading && mode && strcmp(mode, "navigate") == 0 && strncmp(r->path, "/api/", 5) != 0;
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0 && !link)
        return studio_problem_make(MHD_HTTP_FORBIDDEN, "origin", "a page of another site sent this");
    return (studio_problem){0};
}

/* ---- The token ---- */

int studio_same_secret(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned char other = n != m;
    for (size_t i = 0; i < n; i++)
        other |= (unsigned char)(a[i] ^ (m ? b[i % m] : 0));
    return !other;
}

void studio_cookie_name(const studio *s, char name[32])
{
    snprintf(name, 32, "nscl-studio-%d", s->options.port); /* cookies are shared by all ports of a host */
}

int studio_check_token(const studio_request *r)
{
    const char *token = r->s->options.token, *header = studio_header(r, "Authorization");
    char name[32];
    if (!token)
        return 1;
    if (header && strncasecmp(header, "Bearer ", 7) == 0)
        return studio_same_secret(header + 7, token);
    studio_cookie_name(r->s, name);
    const char *cookie = MHD_lookup_connection_value(r->connection, MHD_COOKIE_KIND, name);
    return cookie && studio_same_secret(cookie, token);
}

/* ---- The body ---- */

/* The type without what follows a semicolon. */
static int is_type(const char *header, const char *type)
{
    size_t n = strlen(type);
    return strncasecmp(header, type, n) == 0 && (!header[n] || header[n] == ';' || header[n] == ' ');
}

studio_problem studio_check_body(const studio_request *r, int json)
{
    const char *type = studio_header(r, "Content-Type"), *length = studio_header(r, "Content-Length");
    uint64_t most = json ? STUDIO_MOST_JSON : (uint64_t)r->s->options.max_upload << 20;
    /* None of these types can be sent from another site's page unasked. */
    if (json && !(type && is_type(type, "application/json")))
        return studio_problem_make(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "type", "send JSON, as Content-Type: application/json");
    if (!json && !(type && (is_type(type, "image/jpeg") || is_type(type, "image/png") || is_type(type, "application/octet-stream"))))
        return studio_problem_make(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "picture",
                                   "send a PNG or JPEG file, as Content-Type: image/png, image/jpeg or application/octet-stream");
    if (length && strtoull(length, NULL, 10) > most)
        return studio_problem_make(MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "%s is larger than the %llu %s that are allowed", json ? "the order" : "the file",
                                   (unsigned long long)(json ? most >> 10 : most >> 20), json ? "kB" : "MB");
    return (studio_problem){0};
}
