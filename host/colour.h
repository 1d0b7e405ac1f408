/* Colours that are not sRGB's, to sRGB. The codecs say what a file's header says of its colours, and convert by rows or
 * whole pictures. Built without lcms2 nothing is converted. */
#ifndef NSCL_COLOUR_H
#define NSCL_COLOUR_H

#include <stddef.h>

#define NSCL_PROFILE_SIZE ((size_t)16 << 20) /* the largest profile that is read; a JPEG holds no larger one */

typedef struct nscl_colour nscl_colour;

typedef enum nscl_colour_space { NSCL_COLOUR_GREY, NSCL_COLOUR_RGB, NSCL_COLOUR_INKS, NSCL_COLOUR_INKS_INVERTED } nscl_colour_space;

typedef struct nscl_colour_source {
    nscl_colour_space space;
    int channels, depth;    /* of the samples as decoded: 3, or 4 with alpha or for inks; grey is there three times */
    unsigned char *profile; /* ICC; NULL: none. malloc'ed, the caller's */
    size_t size;
    int damaged; /* there is a profile, but not even its bytes can be had */
} nscl_colour_source;

/* NULL when the samples can stay: they are sRGB, or, with a sentence in *note, nothing can be made of the profile. *note is
 * NULL or lasts for ever. */
nscl_colour *nscl_colour_open(const nscl_colour_source *source, const char **note);

/* Makes RGB of the source's depth; alpha is left alone. `to` may be `from` unless these are inks. */
void nscl_colour_convert(const nscl_colour *colour, void *to, const void *from, size_t pixels);

/* NULL is accepted. */
void nscl_colour_close(nscl_colour *colour);

#endif
