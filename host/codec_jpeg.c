/* JPEG through libjpeg's own interface: TurboJPEG's writes no comments, hides Adobe's marker (inverted CMYK) and EXIF, and
 * cannot tell harmless warnings from missing data. Where libjpeg only warns and makes pixels up, reading is an error.
 * Memory follows the header, at most about 12 bytes a pixel, and is taken only after the header's check. */
#include "picture.h"

#include <errno.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "colour.h"

#define MAX_SCANS 100           /* encoders use about ten; a hostile file of many tiny scans would take hours */
#define MAX_PADDING 4           /* stray bytes after a scan that some cameras leave; more are a sign of damage */
#define MAX_PIXELS_A_BYTE 2048u /* a block of 64 samples, each of at most 4 pixels, takes at least a bit of Huffman code */
#define COMMENT_SIZE 65533u     /* most that fits in one marker */

/* libjpeg reports failure by a jump, out of functions called below run() alone. `manager` comes first: libjpeg hands it
 * back as a pointer to the whole. */
struct jpeg_job {
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct to;
    nscl_picture *out;
    int orientation;
    const unsigned char *bytes;
    size_t size;
    const nscl_picture *picture;
    FILE *stream; /* NULL when reading */
    int quality;
    const char *comment, *name;
    char *found;
    nscl_colour_source source;
    nscl_colour *colour; /* NULL: the samples stay */
    uint64_t max_pixels;
    nscl_status status;
    nscl_error *error;
};

static void stop(struct jpeg_job *job, nscl_status status)
{
    job->status = status;
    longjmp(job->jump, 1);
}

static void fail_job(j_common_ptr common)
{
    struct jpeg_job *job = (struct jpeg_job *)(void *)common->err;
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    if (common->err->msg_code == JERR_OUT_OF_MEMORY)
        stop(job, nscl_fail(job->error, NSCL_NO_MEMORY, "no memory for the JPEG '%s'; choose a smaller size", job->name));
    if (job->stream)
        stop(job, nscl_fail(job->error, NSCL_BAD_FILE, "cannot write '%s': %s; choose a smaller size or another disk", job->name,
                            common->err->msg_code == JERR_FILE_WRITE && errno ? strerror(errno) : text));
    stop(job, nscl_fail(job->error, NSCL_BAD_FILE, "cannot read '%s', a damaged or unusual JPEG: %s; fetch it again or save it anew as PNG", job->name, text));
}

/* level < 0 is a warning, the rest are traces. Only what leaves every pixel as the file says may pass. */
static void warn(j_common_ptr common, int level)
{
    if (level >= 0)
        return;
    switch (common->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: return;
    case JWRN_EXTRANEOUS_DATA:
        if (common->is_decompressor && (((j_decompress_ptr)common)->input_scan_number == 0 || common->err->msg_parm.i[0] <= MAX_PADDING))
            return;
        break;
    default: break;
    }
    fail_job(common);
}

static void print_nothing(j_common_ptr common)
{
    (void)common;
}

static void watch(j_common_ptr common)
{
    struct jpeg_job *job = (struct jpeg_job *)(void *)common->err;
    if (common->is_decompressor && ((j_decompress_ptr)common)->input_scan_number > MAX_SCANS)
        stop(job, nscl_fail(job->error, NSCL_BAD_FILE, "cannot read '%s': a JPEG of more than %d scans; save it anew as PNG", job->name, MAX_SCANS));
}

static int run(struct jpeg_job *job, void (*work)(struct jpeg_job *job))
{
    jpeg_std_error(&job->manager);
    job->manager.error_exit = fail_job;
    job->manager.emit_message = warn;
    job->manager.output_message = print_nothing;
    job->progress.progress_monitor = watch;
    job->in.err = job->to.err = &job->manager;
    job->status = NSCL_OK;
    if (setjmp(job->jump) == 0)
        work(job);
    return job->status == NSCL_OK;
}

/* ---- Reading ---- */

static int jpeg_orientation(const struct jpeg_decompress_struct *in)
{
    for (jpeg_saved_marker_ptr marker = in->marker_list; marker; marker = marker->next)
        if (marker->marker == JPEG_APP0 + 1 && marker->data_length > 6 && memcmp(marker->data, "Exif\0", 6) == 0)
            return nscl_exif_orientation(marker->data, marker->data_length);
    return 0;
}

/* The profile in its segments; libjpeg puts them in order, and finds none where one is missing. */
static void open_colour(struct jpeg_job *job)
{
    struct jpeg_decompress_struct *in = &job->in;
    nscl_colour_source *source = &job->source;
    unsigned size = 0;
    source->space = in->num_components == 1   ? NSCL_COLOUR_GREY
                    : in->num_components == 3 ? NSCL_COLOUR_RGB
                    : in->saw_Adobe_marker    ? NSCL_COLOUR_INKS_INVERTED
                                              : NSCL_COLOUR_INKS;
    source->channels = source->space >= NSCL_COLOUR_INKS ? 4 : 3;
    source->depth = 8;
    if (jpeg_read_icc_profile(in, &source->profile, &size))
        source->size = size;
    else
        for (jpeg_saved_marker_ptr marker = in->marker_list; marker; marker = marker->next)
            source->damaged |= marker->marker == JPEG_APP0 + 2 && marker->data_length >= 12 && memcmp(marker->data, "ICC_PROFILE", 12) == 0;
    job->colour = nscl_colour_open(source, &job->out->note);
}

static unsigned char under(unsigned ink, unsigned black)
{
    unsigned t = ink * black + 128; /* ink * black / 255, rounded */
    return (unsigned char)((t + (t >> 8)) >> 8);
}

/* Light left by inks, without a profile: what Pillow, browsers and most others do. */
static void inks_to_rgb(unsigned char *to, const JSAMPLE *from, int width, int inverted)
{
    unsigned flip = inverted ? 0 : 255;
    for (int x = 0; x < width; x++, from += 4, to += 3) {
        unsigned black = from[3] ^ flip;
        to[0] = under(from[0] ^ flip, black);
        to[1] = under(from[1] ^ flip, black);
        to[2] = under(from[2] ^ flip, black);
    }
}

static void read_rows(struct jpeg_job *job)
{
    struct jpeg_decompress_struct *in = &job->in;
    jpeg_create_decompress(in);
    in->progress = &job->progress;
    jpeg_mem_src(in, job->bytes, (unsigned long)job->size);
    jpeg_save_markers(in, JPEG_APP0 + 1, 0xffff);
    jpeg_save_markers(in, JPEG_APP0 + 2, 0xffff);
    jpeg_read_header(in, TRUE);
    if (in->num_components != 1 && in->num_components != 3 && in->num_components != 4)
        stop(job, nscl_fail(job->error, NSCL_BAD_FILE, "cannot read '%s': a JPEG of %d channels; save it anew as PNG", job->name, in->num_components));
    uint64_t holds = in->arith_code ? UINT64_MAX : (uint64_t)job->size * MAX_PIXELS_A_BYTE;
    job->status = nscl_picture_alloc(job->out, in->image_width, in->image_height, 3, 8, job->max_pixels, holds, job->name, job->error);
    if (job->status != NSCL_OK)
        return;
    job->orientation = jpeg_orientation(in);
    open_colour(job);

    int inks = in->num_components == 4;
    in->out_color_space = inks ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(in);
    JSAMPARRAY row = inks ? in->mem->alloc_sarray((j_common_ptr)in, JPOOL_IMAGE, in->output_width * 4, 1) : NULL;
    size_t stride = (size_t)job->out->width * 3;
    while (in->output_scanline < in->output_height) {
        JSAMPROW to = (unsigned char *)job->out->samples + in->output_scanline * stride;
        jpeg_read_scanlines(in, inks ? row : &to, 1);
        if (job->colour)
            nscl_colour_convert(job->colour, to, inks ? row[0] : to, in->output_width);
        else if (inks)
            inks_to_rgb(to, row[0], job->out->width, in->saw_Adobe_marker);
    }
    jpeg_finish_decompress(in);
}

nscl_status nscl_jpeg_decode(nscl_picture *out, int *orientation, const unsigned char *bytes, size_t size, const char *name, uint64_t max_pixels,
                             nscl_error *error)
{
    struct jpeg_job job = {.out = out, .bytes = bytes, .size = size, .name = name, .max_pixels = max_pixels, .error = error};
    memset(out, 0, sizeof *out);
    if (!run(&job, read_rows))
        nscl_picture_free(out);
    *orientation = job.status == NSCL_OK ? job.orientation : 0;
    nscl_colour_close(job.colour);
    free(job.source.profile);
    jpeg_destroy_decompress(&job.in);
    return job.status;
}

static void read_comment(struct jpeg_job *job)
{
    struct jpeg_decompress_struct *in = &job->in;
    jpeg_create_decompress(in);
    jpeg_mem_src(in, job->bytes, (unsigned long)job->size);
    jpeg_save_markers(in, JPEG_COM, 0xffff);
    jpeg_read_header(in, TRUE);
    size_t n = 0;
    for (jpeg_saved_marker_ptr marker = in->marker_list; marker; marker = marker->next)
        n += marker->data_length;
    if (!n)
        return;
    char *p = job->found = malloc(n + 1);
    if (!p)
        stop(job, nscl_fail(job->error, NSCL_NO_MEMORY, "no memory for the settings in '%s'", job->name));
    for (jpeg_saved_marker_ptr marker = in->marker_list; marker; marker = marker->next) {
        memcpy(p, marker->data, marker->data_length);
        p += marker->data_length;
    }
    *p = '\0';
}

nscl_status nscl_jpeg_comment(char **out, const unsigned char *bytes, size_t size, const char *name, nscl_error *error)
{
    struct jpeg_job job = {.bytes = bytes, .size = size, .name = name, .error = error};
    run(&job, read_comment);
    *out = job.found;
    jpeg_destroy_decompress(&job.in);
    return job.status;
}

/* ---- Writing ---- */

/* One row as 8-bit RGB. */
static void row_to_rgb(JSAMPROW to, const nscl_picture *picture, size_t y)
{
    size_t width = (size_t)picture->width, channels = (size_t)picture->channels, at = y * width * channels;
    for (size_t x = 0; x < width; x++, at += channels)
        for (size_t c = 0; c < 3; c++)
            if (picture->depth == 16)
                *to++ = (JSAMPLE)((((const uint16_t *)picture->samples)[at + c] + 128u) / 257u);
            else
                *to++ = ((const uint8_t *)picture->samples)[at + c];
}

static void write_rows(struct jpeg_job *job)
{
    struct jpeg_compress_struct *to = &job->to;
    jpeg_create_compress(to);
    errno = 0;
    jpeg_stdio_dest(to, job->stream);
    to->image_width = (JDIMENSION)job->picture->width;
    to->image_height = (JDIMENSION)job->picture->height;
    to->input_components = 3;
    to->in_color_space = JCS_RGB;
    jpeg_set_defaults(to);
    jpeg_set_quality(to, job->quality, TRUE);
    if (job->quality >= 90) /* colour at half the resolution would show beside so little other loss */
        to->comp_info[0].h_samp_factor = to->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(to, TRUE);
    for (size_t left = job->comment ? strlen(job->comment) : 0; left;) {
        const char *p = job->comment + strlen(job->comment) - left;
        unsigned n = left < COMMENT_SIZE ? (unsigned)left : COMMENT_SIZE;
        jpeg_write_marker(to, JPEG_COM, (const JOCTET *)p, n);
        left -= n;
    }
    JSAMPARRAY row = to->mem->alloc_sarray((j_common_ptr)to, JPOOL_IMAGE, to->image_width * 3, 1);
    while (to->next_scanline < to->image_height) {
        row_to_rgb(row[0], job->picture, to->next_scanline);
        jpeg_write_scanlines(to, row, 1);
    }
    jpeg_finish_compress(to);
}

/* No profile: everything takes a JPEG without one for sRGB, as this is. */
nscl_status nscl_jpeg_write(const nscl_picture *picture, FILE *stream, int quality, const char *comment, const char *name, nscl_error *error)
{
    struct jpeg_job job = {.picture = picture, .stream = stream, .quality = quality, .comment = comment, .name = name, .error = error};
    if (picture->width > (int)JPEG_MAX_DIMENSION || picture->height > (int)JPEG_MAX_DIMENSION)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "cannot write '%s': JPEG holds at most %d pixels a side, not %d x %d; write PNG", name,
                         (int)JPEG_MAX_DIMENSION, picture->width, picture->height);
    run(&job, write_rows);
    jpeg_destroy_compress(&job.to);
    return job.status;
}
