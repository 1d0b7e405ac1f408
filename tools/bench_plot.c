/* The sweep as an SVG: seconds and bytes a pixel over the side of the picture, one panel each, from zero so that
 * "level" can be seen. */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "os.h"

enum { WIDTH = 640, PANEL = 220, LEFT = 84, RIGHT = 20, TOP = 44, GAP = 56 };

typedef struct panel {
    const char *title;
    double top; /* of its frame, in the picture */
    double value[BENCH_MOST_SIZES];
} panel;

/* 1, 2 or 5 times a power of ten, not below v. */
static double round_up(double v)
{
    double unit = pow(10, floor(log10(v)));
    return unit * (v <= unit ? 1 : v <= 2 * unit ? 2 : v <= 5 * unit ? 5 : 10);
}

static double across(const bench_result *r, int count, int i)
{
    double from = log2(r[0].size), to = log2(r[count - 1].size);
    return LEFT + 16 + (to > from ? (log2(r[i].size) - from) / (to - from) : 0.5) * (WIDTH - LEFT - RIGHT - 32);
}

static void draw(FILE *f, const panel *p, const bench_result *r, int count)
{
    double most = 0, bottom = p->top + PANEL;
    for (int i = 0; i < count; i++)
        most = fmax(most, p->value[i]);
    most = most > 0 ? round_up(most) : 1;
    fprintf(f, "<text x=\"%d\" y=\"%.0f\" font-weight=\"bold\">%s</text>\n", LEFT, p->top - 10, p->title);
    for (int k = 0; k <= 5; k++) {
        double y = bottom - PANEL * k / 5.0;
        fprintf(f, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", LEFT, y, WIDTH - RIGHT, y);
        fprintf(f, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 8, y + 4, most * k / 5);
    }
    fprintf(f, "<polyline fill=\"none\" stroke=\"#1663a8\" stroke-width=\"2\" points=\"");
    for (int i = 0; i < count; i++)
        fprintf(f, "%.1f,%.1f ", across(r, count, i), bottom - PANEL * p->value[i] / most);
    fprintf(f, "\"/>\n");
    for (int i = 0; i < count; i++) {
        double x = across(r, count, i), y = bottom - PANEL * p->value[i] / most;
        fprintf(f, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"#1663a8\"><title>%d: %.4g</title></circle>\n", x, y, r[i].size, p->value[i]);
        fprintf(f, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n", x, bottom + 18, r[i].size);
    }
}

/* Text with the characters that XML keeps for itself left out. */
static void write_text(FILE *f, const char *text)
{
    for (; *text; text++)
        if (!strchr("<>&\"", *text))
            fputc(*text, f);
}

nscl_status bench_plot(const char *path, const char *title, const bench_result *results, int count, nscl_error *error)
{
    nscl_file file = {0};
    panel seconds = {"nanoseconds a pixel, one evaluation", TOP + 24, {0}}, bytes = {"bytes a pixel, weights and history not counted", 0, {0}};
    int height = TOP + 24 + 2 * PANEL + GAP + 40;
    if (count < 1)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--sweep: no size fits the device, so there is nothing to plot");
    bytes.top = seconds.top + PANEL + GAP;
    for (int i = 0; i < count; i++) {
        seconds.value[i] = 1e9 * results[i].seconds / ((double)results[i].size * results[i].size);
        bytes.value[i] = results[i].pixel_bytes;
    }
    nscl_status status = nscl_file_create(&file, path, error);
    if (status != NSCL_OK)
        return status;
    FILE *f = file.stream;
    fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n", WIDTH, height);
    fprintf(f, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n<text x=\"%d\" y=\"24\" font-size=\"15\">", WIDTH, height, LEFT);
    write_text(f, title);
    fprintf(f, "</text>\n");
    draw(f, &seconds, results, count);
    draw(f, &bytes, results, count);
    fprintf(f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">side of the picture, pixels</text>\n</svg>\n", (LEFT + WIDTH - RIGHT) / 2, height - 8);
    return nscl_file_commit(&file, error);
}
