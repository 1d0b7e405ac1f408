#include <math.h>
#include <string.h>

#include "probe.h"

static const char *text(const json_t *o, const char *key)
{
    const char *t = json_string_value(json_object_get(o, key));
    return t ? t : "";
}

static double value(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static int flag(const json_t *o, const char *key)
{
    return json_is_true(json_object_get(o, key));
}

/* A rate with three digits or more: emulated devices reach thousandths. */
static const char *rate(char *out, size_t size, double v)
{
    snprintf(out, size, v < 100 ? "%.3g" : "%.0f", v);
    return out;
}

/* Bytes in the unit that suits. */
static const char *bytes(char *out, size_t size, double n)
{
    if (n >= 1073741824.0)
        snprintf(out, size, "%.1f GiB", n / 1073741824.0);
    else if (n >= 1048576.0)
        snprintf(out, size, "%.1f MiB", n / 1048576.0);
    else
        snprintf(out, size, "%.0f KiB", n / 1024.0);
    return out;
}

static void list(const char *label, const json_t *items, const char *none)
{
    size_t i;
    json_t *item;
    int column = 24;
    printf("    %-20s", label);
    if (json_array_size(items) == 0)
        printf("%s", none);
    json_array_foreach((json_t *)(size_t)items, i, item)
    {
        const char *t = json_string_value(item);
        if (i && column + (int)strlen(t) > 110)
            column = 24 + printf("\n%24s", "") - 25;
        column += printf("%s%s", t, i + 1 < json_array_size(items) ? ", " : "");
    }
    printf("\n");
}

void probe_print_platform(const json_t *p)
{
    printf("Platform %d: %s (%s), %s%s\n", (int)value(p, "index"), text(p, "name"), text(p, "vendor"), text(p, "version"),
           value(p, "devices") > 0 ? "" : ": no device; its driver finds none that it supports");
}

static void print_facts(const json_t *d)
{
    char a[32], b[32], c[32];
    const json_t *limits = json_object_get(d, "work_item_limits");
    printf("    %-20s%s, %s\n", "type, vendor", text(d, "type"), text(d, "vendor"));
    printf("    %-20s%s; %s, %s\n", "driver", text(d, "driver"), text(d, "opencl"), text(d, "opencl_c"));
    printf("    %-20s%.0f at %.0f MHz\n", "compute units", value(d, "compute_units"), value(d, "clock_mhz"));
    printf("    %-20s%s%s, largest buffer %s\n", "memory", bytes(a, sizeof a, value(d, "memory_bytes")),
           flag(d, "unified_memory") ? " shared with the host" : "", bytes(b, sizeof b, value(d, "largest_buffer_bytes")));
    printf("    %-20s%s%s; cache %s in lines of %.0f\n", "local memory", bytes(a, sizeof a, value(d, "local_memory_bytes")),
           flag(d, "local_is_global") ? " of ordinary memory" : "", bytes(c, sizeof c, value(d, "cache_bytes")), value(d, "cache_line_bytes"));
    printf("    %-20s%.0f items, %.0f x %.0f x %.0f\n", "work-group limit", value(d, "work_group_limit"), json_number_value(json_array_get(limits, 0)),
           json_number_value(json_array_get(limits, 1)), json_number_value(json_array_get(limits, 2)));
    printf("    %-20s%.0f native, %.0f preferred\n", "vector of floats", value(d, "vector_width_native"), value(d, "vector_width_preferred"));
    printf("    %-20sfp16 %s, fp64 %s, subgroups %s, images %s; alignment %.0f bytes\n", "features", flag(d, "fp16") ? "yes" : "no",
           flag(d, "fp64") ? "yes" : "no", flag(d, "subgroups") ? "yes" : "no", flag(d, "images") ? "yes" : "no", value(d, "alignment_bits") / 8);
    list("extensions", json_object_get(d, "extensions"), "none that matter here");
    list("quirks", json_object_get(d, "quirks"), "none known");
    list("excluded", json_object_get(d, "excluded"), "nothing, as far as self-tests ran");
}

static void print_use(const json_t *d)
{
    const json_t *use = json_object_get(d, "use"), *p = json_object_get(d, "largest_picture");
    double side = floor(sqrt(value(p, "pixels")));
    if (flag(d, "usable"))
        printf("    %-20s%.0f: %s%s\n", "score", value(d, "score"), text(d, "why"), flag(d, "auto") ? "; --device auto takes this one" : "");
    else
        printf("    %-20snot usable: %s\n", "score", text(d, "why"));
    if (json_object_get(d, "open_failed"))
        printf("    %-20sfailed: %s\n", "opening", text(d, "open_failed"));
    if (!use)
        return;
    printf("    %-20sblocks of %.0f channels, %s convolution%s%s\n", "used with", value(use, "block"), text(use, "convolution"),
           flag(use, "clblast") ? ", CLBlast" : "", flag(use, "work_items_alone") ? ", one work-item a group" : "");
    printf("    %-20s%.1f million pixels (%.0f x %.0f), limited by the %s\n", "largest picture", value(p, "pixels") / 1e6, side, side, text(p, "limit"));
    printf("    %-20s%.0f bytes a pixel: activations %.0f, gradients %.0f, content's features %.0f, vectors %.0f,\n", "", value(p, "bytes_per_pixel"),
           value(p, "activations"), value(p, "gradients"), value(p, "targets"), value(p, "vectors"));
    printf("    %-20sL-BFGS history of %.0f %.0f; and %.0f MiB of weights and Gram matrices (VGG-19, preset gatys)\n", "", value(p, "history_length"),
           value(p, "history"), value(p, "fixed_bytes") / 1048576.0);
}

static void print_conv(const json_t *c)
{
    char forward[32], backward[32];
    if (c)
        printf("    %-20s%.0f to %.0f channels, %.0f x %.0f: %s GFLOP/s forward, %s backward (%s, counted as direct)\n", "3x3 convolution",
               value(c, "channels"), value(c, "channels"), value(c, "side"), value(c, "side"), rate(forward, sizeof forward, value(c, "forward_gflops")),
               rate(backward, sizeof backward, value(c, "backward_gflops")), text(c, "algorithm"));
}

static void print_measured(const json_t *d)
{
    const json_t *m = json_object_get(d, "measured"), *fma = json_object_get(m, "fma"), *copy = json_object_get(m, "copy"), *gemm = json_object_get(m, "gemm");
    json_t *failed = json_object_get(m, "failed"), *row;
    char number[32];
    size_t i;
    if (!m) {
        printf("    %-20s%s\n", "not measured", text(d, "not_measured"));
        return;
    }
    if (fma)
        printf("    %-20s%s GFLOP/s single precision (fma on vectors of %.0f)\n", "multiply-adds", rate(number, sizeof number, value(fma, "gflops")),
               value(fma, "vector_width"));
    if (copy)
        printf("    %-20s%s GB/s, read and written, buffers of %.0f MiB\n", "copying", rate(number, sizeof number, value(copy, "gbytes")),
               value(copy, "buffer_mib"));
    if (gemm)
        printf("    %-20s%.0f x %.0f x %.0f: %s GFLOP/s (CLBlast)\n", "matrix product", value(gemm, "m"), value(gemm, "n"), value(gemm, "k"),
               rate(number, sizeof number, value(gemm, "gflops")));
    print_conv(json_object_get(m, "conv_64"));
    print_conv(json_object_get(m, "conv_256"));
    json_array_foreach(failed, i, row) printf("    %-20s%s: %s\n", "failed", text(row, "what"), text(row, "why"));
}

void probe_print_device(const json_t *d)
{
    printf("\n  %d, %s: %s\n", (int)value(d, "index"), text(d, "selector"), text(d, "name"));
    print_facts(d);
    print_use(d);
    print_measured(d);
    printf("\n");
}
