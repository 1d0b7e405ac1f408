#include "haste.h"

#include "os.h"

/* Of the time of an evaluation, at least (os_pages.h). */
#define LARGE_PAGES_SAVE 0.03

size_t nscl_haste_small(const nscl_context *ctx)
{
    size_t small = 0;
    for (const nscl_buffer *b = ctx->buffers; b; b = b->next)
        small += b->pages ? nscl_pages_small(b->pages) : 0;
    return small;
}

void nscl_haste_begin(nscl_context *ctx)
{
    nscl_page_haste known = ctx->haste.pages;
    ctx->haste = (nscl_haste){.hurried = 1};
    if (nscl_haste_small(ctx)) /* what made them so still holds */
        ctx->haste.pages = known;
}

void nscl_haste_evaluated(nscl_context *ctx, int to_go)
{
    enum { TIMED = 2 };
    nscl_haste *h = &ctx->haste;
    if (!h->hurried)
        return;
    if (h->evaluations++ == 0)
        h->first_at = nscl_seconds();
    else if (h->evaluations == 1 + TIMED)
        nscl_haste_end(ctx, (nscl_seconds() - h->first_at) / TIMED * to_go);
}

void nscl_haste_end(nscl_context *ctx, double seconds)
{
    size_t small = nscl_haste_small(ctx), done = 0;
    double start = nscl_seconds();
    int was = ctx->haste.hurried;
    ctx->haste.hurried = 0;
    if (!was || !small)
        return;
    double price = (double)small / NSCL_LARGE_PAGE * ctx->haste.pages.wait;
    if (seconds * LARGE_PAGES_SAVE <= price) {
        nscl_log(ctx, NSCL_LOG_DEBUG, "memory: %.0f MiB stay on small pages, for a large one takes %.1f ms to come", (double)small / 1048576.0,
                 1e3 * ctx->haste.pages.wait);
        return;
    }
    for (nscl_buffer *b = ctx->buffers; b; b = b->next) {
        size_t bytes = b->pages ? nscl_pages_small(b->pages) : 0;
        if (bytes && nscl_pages_enlarge(b->pages))
            done += bytes;
    }
    nscl_log(ctx, NSCL_LOG_INFO, "memory: %.0f of %.0f MiB put on large pages in %.2f s; one took %.1f ms to come at the start", (double)done / 1048576.0,
             (double)small / 1048576.0, nscl_seconds() - start, 1e3 * ctx->haste.pages.wait);
}
