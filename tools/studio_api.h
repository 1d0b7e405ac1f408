/* What is answered under /api/v1. The table of routes is here and in data/studio-openapi.json; a test holds them together. */
#ifndef STUDIO_API_H
#define STUDIO_API_H

#include "studio_request.h"

typedef enum studio_body { STUDIO_NO_BODY, STUDIO_JSON, STUDIO_PICTURE } studio_body;

typedef struct studio_route {
    const char *method, *path; /* one part of the path may be "*": the id */
    studio_body body;
    enum MHD_Result (*answer)(studio_request *r);
} studio_route;

/* The route of the request, whose id is then set; NULL with *problem filled where there is none. */
const studio_route *studio_route_find(studio_request *r, studio_problem *problem);

/* studio_api_job.c */
enum MHD_Result studio_api_jobs(studio_request *r);
enum MHD_Result studio_api_job_add(studio_request *r);
enum MHD_Result studio_api_job(studio_request *r);
enum MHD_Result studio_api_job_tell(studio_request *r);
enum MHD_Result studio_api_job_remove(studio_request *r);
enum MHD_Result studio_api_job_events(studio_request *r);
enum MHD_Result studio_api_job_picture(studio_request *r);
enum MHD_Result studio_api_job_png(studio_request *r);
enum MHD_Result studio_api_job_jpeg(studio_request *r);
enum MHD_Result studio_api_job_before(studio_request *r);
enum MHD_Result studio_api_job_thumb(studio_request *r);
enum MHD_Result studio_api_events(studio_request *r);

#endif
