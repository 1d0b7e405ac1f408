/* The gallery: pictures that come with nscl and those of the user's folder. A style is known by its id, which is looked up in this list
 * and is part of no path. */
#ifndef STUDIO_STYLES_H
#define STUDIO_STYLES_H

#include "studio_app.h"

/* Reads the folders anew; what a visitor adds to his shows when the page is loaded. */
void studio_styles_scan(studio *s);
/* An array of {"id", "name", "own"}. */
json_t *studio_styles_json(studio *s);
/* Path and name of a style, both malloc'ed; 0 where there is no such. */
int studio_style_find(studio *s, const char *id, char **path, char **name);
void studio_styles_free(studio *s);

#endif
