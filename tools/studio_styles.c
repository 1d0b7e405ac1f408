#define _POSIX_C_SOURCE 200809L
#include "studio_styles.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli_describe.h"
#include "os.h"
#include "studio_process.h"

enum { MOST_STYLES = 500, STYLE_ID = 64 };

typedef struct style {
    char id[STYLE_ID];
    char *path, *name;
    int own;
} style;

struct studio_styles {
    style list[MOST_STYLES];
    int count;
    const char *folder; /* being read */
    int own;
};

static void clear(studio_styles *styles)
{
    for (int i = 0; i < styles->count; i++) {
        free(styles->list[i].path);
        free(styles->list[i].name);
    }
    styles->count = 0;
}

static int is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 || strcasecmp(dot, ".png") == 0);
}

/* The name without its extension where that is a plain word, else a number made of it; "2" and so on behind what is there already. */
static void make_id(const studio_styles *styles, char id[STYLE_ID], const char *name)
{
    char stem[48];
    unsigned hash = 5381;
    size_t n = strcspn(name, ".");
    for (const char *p = name; *p; p++)
        hash = hash * 33 + (unsigned char)*p;
    if (n && n < sizeof stem && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n)
        snprintf(stem, sizeof stem, "%.*s", (int)n, name);
    else
        snprintf(stem, sizeof stem, "style-%08x", hash);
    snprintf(id, STYLE_ID, "%s", stem);
    for (int k = 2, taken = 1; taken; k++) {
        taken = 0;
        for (int i = 0; i < styles->count && !taken; i++)
            taken = strcmp(styles->list[i].id, id) == 0;
        if (taken)
            snprintf(id, STYLE_ID, "%s-%d", stem, k);
    }
}

/* "oil_impasto.jpg" is called "Oil impasto". */
static char *make_name(const char *file)
{
    char *name = strdup(file), *dot = name ? strrchr(name, '.') : NULL;
    if (dot)
        *dot = '\0';
    for (char *p = name; p && *p; p++)
        if (*p == '_')
            *p = ' ';
    if (name && name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
    return name;
}

static void add(const char *name, void *user)
{
    studio_styles *styles = user;
    if (styles->count == MOST_STYLES || !is_picture(name))
        return;
    style *one = &styles->list[styles->count];
    *one = (style){.path = nscl_path_join(styles->folder, name), .name = make_name(name), .own = styles->own};
    make_id(styles, one->id, name);
    if (one->path && one->name && nscl_file_facts(one->path, NULL, NULL))
        styles->count++;
    else {
        free(one->path);
        free(one->name);
    }
}

/* One's own first, then by name. */
static int compare(const void *a, const void *b)
{
    const style *x = a, *y = b;
    return x->own != y->own ? y->own - x->own : strcasecmp(x->name, y->name);
}

static int read_folder(studio_styles *styles, const char *folder, int own)
{
    int before = styles->count;
    styles->folder = folder;
    styles->own = own;
    nscl_folder_each(folder, add, styles);
    return styles->count > before;
}

void studio_styles_scan(studio *s)
{
    /* Beside the program: where it is installed, and in the folder of a build. */
    static const char *const places[] = {"../share/nscl/styles", "styles"};
    char *here = studio_folder_of(s->program);
    pthread_mutex_lock(&s->lock);
    if (!s->styles)
        s->styles = calloc(1, sizeof *s->styles);
    if (s->styles) {
        int found = 0;
        clear(s->styles);
        for (size_t i = 0; here && !found && i < sizeof places / sizeof *places; i++) {
            char *folder = nscl_path_join(here, places[i]);
            found = folder && read_folder(s->styles, folder, 0);
            free(folder);
        }
        if (s->options.styles)
            read_folder(s->styles, s->options.styles, 1);
        qsort(s->styles->list, (size_t)s->styles->count, sizeof *s->styles->list, compare);
    }
    pthread_mutex_unlock(&s->lock);
    free(here);
}

json_t *studio_styles_json(studio *s)
{
    json_t *list = json_array();
    pthread_mutex_lock(&s->lock);
    for (int i = 0; s->styles && i < s->styles->count; i++) {
        const style *one = &s->styles->list[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:b}", "id", one->id, "name", nscl_json_text(one->name), "own", one->own));
    }
    pthread_mutex_unlock(&s->lock);
    return list;
}

int studio_style_find(studio *s, const char *id, char **path, char **name)
{
    *path = *name = NULL;
    pthread_mutex_lock(&s->lock);
    for (int i = 0; s->styles && i < s->styles->count && !*path; i++)
        if (strcmp(s->styles->list[i].id, id) == 0) {
            *path = strdup(s->styles->list[i].path);
            *name = strdup(s->styles->list[i].name);
        }
    pthread_mutex_unlock(&s->lock);
    if (*path && *name)
        return 1;
    free(*path);
    free(*name);
    *path = *name = NULL;
    return 0;
}

void studio_styles_free(studio *s)
{
    if (s->styles)
        clear(s->styles);
    free(s->styles);
    s->styles = NULL;
}
