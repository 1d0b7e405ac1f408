/* Pictures made smaller, for thumbnails and for bounded copies of what was uploaded. */
#ifndef STUDIO_SHRINK_H
#define STUDIO_SHRINK_H

#include "nscl.h"

/* Makes the picture at most width x height, its aspect kept, each new pixel the mean of those it covers. 0 without memory, when
 * the picture is as it was. */
int studio_shrink(nscl_picture *picture, int width, int height);

/* Makes 16 bits a sample 8. */
void studio_to_8_bits(nscl_picture *picture);

#endif
