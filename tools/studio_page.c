#define _POSIX_C_SOURCE 200809L
#include "studio_page.h"

#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "studio_assets.h"

static const char *const names[] = {"index.html", "login.html"};
enum { PAGES = sizeof names / sizeof *names };
static const char link_to_sheet[] = "<link rel=\"stylesheet\" href=\"style.css\">";

static nscl_embedded pages[PAGES];
static char policy[320];

/* The sheet in place of the link to it. */
static int put_together(nscl_embedded *page, const char *name, const nscl_embedded *sheet)
{
    const nscl_embedded *file = studio_asset(name);
    const char *text = (const char *)file->bytes, *link = strstr(text, link_to_sheet);
    size_t size = file->size + sheet->size + sizeof "<style></style>";
    char *all = link ? malloc(size) : NULL;
    if (!all)
        return 0;
    int n = snprintf(all, size, "%.*s<style>%s</style>%s", (int)(link - text), text, (const char *)sheet->bytes, link + strlen(link_to_sheet));
    *page = (nscl_embedded){name, (unsigned char *)all, (size_t)n};
    return 1;
}

static void to_base64(char *out, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) | (i + 2 < n ? bytes[i + 2] : 0);
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = i + 1 < n ? digits[three >> 6 & 63] : '=';
        *out++ = i + 2 < n ? digits[three & 63] : '=';
    }
    *out = '\0';
}

/* A sheet within a page is allowed by its hash. */
static void set_policy(const nscl_embedded *sheet)
{
    SHA2_CTX sum;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char text[SHA256_DIGEST_LENGTH / 3 * 4 + 5];
    SHA256Init(&sum);
    SHA256Update(&sum, sheet->bytes, sheet->size);
    SHA256Final(digest, &sum);
    to_base64(text, digest, sizeof digest);
    snprintf(policy, sizeof policy,
             "default-src 'self'; style-src 'self' 'sha256-%s'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", text);
}

int studio_pages_open(void)
{
    const nscl_embedded *sheet = studio_asset("style.css");
    int good = 1;
    set_policy(sheet);
    for (int i = 0; i < PAGES; i++)
        good &= put_together(&pages[i], names[i], sheet);
    return good;
}

void studio_pages_free(void)
{
    for (int i = 0; i < PAGES; i++)
        free((void *)(size_t)pages[i].bytes);
}

const nscl_embedded *studio_page(const char *name)
{
    for (int i = 0; i < PAGES; i++)
        if (strcmp(names[i], name) == 0)
            return &pages[i];
    return NULL;
}

const char *studio_page_policy(void)
{
    return policy;
}
