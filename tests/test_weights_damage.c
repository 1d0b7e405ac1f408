/* Files that are no networks, or damaged ones: each is refused by a message that names the file, says what is wrong and
 * how to get a good one; none of them takes the program down, also where the damage is random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "os.h"
#include "weights_make.h"

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

static void check_refused(const char *name, const void *bytes, size_t size, const char *word)
{
    struct nscl_weights *w = NULL;
    nscl_error error = {0};
    unsigned char *copy = malloc(size ? size : 1); /* of exactly this size, so that reading past the end shows */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    nscl_status status = nscl_weights_decode(&w, name, copy, size, NULL, &error);
    free(copy);
    if (status != NSCL_BAD_FILE || error.code != status || w || !strstr(error.text, name) || !strstr(error.text, word))
        fail_msg("status %d and '%s', which should name '%s' and say '%s'", (int)status, error.text, name, word);
}

static void refuse(struct make_bytes bytes, const char *word)
{
    check_refused("some/file.safetensors", bytes.data, bytes.size, word);
    free(bytes.data);
}

static void test_other_files(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *word;
    } rows[] = {
        {"", 0, "empty"},
        {" \n\n", 3, "blank"},
        {"<!DOCTYPE html><html><head>", 27, "web page"},
        {"\xef\xbb\xbf\n  <HTML>", 12, "web page"},
        {"<?xml version=\"1.0\"?><Error><Code>AccessDenied", 47, "web page"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 80134624\n", 73, "Git-LFS"},
        {"PK\003\004\024\000\000\000archive/data.pkl", 24, "no list of members"},
        {"\200\002\212\nl\374\234F\371 j\250P\031.", 16, "opcode 0x00"},
        {"\037\213\010\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000", 18, "gzip"},
        {"\211PNG\r\n\032\n........", 16, "PNG"},
        {"\377\330\377\340........", 12, "JPEG"},
        {"{\"error\": \"not found\"}", 22, "JSON"},
        {"short", 5, "cut short"},
        {"MATLAB 7.3 MAT-file, Platform: GLNXA64", 38, "-v7"},
        {"some bytes that nobody knows about", 34, "73 6f 6d 65"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_refused("some/vgg19.pth", rows[i].bytes, rows[i].size, rows[i].word);
    check_refused("some/vgg19.h5", "", 0, "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/");
    check_refused("some/vgg16.h5", "", 0, "6d6bbae143d832006294945121d1f1fc");

    nscl_weights *w = NULL;
    nscl_error error = {0};
    assert_int_equal(nscl_weights_open(&w, folder, &error), NSCL_BAD_FILE);
    assert_non_null(strstr(error.text, "regular file"));
    assert_int_equal(nscl_weights_open(&w, "no/such.h5", &error), NSCL_BAD_FILE); /* an old message does not stay */
    assert_non_null(strstr(error.text, "no/such.h5"));
}

static void test_headers(void **state)
{
#define KERNEL(shape, from, to) "\"conv1_1.weight\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"
#define BIAS(from, to) "\"conv1_1.bias\":{\"dtype\":\"F32\",\"shape\":[64],\"data_offsets\":[" from "," to "]}"
#define OWN(input) "{\"__metadata__\":{\"nscl.network\":\"vgg19\",\"nscl.input\":\"" input "\"}," KERNEL("[64,3,3,3]", "0", "6912") "," BIAS("6912", "7168") "}"
    static const struct {
        const char *header;
        size_t data;
        const char *word;
    } rows[] = {
        {"{", 0, "damaged"},
        {"{}", 0, "no VGG convolution"},
        {"{\"a\":1}", 0, "data_offsets"},
        {"{\"a\":{},\"a\":{}}", 0, "duplicate"},
        {"{" KERNEL("[64,3,3,3]", "0", "6912") "}", 6912, "conv1_1.bias"},
        {"{" KERNEL("[64,3,3,3]", "0", "6912") "," BIAS("6912", "7168") "}", 7167, "cut short"},
        {"{" KERNEL("[64,3,3,3]", "0", "6912") "," BIAS("6912", "7168") "}", 7169, "follow"},
        {"{" KERNEL("[64,3,3,3]", "0", "6912") "," BIAS("6656", "6912") "}", 6912, "overlap"},
        {"{" KERNEL("[64,3,3,3]", "0", "6912") "," BIAS("6916", "7172") "}", 7172, "gap"},
        {"{" KERNEL("[64,3,3,3]", "6912", "0") "," BIAS("6912", "7168") "}", 7168, "data_offsets"},
        {"{" KERNEL("[64,3,3,3]", "-6912", "0") "}", 7168, "data_offsets"},
        {"{" KERNEL("[64,3,3,3]", "0", "18446744073709551615") "}", 7168, "damaged"},
        {"{" KERNEL("[64,3,3,3]", "0", "9223372036854775807") "}", 7168, "data_offsets"},
        {"{" KERNEL("[64,3,3,3]", "0", "6912.5") "}", 7168, "data_offsets"},
        {"{" KERNEL("[64,-3,3,-3]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "shape"},
        {"{" KERNEL("[64,3,3,4]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "shape"},
        {"{" KERNEL("[1073741824,1073741824,16,3]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "shape"},
        {"{" KERNEL("[64,3,3,3,1]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "shape"},
        {"{" KERNEL("{}", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "shape"},
        {"{" KERNEL("[64,27]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "dimensions"},
        {"{" KERNEL("[64,1,9,3]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "3x3"},
        {"{" KERNEL("[32,6,3,3]", "0", "6912") "," BIAS("6912", "7168") "}", 7168, "64 from 3"},
        {"{\"conv1_1.weight\":{\"dtype\":\"I32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "I32"},
        {"{\"conv1_1.weight\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "none"},
        {"{\"__metadata__\":{\"nscl.network\":\"vgg99\",\"nscl.input\":\"rgb\"}}", 0, "vgg99"},
        {"{\"__metadata__\":{\"nscl.network\":\"vgg19\"}}", 0, "nscl.input"},
        {OWN("grb"), 7168, "grb"},
        {OWN("rgb mean=1,2"), 7168, "mean=1,2"},
        {OWN("rgb mean=1,2,x"), 7168, "mean=1,2,x"},
        {OWN("rgb mean=[1],2,3"), 7168, "mean=[1],2,3"},
        {OWN("rgb scale=0"), 7168, "positive"},
        {OWN("rgb scale=1e99"), 7168, "scale=1e99"},
        {OWN("rgb deviation=1,-1,1"), 7168, "positive"},
        {"{\"features.0.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
         "\"features.1.running_mean\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
         8, "batch normalisation"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse(make_header(rows[i].header, rows[i].data), rows[i].word);
    static const unsigned char lengths[][8] = {{255, 255, 255, 255, 0, 0, 0, 0}, {16, 0, 0, 0, 0, 0, 0, 0}};
    for (int i = 0; i < 2; i++) { /* more than the file has */
        unsigned char bytes[16] = "........{}";
        memcpy(bytes, lengths[i], 8);
        check_refused("length.safetensors", bytes, sizeof bytes, "cut short");
    }
    struct make_bytes big = make_header("{}", (size_t)5 << 20); /* a header as long as the file, past what is allowed */
    big.data[0] = 0;
    big.data[2] = 0x50;
    refuse(big, "header of");
}

static void test_networks(void **state)
{
    static const int widths[NSCL_BLOCKS] = {3, 4, 5, 6, 7};
    (void)state;
    struct nscl_weights *w = make_network("vgg19", widths, 5, 3);
    refuse(make_safetensors(w, 'c', "F32", NULL, NULL), "64 from 3"); /* odd widths are for our own files */
    w->conv[3].number = 4;
    refuse(make_safetensors(w, 'c', "F32", "vgg19", "rgb"), "conv2_2 is missing");
    w->conv[3].number = 2;
    w->conv[0].kernel[5] = NAN;
    refuse(make_safetensors(w, 'c', "F32", "vgg19", "rgb"), "finite");
    w->conv[0].kernel[5] = 0;
    w->conv[4].bias[4] = INFINITY;
    refuse(make_safetensors(w, 'c', "F64", "vgg19", "rgb"), "conv3_1's biases");
    w->conv[4].bias[4] = 0;
    struct nscl_weights *other = make_network("vgg19", (const int[]){3, 3, 5, 6, 7}, 5, 3);
    nscl_conv_weights kept = w->conv[2];
    w->conv[2] = other->conv[2]; /* gives 3, where the next takes 4 */
    refuse(make_safetensors(w, 'c', "F32", "vgg19", "rgb"), "takes 4 channels");
    w->conv[2] = kept;
    nscl_weights_free(other);
    nscl_weights_free(w);
    w = make_network("vgg16", (const int[]){2, 2, 2, 2, 2}, 13, 3);
    refuse(make_safetensors(w, 'c', "F32", "vgg19", "rgb"), "conv3_4 is missing");
    nscl_weights_free(w);
#ifdef NSCL_HAVE_HDF5
    char *path = make_path(folder, "packed.h5");
    w = make_network("vgg19", NULL, 1, 3);
    make_h5(path, w, 2, "", 2);
    refuse(make_read(path), "compress");
    make_h5(path, w, 2, "", 1);
    struct make_bytes chunked = make_read(path);
    for (size_t at = 0; at + 24 < chunked.size; at++)
        if (memcmp(chunked.data + at, "TREE\1", 5) == 0)
            chunked.data[at + 25] ^= 1; /* the first chunk says another size than its dimensions */
    refuse(chunked, "damaged");
    make_h5(path, w, 2, "", 3);
    refuse(make_read(path), "libver='latest'");
    nscl_weights_free(w);
    free(path);
#endif
}

#ifdef NSCL_HAVE_MATIO
/* Two million empty cells in a few kilobytes, which would be gigabytes to matio. */
static void test_mat_bomb(void **state)
{
    enum { CELLS = 2000000, HEAD = 56, ROOM = 1 << 16 };
    static const uint32_t head[HEAD / 4] = {14, HEAD - 8 + CELLS * 8, 6, 8, 1, 0, 5, 8, 1, CELLS, 1, 6, 0x6579616c, 0x7372}; /* "layers" */
    const size_t size = HEAD + (size_t)CELLS * 8;
    char *path = make_path(folder, "bomb.mat");
    unsigned char *plain = calloc(size, 1), *packed = calloc(ROOM, 1);
    uLongf n = ROOM - 136;
    (void)state;
    assert_non_null(plain);
    assert_non_null(packed);
    memcpy(plain, head, HEAD);
    for (size_t at = HEAD; at < size; at += 8)
        plain[at] = 14;
    memcpy(packed, "MATLAB 5.0 MAT-file", 19);
    memcpy(packed + 124, "\0\1IM", 4);
    assert_int_equal(compress2(packed + 136, &n, plain, (uLong)size, 9), Z_OK);
    const uint32_t tag[2] = {15, (uint32_t)n};
    memcpy(packed + 128, tag, 8);
    make_file(path, packed, 136 + n);
    check_refused(path, packed, 136 + n, "damaged");
    free(plain);
    free(packed);
    free(path);
}
#endif

/* Files of each format, small enough to be damaged often. */
static struct make_bytes make_any(int format, const char *path)
{
    static const double mean[3] = {123, 117, 104};
    struct nscl_weights *w = format < 2 ? make_network("vgg19", (const int[]){2, 3, 2, 2, 2}, 4, 9) : make_network("vgg19", NULL, 1, 9);
    struct make_bytes bytes = {NULL, 0};
    if (format < 2)
        bytes = make_safetensors(w, 'c', format ? "F64" : "F32", "vgg19", "bgr scale=1 mean=1,2,3 deviation=1,1,1");
#ifdef NSCL_HAVE_HDF5
    if (format == 2 || format == 3) {
        make_h5(path, w, format - 1, format == 2 ? "" : "model_weights", format - 2);
        bytes = make_read(path);
    }
#endif
#ifdef NSCL_HAVE_MATIO
    if (format >= 4) {
        make_mat(path, w, format - 4, format - 4, 2, mean);
        bytes = make_read(path);
    }
#endif
    (void)path;
    (void)mean;
    nscl_weights_free(w);
    return bytes;
}

static nscl_status try_bytes(int format, const char *path, const unsigned char *bytes, size_t size)
{
    struct nscl_weights *w = NULL;
    nscl_error error = {0};
    unsigned char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    if (format >= 4) /* matio reads from the disk */
        make_file(path, copy, size);
    nscl_status status = nscl_weights_decode(&w, path, copy, size, NULL, &error);
    if (status != NSCL_OK && (!strstr(error.text, path) || w))
        fail_msg("'%s' does not name '%s'", error.text, path);
    nscl_weights_free(w);
    free(copy);
    return status;
}

static void test_truncated(void **state)
{
    char *path = make_path(folder, "cut");
    (void)state;
    for (int format = 0; format < 6; format++) {
        struct make_bytes bytes = make_any(format, path);
        if (!bytes.data)
            continue;
        assert_int_equal(try_bytes(format, path, bytes.data, bytes.size), NSCL_OK);
        size_t step = format < 2 ? 1 : bytes.size / 397 + 1;
        for (size_t size = 0; size < bytes.size; size += step)
            if (try_bytes(format, path, bytes.data, size) != NSCL_BAD_FILE)
                fail_msg("format %d cut to %zu of %zu bytes is read", format, size, bytes.size);
        if (try_bytes(format, path, bytes.data, bytes.size - 1) != NSCL_BAD_FILE)
            fail_msg("format %d without its last byte is read", format);
        free(bytes.data);
    }
    free(path);
}

static void test_random(void **state)
{
    char *path = make_path(folder, "random");
    (void)state;
    for (int format = 0; format < 6; format++) {
        struct make_bytes bytes = make_any(format, path);
        if (!bytes.data)
            continue;
        uint32_t seed = 11;
        unsigned char *good = malloc(bytes.size);
        assert_non_null(good);
        memcpy(good, bytes.data, bytes.size);
        for (int i = 0; i < 600; i++) {
            size_t reach = i % 3 && bytes.size > 1500 ? 1500 : bytes.size; /* mostly where the structure is */
            for (uint32_t k = make_random(&seed) % 6 + 1; k-- > 0;) {
                static const unsigned char edges[] = {0, 1, 127, 128, 255, 8, '{', '}'};
                uint32_t r = make_random(&seed);
                bytes.data[make_random(&seed) % reach] = r & 1 ? edges[r >> 1 & 7] : (unsigned char)(r >> 4 & 255);
            }
            try_bytes(format, path, bytes.data, bytes.size);
            memcpy(bytes.data, good, bytes.size);
        }
        free(good);
        free(bytes.data);
    }
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_files), cmocka_unit_test(test_headers), cmocka_unit_test(test_networks),
#ifdef NSCL_HAVE_MATIO
        cmocka_unit_test(test_mat_bomb),
#endif
        cmocka_unit_test(test_truncated),   cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, open_folder, close_folder);
}
