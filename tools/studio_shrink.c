#include "studio_shrink.h"

#include <stdlib.h>

static unsigned sample(const nscl_picture *p, size_t at)
{
    return p->depth == 16 ? ((const uint16_t *)p->samples)[at] : ((const uint8_t *)p->samples)[at];
}

static void set_sample(nscl_picture *p, size_t at, unsigned value)
{
    if (p->depth == 16)
        ((uint16_t *)p->samples)[at] = (uint16_t)value;
    else
        ((uint8_t *)p->samples)[at] = (uint8_t)value;
}

/* The mean of channel c over the pixels of `from` that pixel (x, y) of `to` covers; whole pixels only, at least one. */
static unsigned covered_mean(const nscl_picture *from, const nscl_picture *to, size_t x, size_t y, size_t c)
{
    size_t w = (size_t)from->width, h = (size_t)from->height, channels = (size_t)from->channels;
    size_t left = x * w / (size_t)to->width, right = (x + 1) * w / (size_t)to->width;
    size_t top = y * h / (size_t)to->height, bottom = (y + 1) * h / (size_t)to->height;
    size_t count = (right - left) * (bottom - top);
    uint64_t sum = 0;
    for (size_t v = top; v < bottom; v++)
        for (size_t u = left; u < right; u++)
            sum += sample(from, (v * w + u) * channels + c);
    return (unsigned)((sum + count / 2) / count);
}

int studio_shrink(nscl_picture *picture, int width, int height)
{
    nscl_picture small = *picture;
    double scale = (double)width / picture->width, other = (double)height / picture->height;
    scale = other < scale ? other : scale;
    if (scale >= 1)
        return 1;
    small.width = (int)(picture->width * scale + 0.5);
    small.height = (int)(picture->height * scale + 0.5);
    small.width = small.width < 1 ? 1 : small.width;
    small.height = small.height < 1 ? 1 : small.height;
    size_t w = (size_t)small.width, h = (size_t)small.height, channels = (size_t)small.channels, at = 0;
    small.samples = malloc(w * h * channels * (size_t)small.depth / 8);
    if (!small.samples)
        return 0;
    for (size_t y = 0; y < h; y++)
        for (size_t x = 0; x < w; x++)
            for (size_t c = 0; c < channels; c++)
                set_sample(&small, at++, covered_mean(picture, &small, x, y, c));
    nscl_picture_free(picture);
    *picture = small;
    return 1;
}

void studio_to_8_bits(nscl_picture *picture)
{
    size_t n = (size_t)picture->width * (size_t)picture->height * (size_t)picture->channels;
    const uint16_t *from = picture->samples;
    uint8_t *to = picture->samples;
    if (picture->depth != 16)
        return;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)((from[i] + 128u) / 257u);
    picture->depth = 8;
}
