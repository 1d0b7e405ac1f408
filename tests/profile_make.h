/* Colour profiles for the tests, made with lcms2, and the places in files that hold them. */
#ifndef NSCL_TEST_PROFILE_MAKE_H
#define NSCL_TEST_PROFILE_MAKE_H

#include "picture_make.h"

/* An iCCP chunk; gAMA and, unless NULL, cHRM: x and y of white, red, green and blue. */
void make_profile_chunk(struct make_bytes *png, const struct make_bytes *profile);
void make_gamma(struct make_bytes *png, uint32_t gamma, const double *primaries);

/* A JPEG's APP2, in `count` segments; that of number `missing`, from 1, is left out. */
void make_profile_segments(struct make_bytes *jpeg, const struct make_bytes *profile, int count, int missing);

#ifdef NSCL_HAVE_LCMS
/* The file of a profile of lcms2 (a cmsHPROFILE), which is closed. */
struct make_bytes make_profile(void *profile);
struct make_bytes make_rgb_profile(const double primaries[8], double gamma);
struct make_bytes make_grey_profile(double gamma);

/* Four inks that make greys of this lightness, 0 to 100, of amounts 0 to 1: no real inks, but easily told from what is
 * done without a profile. */
struct make_bytes make_ink_profile(void);
double make_ink_lightness(const double inks[4]);
#endif

#endif
