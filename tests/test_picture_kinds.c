/* Every kind of PNG and JPEG, made with libpng and libjpeg, against samples worked out here; all eight orientations in
 * each place that can hold one; and what is no PNG or JPEG, refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "picture.h"
#include "picture_make.h"

static nscl_picture decode_ok(const struct make_bytes *file)
{
    nscl_picture p;
    nscl_error error = {0};
    if (nscl_picture_decode(&p, file->data, file->size, "made", 0, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return p;
}

static unsigned sample(const nscl_picture *p, int x, int y, int c)
{
    size_t i = ((size_t)y * (size_t)p->width + (size_t)x) * (size_t)p->channels + (size_t)c;
    return p->depth == 16 ? ((const uint16_t *)p->samples)[i] : ((const uint8_t *)p->samples)[i];
}

/* ---- PNG ---- */

/* What the stored values of one pixel mean, by the PNG standard, in the picture's own depth. */
static void expand(const struct make_png *png, const uint16_t *stored, const uint16_t *key, unsigned rgba[4])
{
    unsigned top = png->bits == 16 ? 65535 : 255, scale = top / ((1u << png->bits) - 1);
    int colours = png->type & PNG_COLOR_MASK_COLOR ? 3 : 1, opaque = 0;
    if (png->type == PNG_COLOR_TYPE_PALETTE) {
        unsigned i = stored[0];
        rgba[0] = 255 - i;
        rgba[1] = i * 5 & 255;
        rgba[2] = i * 11 & 255;
        rgba[3] = png->transparent ? i * 37 & 255 : 255;
        return;
    }
    for (int c = 0; c < 3; c++) {
        rgba[c] = stored[colours == 3 ? c : 0] * scale;
        opaque |= stored[colours == 3 ? c : 0] != key[colours == 3 ? c : 0];
    }
    rgba[3] = png->type & PNG_COLOR_MASK_ALPHA ? stored[colours] * scale : png->transparent && !opaque ? 0 : top;
}

static void check_png(const struct make_png *png)
{
    uint16_t *values;
    struct make_bytes file = make_png(png, &values);
    nscl_picture p = decode_ok(&file);
    int alpha = (png->type & PNG_COLOR_MASK_ALPHA) || png->transparent;
    int stored = png->type == PNG_COLOR_TYPE_PALETTE ? 1 : (png->type & PNG_COLOR_MASK_COLOR ? 3 : 1) + (png->type & PNG_COLOR_MASK_ALPHA ? 1 : 0);
    assert_int_equal(p.width, png->width);
    assert_int_equal(p.height, png->height);
    assert_int_equal(p.channels, alpha ? 4 : 3);
    assert_int_equal(p.depth, png->bits == 16 ? 16 : 8);
    for (int y = 0; y < p.height; y++)
        for (int x = 0; x < p.width; x++) {
            unsigned rgba[4];
            expand(png, values + (size_t)(y * p.width + x) * (size_t)stored, values, rgba);
            for (int c = 0; c < p.channels; c++)
                if (sample(&p, x, y, c) != rgba[c])
                    fail_msg("type %d, %d bits, interlaced %d, tRNS %d: pixel %d %d channel %d is %u instead of %u", png->type, png->bits, png->interlaced,
                             png->transparent, x, y, c, sample(&p, x, y, c), rgba[c]);
        }
    nscl_picture_free(&p);
    free(values);
    free(file.data);
}

static void test_png_kinds(void **state)
{
    static const int sizes[][2] = {{1, 1}, {2, 9}, {13, 11}, {33, 17}};
    static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_PALETTE, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB_ALPHA};
    int count = 0;
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
            for (int bits = 1; bits <= 16; bits *= 2)
                for (int option = 0; option < 4; option++) {
                    struct make_png png = {sizes[s][0], sizes[s][1], types[t], bits, option & 1, option >> 1};
                    if ((types[t] > PNG_COLOR_TYPE_GRAY && types[t] != PNG_COLOR_TYPE_PALETTE && bits < 8) ||
                        (types[t] == PNG_COLOR_TYPE_PALETTE && bits > 8) || ((types[t] & PNG_COLOR_MASK_ALPHA) && png.transparent))
                        continue; /* PNG has no such kind */
                    check_png(&png);
                    count++;
                }
    assert_int_equal(count, 4 * 52);
}

/* ---- JPEG ---- */

static void check_jpeg(struct make_jpeg jpeg, int red, int green, int blue)
{
    jpeg.width = 19;
    jpeg.height = 10;
    for (jpeg.progressive = 0; jpeg.progressive < 2; jpeg.progressive++)
        for (jpeg.restart = 0; jpeg.restart < 2; jpeg.restart++) {
            struct make_bytes file = make_jpeg(&jpeg);
            nscl_picture p = decode_ok(&file);
            assert_true(p.width == 19 && p.height == 10 && p.channels == 3 && p.depth == 8);
            for (int i = 0; i < 190; i++) {
                const int wanted[] = {red, green, blue};
                for (int c = 0; c < 3; c++)
                    if (abs((int)sample(&p, i % 19, i / 19, c) - wanted[c]) > 2) /* conversion to YCC and back */
                        fail_msg("colours %d, no_adobe %d: channel %d is %u instead of %d", (int)jpeg.colours, jpeg.no_adobe, c, sample(&p, i % 19, i / 19, c),
                                 wanted[c]);
            }
            nscl_picture_free(&p);
            free(file.data);
        }
}

static void test_jpeg_kinds(void **state)
{
    (void)state;
    check_jpeg((struct make_jpeg){.colours = MAKE_GREY, .value = {90}}, 90, 90, 90);
    check_jpeg((struct make_jpeg){.colours = MAKE_RGB, .value = {200, 90, 30}}, 200, 90, 30);
    check_jpeg((struct make_jpeg){.colours = MAKE_YCC, .value = {200, 90, 30}}, 200, 90, 30);
    /* Adobe stores 255 - ink; others the ink. Light is (255 - ink) * (255 - black) / 255. */
    check_jpeg((struct make_jpeg){.colours = MAKE_CMYK, .value = {200, 90, 30, 255}}, 200, 90, 30);
    check_jpeg((struct make_jpeg){.colours = MAKE_CMYK, .value = {200, 90, 30, 128}}, 100, 45, 15);
    check_jpeg((struct make_jpeg){.colours = MAKE_YCCK, .value = {200, 90, 30, 128}}, 100, 45, 15);
    check_jpeg((struct make_jpeg){.colours = MAKE_CMYK, .no_adobe = 1, .value = {55, 165, 225, 127}}, 100, 45, 15);
}

/* ---- Orientation ---- */

/* Where the stored pixel that appears at (x, y) is, in a stored picture of w x h; EXIF 2.3, tag 0x0112: the names say
 * where the stored row 0 and column 0 are to be shown. */
static void stored_at(int orientation, int w, int h, int x, int y, int *sx, int *sy)
{
    switch (orientation) {
    case 2: *sx = w - 1 - x, *sy = y; break;         /* top, right */
    case 3: *sx = w - 1 - x, *sy = h - 1 - y; break; /* bottom, right */
    case 4: *sx = x, *sy = h - 1 - y; break;         /* bottom, left */
    case 5: *sx = y, *sy = x; break;                 /* left, top */
    case 6: *sx = y, *sy = h - 1 - x; break;         /* right, top */
    case 7: *sx = w - 1 - y, *sy = h - 1 - x; break; /* right, bottom */
    case 8: *sx = w - 1 - y, *sy = x; break;         /* left, bottom */
    default: *sx = x, *sy = y; break;
    }
}

static void check_turned(const struct make_bytes *plain, const struct make_bytes *marked, int orientation)
{
    nscl_picture a = decode_ok(plain), b = decode_ok(marked);
    int swapped = orientation >= 5 && orientation <= 8;
    assert_int_equal(b.width, swapped ? a.height : a.width);
    assert_int_equal(b.height, swapped ? a.width : a.height);
    for (int y = 0; y < b.height; y++)
        for (int x = 0; x < b.width; x++)
            for (int c = 0; c < a.channels; c++) {
                int sx, sy;
                stored_at(orientation, a.width, a.height, x, y, &sx, &sy);
                assert_int_equal(sample(&b, x, y, c), sample(&a, sx, sy, c));
            }
    nscl_picture_free(&a);
    nscl_picture_free(&b);
}

static struct make_bytes copy(const struct make_bytes *from)
{
    struct make_bytes out = {0};
    make_insert(&out, 0, from->data, from->size);
    return out;
}

enum place { IN_EXIF, IN_EXIF_WITH_HEAD, IN_TEXT, IN_COMPRESSED_TEXT, PLACE_COUNT };

/* As ImageMagick writes it: keyword, NUL, "\nexif\n", length, lines of hexadecimal. */
static void mark_png(struct make_bytes *png, const struct make_bytes *exif, enum place place)
{
    char text[400] = "Raw profile type exif", *p = text + strlen(text) + 1;
    unsigned char packed[600];
    if (place <= IN_EXIF_WITH_HEAD) {
        size_t skip = place == IN_EXIF ? 6 : 0;
        make_chunk(png, "eXIf", exif->data + skip, exif->size - skip);
        return;
    }
    size_t head = (size_t)(p - text);
    p += sprintf(p, "\nexif\n%8d\n", (int)exif->size);
    for (size_t i = 0; i < exif->size; i++)
        p += sprintf(p, "%02x%s", exif->data[i], i % 20 == 19 ? "\n" : "");
    p += sprintf(p, "\n");
    if (place == IN_TEXT) {
        make_chunk(png, "tEXt", text, (size_t)(p - text));
        return;
    }
    uLongf n = sizeof packed - head - 1;
    memcpy(packed, text, head);
    packed[head] = 0;
    assert_int_equal(compress(packed + head + 1, &n, (const unsigned char *)text + head, (uLong)(p - text) - head), Z_OK);
    make_chunk(png, "zTXt", packed, head + 1 + n);
}

static void test_orientation(void **state)
{
    (void)state;
#ifndef NSCL_HAVE_EXIF
    print_message("skipped: built without libexif\n");
    skip();
#endif
    const struct make_png kinds[] = {{5, 3, PNG_COLOR_TYPE_RGB, 8, 0, 0}, {3, 4, PNG_COLOR_TYPE_RGB_ALPHA, 16, 1, 0}, {1, 6, PNG_COLOR_TYPE_GRAY, 1, 0, 0}};
    const struct make_jpeg jpeg_kind = {.width = 21, .height = 10, .colours = MAKE_YCC};
    struct make_bytes jpeg = make_jpeg(&jpeg_kind);
    for (int orientation = 0; orientation <= 9; orientation++)
        for (int big_endian = 0; big_endian < 2; big_endian++) {
            struct make_bytes exif = make_exif(orientation, big_endian);
            for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
                for (int place = 0; place < PLACE_COUNT; place++) {
                    struct make_bytes png = make_png(&kinds[i], NULL), marked = copy(&png);
                    mark_png(&marked, &exif, (enum place)place);
                    check_turned(&png, &marked, orientation);
                    free(png.data);
                    free(marked.data);
                }
            struct make_bytes marked = copy(&jpeg);
            unsigned char head[4] = {0xff, 0xe1, 0, (unsigned char)(exif.size + 2)};
            make_insert(&marked, 2, exif.data, exif.size);
            make_insert(&marked, 2, head, 4);
            check_turned(&jpeg, &marked, orientation);
            free(marked.data);
            free(exif.data);
        }
    free(jpeg.data);
}

/* EXIF that is damaged or much too long means nothing, and costs nothing. */
static void test_odd_exif(void **state)
{
    const struct make_png kind = {5, 3, PNG_COLOR_TYPE_RGB, 8, 0, 0};
    struct make_bytes plain = make_png(&kind, NULL);
    uint32_t seed = 3;
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct make_bytes exif = make_exif(6, i & 1), marked = copy(&plain);
        size_t size = exif.size;
        exif.data[6 + make_random(&seed) % (size - 6)] = (unsigned char)make_random(&seed);
        if (i % 3 == 0)
            size = 6 + make_random(&seed) % (size - 5);
        exif.size = size;
        mark_png(&marked, &exif, (enum place)(i % PLACE_COUNT));
        nscl_picture p = decode_ok(&marked);
        nscl_picture_free(&p);
        free(exif.data);
        free(marked.data);
    }
    unsigned char *text = calloc(8 << 20, 1), *packed = malloc(65536);
    uLongf n = 65536 - 23;
    assert_non_null(text);
    assert_non_null(packed);
    memcpy(packed, "Raw profile type exif\0", 23); /* then the compression method, 0 */
    assert_int_equal(compress2(packed + 23, &n, text, 8 << 20, 9), Z_OK);
    make_chunk(&plain, "zTXt", packed, 23 + n);
    make_chunk(&plain, "eXIf", text, 8 << 20);
    nscl_picture p = decode_ok(&plain);
    assert_int_equal(p.width, 5);
    nscl_picture_free(&p);
    free(text);
    free(packed);
    free(plain.data);
}

/* ---- Refusals ---- */

static void test_refusals(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *word;
    } files[] = {
        {"", 0, "empty"},
        {"GIF89a\1\0\1\0\0\0\0;", 14, "GIF"},
        {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 18, "BMP"},
        {"P6\n2 2\n255\n............", 23, "PPM"},
        {"P5 2 2 255 ....", 15, "PGM"},
        {"P1\n1 1\n0\n", 9, "PBM"},
        {"P7\nWIDTH 1\n", 11, "PAM"},
        {"II*\0\10\0\0\0", 8, "TIFF"},
        {"MM\0*\0\0\0\10", 8, "TIFF"},
        {"RIFF\x24\0\0\0WEBPVP8 ", 16, "WebP"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0mif1heic",
         24, "HEIC"},
        {"\0\0\0\x1c"
         "ftypavif\0\0\0\0",
         16, "AVIF"},
        {"\0\0\0\x18"
         "ftypisom\0\0\0\0",
         16, "video"},
        {"\0\0\0\x0cJXL \r\n\x87\n", 12, "JPEG XL"},
        {"8BPS\0\1", 6, "Photoshop"},
        {"%PDF-1.7\n", 9, "PDF"},
        {"<!DOCTYPE html>\n<html>", 22, "web page"},
        {"\xef\xbb\xbf \r\n<HTML lang=en>", 20, "web page"},
        {"<?xml version='1.0'?>\n<!DOCTYPE html>", 37, "web page"},
        {"<?xml version='1.0'?><svg xmlns=''/>", 36, "SVG"},
        {"<svg xmlns=''/>", 15, "SVG"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", 56, "git lfs pull"},
        {"\x89PNG\n\x1a\n\0\0\0\rIHDR", 15, "damaged"},
        {"Just words.\n", 12, "neither PNG nor JPEG"},
        {"\xff\xd8", 2, "neither PNG nor JPEG"},
        {"\0", 1, "neither PNG nor JPEG"},
    };
    char *folder = make_folder(), *path = make_path(folder, "wrong.png");
    nscl_picture p;
    nscl_error error;
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (int from_file = 0; from_file < 2; from_file++) {
            memset(&error, 0, sizeof error);
            memset(&p, 1, sizeof p);
            make_file(path, files[i].bytes, files[i].size);
            nscl_status status = from_file ? nscl_picture_read(&p, path, 0, &error) : nscl_picture_decode(&p, files[i].bytes, files[i].size, path, 0, &error);
            if (status != NSCL_BAD_FILE || !strstr(error.text, files[i].word) || !strstr(error.text, path))
                fail_msg("file %d, which should be '%s': status %d, %s", (int)i, files[i].word, (int)status, error.text);
            assert_true(!p.samples && !p.width && !p.height && !p.channels && !p.depth);
        }
    char *missing = make_path(folder, "missing.png");
    const char *const paths[] = {missing, folder};
    for (size_t i = 0; i < 2; i++) {
        memset(&error, 0, sizeof error);
        assert_int_equal(nscl_picture_read(&p, paths[i], 0, &error), NSCL_BAD_FILE);
        assert_non_null(strstr(error.text, paths[i]));
    }
    assert_int_equal(nscl_picture_read(&p, missing, 0, NULL), NSCL_BAD_FILE);
    free(missing);
    free(path);
    make_folder_end(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_kinds), cmocka_unit_test(test_jpeg_kinds), cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_odd_exif),  cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
