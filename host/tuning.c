/* The rows of a context. They are few, and looked up when a layer is planned, once a run: a list in order is enough. */
#define _POSIX_C_SOURCE 200809L
#include "tuning.h"

#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sha2.h>

#include "embedded.h"
#include "gemm.h"
#include "os.h"

static void add_row(nscl_context *ctx, const nscl_tuning_row *row)
{
    nscl_tuning *t = ctx->tuning;
    nscl_tuning_row *more = realloc(t->row, (size_t)(t->rows + 1) * sizeof *more);
    if (!more)
        return; /* slower, not wrong */
    t->row = more;
    t->row[t->rows++] = *row;
}

void nscl_tuning_add(nscl_context *ctx, const char *text, const char *name)
{
    for (int number = 1; *text; number++) {
        char line[512], why[128];
        size_t n = strcspn(text, "\n"), kept = n < sizeof line ? n : sizeof line - 1;
        nscl_tuning_row row;
        memcpy(line, text, kept);
        line[kept] = '\0';
        text += n + (text[n] == '\n');
        nscl_tuning_kind kind = nscl_tuning_parse(&row, line, &ctx->facts, ctx->block, why, sizeof why);
        if (kind == NSCL_TUNING_ROW)
            add_row(ctx, &row);
        else if (kind == NSCL_TUNING_DAMAGED)
            nscl_log(ctx, NSCL_LOG_WARNING, "%s, line %d, is skipped: %s", name, number, why);
    }
}

static int give_clblast(nscl_context *ctx, const nscl_tuning_row *row)
{
    const char *keys[NSCL_TUNING_PAIRS];
    size_t values[NSCL_TUNING_PAIRS];
    for (int k = 0; k < row->pairs; k++) {
        keys[k] = row->pair[k].key;
        values[k] = (size_t)strtoul(row->pair[k].value, NULL, 10);
    }
    return nscl_gemm_tune(ctx, row->kernel + 8, (size_t)row->pairs, keys, values);
}

int nscl_tuning_clblast(nscl_context *ctx)
{
    const nscl_tuning *t = ctx->tuning;
    int taken = 1;
    for (int i = 0; t && i < t->rows && ctx->features & NSCL_FEATURE_GEMM; i++) {
        int later = 0;
        for (int j = i + 1; j < t->rows; j++)
            later |= strcmp(t->row[i].kernel, t->row[j].kernel) == 0;
        if (!later && strncmp(t->row[i].kernel, "clblast.", 8) == 0)
            taken &= give_clblast(ctx, &t->row[i]);
    }
    return taken;
}

int nscl_tuning_off(void)
{
    const char *wanted = getenv("NSCL_TUNE");
    return wanted && strcmp(wanted, "off") == 0;
}

void nscl_tuning_open(nscl_context *ctx)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    char *path = nscl_tuning_path(&ctx->facts);
    nscl_error error = {NSCL_OK, ""};
    ctx->tuning = calloc(1, sizeof *ctx->tuning);
    if (!ctx->tuning)
        goto done;
    for (const nscl_embedded *e = nscl_tuning_files; e->name; e++)
        nscl_tuning_add(ctx, (const char *)e->bytes, e->name);
    ctx->tuning->built_in = ctx->tuning->rows;
    if (path && nscl_file_exists(path) && !nscl_tuning_off()) {
        ctx->tuning->user_file = 1;
        if (nscl_file_read(path, 1 << 20, &bytes, &size, &error) == NSCL_OK)
            nscl_tuning_add(ctx, (const char *)bytes, path);
        else
            nscl_log(ctx, NSCL_LOG_WARNING, "%s", error.text);
    }
    if (ctx->tuning->rows)
        nscl_log(ctx, NSCL_LOG_DEBUG, "tuning: %d rows built in, %d of the user's", ctx->tuning->built_in, ctx->tuning->rows - ctx->tuning->built_in);
    nscl_tuning_clblast(ctx);
done:
    free(bytes);
    free(path);
}

void nscl_tuning_close(nscl_context *ctx)
{
    if (ctx->tuning)
        free(ctx->tuning->row);
    free(ctx->tuning);
    ctx->tuning = NULL;
}

const nscl_tuning_row *nscl_tuning_conv(const nscl_context *ctx, int cin, int cout, int h, int w)
{
    const nscl_tuning *t = ctx->tuning;
    for (int i = t ? t->rows : 0; i-- > 0;) {
        const nscl_tuning_row *row = &t->row[i];
        if (strcmp(row->kernel, "conv") == 0 && nscl_tuning_fits(row, "IN", cin) && nscl_tuning_fits(row, "OUT", cout) &&
            nscl_tuning_fits(row, "SIDE", sqrt((double)h * w)))
            return row;
    }
    return NULL;
}

char *nscl_device_file(const nscl_device_facts *f, const char *kind)
{
    SHA2_CTX sha;
    char hex[SHA256_DIGEST_STRING_LENGTH], name[80];
    const nscl_device_info *d = &f->info;
    const char *parts[] = {d->name, d->vendor, d->driver, d->version, d->platform_name, f->platform_version};
    SHA256Init(&sha);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        SHA256Update(&sha, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
    SHA256End(&sha, hex);
    snprintf(name, sizeof name, "%.40s-%.16s.txt", d->name, hex); /* a name to recognise, a number to tell apart */
    for (char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
            *p = '_';
    char *folder = nscl_user_folder('c', 0), *of_kind = folder ? nscl_path_join(folder, kind) : NULL;
    char *path = of_kind ? nscl_path_join(of_kind, name) : NULL;
    free(folder);
    free(of_kind);
    return path;
}

char *nscl_tuning_path(const nscl_device_facts *f)
{
    return nscl_device_file(f, "tuning");
}

nscl_status nscl_tuning_write(const nscl_device_facts *f, const char *path, const char *rows, nscl_error *error)
{
    nscl_file file = {0};
    nscl_folder_make_for(path);
    nscl_status status = nscl_file_create(&file, path, error);
    if (status != NSCL_OK)
        return status;
    fprintf(file.stream, "# %s [%s], driver %s\n# device-pattern  kernel  KEY=VALUE ...; written by nscl, yours to change\n%s", f->info.name,
            f->info.platform_name, f->info.driver, rows);
    return nscl_file_commit(&file, error);
}
