/* The page as it is sent: its style sheet stands in it, so that the first paint waits for no second request. */
#ifndef STUDIO_PAGE_H
#define STUDIO_PAGE_H

#include "embedded.h"

/* Puts the pages together, before there are threads; 0 without memory. */
int studio_pages_open(void);
void studio_pages_free(void);

/* "index.html" or "login.html"; NULL for another name. */
const nscl_embedded *studio_page(const char *name);

/* The Content-Security-Policy of every answer: nothing from elsewhere, no script or style in a page but that one sheet. */
const char *studio_page_policy(void);

#endif
