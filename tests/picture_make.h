/* Pictures for the tests, made with libpng and libjpeg directly so that what nscl reads does not rest on what it writes.
 * Everything ends the program by assert when it cannot be made. */
#ifndef NSCL_TEST_PICTURE_MAKE_H
#define NSCL_TEST_PICTURE_MAKE_H

#include <stddef.h>
#include <stdint.h>

#include "nscl.h"

struct make_bytes {
    unsigned char *data; /* malloc'ed */
    size_t size;
};

/* The same numbers on every system; *state is any seed. */
uint32_t make_random(uint32_t *state);

/* A picture of noise (smooth == 0) or of slow gradients; the caller frees it with nscl_picture_free. */
nscl_picture make_picture(int width, int height, int channels, int depth, int smooth);

struct make_png {
    int width, height;
    int type; /* PNG_COLOR_TYPE_... */
    int bits; /* 1, 2, 4, 8, 16 */
    int interlaced;
    int transparent; /* with tRNS: the sample values of the first pixel, or alpha (entry * 37) & 255 of palette entries */
};

/* Encodes random samples and gives them in *values, one number a sample as stored (an index where the type is a
 * palette); NULL if not wanted. Palette entry i is (255 - i, i * 5 & 255, i * 11 & 255). */
struct make_bytes make_png(const struct make_png *png, uint16_t **values);

enum make_jpeg_colours { MAKE_GREY, MAKE_RGB, MAKE_YCC, MAKE_CMYK, MAKE_YCCK };

struct make_jpeg {
    int width, height;
    enum make_jpeg_colours colours;
    int progressive;        /* 1: the usual scans; 2: one scan a coefficient, 190 in all */
    int no_adobe;           /* leave Adobe's marker out */
    int restart;            /* MCUs between restart markers; 0: none */
    unsigned char value[4]; /* of every pixel; all zero: a pattern */
};
struct make_bytes make_jpeg(const struct make_jpeg *jpeg);

/* Puts bytes in at an offset. */
void make_insert(struct make_bytes *to, size_t at, const void *bytes, size_t size);
/* Puts a PNG chunk in behind the header chunk. */
void make_chunk(struct make_bytes *png, const char *type, const void *bytes, size_t size);
/* Sets the checksum of the PNG chunk that begins at an offset. */
void make_checksum(struct make_bytes *png, size_t at);
/* Offset of the first PNG chunk of the type. */
size_t make_find(const struct make_bytes *png, const char *type);
/* EXIF data that says only its orientation, with the JPEG head. */
struct make_bytes make_exif(int orientation, int big_endian);

/* A new folder for files, its path malloc'ed; and its end with all in it, folders too. */
char *make_folder(void);
void make_folder_end(char *folder);
size_t make_folder_count(const char *folder);
/* Path of a file in the folder, malloc'ed. */
char *make_path(const char *folder, const char *name);
void make_file(const char *path, const void *bytes, size_t size);
struct make_bytes make_read(const char *path);

#endif
