/* A program's key is the SHA-256 of everything that decides its binary. Any trouble with the cache means compiling
 * from source; a cache file is written under a temporary name and renamed, so that two runs cannot mix. */
#define _POSIX_C_SOURCE 200809L
#include "program.h"

#include <stdint.h>
#include <sys/types.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "conv.h"
#include "embedded.h"
#include "findings.h"
#include "os.h"

#define CACHE_FORMAT "nscl-program-1"

static const char plain[] = "plain.cl";

/* The text of cl/<name>: from the directory that overrides, else the embedded one. malloc'ed. */
static char *source_text(nscl_context *ctx, const char *name)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (ctx->kernel_dir) {
        char *path = nscl_path_join(ctx->kernel_dir, name);
        if (path && nscl_file_exists(path))
            nscl_file_read(path, 1 << 20, &bytes, &size, &ctx->error);
        free(path);
        if (bytes || ctx->error.code != NSCL_OK)
            return (char *)bytes;
    }
    for (const nscl_embedded *e = nscl_kernel_files; e->name; e++)
        if (strcmp(e->name, name) == 0)
            return strdup((const char *)e->bytes);
    nscl_fail(&ctx->error, NSCL_BAD_FILE, "no .cl file is called '%s'%s%s", name, ctx->kernel_dir ? "; it is neither built in nor in " : "",
              ctx->kernel_dir ? ctx->kernel_dir : "");
    return NULL;
}

/* Source of a file with every `#include "x.cl"` put in, since a runtime compiler sees no folder. malloc'ed. */
static char *whole_source(nscl_context *ctx, const char *name)
{
    static const char include[] = "#include \"";
    char *text = source_text(ctx, name), *at;
    while (text && (at = strstr(text, include)) != NULL) {
        char file[64];
        const char *from = at + sizeof include - 1, *quote = strchr(from, '"');
        snprintf(file, sizeof file, "%.*s", quote ? (int)(quote - from) : 0, from);
        char *inner = source_text(ctx, file);
        size_t size = inner && quote ? strlen(text) + strlen(inner) + 1 : 0;
        char *all = size ? malloc(size) : NULL;
        if (all)
            snprintf(all, size, "%.*s%s%s", (int)(at - text), text, inner, quote + 1);
        free(text);
        free(inner);
        text = all;
    }
    return text;
}

void nscl_program_digest(nscl_context *ctx, char hex[65])
{
    SHA2_CTX sha;
    char shape[64];
    snprintf(shape, sizeof shape, "%d %d %d %d", ctx->block, ctx->register_block, ctx->reduce_items, ctx->heavy_items);
    SHA256Init(&sha);
    for (const nscl_embedded *e = nscl_kernel_files; e->name; e++) {
        char *text = source_text(ctx, e->name);
        if (text)
            SHA256Update(&sha, (const uint8_t *)text, strlen(text) + 1);
        free(text);
    }
    SHA256Update(&sha, (const uint8_t *)shape, strlen(shape));
    SHA256End(&sha, hex);
}

static const char *file_of_kernel(const char *kernel)
{
    char pattern[64];
    snprintf(pattern, sizeof pattern, " %s(global", kernel);
    for (const nscl_embedded *e = nscl_kernel_files; e->name; e++) {
        const char *text = (const char *)e->bytes;
        for (const char *p = text; (p = strstr(p, pattern)) != NULL; p++) {
            const char *line = p;
            while (line > text && line[-1] != '\n')
                line--;
            if (strncmp(line, "kernel ", 7) == 0)
                return e->name;
        }
    }
    return NULL;
}

static int has_binaries(const nscl_context *ctx)
{
    return !(ctx->facts.quirks & NSCL_QUIRK_NO_BINARIES);
}

/* The file of a program in the cache, malloc'ed: its binary, or where the device has none worth keeping, an empty one that says that
 * it was compiled before. NULL without a cache. */
static char *cache_path(const nscl_context *ctx, const char *source, const char *options)
{
    SHA2_CTX sha;
    char hex[SHA256_DIGEST_STRING_LENGTH + 8];
    const nscl_device_info *d = &ctx->facts.info;
    const char *parts[] = {CACHE_FORMAT, source, options, d->name, d->vendor, d->driver, d->version, d->platform_name, ctx->facts.platform_version};
    if (!ctx->cache_dir)
        return NULL;
    SHA256Init(&sha);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        SHA256Update(&sha, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
    SHA256End(&sha, hex);
    snprintf(hex + SHA256_DIGEST_STRING_LENGTH - 1, 8, "%s", has_binaries(ctx) ? ".bin" : ".built");
    return nscl_path_join(ctx->cache_dir, hex);
}

static cl_program from_binary(nscl_context *ctx, const unsigned char *binary, size_t size, const char *options)
{
    cl_int code = CL_SUCCESS, status = CL_SUCCESS;
    cl_program program = clCreateProgramWithBinary(ctx->cl, 1, &ctx->facts.device, &size, &binary, &status, &code);
    if (program && (code != CL_SUCCESS || status != CL_SUCCESS || clBuildProgram(program, 1, &ctx->facts.device, options, NULL, NULL) != CL_SUCCESS)) {
        clReleaseProgram(program);
        program = NULL;
    }
    return program;
}

static cl_program from_cache(nscl_context *ctx, const char *path, const char *options)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    cl_program program = NULL;
    if (!path || !has_binaries(ctx) || !nscl_file_exists(path) || nscl_file_read(path, (size_t)256 << 20, &bytes, &size, NULL) != NSCL_OK)
        return NULL;
    if (size >= 16)
        program = from_binary(ctx, bytes, size, options);
    if (!program)
        remove(path); /* a driver changed under the same version, or a damaged file */
    free(bytes);
    return program;
}

static void to_cache(const char *path, const unsigned char *bytes, size_t size)
{
    nscl_file file = {0};
    if (!path || nscl_file_create(&file, path, NULL) != NSCL_OK)
        return;
    if (size)
        fwrite(bytes, 1, size, file.stream);
    nscl_file_commit(&file, NULL);
}

/* Compiles: the first time in a child process, since a driver's compiler may crash or hang; after that only where it has no binaries. */
static cl_program compile(nscl_context *ctx, const char *name, const char *source, const char *options, const char *path)
{
    char log[600] = "";
    unsigned char *binary = NULL;
    size_t size = 0;
    cl_int code = CL_SUCCESS;
    cl_program program = NULL;
    int once = !has_binaries(ctx); /* and then here */
    nscl_compiled came =
        once && (!path || nscl_file_exists(path)) ? NSCL_COMPILER_NONE : nscl_compile(ctx, name, source, options, &binary, &size, &code, log, sizeof log);
    if (came == NSCL_COMPILER_LOST)
        return NULL;
    if (binary)
        program = from_binary(ctx, binary, size, options);
    if (came != NSCL_COMPILE_ERROR && !program) {
        program = nscl_build(ctx->cl, ctx->facts.device, source, options, &code, log, sizeof log);
        free(binary);
        binary = program && !once ? nscl_binary(program, &size) : NULL;
    }
    if (!program) {
        nscl_fail_cl(ctx, code, "cannot compile %s (%s) on %s", name, options, ctx->facts.info.name);
        size_t used = strlen(ctx->error.text);
        snprintf(ctx->error.text + used, sizeof ctx->error.text - used, "%s%s", log[0] ? "\n" : "", log);
    } else if (once ? came == NSCL_COMPILED : size >= 16)
        to_cache(path, binary, size);
    free(binary);
    return program;
}

/* What lost the compiler is not tried again on this driver, where there is something else: the convolution at work. */
static void exclude(nscl_context *ctx)
{
    if (ctx->at > 0 && ctx->at - 1 != NSCL_CONV_IMAGE)
        nscl_findings_exclude(ctx, ctx->at - 1);
}

/* The program of a file, made or found. */
static cl_program made_or_found(nscl_context *ctx, const char *name, const char *options)
{
    char all[512];
    char *source = NULL, *path = NULL;
    cl_program program = NULL;
    for (nscl_program *p = ctx->programs; p; p = p->next)
        if (strcmp(p->file, name) == 0 && strcmp(p->options, options) == 0) {
            if (!p->program)
                nscl_fail_cl(ctx, p->lost, "cannot compile %s (%s), as before", name, options);
            return p->program;
        }
    nscl_program *node = calloc(1, sizeof *node);
    source = whole_source(ctx, name);
    if (!node || !source || !(node->options = strdup(options))) {
        nscl_fail(&ctx->error, NSCL_NO_MEMORY, "no memory to build %s", name);
        goto done;
    }
    snprintf(all, sizeof all, "%s %s", ctx->build_options, options);
    path = cache_path(ctx, source, all);
    double start = nscl_seconds();
    program = from_cache(ctx, path, all);
    int cached = program != NULL;
    if (!program && !(program = compile(ctx, name, source, all, path)) && !(node->lost = nscl_compiler_lost(ctx)))
        goto done;
    if (node->lost && name != plain) /* of many files, which each is tried for itself */
        exclude(ctx);
    if (program)
        nscl_log(ctx, NSCL_LOG_DEBUG, "%s %s (%s) in %.3f s", cached ? "loaded" : "compiled", name, options, nscl_seconds() - start);
    node->file = name;
    node->program = program;
    node->next = ctx->programs;
    ctx->programs = node;
    node = NULL;
done:
    if (node) {
        free(node->options);
        free(node);
    }
    free(source);
    free(path);
    return program;
}

/* The same. The first tells whether the compiler knows the hint of cl/fetch.cl. */
static cl_program program_of_file(nscl_context *ctx, const char *name, const char *options)
{
    cl_program program = made_or_found(ctx, name, options);
    if (!program && ctx->fetch == 0 && strstr(ctx->build_options, "-DFETCH")) {
        nscl_log(ctx, NSCL_LOG_INFO, "nothing is fetched ahead of its use: %s", ctx->error.text);
        nscl_context_clear(ctx);
        ctx->fetch = -1;
        nscl_context_build_options(ctx);
        return made_or_found(ctx, name, options);
    }
    if (program && ctx->fetch == 0)
        ctx->fetch = 1;
    return program;
}

/* 1 where plain.cl has it. */
static int is_plain(nscl_context *ctx, const char *name)
{
    char line[80], *text = source_text(ctx, plain);
    snprintf(line, sizeof line, "#include \"%s\"", name);
    int found = text && strstr(text, line) != NULL;
    free(text);
    return found;
}

cl_program nscl_program_of(nscl_context *ctx, const char *kernel, const char *options)
{
    if (ctx->error.code != NSCL_OK)
        return NULL;
    const char *name = file_of_kernel(kernel);
    if (!name) {
        nscl_fail(&ctx->error, NSCL_BAD_DEVICE, "no .cl file holds the kernel '%s'", kernel);
        return NULL;
    }
    if (!options[0] && !ctx->plain_failed && is_plain(ctx, name)) {
        cl_program program = program_of_file(ctx, plain, options);
        if (program)
            return program;
        /* One of them is to blame: each for itself, then. */
        nscl_log(ctx, NSCL_LOG_INFO, "%s", ctx->error.text);
        nscl_context_clear(ctx);
        ctx->plain_failed = 1;
    }
    return program_of_file(ctx, name, options);
}
