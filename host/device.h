/* OpenCL devices: facts, score, quirks, choice. The only file that knows vendors' names is device.c, and there only
 * the quirk table does. */
#ifndef NSCL_DEVICE_H
#define NSCL_DEVICE_H

#include "error.h"

#ifdef __APPLE__
#include <OpenCL/cl.h>
#else
#include <CL/cl.h>
#endif

/* Known trouble, found by the table in device.c. */
enum {
    NSCL_QUIRK_GROUP_OF_ONE = 1,  /* work-groups larger than one item fail (-54) */
    NSCL_QUIRK_EMULATED = 2,      /* a device simulated for checking: orders of magnitude slower, never chosen by itself while another is there */
    NSCL_QUIRK_LOCAL_ABORTS = 4,  /* a kernel over the local memory ends the process instead of failing the call */
    NSCL_QUIRK_NO_BINARIES = 8,   /* program binaries do not survive a round trip, or cost more than they save */
    NSCL_QUIRK_SLOW_COMPILER = 16 /* ten seconds for each variant of an unrolled kernel, of which there is only the smallest then */
};

typedef struct nscl_device_facts {
    nscl_device_info info;
    cl_platform_id platform;
    cl_device_id device;
    cl_uint compute_units, clock_mhz, vector_width, preferred_width;
    cl_ulong memory, largest_buffer, local_memory, cache;
    cl_uint cache_line, alignment_bits;
    size_t group_limit;
    size_t item_limit[3];
    int local_is_global; /* local memory is ordinary memory: a CPU */
    int unified_memory;
    int fp16, fp64, subgroups, images;
    char platform_version[128], c_version[128];
    char *extensions; /* malloc'ed */
    unsigned quirks;
    const char *quirk_text[4]; /* one line each, NULL-ended */
    double estimate;           /* GFLOP/s guessed from units, clock and width */
    int cpu_like;              /* wide vectors and caches: groups of one item, blocks as wide as a vector */
} nscl_device_facts;

/* Every device of every platform. *out is malloc'ed; release it with nscl_devices_free. With none: NSCL_NO_DEVICE. find waits for
 * what nscl_prepare has begun, the first time. */
nscl_status nscl_devices_enumerate(nscl_device_facts **out, size_t *count, nscl_error *error);
nscl_status nscl_devices_find(nscl_device_facts **out, size_t *count, nscl_error *error);
void nscl_devices_free(nscl_device_facts *devices, size_t count);

/* Index of the device that `selector` names (NULL: $NSCL_DEVICE, else "auto"), or -1 with an error that prints the list. */
int nscl_device_choose(const nscl_device_facts *devices, size_t count, const char *selector, nscl_error *error);

/* The list, a line a device, as --device errors and nscl-probe print it. Returns text. */
char *nscl_devices_text(const nscl_device_facts *devices, size_t count, char *text, size_t size);

#endif
