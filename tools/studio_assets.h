/* The page's files, built in. */
#ifndef STUDIO_ASSETS_H
#define STUDIO_ASSETS_H

#include "embedded.h"
#include "studio_request.h"

extern const nscl_embedded studio_files[]; /* tools/studio/ and data/studio-openapi.json */

/* By its name; NULL where there is none. */
const nscl_embedded *studio_asset(const char *name);

/* Answers with the file at the request's path: "/" is index.html or, to a visitor who does not know the token, login.html. */
enum MHD_Result studio_asset_reply(studio_request *r);

#endif
