/* Pictures as files: what is written comes back, a file is replaced whole or not at all, and every picture of the test
 * data reads as Pillow reads it (tests/golden/pictures.tsv) or is refused by a message. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zlib.h>

#include "picture.h"
#include "picture_make.h"

static char *folder;

static int open_folder(void **state)
{
    (void)state;
    folder = make_folder();
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    make_folder_end(folder);
    return 0;
}

static size_t bytes_of(const nscl_picture *p)
{
    return (size_t)p->width * (size_t)p->height * (size_t)p->channels * (size_t)(p->depth / 8);
}

static double sample(const nscl_picture *p, size_t i)
{
    return p->depth == 16 ? ((const uint16_t *)p->samples)[i] / 257.0 : ((const uint8_t *)p->samples)[i];
}

static void check_failure(nscl_status status, nscl_status wanted, const nscl_error *error, const char *name, const char *word)
{
    if (status != wanted || error->code != wanted || !strstr(error->text, name) || !strstr(error->text, word))
        fail_msg("status %d instead of %d, with the message '%s', which should name '%s' and say '%s'", (int)status, (int)wanted, error->text, name, word);
}

static void write_ok(const nscl_picture *p, const char *path, const nscl_picture_options *options)
{
    nscl_error error = {0};
    if (nscl_picture_write(p, path, options, &error) != NSCL_OK)
        fail_msg("%s", error.text);
}

static nscl_picture read_ok(const char *path)
{
    nscl_picture p;
    nscl_error error = {0};
    if (nscl_picture_read(&p, path, 0, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    assert_int_equal(error.code, NSCL_OK);
    return p;
}

/* ---- Writing and reading back ---- */

static void test_png_round_trip(void **state)
{
    static const int sizes[][2] = {{1, 1}, {3, 2}, {17, 5}, {64, 33}};
    char *path = make_path(folder, "round.PNG");
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int channels = 3; channels <= 4; channels++)
            for (int depth = 8; depth <= 16; depth += 8) {
                nscl_picture in = make_picture(sizes[i][0], sizes[i][1], channels, depth, 0);
                write_ok(&in, path, NULL);
                nscl_picture out = read_ok(path);
                assert_true(out.width == in.width && out.height == in.height && out.channels == channels && out.depth == depth);
                assert_memory_equal(in.samples, out.samples, bytes_of(&in));
                nscl_picture_free(&in);
                nscl_picture_free(&out);
                assert_null(out.samples);
                assert_int_equal(out.width, 0);
            }
    struct make_bytes file = make_read(path);
    assert_int_equal(file.data[make_find(&file, "sRGB") + 8], 0); /* perceptual */
    free(file.data);
    free(path);
    nscl_picture_free(NULL);
}

/* Sampling of the first channel, in the frame header: 0x11 or 0x22. */
static int sampling(const struct make_bytes *jpeg)
{
    for (size_t at = 2; at + 12 < jpeg->size; at += 2 + ((size_t)jpeg->data[at + 2] << 8) + jpeg->data[at + 3])
        if (jpeg->data[at + 1] == 0xc0)
            return jpeg->data[at + 11];
    return 0;
}

static double distance(const nscl_picture *a, const nscl_picture *b)
{
    size_t n = (size_t)a->width * (size_t)a->height;
    double sum = 0;
    assert_true(a->width == b->width && a->height == b->height);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            sum += fabs(sample(a, i * (size_t)a->channels + c) - sample(b, i * (size_t)b->channels + c));
    return sum / (3 * (double)n);
}

static void test_jpeg_quality(void **state)
{
    static const int qualities[] = {20, 80, 90, 100};
    char *path = make_path(folder, "quality.jpeg");
    nscl_picture in = make_picture(60, 44, 3, 8, 1);
    double last = 1e9;
    size_t last_size = 0;
    (void)state;
    for (size_t i = 0; i < sizeof qualities / sizeof qualities[0]; i++) {
        write_ok(&in, path, &(nscl_picture_options){.quality = qualities[i]});
        struct make_bytes file = make_read(path);
        nscl_picture out = read_ok(path);
        assert_true(out.channels == 3 && out.depth == 8);
        double d = distance(&in, &out);
        assert_true(d < last && file.size > last_size);
        assert_int_equal(sampling(&file), qualities[i] >= 90 ? 0x11 : 0x22);
        last = d;
        last_size = file.size;
        nscl_picture_free(&out);
        free(file.data);
    }
    assert_true(last < 1); /* quality 100: the rounding of colours and of the transform */

    write_ok(&in, path, NULL);
    struct make_bytes by_default = make_read(path);
    write_ok(&in, path, &(nscl_picture_options){.quality = 95});
    struct make_bytes at_95 = make_read(path);
    assert_int_equal(by_default.size, at_95.size);
    assert_memory_equal(by_default.data, at_95.data, at_95.size);
    free(by_default.data);
    free(at_95.data);

    nscl_picture deep = make_picture(60, 44, 4, 16, 1);
    write_ok(&deep, path, &(nscl_picture_options){.quality = 100});
    nscl_picture out = read_ok(path);
    assert_true(out.channels == 3 && out.depth == 8 && distance(&deep, &out) < 1);
    nscl_picture_free(&out);
    nscl_picture_free(&deep);
    nscl_picture_free(&in);
    free(path);
}

static void test_comment(void **state)
{
    static const char *const names[] = {"comment.png", "comment.jpg"};
    char *large = malloc(200001);
    assert_non_null(large);
    memset(large, 'x', 200000);
    for (size_t i = 0; i < 200000; i += 61)
        large[i] = (char)('a' + i % 26);
    large[200000] = '\0';
    const char *const comments[] = {"preset=gatys\nseed=0\n", "style=Sternennacht \xc3\xbc\xe2\x98\x85.png", "x", large};
    nscl_picture in = make_picture(5, 4, 3, 8, 0);
    nscl_error error = {0};
    char *text;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char *path = make_path(folder, names[i]);
        for (size_t j = 0; j < sizeof comments / sizeof comments[0]; j++) {
            write_ok(&in, path, &(nscl_picture_options){.comment = comments[j]});
            assert_int_equal(nscl_picture_comment(path, &text, &error), NSCL_OK);
            assert_string_equal(text, comments[j]);
            free(text);
            nscl_picture out = read_ok(path);
            nscl_picture_free(&out);
        }
        write_ok(&in, path, NULL);
        check_failure(nscl_picture_comment(path, &text, &error), NSCL_BAD_FILE, &error, path, "no settings");
        assert_null(text);
        memset(&error, 0, sizeof error);
        free(path);
    }
    nscl_picture_free(&in);
    free(large);
}

static void test_kind_by_content(void **state)
{
    char *png = make_path(folder, "content.png"), *jpg = make_path(folder, "content.jpg");
    nscl_picture in = make_picture(7, 5, 4, 16, 0);
    (void)state;
    write_ok(&in, png, NULL);
    struct make_bytes file = make_read(png);
    make_file(jpg, file.data, file.size);
    nscl_picture out = read_ok(jpg);
    assert_memory_equal(in.samples, out.samples, bytes_of(&in));
    nscl_picture_free(&in);
    nscl_picture_free(&out);
    free(file.data);
    free(png);
    free(jpg);
}

/* ---- Files that must stay ---- */

static void test_check_path(void **state)
{
    nscl_error error;
    (void)state;
    static const char *const wrong[] = {"a.gif", "a", "a.png.txt", "png", "a.jpe", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *path = make_path(folder, wrong[i]);
        memset(&error, 0, sizeof error);
        check_failure(nscl_picture_check_path(path, 0, &error), NSCL_BAD_ARGUMENT, &error, path, ".png");
        free(path);
    }
    char *path = make_path(folder, "there.Jpg"), *missing = make_path(folder, "missing/a.png"), *inside = make_path(folder, "folder.png");
    size_t before = make_folder_count(folder);
    memset(&error, 0, sizeof error);
    assert_int_equal(nscl_picture_check_path(path, 0, &error), NSCL_OK);
    assert_int_equal(nscl_picture_check_path("name-without-folder.jpeg", 0, NULL), NSCL_OK);
    assert_int_equal(make_folder_count(folder), before);
    check_failure(nscl_picture_check_path(missing, 0, &error), NSCL_BAD_FILE, &error, missing, "no folder");
    assert_int_equal(mkdir(inside, 0777), 0);
    memset(&error, 0, sizeof error);
    check_failure(nscl_picture_check_path(inside, 1, &error), NSCL_BAD_FILE, &error, inside, "is a folder");
    make_file(path, "x", 1);
    memset(&error, 0, sizeof error);
    check_failure(nscl_picture_check_path(path, 0, &error), NSCL_BAD_FILE, &error, path, "there already");
    memset(&error, 0, sizeof error);
    assert_int_equal(nscl_picture_check_path(path, 1, &error), NSCL_OK);
    char *below = make_path(path, "a.png"); /* a file where a folder should be */
    assert_int_equal(nscl_picture_check_path(below, 1, NULL), NSCL_BAD_FILE);
    struct make_bytes file = make_read(path);
    assert_true(file.size == 1 && file.data[0] == 'x');
    free(file.data);
    free(below);
    free(path);
    free(missing);
    free(inside);
}

static void test_failure_keeps_old_file(void **state)
{
    char *png = make_path(folder, "kept.png"), *jpg = make_path(folder, "kept.jpg"), *missing = make_path(folder, "missing/a.png");
    nscl_picture wide = make_picture(70000, 1, 3, 8, 0), large = make_picture(300, 300, 3, 8, 0), bad = large;
    nscl_error error = {0};
    struct rlimit old, low;
    (void)state;
    make_file(png, "old png", 7);
    make_file(jpg, "old jpg", 7);
    size_t before = make_folder_count(folder);

    check_failure(nscl_picture_write(&large, missing, NULL, &error), NSCL_BAD_FILE, &error, missing, "No such file");
    memset(&error, 0, sizeof error);
    check_failure(nscl_picture_write(&wide, jpg, NULL, &error), NSCL_BAD_ARGUMENT, &error, jpg, "write PNG");
    memset(&error, 0, sizeof error);
    check_failure(nscl_picture_write(&large, jpg, &(nscl_picture_options){.quality = 101}, &error), NSCL_BAD_ARGUMENT, &error, jpg, "1 to 100");
    memset(&error, 0, sizeof error);
    bad.channels = 2;
    check_failure(nscl_picture_write(&bad, png, NULL, &error), NSCL_BAD_ARGUMENT, &error, png, "channels");

    /* A full disk, as far as the program can tell. */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    low = old;
    low.rlim_cur = 20000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    nscl_error png_error = {0}, jpg_error = {0};
    nscl_status png_status = nscl_picture_write(&large, png, NULL, &png_error);
    nscl_status jpg_status = nscl_picture_write(&large, jpg, NULL, &jpg_error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    check_failure(png_status, NSCL_BAD_FILE, &png_error, png, "File too large");
    check_failure(jpg_status, NSCL_BAD_FILE, &jpg_error, jpg, "File too large");

    const char *const paths[] = {png, jpg};
    for (size_t i = 0; i < 2; i++) {
        struct make_bytes file = make_read(paths[i]);
        assert_true(file.size == 7 && memcmp(file.data, "old", 3) == 0);
        free(file.data);
    }
    assert_int_equal(make_folder_count(folder), before); /* no temporary file is left */
    nscl_picture_free(&wide);
    nscl_picture_free(&large);
    free(png);
    free(jpg);
    free(missing);
}

/* ---- Beside Pillow ---- */

static char *next_field(char **line)
{
    char *field = *line;
    size_t n = strcspn(field, "\t");
    *line = field + n + (field[n] != '\0');
    field[n] = '\0';
    return field;
}

/* Where Pillow has 8 bits of a file's 16, the high ones. */
static uint32_t checksum(const nscl_picture *p, int bits)
{
    size_t n = bytes_of(p) / (size_t)(p->depth / 8);
    uLong sum = crc32(0, NULL, 0);
    for (size_t i = 0; i < n; i++) {
        unsigned value = p->depth == 16 ? ((const uint16_t *)p->samples)[i] : ((const uint8_t *)p->samples)[i] * 257u;
        unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};
        sum = crc32(sum, bytes, (uInt)bits / 8);
    }
    return (uint32_t)sum;
}

/* Means within half a grey level, single samples within 2: libjpeg-turbo 2.1 agrees exactly with the version in Pillow 13,
 * but decoders may round the transform, the chroma's interpolation and the colours in their own ways. */
static void check_near(const nscl_picture *p, char *fields, const char *name)
{
    const int grid = 4;
    for (int i = 0; i < 2 * grid * grid; i++) {
        int block = i % (grid * grid), row = block / grid, column = block % grid, single = i >= grid * grid;
        int y0 = p->height * row / grid, y1 = p->height * (row + 1) / grid, x0 = p->width * column / grid, x1 = p->width * (column + 1) / grid;
        if (single) {
            y1 = (y0 = p->height * (2 * row + 1) / (2 * grid)) + 1;
            x1 = (x0 = p->width * (2 * column + 1) / (2 * grid)) + 1;
        }
        for (int c = 0; c < 3; c++) {
            double sum = 0, wanted = atof(next_field(&fields));
            for (int y = y0; y < y1; y++)
                for (int x = x0; x < x1; x++)
                    sum += sample(p, ((size_t)y * (size_t)p->width + (size_t)x) * 3 + (size_t)c);
            double mean = sum / ((double)(y1 - y0) * (x1 - x0));
            if (!(fabs(mean - wanted) <= (single ? 2 : 0.5)))
                fail_msg("%s: %s %d, channel %d is %.2f instead of %.2f", name, single ? "pixel" : "block", block, c, mean, wanted);
        }
    }
    assert_int_equal(*fields, '\0');
}

static void check_row(const char *data, char *line)
{
    const char *name = next_field(&line), *outcome = next_field(&line);
    char *pictures = make_path(data, "pictures"), *path = make_path(pictures, name);
    nscl_picture p;
    nscl_error error = {0};
    nscl_status status = nscl_picture_read(&p, path, 0, &error);
    if (strcmp(outcome, "refused") == 0) {
        check_failure(status, NSCL_BAD_FILE, &error, name, "");
        assert_true(!p.samples && !p.width && !p.height);
        print_message("refused: %s\n", strstr(error.text, name));
    } else {
        if (status != NSCL_OK)
            fail_msg("%s", error.text);
        assert_int_equal(p.width, atoi(next_field(&line)));
        assert_int_equal(p.height, atoi(next_field(&line)));
        assert_int_equal(p.channels, atoi(next_field(&line)));
        const char *kind = next_field(&line);
        if (p.note && strstr(p.note, "without lcms2"))
            print_message("not compared: %s: %s\n", name, p.note);
        else if (strcmp(kind, "near") == 0)
            check_near(&p, line, name);
        else {
            uint32_t sum = checksum(&p, atoi(kind + 3)), wanted = (uint32_t)strtoul(line, NULL, 16);
            if (sum != wanted)
                fail_msg("%s: %s is %08lx instead of %08lx", name, kind, (unsigned long)sum, (unsigned long)wanted);
        }
    }
    nscl_picture_free(&p);
    free(path);
    free(pictures);
}

static void test_golden(void **state)
{
    const char *data = getenv("NSCL_TEST_DATA"), *source = getenv("NSCL_TEST_SOURCE");
    (void)state;
    char *probe = make_path(data ? data : "", "README.md");
    FILE *there = data && source ? fopen(probe, "rb") : NULL;
    free(probe);
    if (!there) {
        print_message("skipped: the test data is not there (NSCL_TEST_DATA is '%s')\n", data ? data : "unset");
        skip();
    }
    fclose(there);
    char *path = make_path(source ? source : "", "tests/golden/pictures.tsv");
    struct make_bytes table = make_read(path);
    make_insert(&table, table.size, "", 1);
    size_t rows = 0;
    for (char *line = (char *)table.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, rows++) {
        *end = '\0';
        check_row(data, line);
    }
    assert_true(rows > 50);
    free(table.data);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_round_trip),  cmocka_unit_test(test_jpeg_quality), cmocka_unit_test(test_comment),
        cmocka_unit_test(test_kind_by_content), cmocka_unit_test(test_check_path),   cmocka_unit_test(test_failure_keeps_old_file),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
