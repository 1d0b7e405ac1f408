/* Walks a MATLAB 5 file, unpacking as it goes, before matio sees it: matio takes memory for as many cells, fields and
 * dimensions as a file states. Here every element must end within the one that holds it and every count must be backed
 * by bytes, so that a damaged file is refused in bounded time and memory. Packed data are compared with their checksum. */
#include "weights_read.h"

#ifdef NSCL_HAVE_MATIO

#include <string.h>

#include <zlib.h>

/* Matrices in an element of the file. matio takes memory for each, and a few packed bytes hold thousands; a VGG has some 3000. */
#define MATRICES 100000u

enum { INT8 = 1, INT32 = 5, UINT32 = 6, MATRIX = 14, PACKED = 15, UTF32 = 18 };                /* types of elements */
enum { CELL = 1, STRUCT = 2, CHARS = 4, FIRST_NUMBER = 6, LAST_NUMBER = 15, LAST_CLASS = 17 }; /* classes of matrices */

typedef struct stream {
    const unsigned char *next; /* when not packed */
    uint64_t at, left;         /* bytes behind and before; of the unpacked data when packed */
    int big, packed;
    uint32_t matrices; /* walked through */
    z_stream z;
} stream;

typedef struct tag {
    uint32_t type, size;
    uint64_t end; /* where the element's data and padding end */
    unsigned char small[4];
    int is_small; /* the data are in the tag itself */
} tag;

static uint32_t word(const stream *s, const unsigned char *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 8 | p[s->big ? i : 3 - i];
    return v;
}

static int get(stream *s, unsigned char *out, size_t n)
{
    if (n > s->left)
        return 0;
    if (s->packed) {
        s->z.next_out = out;
        s->z.avail_out = (unsigned)n;
        int code = n ? inflate(&s->z, Z_SYNC_FLUSH) : Z_OK;
        if ((code != Z_OK && code != Z_STREAM_END) || s->z.avail_out)
            return 0;
    } else {
        memcpy(out, s->next, n);
        s->next += n;
    }
    s->at += n;
    s->left -= n;
    return 1;
}

static int skip_to(stream *s, uint64_t end)
{
    unsigned char scratch[8192];
    if (end < s->at || end - s->at > s->left)
        return 0;
    if (!s->packed) {
        s->next += end - s->at;
        s->left -= end - s->at;
        s->at = end;
    }
    while (s->at < end)
        if (!get(s, scratch, end - s->at < sizeof scratch ? (size_t)(end - s->at) : sizeof scratch))
            return 0;
    return 1;
}

/* Reads a tag whose element must end by `limit`. */
static int get_tag(stream *s, uint64_t limit, tag *t)
{
    unsigned char b[8];
    if (s->at > limit || limit - s->at < 8 || !get(s, b, 8))
        return 0;
    t->type = word(s, b);
    t->size = word(s, b + 4);
    t->is_small = t->type >> 16 != 0;
    t->end = s->at;
    if (t->is_small) {
        t->size = t->type >> 16;
        t->type &= 0xffff;
        memcpy(t->small, b + 4, 4);
        return t->size <= 4;
    }
    t->end += t->type == MATRIX || t->type == PACKED ? t->size : ((uint64_t)t->size + 7) / 8 * 8;
    return t->end <= limit;
}

/* Number of elements from the dimensions; 0 in *good when they are not dimensions. */
static uint64_t get_count(stream *s, uint64_t limit, int *good)
{
    tag t;
    unsigned char b[64];
    uint64_t count = 1;
    *good = get_tag(s, limit, &t) && t.type == INT32 && !t.is_small && t.size >= 8 && t.size <= sizeof b && t.size % 4 == 0 && get(s, b, t.size) &&
            skip_to(s, t.end);
    for (size_t i = 0; *good && i < t.size; i += 4) {
        count *= word(s, b + i);
        *good = count <= UINT32_MAX;
    }
    return count;
}

static int walk(stream *s, uint64_t limit, int depth);

static int walk_all(stream *s, uint64_t limit, uint64_t count, int depth)
{
    if (count > (limit - s->at) / 8)
        return 0;
    for (uint64_t i = 0; i < count; i++)
        if (!walk(s, limit, depth + 1))
            return 0;
    return 1;
}

static int walk_struct(stream *s, uint64_t limit, uint64_t count, int depth)
{
    tag length, names;
    if (!get_tag(s, limit, &length) || length.type != INT32 || length.size != 4)
        return 0;
    if (!length.is_small && (!get(s, length.small, 4) || !skip_to(s, length.end)))
        return 0;
    uint32_t width = word(s, length.small);
    if (!get_tag(s, limit, &names) || names.type != INT8 || width < 1 || width > 256 || names.size % width != 0 || !skip_to(s, names.end))
        return 0;
    uint64_t fields = names.size / width;
    return fields <= 4096 && walk_all(s, limit, fields * count, depth);
}

/* One element, a matrix. */
static int walk(stream *s, uint64_t limit, int depth)
{
    tag t, part;
    unsigned char flags[8];
    int good;
    if (depth > 16 || ++s->matrices > MATRICES || !get_tag(s, limit, &t) || t.type != MATRIX || t.is_small)
        return 0;
    if (t.size == 0) /* an empty matrix may be a tag alone */
        return 1;
    if (!get_tag(s, t.end, &part) || part.type != UINT32 || part.is_small || part.size != 8 || !get(s, flags, 8))
        return 0;
    uint32_t class = word(s, flags) & 255;
    uint64_t count = get_count(s, t.end, &good);
    if (!good || !get_tag(s, t.end, &part) || part.type != INT8 || part.size > 1024 || !skip_to(s, part.end))
        return 0;
    if (class == CELL)
        good = walk_all(s, t.end, count, depth);
    else if (class == STRUCT)
        good = walk_struct(s, t.end, count, depth);
    else if (class == CHARS || (class >= FIRST_NUMBER && class <= LAST_NUMBER)) /* at least a byte for each */
        good = count == 0 || (get_tag(s, t.end, &part) && part.type != MATRIX && part.type != PACKED && part.type <= UTF32 && part.size >= count);
    else /* objects, sparse matrices, functions: nothing of a network, matio passes over them */
        good = class <= LAST_CLASS;
    return good && skip_to(s, t.end);
}

static int walk_packed(const unsigned char *bytes, uint32_t size, int big)
{
    stream s = {NULL, 0, (uint64_t)2 * NSCL_WEIGHTS_LIMIT, big, 1, 0, {0}};
    unsigned char rest;
    s.z.next_in = (unsigned char *)(uintptr_t)bytes; /* zlib does not write there */
    s.z.avail_in = size;
    if (inflateInit(&s.z) != Z_OK)
        return 0;
    int good = walk(&s, s.left, 0);
    if (good) { /* the matrix was all of it, and the checksum agrees */
        s.z.next_out = &rest;
        s.z.avail_out = 1;
        good = inflate(&s.z, Z_FINISH) == Z_STREAM_END && s.z.avail_out == 1 && s.z.avail_in == 0;
    }
    inflateEnd(&s.z);
    return good;
}

int nscl_weights_check_mat(const unsigned char *bytes, size_t size)
{
    if (size < 136)
        return 0;
    stream s = {bytes + 128, 128, size - 128, bytes[126] == 'M', 0, 0, {0}};
    while (s.left > 0) {
        stream start = s;
        tag t;
        if (!get_tag(&s, size, &t) || t.is_small)
            return 0;
        if (t.type == PACKED) {
            if (t.size > s.left || !walk_packed(s.next, t.size, s.big) || !skip_to(&s, t.end))
                return 0;
        } else {
            s = start;
            if (!walk(&s, size, 0))
                return 0;
        }
    }
    return 1;
}

#endif
