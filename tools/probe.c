/* nscl-probe: every platform and device, measured. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

static const char help[] = "usage: nscl-probe [OPTION]...\n"
                           "Every OpenCL platform and device: its facts, what the program does there, the score that\n"
                           "--device auto goes by, and measured rates.\n"
                           "\n"
                           "  --device SELECTOR  only this one: auto, a number, P:D, part of a name, cpu or gpu [all]\n"
                           "  --quick            no measurements\n"
                           "  --all              measure emulated devices too (minutes)\n"
                           "  --json             one JSON object instead of text\n"
                           "  --help, --version\n";

enum { DONE = 0, FAILED = 1, USAGE = 2 };

/* 0 to go on, else the status to exit with plus one. */
static int read_options(probe_options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(word, "--help") == 0) {
            fputs(help, stdout);
            return DONE + 1;
        }
        if (strcmp(word, "--version") == 0) {
            printf("nscl-probe %s\n", nscl_version());
            return DONE + 1;
        }
        if (strcmp(word, "--json") == 0)
            o->json = 1;
        else if (strcmp(word, "--quick") == 0)
            o->quick = 1;
        else if (strcmp(word, "--all") == 0)
            o->all = 1;
        else if (strncmp(word, "--device=", 9) == 0 && word[9])
            o->device = word + 9;
        else if (strcmp(word, "--device") == 0 && next) {
            o->device = next;
            i++;
        } else if (strcmp(word, "--measure") == 0 && next && i + 2 < argc) { /* not for users: see probe_measure */
            o->measure = next;
            o->from = atoi(argv[i + 2]);
            i += 2;
        } else {
            fprintf(stderr, "nscl-probe: %s '%s'\nnscl-probe --help lists the options.\n", strcmp(word, "--device") ? "unknown option" : "no value for", word);
            return USAGE + 1;
        }
    }
    if (o->device && strcmp(o->device, "all") == 0)
        o->device = NULL;
    return 0;
}

static json_t *describe(const probe_options *o, const char *self, const nscl_device_facts *f, int chosen)
{
    json_t *device = probe_device(f, chosen);
    const char *why = !f->info.usable                              ? "the device cannot be used"
                      : o->quick                                   ? "--quick"
                      : f->quirks & NSCL_QUIRK_EMULATED && !o->all ? "emulated, for checking only; --all measures it"
                                                                   : NULL;
    if (why)
        json_object_set_new(device, "not_measured", json_string(why));
    else
        json_object_set_new(device, "measured", probe_measure(self, f));
    return device;
}

static int probe(const probe_options *o, const char *self, nscl_error *error)
{
    nscl_device_facts *devices = NULL;
    size_t count = 0, i;
    json_t *row;
    if (nscl_devices_find(&devices, &count, error) != NSCL_OK)
        return FAILED;
    int only = o->device ? nscl_device_choose(devices, count, o->device, error) : -1;
    if (o->device && only < 0) {
        nscl_devices_free(devices, count);
        return USAGE; /* there are devices: another value would do */
    }
    int best = nscl_device_choose(devices, count, "auto", NULL), platform = -1;
    json_t *platforms = probe_platforms(devices, count), *list = json_array();
    for (i = 0; i < count; i++) {
        if (only >= 0 && (int)i != only)
            continue;
        json_t *device = describe(o, self, &devices[i], (int)i == best);
        json_array_append_new(list, device);
        if (o->json)
            continue;
        if (devices[i].info.platform != platform)
            probe_print_platform(json_array_get(platforms, (size_t)devices[i].info.platform));
        platform = devices[i].info.platform;
        probe_print_device(device);
        fflush(stdout);
    }
    json_array_foreach(platforms, i, row)
    {
        if (!o->json && only < 0 && json_integer_value(json_object_get(row, "devices")) == 0)
            probe_print_platform(row);
    }
    if (o->json) {
        json_t *all =
            json_pack("{s:s, s:s, s:i, s:O, s:O}", "program", "nscl-probe", "version", nscl_version(), "auto", best, "platforms", platforms, "devices", list);
        json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        printf("\n");
        json_decref(all);
    }
    json_decref(platforms);
    json_decref(list);
    nscl_devices_free(devices, count);
    return DONE;
}

int main(int argc, char **argv)
{
    probe_options o = {0};
    nscl_error error = {NSCL_OK, ""};
    int ended = read_options(&o, argc, argv);
    if (ended)
        return ended - 1;
    if (o.measure)
        return probe_measure_child(o.measure, o.from);
    int status = probe(&o, argv[0], &error);
    if (status != DONE)
        fprintf(stderr, "nscl-probe: %s\n", error.text);
    return status;
}
