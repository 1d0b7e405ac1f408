/* Pictures that visitors upload, and thumbnails. No byte of theirs is decoded in the server: a child with limits of memory and time does
 * it and writes what is known to be sound. */
#ifndef STUDIO_PICTURE_H
#define STUDIO_PICTURE_H

#include "studio_app.h"

enum { STUDIO_THUMB = 360, STUDIO_COPY = 4096 }; /* longest sides */

/* Takes in the file at `path`, which is removed. *out describes it: {"id", "name", "width", "height", "note"}. NSCL_BAD_FILE: it is no
 * picture, or too large a one. */
nscl_status studio_picture_take(studio *s, const char *path, const char *name, json_t **out, nscl_error *error);

/* Writes a thumbnail of the picture at `path` to `thumb`. */
nscl_status studio_thumb_make(studio *s, const char *path, const char *thumb, nscl_error *error);

/* What studio_picture_take said of it; NULL where there is no such picture. */
json_t *studio_picture_about(const studio *s, const char *id);
/* Path of the sound copy; malloc'ed, NULL where there is none. */
char *studio_picture_path(const studio *s, const char *id);

/* The child's side: decodes `from` and writes `thumb` and, unless "-", `copy`.jpg or .png. */
int studio_decode_child(const char *from, const char *copy, const char *thumb, const char *megapixels);

#endif
