/* What a PNG's chunks say beside the samples, found by a walk over the file's bytes. Damage here is no error: the
 * picture is whole without. */
#ifndef NSCL_PNG_CHUNK_H
#define NSCL_PNG_CHUNK_H

#include <stddef.h>

#include "colour.h"

/* EXIF's orientation, 1 to 8; 0 where there is none. */
int nscl_png_orientation(const unsigned char *bytes, size_t size);

/* Fills the source's profile and damaged. The caller frees source->profile. gAMA and cHRM are left: Pillow and the programs that
 * use it, which presets reproduce, pass them by too, and what they say is often wrong. */
void nscl_png_colours(nscl_colour_source *source, const unsigned char *bytes, size_t size);

#endif
