#define _POSIX_C_SOURCE 200809L
#include "findings.h"

#include <stdlib.h>
#include <string.h>

#include "conv.h"
#include "os.h"
#include "program.h"
#include "tuning.h"

static const char *const precisions[] = {"fp32", "fp16-storage"};
static const char rest[] = "rest", kernels[] = "kernels ";

enum { MOST_SECTIONS = 16 };

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

/* Where the lines that begin with the one of these kernels end, which is where those of the next kernels begin. */
static const char *section_end(const char *section)
{
    const char *next = strstr(section, "\nkernels ");
    return next ? next + 1 : section + strlen(section);
}

/* The lines of these kernels; at the text's end where it has none. */
static const char *section_of(const char *text, const char *digest)
{
    const char *at = strncmp(text, kernels, sizeof kernels - 1) == 0 ? text : section_end(text);
    while (*at && strncmp(at + sizeof kernels - 1, digest, strlen(digest)) != 0)
        at = section_end(at);
    return at;
}

/* malloc'ed; NULL where there is none. */
static char *read_text(const char *path)
{
    unsigned char *bytes = NULL;
    size_t size;
    if (nscl_file_exists(path))
        nscl_file_read(path, 1 << 16, &bytes, &size, NULL);
    return (char *)bytes;
}

static nscl_findings read_section(const char *section)
{
    nscl_findings f = {{0}, {0}};
    for (const char *line = section, *end = section_end(section); line < end; line += strcspn(line, "\n"), line += *line == '\n')
        read_line(&f, line);
    return f;
}

nscl_findings nscl_findings_merged(nscl_findings known, const nscl_findings *found)
{
    for (int half = 0; half < 2; half++) {
        known.right[half] = (known.right[half] | found->right[half]) & ~found->wrong[half];
        known.wrong[half] = (known.wrong[half] & ~found->right[half]) | found->wrong[half];
        known.wrong[half] &= ~(1u << NSCL_FOUND_REST); /* for which there is nothing else: it is tried again */
    }
    return known;
}

void nscl_findings_open(nscl_context *ctx)
{
    char digest[65], *path = off() ? NULL : nscl_device_file(&ctx->facts, "selftest");
    if (!path)
        return;
    char *text = read_text(path);
    if (text) {
        nscl_program_digest(ctx, digest);
        ctx->findings = read_section(section_of(text, digest));
    }
    free(text);
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

/* The file anew: the section of these kernels first, then those of others, of which the ones that changed last stay. */
static void write_file(FILE *stream, const nscl_context *ctx, const char *digest, const nscl_findings *f, const char *others)
{
    fprintf(stream, "# %s [%s], driver %s\n# What nscl's self-test found; without this file it is tested again.\n%s%s\n", ctx->facts.info.name,
            ctx->facts.info.platform_name, ctx->facts.info.driver, kernels, digest);
    for (int half = 0; half < 2; half++) {
        write_lines(stream, "right", f->right[half], half);
        write_lines(stream, "wrong", f->wrong[half], half);
    }
    const char *ours = section_of(others, digest), *end;
    int left = MOST_SECTIONS - 1;
    for (const char *at = section_of(others, ""); *at && left; at = end) {
        end = section_end(at);
        if (at != ours)
            left -= fwrite(at, 1, (size_t)(end - at), stream) > 0;
    }
}

void nscl_findings_add(nscl_context *ctx, const nscl_findings *found)
{
    nscl_error error = {NSCL_OK, ""};
    nscl_file file = {0};
    char digest[65], *path = off() ? NULL : nscl_device_file(&ctx->facts, "selftest");
    ctx->findings = nscl_findings_merged(ctx->findings, found);
    if (!path)
        return;
    nscl_program_digest(ctx, digest);
    nscl_folder_make_for(path);
    int lock = nscl_folder_lock(path);
    char *text = read_text(path);
    nscl_findings known = nscl_findings_merged(read_section(section_of(text ? text : "", digest)), found);
    if (nscl_file_create(&file, path, &error) == NSCL_OK) {
        write_file(file.stream, ctx, digest, &known, text ? text : "");
        nscl_file_commit(&file, &error);
    }
    nscl_folder_unlock(lock);
    if (error.code != NSCL_OK)
        nscl_log(ctx, NSCL_LOG_WARNING, "%s", error.text);
    free(text);
    free(path);
}

void nscl_findings_include(nscl_context *ctx, int what)
{
    nscl_findings found = {{0}, {0}};
    found.right[ctx->half_storage] = 1u << what;
    nscl_findings_add(ctx, &found);
}

void nscl_findings_exclude(nscl_context *ctx, int algorithm)
{
    nscl_findings found = {{0}, {0}};
    found.wrong[ctx->half_storage] = 1u << algorithm;
    nscl_findings_add(ctx, &found);
}
