#include "cli_recorded.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

nscl_status nscl_recorded_read(nscl_recorded *recorded, const char *path, int state_only, nscl_error *error)
{
    char *text = NULL;
    nscl_status status = nscl_description_read(&text, path, state_only, error);
    if (status != NSCL_OK)
        return status;
    recorded->run = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    if (!json_is_object(json_object_get(recorded->run, "settings")))
        return nscl_cli_fail(error, NSCL_BAD_FILE, "'%s' holds no settings of nscl; give a picture or a state that it wrote", path);
    recorded->words = calloc(json_object_size(json_object_get(recorded->run, "settings")) + 1, sizeof *recorded->words);
    return recorded->words ? NSCL_OK : nscl_cli_fail(error, NSCL_NO_MEMORY, "no memory for the settings of '%s'", path);
}

void nscl_recorded_free(nscl_recorded *recorded)
{
    for (int i = 0; i < recorded->count; i++) {
        for (const char **word = recorded->words[i]; *word; word++)
            free((char *)(uintptr_t)*word); /* the list's own copies */
        free(recorded->words[i]);
    }
    free(recorded->words);
    json_decref(recorded->run);
    memset(recorded, 0, sizeof *recorded);
}

/* A number with all its digits, or a word; malloc'ed, NULL for anything else. */
static char *word_of(const json_t *value)
{
    char number[40];
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(number, sizeof number, "%.17g", json_real_value(value));
    else if (!json_is_string(value))
        return NULL;
    const char *text = json_is_string(value) ? json_string_value(value) : number;
    char *copy = malloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

int nscl_recorded_values(nscl_recorded *recorded, const nscl_option *row, nscl_values *values)
{
    const json_t *value = json_object_get(json_object_get(recorded->run, "settings"), row->name);
    *values = (nscl_values){NULL, 0};
    if (!value || !(row->flags & NSCL_OPTION_RECORDED))
        return 0;
    if (row->kind == NSCL_OPTION_FLAG)
        return json_is_true(value);
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    const char **words = calloc(count + 1, sizeof *words);
    if (!words)
        return 0;
    recorded->words[recorded->count++] = words;
    for (size_t i = 0; i < count; i++)
        if (!(words[i] = word_of(json_is_array(value) ? json_array_get(value, i) : value)))
            return 0;
    *values = (nscl_values){words, (int)count};
    return count > 0;
}

int nscl_recorded_painted(const nscl_recorded *recorded, const char *path)
{
    nscl_recorded picture = {0};
    nscl_error ignored;
    int same = recorded->run && nscl_recorded_read(&picture, path, 0, &ignored) == NSCL_OK;
    if (same) {
        json_t *mine = json_copy(json_object_get(recorded->run, "settings")), *its = json_object_get(picture.run, "settings");
        json_object_del(mine, "iterations");
        json_object_del(its, "iterations");
        same = json_equal(mine, its) && json_equal(json_object_get(recorded->run, "sha256"), json_object_get(picture.run, "sha256"));
        json_decref(mine);
    }
    nscl_recorded_free(&picture);
    return same;
}

const char *nscl_recorded_sum(const nscl_recorded *recorded, const char *name, int index)
{
    const json_t *sums = json_object_get(json_object_get(recorded->run, "sha256"), name);
    return json_string_value(json_is_array(sums) ? json_array_get(sums, (size_t)index) : sums);
}
