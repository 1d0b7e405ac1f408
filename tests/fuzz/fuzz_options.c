/* The command line: a word a line. What it says is then used as the command does before it opens anything. */
#include <stdlib.h>
#include <string.h>

#include "cli_checkpoint.h"
#include "cli_describe.h"
#include "fuzz.h"
#include "options.h"

enum { WORDS = 200 };

static void use(const nscl_options *options, const nscl_weights *weights)
{
    static const nscl_device_info device = {.name = "some device"};
    nscl_error error = {0};
    nscl_cli_checkpoint checkpoint;
    int width = 0, height = 0, number = -1;
    if (nscl_settings_check(&options->settings, weights, options->style_count, &error) == NSCL_OK &&
        nscl_settings_size(&options->settings, 640, 481, &width, &height, &error) == NSCL_OK) {
        fuzz_need(width > 0 && height > 0, "the result has pixels");
        json_t *run = nscl_cli_describe(options, &device, weights, width, height);
        char *text = run ? json_dumps(run, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15)) : NULL;
        fuzz_need(text != NULL, "a run can be described");
        free(text);
        json_decref(run);
    }
    if (nscl_cli_checkpoint_open(&checkpoint, options, &error) == NSCL_OK)
        for (int i = 0; i < 3 && (number = nscl_cli_checkpoint_next(&checkpoint, number)) >= 0; i++)
            free(nscl_cli_checkpoint_path(&checkpoint, number));
    nscl_cli_checkpoint_close(&checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static nscl_weights *weights;
    nscl_options options;
    nscl_error error = {0};
    char *argv[WORDS + 2] = {NULL}, *text = malloc(size + 1);
    int argc = 0;
    if (!weights)
        fuzz_need(nscl_weights_open(&weights, "builtin", &error) == NSCL_OK, "there is a network");
    fuzz_need(text != NULL, "there is memory");
    memcpy(text, data, size);
    text[size] = '\0';
    argv[argc++] = text + size;
    for (char *word = text, *end; word && argc <= WORDS; word = end) {
        end = strchr(word, '\n');
        if (end)
            *end++ = '\0';
        argv[argc++] = word;
    }
    nscl_status status = nscl_options_parse(&options, argc, argv, &error);
    fuzz_need(status == NSCL_OK || ((status == NSCL_BAD_ARGUMENT || status == NSCL_BAD_FILE) && error.text[0]), "what is refused is explained");
    if (status == NSCL_OK && options.content)
        use(&options, weights);
    nscl_options_free(&options);
    free(text);
    return 0;
}
