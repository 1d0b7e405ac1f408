#define _POSIX_C_SOURCE 200809L
#include "studio_picture.h"

#include <stdlib.h>
#include <string.h>

#include "cli_describe.h"
#include "os.h"
#include "studio_process.h"
#include "studio_shrink.h"
#include "studio_store.h"

enum { MOST_DECODERS = 2 };

/* ---- The child ---- */

static void answer(FILE *voice, json_t *json)
{
    json_dumpf(json, voice, JSON_COMPACT);
    fputc('\n', voice);
    fflush(voice);
    json_decref(json);
}

/* PNG for what a JPEG cannot hold. */
static nscl_status write_copy(const nscl_picture *picture, const char *base, nscl_error *error)
{
    char path[4096];
    nscl_picture_options options = {.quality = 97};
    snprintf(path, sizeof path, "%s.%s", base, picture->channels == 4 || picture->depth == 16 ? "png" : "jpg");
    return nscl_picture_write(picture, path, &options, error);
}

int studio_decode_child(const char *from, const char *copy, const char *thumb, const char *megapixels)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_picture picture = {0};
    unsigned long mega = strtoul(megapixels, NULL, 10);
    FILE *voice = studio_child_voice();
    if (!voice || mega < 1 || mega > 1024)
        return TOOL_USAGE;
    /* The picture twice, for turning it upright, at four samples of 16 bits; the file; the program. */
    studio_child_limit(((uint64_t)mega * 16 << 20) + ((uint64_t)768 << 20), (uint64_t)512 << 20, 60, 120);
    nscl_status status = nscl_picture_read(&picture, from, (uint64_t)mega * 1000000, &error);
    int width = picture.width, height = picture.height;
    if (status == NSCL_OK && strcmp(copy, "-") != 0) {
        status = studio_shrink(&picture, STUDIO_COPY, STUDIO_COPY) ? NSCL_OK : nscl_fail(&error, NSCL_NO_MEMORY, "no memory for a copy of the picture");
        if (status == NSCL_OK)
            status = write_copy(&picture, copy, &error);
    }
    if (status == NSCL_OK && studio_shrink(&picture, STUDIO_THUMB, STUDIO_THUMB)) {
        nscl_picture_options options = {.quality = 85};
        studio_to_8_bits(&picture);
        status = nscl_picture_write(&picture, thumb, &options, &error);
    }
    if (status == NSCL_OK)
        answer(voice, json_pack("{s:i, s:i, s:o}", "width", width, "height", height, "note", picture.note ? nscl_json_text(picture.note) : json_null()));
    else
        answer(voice, json_pack("{s:o}", "error", nscl_json_text(error.text)));
    nscl_picture_free(&picture);
    fclose(voice);
    return TOOL_DONE;
}

/* ---- The server ---- */

/* Waits for its turn: each child may take a lot of memory. 0 when the end has begun. */
static int begin_decoding(studio *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->decoders >= MOST_DECODERS && !s->ending)
        pthread_cond_wait(&s->changed, &s->lock);
    int go = !s->ending;
    s->decoders += go;
    pthread_mutex_unlock(&s->lock);
    return go;
}

static void end_decoding(studio *s)
{
    pthread_mutex_lock(&s->lock);
    s->decoders--;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* In messages a file has its own name, not the server's. */
static nscl_status refused(const char *text, const char *path, nscl_error *error)
{
    char all[1024] = "";
    size_t used = 0, n = strlen(path);
    while (*text && used + 16 < sizeof all)
        if (text[0] == '\'' && strncmp(text + 1, path, n) == 0 && text[n + 1] == '\'') {
            used += (size_t)snprintf(all + used, sizeof all - used, "the file");
            text += n + 2;
        } else
            all[used++] = *text++;
    all[used] = '\0';
    return nscl_fail(error, NSCL_BAD_FILE, "%s", all);
}

/* What the child said: its facts, or NULL with the error filled. */
static json_t *decode(studio *s, const char *from, const char *copy, const char *thumb, nscl_error *error)
{
    studio_child child;
    char line[2048] = "", why[128] = "", megapixels[16];
    snprintf(megapixels, sizeof megapixels, "%d", s->options.max_pixels);
    char *argv[] = {s->program, (char *)(size_t) "--decode", (char *)(size_t)from, (char *)(size_t)copy, (char *)(size_t)thumb, megapixels, NULL};
    if (!begin_decoding(s))
        return NULL;
    json_t *said = NULL;
    int good = 0;
    if (studio_child_start(&child, argv)) {
        if (studio_child_hear(&child, line, sizeof line))
            said = json_loads(line, 0, NULL);
        good = studio_child_end(&child, why, sizeof why);
    }
    end_decoding(s);
    const char *text = json_string_value(json_object_get(said, "error"));
    if (text)
        refused(text, from, error);
    else if (!good || !json_is_object(said))
        nscl_fail(error, NSCL_BAD_FILE, "the file needs more memory or time than a picture may: %s", why[0] ? why : "no answer");
    if (!text && good && json_is_object(said))
        return said;
    json_decref(said);
    return NULL;
}

nscl_status studio_thumb_make(studio *s, const char *path, const char *thumb, nscl_error *error)
{
    json_t *said = decode(s, path, "-", thumb, error);
    json_decref(said);
    return said ? NSCL_OK : NSCL_BAD_FILE;
}

nscl_status studio_picture_take(studio *s, const char *path, const char *name, json_t **out, nscl_error *error)
{
    char id[STUDIO_ID];
    char *folder = NULL, *copy = NULL, *thumb = NULL, *about = NULL;
    nscl_status status = NSCL_NO_MEMORY;
    *out = NULL;
    if (studio_id_make(id) && (folder = studio_path(s, "pictures", id, NULL)) != NULL && (copy = nscl_path_join(folder, "picture")) != NULL &&
        (thumb = nscl_path_join(folder, "thumb.jpg")) != NULL && (about = nscl_path_join(folder, "about.json")) != NULL) {
        nscl_folder_make(folder);
        json_t *said = decode(s, path, copy, thumb, error);
        status = said ? NSCL_OK : NSCL_BAD_FILE;
        if (said) {
            json_object_set_new(said, "id", json_string(id));
            json_object_set_new(said, "name", nscl_json_text(name));
            json_object_set_new(said, "created", json_real(studio_now()));
            status = studio_json_write(about, said, error);
        }
        if (status == NSCL_OK)
            *out = json_incref(said);
        else
            nscl_folder_remove(folder);
        json_decref(said);
    } else
        nscl_fail(error, status, "no memory for the picture");
    remove(path);
    free(folder);
    free(copy);
    free(thumb);
    free(about);
    return status;
}

json_t *studio_picture_about(const studio *s, const char *id)
{
    char *path = studio_id_valid(id) ? studio_path(s, "pictures", id, "about.json") : NULL;
    json_t *about = path ? studio_json_read(path) : NULL;
    free(path);
    return about;
}

char *studio_picture_path(const studio *s, const char *id)
{
    static const char *const names[] = {"picture.jpg", "picture.png"};
    for (int i = 0; studio_id_valid(id) && i < 2; i++) {
        char *path = studio_path(s, "pictures", id, names[i]);
        if (path && nscl_file_exists(path))
            return path;
        free(path);
    }
    return NULL;
}
