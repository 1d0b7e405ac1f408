/* Pictures inside the library: what picture.c (files, kinds, orientation) and the codecs (bytes to samples and back)
 * owe each other. A decoder checks the header with nscl_picture_alloc before any memory of the picture's size is taken,
 * and on failure leaves *out all zero. `name` stands for the file in messages. */
#ifndef NSCL_PICTURE_H
#define NSCL_PICTURE_H

#include <stdio.h>

#include "error.h"

#define NSCL_JPEG_QUALITY_DEFAULT 95

/* Reads back what nscl_picture_options.comment put into the PNG or JPEG file at `path`. *out is malloc'ed; the caller
 * frees it. A picture without one is NSCL_BAD_FILE. A JPEG's comment may be another program's: it has no keyword. */
nscl_status nscl_picture_comment(const char *path, char **out, nscl_error *error);

/* Fills *out and takes memory for its samples, unless width * height is over max_pixels, or over `holds`, what the file's bytes can
 * hold when packed as tightly as its format allows. */
nscl_status nscl_picture_alloc(nscl_picture *out, uint32_t width, uint32_t height, int channels, int depth, uint64_t max_pixels, uint64_t holds,
                               const char *name, nscl_error *error);

/* Turns the picture upright. `orientation` is EXIF's tag 0x0112, 1 to 8; anything else counts as 1. */
nscl_status nscl_picture_orient(nscl_picture *picture, int orientation, const char *name, nscl_error *error);

/* Orientation, 1 to 8, in a block of EXIF data, with or without the "Exif\0\0" that begins it in JPEG files; 0 when it
 * has none, is damaged, or the library was built without libexif. */
int nscl_exif_orientation(const unsigned char *bytes, size_t size);

/* Samples as stored, and the orientation still to be applied. */
nscl_status nscl_png_decode(nscl_picture *out, int *orientation, const unsigned char *bytes, size_t size, const char *name, uint64_t max_pixels,
                            nscl_error *error);
nscl_status nscl_jpeg_decode(nscl_picture *out, int *orientation, const unsigned char *bytes, size_t size, const char *name, uint64_t max_pixels,
                             nscl_error *error);

/* A sound picture to a stream; comment may be NULL, quality is 1 to 100. The stream stays open. */
nscl_status nscl_png_write(const nscl_picture *picture, FILE *stream, const char *comment, const char *name, nscl_error *error);
nscl_status nscl_jpeg_write(const nscl_picture *picture, FILE *stream, int quality, const char *comment, const char *name, nscl_error *error);

/* The comment as a new string, *out NULL where there is none. */
nscl_status nscl_png_comment(char **out, const unsigned char *bytes, size_t size, const char *name, nscl_error *error);
nscl_status nscl_jpeg_comment(char **out, const unsigned char *bytes, size_t size, const char *name, nscl_error *error);

#endif
