/* One row of a tuning file: words apart by blanks. Whatever is not understood makes the line damaged as a whole: half a
 * row could choose worse than none. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conv.h"
#include "tuning.h"

/* ---- Numbers and ranges ---- */

/* A number with an optional k, M or G; its end to *end. NAN where there is none. */
static double number(const char *text, const char **end)
{
    char *after = NULL;
    double n = isdigit((unsigned char)*text) ? strtod(text, &after) : (double)NAN;
    if (isnan(n))
        return n;
    const char *unit = *after ? strchr("kMG", *after) : NULL;
    if (unit) {
        n *= *unit == 'k' ? 1024.0 : *unit == 'M' ? 1048576.0 : 1073741824.0;
        after++;
    }
    *end = after;
    return n;
}

/* a, a..b, a.. or ..b; 0 if it is none of them. */
static int range(const char *text, double *least, double *most)
{
    const char *end = text, *dots = strstr(text, "..");
    *least = 0;
    *most = INFINITY;
    if (!dots) {
        *least = *most = number(text, &end);
        return !isnan(*least) && !*end;
    }
    /* strtod would take the first dot for its own. */
    char first[24];
    if ((size_t)(dots - text) >= sizeof first)
        return 0;
    memcpy(first, text, (size_t)(dots - text));
    first[dots - text] = '\0';
    if (first[0]) {
        *least = number(first, &end);
        if (isnan(*least) || *end)
            return 0;
    }
    if (dots[2]) {
        *most = number(dots + 2, &end);
        if (isnan(*most) || *end)
            return 0;
    }
    return *least <= *most && (first[0] || dots[2]);
}

const char *nscl_tuning_value(const nscl_tuning_row *row, const char *key)
{
    for (int i = 0; i < row->pairs; i++)
        if (strcmp(row->pair[i].key, key) == 0)
            return row->pair[i].value;
    return NULL;
}

int nscl_tuning_fits(const nscl_tuning_row *row, const char *key, double n)
{
    const char *text = nscl_tuning_value(row, key);
    double least, most;
    return !text || (range(text, &least, &most) && n >= least && n <= most);
}

/* ---- The pattern ---- */

typedef struct property {
    const char *name;
    double value;
} property;

/* 1 fits, 0 does not, -1 is no condition. */
static int condition(const char *text, const property *properties, size_t count)
{
    size_t n = strcspn(text, "<>=");
    const char *sign = text + n, *from = sign + (sign[0] == '<' || sign[0] == '>' ? 2 : 1), *end = NULL;
    if (!*sign || ((*sign == '<' || *sign == '>') && sign[1] != '='))
        return -1;
    double wanted = number(from, &end);
    if (isnan(wanted) || *end)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (strlen(properties[i].name) == n && strncmp(properties[i].name, text, n) == 0) {
            double has = properties[i].value;
            return *sign == '<' ? has <= wanted : *sign == '>' ? has >= wanted : has >= wanted && has <= wanted;
        }
    return -1;
}

/* The same for a whole pattern, which is cut up. */
static int fits_device(char *pattern, const nscl_device_facts *f, int block)
{
    static const char *const types[] = {"cpu", "gpu", "accelerator", "other"};
    const property properties[] = {{"vector", f->vector_width},
                                   {"preferred", f->preferred_width},
                                   {"local", (double)f->local_memory},
                                   {"cache", (double)f->cache},
                                   {"memory", (double)f->memory},
                                   {"line", f->cache_line},
                                   {"units", f->compute_units},
                                   {"group", (double)f->group_limit},
                                   {"shared", f->local_is_global},
                                   {"unified", f->unified_memory},
                                   {"fp16", f->fp16},
                                   {"fp64", f->fp64},
                                   {"subgroups", f->subgroups},
                                   {"block", block}};
    if (strcmp(pattern, "*") == 0)
        return 1;
    char *rest = strchr(pattern, ':');
    if (rest)
        *rest++ = '\0';
    int type = -1, fits = 1;
    for (int i = 0; i < 4; i++)
        if (strcmp(pattern, types[i]) == 0)
            type = i;
    if (type < 0 && strcmp(pattern, "any") != 0)
        return -1;
    fits = type < 0 || type == (int)f->info.type;
    while (rest) {
        char *next = strchr(rest, ':');
        if (next)
            *next++ = '\0';
        int holds = condition(rest, properties, sizeof properties / sizeof *properties);
        if (holds < 0)
            return -1;
        fits = fits && holds;
        rest = next;
    }
    return fits;
}

/* ---- The row ---- */

static nscl_tuning_kind damaged(char *why, size_t size, const char *what, const char *word)
{
    snprintf(why, size, "%s '%s'", what, word);
    return NSCL_TUNING_DAMAGED;
}

static nscl_tuning_kind check_conv(const nscl_tuning_row *row, char *why, size_t size)
{
    const char *use = nscl_tuning_value(row, "USE");
    double least, most;
    for (int i = 0; i < row->pairs; i++) {
        const char *key = row->pair[i].key;
        if (strcmp(key, "USE") == 0)
            continue;
        if (strcmp(key, "IN") != 0 && strcmp(key, "OUT") != 0 && strcmp(key, "SIDE") != 0)
            return damaged(why, size, "unknown key", key);
        if (!range(row->pair[i].value, &least, &most))
            return damaged(why, size, "neither a number nor a range:", row->pair[i].value);
    }
    for (int i = 0; use && i < NSCL_CONV_ALGORITHMS; i++)
        if (strcmp(use, nscl_conv_names[i]) == 0)
            return NSCL_TUNING_ROW;
    return damaged(why, size, use ? "no algorithm is called" : "no USE=, the algorithm, in the row of", use ? use : row->kernel);
}

static nscl_tuning_kind check_clblast(const nscl_tuning_row *row, char *why, size_t size)
{
    const char *end = NULL;
    if (!row->kernel[8])
        return damaged(why, size, "no kernel of CLBlast named in", row->kernel);
    for (int i = 0; i < row->pairs; i++)
        if (isnan(number(row->pair[i].value, &end)) || *end)
            return damaged(why, size, "not a number:", row->pair[i].value);
    const char *gemmk = nscl_tuning_value(row, "GEMMK"), *mwg = nscl_tuning_value(row, "MWG"), *nwg = nscl_tuning_value(row, "NWG");
    if (gemmk && strcmp(gemmk, "1") == 0 && (!mwg || !nwg || strcmp(mwg, nwg) != 0))
        return damaged(why, size, "GEMMK=1 with MWG other than NWG gives wrong results:", row->kernel);
    return NSCL_TUNING_ROW;
}

static int add_pair(nscl_tuning_row *row, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t)(equals - word) : 0;
    if (!n || row->pairs == NSCL_TUNING_PAIRS || n >= sizeof row->pair[0].key || !equals[1] || strlen(equals + 1) >= sizeof row->pair[0].value)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!isupper((unsigned char)word[i]) && word[i] != '_')
            return 0;
    char *key = row->pair[row->pairs].key;
    memcpy(key, word, n);
    key[n] = '\0';
    if (nscl_tuning_value(row, key))
        return 0;
    strcpy(row->pair[row->pairs++].value, equals + 1);
    return 1;
}

/* The next word of *at, cut off where it ends; NULL at the end. */
static char *next_word(char **at)
{
    static const char blanks[] = " \t\r";
    char *word = *at + strspn(*at, blanks);
    if (!*word)
        return NULL;
    char *end = word + strcspn(word, blanks);
    *at = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

nscl_tuning_kind nscl_tuning_parse(nscl_tuning_row *row, const char *line, const nscl_device_facts *f, int block, char *why, size_t why_size)
{
    char copy[512], *at = copy;
    size_t n = strcspn(line, "#");
    memset(row, 0, sizeof *row);
    why[0] = '\0';
    if (n >= sizeof copy)
        return damaged(why, why_size, "longer than a row can be:", "...");
    memcpy(copy, line, n);
    copy[n] = '\0';
    char *pattern = next_word(&at), *kernel = pattern ? next_word(&at) : NULL, *word;
    if (!pattern)
        return NSCL_TUNING_NOTHING;
    if (!kernel || strlen(kernel) >= sizeof row->kernel)
        return damaged(why, why_size, "no kernel after", pattern);
    char whole[128];
    snprintf(whole, sizeof whole, "%s", pattern);
    int here = fits_device(pattern, f, block);
    if (here < 0)
        return damaged(why, why_size, "no pattern of devices:", whole);
    strcpy(row->kernel, kernel);
    while ((word = next_word(&at)) != NULL)
        if (!add_pair(row, word))
            return damaged(why, why_size, "not KEY=VALUE, or once too often:", word);
    nscl_tuning_kind kind = strcmp(kernel, "conv") == 0           ? check_conv(row, why, why_size)
                            : strncmp(kernel, "clblast.", 8) == 0 ? check_clblast(row, why, why_size)
                                                                  : damaged(why, why_size, "unknown kernel", kernel);
    return kind == NSCL_TUNING_ROW && !here ? NSCL_TUNING_OTHER_DEVICE : kind;
}
