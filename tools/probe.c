/* nscl-probe: every platform and device, measured. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

#include "tool_options.h"

#define AT(member) offsetof(probe_options, member)

static const tool_option table[] = {
    {"device", "SELECTOR", TOOL_TEXT, AT(device), 0, 0, 0, 0, "all auto cpu gpu", "only this one: auto, a number, P:D, part of a name, cpu or gpu [all]"},
    {"quick", NULL, TOOL_FLAG, AT(quick), 0, 0, 0, 0, NULL, "no measurements"},
    {"all", NULL, TOOL_FLAG, AT(all), 0, 0, 0, 0, NULL, "measure emulated devices too (minutes)"},
    {"json", NULL, TOOL_FLAG, AT(json), 0, 0, 0, 0, NULL, "one JSON object instead of text"},
    {0},
};

static int page_row(int index, nscl_page_row *out)
{
    return tool_page_row(table, index, out);
}

static const nscl_page_section sections[] = {{"EXIT STATUS", NSCL_PAGE_EXIT}, {"ENVIRONMENT", NSCL_PAGE_ENVIRONMENT}, {NULL, NULL}};

static const nscl_page page = {
    .command = "nscl-probe",
    .title = "show and measure the OpenCL devices",
    .usage = "nscl-probe [OPTION]...",
    .about = "Every OpenCL platform and device: its facts, what the program does there, the score that --device auto goes by, and measured rates.",
    .row = page_row,
    .sections = sections,
};

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
        return TOOL_FAILED;
    int only = o->device ? nscl_device_choose(devices, count, o->device, error) : -1;
    if (o->device && only < 0) {
        nscl_devices_free(devices, count);
        return TOOL_USAGE; /* there are devices: another value would do */
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
    return TOOL_DONE;
}

int main(int argc, char **argv)
{
    probe_options o = {0};
    nscl_error error = {NSCL_OK, ""};
    if (argc == 4 && strcmp(argv[1], "--measure") == 0) /* not for users: see probe_measure */
        return probe_measure_child(argv[2], atoi(argv[3]));
    int ended = tool_read_options(&page, table, &o, argc, argv);
    if (ended)
        return nscl_page_printed("nscl-probe") ? ended - 1 : TOOL_FAILED;
    if (o.device && strcmp(o.device, "all") == 0)
        o.device = NULL;
    int status = probe(&o, argv[0], &error);
    if (status != TOOL_DONE)
        fprintf(stderr, "nscl-probe: %s\n", error.text);
    return nscl_page_printed("nscl-probe") ? status : TOOL_FAILED;
}
