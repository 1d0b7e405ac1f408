#include "cli_devices.h"

#include <stdlib.h>

static const char *type_name(nscl_device_type type)
{
    switch (type) {
    case NSCL_DEVICE_CPU: return "CPU";
    case NSCL_DEVICE_GPU: return "GPU";
    case NSCL_DEVICE_ACCELERATOR: return "accelerator";
    default: return "other";
    }
}

nscl_status nscl_cli_devices_print(FILE *stream, nscl_error *error)
{
    nscl_device_info *devices = NULL;
    size_t count = 0;
    nscl_status status = nscl_device_list(&devices, &count, error);
    for (size_t i = 0; status == NSCL_OK && i < count; i++) {
        const nscl_device_info *d = &devices[i];
        fprintf(stream, "%d  %d:%d  %-11s  %s (%s), %llu MiB, driver %s\n", d->index, d->platform, d->device, type_name(d->type), d->name, d->platform_name,
                (unsigned long long)(d->memory >> 20), d->driver);
        if (!d->usable)
            fprintf(stream, "       cannot be used: %s\n", d->why);
    }
    free(devices);
    return status;
}

size_t nscl_cli_devices_count(int usable)
{
    nscl_device_info *devices = NULL;
    size_t count = 0, found = 0;
    if (nscl_device_list(&devices, &count, NULL) == NSCL_OK)
        for (size_t i = 0; i < count; i++)
            found += !usable || devices[i].usable;
    free(devices);
    return found;
}
