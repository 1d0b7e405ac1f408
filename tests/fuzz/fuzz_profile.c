/* Colour profiles, whatever holds them. The first byte says what samples they are for, the rest is the profile. */
#include <stdlib.h>
#include <string.h>

#include "colour.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t in[64 * 4] = {0, 65535, 257, 32768, 1, 2, 3, 4};
    uint16_t out[64 * 4];
    const char *note = NULL;
    if (size < 1)
        return 0;
    nscl_colour_source source = {
        .space = (nscl_colour_space)(data[0] & 3), .channels = 3 + (data[0] >> 2 & 1), .depth = data[0] & 8 ? 16 : 8, .size = size - 1};
    if (source.space >= NSCL_COLOUR_INKS) {
        source.channels = 4;
        source.depth = 8;
    }
    source.profile = malloc(size);
    fuzz_need(source.profile != NULL, "there is memory");
    memcpy(source.profile, data + 1, size - 1);
    nscl_colour *colour = nscl_colour_open(&source, &note);
    if (colour)
        nscl_colour_convert(colour, out, in, 64);
    nscl_colour_close(colour);
    free(source.profile);
    return 0;
}
