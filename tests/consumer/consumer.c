/* The smallest front end: paints CONTENT in the style of STYLE with the built-in network and writes OUTPUT.
 *
 * usage: consumer CONTENT STYLE OUTPUT */
#include <stdio.h>

#include <nscl.h>

static int show(const nscl_progress *progress, void *user)
{
    (void)user;
    printf("%d/%d: loss %g\n", progress->evaluation, progress->evaluations, progress->loss);
    return 0; /* anything else stops; the picture so far is delivered */
}

int main(int argc, char **argv)
{
    nscl_context *context = NULL;
    nscl_weights *weights = NULL;
    nscl_settings settings;
    nscl_picture content = {0}, style = {0}, result = {0};
    nscl_error error = {0};
    if (argc != 4) {
        fputs("usage: consumer CONTENT STYLE OUTPUT\n", stderr);
        return 2;
    }
    nscl_settings_init(&settings, NSCL_PRESET_GATYS);
    settings.short_side = 64;
    settings.iterations = 5;
    nscl_status status = nscl_picture_check_path(argv[3], 0, &error);
    if (status == NSCL_OK)
        status = nscl_picture_read(&content, argv[1], 0, &error);
    if (status == NSCL_OK)
        status = nscl_picture_read(&style, argv[2], 0, &error);
    if (status == NSCL_OK)
        status = nscl_weights_open(&weights, "builtin", &error);
    if (status == NSCL_OK)
        status = nscl_open(&context, NULL, &error);
    if (status == NSCL_OK) {
        printf("nscl %s on %s\n", nscl_version(), nscl_context_device(context)->name);
        nscl_job job = {.content = &content, .styles = &style, .style_count = 1, .progress = show};
        status = nscl_paint(context, weights, &settings, &job, &result, &error);
    }
    if (status == NSCL_OK)
        status = nscl_picture_write(&result, argv[3], NULL, &error);
    if (status != NSCL_OK)
        fprintf(stderr, "%s\n", error.text);
    nscl_picture_free(&result);
    nscl_picture_free(&style);
    nscl_picture_free(&content);
    nscl_close(context);
    nscl_weights_free(weights);
    return status == NSCL_OK ? 0 : 1;
}
