/* Damaged and hostile files: cut short at every byte, changed anywhere, or claiming to be huge. Nothing that is cut short
 * is ever read as a picture, checksums are obeyed, and memory is taken only within the limit. What JPEG cannot know (it
 * has no checksums) may be read as something else, but must stay sound: run this with the sanitizers. */
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

/* Decodes from a block of just that size, so that the sanitizer sees any byte read beyond. Failure must leave a message
 * and nothing else. Returns the picture's checksum, 0 on failure. */
static uint32_t decode(const unsigned char *data, size_t size, uint64_t max_pixels, nscl_status *status, nscl_error *error)
{
    nscl_picture p;
    uint32_t sum = 0;
    unsigned char *bytes = malloc(size ? size : 1);
    assert_non_null(bytes);
    memcpy(bytes, data, size);
    memset(&p, 1, sizeof p);
    memset(error, 0, sizeof *error);
    *status = nscl_picture_decode(&p, bytes, size, "made", max_pixels, error);
    free(bytes);
    if (*status != NSCL_OK) {
        assert_true(!p.samples && !p.width && !p.height && !p.channels && !p.depth);
        assert_true(error->code == *status && strstr(error->text, "'made'") && error->text[strlen(error->text) - 1] != '\n');
        return 0;
    }
    assert_true(p.samples && (uint64_t)p.width * (uint64_t)p.height <= max_pixels);
    sum = (uint32_t)crc32(0, p.samples, (uInt)((size_t)p.width * (size_t)p.height * (size_t)p.channels * (size_t)(p.depth / 8)));
    nscl_picture_free(&p);
    return sum | 1;
}

static uint32_t decode_ok(const struct make_bytes *file)
{
    nscl_status status;
    nscl_error error;
    uint32_t sum = decode(file->data, file->size, 1 << 20, &status, &error);
    if (status != NSCL_OK)
        fail_msg("%s", error.text);
    return sum;
}

static void check_refused(const struct make_bytes *file, uint64_t max_pixels, const char *word)
{
    nscl_status status;
    nscl_error error;
    decode(file->data, file->size, max_pixels, &status, &error);
    if (status != NSCL_BAD_FILE || !strstr(error.text, word))
        fail_msg("status %d with '%s', which should say '%s'", (int)status, error.text, word);
}

/* The files that the tests below damage. */
#define PNG_COUNT 4
#define JPEG_COUNT 5

static struct make_bytes sound_png(int i)
{
    static const struct make_png kinds[PNG_COUNT] = {
        {11, 7, PNG_COLOR_TYPE_RGB, 8, 0, 0},
        {9, 10, PNG_COLOR_TYPE_RGB_ALPHA, 16, 1, 0},
        {17, 9, PNG_COLOR_TYPE_PALETTE, 2, 1, 1},
        {13, 5, PNG_COLOR_TYPE_GRAY, 4, 0, 1},
    };
    struct make_bytes png = make_png(&kinds[i], NULL), exif = make_exif(6, 0);
    make_chunk(&png, "tEXt", "nscl\0seed=0", 11);
    make_chunk(&png, "eXIf", exif.data + 6, exif.size - 6);
    free(exif.data);
    return png;
}

static struct make_bytes sound_jpeg(int i)
{
    static const struct make_jpeg kinds[JPEG_COUNT] = {
        {.width = 21, .height = 18, .colours = MAKE_YCC},
        {.width = 21, .height = 18, .colours = MAKE_YCC, .progressive = 1},
        {.width = 21, .height = 18, .colours = MAKE_YCCK, .restart = 1},
        {.width = 9, .height = 17, .colours = MAKE_GREY},
        {.width = 9, .height = 17, .colours = MAKE_CMYK, .progressive = 1, .no_adobe = 1},
    };
    struct make_bytes jpeg = make_jpeg(&kinds[i]), exif = make_exif(5, 1);
    unsigned char head[4] = {0xff, 0xe1, 0, (unsigned char)(exif.size + 2)};
    make_insert(&jpeg, 2, exif.data, exif.size);
    make_insert(&jpeg, 2, head, 4);
    free(exif.data);
    return jpeg;
}

static struct make_bytes sound(int i)
{
    return i < PNG_COUNT ? sound_png(i) : sound_jpeg(i - PNG_COUNT);
}

static void test_truncation(void **state)
{
    nscl_status status;
    nscl_error error;
    (void)state;
    for (int i = 0; i < PNG_COUNT + JPEG_COUNT; i++) {
        struct make_bytes file = sound(i);
        uint32_t sum = decode_ok(&file);
        for (size_t n = 0; n < file.size; n++) {
            decode(file.data, n, 1 << 20, &status, &error);
            if (status != NSCL_BAD_FILE)
                fail_msg("file %d of %d bytes, cut to %d, gives status %d", i, (int)file.size, (int)n, (int)status);
        }
        make_insert(&file, file.size, "what follows is no one's matter", 31);
        assert_int_equal(decode_ok(&file), sum);
        free(file.data);
    }
}

/* Every byte of a PNG is under some checksum. A JPEG may become another picture. */
static void test_one_byte(void **state)
{
    static const unsigned char flips[] = {0x01, 0x80, 0xff, 0x20};
    nscl_status status;
    nscl_error error;
    (void)state;
    for (int i = 0; i < PNG_COUNT + JPEG_COUNT; i++) {
        struct make_bytes file = sound(i);
        for (size_t at = 0; at < file.size; at++)
            for (size_t k = 0; k < sizeof flips; k++) {
                file.data[at] ^= flips[k];
                decode(file.data, file.size, 1 << 20, &status, &error);
                if (status != NSCL_BAD_FILE && (i < PNG_COUNT || status != NSCL_OK))
                    fail_msg("file %d with byte %d changed gives status %d", i, (int)at, (int)status);
                file.data[at] ^= flips[k];
            }
        free(file.data);
    }
}

static void test_many_bytes(void **state)
{
    nscl_status status;
    nscl_error error;
    uint32_t seed = 11;
    int read = 0, rounds = 600;
    (void)state;
    for (int i = 0; i < PNG_COUNT + JPEG_COUNT; i++) {
        struct make_bytes file = sound(i);
        for (int round = 0; round < rounds; round++) {
            struct make_bytes damaged = {0};
            make_insert(&damaged, 0, file.data, file.size);
            for (uint32_t n = 1 + make_random(&seed) % 6; n; n--)
                damaged.data[make_random(&seed) % damaged.size] = (unsigned char)make_random(&seed);
            if (i < PNG_COUNT) /* right checksums, so that the damage reaches what is behind them */
                for (size_t at = 8; at + 12 <= damaged.size;) {
                    const unsigned char *p = damaged.data + at;
                    size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
                    if (n > damaged.size - at - 12)
                        break;
                    make_checksum(&damaged, at);
                    at += n + 12;
                }
            decode(damaged.data, damaged.size, 1 << 20, &status, &error);
            read += status == NSCL_OK;
            free(damaged.data);
        }
        free(file.data);
    }
    print_message("%d of %d damaged files read as some picture\n", read, rounds * (PNG_COUNT + JPEG_COUNT));
}

/* ---- PNG ---- */

static void test_png_checksums(void **state)
{
    (void)state;
    struct make_bytes png = sound_png(2);
    size_t at = make_find(&png, "tRNS");
    png.data[at + 8] ^= 1; /* libpng would drop it, and the picture's alpha with it */
    check_refused(&png, 0, "tRNS");
    png.data[at + 8] ^= 1;
    at = make_find(&png, "IDAT");
    png.data[at + 12] ^= 1;
    check_refused(&png, 0, "damaged PNG");
    free(png.data);
}

/* Whole chunks with right checksums, but too few samples in them. */
static void test_png_too_little(void **state)
{
    (void)state;
    for (size_t cut = 5; cut < 60; cut += 5) { /* fewer than 5 end only the checksum of the stream */
        struct make_bytes png = sound_png(0);
        size_t at = make_find(&png, "IDAT"), n = (size_t)png.data[at + 2] << 8 | png.data[at + 3];
        memmove(png.data + at + 8 + n - cut, png.data + at + 8 + n, png.size - at - 8 - n);
        png.size -= cut;
        png.data[at + 2] = (unsigned char)((n - cut) >> 8);
        png.data[at + 3] = (unsigned char)(n - cut);
        make_checksum(&png, at);
        check_refused(&png, 0, "damaged PNG");
        free(png.data);
    }
}

/* Headers that claim more than may be taken; nothing else of the picture is there. */
static void test_limit(void **state)
{
    static const unsigned char sizes[][8] = {
        {0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff},
        {0, 0, 0x40, 0, 0, 0, 0x40, 1},
        {0, 0x0f, 0x42, 0x41, 0, 0x0f, 0x42, 0x41},
        {0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct make_bytes png = sound_png(1);
        memcpy(png.data + 16, sizes[i], 8);
        make_checksum(&png, 8);
        check_refused(&png, 0, "--max-pixels");
        free(png.data);
    }
    for (int i = 0; i < 2; i++) { /* 65500 x 65500 */
        struct make_bytes jpeg = sound_jpeg(i);
        size_t at = 2;
        while ((jpeg.data[at + 1] & 0xfc) != 0xc0)
            at += 2 + ((size_t)jpeg.data[at + 2] << 8 | jpeg.data[at + 3]);
        memcpy(jpeg.data + at + 5, "\xff\xdc\xff\xdc", 4);
        check_refused(&jpeg, 0, "--max-pixels");
        free(jpeg.data);
    }
    for (int i = 0; i < PNG_COUNT + JPEG_COUNT; i++) { /* the limit itself is allowed */
        struct make_bytes file = sound(i);
        nscl_picture p;
        assert_int_equal(nscl_picture_decode(&p, file.data, file.size, "made", 0, NULL), NSCL_OK);
        uint64_t pixels = (uint64_t)p.width * (uint64_t)p.height;
        nscl_picture_free(&p);
        assert_int_equal(nscl_picture_decode(&p, file.data, file.size, "made", pixels, NULL), NSCL_OK);
        nscl_picture_free(&p);
        check_refused(&file, pixels - 1, "--max-pixels");
        free(file.data);
    }
}

/* Within the limit, but with too few bytes for so many pixels, however they are packed: refused before their memory is taken. */
static void test_bomb(void **state)
{
    (void)state;
    struct make_bytes png = sound_png(0);
    memset(png.data + 16, 0x7f, 8);
    make_checksum(&png, 8);
    check_refused(&png, UINT64_MAX, "can hold");
    memcpy(png.data + 16, "\0\0\x10\0\0\0\x10\0", 8);
    make_checksum(&png, 8);
    check_refused(&png, 0, "can hold");
    free(png.data);
    for (int i = 0; i < 2; i++) {
        struct make_bytes jpeg = sound_jpeg(i);
        size_t at = 2;
        while ((jpeg.data[at + 1] & 0xfc) != 0xc0)
            at += 2 + ((size_t)jpeg.data[at + 2] << 8 | jpeg.data[at + 3]);
        memcpy(jpeg.data + at + 5, "\x20\0\x20\0", 4);
        check_refused(&jpeg, 0, "can hold");
        free(jpeg.data);
    }

    /* What is packed best is read: one colour all over. */
    nscl_picture flat = make_picture(1500, 1500, 3, 8, 1), back;
    memset(flat.samples, 0x80, (size_t)1500 * 1500 * 3);
    char *folder = make_folder();
    static const char *const names[] = {"flat.png", "flat.jpg"};
    for (int i = 0; i < 2; i++) {
        char *path = make_path(folder, names[i]);
        assert_int_equal(nscl_picture_write(&flat, path, &(nscl_picture_options){.quality = 1}, NULL), NSCL_OK);
        assert_int_equal(nscl_picture_read(&back, path, 0, NULL), NSCL_OK);
        assert_int_equal(back.width, 1500);
        nscl_picture_free(&back);
        free(path);
    }
    make_folder_end(folder);
    nscl_picture_free(&flat);
}

/* Text chunks that unpack to more than any orientation needs, many times over. */
static void test_text_bomb(void **state)
{
    struct make_bytes png = sound_png(0);
    uint32_t sum = decode_ok(&png);
    const size_t plain_size = (size_t)16 << 20, room = 65536;
    unsigned char *plain = calloc(plain_size, 1), *packed = malloc(room);
    uLongf n = room - 40;
    (void)state;
    assert_non_null(plain);
    assert_non_null(packed);
    memcpy(packed, "Raw profile type exif\0", 23);
    assert_int_equal(compress2(packed + 23, &n, plain, (uLong)plain_size, 9), Z_OK);
    for (int i = 0; i < 50; i++) {
        make_chunk(&png, "zTXt", packed, 23 + n);
        make_chunk(&png, "iTXt", "nscl\0\1\0\0\0", 9); /* compressed, which nscl does not write, and empty */
    }
    assert_int_equal(decode_ok(&png), sum);
    free(plain);
    free(packed);
    free(png.data);
}

/* ---- JPEG ---- */

static void test_jpeg_scans(void **state)
{
    const struct make_jpeg kind = {.width = 16, .height = 16, .colours = MAKE_YCC, .progressive = 2};
    struct make_bytes jpeg = make_jpeg(&kind);
    (void)state;
    check_refused(&jpeg, 0, "scans");
    free(jpeg.data);
}

/* Some cameras leave a few bytes behind the last scan; many are a scan that ended too early. */
static void test_jpeg_padding(void **state)
{
    unsigned char stray[600];
    (void)state;
    memset(stray, 0x55, sizeof stray);
    for (int i = 0; i < JPEG_COUNT; i++) {
        struct make_bytes jpeg = sound_jpeg(i);
        uint32_t sum = decode_ok(&jpeg);
        make_insert(&jpeg, jpeg.size - 2, stray, 2);
        assert_int_equal(decode_ok(&jpeg), sum);
        make_insert(&jpeg, jpeg.size - 2, stray, sizeof stray);
        check_refused(&jpeg, 0, "JPEG");
        free(jpeg.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncation),     cmocka_unit_test(test_one_byte),     cmocka_unit_test(test_many_bytes), cmocka_unit_test(test_png_checksums),
        cmocka_unit_test(test_png_too_little), cmocka_unit_test(test_limit),        cmocka_unit_test(test_bomb),       cmocka_unit_test(test_text_bomb),
        cmocka_unit_test(test_jpeg_scans),     cmocka_unit_test(test_jpeg_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
