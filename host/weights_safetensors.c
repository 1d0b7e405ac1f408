/* safetensors: eight bytes of header length, a JSON header, then the tensors' bytes, which must fill the rest without
 * gap or overlap. Every offset is checked against the file before a tensor is looked at, so that later code may trust
 * them. What the names mean is weights_names.h's. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights_names.h"

#define HEADER_LIMIT ((uint64_t)4 << 20)

typedef struct span {
    uint64_t begin, end;
} span;

typedef struct source {
    const char *path;
    json_t *header;
    const char **names;
    const unsigned char *data; /* the bytes after the header */
    uint64_t size;
} source;

/* A number of the header, which must be a whole one that a file can have. */
static int read_whole(const json_t *value, uint64_t *out)
{
    json_int_t v = json_is_integer(value) ? json_integer_value(value) : -1;
    *out = v < 0 ? 0 : (uint64_t)v;
    return v >= 0 && v <= (json_int_t)1 << 40;
}

static int read_span(const json_t *entry, span *out)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    return json_array_size(offsets) == 2 && read_whole(json_array_get(offsets, 0), &out->begin) && read_whole(json_array_get(offsets, 1), &out->end) &&
           out->begin <= out->end;
}

static int compare_spans(const void *a, const void *b)
{
    const span *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Do all tensors together fill the data exactly? */
static nscl_status check_spans(const source *s, nscl_error *error)
{
    nscl_status status = NSCL_OK;
    size_t n = 0, count = json_object_size(s->header);
    uint64_t at = 0;
    const char *key;
    json_t *entry;
    span *spans = calloc(count + 1, sizeof *spans);
    if (!spans)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the header of '%s'", s->path);
    json_object_foreach(s->header, key, entry)
    {
        if (strcmp(key, "__metadata__") == 0)
            continue;
        if (!read_span(entry, &spans[n])) {
            status = nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%.64s' has no valid data_offsets; fetch or convert the file again", s->path, key);
            goto done;
        }
        if (spans[n].end > s->size) {
            status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is cut short or damaged: tensor '%.64s' ends at byte %llu of %llu; fetch it again", s->path, key,
                               (unsigned long long)spans[n].end, (unsigned long long)s->size);
            goto done;
        }
        n++;
    }
    qsort(spans, n, sizeof *spans, compare_spans);
    for (size_t i = 0; i < n; i++) {
        if (spans[i].begin != at) {
            status = nscl_fail(error, NSCL_BAD_FILE, "'%s': its tensors %s at byte %llu; fetch or convert the file again", s->path,
                               spans[i].begin < at ? "overlap" : "leave a gap", (unsigned long long)at);
            goto done;
        }
        at = spans[i].end;
    }
    if (at != s->size)
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s': %llu bytes follow the last tensor; fetch or convert the file again", s->path,
                           (unsigned long long)(s->size - at));
done:
    free(spans);
    return status;
}

static nscl_status get_tensor(const void *user, size_t index, nscl_named_tensor *out, nscl_error *error)
{
    const source *s = user;
    const char *name = s->names[index];
    const json_t *entry = json_object_get(s->header, name), *shape = json_object_get(entry, "shape");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    span at;
    if (!type || !nscl_value_type_find(type, &out->type))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%s' is of type '%.16s'; nscl reads F32, F16, BF16 and F64: convert it", s->path, name,
                         type ? type : "none");
    size_t rank = json_array_size(shape);
    uint64_t count = 1;
    int good = json_is_array(shape) && rank >= 1 && rank <= 4 && read_span(entry, &at);
    for (size_t i = 0; good && i < rank; i++) {
        good = read_whole(json_array_get(shape, i), &out->shape[i]) && out->shape[i] > 0 && out->shape[i] <= s->size / count;
        count *= out->shape[i];
    }
    if (!good || count > s->size / nscl_value_size(out->type) || at.end - at.begin != count * nscl_value_size(out->type))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': the shape of tensor '%s' does not fit its bytes; fetch or convert the file again", s->path, name);
    out->rank = (int)rank;
    out->data = s->data + at.begin;
    return NSCL_OK;
}

static nscl_status map(struct nscl_weights *w, source *s, nscl_error *error)
{
    const char *key;
    json_t *entry;
    size_t count = 0;
    s->names = calloc(json_object_size(s->header) + 1, sizeof *s->names);
    if (!s->names)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the header of '%s'", s->path);
    json_object_foreach(s->header, key, entry) s->names[count++] = key;
    const nscl_named_tensors tensors = {s->path, "safetensors", count, s->names, get_tensor, s};
    nscl_status status = nscl_weights_map(w, &tensors, error);
    free(s->names);
    return status;
}

nscl_status nscl_weights_read_safetensors(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    nscl_status status;
    source s = {.path = path};
    json_error_t reason;
    uint64_t length = 0;
    for (size_t i = 8; i-- > 0 && size >= 8;)
        length = length << 8 | bytes[i];
    if (size < 8 || length > size - 8)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is cut short: its header has %llu bytes, the whole file %llu; fetch or convert it again", path,
                         (unsigned long long)length, (unsigned long long)size);
    if (length > HEADER_LIMIT)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': a header of %llu bytes is not a VGG's; convert the file again", path, (unsigned long long)length);
    s.data = bytes + 8 + length;
    s.size = size - 8 - length;
    s.header = json_loadb((const char *)bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &reason);
    if (!json_is_object(s.header)) {
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s': its safetensors header is damaged (%.80s); fetch or convert the file again", path,
                           s.header ? "no object" : reason.text);
        goto done;
    }
    status = check_spans(&s, error);
    if (status != NSCL_OK)
        goto done;
    const json_t *metadata = json_object_get(s.header, "__metadata__");
    const char *network = json_string_value(json_object_get(metadata, "nscl.network")), *input = json_string_value(json_object_get(metadata, "nscl.input"));
    if (network) {
        for (const nscl_arch *a = nscl_archs; a->name; a++)
            if (strcmp(network, a->name) == 0)
                w->arch = a;
        if (!w->arch || !input) {
            status = nscl_fail(error, NSCL_BAD_FILE, "'%s': metadata nscl.network '%.32s' %s; convert the file again with nscl-weights", path, network,
                               w->arch ? "is without nscl.input" : "is none of vgg19, vgg16, narrow");
            goto done;
        }
    }
    status = map(w, &s, error);
    if (status != NSCL_OK)
        goto done;
    if (input) /* ours, or stated by hand where what is found by itself would be wrong */
        status = nscl_input_parse(&w->input, input, path, error);
done:
    json_decref(s.header);
    return status;
}
