/* A saved state, and the settings that it, or a picture, holds: what --resume and --from read. An input whose first byte is odd is the
 * file as it is; else it is what stands between the magic and the checksum, which are set right. */
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "options.h"
#include "state.h"

static char path[64];

static void remove_file(void)
{
    remove(path);
}

static void write_file(const uint8_t *data, size_t size)
{
    const uint16_t order = 0x0102;
    char magic[16] = "nscl state 1\n", sum[65];
    SHA2_CTX hash;
    FILE *file = fopen(path, "wb");
    fuzz_need(file != NULL, "a file can be written");
    memcpy(magic + 14, &order, sizeof order);
    int bare = size && data[0] % 2;
    if (size) {
        data++;
        size--;
    }
    if (!bare)
        fwrite(magic, 1, sizeof magic, file);
    fwrite(data, 1, size, file);
    SHA256Init(&hash);
    SHA256Update(&hash, (const uint8_t *)magic, sizeof magic);
    SHA256Update(&hash, data, size);
    SHA256End(&hash, sum);
    if (!bare)
        fwrite(sum, 1, 64, file);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nscl_error error = {0};
    nscl_options options;
    if (!path[0]) {
        snprintf(path, sizeof path, "/tmp/nscl-fuzz-state-%ld", (long)getpid());
        atexit(remove_file);
    }
    write_file(data, size);
    for (int resume = 0; resume < 2; resume++) {
        char *argv[] = {"nscl", resume ? "--resume" : "--from", path, "--output", "o.png"};
        error = (nscl_error){0};
        nscl_status status = nscl_options_parse(&options, 5, argv, &error);
        fuzz_need(status == NSCL_OK || error.text[0], "what is refused is explained");
        nscl_options_free(&options);
    }
    error = (nscl_error){0};
    nscl_state *st = nscl_state_open(NULL, path, &error);
    fuzz_need(st || strstr(error.text, path) != NULL, "the message names the file");
    if (!st)
        return 0;
    int number = 0;
    double real = 0;
    char *text = NULL;
    for (int i = 0; i < 8; i++) { /* a run's first records are texts */
        nscl_state_text(st, i ? "settings" : "description", &text);
        free(text);
    }
    nscl_state_integer(st, "evaluations", &number);
    nscl_state_real(st, "gradient scale", &real);
    nscl_state_close(st, &error);
    return 0;
}
