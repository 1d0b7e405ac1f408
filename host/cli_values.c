#include "cli_values.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

_Static_assert(sizeof(nscl_pooling) == sizeof(int) && sizeof(nscl_preset) == sizeof(int), "choices are set as ints");

#define MAX_WORD 64 /* of one number or layer name in a list */

int nscl_option_takes_many(const nscl_option *row)
{
    return row->kind == NSCL_OPTION_FILES || row->kind == NSCL_OPTION_REALS || row->kind == NSCL_OPTION_LAYERS || row->kind == NSCL_OPTION_WEIGHTS;
}

const char *nscl_option_choice(const nscl_option *row, int index, int *value)
{
    if (row->kind == NSCL_OPTION_PRESET) {
        *value = index;
        return nscl_preset_name((nscl_preset)index);
    }
    *value = row->choices[index].value;
    return row->choices[index].name;
}

char *nscl_option_range(const nscl_option *row, char *text, size_t size)
{
    size_t used = 0;
    int value;
    text[0] = '\0';
    switch (row->kind) {
    case NSCL_OPTION_CHOICE:
    case NSCL_OPTION_PRESET:
        for (int i = 0; nscl_option_choice(row, i, &value) && used < size; i++)
            used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", nscl_option_choice(row, i, &value));
        break;
    case NSCL_OPTION_INTEGER:
    case NSCL_OPTION_LONG:
    case NSCL_OPTION_REAL:
    case NSCL_OPTION_REALS:
    case NSCL_OPTION_WEIGHTS:
        if (isinf(row->high))
            snprintf(text, size, row->low > 0 && row->low < 1e-300 ? "above 0" : "at least %.15g", row->low);
        else
            snprintf(text, size, row->high > 0.9 && row->high < 1 ? "%.15g to below %.0f" : "%.15g to %.15g", row->low, row->high);
        break;
    default: break;
    }
    return text;
}

static nscl_status bad_value(const nscl_option *row, const char *word, const char *what, nscl_error *error)
{
    char range[256];
    return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: '%s' is %s; give a number, %s", row->name, word, what, nscl_option_range(row, range, sizeof range));
}

static nscl_status parse_real(const nscl_option *row, const char *word, double *out, nscl_error *error)
{
    char *end;
    /* strtod would take hexadecimal numbers and "nan" too. */
    if (!word[0] || word[strspn(word, "0123456789+-.eE")])
        return bad_value(row, word, "not a number", error);
    double value = strtod(word, &end);
    if (*end)
        return bad_value(row, word, "not a number", error);
    if (!isfinite(value) || value < row->low || value > row->high)
        return bad_value(row, word, "out of range", error);
    *out = value;
    return NSCL_OK;
}

/* Whole numbers up to 2^63 - 1, so that JSON can hold them. */
static nscl_status parse_whole(const nscl_option *row, const char *word, long long *out, nscl_error *error)
{
    char *end;
    if (!word[0] || word[strspn(word, "0123456789+-")])
        return bad_value(row, word, "not a whole number", error);
    errno = 0;
    long long value = strtoll(word, &end, 10);
    if (*end)
        return bad_value(row, word, "not a whole number", error);
    if (errno == ERANGE || (double)value < row->low || (double)value > row->high)
        return bad_value(row, word, "out of range", error);
    *out = value;
    return NSCL_OK;
}

static nscl_status parse_choice(const nscl_option *row, const char *word, int *out, nscl_error *error)
{
    char range[256];
    const char *name;
    int value;
    for (int i = 0; (name = nscl_option_choice(row, i, &value)) != NULL; i++)
        if (!strcmp(name, word)) {
            *out = value;
            return NSCL_OK;
        }
    return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: '%s' is not known; give one of %s", row->name, word, nscl_option_range(row, range, sizeof range));
}

/* The next item of a list whose words may themselves hold several, with commas between. `word` and `place` are where
 * the last call stopped, 0 at first. Returns 1 with an item, 0 at the end, -1 when it is too long to be any. */
static int next_item(const nscl_values *values, int *word, size_t *place, char item[MAX_WORD])
{
    for (; *word < values->count; (*word)++, *place = 0) {
        const char *text = values->words[*word] + *place;
        size_t skipped = strspn(text, ","), n = strcspn(text + skipped, ",");
        *place += skipped + n;
        if (!n)
            continue;
        snprintf(item, MAX_WORD, "%.*s", (int)(n < MAX_WORD ? n : MAX_WORD - 1), text + skipped);
        return n < MAX_WORD ? 1 : -1;
    }
    return 0;
}

static int count_items(const nscl_values *values)
{
    char item[MAX_WORD];
    size_t place = 0;
    int word = 0, n = 0;
    while (next_item(values, &word, &place, item))
        n++;
    return n;
}

/* The numbers of a list that must be `wanted` long; `things` says of what in the message. */
static nscl_status parse_reals(const nscl_option *row, const nscl_values *values, int wanted, const char *things, double *out, nscl_error *error)
{
    char item[MAX_WORD];
    size_t place = 0;
    int word = 0, n = count_items(values);
    for (int i = 0; i < n; i++) {
        int found = next_item(values, &word, &place, item);
        double value = 0;
        if (found < 0)
            return bad_value(row, item, "not a number", error);
        nscl_status status = parse_real(row, item, &value, error);
        if (status != NSCL_OK)
            return status;
        if (i < wanted)
            out[i] = value;
    }
    if (n != wanted)
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: %d value%s for %d %s%s; give one for each", row->name, n, n == 1 ? "" : "s", wanted, things,
                             wanted == 1 ? "" : "s");
    return NSCL_OK;
}

/* relu4_2 for Keras' block4_conv2, which is the same layer; any other name as it is. */
static void canonical_layer(const char *name, char out[MAX_WORD])
{
    int block, number, end = 0;
    if (sscanf(name, "block%1d_conv%1d%n", &block, &number, &end) == 2 && !name[end])
        snprintf(out, MAX_WORD, "relu%d_%d", block, number);
    else
        snprintf(out, MAX_WORD, "%s", name);
}

static nscl_status set_layers(const nscl_option *row, nscl_layer_weight *layers, int *count, const nscl_values *values, nscl_error *error)
{
    char item[MAX_WORD], name[MAX_WORD], other[MAX_WORD];
    size_t place = 0;
    double sum = 0;
    int word = 0, found, n = 0;
    for (int i = 0; i < *count; i++)
        sum += layers[i].weight;
    /* A preset whose several weights sum to 1 shares that out among the new layers; else each counts in full. */
    int shared = *count > 1 && fabs(sum - 1) < 1e-9;
    while ((found = next_item(values, &word, &place, item)) != 0) {
        if (found < 0 || strlen(item) >= sizeof layers[0].name)
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: '%s' is no layer's name; layers are called relu4_2, conv4_2 or block4_conv2", row->name,
                                 item);
        if (n == NSCL_MAX_LAYERS)
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: more than %d layers; give fewer", row->name, NSCL_MAX_LAYERS);
        canonical_layer(item, name);
        for (int i = 0; i < n; i++) {
            canonical_layer(layers[i].name, other);
            if (!strcmp(name, other))
                return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: layer '%s' is given twice; give it once", row->name, item);
        }
        snprintf(layers[n++].name, sizeof layers[0].name, "%.*s", (int)sizeof layers[0].name - 1, item);
    }
    for (int i = 0; i < n; i++)
        layers[i].weight = shared ? 1.0 / n : 1.0;
    *count = n;
    return NSCL_OK;
}

static nscl_status set_weights(const nscl_option *row, nscl_layer_weight *layers, int count, const nscl_values *values, nscl_error *error)
{
    double weights[NSCL_MAX_LAYERS];
    nscl_status status = parse_reals(row, values, count, "layer", weights, error);
    for (int i = 0; i < count && status == NSCL_OK; i++)
        layers[i].weight = weights[i];
    return status;
}

static nscl_status set_files(const nscl_option *row, const char **files, int *count, const nscl_values *values, nscl_error *error)
{
    if (values->count > NSCL_MAX_STYLES)
        return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: %d files are more than the %d allowed; give fewer", row->name, values->count, NSCL_MAX_STYLES);
    for (int i = 0; i < values->count; i++) {
        if (!values->words[i][0])
            return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: a file's name is empty; give %s", row->name, row->argument);
        files[i] = values->words[i];
    }
    *count = values->count;
    return NSCL_OK;
}

static nscl_status set_number(const nscl_option *row, void *place, const char *word, nscl_error *error)
{
    long long whole = 0;
    nscl_status status = parse_whole(row, word, &whole, error);
    if (status == NSCL_OK && row->kind == NSCL_OPTION_LONG)
        *(uint64_t *)place = (uint64_t)whole;
    else if (status == NSCL_OK)
        *(int *)place = (int)whole; /* every INTEGER row's range is within int's */
    return status;
}

nscl_status nscl_option_missing(const nscl_option *row, nscl_error *error)
{
    char range[256];
    nscl_option_range(row, range, sizeof range);
    return nscl_cli_fail(error, NSCL_BAD_ARGUMENT, "--%s: its value is missing; give %s%s%s", row->name, row->argument, range[0] ? ": " : "", range);
}

nscl_status nscl_option_set(const nscl_option *row, nscl_options *options, const nscl_values *values, nscl_error *error)
{
    void *place = (char *)options + row->at;
    int *count = (int *)(void *)((char *)options + row->count_at);
    nscl_status status = NSCL_OK;
    int value = 0;
    if (row->kind == NSCL_OPTION_FLAG) {
        *(int *)place = 1;
        return NSCL_OK;
    }
    int many = nscl_option_takes_many(row);
    int empty = !values->count || (!many && !values->words[0][0]) || (many && row->kind != NSCL_OPTION_FILES && !count_items(values));
    if (empty)
        return nscl_option_missing(row, error);
    switch (row->kind) {
    case NSCL_OPTION_TEXT: *(const char **)place = values->words[0]; break;
    case NSCL_OPTION_FILES: return set_files(row, place, count, values, error);
    case NSCL_OPTION_INTEGER:
    case NSCL_OPTION_LONG: return set_number(row, place, values->words[0], error);
    case NSCL_OPTION_REAL: return parse_real(row, values->words[0], place, error);
    case NSCL_OPTION_CHOICE:
    case NSCL_OPTION_PRESET:
        status = parse_choice(row, values->words[0], &value, error);
        if (status != NSCL_OK)
            break;
        if (row->kind == NSCL_OPTION_PRESET)
            nscl_settings_init(&options->settings, (nscl_preset)value);
        else
            memcpy(place, &value, sizeof value);
        break;
    case NSCL_OPTION_REALS: return parse_reals(row, values, *count, "style", place, error);
    case NSCL_OPTION_LAYERS: return set_layers(row, place, count, values, error);
    case NSCL_OPTION_WEIGHTS: return set_weights(row, place, *count, values, error);
    default: break;
    }
    return status;
}
