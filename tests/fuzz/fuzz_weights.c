/* Files of weights of every format, told by their content as they are when a network is opened. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "fuzz.h"
#include "weights.h"

enum { MAT_HEAD = 128, MAT_PACKED = 15 };

static size_t get32(const unsigned char *p)
{
    return (size_t)p[3] << 24 | (size_t)p[2] << 16 | (size_t)p[1] << 8 | p[0];
}

static void put32(unsigned char *p, size_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(value >> 8 * i & 255);
}

static int is_mat(const uint8_t *data, size_t size)
{
    return size > MAT_HEAD && memcmp(data, "MATLAB 5.0 MAT-file", 19) == 0;
}

/* Packs each element as MATLAB does, so that what is inside can be changed by one byte; what follows the last whole one stays. */
static unsigned char *pack_mat(const uint8_t *data, size_t *size)
{
    size_t at = MAT_HEAD, to = MAT_HEAD, n = 0;
    unsigned char *out = malloc(*size * 4 + 1024);
    fuzz_need(out != NULL, "there is memory");
    memcpy(out, data, MAT_HEAD);
    for (; *size - at >= 8 && (n = get32(data + at + 4)) <= *size - at - 8; at += n + 8) {
        uLongf packed = compressBound((uLong)n + 8);
        if (packed > *size * 4 + 1024 - to - 8 - (*size - at) || compress(out + to + 8, &packed, data + at, (uLong)n + 8) != Z_OK)
            break;
        put32(out + to, MAT_PACKED);
        put32(out + to + 4, packed);
        to += 8 + packed;
    }
    memcpy(out + to, data + at, *size - at);
    *size = to + *size - at;
    return out;
}

/* matio reads from files alone. Nobody else sees this one, and it goes with the process. */
static void put_file(char *name, size_t room, const unsigned char *bytes, size_t size)
{
    static FILE *file;
    if (!file)
        file = tmpfile();
    fuzz_need(file && fseek(file, 0, SEEK_SET) == 0 && fwrite(bytes, 1, size, file) == size && fflush(file) == 0, "there is a file");
    fuzz_need(ftruncate(fileno(file), (off_t)size) == 0, "the file has its size");
    snprintf(name, room, "/dev/fd/%d", fileno(file));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nscl_weights *w = NULL;
    nscl_error error = {0};
    char name[32] = "some.file";
    unsigned char *packed = NULL;
    if (is_mat(data, size)) {
        if (data[120] & 1) /* a place that means nothing */
            data = packed = pack_mat(data, &size);
        put_file(name, sizeof name, data, size);
    }
    fuzz_check(nscl_weights_decode(&w, name, data, size, NULL, &error), &error, name);
    nscl_weights_free(w);
    free(packed);
    return 0;
}

#ifdef NSCL_FUZZ
/* Members of a zip archive with a wrong checksum are refused before they are looked at. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed)
{
    size = LLVMFuzzerMutate(data, size, room);
    if (size < 46 || memcmp(data, "PK\3\4", 4) != 0 || seed % 8 == 0)
        return size;
    for (size_t at = 0; at + 46 <= size; at++) {
        size_t local = get32(data + at + 42), n = get32(data + at + 20);
        if (memcmp(data + at, "PK\1\2", 4) != 0 || local > at || at - local < 30)
            continue;
        size_t before = 30 + (data[local + 26] | (size_t)data[local + 27] << 8) + (data[local + 28] | (size_t)data[local + 29] << 8);
        if (before <= at - local && n <= at - local - before)
            put32(data + at + 16, crc32_z(0, data + local + before, n));
    }
    return size;
}
#endif
