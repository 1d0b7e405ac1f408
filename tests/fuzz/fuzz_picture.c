/* PNG and JPEG, with EXIF and colour profiles as they stand in them, and the settings that pictures carry. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fuzz.h"
#include "picture.h"

enum { PIXELS = 1 << 20 };

static unsigned char touched; /* every sample is read, so that one that is not there shows */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nscl_picture p;
    nscl_error error = {0};
    char *comment = NULL;
    nscl_status status = nscl_picture_decode(&p, data, size, "some.png", PIXELS, &error);
    fuzz_check(status, &error, "some.png");
    fuzz_need((status == NSCL_OK) == (p.samples != NULL), "there are samples just where there is a picture");
    if (status == NSCL_OK) {
        fuzz_need((uint64_t)p.width * (uint64_t)p.height <= PIXELS, "no more pixels than are allowed");
        size_t bytes = (size_t)p.width * (size_t)p.height * (size_t)p.channels * (size_t)p.depth / 8;
        for (size_t i = 0; i < bytes; i++)
            touched ^= ((const unsigned char *)p.samples)[i];
    }
    nscl_picture_free(&p);
    error = (nscl_error){0};
    if (size >= 8 && data[0] == 0x89)
        fuzz_check(nscl_png_comment(&comment, data, size, "some.png", &error), &error, "some.png");
    else
        fuzz_check(nscl_jpeg_comment(&comment, data, size, "some.jpg", &error), &error, "some.jpg");
    free(comment);
    return 0;
}

#ifdef NSCL_FUZZ
static uint32_t get32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Chunks with a wrong checksum are refused before they are looked at. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, room);
    if (size < 8 || data[0] != 0x89 || seed % 8 == 0)
        return size;
    for (size_t at = 8; size - at >= 12;) {
        size_t n = get32(data + at);
        if (n > size - at - 12)
            break;
        uint32_t sum = (uint32_t)crc32(0, data + at + 4, (uInt)n + 4);
        for (size_t i = 0; i < 4; i++)
            data[at + 8 + n + i] = (uint8_t)(sum >> (24 - 8 * i) & 255);
        at += n + 12;
    }
    return size;
}
#endif
