/* Colour profiles through lcms2. Relative colorimetric with black point compensation: what sRGB can show stays what it is,
 * the rest goes to the nearest it can show, and an ink's black becomes black. A profile that lcms2 cannot understand is
 * ignored with a note: most such pictures look right as sRGB, and their pixels are whole. */
#include "colour.h"

static const char damaged[] = "its colour profile is damaged; its colours are taken for sRGB's";

#ifdef NSCL_HAVE_LCMS
#include <lcms2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK ((size_t)1 << 20) /* pixels a call; lcms2 counts in 32 bits */

static const char unfit[] = "its colour profile is for pictures of another kind; its colours are taken for sRGB's";

struct nscl_colour {
    cmsContext context;
    cmsHTRANSFORM transform;
    void *greys; /* what becomes of each grey, three samples; NULL: `transform` takes the pixels themselves */
    int channels, depth;
};

/* Grey pictures often carry the RGB profile of the program that made them grey. */
static int is_fit(cmsHPROFILE profile, nscl_colour_space space)
{
    cmsColorSpaceSignature is = cmsGetColorSpace(profile);
    switch (cmsGetDeviceClass(profile)) {
    case cmsSigInputClass:
    case cmsSigDisplayClass:
    case cmsSigOutputClass:
    case cmsSigColorSpaceClass: break;
    default: return 0;
    }
    if (space >= NSCL_COLOUR_INKS)
        return is == cmsSigCmykData;
    return is == cmsSigRgbData || (space == NSCL_COLOUR_GREY && is == cmsSigGrayData);
}

/* What lcms2 makes faster it makes coarser, too: tables of a few points, good for 8 bits only. */
static int open_transform(nscl_colour *colour, cmsHPROFILE from, cmsHPROFILE to, nscl_colour_space space)
{
    int grey = cmsGetColorSpace(from) == cmsSigGrayData;
    cmsUInt32Number bytes = BYTES_SH((cmsUInt32Number)colour->depth / 8);
    cmsUInt32Number rgb = COLORSPACE_SH(PT_RGB) | CHANNELS_SH(3) | bytes, in, out;
    cmsUInt32Number flags = cmsFLAGS_BLACKPOINTCOMPENSATION | (grey || colour->depth == 16 ? cmsFLAGS_NOOPTIMIZE : 0u);
    if (grey) {
        in = COLORSPACE_SH(PT_GRAY) | CHANNELS_SH(1) | bytes;
        out = rgb;
    } else if (space >= NSCL_COLOUR_INKS) {
        in = COLORSPACE_SH(PT_CMYK) | CHANNELS_SH(4) | bytes | FLAVOR_SH(space == NSCL_COLOUR_INKS_INVERTED ? 1u : 0u);
        out = rgb;
    } else
        in = out = rgb | EXTRA_SH((cmsUInt32Number)colour->channels - 3);
    colour->transform = cmsCreateTransformTHR(colour->context, from, in, to, out, INTENT_RELATIVE_COLORIMETRIC, flags);
    if (!colour->transform || !grey)
        return colour->transform != NULL;
    size_t count = (size_t)1 << colour->depth, size = (size_t)colour->depth / 8;
    void *in_order = malloc(count * size);
    colour->greys = malloc(count * size * 3);
    for (size_t i = 0; in_order && i < count; i++)
        if (size == 2)
            ((uint16_t *)in_order)[i] = (uint16_t)i;
        else
            ((uint8_t *)in_order)[i] = (uint8_t)i;
    if (in_order && colour->greys)
        cmsDoTransform(colour->transform, in_order, colour->greys, (cmsUInt32Number)count);
    free(in_order);
    return in_order && colour->greys;
}

/* Whether samples, spread over all there are, stay what they are but for rounding: most profiles are sRGB's by one maker
 * or another, and then no bit need change. */
static int is_srgb(const nscl_colour *colour, nscl_colour_space space)
{
    enum { STEPS = 17 };
    uint16_t wide[STEPS * 4], was_wide[STEPS * 4];
    uint8_t *narrow = (uint8_t *)wide, *was_narrow = (uint8_t *)was_wide;
    const int top = colour->depth == 16 ? 65535 : 255, slack = top / 255;
    const int grey = space == NSCL_COLOUR_GREY;
    if (space >= NSCL_COLOUR_INKS)
        return 0;
    for (int i = 0; i < (grey ? STEPS : STEPS * STEPS * STEPS); i += STEPS) {
        memset(wide, 0, sizeof wide);
        for (int j = 0; j < STEPS; j++)
            for (int c = 0; c < 3; c++) {
                int step = c == 0 || grey ? j : c == 1 ? i / STEPS % STEPS : i / STEPS / STEPS, at = j * colour->channels + c;
                if (colour->depth == 16)
                    wide[at] = (uint16_t)(step * top / (STEPS - 1));
                else
                    narrow[at] = (uint8_t)(step * top / (STEPS - 1));
            }
        memcpy(was_wide, wide, sizeof wide);
        nscl_colour_convert(colour, wide, wide, STEPS);
        for (int at = 0; at < STEPS * colour->channels; at++) {
            int change = colour->depth == 16 ? wide[at] - was_wide[at] : narrow[at] - was_narrow[at];
            if (change > slack || change < -slack)
                return 0;
        }
    }
    return 1;
}

nscl_colour *nscl_colour_open(const nscl_colour_source *source, const char **note)
{
    *note = source->damaged ? damaged : NULL;
    if (source->damaged || !source->profile)
        return NULL;
    nscl_colour *colour = calloc(1, sizeof *colour);
    cmsHPROFILE from = NULL, to = NULL;
    int open = 0;
    *note = damaged;
    if (!colour)
        return NULL;
    colour->channels = source->channels;
    colour->depth = source->depth;
    colour->context = cmsCreateContext(NULL, NULL);
    if (colour->context && source->size <= NSCL_PROFILE_SIZE)
        from = cmsOpenProfileFromMemTHR(colour->context, source->profile, (cmsUInt32Number)source->size);
    if (!from)
        goto done;
    if (!is_fit(from, source->space)) {
        *note = unfit;
        goto done;
    }
    to = cmsCreate_sRGBProfileTHR(colour->context);
    if (!to || !open_transform(colour, from, to, source->space))
        goto done;
    *note = NULL;
    open = !is_srgb(colour, source->space);
done:
    if (from)
        cmsCloseProfile(from);
    if (to)
        cmsCloseProfile(to);
    if (!open)
        nscl_colour_close(colour);
    return open ? colour : NULL;
}

void nscl_colour_convert(const nscl_colour *colour, void *to, const void *from, size_t pixels)
{
    const size_t size = (size_t)colour->depth / 8, in = (size_t)colour->channels * size;
    const unsigned char *p = from, *greys = colour->greys;
    unsigned char *q = to;
    if (greys) {
        for (size_t i = 0; i < pixels; i++, p += in, q += in) {
            size_t grey = size == 2 ? *(const uint16_t *)(const void *)p : *p;
            memcpy(q, greys + grey * size * 3, size * 3);
        }
        return;
    }
    /* Inks lose a channel; else a pixel keeps its place. */
    const size_t out = T_COLORSPACE(cmsGetTransformInputFormat(colour->transform)) == PT_CMYK ? 3 * size : in;
    for (size_t n; pixels; pixels -= n, p += n * in, q += n * out) {
        n = pixels < BLOCK ? pixels : BLOCK;
        cmsDoTransform(colour->transform, p, q, (cmsUInt32Number)n);
    }
}

void nscl_colour_close(nscl_colour *colour)
{
    if (!colour)
        return;
    if (colour->transform)
        cmsDeleteTransform(colour->transform);
    if (colour->context)
        cmsDeleteContext(colour->context);
    free(colour->greys);
    free(colour);
}

#else

/* By far the most profiles are sRGB's, and say so, in ASCII or UTF-16. */
static int says_srgb(const unsigned char *p, size_t size)
{
    for (size_t i = 0; i + 7 <= size; i++)
        if ((p[i] == 's' && p[i + 1] == 'R' && p[i + 2] == 'G' && p[i + 3] == 'B') ||
            (p[i] == 's' && !p[i + 1] && p[i + 2] == 'R' && !p[i + 3] && p[i + 4] == 'G' && !p[i + 5] && p[i + 6] == 'B'))
            return 1;
    return 0;
}

nscl_colour *nscl_colour_open(const nscl_colour_source *source, const char **note)
{
    *note = source->damaged ? damaged : NULL;
    if (source->profile && !says_srgb(source->profile, source->size))
        *note = "its colours are not sRGB's and stay unconverted, as this nscl was built without lcms2";
    return NULL;
}

void nscl_colour_convert(const nscl_colour *colour, void *to, const void *from, size_t pixels)
{
    (void)colour;
    (void)to;
    (void)from;
    (void)pixels;
}

void nscl_colour_close(nscl_colour *colour)
{
    (void)colour;
}

#endif
