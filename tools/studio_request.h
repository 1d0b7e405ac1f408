/* A request from a visitor, and whether it may be answered at all. A page of another site, or a name of the net that was pointed at this
 * machine, can make a browser send requests here; neither can make it send our Host and Origin. */
#ifndef STUDIO_REQUEST_H
#define STUDIO_REQUEST_H

#include <microhttpd.h>

#include "studio_app.h"

enum { STUDIO_MOST_JSON = 1 << 16 };

typedef struct studio_problem {
    unsigned status;  /* of HTTP; 0: none */
    const char *code; /* for programs, and for the page to translate */
    char text[512];
} studio_problem;

typedef struct studio_request {
    studio *s;
    struct MHD_Connection *connection;
    const char *path;
    char method[8];
    studio_problem problem; /* known from the headers, told when the body is over */
    uint64_t received;      /* bytes of the body */
    /* The body: JSON in memory, a picture in a file. */
    char *body;
    size_t body_size;
    char *upload_path;
    FILE *upload;
    uint64_t upload_size, reserved; /* reserved: its share of the studio's `incoming` */
    int too_large, unwritable;
    const char *id; /* what stands for * in the route */
} studio_request;

/* Host, Origin and Sec-Fetch-Site of any request. */
studio_problem studio_check_source(const studio_request *r);
/* The token, where one is wanted. 1: good. */
int studio_check_token(const studio_request *r);
/* Content-Type and Content-Length of a request with a body: `json`, else a picture. */
studio_problem studio_check_body(const studio_request *r, int json);

/* 1 where strings are the same, in a time that depends on their lengths alone. */
int studio_same_secret(const char *a, const char *b);

/* 1 where the name in a Host is a number, localhost, or `own` (may be NULL). */
int studio_host_allowed(const char *host, const char *own);

/* Name of the cookie that holds the token. */
void studio_cookie_name(const studio *s, char name[32]);

const char *studio_header(const studio_request *r, const char *name);
const char *studio_query(const studio_request *r, const char *name);

studio_problem studio_problem_make(unsigned status, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
