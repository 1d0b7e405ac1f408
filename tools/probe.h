/* nscl-probe: what OpenCL offers here, and what it is worth to the program. Each device becomes one JSON object; text is
 * printed from the same. */
#ifndef PROBE_H
#define PROBE_H

#include <jansson.h>
#include <stdio.h>

#include "context.h"

typedef struct probe_options {
    const char *device; /* NULL: all of them */
    int json, quick;
    int all; /* measure emulated devices, too */
} probe_options;

/* Facts, score, quirks, what the program would do there, and the largest picture. `chosen`: --device auto takes it. */
json_t *probe_device(const nscl_device_facts *facts, int chosen);
/* Every platform, those without a device too. */
json_t *probe_platforms(const nscl_device_facts *devices, size_t count);

/* The child: a line of JSON for each figure of device P:D from the one of this number on. */
int probe_measure_child(const char *device, int from);
/* Runs children until every figure of the device is there or has failed: figures, and "failed" [{what, why}]. */
json_t *probe_measure(const char *self, const nscl_device_facts *facts);

void probe_print_platform(const json_t *platform);
void probe_print_device(const json_t *device);

#endif
