#define _POSIX_C_SOURCE 200809L
#include "studio_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_describe.h"
#include "error.h"
#include "os.h"
#include "studio_picture.h"
#include "studio_store.h"
#include "studio_styles.h"

double studio_strength_factor(double strength)
{
    return pow(10, (strength - 50) / 25);
}

/* ---- JSON ---- */

static nscl_status bad(nscl_error *error, const char *member, const char *cure)
{
    return nscl_fail(error, NSCL_BAD_ARGUMENT, "\"%s\" %s", member, cure);
}

static nscl_status read_reference(char out[STUDIO_REFERENCE], const json_t *json, const char *member, nscl_error *error)
{
    const char *text = json_string_value(json), *colon = text ? strchr(text, ':') : NULL;
    size_t n = colon ? (size_t)(colon - text) : 0;
    int kind = (n == 7 && !memcmp(text, "picture", n)) || (n == 3 && !memcmp(text, "job", n)) ? 1 : n == 5 && !memcmp(text, "style", n) ? 2 : 0;
    if (!kind || strlen(text) >= STUDIO_REFERENCE || (kind == 1 && !studio_id_valid(colon + 1)))
        return bad(error, member, "must name a picture: \"picture:ID\", \"job:ID\" or \"style:ID\"");
    snprintf(out, STUDIO_REFERENCE, "%s", text);
    return NSCL_OK;
}

static nscl_status read_styles(studio_order *order, const json_t *list, nscl_error *error)
{
    size_t n = json_array_size(list);
    nscl_status status = NSCL_OK;
    if (!json_is_array(list) || n < 1 || n > STUDIO_MOST_STYLES)
        return bad(error, "styles", "must be a list of 1 to 4 styles");
    for (size_t i = 0; i < n && status == NSCL_OK; i++) {
        const json_t *one = json_array_get(list, i), *share = json_object_get(one, "share");
        status = read_reference(order->styles[i], json_object_get(one, "picture"), "picture", error);
        order->shares[i] = share ? json_number_value(share) : 1;
        if (status == NSCL_OK && (share && !json_is_number(share)))
            status = bad(error, "share", "must be a number");
        if (status == NSCL_OK && !(order->shares[i] > 0 && order->shares[i] <= 1e6))
            status = bad(error, "share", "must be above 0 and at most 1000000");
    }
    order->style_count = (int)n;
    return status;
}

/* Leaves *out where the member is not there. */
static nscl_status read_real(double *out, const json_t *json, const char *member, double low, double high, nscl_error *error)
{
    char cure[96];
    const json_t *value = json_object_get(json, member);
    if (!value || json_is_null(value))
        return NSCL_OK;
    *out = json_number_value(value);
    if (json_is_number(value) && *out >= low && *out <= high)
        return NSCL_OK;
    snprintf(cure, sizeof cure, "must be a number of %.15g to %.15g", low, high);
    return bad(error, member, cure);
}

static nscl_status read_int(int *out, const json_t *json, const char *member, int low, int high, nscl_error *error)
{
    double value = *out;
    nscl_status status = read_real(&value, json, member, low, high, error);
    if (status == NSCL_OK && value != floor(value))
        return bad(error, member, "must be a whole number");
    if (status == NSCL_OK)
        *out = (int)value;
    return status;
}

/* One of the words, or anything of `letters` where words[0] is NULL. */
static nscl_status read_word(char *out, size_t size, const json_t *json, const char *member, const char *const *words, nscl_error *error)
{
    char cure[160] = "must be one of";
    const json_t *value = json_object_get(json, member);
    const char *text = json_string_value(value);
    size_t used = strlen(cure);
    if (!value || json_is_null(value))
        return NSCL_OK;
    for (int i = 0; words[i]; i++) {
        if (text && strcmp(text, words[i]) == 0) {
            snprintf(out, size, "%s", text);
            return NSCL_OK;
        }
        used += (size_t)snprintf(cure + used, sizeof cure - used, " %s", words[i]);
    }
    return bad(error, member, cure);
}

static nscl_status read_device(char out[16], const json_t *json, nscl_error *error)
{
    const json_t *value = json_object_get(json, "device");
    const char *text = json_string_value(value);
    if (!value || json_is_null(value))
        return NSCL_OK;
    if (!text || strlen(text) >= 16 || (strcmp(text, "auto") != 0 && strspn(text, "0123456789:") != strlen(text)))
        return bad(error, "device", "must be auto or the id of a device, such as 0:0");
    snprintf(out, 16, "%s", text);
    return NSCL_OK;
}

static nscl_status read_preset(nscl_preset *preset, const json_t *json, nscl_error *error)
{
    const char *names[NSCL_PRESET_COUNT + 1] = {0};
    char name[32] = "gatys";
    for (int i = 0; i < NSCL_PRESET_COUNT; i++)
        names[i] = nscl_preset_name((nscl_preset)i);
    nscl_status status = read_word(name, sizeof name, json, "preset", names, error);
    for (int i = 0; i < NSCL_PRESET_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            *preset = (nscl_preset)i;
    return status;
}

/* A member that is not known is a misspelt one, which would otherwise have no effect in silence. */
static nscl_status check_members(const json_t *json, nscl_error *error)
{
    static const char *const known[] = {"content", "initial",  "styles",      "preset",  "network",        "device",
                                        "size",    "strength", "evaluations", "seconds", "preserve_colors"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(size_t)json, key, value)
    {
        int found = 0;
        for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++)
            found = strcmp(key, known[i]) == 0;
        if (!found)
            return nscl_fail(error, NSCL_BAD_ARGUMENT, "\"%.40s\" is not known", key);
    }
    return NSCL_OK;
}

nscl_status studio_order_read(studio_order *o, const json_t *json, int max_size, nscl_error *error)
{
    static const char *const networks[] = {"auto", "builtin", "vgg19", "vgg16", NULL};
    *o = (studio_order){.preset = NSCL_PRESET_GATYS, .network = "auto", .device = "auto", .size = 512, .strength = 50, .evaluations = 300};
    if (o->size > max_size)
        o->size = max_size;
    if (!json_is_object(json))
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "an order is a JSON object");
    nscl_status status = check_members(json, error);
    const json_t *initial = json_object_get(json, "initial"), *colours = json_object_get(json, "preserve_colors");
    if (status == NSCL_OK)
        status = read_reference(o->content, json_object_get(json, "content"), "content", error);
    if (status == NSCL_OK && initial && !json_is_null(initial))
        status = read_reference(o->initial, initial, "initial", error);
    if (status == NSCL_OK)
        status = read_styles(o, json_object_get(json, "styles"), error);
    if (status == NSCL_OK)
        status = read_preset(&o->preset, json, error);
    if (status == NSCL_OK)
        status = read_word(o->network, sizeof o->network, json, "network", networks, error);
    if (status == NSCL_OK)
        status = read_device(o->device, json, error);
    if (status == NSCL_OK)
        status = read_int(&o->size, json, "size", STUDIO_LEAST_SIZE, max_size, error);
    if (status == NSCL_OK)
        status = read_real(&o->strength, json, "strength", 0, 100, error);
    if (status == NSCL_OK)
        status = read_int(&o->seconds, json, "seconds", 0, STUDIO_MOST_SECONDS, error);
    if (o->seconds)
        o->evaluations = STUDIO_MOST_EVALUATIONS; /* unless given too */
    if (status == NSCL_OK)
        status = read_int(&o->evaluations, json, "evaluations", 1, STUDIO_MOST_EVALUATIONS, error);
    if (status == NSCL_OK && colours && !json_is_boolean(colours))
        status = bad(error, "preserve_colors", "must be true or false");
    o->preserve_colors = json_is_true(colours);
    return status;
}

json_t *studio_order_json(const studio_order *o)
{
    json_t *styles = json_array();
    for (int i = 0; i < o->style_count; i++)
        json_array_append_new(styles, json_pack("{s:s, s:f}", "picture", o->styles[i], "share", o->shares[i]));
    json_t *json = json_pack("{s:s, s:o, s:s, s:s, s:s, s:i, s:f, s:i, s:i, s:b}", "content", o->content, "styles", styles, "preset",
                             nscl_preset_name(o->preset), "network", o->network, "device", o->device, "size", o->size, "strength", o->strength, "evaluations",
                             o->evaluations, "seconds", o->seconds, "preserve_colors", o->preserve_colors);
    if (json && o->initial[0])
        json_object_set_new(json, "initial", json_string(o->initial));
    return json;
}

/* ---- References ---- */

/* The result, else the picture so far. */
static char *job_picture(const studio *s, const char *id)
{
    static const char *const names[] = {"picture.png", "live.jpg"};
    for (int i = 0; i < 2; i++) {
        char *path = studio_path(s, "jobs", id, names[i]);
        if (path && nscl_file_exists(path))
            return path;
        free(path);
    }
    return NULL;
}

int studio_reference_find(studio *s, const char *reference, char **path, char **name)
{
    const char *id = strchr(reference, ':') + 1;
    *path = *name = NULL;
    if (reference[0] == 's')
        return studio_style_find(s, id, path, name);
    if (reference[0] == 'p') {
        json_t *about = studio_picture_about(s, id);
        const char *text = json_string_value(json_object_get(about, "name"));
        *path = studio_picture_path(s, id);
        *name = text ? strdup(text) : NULL;
        json_decref(about);
    } else {
        *path = job_picture(s, id);
        *name = strdup("an earlier picture");
    }
    if (*path && *name)
        return 1;
    free(*path);
    free(*name);
    *path = *name = NULL;
    return 0;
}
