#include "studio_devices.h"

#include <stdlib.h>
#include <string.h>

#include "cli_describe.h"
#include "device.h"
#include "error.h"
#include "studio_process.h"

static const unsigned seconds = 120; /* some drivers take long to wake */

static const char *type_name(nscl_device_type type)
{
    return type == NSCL_DEVICE_CPU ? "cpu" : type == NSCL_DEVICE_GPU ? "gpu" : type == NSCL_DEVICE_ACCELERATOR ? "accelerator" : "other";
}

int studio_devices_child(const char *selector)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_device_facts *facts = NULL;
    size_t count = 0;
    FILE *voice = studio_child_voice();
    studio_child_limit(0, 0, 0, seconds);
    if (!voice)
        return TOOL_FAILED;
    json_t *list = json_array();
    int chosen = nscl_devices_find(&facts, &count, &error) == NSCL_OK ? nscl_device_choose(facts, count, selector, &error) : -1;
    for (size_t i = 0; i < count; i++) {
        const nscl_device_info *d = &facts[i].info;
        char id[32];
        snprintf(id, sizeof id, "%d:%d", d->platform, d->device);
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:s, s:I, s:b, s:b, s:o}", "id", id, "name", nscl_json_text(d->name), "platform",
                                              nscl_json_text(d->platform_name), "type", type_name(d->type), "memory", (json_int_t)d->memory, "default",
                                              (int)i == chosen, "usable", d->usable, "why", nscl_json_text(d->why)));
    }
    json_t *answer = json_pack("{s:o, s:o}", "devices", list, "message", nscl_json_text(error.text));
    json_dumpf(answer, voice, JSON_COMPACT);
    fputc('\n', voice);
    fflush(voice);
    json_decref(answer);
    nscl_devices_free(facts, count);
    return TOOL_DONE;
}

void studio_devices_find(studio *s, nscl_error *error)
{
    enum { LINE = 1 << 16 };
    studio_child child;
    char why[128] = "";
    char *line = malloc(LINE);
    char *argv[] = {s->program, (char *)(size_t) "--devices", (char *)(size_t)s->options.device, NULL};
    json_t *answer = NULL;
    if (line && studio_child_start(&child, argv)) {
        if (studio_child_hear(&child, line, LINE))
            answer = json_loads(line, 0, NULL);
        studio_child_end(&child, why, sizeof why);
    }
    free(line);
    json_t *list = json_object_get(answer, "devices");
    const char *message = json_string_value(json_object_get(answer, "message"));
    if (!json_is_array(list))
        nscl_fail(error, NSCL_NO_DEVICE, "the devices could not be asked: %s", why[0] ? why : "no answer");
    else if (message && message[0])
        nscl_fail(error, NSCL_NO_DEVICE, "%s", message);
    pthread_mutex_lock(&s->lock);
    json_decref(s->devices);
    s->devices = json_is_array(list) ? json_incref(list) : json_array();
    pthread_mutex_unlock(&s->lock);
    json_decref(answer);
}

int studio_device_find(const studio *s, const char *wanted, char id[16], char name[128])
{
    size_t i;
    json_t *device;
    json_array_foreach(s->devices, i, device)
    {
        const char *this_id = json_string_value(json_object_get(device, "id"));
        int fits = strcmp(wanted, "auto") == 0 ? json_is_true(json_object_get(device, "default")) : this_id && strcmp(wanted, this_id) == 0;
        if (!fits || !json_is_true(json_object_get(device, "usable")))
            continue;
        snprintf(id, 16, "%s", this_id);
        snprintf(name, 128, "%s", json_string_value(json_object_get(device, "name")));
        return 1;
    }
    return 0;
}
