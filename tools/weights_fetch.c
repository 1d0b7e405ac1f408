/* nscl-weights fetch: which file, from where, and whether what came is that file. It grows as NAME.part beside its place,
 * which the next run goes on with, and is renamed once its hash is right; a part that is whole and wrong is removed. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <md5.h>
#include <sha256.h>

#include "os.h"
#include "weights_read.h"
#include "weights_tool.h"

typedef struct goal {
    const nscl_published *file; /* what is wanted, or stands in for it */
    const char *sha256;         /* stated by hand, or NULL */
    char url[1024], name[128];
    char *folder, *path, *part;
} goal;

/* A message with the way by hand: one that a person without a network here can follow elsewhere. */
static void complain(const goal *g, const char *reason, uint64_t kept)
{
    char published[256];
    const char *address = g->url;
    if (!g->sha256) {
        snprintf(published, sizeof published, "%s%s", g->file->place, g->file->file);
        address = published;
    }
    fprintf(stderr, "nscl-weights: cannot fetch '%s': %s; ", g->url, reason);
    if (kept)
        fprintf(stderr, "%llu bytes of it are kept in '%s', and the same command goes on from there; ", (unsigned long long)kept, g->part);
    fprintf(stderr, "or fetch %s by hand and put it into '%s' as '%s'\n", address, g->folder, g->name);
}

static int fail_usage(const char *what, const char *object)
{
    fprintf(stderr, "nscl-weights: %s%s%s; see nscl-weights --help\n", what, *object ? " " : "", object);
    return WEIGHTS_USAGE;
}

static int is_hex(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    return n == 64 && !text[n];
}

/* Are the first letters of `hash` those that are known, in either case? */
static int hash_begins(const char *hash, const char *known)
{
    for (; *known; hash++, known++)
        if (tolower((unsigned char)*hash) != tolower((unsigned char)*known))
            return 0;
    return 1;
}

/* Last part of an address' path. */
static void file_of(const char *url, char *out, size_t size)
{
    size_t end = strcspn(url, "?#"), begin = end;
    while (begin > 0 && url[begin - 1] != '/')
        begin--;
    snprintf(out, size, "%.*s", (int)(end - begin < size ? end - begin : size - 1), url + begin);
}

/* Fills the goal in: 0 to go on, else the exit status plus one. */
static int choose(goal *g, const weights_fetch_options *o)
{
    char last[128] = "";
    const nscl_published *named = NULL;
    for (const nscl_published *p = nscl_published_files; p->network && !g->file; p++)
        if (strcmp(p->network, o->network) == 0)
            g->file = p;
    if (!g->file)
        return 1 + fail_usage("fetch takes vgg19 or vgg16, not", o->network);
    if (o->sha256 && (!o->from || !is_hex(o->sha256)))
        return 1 + fail_usage("--sha256 goes with --from, and has 64 hexadecimal digits, not", o->sha256);
    if (o->from) {
        if (!hash_begins(o->from, "http://") && !hash_begins(o->from, "https://"))
            return 1 + fail_usage("--from takes an address that begins with http:// or https://, not", o->from);
        if (strlen(o->from) >= sizeof g->url)
            return 1 + fail_usage("the address of --from is too long", "");
        file_of(o->from, last, sizeof last);
        for (const nscl_published *p = nscl_published_files; p->network && !named; p++)
            if (strcmp(p->network, o->network) == 0 && strcmp(p->file, last) == 0)
                named = p;
        g->file = named ? named : g->file;
        if (!g->file->md5[0] && !g->file->sha256[0] && !o->sha256)
            return 1 + fail_usage("add --sha256: no hash is published of", g->file->file);
        snprintf(g->url, sizeof g->url, "%s", o->from);
    } else
        snprintf(g->url, sizeof g->url, "%s%s", g->file->place, g->file->file);
    g->sha256 = o->sha256;
    size_t n = strlen(last);
    if (o->sha256 && n > 12 && strcmp(last + n - 12, ".safetensors") == 0)
        snprintf(g->name, sizeof g->name, "%s.safetensors", o->network);
    else
        snprintf(g->name, sizeof g->name, "%s", g->file->file);
    return 0;
}

static int make_paths(goal *g)
{
    char part[sizeof g->name + 8];
    snprintf(part, sizeof part, "%s.part", g->name);
    g->folder = nscl_user_folder('d', 1);
    if (!g->folder) {
        fprintf(stderr, "nscl-weights: there is no data folder to put '%s' into; set HOME or XDG_DATA_HOME\n", g->name);
        return 0;
    }
    g->path = nscl_path_join(g->folder, g->name);
    g->part = nscl_path_join(g->folder, part);
    return g->path && g->part;
}

/* Is the file at `path` what is wanted? `reason` says how not. */
static int is_wanted(const goal *g, const char *path, char *reason, size_t size)
{
    char hash[SHA256_DIGEST_STRING_LENGTH] = "";
    const char *known = g->sha256 ? g->sha256 : *g->file->sha256 ? g->file->sha256 : g->file->md5;
    int is_md5 = known == g->file->md5;
    if (!(is_md5 ? MD5File(path, hash) : SHA256File(path, hash))) {
        snprintf(reason, size, "'%s' cannot be read: %s", path, strerror(errno));
        return 0;
    }
    if (hash_begins(hash, known))
        return 1;
    unsigned char first[512];
    FILE *stream = fopen(path, "rb");
    size_t n = stream ? fread(first, 1, sizeof first, stream) : 0;
    if (stream)
        fclose(stream);
    const char *look = nscl_weights_look(first, n);
    snprintf(reason, size, "what came is not that file: its %s is %s, not %s%s%s", is_md5 ? "MD5" : "SHA-256", hash, known, look ? "; it is " : "",
             look ? look : "");
    return 0;
}

/* The part is whole and right: gives it its name. Closes it. */
static int finish(const goal *g, const weights_fetch_options *o, FILE *part)
{
    nscl_weights *w = NULL;
    nscl_error error = {0};
    int code = WEIGHTS_FAILED;
    if (g->sha256 && nscl_weights_open(&w, g->part, &error) != NSCL_OK) { /* the hash alone does not tell that it is a network */
        remove(g->part);
        fclose(part);
        complain(g, error.text, 0);
        return code;
    }
    if (!nscl_part_sync(part) || rename(g->part, g->path) != 0)
        fprintf(stderr, "nscl-weights: cannot write '%s': %s; the whole file is '%s'\n", g->path, strerror(errno), g->part);
    else {
        nscl_weights_free(w);
        w = NULL;
        nscl_error_clear(&error);
        if (nscl_weights_open(&w, g->path, &error) != NSCL_OK)
            fprintf(stderr, "nscl-weights: fetched, but %s\n", error.text);
        else {
            printf("'%s': %s; use it with --network %s\n", g->path, nscl_weights_text(w), o->network);
            code = WEIGHTS_DONE;
        }
    }
    fclose(part);
    nscl_weights_free(w);
    return code;
}

static int fetch(const goal *g, const weights_fetch_options *o)
{
    nscl_error error = {0};
    char reason[512] = "";
    weights_download d = {.url = g->url, .limit = NSCL_WEIGHTS_LIMIT, .stall = o->stall, .title = g->name};
    d.part = nscl_part_open(g->part, &d.size, &error);
    if (!d.part) {
        complain(g, error.text, 0);
        return WEIGHTS_FAILED;
    }
    weights_download_result result = weights_download_run(&d);
    if (result == WEIGHTS_DOWNLOAD_AGAIN) {
        if (is_wanted(g, g->part, reason, sizeof reason)) /* it was whole: only its name was missing */
            return finish(g, o, d.part);
        d.size = 0;
        result = nscl_part_clear(d.part) ? weights_download_run(&d) : WEIGHTS_DOWNLOAD_DISK;
    }
    if (result == WEIGHTS_DOWNLOAD_DONE && is_wanted(g, g->part, reason, sizeof reason))
        return finish(g, o, d.part);
    if (result == WEIGHTS_DOWNLOAD_DISK)
        snprintf(reason, sizeof reason, "'%s' cannot be written: %s; make room", g->part, d.reason);
    else if (result != WEIGHTS_DOWNLOAD_DONE)
        snprintf(reason, sizeof reason, "%s", d.reason);
    int keeps = d.size > 0 && result != WEIGHTS_DOWNLOAD_DONE;
    if (!keeps)
        remove(g->part);
    fclose(d.part);
    complain(g, reason, keeps ? d.size : 0);
    return result == WEIGHTS_DOWNLOAD_NETWORK || result == WEIGHTS_DOWNLOAD_AGAIN ? WEIGHTS_NETWORK : WEIGHTS_FAILED;
}

int weights_fetch(const weights_fetch_options *o)
{
    goal g = {0};
    char reason[512] = "";
    int code = choose(&g, o) - 1;
    if (code >= 0)
        return code;
    code = WEIGHTS_FAILED;
    nscl_file_limit_ignore();
    if (!make_paths(&g))
        goto done;
    if (nscl_file_exists(g.path) && is_wanted(&g, g.path, reason, sizeof reason)) {
        printf("'%s' is there already, and whole; use it with --network %s\n", g.path, o->network);
        code = WEIGHTS_DONE;
    } else if (nscl_file_exists(g.path) && !o->overwrite)
        fprintf(stderr, "nscl-weights: '%s' is there already, but is another file; remove it, or add --overwrite\n", g.path);
    else if (!weights_download_possible())
        complain(&g, "this build has no libcurl (install libcurl4-openssl-dev and build again)", 0);
    else
        code = fetch(&g, o);
done:
    free(g.folder);
    free(g.path);
    free(g.part);
    return code;
}
