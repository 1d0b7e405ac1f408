#define _POSIX_C_SOURCE 200809L
#include "studio_store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "os.h"
#include "studio_job.h"

static const char *const kinds[] = {"jobs", "pictures", "thumbs"};

double studio_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What an upload left whose server was killed. */
static void tidy_picture(const char *name, void *user)
{
    const studio *s = user;
    char *path = studio_path(s, "pictures", name, NULL), *about = studio_path(s, "pictures", name, "about.json");
    size_t n = strlen(name);
    if (path && n > 5 && strcmp(name + n - 5, ".part") == 0)
        remove(path);
    else if (path && about && studio_id_valid(name) && !nscl_file_exists(about))
        nscl_folder_remove(path);
    free(path);
    free(about);
}

FILE *studio_store_open(studio *s, nscl_error *error)
{
    uint64_t size;
    FILE *lock = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *path = nscl_path_join(s->folder, kinds[i]);
        if (path)
            nscl_folder_make(path);
        free(path);
    }
    char *path = nscl_path_join(s->folder, ".lock"), *pictures = nscl_path_join(s->folder, "pictures");
    if (path)
        lock = nscl_part_open(path, &size, error);
    if (lock && pictures)
        nscl_folder_each(pictures, tidy_picture, s);
    free(path);
    free(pictures);
    return lock;
}

/* ---- Names ---- */

int studio_id_make(char id[STUDIO_ID])
{
    unsigned char bytes[(STUDIO_ID - 1) / 2];
    if (!nscl_random(bytes, sizeof bytes))
        return 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return 1;
}

int studio_id_valid(const char *id)
{
    return strlen(id) == STUDIO_ID - 1 && strspn(id, "0123456789abcdef") == STUDIO_ID - 1;
}

char *studio_path(const studio *s, const char *kind, const char *id, const char *name)
{
    size_t size = strlen(s->folder) + strlen(kind) + strlen(id) + (name ? strlen(name) : 0) + 4;
    char *path = malloc(size);
    if (path)
        snprintf(path, size, "%s/%s/%s%s%s", s->folder, kind, id, name ? "/" : "", name ? name : "");
    return path;
}

/* FNV-1a, which is enough to tell a few hundred files apart. */
static uint64_t hash(uint64_t h, const void *bytes, size_t n)
{
    for (const unsigned char *p = bytes; n; n--, p++)
        h = (h ^ *p) * 0x100000001b3u;
    return h;
}

char *studio_thumb_path(const studio *s, const char *picture)
{
    uint64_t size = 0, h = 0xcbf29ce484222325u;
    double changed = 0;
    char name[32];
    nscl_file_facts(picture, &size, &changed);
    h = hash(hash(hash(h, picture, strlen(picture)), &size, sizeof size), &changed, sizeof changed);
    snprintf(name, sizeof name, "%016llx.jpg", (unsigned long long)h);
    return studio_path(s, "thumbs", name, NULL);
}

/* ---- What is stored ---- */

typedef struct count {
    const char *folder;
    uint64_t bytes;
} count;

static void add_entry(const char *name, void *user)
{
    count *c = user;
    uint64_t size = 0;
    char *path = nscl_path_join(c->folder, name);
    if (path && nscl_file_facts(path, &size, NULL))
        c->bytes += size;
    free(path);
}

uint64_t studio_folder_bytes(const char *path)
{
    count c = {path, 0};
    nscl_folder_each(path, add_entry, &c);
    return c.bytes;
}

static void add_folder(const char *name, void *user)
{
    count *c = user;
    char *path = nscl_path_join(c->folder, name);
    if (path)
        c->bytes += studio_folder_bytes(path);
    free(path);
}

void studio_store_count(studio *s)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *path = nscl_path_join(s->folder, kinds[i]);
        count c = {path, 0};
        if (path)
            nscl_folder_each(path, add_folder, &c);
        if (path)
            bytes += c.bytes + studio_folder_bytes(path);
        free(path);
    }
    pthread_mutex_lock(&s->lock);
    s->stored = bytes;
    pthread_mutex_unlock(&s->lock);
}

typedef struct search {
    studio *s;
    char id[STUDIO_ID];
    double oldest;
} search;

/* The oldest picture that no job uses; one of the last hour may be about to be used. */
static void look_at(const char *name, void *user)
{
    search *found = user;
    double changed = 0;
    if (!studio_id_valid(name))
        return;
    char *path = studio_path(found->s, "pictures", name, "about.json");
    if (path && nscl_file_facts(path, NULL, &changed) && changed < found->oldest && !studio_jobs_use(found->s, "picture", name)) {
        found->oldest = changed;
        memcpy(found->id, name, STUDIO_ID);
    }
    free(path);
}

int studio_store_room(studio *s, uint64_t bytes)
{
    uint64_t most = (uint64_t)s->options.max_stored << 20;
    char *pictures = nscl_path_join(s->folder, "pictures");
    int room = 0;
    studio_store_count(s);
    if (s->stored + bytes > most && studio_jobs_forget(s))
        studio_store_count(s);
    while (pictures && !(room = s->stored + bytes <= most)) {
        search found = {s, "", studio_now() - 3600};
        nscl_folder_each(pictures, look_at, &found);
        char *path = found.id[0] ? studio_path(s, "pictures", found.id, NULL) : NULL;
        if (!path)
            break;
        nscl_folder_remove(path);
        free(path);
        studio_store_count(s);
    }
    free(pictures);
    return room;
}

uint64_t studio_store_state_bytes(studio *s)
{
    uint64_t most = (uint64_t)s->options.max_stored << 20;
    studio_store_count(s);
    uint64_t half = s->stored < most ? (most - s->stored) / 2 : 0;
    return half < most / 4 ? half : most / 4;
}

/* ---- JSON ---- */

nscl_status studio_json_write(const char *path, const json_t *json, nscl_error *error)
{
    nscl_file file = {0};
    nscl_status status = nscl_file_create(&file, path, error);
    if (status != NSCL_OK)
        return status;
    if (json_dumpf(json, file.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(13)) == 0)
        return nscl_file_commit(&file, error);
    nscl_file_abandon(&file);
    return nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s'", path);
}

json_t *studio_json_read(const char *path)
{
    return json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
}
