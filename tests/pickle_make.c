/* See pickle_make.h. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "pickle_make.h"
#include "weights_values.h"

static void put(struct make_bytes *to, const void *bytes, size_t size)
{
    size_t room = 64;
    if (!size)
        return;
    while (room < to->size)
        room *= 2;
    if (!to->data || to->size + size > room) { /* else the room of powers of two suffices */
        while (room < to->size + size)
            room *= 2;
        to->data = realloc(to->data, room);
        assert(to->data);
    }
    memcpy(to->data + to->size, bytes, size);
    to->size += size;
}

static void put_number(struct make_bytes *to, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        unsigned char b = (unsigned char)(i < 8 ? value >> 8 * i & 255 : 0);
        put(to, &b, 1);
    }
}

static void put_code(struct make_bytes *to, const char *code)
{
    put(to, code, strlen(code));
}

static void put_join(struct make_bytes *to, struct make_bytes from)
{
    put(to, from.data, from.size);
    free(from.data);
}

/* ---- pickles ---- */

static void put_text(struct make_bytes *to, const char *text, enum make_pth_style style)
{
    size_t n = strlen(text);
    put_code(to, style == MAKE_PTH_PYTHON2 ? "U" : "X");
    put_number(to, n, style == MAKE_PTH_PYTHON2 ? 1 : 4);
    put(to, text, n);
}

static void put_integer(struct make_bytes *to, uint64_t value)
{
    if (value >= 0x80000000u) {
        put_code(to, "\x8a\x08");
        put_number(to, value, 8);
        return;
    }
    put_code(to, value < 256 ? "K" : value < 65536 ? "M" : "J");
    put_number(to, value, value < 256 ? 1 : value < 65536 ? 2 : 4);
}

static void put_tuple(struct make_bytes *to, const uint64_t *values, int count)
{
    put_code(to, count > 3 ? "(" : "");
    for (int i = 0; i < count; i++)
        put_integer(to, values[i]);
    put_code(to, count > 3 ? "t" : count == 3 ? "\x87" : count == 2 ? "\x86" : count == 1 ? "\x85" : ")");
}

struct tensor {
    const char *storage, *key;
    uint64_t stored, offset; /* values in the storage; where this tensor begins */
    uint64_t shape[4], stride[4];
    int rank;
};

static void put_tensor(struct make_bytes *to, const struct tensor *t, enum make_pth_style style, int view)
{
    char global[64];
    if (style == MAKE_PTH_PARAMETER)
        put_code(to, "ctorch._utils\n_rebuild_parameter\n");
    put_code(to, style == MAKE_PTH_PYTHON2 ? "ctorch._utils\n_rebuild_tensor\nq\005((" : "ctorch._utils\n_rebuild_tensor_v2\nq\005((");
    put_text(to, "storage", style);
    snprintf(global, sizeof global, "ctorch\n%s\n", t->storage);
    put_code(to, global);
    put_text(to, t->key, style);
    put_text(to, "cuda:0", style);
    put_integer(to, t->stored);
    put_code(to, view ? "NtQ" : "tQ");
    put_integer(to, t->offset);
    put_tuple(to, t->shape, t->rank);
    put_tuple(to, t->stride, t->rank);
    put_code(to, style == MAKE_PTH_PYTHON2 ? "tR"
                                           : "\x89"
                                             "ccollections\nOrderedDict\n)RtR");
    if (style == MAKE_PTH_PARAMETER)
        put_code(to, "\x88"
                     "ccollections\nOrderedDict\n)R\x87R");
}

/* Where tensor `index` (kernel, bias, kernel, ...) lies when all are in one storage. */
static uint64_t place(const struct nscl_weights *w, int index)
{
    uint64_t at = 3;
    for (int i = 0; i < index; i++)
        at += (uint64_t)w->conv[i / 2].cout * (i % 2 ? 1 : (uint64_t)w->conv[i / 2].cin * 9);
    return at;
}

static void describe(struct tensor *t, char key[16], const struct nscl_weights *w, int index, const char *storage, enum make_pth_style style)
{
    const nscl_conv_weights *c = &w->conv[index / 2];
    const uint64_t shape[4] = {(uint64_t)c->cout, (uint64_t)c->cin, 3, 3};
    memset(t, 0, sizeof *t);
    t->storage = storage;
    t->rank = index % 2 ? 1 : 4;
    t->stored = 1;
    for (int i = t->rank; i-- > 0;) {
        t->shape[i] = shape[i];
        t->stride[i] = t->stored;
        t->stored *= shape[i];
    }
    snprintf(key, 16, "%d", 20 + index);
    t->key = key;
    if (style != MAKE_PTH_PARAMETER)
        return;
    t->offset = place(w, index);
    t->stored = place(w, 2 * w->conv_count);
    snprintf(key, 16, "1");
    if (t->rank == 4) {
        t->stride[0] = 9 * shape[1];
        t->stride[1] = 1;
        t->stride[2] = 3 * shape[1];
        t->stride[3] = shape[1];
    }
}

struct make_bytes make_state_dict(const struct nscl_weights *w, char names, const char *storage, enum make_pth_style style, int view)
{
    static const int at19[] = {0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34}, at16[] = {0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28};
    const int *at = strcmp(w->arch->name, "vgg16") == 0 ? at16 : at19;
    struct make_bytes out = {NULL, 0};
    put_code(&out, "\x80\x02");
    put_code(&out, style == MAKE_PTH_PARAMETER ? "}q" : "ccollections\nOrderedDict\nq");
    put_number(&out, 0, 1);
    put_code(&out, style == MAKE_PTH_PYTHON2 ? "](" : style == MAKE_PTH_NOW ? ")R(" : "(");
    const struct tensor counter = {"LongStorage", "0", 1, 0, {0}, {0}, 0};
    for (int i = -1; i < 2 * w->conv_count; i++) {
        char name[48] = "counter", key[16];
        struct tensor t = counter;
        if (i >= 0) {
            const nscl_conv_weights *c = &w->conv[i / 2];
            if (names == 't')
                snprintf(name, sizeof name, "features.%d.%s", at[i / 2], i % 2 ? "bias" : "weight");
            else
                snprintf(name, sizeof name, "conv%d_%d.%s", c->block, c->number, i % 2 ? "bias" : "weight");
            describe(&t, key, w, i, storage, style);
        }
        put_code(&out, style == MAKE_PTH_PYTHON2 ? "](" : "");
        put_text(&out, name, style);
        put_tensor(&out, &t, style, view);
        put_code(&out, style == MAKE_PTH_PYTHON2 ? "e" : "");
    }
    if (style == MAKE_PTH_PYTHON2)
        put_code(&out, "e\x85R");
    else
        put_code(&out, "u");
    if (style == MAKE_PTH_NOW) { /* {'_metadata': {'': {'version': 1}}} */
        put_code(&out, "}");
        put_text(&out, "_metadata", style);
        put_code(&out, "}");
        put_text(&out, "", style);
        put_code(&out, "}");
        put_text(&out, "version", style);
        put_code(&out, "K\001sssb");
    }
    put_code(&out, ".");
    return out;
}

/* ---- storages ---- */

static void put_values(struct make_bytes *to, const float *values, size_t count, const char *storage)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        uint64_t wide;
        double d = (double)values[i];
        memcpy(&bits, &values[i], 4);
        memcpy(&wide, &d, 8);
        if (strcmp(storage, "DoubleStorage") == 0)
            put_number(to, wide, 8);
        else if (strcmp(storage, "BFloat16Storage") == 0)
            put_number(to, bits >> 16, 2);
        else if (strcmp(storage, "HalfStorage") == 0) { /* its encoding has a test of its own */
            unsigned char half[2];
            nscl_values_encode(half, &values[i], 1, NSCL_VALUE_F16);
            put(to, half, 2);
        } else
            put_number(to, bits, 4);
    }
}

/* Storage `key` of make_state_dict, in its own order of values. */
static struct make_bytes make_storage(const struct nscl_weights *w, int index, const char *storage, enum make_pth_style style)
{
    struct make_bytes out = {NULL, 0};
    static const float before[3] = {7, 8, 9};
    if (style != MAKE_PTH_PARAMETER) {
        const nscl_conv_weights *c = &w->conv[index / 2];
        put_values(&out, index % 2 ? c->bias : c->kernel, (size_t)c->cout * (index % 2 ? 1 : (size_t)c->cin * 9), storage);
        return out;
    }
    put_values(&out, before, 3, storage);
    for (int k = 0; k < w->conv_count; k++) {
        const nscl_conv_weights *c = &w->conv[k];
        for (int o = 0; o < c->cout; o++)
            for (int yx = 0; yx < 9; yx++)
                for (int i = 0; i < c->cin; i++)
                    put_values(&out, &c->kernel[(o * c->cin + i) * 9 + yx], 1, storage);
        put_values(&out, c->bias, (size_t)c->cout, storage);
    }
    return out;
}

/* ---- envelopes ---- */

struct make_bytes make_legacy(const void *pickle, size_t size, const void *tail, size_t tail_size)
{
    static const char magic[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.";
    struct make_bytes out = {NULL, 0};
    put(&out, magic, sizeof magic - 1);
    put_code(&out, "\x80\x02}q");
    put_number(&out, 0, 1);
    put_code(&out, "(");
    put_text(&out, "protocol_version", MAKE_PTH_NOW);
    put_code(&out, "M\xe9\x03");
    put_text(&out, "little_endian", MAKE_PTH_NOW);
    put_code(&out, "\x88");
    put_text(&out, "type_sizes", MAKE_PTH_NOW);
    put_code(&out, "}(");
    put_text(&out, "int", MAKE_PTH_NOW);
    put_code(&out, "K\004uu.");
    put(&out, pickle, size);
    put(&out, tail, tail_size);
    return out;
}

struct member {
    const char *name;
    const void *bytes;
    size_t size;
};

/* Headers as PyTorch's: no sizes before the data but behind them, and data at multiples of 64 bytes. */
static struct make_bytes zip_members(const struct member *members, int count, enum make_zip_form form)
{
    struct make_bytes out = {NULL, 0}, list = {NULL, 0};
    const unsigned flags = form == MAKE_ZIP_LOCKED ? 9 : 8, method = form == MAKE_ZIP_PACKED ? 8 : 0;
    const int wide = form == MAKE_ZIP_WIDE || form == MAKE_ZIP_LONG;
    const uint64_t more = form == MAKE_ZIP_LONG ? (uint64_t)1 << 40 : 0;
    for (int i = 0; i < count; i++) {
        const struct member *m = &members[i];
        size_t name = strlen(m->name), at = out.size, padding = (64 - (at + 30 + name + 4) % 64) % 64;
        uint32_t crc = (uint32_t)crc32(0, m->bytes, (uInt)m->size) ^ (form == MAKE_ZIP_CHECKSUM);
        put_code(&out, "PK\003\004");
        put_number(&out, 0, 2);
        put_number(&out, flags, 2);
        put_number(&out, method, 2);
        put_number(&out, 0, 16);
        put_number(&out, name, 2);
        put_number(&out, padding + 4, 2);
        put(&out, m->name, name);
        put_code(&out, "FB");
        put_number(&out, padding, 2);
        for (size_t k = 0; k < padding; k++)
            put_code(&out, "Z");
        put(&out, m->bytes, m->size);
        put_code(&out, "PK\007\010");
        put_number(&out, crc, 4);
        put_number(&out, m->size, 4);
        put_number(&out, m->size, 4);

        put_code(&list, "PK\001\002");
        put_number(&list, 0, 4);
        put_number(&list, flags, 2);
        put_number(&list, method, 2);
        put_number(&list, 0, 4);
        put_number(&list, crc, 4);
        put_number(&list, wide ? 0xffffffffu : m->size, 4);
        put_number(&list, wide ? 0xffffffffu : m->size, 4);
        put_number(&list, name, 2);
        put_number(&list, wide ? 28 : 0, 2);
        put_number(&list, 0, 10);
        put_number(&list, wide ? 0xffffffffu : at, 4);
        put(&list, m->name, name);
        if (wide) {
            put_number(&list, 1, 2);
            put_number(&list, 24, 2);
            put_number(&list, m->size + more, 8);
            put_number(&list, m->size + more, 8);
            put_number(&list, at, 8);
        }
    }
    size_t at = out.size, length = list.size;
    put_join(&out, list);
    size_t record = out.size;
    if (wide) {
        put_code(&out, "PK\006\006");
        put_number(&out, 44, 8);
        put_number(&out, 0, 12);
        put_number(&out, (uint64_t)count, 8);
        put_number(&out, (uint64_t)count, 8);
        put_number(&out, length, 8);
        put_number(&out, at, 8);
        put_code(&out, "PK\006\007");
        put_number(&out, 0, 4);
        put_number(&out, record, 8);
        put_number(&out, 1, 4);
    }
    put_code(&out, "PK\005\006");
    put_number(&out, 0, 4);
    put_number(&out, wide ? 0xffff : (uint64_t)count, 2);
    put_number(&out, wide ? 0xffff : (uint64_t)count, 2);
    put_number(&out, wide ? 0xffffffffu : length, 4);
    put_number(&out, wide ? 0xffffffffu : at, 4);
    put_number(&out, 0, 2);
    return out;
}

struct make_bytes make_zip(enum make_zip_form form, const void *pickle, size_t size, const char *name, const void *bytes, size_t bytes_size)
{
    const struct member members[2] = {{"archive/data.pkl", pickle, size}, {name, bytes, bytes_size}};
    return zip_members(members, name ? 2 : 1, form);
}

struct make_bytes make_pth(const struct nscl_weights *w, char names, const char *storage, enum make_pth_style style, int zip)
{
    struct make_bytes pickle = make_state_dict(w, names, storage, style, !zip), out, data[2 * NSCL_MAX_CONVS], tail = {NULL, 0};
    struct member members[2 * NSCL_MAX_CONVS + 3];
    char name[2 * NSCL_MAX_CONVS][24];
    const int count = style == MAKE_PTH_PARAMETER ? 1 : 2 * w->conv_count;
    const size_t value_size = strcmp(storage, "DoubleStorage") == 0 ? 8 : strcmp(storage, "FloatStorage") == 0 ? 4 : 2;
    put_code(&tail, "\x80\x02](");
    for (int i = 0; i < count; i++) {
        data[i] = make_storage(w, i, storage, style);
        snprintf(name[i], sizeof name[i], "archive/data/%d", style == MAKE_PTH_PARAMETER ? 1 : 20 + i);
        members[i + 3] = (struct member){name[i], data[i].data, data[i].size};
        put_text(&tail, name[i] + 13, style);
    }
    put_text(&tail, "0", style);
    put_code(&tail, "e.");
    for (int i = 0; i < count; i++) {
        put_number(&tail, data[i].size / value_size, 8);
        put(&tail, data[i].data, data[i].size);
    }
    put_number(&tail, 1, 8);
    put_number(&tail, 4711, 8);
    members[0] = (struct member){"archive/data.pkl", pickle.data, pickle.size};
    members[1] = (struct member){"archive/byteorder", "little", 6};
    members[2] = (struct member){"archive/data/0", "\1\2\3\4\5\6\7", 8};
    out = zip ? zip_members(members, count + 3, zip > 1 ? MAKE_ZIP_WIDE : MAKE_ZIP_PLAIN) : make_legacy(pickle.data, pickle.size, tail.data, tail.size);
    for (int i = 0; i < count; i++)
        free(data[i].data);
    free(pickle.data);
    free(tail.data);
    return out;
}

struct make_bytes make_view(uint64_t stored, uint64_t offset, int rank, const uint64_t shape[4], const uint64_t stride[4])
{
    struct make_bytes pickle = {NULL, 0}, tail = {NULL, 0};
    struct tensor kernel = {"FloatStorage", "1", stored, offset, {0}, {0}, rank};
    const struct tensor bias = {"FloatStorage", "1", stored, 1728, {64}, {1}, 1};
    for (int i = 0; i < rank; i++) {
        kernel.shape[i] = shape[i];
        kernel.stride[i] = stride[i];
    }
    put_code(&pickle, "\x80\x02}(");
    put_text(&pickle, "features.0.weight", MAKE_PTH_NOW);
    put_tensor(&pickle, &kernel, MAKE_PTH_NOW, 1);
    put_text(&pickle, "features.0.bias", MAKE_PTH_NOW);
    put_tensor(&pickle, &bias, MAKE_PTH_NOW, 1);
    put_code(&pickle, "u.");
    put_code(&tail, "\x80\x02](");
    put_text(&tail, "1", MAKE_PTH_NOW);
    put_code(&tail, "e.");
    put_number(&tail, stored, 8);
    for (int i = 0; i < 1728 + 64; i++)
        put_number(&tail, 0, 4);
    struct make_bytes out = make_legacy(pickle.data, pickle.size, tail.data, tail.size);
    free(pickle.data);
    free(tail.data);
    return out;
}
