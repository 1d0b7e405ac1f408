#define _POSIX_C_SOURCE 200809L
#include "findings.h"

#include <stdlib.h>
#include <string.h>

#include "conv.h"
#include "os.h"
#include "program.h"
#include "tuning.h"

static const char *const precisions[] = {"fp32", "fp16-storage"};
static const char rest[] = "rest";

static int off(void)
{
    const char *cache = getenv("NSCL_CACHE");
    return cache && strcmp(cache, "off") == 0;
}

static void read_line(nscl_findings *f, const char *line)
{
    char verdict[8], what[32], precision[16];
    if (sscanf(line, "%7s %31s %15s", verdict, what, precision) != 3)
        return;
    int half = strcmp(precision, precisions[1]) == 0, bit = strcmp(what, rest) == 0 ? NSCL_FOUND_REST : 0;
    while (bit < NSCL_CONV_ALGORITHMS && strcmp(what, nscl_conv_names[bit]) != 0)
        bit++;
    if (bit == NSCL_CONV_ALGORITHMS || (!half && strcmp(precision, precisions[0]) != 0))
        return;
    if (strcmp(verdict, "right") == 0)
        f->right[half] |= 1u << bit;
    else if (strcmp(verdict, "wrong") == 0)
        f->wrong[half] |= 1u << bit;
}

/* What holds for kernels of this digest. */
static nscl_findings read_file(const char *path, const char *digest)
{
    static const char kernels[] = "kernels ";
    nscl_findings f = {{0}, {0}};
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (!nscl_file_exists(path) || nscl_file_read(path, 1 << 16, &bytes, &size, NULL) != NSCL_OK)
        return f;
    const char *text = (const char *)bytes, *line = strstr(text, kernels);
    int ours = line && strncmp(line + sizeof kernels - 1, digest, strlen(digest)) == 0;
    for (line = text; ours && *line; line += strcspn(line, "\n"), line += *line == '\n')
        read_line(&f, line);
    free(bytes);
    return f;
}

void nscl_findings_open(nscl_context *ctx)
{
    char digest[65], *path = off() ? NULL : nscl_device_file(&ctx->facts, "selftest");
    if (!path)
        return;
    if (nscl_file_exists(path)) {
        nscl_program_digest(ctx, digest);
        ctx->findings = read_file(path, digest);
    }
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++)
            if (ctx->findings.wrong[half] >> i & 1)
                nscl_log(ctx, NSCL_LOG_INFO, "convolution %s (%s) is not used: it failed on this device before", nscl_conv_names[i], precisions[half]);
    free(path);
}

static void write_lines(FILE *stream, const char *verdict, unsigned bits, int half)
{
    for (int i = 0; i < NSCL_CONV_ALGORITHMS; i++)
        if (bits >> i & 1)
            fprintf(stream, "%s %s %s\n", verdict, nscl_conv_names[i], precisions[half]);
    if (bits >> NSCL_FOUND_REST & 1)
        fprintf(stream, "%s %s %s\n", verdict, rest, precisions[half]);
}

void nscl_findings_keep(nscl_context *ctx)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_file file = {0};
    char digest[65], *path = off() ? NULL : nscl_device_file(&ctx->facts, "selftest");
    if (!path)
        return;
    nscl_program_digest(ctx, digest);
    nscl_folder_make_for(path);
    if (nscl_file_create(&file, path, &error) == NSCL_OK) {
        fprintf(file.stream, "# %s [%s], driver %s\n# What nscl's self-test found; without this file it is tested again.\nkernels %s\n", ctx->facts.info.name,
                ctx->facts.info.platform_name, ctx->facts.info.driver, digest);
        for (int half = 0; half < 2; half++) {
            write_lines(file.stream, "right", ctx->findings.right[half], half);
            write_lines(file.stream, "wrong", ctx->findings.wrong[half], half);
        }
        nscl_file_commit(&file, &error);
    }
    if (error.code != NSCL_OK)
        nscl_log(ctx, NSCL_LOG_WARNING, "%s", error.text);
    free(path);
}

void nscl_findings_exclude(nscl_context *ctx, int algorithm)
{
    ctx->findings.wrong[ctx->half_storage] |= 1u << algorithm;
    nscl_findings_keep(ctx);
}
