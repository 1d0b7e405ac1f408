/* After the HDF5 File Format Specification: superblock versions 0 and 1, object headers of version 1, B-trees of version 1. All numbers
 * are little-endian, offsets and lengths have 8 bytes. */
#include "weights_h5_file.h"

#include <string.h>

#define WORK ((uint64_t)1 << 21) /* entries of lists and trees; to open a VGG takes some ten thousand */
#define DEPTH 8                  /* of a B-tree */
#define BLOCKS 64                /* of an object header */

enum { DATASPACE = 1, DATATYPE = 3, EXTERNAL = 7, LAYOUT = 8, FILTERS = 11, CONTINUATION = 16, SYMBOLS = 17, SHARED = 2 };

static uint64_t number(const unsigned char *p, size_t bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | p[bytes];
    return value;
}

/* The `length` bytes at an offset, NULL if they are not all there. */
static const unsigned char *at(const nscl_h5 *file, uint64_t offset, uint64_t length)
{
    return offset <= file->size && length <= file->size - offset ? file->bytes + offset : NULL;
}

/* The same of a structure that begins with a signature, if it does. */
static const unsigned char *signed_at(const nscl_h5 *file, uint64_t offset, uint64_t length, const char *signature)
{
    const unsigned char *p = at(file, offset, length);
    return p && memcmp(p, signature, 4) == 0 ? p : NULL;
}

static int spend(nscl_h5 *file, uint64_t work)
{
    int enough = work <= file->work;
    file->work -= enough ? work : file->work;
    return enough;
}

size_t nscl_h5_find_start(const unsigned char *bytes, size_t size)
{
    for (size_t start = 0; start <= 8192 && size >= 8 && start <= size - 8; start = start ? 2 * start : 512)
        if (memcmp(bytes + start, "\211HDF\r\n\032\n", 8) == 0)
            return start;
    return size;
}

nscl_h5_status nscl_h5_open(nscl_h5 *file, const unsigned char *bytes, size_t size)
{
    size_t start = nscl_h5_find_start(bytes, size);
    memset(file, 0, sizeof *file);
    file->bytes = bytes + start;
    file->size = size - start;
    file->work = WORK;
    const unsigned char *p = at(file, 0, 100);
    if (!p)
        return NSCL_H5_CUT;
    int version = p[8];
    if (version > 1) {
        file->stated = version <= 3 && p[9] == 8 ? number(p + 28, 8) : 0;
        return file->stated > file->size ? NSCL_H5_CUT : version <= 3 ? NSCL_H5_NEWER : NSCL_H5_DAMAGED;
    }
    if (p[13] != 8 || p[14] != 8)
        return NSCL_H5_DAMAGED;
    p += version == 1 ? 28 : 24; /* base, free space, end of file, driver, then the root group's entry */
    uint64_t base = number(p, 8), end = number(p + 16, 8);
    if (base != start && base != 0) /* as seen from where the file begins, or from the superblock */
        return NSCL_H5_DAMAGED;
    file->stated = end - (end >= base ? base : 0);
    file->root = number(p + 40, 8);
    if (file->stated > file->size)
        return NSCL_H5_CUT;
    file->size = file->stated; /* what follows is not the file's */
    return NSCL_H5_OK;
}

/* ---- Object headers ---- */

/* What the messages of an object say; NULL where there is none. */
typedef struct header {
    const unsigned char *space, *type, *layout, *symbols;
    size_t space_size, type_size, layout_size, symbols_size;
    int filtered, elsewhere;
} header;

static void note_message(header *h, unsigned kind, unsigned flags, const unsigned char *p, size_t size)
{
    h->filtered |= kind == FILTERS && size >= 2 && p[1] != 0;
    h->elsewhere |= kind == EXTERNAL || (flags & SHARED && (kind == DATASPACE || kind == DATATYPE));
    switch (kind) {
    case DATASPACE:
        h->space = p;
        h->space_size = size;
        break;
    case DATATYPE:
        h->type = p;
        h->type_size = size;
        break;
    case LAYOUT:
        h->layout = p;
        h->layout_size = size;
        break;
    case SYMBOLS:
        h->symbols = p;
        h->symbols_size = size;
        break;
    default: break;
    }
}

/* Messages lie in blocks, of which the first follows the header and each may tell of more. */
static nscl_h5_status read_header(nscl_h5 *file, uint64_t object, header *h)
{
    uint64_t offsets[BLOCKS], lengths[BLOCKS];
    size_t blocks = 1;
    memset(h, 0, sizeof *h);
    const unsigned char *p = at(file, object, 16);
    if (!p || p[0] != 1)
        return p && memcmp(p, "OHDR", 4) == 0 ? NSCL_H5_NEWER : NSCL_H5_DAMAGED;
    uint64_t left = number(p + 2, 2);
    offsets[0] = object + 16;
    lengths[0] = number(p + 8, 4);
    for (size_t b = 0; b < blocks; b++) {
        const unsigned char *m = at(file, offsets[b], lengths[b]);
        uint64_t rest = lengths[b];
        if (!m)
            return NSCL_H5_DAMAGED;
        while (left > 0 && rest >= 8) {
            unsigned kind = (unsigned)number(m, 2), flags = m[4];
            uint64_t size = number(m + 2, 2);
            if (size > rest - 8 || !spend(file, 1))
                return NSCL_H5_DAMAGED;
            if (kind == CONTINUATION) {
                if (size < 16 || blocks == BLOCKS)
                    return NSCL_H5_DAMAGED;
                offsets[blocks] = number(m + 8, 8);
                lengths[blocks++] = number(m + 16, 8);
            } else
                note_message(h, kind, flags, m + 8, (size_t)size);
            m += 8 + size;
            rest -= 8 + size;
            left--;
        }
    }
    return NSCL_H5_OK;
}

/* ---- Groups ---- */

/* A group's list: a tree of tables whose names are in a heap. */
typedef struct listing {
    const char *names;
    uint64_t names_size;
    const char *name; /* that is looked for */
    size_t length;
    uint64_t object;
} listing;

static nscl_h5_status search_table(nscl_h5 *file, uint64_t offset, listing *l)
{
    const unsigned char *p = signed_at(file, offset, 8, "SNOD");
    uint64_t count = p ? number(p + 6, 2) : 0;
    if (!p || p[4] != 1 || !at(file, offset, 8 + count * 40) || !spend(file, count))
        return NSCL_H5_DAMAGED;
    p += 8;
    for (uint64_t i = 0; i < count; i++, p += 40) {
        uint64_t name = number(p, 8);
        if (name >= l->names_size)
            return NSCL_H5_DAMAGED;
        if (l->names_size - name <= l->length || memcmp(l->names + name, l->name, l->length) != 0 || l->names[name + l->length])
            continue;
        l->object = number(p + 8, 8);
        return number(p + 16, 4) == 2 ? NSCL_H5_UNFIT : NSCL_H5_OK; /* 2: a soft link */
    }
    return NSCL_H5_MISSING;
}

static nscl_h5_status search_tree(nscl_h5 *file, uint64_t offset, listing *l, int depth)
{
    const unsigned char *p = signed_at(file, offset, 24, "TREE");
    uint64_t count = p ? number(p + 6, 2) : 0;
    if (!p || p[4] != 0 || depth > DEPTH || !at(file, offset, 24 + 8 + count * 16) || !spend(file, count))
        return NSCL_H5_DAMAGED;
    nscl_h5_status status = NSCL_H5_MISSING;
    for (uint64_t i = 0; i < count && status == NSCL_H5_MISSING; i++) {
        uint64_t child = number(p + 24 + 8 + i * 16, 8);
        status = p[5] ? search_tree(file, child, l, depth + 1) : search_table(file, child, l);
    }
    return status;
}

static nscl_h5_status find_one(nscl_h5 *file, uint64_t group, const char *name, size_t length, uint64_t *object)
{
    header h;
    nscl_h5_status status = read_header(file, group, &h);
    if (status != NSCL_H5_OK)
        return status;
    if (!h.symbols)
        return h.layout ? NSCL_H5_MISSING : NSCL_H5_NEWER; /* nothing is inside a dataset */
    if (h.symbols_size < 16)
        return NSCL_H5_DAMAGED;
    const unsigned char *heap = signed_at(file, number(h.symbols + 8, 8), 32, "HEAP");
    listing l = {.name = name, .length = length};
    l.names_size = heap ? number(heap + 8, 8) : 0;
    l.names = heap ? (const char *)at(file, number(heap + 24, 8), l.names_size) : NULL;
    if (!l.names)
        return NSCL_H5_DAMAGED;
    status = search_tree(file, number(h.symbols, 8), &l, 0);
    *object = l.object;
    return status;
}

nscl_h5_status nscl_h5_find(nscl_h5 *file, uint64_t group, const char *path, uint64_t *object)
{
    nscl_h5_status status = NSCL_H5_OK;
    *object = group;
    while (*path && status == NSCL_H5_OK) {
        size_t n = strcspn(path, "/");
        status = find_one(file, *object, path, n, object);
        path += n + (path[n] == '/');
    }
    return status;
}

/* ---- Datasets ---- */

static nscl_h5_status read_space(const header *h, nscl_h5_dataset *d)
{
    const unsigned char *p = h->space;
    size_t head = h->space_size >= 4 && p[0] == 1 ? 8 : 4;
    if (h->space_size < 4 || p[0] < 1 || p[0] > 2 || h->space_size < head + 8 * (size_t)p[1])
        return NSCL_H5_DAMAGED;
    d->rank = p[1];
    if (d->rank < 1 || d->rank > NSCL_H5_RANK)
        return NSCL_H5_UNFIT;
    d->count = 1;
    for (int i = 0; i < d->rank; i++) {
        uint64_t n = d->shape[i] = number(p + head + 8 * (size_t)i, 8);
        if (n < 1 || n > UINT32_MAX / d->count)
            return NSCL_H5_UNFIT;
        d->count *= n;
    }
    return NSCL_H5_OK;
}

/* IEEE's formats alone: size, then where exponent and fraction are, and how the exponent counts. */
static nscl_h5_status read_type(const header *h, nscl_h5_dataset *d)
{
    static const struct {
        nscl_value_type type;
        unsigned char sign, rest[16];
    } known[] = {
        {NSCL_VALUE_F16, 15, {2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0}},
        {NSCL_VALUE_F32, 31, {4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0}},
        {NSCL_VALUE_F64, 63, {8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0}},
    };
    const unsigned char *p = h->type;
    if (h->type_size < 8 || p[0] >> 4 < 1 || p[0] >> 4 > 3)
        return NSCL_H5_DAMAGED;
    if ((p[0] & 15) != 1 || h->type_size < 20 || p[1] & 0x40 || p[1] >> 4 != 2)
        return NSCL_H5_UNFIT;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (p[2] == known[i].sign && memcmp(p + 4, known[i].rest, sizeof known[i].rest) == 0) {
            d->type = known[i].type;
            d->big_endian = p[1] & 1;
            return NSCL_H5_OK;
        }
    return NSCL_H5_UNFIT;
}

static nscl_h5_status read_layout(const nscl_h5 *file, const header *h, nscl_h5_dataset *d)
{
    enum { COMPACT, CONTIGUOUS, CHUNKED };
    const unsigned char *p = h->layout;
    size_t size = h->layout_size, value = nscl_value_size(d->type);
    if (size < 4 || p[0] != 3)
        return size > 0 && p[0] == 4 ? NSCL_H5_NEWER : NSCL_H5_DAMAGED;
    d->bytes = d->count * value;
    switch (p[1]) {
    case COMPACT: d->data = (uint64_t)(p + 4 - file->bytes); return number(p + 2, 2) == d->bytes && d->bytes <= size - 4 ? NSCL_H5_OK : NSCL_H5_DAMAGED;
    case CONTIGUOUS:
        if (size < 18 || number(p + 10, 8) != d->bytes)
            return NSCL_H5_DAMAGED;
        d->data = number(p + 2, 8);
        return at(file, d->data, d->bytes) ? NSCL_H5_OK : NSCL_H5_DAMAGED;
    case CHUNKED:
        d->chunked = 1;
        if (p[2] != d->rank + 1 || size < 11 + 4 * (size_t)p[2] || number(p + 11 + 4 * (size_t)d->rank, 4) != value)
            return NSCL_H5_DAMAGED;
        d->index = number(p + 3, 8);
        d->bytes = value; /* of a chunk, which is somewhere in the file */
        for (size_t i = 0; i < (size_t)d->rank; i++) {
            d->chunk[i] = number(p + 11 + 4 * i, 4);
            if (d->chunk[i] < 1 || d->chunk[i] > file->size / d->bytes)
                return NSCL_H5_DAMAGED;
            d->bytes *= d->chunk[i];
        }
        return NSCL_H5_OK;
    default: return NSCL_H5_UNFIT;
    }
}

nscl_h5_status nscl_h5_dataset_open(nscl_h5 *file, uint64_t object, nscl_h5_dataset *d)
{
    header h;
    memset(d, 0, sizeof *d);
    nscl_h5_status status = read_header(file, object, &h);
    if (status != NSCL_H5_OK)
        return status;
    if (!h.space || !h.type || !h.layout)
        return NSCL_H5_DAMAGED;
    if (h.filtered || h.elsewhere)
        return h.filtered ? NSCL_H5_COMPRESSED : NSCL_H5_UNFIT;
    status = read_space(&h, d);
    if (status == NSCL_H5_OK)
        status = read_type(&h, d);
    return status == NSCL_H5_OK ? read_layout(file, &h, d) : status;
}

static void decode(const nscl_h5_dataset *d, const unsigned char *p, uint64_t count, float *out)
{
    size_t size = nscl_value_size(d->type);
    unsigned char turned[8];
    if (!d->big_endian) {
        nscl_values_decode(out, p, (size_t)count, d->type);
        return;
    }
    for (uint64_t i = 0; i < count; i++, p += size) {
        for (size_t b = 0; b < size; b++)
            turned[b] = p[size - 1 - b];
        nscl_values_decode(out + i, turned, 1, d->type);
    }
}

/* Puts a chunk, whose first value has the place `corner`, where it belongs; what sticks out at the end of a dimension is left out. */
static void place_chunk(const nscl_h5_dataset *d, const unsigned char *p, const uint64_t corner[NSCL_H5_RANK], float *out)
{
    uint64_t shape[NSCL_H5_RANK], chunk[NSCL_H5_RANK], first[NSCL_H5_RANK], i[NSCL_H5_RANK];
    for (int k = 0, lead = NSCL_H5_RANK - d->rank; k < NSCL_H5_RANK; k++) { /* all as of four dimensions */
        shape[k] = k < lead ? 1 : d->shape[k - lead];
        chunk[k] = k < lead ? 1 : d->chunk[k - lead];
        first[k] = k < lead ? 0 : corner[k - lead];
    }
    uint64_t wide = chunk[3] < shape[3] - first[3] ? chunk[3] : shape[3] - first[3];
    for (i[0] = 0; i[0] < chunk[0] && i[0] < shape[0] - first[0]; i[0]++)
        for (i[1] = 0; i[1] < chunk[1] && i[1] < shape[1] - first[1]; i[1]++)
            for (i[2] = 0; i[2] < chunk[2] && i[2] < shape[2] - first[2]; i[2]++) {
                uint64_t from = ((i[0] * chunk[1] + i[1]) * chunk[2] + i[2]) * chunk[3];
                uint64_t to = (((first[0] + i[0]) * shape[1] + first[1] + i[1]) * shape[2] + first[2] + i[2]) * shape[3] + first[3];
                decode(d, p + from * nscl_value_size(d->type), wide, out + to);
            }
}

/* The chunks under a node; each may be there once, so that no more is copied than there is to fill. */
static nscl_h5_status read_chunks(nscl_h5 *file, const nscl_h5_dataset *d, uint64_t offset, int depth, uint64_t *left, float *out)
{
    const unsigned char *p = signed_at(file, offset, 24, "TREE");
    uint64_t count = p ? number(p + 6, 2) : 0, key = 8 + 8 * ((uint64_t)d->rank + 1), corner[NSCL_H5_RANK] = {0};
    if (!p || p[4] != 1 || depth > DEPTH || !at(file, offset, 24 + key + count * (key + 8)) || !spend(file, count))
        return NSCL_H5_DAMAGED;
    nscl_h5_status status = NSCL_H5_OK;
    for (uint64_t i = 0; i < count && status == NSCL_H5_OK; i++) {
        const unsigned char *k = p + 24 + i * (key + 8);
        uint64_t child = number(k + key, 8);
        if (p[5]) {
            status = read_chunks(file, d, child, depth + 1, left, out);
            continue;
        }
        for (int r = 0; r < d->rank; r++) {
            corner[r] = number(k + 8 + 8 * (size_t)r, 8);
            if (corner[r] >= d->shape[r] || corner[r] % d->chunk[r] != 0)
                return NSCL_H5_DAMAGED;
        }
        const unsigned char *values = at(file, child, d->bytes);
        if (!values || number(k, 4) != d->bytes || !*left)
            return NSCL_H5_DAMAGED;
        (*left)--;
        place_chunk(d, values, corner, out);
    }
    return status;
}

nscl_h5_status nscl_h5_dataset_read(nscl_h5 *file, const nscl_h5_dataset *d, float *out)
{
    uint64_t chunks = 1;
    if (!d->chunked) {
        decode(d, file->bytes + d->data, d->count, out);
        return NSCL_H5_OK;
    }
    for (int i = 0; i < d->rank; i++)
        chunks *= (d->shape[i] + d->chunk[i] - 1) / d->chunk[i];
    memset(out, 0, (size_t)d->count * sizeof *out);
    return d->index == UINT64_MAX ? NSCL_H5_OK : read_chunks(file, d, d->index, 0, &chunks, out);
}
