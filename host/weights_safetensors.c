/* safetensors: eight bytes of header length, a JSON header, then the tensors' bytes, which must fill the rest without
 * gap or overlap. Every offset is checked against the file before a tensor is looked at, so that later code may trust
 * them. Tensors are named as torchvision (features.N), Gatys and this program (conv1_1) do; all are OIHW. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "weights_read.h"
#include "weights_values.h"

#define HEADER_LIMIT ((uint64_t)4 << 20)

typedef struct span {
    uint64_t begin, end;
} span;

typedef struct source {
    const char *path;
    json_t *header;
    const unsigned char *data; /* the bytes after the header */
    uint64_t size;
} source;

typedef struct tensor {
    nscl_value_type type;
    int rank;
    uint64_t shape[4];
    const unsigned char *data;
} tensor;

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

static nscl_status get_tensor(const source *s, const char *name, tensor *out, nscl_error *error)
{
    const json_t *entry = json_object_get(s->header, name), *shape = json_object_get(entry, "shape");
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    span at;
    memset(out, 0, sizeof *out);
    if (!entry)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' has no tensor '%s'; convert the whole network again", s->path, name);
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

static nscl_status read_conv(struct nscl_weights *w, const source *s, const char *stem, int block, int number, nscl_error *error)
{
    char name[64];
    tensor kernel, bias;
    snprintf(name, sizeof name, "%s.weight", stem);
    if (get_tensor(s, name, &kernel, error) != NSCL_OK)
        return NSCL_BAD_FILE;
    if (kernel.rank != 4)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%s' has %d dimensions, not 4 (batch normalisation? Use a VGG without)", s->path, name,
                         kernel.rank);
    snprintf(name, sizeof name, "%s.bias", stem);
    if (get_tensor(s, name, &bias, error) != NSCL_OK)
        return NSCL_BAD_FILE;
    if (bias.rank != 1)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%s' has %d dimensions, not 1; convert the file again", s->path, name, bias.rank);
    nscl_conv_weights *c = nscl_weights_add(w, s->path, block, number, kernel.shape, bias.shape[0], error);
    if (!c)
        return NSCL_BAD_FILE;
    nscl_values_decode(c->kernel, kernel.data, (size_t)c->cout * (size_t)c->cin * 9, kernel.type);
    nscl_values_decode(c->bias, bias.data, (size_t)c->cout, bias.type);
    return NSCL_OK;
}

/* conv1_1.weight, conv1_1.bias, ... */
static nscl_status read_caffe_names(struct nscl_weights *w, const source *s, nscl_error *error)
{
    nscl_status status = NSCL_OK;
    for (int i = 0; i < NSCL_BLOCKS * 4 && status == NSCL_OK; i++) {
        char stem[32], name[48];
        snprintf(stem, sizeof stem, "conv%d_%d", i / 4 + 1, i % 4 + 1);
        snprintf(name, sizeof name, "%s.weight", stem);
        if (json_object_get(s->header, name))
            status = read_conv(w, s, stem, i / 4 + 1, i % 4 + 1, error);
    }
    return status;
}

/* features.N.weight: N counts convolutions, ReLUs (one each) and poolings (one a block). */
static nscl_status read_torchvision_names(struct nscl_weights *w, const source *s, nscl_error *error)
{
    char name[48], stem[32];
    const char *key;
    json_t *entry;
    if (json_object_get(s->header, "features.1.weight") || json_object_get(s->header, "features.1.running_mean"))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a VGG with batch normalisation, which nscl does not run; use vgg19 or vgg16, not vgg19_bn or vgg16_bn",
                         s->path);
    /* conv4_1 is features.19 in both; conv3_4 is 16 in VGG-19 alone, and a prefix up to conv3_3 is the same in both. */
    int is16 = json_object_get(s->header, "features.17.weight") != NULL;
    const nscl_arch *arch = &nscl_archs[is16 ? 1 : 0];
    nscl_status status = NSCL_OK;
    size_t used = 0, there = 0;
    int index = 0;
    for (int b = 0; b < NSCL_BLOCKS; b++, index++)
        for (int n = 0; n < arch->convs[b]; n++, index += 2) {
            snprintf(stem, sizeof stem, "features.%d", index);
            snprintf(name, sizeof name, "%s.weight", stem);
            if (!json_object_get(s->header, name))
                continue;
            used++;
            status = read_conv(w, s, stem, b + 1, n + 1, error);
            if (status != NSCL_OK)
                return status;
        }
    json_object_foreach(s->header, key, entry)
    {
        size_t length = strlen(key);
        there += strncmp(key, "features.", 9) == 0 && length > 7 && strcmp(key + length - 7, ".weight") == 0;
    }
    if (used != there)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' has features at places where VGG-19 and VGG-16 have none (is it VGG-11 or VGG-13?); use vgg19 or vgg16",
                         s->path);
    return NSCL_OK;
}

nscl_status nscl_weights_read_safetensors(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    nscl_status status;
    source s = {path, NULL, NULL, 0};
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
    int features = !network && json_object_get(s.header, "features.0.weight");
    status = features ? read_torchvision_names(w, &s, error) : read_caffe_names(w, &s, error);
    if (status != NSCL_OK)
        goto done;
    w->input = nscl_input_is_caffe(w, !features) ? nscl_input_caffe(1) : nscl_input_torchvision();
    snprintf(w->format, sizeof w->format, "%s", network ? "nscl safetensors" : features ? "safetensors, torchvision names" : "safetensors, Caffe names");
    if (input) /* ours, or stated by hand where what is found by itself would be wrong */
        status = nscl_input_parse(&w->input, input, path, error);
done:
    json_decref(s.header);
    return status;
}
