#define _POSIX_C_SOURCE 200809L
#include "studio_phase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "studio_store.h"

static char *path_of(const studio_phase *phase, const char *what, const char *extension)
{
    char name[48];
    snprintf(name, sizeof name, "%s-%d%s", what, phase->done, extension);
    return nscl_path_join(phase->folder, name);
}

char *studio_phase_state(const studio_phase *phase)
{
    return path_of(phase, "state", "");
}

char *studio_phase_begin(const studio_phase *phase)
{
    return path_of(phase, "begin", ".png");
}

int studio_phase_read(studio_phase *phase, const char *folder)
{
    char *path = nscl_path_join(folder, STUDIO_PHASE);
    json_t *json = path ? studio_json_read(path) : NULL;
    *phase = (studio_phase){folder, (int)json_integer_value(json_object_get(json, "done")), json_number_value(json_object_get(json, "strength")),
                            json_is_true(json_object_get(json, "begin"))};
    int there = json_is_object(json);
    json_decref(json);
    free(path);
    return there;
}

nscl_status studio_phase_keep(const studio_phase *phase, const nscl_picture *begin, nscl_error *error)
{
    nscl_picture_options options = {.quality = 0};
    char *path = nscl_path_join(phase->folder, STUDIO_PHASE), *picture = studio_phase_begin(phase);
    json_t *json = json_pack("{s:i, s:f, s:b}", "done", phase->done, "strength", phase->strength, "begin", begin != NULL);
    nscl_status status = path && picture && json ? NSCL_OK : nscl_fail(error, NSCL_NO_MEMORY, "no memory to keep what is painted");
    if (status == NSCL_OK && begin)
        status = nscl_picture_write(begin, picture, &options, error);
    if (status == NSCL_OK)
        status = studio_json_write(path, json, error);
    if (status == NSCL_OK)
        studio_phase_forget(phase->folder, phase);
    json_decref(json);
    free(path);
    free(picture);
    return status;
}

/* ---- Forgetting ---- */

typedef struct sweep {
    const char *folder;
    char *kept[3];
} sweep;

static void forget(const char *name, void *user)
{
    static const char *const ours[] = {"state-", "begin-", STUDIO_PHASE};
    const sweep *all = user;
    int is_ours = 0;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        is_ours |= strncmp(name, ours[i], strlen(ours[i])) == 0;
    char *path = is_ours ? nscl_path_join(all->folder, name) : NULL;
    for (int i = 0; i < 3 && path; i++)
        if (all->kept[i] && strcmp(path, all->kept[i]) == 0) {
            free(path);
            path = NULL;
        }
    if (path)
        remove(path);
    free(path);
}

void studio_phase_forget(const char *folder, const studio_phase *kept)
{
    sweep all = {.folder = folder};
    if (kept) {
        all.kept[0] = nscl_path_join(folder, STUDIO_PHASE);
        all.kept[1] = studio_phase_state(kept);
        all.kept[2] = studio_phase_begin(kept);
    }
    nscl_folder_each(folder, forget, &all);
    for (int i = 0; i < 3; i++)
        free(all.kept[i]);
}

uint64_t studio_phase_bytes(const nscl_settings *s, int width, int height)
{
    enum { ADAM_VECTORS = 8, TEXTS = 1 << 16 };
    int pairs = s->lbfgs_history < s->iterations ? s->lbfgs_history : s->iterations;
    uint64_t vectors = s->optimizer == NSCL_ADAM ? ADAM_VECTORS : 2 * (uint64_t)pairs + 2;
    return vectors * 3 * sizeof(float) * (uint64_t)width * (uint64_t)height + TEXTS;
}
