/* Files of tuning rows, as a user may write them. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "tuning.h"

static void listen(nscl_log_level level, const char *line, void *user)
{
    (void)level;
    (void)user;
    fuzz_need(strlen(line) > 0, "a warning says something");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nscl_tuning rows = {0};
    nscl_context ctx = {.block = 8, .tuning = &rows, .log = listen};
    ctx.facts.info.type = NSCL_DEVICE_CPU;
    ctx.facts.vector_width = 16;
    ctx.facts.local_memory = 256 << 10;
    ctx.facts.compute_units = 2;
    char *text = malloc(size + 1);
    fuzz_need(text != NULL, "there is memory");
    memcpy(text, data, size);
    text[size] = '\0';
    nscl_tuning_add(&ctx, text, "some.txt");
    free(text);
    for (int side = 1; side < 5000; side *= 3) {
        const nscl_tuning_row *row = nscl_tuning_conv(&ctx, 64, side % 512 + 1, side, side);
        fuzz_need(!row || nscl_tuning_value(row, "USE") != NULL, "a convolution's row says what to use");
    }
    free(rows.row);
    return 0;
}
