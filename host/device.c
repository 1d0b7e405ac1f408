/* Facts are read once into a plain struct; everything that decides anything (score, width of blocks, quirks) reads
 * the struct, so that a decision can be printed beside the facts it came from. */
#define _POSIX_C_SOURCE 200809L
#include "device.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "os.h"

typedef struct quirk {
    const char *platform, *name, *version; /* each a case-insensitive part, or NULL for any */
    int type;                              /* nscl_device_type, or -1 */
    unsigned flags;
    const char *text;
} quirk;

static const quirk quirks[] = {
    {"apple", NULL, NULL, NSCL_DEVICE_CPU, NSCL_QUIRK_GROUP_OF_ONE, "work-groups of one item only (-54 otherwise)"},
    {"portable computing language", NULL, NULL, -1, NSCL_QUIRK_LOCAL_ABORTS,
     "kernels over the local memory end the process: sizes are checked before a launch"},
    {"portable computing language", NULL, NULL, -1, NSCL_QUIRK_NO_BINARIES,
     "keeps compiled kernels itself: asked for binaries it would compile each a second time"},
    {"rusticl", "llvmpipe", NULL, -1, NSCL_QUIRK_EMULATED | NSCL_QUIRK_SLOW_COMPILER, "a software rasteriser, for checking only"},
    {"oclgrind", NULL, NULL, -1, NSCL_QUIRK_EMULATED | NSCL_QUIRK_NO_BINARIES, "a simulator, for checking only"},
    {"clover", NULL, NULL, -1, NSCL_QUIRK_NO_BINARIES, "program binaries are not kept"},
};

static int contains(const char *text, const char *part)
{
    size_t n = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, n) == 0)
            return 1;
    return n == 0;
}

static void find_quirks(nscl_device_facts *f)
{
    size_t k = 0;
    for (size_t i = 0; i < sizeof quirks / sizeof *quirks && k < 3; i++) {
        const quirk *q = &quirks[i];
        if ((q->platform && !contains(f->info.platform_name, q->platform)) || (q->name && !contains(f->info.name, q->name)) ||
            (q->version && !contains(f->info.version, q->version)) || (q->type >= 0 && q->type != (int)f->info.type))
            continue;
        f->quirks |= q->flags;
        f->quirk_text[k++] = q->text;
    }
}

static void device_text(cl_device_id d, cl_device_info what, char *out, size_t size)
{
    char text[1024] = "";
    size_t n = 0;
    if (clGetDeviceInfo(d, what, sizeof text - 1, text, &n) != CL_SUCCESS)
        text[0] = '\0';
    char *from = text;
    while (isspace((unsigned char)*from))
        from++;
    size_t length = strlen(from);
    while (length && isspace((unsigned char)from[length - 1]))
        length--;
    if (length >= size)
        length = size - 1;
    memmove(out, from, length);
    out[length] = '\0';
}

#define DEVICE_VALUE(device, what, field) (void)clGetDeviceInfo(device, what, sizeof(field), &(field), NULL)

static int has_extension(const nscl_device_facts *f, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = f->extensions ? f->extensions : ""; (p = strstr(p, name)) != NULL; p += n)
        if ((p == f->extensions || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return 1;
    return 0;
}

/* Type outranks speed: a GPU is chosen before an accelerator before a CPU, since a guess from units and clock says little
 * across types. Within a type the guessed rate decides. */
static void score(nscl_device_facts *f)
{
    nscl_device_info *i = &f->info;
    double lanes = f->cpu_like ? 2.0 * f->vector_width : i->type == NSCL_DEVICE_GPU ? 64.0 : 8.0;
    f->estimate = 2e-3 * lanes * f->compute_units * (f->clock_mhz ? f->clock_mhz : 1000);
    int rank = i->type == NSCL_DEVICE_GPU ? 3 : i->type == NSCL_DEVICE_ACCELERATOR ? 2 : i->type == NSCL_DEVICE_CPU ? 1 : 0;
    if (f->quirks & NSCL_QUIRK_EMULATED) {
        rank = 0;
        f->estimate *= 1e-3;
    }
    i->score = 1e7 * rank + f->estimate;
    if (!i->usable) {
        i->score = 0;
        return;
    }
    snprintf(i->why, sizeof i->why, "%s, about %.0f GFLOP/s from %u units at %u MHz%s%s",
             rank == 3   ? "GPU"
             : rank == 2 ? "accelerator"
             : rank == 1 ? "CPU"
                         : "last resort",
             f->estimate, f->compute_units, f->clock_mhz, f->quirk_text[0] ? "; " : "", f->quirk_text[0] ? f->quirk_text[0] : "");
}

static void read_facts(nscl_device_facts *f)
{
    cl_device_id d = f->device;
    nscl_device_info *i = &f->info;
    cl_device_type type = 0;
    cl_device_local_mem_type local = 0;
    cl_bool available = CL_TRUE, compiler = CL_TRUE, unified = CL_FALSE, images = CL_FALSE, little = CL_TRUE;
    DEVICE_VALUE(d, CL_DEVICE_TYPE, type);
    i->type = type & CL_DEVICE_TYPE_GPU           ? NSCL_DEVICE_GPU
              : type & CL_DEVICE_TYPE_ACCELERATOR ? NSCL_DEVICE_ACCELERATOR
              : type & CL_DEVICE_TYPE_CPU         ? NSCL_DEVICE_CPU
                                                  : NSCL_DEVICE_OTHER;
    device_text(d, CL_DEVICE_NAME, i->name, sizeof i->name);
    device_text(d, CL_DEVICE_VENDOR, i->vendor, sizeof i->vendor);
    device_text(d, CL_DRIVER_VERSION, i->driver, sizeof i->driver);
    device_text(d, CL_DEVICE_VERSION, i->version, sizeof i->version);
    device_text(d, CL_DEVICE_OPENCL_C_VERSION, f->c_version, sizeof f->c_version);
    DEVICE_VALUE(d, CL_DEVICE_MAX_COMPUTE_UNITS, f->compute_units);
    DEVICE_VALUE(d, CL_DEVICE_MAX_CLOCK_FREQUENCY, f->clock_mhz);
    DEVICE_VALUE(d, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, f->vector_width);
    DEVICE_VALUE(d, CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, f->preferred_width);
    DEVICE_VALUE(d, CL_DEVICE_GLOBAL_MEM_SIZE, f->memory);
    DEVICE_VALUE(d, CL_DEVICE_MAX_MEM_ALLOC_SIZE, f->largest_buffer);
    DEVICE_VALUE(d, CL_DEVICE_LOCAL_MEM_SIZE, f->local_memory);
    DEVICE_VALUE(d, CL_DEVICE_LOCAL_MEM_TYPE, local);
    DEVICE_VALUE(d, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, f->cache);
    DEVICE_VALUE(d, CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE, f->cache_line);
    DEVICE_VALUE(d, CL_DEVICE_MEM_BASE_ADDR_ALIGN, f->alignment_bits);
    DEVICE_VALUE(d, CL_DEVICE_MAX_WORK_GROUP_SIZE, f->group_limit);
    DEVICE_VALUE(d, CL_DEVICE_MAX_WORK_ITEM_SIZES, f->item_limit);
    DEVICE_VALUE(d, CL_DEVICE_AVAILABLE, available);
    DEVICE_VALUE(d, CL_DEVICE_COMPILER_AVAILABLE, compiler);
    DEVICE_VALUE(d, CL_DEVICE_HOST_UNIFIED_MEMORY, unified);
    DEVICE_VALUE(d, CL_DEVICE_IMAGE_SUPPORT, images);
    DEVICE_VALUE(d, CL_DEVICE_ENDIAN_LITTLE, little);
    size_t n = 0;
    if (clGetDeviceInfo(d, CL_DEVICE_EXTENSIONS, 0, NULL, &n) == CL_SUCCESS && n && (f->extensions = calloc(1, n + 1)))
        (void)clGetDeviceInfo(d, CL_DEVICE_EXTENSIONS, n, f->extensions, NULL);
    f->fp16 = has_extension(f, "cl_khr_fp16");
    f->fp64 = has_extension(f, "cl_khr_fp64");
    f->subgroups = has_extension(f, "cl_khr_subgroups") || has_extension(f, "cl_intel_subgroups");
    f->images = images == CL_TRUE;
    f->unified_memory = unified == CL_TRUE;
    f->local_is_global = local == CL_GLOBAL;
    i->memory = f->memory;
    f->cpu_like = i->type == NSCL_DEVICE_CPU || (i->type != NSCL_DEVICE_GPU && f->local_is_global);
    if (!f->vector_width)
        f->vector_width = 1;
    int major = 0, minor = 0;
    i->usable = 1;
    if (!available)
        i->usable = 0, snprintf(i->why, sizeof i->why, "not available");
    else if (!compiler)
        i->usable = 0, snprintf(i->why, sizeof i->why, "has no compiler for OpenCL C");
    else if (sscanf(i->version, "OpenCL %d.%d", &major, &minor) == 2 && (major < 1 || (major == 1 && minor < 2)))
        i->usable = 0, snprintf(i->why, sizeof i->why, "offers OpenCL %d.%d, and 1.2 is needed", major, minor);
    else if (!little)
        i->usable = 0, snprintf(i->why, sizeof i->why, "big-endian");
    find_quirks(f);
    score(f);
}

static const char install_hint[] =
    "install your device's OpenCL driver, or one for the CPU: Debian/Ubuntu 'apt install pocl-opencl-icd' (Intel GPU: intel-opencl-icd; AMD: "
    "mesa-opencl-icd or ROCm's; NVIDIA: nvidia-opencl-icd), Fedora 'dnf install pocl', Arch 'pacman -S pocl'; in a container the "
    ".icd files of /etc/OpenCL/vendors must be visible too (OCL_ICD_VENDORS names another folder)";

/* A platform without devices: PoCL has none where it cannot keep what it compiles. */
static nscl_status no_device(cl_uint platforms, nscl_error *error)
{
    const char *kept = getenv("POCL_CACHE_DIR");
    char *own = kept ? NULL : nscl_user_folder('c', 1), *inside = kept || own ? nscl_path_join(kept ? kept : own, "x") : NULL;
    if (kept)
        nscl_folder_make(kept);
    int writable = inside && nscl_folder_writable(inside);
    free(own);
    free(inside);
    return nscl_fail(error, NSCL_NO_DEVICE, "%u OpenCL platform%s found, but no device: %s%s", platforms, platforms == 1 ? "" : "s",
                     writable ? ""
                     : kept   ? "the folder of POCL_CACHE_DIR cannot be written, and PoCL needs it; name another. Else "
                              : "the user's cache folder cannot be written, and PoCL needs one; set HOME, or XDG_CACHE_HOME, to a folder that can. Else ",
                     install_hint);
}

nscl_status nscl_devices_enumerate(nscl_device_facts **out, size_t *count, nscl_error *error)
{
    enum { MOST = 64 };
    cl_platform_id platforms[MOST];
    cl_device_id ids[MOST];
    cl_uint np = 0;
    *out = NULL;
    *count = 0;
    cl_int code = clGetPlatformIDs(MOST, platforms, &np);
    if (code != CL_SUCCESS || np == 0)
        return nscl_fail(error, NSCL_NO_DEVICE, "no OpenCL platform found: %s", install_hint);
    if (np > MOST)
        np = MOST;
    for (cl_uint p = 0; p < np; p++) {
        cl_uint nd = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, MOST, ids, &nd) != CL_SUCCESS || nd == 0)
            continue;
        if (nd > MOST)
            nd = MOST;
        nscl_device_facts *more = realloc(*out, (*count + nd) * sizeof **out);
        if (!more) {
            nscl_devices_free(*out, *count);
            *out = NULL;
            *count = 0;
            return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the list of devices");
        }
        *out = more;
        for (cl_uint d = 0; d < nd; d++) {
            nscl_device_facts *f = &more[*count];
            memset(f, 0, sizeof *f);
            f->platform = platforms[p];
            f->device = ids[d];
            f->info.index = (int)*count;
            f->info.platform = (int)p;
            f->info.device = (int)d;
            (void)clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof f->info.platform_name - 1, f->info.platform_name, NULL);
            (void)clGetPlatformInfo(platforms[p], CL_PLATFORM_VERSION, sizeof f->platform_version - 1, f->platform_version, NULL);
            read_facts(f);
            ++*count;
        }
    }
    if (*count == 0)
        return no_device(np, error);
    return NSCL_OK;
}

void nscl_devices_free(nscl_device_facts *devices, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(devices[i].extensions);
    free(devices);
}

nscl_status nscl_device_list(nscl_device_info **out, size_t *count, nscl_error *error)
{
    nscl_device_facts *facts = NULL;
    *out = NULL;
    nscl_status status = nscl_devices_find(&facts, count, error);
    if (status != NSCL_OK)
        return status;
    *out = calloc(*count, sizeof **out);
    if (!*out)
        status = nscl_fail(error, NSCL_NO_MEMORY, "no memory for the list of devices");
    else
        for (size_t i = 0; i < *count; i++)
            (*out)[i] = facts[i].info;
    nscl_devices_free(facts, *count);
    if (status != NSCL_OK)
        *count = 0;
    return status;
}

char *nscl_devices_text(const nscl_device_facts *devices, size_t count, char *text, size_t size)
{
    static const char *const types[] = {"CPU", "GPU", "accelerator", "other"};
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && used < size; i++) {
        const nscl_device_info *d = &devices[i].info;
        int n = snprintf(text + used, size - used, "%s  %d  %d:%d  %s [%s], %s, %.1f GiB, score %.0f (%s)", i ? "\n" : "", d->index, d->platform, d->device,
                         d->name, d->platform_name, types[d->type], (double)d->memory / 1073741824.0, d->score, d->why);
        used += n > 0 ? (size_t)n : 0;
    }
    return text;
}

static int best_of(const nscl_device_facts *devices, size_t count, int type, const char *part)
{
    int best = -1;
    for (size_t i = 0; i < count; i++) {
        const nscl_device_info *d = &devices[i].info;
        if (!d->usable || (type >= 0 && (int)d->type != type))
            continue;
        if (part && !contains(d->name, part) && !contains(d->platform_name, part))
            continue;
        if (best < 0 || d->score > devices[best].info.score)
            best = (int)i;
    }
    return best;
}

int nscl_device_choose(const nscl_device_facts *devices, size_t count, const char *selector, nscl_error *error)
{
    char list[900];
    int p = 0, d = 0, used = 0, found = -1;
    if (!selector || !selector[0])
        selector = getenv("NSCL_DEVICE");
    if (!selector || !selector[0])
        selector = "auto";
    nscl_devices_text(devices, count, list, sizeof list);
    if (strcasecmp(selector, "auto") == 0)
        found = best_of(devices, count, -1, NULL);
    else if (strcasecmp(selector, "cpu") == 0)
        found = best_of(devices, count, NSCL_DEVICE_CPU, NULL);
    else if (strcasecmp(selector, "gpu") == 0)
        found = best_of(devices, count, NSCL_DEVICE_GPU, NULL);
    else if (strcasecmp(selector, "all") == 0) {
        nscl_fail(error, NSCL_BAD_ARGUMENT, "device 'all' names every device, and this command runs on one: choose one of\n%s", list);
        return -1;
    } else if (sscanf(selector, "%d:%d%n", &p, &d, &used) == 2 && selector[used] == '\0') {
        for (size_t i = 0; i < count; i++)
            if (devices[i].info.platform == p && devices[i].info.device == d)
                found = (int)i;
    } else if (sscanf(selector, "%d%n", &p, &used) == 1 && selector[used] == '\0') {
        if (p >= 0 && (size_t)p < count)
            found = p;
    } else
        found = best_of(devices, count, -1, selector);
    if (found < 0)
        nscl_fail(error, NSCL_NO_DEVICE, "no usable device matches '%s'; --device takes auto, a number, P:D, a part of a name, cpu or gpu, out of\n%s",
                  selector, list);
    else if (!devices[found].info.usable) {
        nscl_fail(error, NSCL_NO_DEVICE, "device '%s' (%s) cannot be used: %s; choose another of\n%s", selector, devices[found].info.name,
                  devices[found].info.why, list);
        return -1;
    }
    return found;
}
