#include "state.h"

#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"

/* The number after it tells a machine whose bytes lie the other way round. */
#define MAGIC "nscl state 1\n\0\0"
enum { MAGIC_BYTES = 16, SUM_BYTES = 64, TEXT_MOST = 1 << 20 };

typedef struct record {
    char name[23];
    char type; /* 'i' int, 'r' double, 't' text, 'v' floats */
    uint64_t bytes;
} record;

struct nscl_state {
    nscl_context *ctx;
    char *path;
    FILE *in; /* NULL when writing */
    nscl_file out;
    SHA2_CTX sum;
    nscl_error error;
};

static void header(char magic[MAGIC_BYTES])
{
    const uint16_t order = 0x0102;
    memcpy(magic, MAGIC, MAGIC_BYTES - sizeof order);
    memcpy(magic + MAGIC_BYTES - sizeof order, &order, sizeof order);
}

int nscl_state_is(const unsigned char *bytes, size_t size)
{
    return size >= 11 && memcmp(bytes, MAGIC, 11) == 0;
}

static nscl_state *new_state(nscl_context *ctx, const char *path, nscl_error *error)
{
    nscl_state *st = calloc(1, sizeof *st);
    char *copy = malloc(strlen(path) + 1);
    if (!st || !copy) {
        nscl_fail(error, NSCL_NO_MEMORY, "no memory for the state '%s'", path);
        free(st);
        free(copy);
        return NULL;
    }
    st->path = strcpy(copy, path);
    st->ctx = ctx;
    return st;
}

static void put(nscl_state *st, const void *bytes, size_t size)
{
    SHA256Update(&st->sum, bytes, size);
    if (fwrite(bytes, 1, size, st->out.stream) != size)
        nscl_fail(&st->error, NSCL_BAD_FILE, "cannot write '%s'; is the disk full?", st->path);
}

static void get(nscl_state *st, void *bytes, size_t size)
{
    if (fread(bytes, 1, size, st->in) != size)
        nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' ends early; begin the run anew", st->path);
}

nscl_state *nscl_state_create(nscl_context *ctx, const char *path, nscl_error *error)
{
    char magic[MAGIC_BYTES];
    nscl_state *st = new_state(ctx, path, error);
    if (!st)
        return NULL;
    if (nscl_file_create(&st->out, path, error) != NSCL_OK) {
        free(st->path);
        free(st);
        return NULL;
    }
    SHA256Init(&st->sum);
    header(magic);
    put(st, magic, sizeof magic);
    return st;
}

/* The sum at the end is that of all before it. Leaves the file behind its first bytes. */
static void verify(nscl_state *st)
{
    enum { CHUNK = 1 << 16 };
    char magic[MAGIC_BYTES], wanted[MAGIC_BYTES], stored[SUM_BYTES], sum[SUM_BYTES + 1];
    unsigned char *chunk = malloc(CHUNK + SUM_BYTES);
    size_t have = 0, got, total = 0;
    header(wanted);
    if (!chunk) {
        nscl_fail(&st->error, NSCL_NO_MEMORY, "no memory to read '%s'", st->path);
        return;
    }
    SHA256Init(&st->sum);
    /* What may be the sum is held back. */
    while ((got = fread(chunk + have, 1, CHUNK + SUM_BYTES - have, st->in)) > 0) {
        have += got;
        if (total == 0 && (have < MAGIC_BYTES || !nscl_state_is(chunk, have)))
            break;
        if (have > SUM_BYTES) {
            SHA256Update(&st->sum, chunk, have - SUM_BYTES);
            total += have - SUM_BYTES;
            memmove(chunk, chunk + have - SUM_BYTES, SUM_BYTES);
            have = SUM_BYTES;
        }
    }
    memcpy(stored, chunk, have < SUM_BYTES ? have : SUM_BYTES);
    free(chunk);
    SHA256End(&st->sum, sum);
    rewind(st->in);
    if (fread(magic, 1, sizeof magic, st->in) != sizeof magic || !nscl_state_is((const unsigned char *)magic, sizeof magic))
        nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' is no state that nscl saved; give the file of --save-state", st->path);
    else if (memcmp(magic, wanted, sizeof magic) != 0)
        nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' was saved by another version or kind of machine; begin the run anew", st->path);
    else if (have != SUM_BYTES || memcmp(stored, sum, SUM_BYTES) != 0)
        nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' is truncated or was altered: its checksum does not match; begin the run anew", st->path);
}

nscl_state *nscl_state_open(nscl_context *ctx, const char *path, nscl_error *error)
{
    nscl_state *st = new_state(ctx, path, error);
    if (!st)
        return NULL;
    st->in = fopen(path, "rb");
    if (!st->in)
        nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' cannot be opened; give the file of --save-state", path);
    else
        verify(st);
    if (st->error.code == NSCL_OK)
        return st;
    nscl_state_close(st, error);
    return NULL;
}

int nscl_state_reading(const nscl_state *st)
{
    return st->in != NULL;
}

int nscl_state_good(const nscl_state *st)
{
    return st->error.code == NSCL_OK;
}

void nscl_state_refuse(nscl_state *st, const char *message)
{
    nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' %s", st->path, message);
}

/* The record's head, of `bytes` bytes where that is known before reading. Returns its bytes, 0 after a failure. */
static uint64_t head(nscl_state *st, const char *name, char type, uint64_t bytes, int known)
{
    record r = {"", type, bytes}, found;
    if (st->error.code != NSCL_OK)
        return 0;
    snprintf(r.name, sizeof r.name, "%s", name);
    if (!st->in) {
        put(st, &r, sizeof r);
        return bytes;
    }
    get(st, &found, sizeof found);
    if (st->error.code == NSCL_OK && (memcmp(found.name, r.name, sizeof r.name) != 0 || found.type != type || (known && found.bytes != bytes)))
        nscl_fail(&st->error, NSCL_BAD_FILE, "'%s' is the state of another run: it has no %s of this one's size where that is looked for; begin anew", st->path,
                  name);
    return st->error.code == NSCL_OK ? found.bytes : 0;
}

static void value(nscl_state *st, const char *name, char type, void *at, size_t size)
{
    unsigned char bytes[sizeof(double)];
    if (!head(st, name, type, size, 1))
        return;
    if (!st->in) {
        put(st, at, size);
        return;
    }
    get(st, bytes, size);
    if (st->error.code == NSCL_OK)
        memcpy(at, bytes, size);
}

void nscl_state_integer(nscl_state *st, const char *name, int *at)
{
    value(st, name, 'i', at, sizeof *at);
}

void nscl_state_real(nscl_state *st, const char *name, double *at)
{
    value(st, name, 'r', at, sizeof *at);
}

void nscl_state_text(nscl_state *st, const char *name, char **text)
{
    uint64_t bytes = head(st, name, 't', st->in ? 0 : strlen(*text) + 1, 0);
    if (st->in)
        *text = NULL;
    if (!bytes)
        return;
    if (!st->in) {
        put(st, *text, bytes);
        return;
    }
    if (bytes > TEXT_MOST || !(*text = calloc(bytes + 1, 1))) {
        nscl_fail(&st->error, NSCL_NO_MEMORY, "no memory for %s of '%s'", name, st->path);
        return;
    }
    get(st, *text, bytes);
}

void nscl_state_vector(nscl_state *st, const char *name, cl_mem vector, size_t each, size_t elements, size_t n)
{
    if (!head(st, name, 'v', elements * each, 1))
        return;
    void *values = calloc(n, each);
    if (!values)
        nscl_fail(&st->error, NSCL_NO_MEMORY, "no memory for %s of '%s'", name, st->path);
    else if (st->in) {
        get(st, values, elements * each);
        if (st->error.code == NSCL_OK)
            nscl_buffer_write(st->ctx, vector, values, n * each);
    } else {
        nscl_buffer_read(st->ctx, values, vector, elements * each);
        put(st, values, elements * each);
    }
    free(values);
    if (st->ctx->error.code != NSCL_OK) /* the context keeps it: the run ends with it */
        nscl_fail(&st->error, st->ctx->error.code, "%s", st->ctx->error.text);
}

nscl_status nscl_state_close(nscl_state *st, nscl_error *error)
{
    char sum[SUM_BYTES + 1];
    if (!st)
        return NSCL_OK;
    if (st->in)
        fclose(st->in);
    else if (st->out.stream) {
        SHA256End(&st->sum, sum);
        if (st->error.code == NSCL_OK)
            put(st, sum, SUM_BYTES);
        if (st->error.code == NSCL_OK)
            nscl_file_commit(&st->out, &st->error);
        else
            nscl_file_abandon(&st->out);
    }
    nscl_status status = st->error.code;
    if (status != NSCL_OK)
        nscl_fail(error, status, "%s", st->error.text);
    free(st->path);
    free(st);
    return status;
}
