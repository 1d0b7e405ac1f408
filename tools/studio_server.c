#define _POSIX_C_SOURCE 200809L
#include "studio_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "studio_api.h"
#include "studio_assets.h"
#include "studio_connection.h"
#include "studio_reply.h"
#include "studio_store.h"

struct studio_server {
    struct MHD_Daemon *daemon;
    studio_connections *connections;
};

static const double answer_seconds = 180; /* in which a large picture comes even over a slow line */

/* ---- A request ---- */

static int is_api(const studio_request *r)
{
    return strncmp(r->path, "/api/", 5) == 0;
}

/* All that is known before the body. */
static studio_problem check(studio_request *r, const studio_route **route)
{
    studio_problem problem = studio_check_source(r);
    *route = NULL;
    if (problem.status || !is_api(r))
        return problem;
    if (!studio_check_token(r))
        return studio_problem_make(MHD_HTTP_UNAUTHORIZED, "token", "the token is wanted: Authorization: Bearer TOKEN");
    *route = studio_route_find(r, &problem);
    if (*route && (*route)->body != STUDIO_NO_BODY)
        problem = studio_check_body(r, (*route)->body == STUDIO_JSON);
    return problem;
}

/* Keeps room for it, so that many at once do not bring more than may be stored. */
static int reserve(studio_request *r)
{
    const char *length = studio_header(r, "Content-Length");
    studio *s = r->s;
    pthread_mutex_lock(&s->lock);
    r->reserved = length ? strtoull(length, NULL, 10) : (uint64_t)s->options.max_upload << 20;
    s->incoming += r->reserved;
    uint64_t incoming = s->incoming;
    pthread_mutex_unlock(&s->lock);
    return studio_store_room(s, incoming);
}

/* A file among the pictures, with a name of ours. */
static int open_upload(studio_request *r)
{
    char id[STUDIO_ID], name[STUDIO_ID + 8];
    if (!reserve(r) || !studio_id_make(id))
        return 0;
    snprintf(name, sizeof name, "%s.part", id);
    r->upload_path = studio_path(r->s, "pictures", name, NULL);
    r->upload = r->upload_path ? fopen(r->upload_path, "wb") : NULL;
    return r->upload != NULL;
}

static void take_json(studio_request *r, const char *bytes, size_t size)
{
    char *body = r->body_size + size <= STUDIO_MOST_JSON ? realloc(r->body, r->body_size + size) : NULL;
    r->too_large |= !body;
    if (body) {
        memcpy(body + r->body_size, bytes, size);
        r->body = body;
        r->body_size += size;
    }
}

static void take_upload(studio_request *r, const char *bytes, size_t size)
{
    r->upload_size += size;
    r->too_large |= r->upload_size > (uint64_t)r->s->options.max_upload << 20;
    if (!r->too_large && !r->unwritable && (r->upload || open_upload(r)))
        r->unwritable |= fwrite(bytes, 1, size, r->upload) != size;
    else if (!r->too_large)
        r->unwritable = 1;
}

/* A part of the body. What is not wanted is read and forgotten: who is cut off while sending does not see the answer. */
static enum MHD_Result take(studio_request *r, const studio_route *route, const char *bytes, size_t size)
{
    r->received += size;
    if (r->problem.status || r->too_large || !route)
        return r->received >> 20 > 4u * (unsigned)r->s->options.max_upload ? MHD_NO : MHD_YES;
    if (route->body == STUDIO_JSON)
        take_json(r, bytes, size);
    else if (route->body == STUDIO_PICTURE)
        take_upload(r, bytes, size);
    return MHD_YES;
}

static studio_problem end_body(studio_request *r)
{
    if (r->upload && fclose(r->upload) != 0)
        r->unwritable = 1;
    r->upload = NULL;
    if (r->too_large)
        return studio_problem_make(MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "that is more than is allowed");
    if (r->unwritable)
        return studio_problem_make(MHD_HTTP_INSUFFICIENT_STORAGE, "full", "there is no room left (--max-stored); remove pictures of the history");
    return (studio_problem){0};
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *data,
                              size_t *size, void **context)
{
    studio_request *r = *context;
    const studio_route *route;
    (void)version;
    if (!r) { /* the headers are there */
        r = *context = calloc(1, sizeof *r);
        if (!r)
            return MHD_NO;
        *r = (studio_request){.s = cls, .connection = connection, .path = url};
        snprintf(r->method, sizeof r->method, "%s", strlen(method) < sizeof r->method ? method : "?");
        studio_connection_allow(connection, answer_seconds);
        r->problem = check(r, &route);
        int sending = studio_header(r, "Content-Length") || studio_header(r, "Transfer-Encoding");
        return r->problem.status && (!sending || studio_header(r, "Expect")) ? studio_reply_problem(r, &r->problem) : MHD_YES;
    }
    studio_problem problem = r->problem;
    free((char *)(size_t)r->id);
    r->id = NULL;
    route = is_api(r) && !problem.status ? studio_route_find(r, &problem) : NULL;
    if (*size) {
        enum MHD_Result result = take(r, route, data, *size);
        *size = 0;
        return result;
    }
    if (!problem.status)
        problem = end_body(r);
    if (problem.status)
        return studio_reply_problem(r, &problem);
    return route ? route->answer(r) : studio_asset_reply(r);
}

static void completed(void *cls, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    studio_request *r = *context;
    (void)cls;
    (void)code;
    if (!r)
        return;
    if (r->upload)
        fclose(r->upload);
    if (r->upload_path)
        remove(r->upload_path);
    pthread_mutex_lock(&r->s->lock);
    r->s->incoming -= r->reserved;
    pthread_mutex_unlock(&r->s->lock);
    free(r->upload_path);
    free(r->body);
    free((char *)(size_t)r->id);
    free(r);
    *context = NULL;
    studio_connection_allow(connection, STUDIO_IDLE);
}

/* What clients send that is no HTTP is not worth a line. */
static void no_log(void *cls, const char *format, va_list arguments)
{
    (void)cls;
    (void)format;
    (void)arguments;
}

/* ---- Listening ---- */

typedef union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
} address;

/* 4 or 6; 0 where the text is no address. */
static int read_address(address *a, const char *text, int port)
{
    memset(a, 0, sizeof *a);
    if (strcmp(text, "localhost") == 0)
        text = "127.0.0.1";
    if (inet_pton(AF_INET, text, &a->four.sin_addr) == 1) {
        a->four.sin_family = AF_INET;
        a->four.sin_port = htons((uint16_t)port);
        return 4;
    }
    if (inet_pton(AF_INET6, text, &a->six.sin6_addr) == 1) {
        a->six.sin6_family = AF_INET6;
        a->six.sin6_port = htons((uint16_t)port);
        return 6;
    }
    return 0;
}

int studio_is_loopback(const char *text)
{
    address a;
    int kind = read_address(&a, text, 0);
    return kind == 4 ? ntohl(a.four.sin_addr.s_addr) >> 24 == 127 : kind == 6 && IN6_IS_ADDR_LOOPBACK(&a.six.sin6_addr);
}

studio_server *studio_server_open(studio *s, nscl_error *error)
{
    address a;
    studio_options *o = &s->options;
    int kind = read_address(&a, o->bind, o->port);
    studio_server *server = calloc(1, sizeof *server);
    if (!kind) {
        nscl_fail(error, NSCL_BAD_ARGUMENT, "--bind '%s' is no address; give one such as 127.0.0.1, 0.0.0.0 or ::1", o->bind);
        goto failed;
    }
    if (!server || !(server->connections = studio_connections_open())) {
        nscl_fail(error, NSCL_NO_MEMORY, "no memory for the server");
        goto failed;
    }
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ERROR_LOG | (kind == 6 ? MHD_USE_IPv6 : 0u);
    errno = 0;
    server->daemon = MHD_start_daemon(flags, (uint16_t)o->port, NULL, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_SOCK_ADDR, &a.any,
                                      MHD_OPTION_CONNECTION_LIMIT, (unsigned)STUDIO_MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)STUDIO_IDLE,
                                      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 << 10, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_THREAD_STACK_SIZE,
                                      (size_t)1 << 20, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, studio_connection_notify,
                                      server->connections, MHD_OPTION_END);
    if (!server->daemon) {
        nscl_fail(error, NSCL_BAD_ARGUMENT, "cannot listen at %s, port %d: %s; another --port, or 0, may be free", o->bind, o->port,
                  errno ? strerror(errno) : "it is in use");
        goto failed;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    s->port = info && info->port ? info->port : o->port;
    return server;
failed:
    studio_server_close(server);
    return NULL;
}

void studio_server_close(studio_server *server)
{
    if (!server)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    studio_connections_close(server->connections);
    free(server);
}
