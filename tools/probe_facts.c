/* Facts as a table of fields rather than code, so that JSON and text cannot differ. */
#include <stddef.h>
#include <string.h>

#include "measure.h"
#include "probe.h"

typedef enum kind { TEXT, UINT, ULONG, SIZE, FLAG } kind;

static const struct {
    const char *key;
    kind kind;
    size_t offset;
} fields[] = {
    {"name", TEXT, offsetof(nscl_device_facts, info.name)},
    {"vendor", TEXT, offsetof(nscl_device_facts, info.vendor)},
    {"driver", TEXT, offsetof(nscl_device_facts, info.driver)},
    {"opencl", TEXT, offsetof(nscl_device_facts, info.version)},
    {"opencl_c", TEXT, offsetof(nscl_device_facts, c_version)},
    {"compute_units", UINT, offsetof(nscl_device_facts, compute_units)},
    {"clock_mhz", UINT, offsetof(nscl_device_facts, clock_mhz)},
    {"memory_bytes", ULONG, offsetof(nscl_device_facts, memory)},
    {"largest_buffer_bytes", ULONG, offsetof(nscl_device_facts, largest_buffer)},
    {"local_memory_bytes", ULONG, offsetof(nscl_device_facts, local_memory)},
    {"local_is_global", FLAG, offsetof(nscl_device_facts, local_is_global)},
    {"cache_bytes", ULONG, offsetof(nscl_device_facts, cache)},
    {"cache_line_bytes", UINT, offsetof(nscl_device_facts, cache_line)},
    {"work_group_limit", SIZE, offsetof(nscl_device_facts, group_limit)},
    {"vector_width_native", UINT, offsetof(nscl_device_facts, vector_width)},
    {"vector_width_preferred", UINT, offsetof(nscl_device_facts, preferred_width)},
    {"alignment_bits", UINT, offsetof(nscl_device_facts, alignment_bits)},
    {"fp16", FLAG, offsetof(nscl_device_facts, fp16)},
    {"fp64", FLAG, offsetof(nscl_device_facts, fp64)},
    {"subgroups", FLAG, offsetof(nscl_device_facts, subgroups)},
    {"images", FLAG, offsetof(nscl_device_facts, images)},
    {"unified_memory", FLAG, offsetof(nscl_device_facts, unified_memory)},
    {"cpu_like", FLAG, offsetof(nscl_device_facts, cpu_like)},
    {"usable", FLAG, offsetof(nscl_device_facts, info.usable)},
    {"why", TEXT, offsetof(nscl_device_facts, info.why)},
};

/* Beginnings of the extensions that a faster kernel or a check could use. */
static const char *const matter[] = {"cl_khr_fp16",
                                     "cl_khr_fp64",
                                     "cl_khr_subgroup",
                                     "cl_intel_subgroup",
                                     "cl_intel_required_subgroup_size",
                                     "cl_khr_il_program",
                                     "cl_khr_integer_dot_product",
                                     "cl_khr_command_buffer",
                                     "cl_khr_priority_hints",
                                     "cl_khr_suggested_local_work_size",
                                     "cl_khr_device_uuid",
                                     "cl_khr_pci_bus_info",
                                     "cl_ext_float_atomics",
                                     "cl_nv_compiler_options",
                                     "cl_nv_device_attribute_query",
                                     "cl_amd_device_attribute_query",
                                     "cl_arm_matrix_multiply",
                                     "cl_qcom_"};

static json_t *field(const nscl_device_facts *f, size_t i)
{
    const char *at = (const char *)f + fields[i].offset;
    switch (fields[i].kind) {
    case TEXT: return json_string(at);
    case UINT: return json_integer((json_int_t) * (const cl_uint *)(const void *)at);
    case ULONG: return json_integer((json_int_t) * (const cl_ulong *)(const void *)at);
    case SIZE: return json_integer((json_int_t) * (const size_t *)(const void *)at);
    case FLAG: return json_boolean(*(const int *)(const void *)at);
    }
    return NULL;
}

static json_t *extensions(const nscl_device_facts *f)
{
    json_t *all = json_array();
    for (const char *p = f->extensions ? f->extensions : ""; *p;) {
        size_t n = strcspn(p, " ");
        for (size_t i = 0; i < sizeof matter / sizeof *matter; i++)
            if (n && strncmp(p, matter[i], strlen(matter[i])) == 0) {
                json_array_append_new(all, json_stringn(p, n));
                break;
            }
        p += n + strspn(p + n, " ");
    }
    return all;
}

/* What self-tests found wrong here. */
static json_t *excluded(const nscl_context *ctx)
{
    static const char *const precisions[] = {"", " (fp16-storage)"};
    json_t *all = json_array();
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++)
            if (ctx->findings.wrong[half] >> i & 1)
                json_array_append_new(all, json_sprintf("convolution %s%s", nscl_conv_names[i], precisions[half]));
    return all;
}

/* What the program decides from the facts, and the largest picture; needs the device opened. */
static void add_use(json_t *device, const nscl_device_facts *f)
{
    static const float weights[64 * 64 * 9], bias[64];
    char selector[32];
    const char *limit = NULL;
    nscl_context *ctx = NULL;
    nscl_error error = {NSCL_OK, ""};
    nscl_settings settings;
    snprintf(selector, sizeof selector, "%d:%d", f->info.platform, f->info.device);
    nscl_open_options open = {.device = selector};
    if (!f->info.usable)
        return;
    if (nscl_open(&ctx, &open, &error) != NSCL_OK) {
        json_object_set_new(device, "open_failed", json_string(error.text));
        return;
    }
    json_object_set_new(device, "excluded", excluded(ctx));
    /* The layer is made only to see what is chosen for it. */
    nscl_conv *conv = nscl_conv_create(ctx, weights, bias, 64, 64);
    if (conv) {
        nscl_conv_plan(ctx, conv, 128, 128);
        nscl_settings_init(&settings, NSCL_PRESET_GATYS);
        nscl_conv_algorithm algorithm = conv->algorithm;
        measure_memory m = measure_memory_of(ctx, algorithm, settings.lbfgs_history);
        double most = measure_memory_most(ctx, &m, 600.0 * 1048576.0, &limit);
        json_object_set_new(device, "use",
                            json_pack("{s:i, s:s, s:b, s:b}", "block", ctx->block, "convolution", nscl_conv_names[algorithm], "clblast",
                                      (ctx->features & NSCL_FEATURE_GEMM) != 0, "work_items_alone", ctx->heavy_items == 1));
        json_object_set_new(device, "largest_picture",
                            json_pack("{s:f, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i}", "pixels", most, "limit", limit, "bytes_per_pixel",
                                      measure_memory_pixel(&m), "activations", m.activations, "gradients", m.gradients, "targets", m.targets, "vectors",
                                      m.vectors, "history", m.history, "fixed_bytes", m.weights + m.grams, "history_length", settings.lbfgs_history));
    }
    nscl_conv_free(ctx, conv);
    if (nscl_context_status(ctx, &error) != NSCL_OK)
        json_object_set_new(device, "open_failed", json_string(error.text));
    nscl_close(ctx);
}

json_t *probe_device(const nscl_device_facts *f, int chosen)
{
    static const char *const types[] = {"CPU", "GPU", "accelerator", "other"};
    char selector[32];
    json_t *quirks = json_array();
    snprintf(selector, sizeof selector, "%d:%d", f->info.platform, f->info.device);
    json_t *device =
        json_pack("{s:i, s:s, s:i, s:s, s:s, s:b, s:f, s:f}", "index", f->info.index, "selector", selector, "platform", f->info.platform, "platform_name",
                  f->info.platform_name, "type", types[f->info.type], "auto", chosen, "score", f->info.score, "estimated_gflops", f->estimate);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        json_object_set_new(device, fields[i].key, field(f, i));
    json_object_set_new(device, "work_item_limits",
                        json_pack("[I, I, I]", (json_int_t)f->item_limit[0], (json_int_t)f->item_limit[1], (json_int_t)f->item_limit[2]));
    json_object_set_new(device, "extensions", extensions(f));
    for (int i = 0; f->quirk_text[i]; i++)
        json_array_append_new(quirks, json_string(f->quirk_text[i]));
    json_object_set_new(device, "quirks", quirks);
    json_object_set_new(device, "emulated", json_boolean(f->quirks & NSCL_QUIRK_EMULATED));
    add_use(device, f);
    return device;
}

json_t *probe_platforms(const nscl_device_facts *devices, size_t count)
{
    enum { MOST = 64 };
    cl_platform_id ids[MOST];
    cl_uint n = 0;
    json_t *all = json_array();
    if (clGetPlatformIDs(MOST, ids, &n) != CL_SUCCESS)
        return all;
    for (cl_uint p = 0; p < n && p < MOST; p++) {
        char name[256] = "", vendor[256] = "", version[256] = "";
        int here = 0;
        (void)clGetPlatformInfo(ids[p], CL_PLATFORM_NAME, sizeof name - 1, name, NULL);
        (void)clGetPlatformInfo(ids[p], CL_PLATFORM_VENDOR, sizeof vendor - 1, vendor, NULL);
        (void)clGetPlatformInfo(ids[p], CL_PLATFORM_VERSION, sizeof version - 1, version, NULL);
        for (size_t i = 0; i < count; i++)
            here += devices[i].info.platform == (int)p;
        json_array_append_new(all,
                              json_pack("{s:i, s:s, s:s, s:s, s:i}", "index", (int)p, "name", name, "vendor", vendor, "version", version, "devices", here));
    }
    return all;
}
