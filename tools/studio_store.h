/* The folder of all that is kept: jobs/ID/ of each job, pictures/ID/ of each picture that was uploaded, thumbs/ of styles. Names in it
 * are made here, never by a visitor; an id from outside is used only if it is 16 hexadecimal digits. */
#ifndef STUDIO_STORE_H
#define STUDIO_STORE_H

#include "studio_app.h"

/* Makes the folder and locks it against a second studio. The caller keeps the stream, NULL on failure, open. */
FILE *studio_store_open(studio *s, nscl_error *error);

/* A new id; 0 if the system gives no random bytes. */
int studio_id_make(char id[STUDIO_ID]);
int studio_id_valid(const char *id);

/* FOLDER/kind/id/name, or the folder itself where name is NULL; malloc'ed. The id must be valid. */
char *studio_path(const studio *s, const char *kind, const char *id, const char *name);

/* FOLDER/thumbs/HASH.jpg for a style's picture, by its path, size and time; malloc'ed. */
char *studio_thumb_path(const studio *s, const char *picture);

/* Bytes of one folder's files. */
uint64_t studio_folder_bytes(const char *path);

/* Counts anew what is stored. */
void studio_store_count(studio *s);

/* Is there room for so many bytes more? To make it, what failed jobs could go on from is removed, then pictures that no job uses any more, oldest
 * first. */
int studio_store_room(studio *s, uint64_t bytes);

/* Most bytes that the state of a job at work may take: a quarter of what may be stored, and half of what is free of it, as a state is there
 * twice while it is replaced. */
uint64_t studio_store_state_bytes(studio *s);

/* A JSON file, written whole or not at all. */
nscl_status studio_json_write(const char *path, const json_t *json, nscl_error *error);
json_t *studio_json_read(const char *path);

/* Seconds since 1970. */
double studio_now(void);

#endif
