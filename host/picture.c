/* Pictures as files: which kind the bytes are, which way is up, and replacing a file only by a whole new one. Samples are
 * the codecs' matter. What a file is follows from its content, what is written from the name's extension. */
#include "picture.h"

#include <assert.h>
#include <limits.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"

#define HEAD_SIZE 512 /* enough to tell what a file is */

enum kind { KIND_UNKNOWN, KIND_EMPTY, KIND_PNG, KIND_JPEG, KIND_DAMAGED_PNG, KIND_PAGE, KIND_POINTER, KIND_OTHER };

/* ---- What the bytes are ---- */

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static int begins(const unsigned char *bytes, size_t size, size_t at, const char *with, size_t length)
{
    return size >= at + length && memcmp(bytes + at, with, length) == 0;
}

/* `text` is lower case. */
static int begins_text(const unsigned char *bytes, size_t size, const char *text)
{
    size_t n = strlen(text);
    if (size < n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (lower(bytes[i]) != text[i])
            return 0;
    return 1;
}

static int is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Web pages and drawings begin with any white space, after a byte order mark if there is one. */
static enum kind text_kind(const unsigned char *bytes, size_t size, const char **what)
{
    if (begins(bytes, size, 0, "\xef\xbb\xbf", 3)) {
        bytes += 3;
        size -= 3;
    }
    while (size && is_space(*bytes)) {
        bytes++;
        size--;
    }
    if (begins_text(bytes, size, "<?xml") || begins_text(bytes, size, "<!--"))
        while (size && !begins_text(bytes, size, "<svg") && !begins_text(bytes, size, "<html") && !begins_text(bytes, size, "<!doctype html")) {
            bytes++;
            size--;
        }
    if (begins_text(bytes, size, "<svg")) {
        *what = "an SVG drawing";
        return KIND_OTHER;
    }
    if (begins_text(bytes, size, "<!doctype html") || begins_text(bytes, size, "<html") || begins_text(bytes, size, "<head") ||
        begins_text(bytes, size, "<body"))
        return KIND_PAGE;
    return KIND_UNKNOWN;
}

/* ISO media files name their format at byte 8, after "ftyp". */
static const char *media_name(const unsigned char *bytes, size_t size)
{
    if (begins(bytes, size, 8, "avif", 4) || begins(bytes, size, 8, "avis", 4))
        return "an AVIF picture";
    if (begins(bytes, size, 8, "hei", 3) || begins(bytes, size, 8, "hev", 3) || begins(bytes, size, 8, "mif1", 4) || begins(bytes, size, 8, "msf1", 4))
        return "a HEIC picture";
    return "a video";
}

static enum kind picture_kind(const unsigned char *bytes, size_t size, const char **what)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *what;
    } others[] = {
        {"GIF8", 4, "a GIF picture"},
        {"II*\0", 4, "a TIFF picture"},
        {"MM\0*", 4, "a TIFF picture"},
        {"II+\0", 4, "a TIFF picture"},
        {"MM\0+", 4, "a TIFF picture"},
        {"8BPS", 4, "a Photoshop file"},
        {"%PDF", 4, "a PDF document"},
        {"gimp xcf", 8, "a GIMP file"},
        {"\x76\x2f\x31\x01", 4, "an OpenEXR picture"},
        {"#?RADIANCE", 10, "a Radiance HDR picture"},
        {"\0\0\0\x0cjP  ", 8, "a JPEG 2000 picture"},
        {"\xff\x4f\xff\x51", 4, "a JPEG 2000 picture"},
        {"\0\0\0\x0cJXL ", 8, "a JPEG XL picture"},
        {"\xff\x0a", 2, "a JPEG XL picture"},
        {"\x8aMNG", 4, "an MNG animation"},
        {"\x8bJNG", 4, "a JNG picture"},
        {"\0\0\1\0", 4, "an icon file"},
        {"qoif", 4, "a QOI picture"},
        {"PK\3\4", 4, "a ZIP archive"},
        {"\x1f\x8b", 2, "a gzip archive"},
        {"\x89HDF", 4, "an HDF5 file, perhaps weights"},
    };
    *what = NULL;
    if (!size)
        return KIND_EMPTY;
    if (begins(bytes, size, 0, "\x89PNG\r\n\x1a\n", 8))
        return KIND_PNG;
    if (begins(bytes, size, 0, "\xff\xd8\xff", 3))
        return KIND_JPEG;
    if (begins(bytes, size, 0, "\x89PNG", 4) || begins(bytes, size, 0, "\tPNG", 4))
        return KIND_DAMAGED_PNG;
    if (begins(bytes, size, 0, "version https://git-lfs", 23))
        return KIND_POINTER;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (begins(bytes, size, 0, others[i].bytes, others[i].size))
            *what = others[i].what;
    if (begins(bytes, size, 0, "RIFF", 4))
        *what = begins(bytes, size, 8, "WEBP", 4) ? "a WebP picture" : "a sound or video";
    else if (begins(bytes, size, 4, "ftyp", 4))
        *what = media_name(bytes, size);
    else if (begins(bytes, size, 0, "BM", 2) && size >= 14)
        *what = "a BMP picture";
    else if (size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && (is_space(bytes[2]) || bytes[2] == '#'))
        *what = bytes[1] == '7' ? "a PAM picture" : (bytes[1] - '1') % 3 == 0 ? "a PBM picture" : (bytes[1] - '1') % 3 == 1 ? "a PGM picture" : "a PPM picture";
    else if (size >= 3 && bytes[0] == 'P' && lower(bytes[1]) == 'f' && is_space(bytes[2]))
        *what = "a PFM picture";
    return *what ? KIND_OTHER : text_kind(bytes, size, what);
}

/* NSCL_OK for what the codecs read; else says what the file is instead. */
static nscl_status kind_check(const unsigned char *bytes, size_t size, const char *name, nscl_error *error)
{
    const char *what;
    switch (picture_kind(bytes, size < HEAD_SIZE ? size : HEAD_SIZE, &what)) {
    case KIND_PNG:
    case KIND_JPEG: return NSCL_OK;
    case KIND_EMPTY: return nscl_fail(error, NSCL_BAD_FILE, "'%s' is empty; fetch or save the picture again", name);
    case KIND_DAMAGED_PNG: return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a PNG damaged on its way, as by a transfer as text; fetch it again", name);
    case KIND_PAGE: return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a web page, not a picture; save the picture itself, as PNG or JPEG, and give that", name);
    case KIND_POINTER: return nscl_fail(error, NSCL_BAD_FILE, "'%s' is a Git LFS pointer, not the picture; fetch it with 'git lfs pull'", name);
    case KIND_OTHER: return nscl_fail(error, NSCL_BAD_FILE, "'%s' is %s; convert it to PNG or JPEG", name, what);
    case KIND_UNKNOWN: break;
    }
    return nscl_fail(error, NSCL_BAD_FILE, "'%s' is neither PNG nor JPEG; convert it to one of them", name);
}

/* ---- Memory ---- */

nscl_status nscl_picture_alloc(nscl_picture *out, uint32_t width, uint32_t height, int channels, int depth, uint64_t max_pixels, uint64_t holds,
                               const char *name, nscl_error *error)
{
    uint64_t pixels = (uint64_t)width * height;
    size_t pixel_size = (size_t)channels * (size_t)(depth / 8);
    memset(out, 0, sizeof *out);
    if (!pixels)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' says it has no pixels; fetch or save it again", name);
    if (!max_pixels)
        max_pixels = NSCL_MAX_PIXELS_DEFAULT;
    if (pixels > max_pixels || width > INT_MAX || height > INT_MAX)
        return nscl_fail(error, NSCL_BAD_FILE,
                         "'%s' says it has %lu x %lu pixels, more than the %llu allowed; make it smaller or raise the limit (--max-pixels)", name,
                         (unsigned long)width, (unsigned long)height, (unsigned long long)max_pixels);
    if (pixels > holds)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' says it has %lu x %lu pixels, more than all its bytes can hold; fetch or save it again", name,
                         (unsigned long)width, (unsigned long)height);
    void *samples = pixels > PTRDIFF_MAX / pixel_size ? NULL : malloc((size_t)pixels * pixel_size);
    if (!samples)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the %lu x %lu pixels of '%s'; make it smaller", (unsigned long)width, (unsigned long)height,
                         name);
    *out = (nscl_picture){(int)width, (int)height, channels, depth, samples, NULL};
    return NSCL_OK;
}

void nscl_picture_sha256(const nscl_picture *picture, char out[65])
{
    const int32_t shape[] = {picture->width, picture->height, picture->channels, picture->depth};
    SHA2_CTX sum;
    SHA256Init(&sum);
    SHA256Update(&sum, (const uint8_t *)shape, sizeof shape);
    SHA256Update(&sum, picture->samples, (size_t)picture->width * (size_t)picture->height * (size_t)picture->channels * (size_t)(picture->depth / 8));
    SHA256End(&sum, out);
}

void nscl_picture_free(nscl_picture *picture)
{
    if (!picture)
        return;
    free(picture->samples);
    memset(picture, 0, sizeof *picture);
}

nscl_status nscl_picture_orient(nscl_picture *picture, int orientation, const char *name, nscl_error *error)
{
    if (orientation < 2 || orientation > 8)
        return NSCL_OK;
    ptrdiff_t w = picture->width, h = picture->height;
    nscl_picture turned;
    uint32_t width = (uint32_t)(orientation < 5 ? w : h), height = (uint32_t)(orientation < 5 ? h : w);
    nscl_status status = nscl_picture_alloc(&turned, width, height, picture->channels, picture->depth, UINT64_MAX, UINT64_MAX, name, error);
    if (status != NSCL_OK)
        return status;

    /* The pixel of the result's corner, and the steps to its neighbours right and below, in the stored picture. */
    static const struct {
        signed char right, bottom, dx_x, dx_y, dy_x, dy_y;
    } turns[9] = {
        [2] = {1, 0, -1, 0, 0, 1}, [3] = {1, 1, -1, 0, 0, -1}, [4] = {0, 1, 1, 0, 0, -1}, [5] = {0, 0, 0, 1, 1, 0},
        [6] = {0, 1, 0, -1, 1, 0}, [7] = {1, 1, 0, -1, -1, 0}, [8] = {1, 0, 0, 1, -1, 0},
    };
    ptrdiff_t size = picture->channels * (picture->depth / 8);
    ptrdiff_t corner = turns[orientation].right * (w - 1) + turns[orientation].bottom * (h - 1) * w;
    ptrdiff_t dx = (turns[orientation].dx_x + turns[orientation].dx_y * w) * size, dy = (turns[orientation].dy_x + turns[orientation].dy_y * w) * size;
    const unsigned char *from = picture->samples;
    unsigned char *to = turned.samples;
    for (ptrdiff_t y = 0; y < turned.height; y++)
        for (ptrdiff_t x = 0; x < turned.width; x++, to += size)
            memcpy(to, from + corner * size + x * dx + y * dy, (size_t)size);
    turned.note = picture->note;
    nscl_picture_free(picture);
    *picture = turned;
    return NSCL_OK;
}

/* ---- Reading ---- */

nscl_status nscl_picture_decode(nscl_picture *out, const void *bytes, size_t size, const char *name, uint64_t max_pixels, nscl_error *error)
{
    const char *what;
    int orientation = 0;
    assert(out && name && (bytes || !size));
    memset(out, 0, sizeof *out);
    nscl_status status = kind_check(bytes, size, name, error);
    if (status != NSCL_OK)
        return status;
    if (picture_kind(bytes, size, &what) == KIND_PNG)
        status = nscl_png_decode(out, &orientation, bytes, size, name, max_pixels, error);
    else
        status = nscl_jpeg_decode(out, &orientation, bytes, size, name, max_pixels, error);
    if (status == NSCL_OK)
        status = nscl_picture_orient(out, orientation, name, error);
    if (status != NSCL_OK)
        nscl_picture_free(out);
    return status;
}

/* A picture's file in memory. What is no picture is refused by its first bytes, however large it is, and no file is
 * taken in that is larger than the largest picture allowed would be without compression. */
static nscl_status load(const char *path, uint64_t max_pixels, unsigned char **bytes, size_t *size, nscl_error *error)
{
    unsigned char head[HEAD_SIZE];
    const size_t slack = (size_t)64 << 20; /* for profiles and other such freight */
    *bytes = NULL;
    *size = 0;
    FILE *stream = fopen(path, "rb");
    if (stream) { /* else nscl_file_read says why not */
        size_t n = fread(head, 1, sizeof head, stream);
        fclose(stream);
        nscl_status status = n ? kind_check(head, n, path, error) : NSCL_OK;
        if (status != NSCL_OK)
            return status;
    }
    if (!max_pixels)
        max_pixels = NSCL_MAX_PIXELS_DEFAULT;
    return nscl_file_read(path, max_pixels > (SIZE_MAX - slack) / 9 ? SIZE_MAX - 1 : (size_t)max_pixels * 9 + slack, bytes, size, error);
}

nscl_status nscl_picture_read(nscl_picture *out, const char *path, uint64_t max_pixels, nscl_error *error)
{
    unsigned char *bytes;
    size_t size;
    assert(out && path);
    memset(out, 0, sizeof *out);
    nscl_status status = load(path, max_pixels, &bytes, &size, error);
    if (status == NSCL_OK)
        status = nscl_picture_decode(out, bytes, size, path, max_pixels, error);
    free(bytes);
    return status;
}

nscl_status nscl_picture_comment(const char *path, char **out, nscl_error *error)
{
    const char *what;
    unsigned char *bytes;
    size_t size;
    assert(path && out);
    *out = NULL;
    nscl_status status = load(path, 0, &bytes, &size, error);
    if (status == NSCL_OK)
        status = kind_check(bytes, size, path, error);
    if (status == NSCL_OK && picture_kind(bytes, size, &what) == KIND_PNG)
        status = nscl_png_comment(out, bytes, size, path, error);
    else if (status == NSCL_OK)
        status = nscl_jpeg_comment(out, bytes, size, path, error);
    if (status == NSCL_OK && !*out)
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' holds no settings; give a picture that nscl wrote and nothing has edited since", path);
    free(bytes);
    return status;
}

/* ---- Writing ---- */

static int ends(const char *path, const char *extension)
{
    size_t n = strlen(path), m = strlen(extension);
    return n >= m && begins_text((const unsigned char *)path + n - m, m, extension);
}

static nscl_status path_kind(const char *path, enum kind *kind, nscl_error *error)
{
    *kind = ends(path, ".png") ? KIND_PNG : ends(path, ".jpg") || ends(path, ".jpeg") ? KIND_JPEG : KIND_UNKNOWN;
    if (*kind == KIND_UNKNOWN)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "cannot write '%s': results are PNG or JPEG; end the name in .png, .jpg or .jpeg", path);
    return NSCL_OK;
}

nscl_status nscl_picture_check_path(const char *path, int overwrite, nscl_error *error)
{
    enum kind kind;
    assert(path);
    nscl_status status = path_kind(path, &kind, error);
    if (status != NSCL_OK)
        return status;
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    char *folder = malloc(n + 2);
    if (!folder)
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory to check '%s'", path);
    memcpy(folder, n ? path : ".", n ? n : 1);
    folder[n ? n : 1] = '\0';
    if (!nscl_folder_exists(folder))
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': there is no folder '%s'; make it or choose another", path, folder);
    else if (nscl_folder_exists(path))
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': it is a folder; choose another name", path);
    else if (!nscl_folder_writable(path))
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': no right to make files in '%s'; choose another folder", path, folder);
    else if (nscl_file_unnameable(path))
        status = nscl_fail(error, NSCL_BAD_FILE, "cannot write '%s': the name is too long; choose a shorter one", path);
    else if (!overwrite && nscl_file_exists(path))
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is there already; choose another name or allow overwriting", path);
    free(folder);
    return status;
}

nscl_status nscl_picture_write(const nscl_picture *picture, const char *path, const nscl_picture_options *options, nscl_error *error)
{
    enum kind kind;
    nscl_file file = {0};
    assert(picture && path);
    int quality = options && options->quality ? options->quality : NSCL_JPEG_QUALITY_DEFAULT;
    const char *comment = options && options->comment && options->comment[0] ? options->comment : NULL;
    nscl_status status = path_kind(path, &kind, error);
    if (status != NSCL_OK)
        return status;
    if (!picture->samples || picture->width < 1 || picture->height < 1 || (picture->channels != 3 && picture->channels != 4) ||
        (picture->depth != 8 && picture->depth != 16))
        return nscl_fail(error, NSCL_BAD_ARGUMENT,
                         "cannot write '%s': a picture of %d x %d pixels, %d channels and %d bits; give 3 or 4 channels of 8 or 16 bits", path, picture->width,
                         picture->height, picture->channels, picture->depth);
    if (quality < 1 || quality > 100)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "cannot write '%s' with JPEG quality %d; choose 1 to 100", path, quality);
    status = nscl_file_create(&file, path, error);
    if (status != NSCL_OK)
        return status;
    file.keep = options && options->keep;
    if (kind == KIND_PNG)
        status = nscl_png_write(picture, file.stream, comment, path, error);
    else
        status = nscl_jpeg_write(picture, file.stream, quality, comment, path, error);
    if (status == NSCL_OK)
        return nscl_file_commit(&file, error);
    nscl_file_abandon(&file);
    return status;
}
