/* PNG through libpng. Reading ends in 8- or 16-bit RGB or RGBA whatever the file holds; a wrong checksum or missing byte
 * up to the end chunk is an error. libpng sees only the chunks that make the samples; orientation, colours and comment are
 * png_chunk.c's. */
#include "picture.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "png_chunk.h"

#define DEFLATE_RATIO 1032 /* no stream unpacks to more times its size */

/* libpng reports failure by a jump, out of functions called below run() alone. */
struct png_job {
    jmp_buf jump;
    png_structp png;
    png_infop info;
    nscl_picture *out;
    const unsigned char *bytes;
    size_t size, at;
    const nscl_picture *picture;
    FILE *stream;
    const char *comment, *name;
    uint64_t max_pixels;
    int grey; /* as stored */
    nscl_status status;
    nscl_error *error;
};

static void fail_reading(png_structp png, png_const_charp text)
{
    struct png_job *job = png_get_error_ptr(png);
    job->status = nscl_fail(job->error, NSCL_BAD_FILE, "cannot read '%s', a damaged PNG: %s; fetch or save it again", job->name, text);
    longjmp(job->jump, 1);
}

static void fail_writing(png_structp png, png_const_charp text)
{
    struct png_job *job = png_get_error_ptr(png);
    const char *reason = ferror(job->stream) && errno ? strerror(errno) : text;
    job->status = nscl_fail(job->error, NSCL_BAD_FILE, "cannot write '%s': %s; choose a smaller size or another disk", job->name, reason);
    longjmp(job->jump, 1);
}

/* libpng drops what is wrong in chunks it does not hold critical, but without tRNS the picture would be another. */
static void warn_reading(png_structp png, png_const_charp text)
{
    if (strncmp(text, "tRNS", 4) == 0)
        fail_reading(png, text);
}

static void warn_writing(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void feed(png_structp png, png_bytep to, size_t n)
{
    struct png_job *job = png_get_io_ptr(png);
    if (n > job->size - job->at)
        png_error(png, "it ends too early");
    memcpy(to, job->bytes + job->at, n);
    job->at += n;
}

static int run(struct png_job *job, void (*work)(struct png_job *job))
{
    job->status = NSCL_OK;
    if (setjmp(job->jump) == 0)
        work(job);
    return job->status == NSCL_OK;
}

static int little_endian(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1;
}

/* ---- Reading ---- */

static void read_rows(struct png_job *job)
{
    job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, fail_reading, warn_reading);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info) {
        job->status = nscl_fail(job->error, NSCL_NO_MEMORY, "no memory to read '%s'", job->name);
        return;
    }
    png_structp png = job->png;
    png_set_read_fn(png, job, feed);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT); /* a chunk's damaged name can hide that it matters */
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);      /* the limit is on pixels, and ours */
    png_set_chunk_malloc_max(png, 0);                                /* it would refuse large texts even to skip them */
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, job->info);

    uint32_t width = png_get_image_width(png, job->info), height = png_get_image_height(png, job->info);
    int type = png_get_color_type(png, job->info), bits = png_get_bit_depth(png, job->info);
    job->grey = !(type & PNG_COLOR_MASK_COLOR);
    int alpha = (type & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, job->info, PNG_INFO_tRNS);
    uint64_t holds = (uint64_t)job->size * DEFLATE_RATIO * 8 / (unsigned)(bits * png_get_channels(png, job->info));
    job->status = nscl_picture_alloc(job->out, width, height, alpha ? 4 : 3, bits == 16 ? 16 : 8, job->max_pixels, holds, job->name, job->error);
    if (job->status != NSCL_OK)
        return;
    png_set_expand(png); /* palette to RGB, fewer bits to 8, tRNS to alpha */
    if (job->grey)
        png_set_gray_to_rgb(png);
    if (bits == 16 && little_endian())
        png_set_swap(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, job->info);
    size_t stride = (size_t)width * (alpha ? 4 : 3) * (bits == 16 ? 2 : 1);
    if (png_get_rowbytes(png, job->info) != stride)
        png_error(png, "its rows have another length than its header says");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++)
            png_read_row(png, (unsigned char *)job->out->samples + y * stride, NULL);
    png_read_end(png, NULL);
}

/* All samples are there: whatever is wrong with the profile ends in a note. */
static void convert_colours(nscl_picture *picture, int grey, const unsigned char *bytes, size_t size)
{
    nscl_colour_source source = {.space = grey ? NSCL_COLOUR_GREY : NSCL_COLOUR_RGB, .channels = picture->channels, .depth = picture->depth};
    nscl_png_colours(&source, bytes, size);
    nscl_colour *colour = nscl_colour_open(&source, &picture->note);
    if (colour)
        nscl_colour_convert(colour, picture->samples, picture->samples, (size_t)picture->width * (size_t)picture->height);
    nscl_colour_close(colour);
    free(source.profile);
}

nscl_status nscl_png_decode(nscl_picture *out, int *orientation, const unsigned char *bytes, size_t size, const char *name, uint64_t max_pixels,
                            nscl_error *error)
{
    struct png_job job = {.out = out, .bytes = bytes, .size = size, .name = name, .max_pixels = max_pixels, .error = error};
    memset(out, 0, sizeof *out);
    *orientation = 0;
    int done = run(&job, read_rows);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    if (done) {
        *orientation = nscl_png_orientation(bytes, size);
        convert_colours(out, job.grey, bytes, size);
    } else
        nscl_picture_free(out);
    return job.status;
}

/* ---- Writing ---- */

static void set_comment(png_structp png, png_infop info, const char *comment)
{
    char keyword[] = "nscl";
    int ascii = 1;
    for (const char *p = comment; *p; p++)
        ascii = ascii && (unsigned char)*p < 128;
    /* tEXt is Latin-1, iTXt UTF-8: the older chunk where both say the same, as more programs show it. */
    png_text text = {.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE, .key = keyword, .text = (char *)comment};
    if (ascii)
        text.text_length = strlen(comment);
    else
        text.itxt_length = strlen(comment);
    png_set_text(png, info, &text, 1);
}

static void write_rows(struct png_job *job)
{
    const nscl_picture *picture = job->picture;
    job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, fail_writing, warn_writing);
    job->info = job->png ? png_create_info_struct(job->png) : NULL;
    if (!job->info) {
        job->status = nscl_fail(job->error, NSCL_NO_MEMORY, "no memory to write '%s'", job->name);
        return;
    }
    png_structp png = job->png;
    errno = 0;
    png_init_io(png, job->stream);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(png, job->info, (png_uint_32)picture->width, (png_uint_32)picture->height, picture->depth,
                 picture->channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, job->info, PNG_sRGB_INTENT_PERCEPTUAL);
    if (job->comment)
        set_comment(png, job->info, job->comment);
    png_write_info(png, job->info);
    if (picture->depth == 16 && little_endian())
        png_set_swap(png);
    size_t stride = (size_t)picture->width * (size_t)picture->channels * (size_t)(picture->depth / 8);
    for (int y = 0; y < picture->height; y++)
        png_write_row(png, (const unsigned char *)picture->samples + (size_t)y * stride);
    png_write_end(png, NULL);
}

nscl_status nscl_png_write(const nscl_picture *picture, FILE *stream, const char *comment, const char *name, nscl_error *error)
{
    struct png_job job = {.picture = picture, .stream = stream, .comment = comment, .name = name, .error = error};
    run(&job, write_rows);
    png_destroy_write_struct(&job.png, &job.info);
    return job.status;
}
