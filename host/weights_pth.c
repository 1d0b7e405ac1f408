/* PyTorch's files, of both kinds: since 1.6 a zip archive of data.pkl and one member a storage, before that several
 * pickles one after another, then the storages. Both pickles are run by weights_pickle.c and make a dictionary of tensors,
 * each a view of a storage; a view is held against its storage's bytes when a VGG's name asks for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weights_names.h"
#include "weights_pickle.h"
#include "weights_zip.h"

typedef struct source {
    const char *path;
    nscl_pickle *pickle;
    const nscl_zip *zip; /* NULL: an older file, whose storages are all found already */
    char prefix[128];    /* of the zip's members: its folder, with the slash */
    char *text;          /* of the names */
    const char **names;
    uint32_t *tensors;
} source;

static nscl_status find_storage(const source *s, nscl_pickle_storage *storage, nscl_error *error)
{
    char name[sizeof s->prefix + 80];
    size_t size;
    if (storage->data)
        return NSCL_OK;
    if (storage->key_length > 64 || memchr(storage->key, '\0', storage->key_length))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': its pickle names a storage as PyTorch never does; fetch it again", s->path);
    snprintf(name, sizeof name, "%sdata/%.*s", s->prefix, (int)storage->key_length, storage->key);
    nscl_status status = nscl_zip_member(s->zip, name, &storage->data, &size, error);
    if (status != NSCL_OK)
        return status;
    if (!storage->data || size / storage->value_size < storage->count || size != storage->count * storage->value_size) {
        storage->data = NULL;
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is damaged: member '%s' should have %llu values of %d bytes, but %s; fetch it again", s->path, name,
                         (unsigned long long)storage->count, (int)storage->value_size, size ? "has others" : "is not there");
    }
    return NSCL_OK;
}

/* Sizes and strides, all of them within what `limit` values allow; the place of the last value is in *last. */
static int read_view(const nscl_pickle *p, uint32_t sizes, uint32_t strides, uint64_t limit, nscl_named_tensor *out, uint64_t *last)
{
    uint32_t size[4], stride[4], rank = nscl_pickle_count(p, sizes);
    uint64_t count = 1, packed = 1;
    *last = 0;
    if (rank < 1 || rank > 4 || nscl_pickle_count(p, strides) != rank || !nscl_pickle_items(p, sizes, size, rank) ||
        !nscl_pickle_items(p, strides, stride, rank))
        return 0;
    for (uint32_t i = 0; i < rank; i++) {
        if (nscl_pickle_kind_of(p, size[i]) != NSCL_PICKLE_NUMBER || nscl_pickle_kind_of(p, stride[i]) != NSCL_PICKLE_NUMBER)
            return 0;
        int64_t n = nscl_pickle_number(p, size[i]), step = nscl_pickle_number(p, stride[i]);
        if (n < 1 || step < 0 || (uint64_t)n > limit / count || (n > 1 && (uint64_t)step > (limit - *last) / (uint64_t)(n - 1)))
            return 0;
        out->shape[i] = (uint64_t)n;
        out->stride[i] = n > 1 ? (uint64_t)step : 0;
        count *= (uint64_t)n;
        *last += (uint64_t)(n - 1) * out->stride[i];
    }
    for (uint32_t i = rank; i-- > 0;) {
        out->strided |= out->shape[i] > 1 && out->stride[i] != packed;
        packed *= out->shape[i];
    }
    out->rank = (int)rank;
    return 1;
}

static nscl_status get_tensor(const void *user, size_t index, nscl_named_tensor *out, nscl_error *error)
{
    const source *s = user;
    uint32_t part[4] = {0};
    uint64_t last = 0;
    nscl_pickle_items(s->pickle, s->tensors[index], part, 4);
    nscl_pickle_storage *storage = nscl_pickle_storage_at(s->pickle, (size_t)nscl_pickle_number(s->pickle, part[0]));
    if (!storage->readable)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': tensor '%s' is stored as %s; nscl reads float, half, bfloat16 and double: convert it", s->path,
                         s->names[index], storage->kind);
    nscl_status status = find_storage(s, storage, error);
    if (status != NSCL_OK)
        return status;
    int64_t offset = nscl_pickle_number(s->pickle, part[1]);
    if (!read_view(s->pickle, part[2], part[3], storage->count, out, &last) || offset < 0 || (uint64_t)offset >= storage->count ||
        last >= storage->count - (uint64_t)offset)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': the shape of tensor '%s' does not fit its storage; fetch or save the file again", s->path,
                         s->names[index]);
    out->type = storage->type;
    out->data = storage->data + (size_t)offset * storage->value_size;
    return NSCL_OK;
}

/* Collects the tensors of the dictionary that the pickle made. */
static nscl_status collect(source *s, uint32_t dict, size_t *count, nscl_error *error)
{
    const nscl_pickle *p = s->pickle;
    size_t length, room = 1, used = 0;
    uint32_t key = 0, item = 0, at;
    if (nscl_pickle_kind_of(p, dict) != NSCL_PICKLE_DICT)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is of PyTorch but no dictionary of tensors; save model.state_dict() of a VGG", s->path);
    size_t entries = nscl_pickle_count(p, dict) / 2;
    for (at = nscl_pickle_first(p, dict, &key); at; at = nscl_pickle_next(p, at, &item), at = nscl_pickle_next(p, at, &key))
        if (nscl_pickle_kind_of(p, key) == NSCL_PICKLE_TEXT) {
            nscl_pickle_text(p, key, &length);
            room += length + 1;
        }
    if (room > NSCL_PICKLE_LIMIT * 4)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' has longer names than a VGG; save model.state_dict() of a VGG", s->path);
    s->text = malloc(room);
    s->names = calloc(entries + 1, sizeof *s->names);
    s->tensors = calloc(entries + 1, sizeof *s->tensors);
    if (!s->text || !s->names || !s->tensors)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the names in '%s'", s->path);
    for (at = nscl_pickle_first(p, dict, &key); at; at = nscl_pickle_next(p, at, &key)) {
        at = nscl_pickle_next(p, at, &item);
        if (nscl_pickle_kind_of(p, key) != NSCL_PICKLE_TEXT || nscl_pickle_kind_of(p, item) != NSCL_PICKLE_TENSOR)
            continue;
        const char *text = nscl_pickle_text(p, key, &length);
        s->names[*count] = s->text + used;
        s->tensors[(*count)++] = item;
        for (size_t i = 0; i < length; i++) /* what is no name matches none, and can be printed */
            s->text[used++] = (char)(text[i] > ' ' && text[i] <= '~' ? text[i] : '?');
        s->text[used++] = '\0';
    }
    if (!*count)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' holds no tensors under names; save model.state_dict() of a VGG alone", s->path);
    return NSCL_OK;
}

static nscl_status map(struct nscl_weights *w, source *s, uint32_t dict, const char *container, nscl_error *error)
{
    size_t count = 0;
    nscl_status status = collect(s, dict, &count, error);
    if (status != NSCL_OK)
        return status;
    const nscl_named_tensors tensors = {s->path, container, count, s->names, get_tensor, s};
    return nscl_weights_map(w, &tensors, error);
}

static nscl_status read_zip(struct nscl_weights *w, source *s, const unsigned char *bytes, size_t size, nscl_error *error)
{
    nscl_zip zip;
    char name[sizeof s->prefix + 16];
    const unsigned char *member;
    size_t length, at = 0;
    uint32_t dict;
    nscl_status status = nscl_zip_open(&zip, s->path, bytes, size, error);
    if (status != NSCL_OK)
        return status;
    const char *pickle = nscl_zip_first(&zip, "/data.pkl", &length);
    if (!pickle || length - 8 >= sizeof s->prefix || memchr(pickle, '\0', length))
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a zip archive, but none that torch.save made (it has no data.pkl); unpack it first", s->path);
    s->zip = &zip;
    snprintf(s->prefix, sizeof s->prefix, "%.*s", (int)(length - 8), pickle);
    snprintf(name, sizeof name, "%sbyteorder", s->prefix);
    status = nscl_zip_member(&zip, name, &member, &length, error);
    if (status == NSCL_OK && member && (length != 6 || memcmp(member, "little", 6) != 0))
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' was saved on a machine of the other byte order; save it again on a little-endian one", s->path);
    snprintf(name, sizeof name, "%sdata.pkl", s->prefix);
    if (status == NSCL_OK)
        status = nscl_zip_member(&zip, name, &member, &length, error);
    if (status == NSCL_OK)
        status = nscl_pickle_run(s->pickle, member, length, &at, &dict, error);
    if (status == NSCL_OK)
        status = map(w, s, dict, "PyTorch", error);
    return status;
}

/* The pickles before the dictionary: a magic number, a version, and the machine that saved it. */
static nscl_status read_preamble(const source *s, const unsigned char *bytes, size_t size, size_t *at, nscl_error *error)
{
    static const unsigned char magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    uint32_t value, key = 0, item = 0;
    size_t length = 0;
    nscl_status status = nscl_pickle_run(s->pickle, bytes, size, at, &value, error);
    if (status != NSCL_OK)
        return status;
    const char *text = nscl_pickle_text(s->pickle, value, &length);
    if (nscl_pickle_kind_of(s->pickle, value) != NSCL_PICKLE_BIG || length != sizeof magic || memcmp(text, magic, sizeof magic) != 0)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a Python pickle, but not one of torch.save; load it in Python and save its tensors with that", s->path);
    status = nscl_pickle_run(s->pickle, bytes, size, at, &value, error);
    if (status != NSCL_OK)
        return status;
    if (nscl_pickle_kind_of(s->pickle, value) != NSCL_PICKLE_NUMBER || nscl_pickle_number(s->pickle, value) != 1001)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a PyTorch file of a version that is not 1001; load it in PyTorch and save it again", s->path);
    status = nscl_pickle_run(s->pickle, bytes, size, at, &value, error);
    if (status != NSCL_OK)
        return status;
    int little = 0;
    for (uint32_t walk = nscl_pickle_first(s->pickle, value, &key); walk; walk = nscl_pickle_next(s->pickle, walk, &key)) {
        walk = nscl_pickle_next(s->pickle, walk, &item);
        if (!walk)
            break;
        if (nscl_pickle_is_text(s->pickle, key, "little_endian"))
            little = nscl_pickle_kind_of(s->pickle, item) == NSCL_PICKLE_BOOL && nscl_pickle_number(s->pickle, item) == 1;
    }
    if (!little)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' was saved on a machine of the other byte order; save it again on a little-endian one", s->path);
    return NSCL_OK;
}

/* After the pickles: for each key of a list, the number of values, and the values. */
static nscl_status find_storages(const source *s, uint32_t keys, const unsigned char *bytes, size_t size, size_t at, nscl_error *error)
{
    size_t count = nscl_pickle_storage_count(s->pickle), found = 0;
    uint32_t key = 0;
    for (uint32_t walk = nscl_pickle_first(s->pickle, keys, &key); walk; walk = nscl_pickle_next(s->pickle, walk, &key)) {
        nscl_pickle_storage *storage = NULL;
        size_t length;
        const char *text = nscl_pickle_text(s->pickle, key, &length);
        for (size_t i = 0; i < count && !storage && nscl_pickle_kind_of(s->pickle, key) == NSCL_PICKLE_TEXT; i++) {
            nscl_pickle_storage *other = nscl_pickle_storage_at(s->pickle, i);
            if (other->key_length == length && memcmp(other->key, text, length) == 0)
                storage = other;
        }
        if (!storage || storage->data)
            return nscl_fail(error, NSCL_BAD_FILE, "'%s' is damaged: its list of storages is not that of its tensors; fetch it again", s->path);
        uint64_t values = 0;
        for (size_t i = 8; i-- > 0 && size - at >= 8;)
            values = values << 8 | bytes[at + i];
        if (size - at < 8 || storage->count > (size - at - 8) / storage->value_size)
            return nscl_fail(error, NSCL_BAD_FILE, "'%s' is cut short: %llu values of a tensor should begin at byte %llu of %llu; fetch it again", s->path,
                             (unsigned long long)storage->count, (unsigned long long)at, (unsigned long long)size);
        if (values != storage->count)
            return nscl_fail(error, NSCL_BAD_FILE, "'%s' is damaged: byte %llu should tell %llu values; fetch it again", s->path, (unsigned long long)at,
                             (unsigned long long)storage->count);
        storage->data = bytes + at + 8;
        at += 8 + (size_t)storage->count * storage->value_size;
        found++;
    }
    if (found != count)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is damaged: its list of storages is not that of its tensors; fetch it again", s->path);
    if (at != size)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': %llu bytes follow the last tensor; fetch or save the file again", s->path,
                         (unsigned long long)(size - at));
    return NSCL_OK;
}

static nscl_status read_legacy(struct nscl_weights *w, source *s, const unsigned char *bytes, size_t size, nscl_error *error)
{
    size_t at = 0;
    uint32_t dict, keys;
    nscl_status status = read_preamble(s, bytes, size, &at, error);
    if (status == NSCL_OK)
        status = nscl_pickle_run(s->pickle, bytes, size, &at, &dict, error);
    if (status == NSCL_OK)
        status = nscl_pickle_run(s->pickle, bytes, size, &at, &keys, error);
    if (status == NSCL_OK && nscl_pickle_kind_of(s->pickle, keys) != NSCL_PICKLE_LIST)
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is damaged: it has no list of storages; fetch it again", s->path);
    if (status == NSCL_OK)
        status = find_storages(s, keys, bytes, size, at, error);
    if (status == NSCL_OK)
        status = map(w, s, dict, "PyTorch (before 1.6)", error);
    return status;
}

int nscl_weights_is_pth(const unsigned char *bytes, size_t size)
{
    return nscl_zip_is(bytes, size) || (size >= 2 && bytes[0] == 0x80 && bytes[1] >= 1 && bytes[1] <= 5);
}

/* The error, with where a good file is: the first words are a reader's. */
static nscl_status tell(const nscl_error *own, const char *path, nscl_error *error)
{
    const nscl_published *p = nscl_published_files;
    const char *network = strstr(path, "16") ? "vgg16" : "vgg19";
    while (p->network && (strcmp(p->network, network) != 0 || !strstr(p->file, ".pth")))
        p++;
    if (own->code != NSCL_BAD_FILE || !p->network)
        return nscl_fail(error, own->code, "%s", own->text);
    return nscl_fail(error, own->code, "%s; a good one is %s, published at %s (SHA-256 %s)", own->text, p->file, p->place, p->sha256);
}

nscl_status nscl_weights_read_pth(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    source s = {.path = path, .pickle = nscl_pickle_create(path)};
    nscl_error own = {0};
    nscl_status status;
    if (!s.pickle)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the pickle of '%s'", path);
    status = nscl_zip_is(bytes, size) ? read_zip(w, &s, bytes, size, &own) : read_legacy(w, &s, bytes, size, &own);
    free(s.text);
    free(s.names);
    free(s.tensors);
    nscl_pickle_free(s.pickle);
    return status == NSCL_OK ? NSCL_OK : tell(&own, path, error);
}
