/* What a visitor orders: a photograph, styles with their shares, and how to paint. Checked when it is read, so that what is in a
 * studio_order is in range; whether its pictures are there is known only when they are looked for. */
#ifndef STUDIO_ORDER_H
#define STUDIO_ORDER_H

#include "studio_app.h"

enum { STUDIO_MOST_STYLES = 4, STUDIO_LEAST_SIZE = 64, STUDIO_MOST_EVALUATIONS = 100000, STUDIO_MOST_SECONDS = 86400 };

typedef struct studio_order {
    char content[STUDIO_REFERENCE]; /* "picture:ID", "job:ID" (its result, or picture so far) or "style:ID" */
    char initial[STUDIO_REFERENCE]; /* "": as the preset begins */
    int style_count;                /* 1 to STUDIO_MOST_STYLES */
    char styles[STUDIO_MOST_STYLES][STUDIO_REFERENCE];
    double shares[STUDIO_MOST_STYLES]; /* above 0 */
    nscl_preset preset;
    char network[16]; /* auto, builtin, vgg19 or vgg16 */
    char device[16];  /* auto or P:D */
    int size;         /* longer side */
    double strength;  /* 0 the photograph to 100 the painting; 50: the preset's weights, 25 more: ten times the style weight */
    int evaluations;
    int seconds; /* of painting; 0: no limit */
    int preserve_colors;
} studio_order;

/* Fills *order, with defaults for what is not there. NSCL_BAD_ARGUMENT names the member at fault. */
nscl_status studio_order_read(studio_order *order, const json_t *json, int max_size, nscl_error *error);
json_t *studio_order_json(const studio_order *order);

/* What the style weight of the preset is multiplied by. */
double studio_strength_factor(double strength);

/* Finds the picture that a reference names: path and name for people, malloc'ed. 0 where there is none. */
int studio_reference_find(studio *s, const char *reference, char **path, char **name);

#endif
