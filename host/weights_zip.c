/* A list of members lies at the end of the file, and the record that says where is the last thing in it. PyTorch adds
 * the 64-bit form of that record, which is used where the 32-bit one has not the room. */
#include "weights_zip.h"

#include <string.h>
#include <zlib.h>

#define MEMBER_LIMIT 100000 /* members; a VGG has 40 */

enum { RECORD = 22, LOCATOR = 20, RECORD64 = 56, ENTRY = 46, LOCAL = 30 }; /* sizes of what is fixed */

typedef struct member {
    const char *name;
    size_t name_length;
    unsigned flags, method;
    uint64_t packed, size, crc, local; /* `local`: offset of the header before the data */
} member;

static uint64_t number(const unsigned char *p, int bytes)
{
    uint64_t value = 0;
    while (bytes-- > 0)
        value = value << 8 | p[bytes];
    return value;
}

static int is(const unsigned char *p, unsigned char a, unsigned char b)
{
    return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

int nscl_zip_is(const unsigned char *bytes, size_t size)
{
    return size >= 4 && (is(bytes, 3, 4) || is(bytes, 5, 6));
}

static nscl_status damaged(const nscl_zip *zip, const char *what, nscl_error *error)
{
    return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a zip archive, but cut short or damaged (%s); fetch it again", zip->path, what);
}

/* The member listed at *at, which goes on to the next; 0 if the list is damaged. */
static int next(const nscl_zip *zip, size_t *at, member *m)
{
    const unsigned char *p = zip->bytes + *at;
    if (zip->directory_end - *at < ENTRY || !is(p, 1, 2))
        return 0;
    size_t name = (size_t)number(p + 28, 2), extra = (size_t)number(p + 30, 2), comment = (size_t)number(p + 32, 2);
    if (zip->directory_end - *at - ENTRY < name + extra + comment)
        return 0;
    m->flags = (unsigned)number(p + 8, 2);
    m->method = (unsigned)number(p + 10, 2);
    m->crc = number(p + 16, 4);
    m->name = (const char *)p + ENTRY;
    m->name_length = name;
    uint64_t *const wide[3] = {&m->size, &m->packed, &m->local};
    static const int places[3] = {24, 20, 42};
    for (int i = 0; i < 3; i++)
        *wide[i] = number(p + places[i], 4);
    /* Field 1 of the extra ones holds, in this order, those of them that need 64 bits. */
    const unsigned char *x = p + ENTRY + name, *end = x + extra;
    while (end - x >= 4) {
        size_t length = (size_t)number(x + 2, 2), used = 0;
        if (length > (size_t)(end - x - 4))
            break;
        for (int i = 0; i < 3 && number(x, 2) == 1; i++)
            if (*wide[i] == 0xffffffffu && used + 8 <= length) {
                *wide[i] = number(x + 4 + used, 8);
                used += 8;
            }
        x += 4 + length;
    }
    *at += ENTRY + name + extra + comment;
    return 1;
}

/* Offset of the record at the end, which a comment may follow; `size` if there is none. */
static size_t find_record(const unsigned char *bytes, size_t size)
{
    for (size_t back = RECORD; back <= size && back <= RECORD + 65535u; back++)
        if (is(bytes + size - back, 5, 6) && number(bytes + size - back + 20, 2) == back - RECORD)
            return size - back;
    return size;
}

nscl_status nscl_zip_open(nscl_zip *zip, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    zip->path = path;
    zip->bytes = bytes;
    zip->size = size;
    size_t record = find_record(bytes, size);
    if (record == size)
        return damaged(zip, "it has no list of members", error);
    const unsigned char *p = bytes + record;
    uint64_t count = number(p + 10, 2), length = number(p + 12, 4), at = number(p + 16, 4);
    if (record >= LOCATOR && is(p - LOCATOR, 6, 7)) {
        uint64_t where = number(p - LOCATOR + 8, 8);
        if (where > record - LOCATOR || record - LOCATOR - where < RECORD64 || !is(bytes + where, 6, 6))
            return damaged(zip, "its list of members is not where it says", error);
        count = number(bytes + where + 32, 8);
        length = number(bytes + where + 40, 8);
        at = number(bytes + where + 48, 8);
        record = (size_t)where;
    }
    if (at > record || length > record - at)
        return damaged(zip, "its list of members is not where it says", error);
    if (count > MEMBER_LIMIT)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a zip archive of %llu members, which is not a VGG; use vgg19 or vgg16", path,
                         (unsigned long long)count);
    zip->directory = (size_t)at;
    zip->directory_end = (size_t)(at + length);
    zip->count = count;
    member m;
    size_t walk = zip->directory;
    for (uint64_t i = 0; i < count; i++)
        if (!next(zip, &walk, &m))
            return damaged(zip, "its list of members is damaged", error);
    if (walk != zip->directory_end)
        return damaged(zip, "its list of members is damaged", error);
    return NSCL_OK;
}

const char *nscl_zip_first(const nscl_zip *zip, const char *end, size_t *length)
{
    size_t at = zip->directory, n = strlen(end);
    member m;
    for (uint64_t i = 0; i < zip->count && next(zip, &at, &m); i++)
        if (m.name_length >= n && memcmp(m.name + m.name_length - n, end, n) == 0 && !memchr(m.name, '/', m.name_length - n)) {
            *length = m.name_length;
            return m.name;
        }
    return NULL;
}

nscl_status nscl_zip_member(const nscl_zip *zip, const char *name, const unsigned char **out, size_t *size, nscl_error *error)
{
    size_t at = zip->directory, length = strlen(name);
    member m, found = {0};
    *out = NULL;
    *size = 0;
    for (uint64_t i = 0; i < zip->count && next(zip, &at, &m); i++)
        if (m.name_length == length && memcmp(m.name, name, length) == 0) {
            if (found.name)
                return nscl_fail(error, NSCL_BAD_FILE, "'%s' has member '%s' twice; save or fetch the file again", zip->path, name);
            found = m;
        }
    if (!found.name)
        return NSCL_OK;
    if (found.flags & 1)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is encrypted; unpack it and save it again with torch.save", zip->path);
    if (found.method != 0)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s': member '%s' is compressed, which torch.save does not do; unpack the archive and pack it with 'zip -0 -r'",
                         zip->path, name);
    const unsigned char *p = zip->bytes + (found.local <= zip->size ? found.local : 0);
    if (found.local > zip->directory || zip->directory - found.local < LOCAL || !is(p, 3, 4))
        return damaged(zip, name, error);
    uint64_t before = LOCAL + number(p + 26, 2) + number(p + 28, 2), room = zip->directory - found.local;
    if (before > room || found.size > room - before || found.packed != found.size || number(p + 26, 2) != length || memcmp(p + LOCAL, name, length) != 0)
        return damaged(zip, name, error);
    p += before;
    uLong crc = crc32_z(0, p, (z_size_t)found.size);
    if (crc != found.crc)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is damaged: member '%s' has not the checksum that the archive states; fetch it again", zip->path, name);
    *out = p;
    *size = (size_t)found.size;
    return NSCL_OK;
}
