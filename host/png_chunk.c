/* PNG's chunks: a walk of our own, so that nothing compressed can make libpng take memory. */
#include "png_chunk.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "picture.h"

#define SIGNATURE_SIZE 8
#define EXIF_SIZE ((size_t)192 << 10) /* 64 KiB of EXIF in hexadecimal, with line ends */

struct chunk {
    const unsigned char *type, *data; /* the type's four letters */
    size_t size;
};

static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The next whole chunk of one of the types in the list, four letters each, with a right checksum, up to the end chunk.
 * *at begins as 0. */
static int chunk_next(struct chunk *chunk, const unsigned char *bytes, size_t size, size_t *at, const char *types)
{
    if (!*at)
        *at = SIGNATURE_SIZE;
    while (*at < size && size - *at >= 12) {
        const unsigned char *p = bytes + *at;
        size_t n = get32(p);
        if (n > PNG_UINT_31_MAX || n > size - *at - 12 || memcmp(p + 4, "IEND", 4) == 0)
            return 0;
        *at += n + 12;
        for (const char *type = types; *type; type += 4)
            if (memcmp(p + 4, type, 4) == 0 && get32(p + 8 + n) == (uint32_t)crc32(crc32(0, NULL, 0), p + 4, (uInt)n + 4)) {
                *chunk = (struct chunk){p + 4, p + 8, n};
                return 1;
            }
    }
    return 0;
}

static int is_type(const struct chunk *chunk, const char *type)
{
    return memcmp(chunk->type, type, 4) == 0;
}

/* What follows the keyword and its NUL, or NULL when the keyword is another. */
static const unsigned char *after_keyword(const struct chunk *chunk, const char *keyword, size_t *size)
{
    size_t n = strlen(keyword) + 1;
    if (chunk->size < n || memcmp(chunk->data, keyword, n) != 0)
        return NULL;
    *size = chunk->size - n;
    return chunk->data + n;
}

static int hex_digit(int c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Orientation in the text "\nexif\n  <bytes>\n<hexadecimal, in lines>", decoded in place. */
static int raw_profile(unsigned char *text, size_t size)
{
    size_t lines = 0, i = 0, n = 0;
    int high = -1;
    for (; i < size && lines < 3; i++)
        lines += text[i] == '\n';
    for (; i < size; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            continue;
        if (high < 0)
            high = digit;
        else {
            text[n++] = (unsigned char)(high << 4 | digit);
            high = -1;
        }
    }
    return nscl_exif_orientation(text, n);
}

/* Orientation in a text chunk as ImageMagick writes it; 0 when there is none. */
static int text_orientation(const struct chunk *chunk)
{
    static const char *const keywords[] = {"Raw profile type exif", "Raw profile type APP1"};
    const unsigned char *text = NULL;
    size_t size = 0;
    int orientation = 0;
    for (size_t i = 0; i < 2 && !text; i++)
        text = after_keyword(chunk, keywords[i], &size);
    unsigned char *plain = text ? malloc(EXIF_SIZE) : NULL;
    if (!plain)
        return 0;
    if (is_type(chunk, "zTXt")) {
        uLongf n = EXIF_SIZE;
        if (size > 1 && text[0] == 0 && uncompress(plain, &n, text + 1, (uLong)size - 1) == Z_OK)
            orientation = raw_profile(plain, n);
    } else if (size <= EXIF_SIZE) {
        memcpy(plain, text, size);
        orientation = raw_profile(plain, size);
    }
    free(plain);
    return orientation;
}

int nscl_png_orientation(const unsigned char *bytes, size_t size)
{
    struct chunk chunk;
    size_t at = 0;
    int orientation = 0;
    while (chunk_next(&chunk, bytes, size, &at, "eXIftEXtzTXt"))
        if (is_type(&chunk, "eXIf"))
            return nscl_exif_orientation(chunk.data, chunk.size); /* the standard's way goes before the older one */
        else if (!orientation)
            orientation = text_orientation(&chunk);
    return orientation;
}

nscl_status nscl_png_comment(char **out, const unsigned char *bytes, size_t size, const char *name, nscl_error *error)
{
    struct chunk chunk;
    size_t at = 0, n = 0;
    const unsigned char *text = NULL;
    *out = NULL;
    while (!text && chunk_next(&chunk, bytes, size, &at, "tEXtiTXt")) {
        text = after_keyword(&chunk, "nscl", &n);
        if (text && is_type(&chunk, "iTXt")) { /* compression flag and method, language NUL, translated keyword NUL */
            const unsigned char *end = text + n;
            const unsigned char *p = n > 2 && text[0] == 0 ? memchr(text + 2, 0, n - 2) : NULL;
            p = p ? memchr(p + 1, 0, (size_t)(end - p) - 1) : NULL;
            text = p ? p + 1 : NULL;
            n = p ? (size_t)(end - text) : 0;
        }
    }
    if (!text)
        return NSCL_OK;
    *out = malloc(n + 1);
    if (!*out)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the settings in '%s'", name);
    memcpy(*out, text, n);
    (*out)[n] = '\0';
    return NSCL_OK;
}

/* ---- Colours ---- */

/* Name, NUL, method 0, then the profile compressed, which begins with its size. */
static unsigned char *unpack_profile(const struct chunk *chunk, size_t *size)
{
    const unsigned char *end = chunk->size ? memchr(chunk->data, 0, chunk->size < 80 ? chunk->size : 80) : NULL;
    unsigned char head[4], *profile = NULL;
    z_stream z = {0};
    int done = 0;
    if (!end || (size_t)(chunk->data + chunk->size - end) < 3 || end[1] != 0 || inflateInit(&z) != Z_OK)
        return NULL;
    z.next_in = (z_const Bytef *)(size_t)(end + 2);
    z.avail_in = (uInt)(chunk->data + chunk->size - end - 2);
    z.next_out = head;
    z.avail_out = sizeof head;
    int status = inflate(&z, Z_SYNC_FLUSH);
    *size = status == Z_OK && !z.avail_out ? get32(head) : 0;
    /* No stream grows by more than 1032 times, so that a small file cannot claim much. */
    if (*size > sizeof head && *size <= NSCL_PROFILE_SIZE && *size / 1100 <= chunk->size)
        profile = malloc(*size);
    if (profile) {
        memcpy(profile, head, sizeof head);
        z.next_out = profile + sizeof head;
        z.avail_out = (uInt)(*size - sizeof head);
        status = inflate(&z, Z_FINISH);
        done = (status == Z_STREAM_END || status == Z_OK || status == Z_BUF_ERROR) && !z.avail_out;
    }
    inflateEnd(&z);
    if (!done)
        free(profile);
    return done ? profile : NULL;
}

void nscl_png_colours(nscl_colour_source *source, const unsigned char *bytes, size_t size)
{
    struct chunk chunk;
    size_t at = 0;
    source->profile = NULL;
    source->damaged = 0;
    while (chunk_next(&chunk, bytes, size, &at, "iCCPIDAT") && !is_type(&chunk, "IDAT"))
        if (!source->profile) {
            source->profile = unpack_profile(&chunk, &source->size);
            source->damaged = !source->profile;
        }
}
