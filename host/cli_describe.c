#include "cli_describe.h"

#include <string.h>

#include "cli_values.h"

json_t *nscl_json_text(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    char safe[4096];
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof safe; n++)
        safe[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    safe[n] = '\0';
    return json_string(safe);
}

static json_t *choice_json(const nscl_option *row, const void *place)
{
    const char *name;
    int value, wanted;
    memcpy(&wanted, place, sizeof wanted);
    for (int i = 0; (name = nscl_option_choice(row, i, &value)) != NULL; i++)
        if (value == wanted) /* a choice of numbers is a number */
            return name[0] >= '0' && name[0] <= '9' ? json_integer(value) : json_string(name);
    return NULL;
}

static json_t *list_json(const nscl_option *row, const void *place, int count)
{
    const nscl_layer_weight *layers = place;
    const char *const *files = place;
    const double *reals = place;
    json_t *list = count ? json_array() : NULL;
    for (int i = 0; i < count && list; i++) {
        switch (row->kind) {
        case NSCL_OPTION_FILES: json_array_append_new(list, nscl_json_text(files[i])); break;
        case NSCL_OPTION_REALS: json_array_append_new(list, json_real(reals[i])); break;
        case NSCL_OPTION_LAYERS: json_array_append_new(list, nscl_json_text(layers[i].name)); break;
        case NSCL_OPTION_WEIGHTS: json_array_append_new(list, json_real(layers[i].weight)); break;
        default: break;
        }
    }
    return list;
}

json_t *nscl_option_json(const nscl_option *row, const nscl_options *options)
{
    const void *place = (const char *)options + row->at;
    int count = *(const int *)(const void *)((const char *)options + row->count_at);
    switch (row->kind) {
    case NSCL_OPTION_FLAG: return json_boolean(*(const int *)place);
    case NSCL_OPTION_TEXT: return *(const char *const *)place ? nscl_json_text(*(const char *const *)place) : NULL;
    case NSCL_OPTION_INTEGER: return *(const int *)place < row->low ? NULL : json_integer(*(const int *)place);
    case NSCL_OPTION_LONG: return json_integer((json_int_t) * (const uint64_t *)place);
    case NSCL_OPTION_REAL: return *(const double *)place < row->low ? NULL : json_real(*(const double *)place);
    case NSCL_OPTION_CHOICE:
    case NSCL_OPTION_PRESET: return choice_json(row, place);
    case NSCL_OPTION_FILES:
    case NSCL_OPTION_REALS:
    case NSCL_OPTION_LAYERS:
    case NSCL_OPTION_WEIGHTS: return list_json(row, place, count);
    default: return NULL;
    }
}

json_t *nscl_cli_describe(const nscl_options *options, const nscl_device_info *device, const nscl_weights *weights, int width, int height)
{
    json_t *settings = json_object();
    const nscl_option *row;
    for (int i = 0; settings && (row = nscl_option_row(i)) != NULL; i++) {
        json_t *value = row->flags & NSCL_OPTION_RECORDED ? nscl_option_json(row, options) : NULL;
        if (value)
            json_object_set_new(settings, row->name, value);
    }
    json_t *run = settings ? json_object() : NULL;
    if (!run) {
        json_decref(settings);
        return NULL;
    }
    json_object_set_new(run, "version", nscl_json_text(nscl_version()));
    json_object_set_new(run, "preset", nscl_json_text(nscl_preset_name(options->settings.preset)));
    json_object_set_new(run, "settings", settings);
    json_object_set_new(run, "width", json_integer(width));
    json_object_set_new(run, "height", json_integer(height));
    json_object_set_new(run, "device", nscl_json_text(device->name));
    json_object_set_new(run, "platform", nscl_json_text(device->platform_name));
    json_object_set_new(run, "driver", nscl_json_text(device->driver));
    json_object_set_new(run, "network", nscl_json_text(nscl_weights_text(weights)));
    json_object_set_new(run, "network_sha256", nscl_json_text(nscl_weights_sha256(weights)));
    return run;
}
