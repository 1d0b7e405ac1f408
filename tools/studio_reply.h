/* Answers. Each carries the headers that keep a browser from doing with it what it is not for. */
#ifndef STUDIO_REPLY_H
#define STUDIO_REPLY_H

#include "studio_request.h"

/* Takes `json` over. */
enum MHD_Result studio_reply_json(studio_request *r, unsigned status, json_t *json);
/* {"error": {"code", "message"}} */
enum MHD_Result studio_reply_problem(studio_request *r, const studio_problem *problem);
/* Bytes that stay. `etag` may be NULL. */
enum MHD_Result studio_reply_bytes(studio_request *r, unsigned status, const char *type, const void *bytes, size_t size, const char *etag);
/* A file; one that is not there is a 404. `download`: the name to save it under, or NULL. `lasting`: it never changes at this address. */
enum MHD_Result studio_reply_file(studio_request *r, const char *path, const char *type, const char *download, int lasting);
/* Elsewhere, setting a cookie. */
enum MHD_Result studio_reply_redirect(studio_request *r, const char *where, const char *cookie);
/* Any response; it is destroyed. */
enum MHD_Result studio_reply(studio_request *r, unsigned status, struct MHD_Response *response);

#endif
