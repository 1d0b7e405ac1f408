#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, madvise */
#include "os_pages.h"

#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

/* Seconds of a large page that is slow to come: several times what clearing one takes on slow memory. And for how long it is looked: what
 * one thread touches lies near one processor, which is no place for all the memory of a large machine. */
#define SLOW 0.002
#define LOOK 0.1

/* Stands before the memory. What lies unused around both is never touched, and so takes address space alone. */
typedef struct mapping {
    void *start;
    size_t bytes;
    size_t small, large; /* offsets: from the first to the second are small pages that could be large */
} mapping;

static mapping *mapping_of(const void *pages)
{
    return &((mapping *)(uintptr_t)pages)[-1];
}

#ifdef MADV_HUGEPAGE
/* Of the thread's own time: that others had the processor meanwhile does not count. */
static double seconds_to_touch(char *page)
{
    struct timespec from = {0}, to = {0};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    *(volatile char *)page = 0;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

/* Touches large pages up to the first that is slow to come; the offset behind it. One after the other, since those at hand are given out
 * first: a look at some of each mapping would find only these. */
static size_t touch_quick(char *pages, size_t large, nscl_page_haste *haste)
{
    size_t at = 0;
    for (; at < large && haste->wait <= 0; at += NSCL_LARGE_PAGE) {
        if (haste->looked > LOOK)
            return large;
        double took = seconds_to_touch(pages + at);
        haste->looked += took;
        if (took > SLOW)
            haste->wait = took;
    }
    return at;
}
#endif

void *nscl_pages_get(size_t bytes, nscl_page_haste *haste)
{
#ifdef MADV_HUGEPAGE
    /* The last one is filled but for an eighth, or of small pages. */
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t large = (bytes + NSCL_LARGE_PAGE / 8) / NSCL_LARGE_PAGE * NSCL_LARGE_PAGE;
    if (large == 0)
        return NULL;
    mapping m = {NULL, bytes + NSCL_LARGE_PAGE / 8 + NSCL_LARGE_PAGE + sizeof m, large, large};
    m.start = mmap(NULL, m.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m.start == MAP_FAILED)
        return NULL;
    char *pages = (char *)m.start + sizeof m;
    pages += (NSCL_LARGE_PAGE - (uintptr_t)pages % NSCL_LARGE_PAGE) % NSCL_LARGE_PAGE;
    (void)madvise(pages, large, MADV_HUGEPAGE);
    if (haste)
        m.small = touch_quick(pages, large, haste);
    if (m.small < large)
        (void)madvise(pages + m.small, large - m.small, MADV_NOHUGEPAGE);
    *mapping_of(pages) = m;
    return pages;
#else
    (void)bytes;
    (void)haste;
    return NULL;
#endif
}

size_t nscl_pages_small(const void *pages)
{
    const mapping *m = mapping_of(pages);
    return m->large - m->small;
}

int nscl_pages_enlarge(void *pages)
{
    mapping *m = mapping_of(pages);
    int done = 1;
#ifdef MADV_HUGEPAGE
    if (m->small < m->large) {
        (void)madvise((char *)pages + m->small, m->large - m->small, MADV_HUGEPAGE);
        done = madvise((char *)pages + m->small, m->large - m->small, MADV_COLLAPSE) == 0;
    }
#endif
    m->small = m->large; /* no second try */
    return done;
}

void nscl_pages_free(void *pages)
{
    if (pages) {
        mapping m = *mapping_of(pages);
        (void)munmap(m.start, m.bytes);
    }
}
