#define _POSIX_C_SOURCE 200809L
#include "picture_make.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <jpeglib.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

uint32_t make_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *take(size_t size)
{
    void *p = calloc(size ? size : 1, 1);
    assert(p);
    return p;
}

nscl_picture make_picture(int width, int height, int channels, int depth, int smooth)
{
    size_t n = (size_t)width * (size_t)height * (size_t)channels;
    nscl_picture picture = {width, height, channels, depth, take(n * (size_t)(depth / 8)), NULL};
    uint32_t state = 7;
    for (size_t i = 0; i < n; i++) {
        size_t c = i % (size_t)channels, x = i / (size_t)channels % (size_t)width, y = i / (size_t)channels / (size_t)width;
        size_t slope = 9000 + 400 * x + (c == 1 ? 600 * y : c == 2 ? 200 * (x + y) : 0);
        uint32_t value = (smooth ? (uint32_t)slope : make_random(&state)) & 0xffff;
        if (depth == 16)
            ((uint16_t *)picture.samples)[i] = (uint16_t)value;
        else
            ((uint8_t *)picture.samples)[i] = (uint8_t)(value >> 8);
    }
    return picture;
}

/* ---- PNG ---- */

static void append(png_structp png, png_bytep bytes, size_t size)
{
    struct make_bytes *out = png_get_io_ptr(png);
    make_insert(out, out->size, bytes, size);
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

struct make_bytes make_png(const struct make_png *kind, uint16_t **values)
{
    struct make_bytes out = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    int channels = kind->type == PNG_COLOR_TYPE_GRAY || kind->type == PNG_COLOR_TYPE_PALETTE ? 1
                   : kind->type == PNG_COLOR_TYPE_GRAY_ALPHA                                 ? 2
                   : kind->type == PNG_COLOR_TYPE_RGB                                        ? 3
                                                                                             : 4;
    size_t stride = (size_t)kind->width * (size_t)channels, n = stride * (size_t)kind->height;
    uint16_t *samples = take(n * sizeof *samples);
    uint32_t state = (uint32_t)(kind->type * 100 + kind->bits);
    for (size_t i = 0; i < n; i++)
        samples[i] = (uint16_t)(make_random(&state) & ((1u << kind->bits) - 1));

    assert(png && info);
    png_set_write_fn(png, &out, append, flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)kind->width, (png_uint_32)kind->height, kind->bits, kind->type,
                 kind->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (kind->type == PNG_COLOR_TYPE_PALETTE) {
        png_color palette[256];
        png_byte alpha[256];
        for (int i = 0; i < 256; i++) {
            palette[i] = (png_color){(png_byte)(255 - i), (png_byte)(i * 5), (png_byte)(i * 11)};
            alpha[i] = (png_byte)(i * 37);
        }
        png_set_PLTE(png, info, palette, 1 << kind->bits);
        if (kind->transparent)
            png_set_tRNS(png, info, alpha, 1 << kind->bits, NULL);
    } else if (kind->transparent) {
        png_color_16 key = {0, samples[0], samples[channels > 1 ? 1 : 0], samples[channels > 2 ? 2 : 0], samples[0]};
        png_set_tRNS(png, info, NULL, 0, &key);
    }
    png_write_info(png, info);
    png_set_packing(png);
    unsigned char *rows = take(2 * n);
    png_bytep *list = take((size_t)kind->height * sizeof *list);
    for (size_t i = 0; i < n; i++)
        if (kind->bits == 16) {
            rows[2 * i] = (unsigned char)(samples[i] >> 8);
            rows[2 * i + 1] = (unsigned char)samples[i];
        } else
            rows[i] = (unsigned char)samples[i];
    for (int y = 0; y < kind->height; y++)
        list[y] = rows + (size_t)y * stride * (kind->bits == 16 ? 2 : 1);
    png_write_image(png, list);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(rows);
    free(list);
    if (values)
        *values = samples;
    else
        free(samples);
    return out;
}

void make_insert(struct make_bytes *to, size_t at, const void *bytes, size_t size)
{
    unsigned char *data = realloc(to->data, to->size + size + 1);
    assert(data && at <= to->size);
    memmove(data + at + size, data + at, to->size - at);
    if (size)
        memcpy(data + at, bytes, size);
    to->data = data;
    to->size += size;
}

static void put32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(value >> (24 - 8 * i));
}

static size_t get32(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

void make_checksum(struct make_bytes *png, size_t at)
{
    size_t n = get32(png->data + at);
    put32(png->data + at + 8 + n, (uint32_t)crc32(0, png->data + at + 4, (uInt)n + 4));
}

void make_chunk(struct make_bytes *png, const char *type, const void *bytes, size_t size)
{
    unsigned char head[12] = {0};
    const size_t at = 33;
    put32(head, (uint32_t)size);
    memcpy(head + 4, type, 4);
    make_insert(png, at, head, 12);
    make_insert(png, at + 8, bytes, size);
    make_checksum(png, at);
}

size_t make_find(const struct make_bytes *png, const char *type)
{
    size_t at = 8;
    while (at + 12 <= png->size && memcmp(png->data + at + 4, type, 4) != 0)
        at += get32(png->data + at) + 12;
    assert(at + 12 <= png->size);
    return at;
}

struct make_bytes make_exif(int orientation, int big_endian)
{
    static const unsigned char little[] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const unsigned char big[] = {'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, '*', 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    struct make_bytes out = {0};
    make_insert(&out, 0, big_endian ? big : little, sizeof little);
    out.data[big_endian ? 25 : 24] = (unsigned char)orientation;
    return out;
}

/* ---- JPEG ---- */

struct make_bytes make_jpeg(const struct make_jpeg *kind)
{
    static const J_COLOR_SPACE from[] = {JCS_GRAYSCALE, JCS_RGB, JCS_RGB, JCS_CMYK, JCS_CMYK};
    static const J_COLOR_SPACE to[] = {JCS_GRAYSCALE, JCS_RGB, JCS_YCbCr, JCS_CMYK, JCS_YCCK};
    static const unsigned char none[4];
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg_scan_info scans[190];
    unsigned char *data = NULL;
    unsigned long size = 0;
    int channels = kind->colours == MAKE_GREY ? 1 : kind->colours >= MAKE_CMYK ? 4 : 3, scan_count = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = (JDIMENSION)kind->width;
    jpeg.image_height = (JDIMENSION)kind->height;
    jpeg.input_components = channels;
    jpeg.in_color_space = from[kind->colours];
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, to[kind->colours]);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg.restart_interval = (unsigned)kind->restart;
    if (kind->no_adobe)
        jpeg.write_Adobe_marker = FALSE;
    if (kind->progressive == 1)
        jpeg_simple_progression(&jpeg);
    if (kind->progressive == 2) { /* the DC of all, then every other coefficient alone */
        assert(channels == 3);
        scans[scan_count++] = (jpeg_scan_info){3, {0, 1, 2, 0}, 0, 0, 0, 0};
        for (int c = 0; c < 3; c++)
            for (int k = 1; k < 64; k++)
                scans[scan_count++] = (jpeg_scan_info){1, {c, 0, 0, 0}, k, k, 0, 0};
        jpeg.scan_info = scans;
        jpeg.num_scans = scan_count;
    }
    jpeg_start_compress(&jpeg, TRUE);
    unsigned char *row = take((size_t)kind->width * (size_t)channels);
    while (jpeg.next_scanline < jpeg.image_height) {
        for (int x = 0; x < kind->width; x++)
            for (int c = 0; c < channels; c++)
                row[x * channels + c] = memcmp(kind->value, none, 4) != 0 ? kind->value[c] : (unsigned char)(x * 7 + (int)jpeg.next_scanline * 5 + c * 40);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    return (struct make_bytes){data, size};
}

/* ---- Files ---- */

char *make_folder(void)
{
    const char *base = getenv("TMPDIR");
    char *folder = make_path(base && base[0] ? base : "/tmp", "nscl-picture-XXXXXX");
    char *made = mkdtemp(folder);
    assert(made);
    return made;
}

size_t make_folder_count(const char *folder)
{
    size_t n = 0;
    DIR *list = opendir(folder);
    assert(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(list);
    return n;
}

void make_folder_end(char *folder)
{
    DIR *list = opendir(folder);
    assert(list);
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char *path = make_path(folder, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || remove(path) == 0)
            free(path);
        else
            make_folder_end(path); /* not empty */
    }
    closedir(list);
    rmdir(folder);
    free(folder);
}

char *make_path(const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = take(size);
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

void make_file(const char *path, const void *bytes, size_t size)
{
    FILE *stream = fopen(path, "wb");
    assert(stream);
    size_t n = fwrite(bytes, 1, size, stream);
    int bad = fclose(stream);
    assert(n == size && !bad);
    (void)n;
    (void)bad;
}

struct make_bytes make_read(const char *path)
{
    struct make_bytes out = {0};
    unsigned char block[4096];
    FILE *stream = fopen(path, "rb");
    assert(stream);
    for (size_t n; (n = fread(block, 1, sizeof block, stream)) > 0;)
        make_insert(&out, out.size, block, n);
    fclose(stream);
    return out;
}
