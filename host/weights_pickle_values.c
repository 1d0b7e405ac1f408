/* Looking at what a pickle has made. */
#include <string.h>

#include "weights_pickle_machine.h"

nscl_pickle_kind nscl_pickle_kind_of(const nscl_pickle *p, uint32_t index)
{
    return p->values[index].kind;
}

int64_t nscl_pickle_number(const nscl_pickle *p, uint32_t index)
{
    return p->values[index].number;
}

const char *nscl_pickle_text(const nscl_pickle *p, uint32_t index, size_t *length)
{
    *length = p->values[index].length;
    return p->values[index].text;
}

int nscl_pickle_is_text(const nscl_pickle *p, uint32_t index, const char *text)
{
    const nscl_pickle_value *v = &p->values[index];
    return v->kind == NSCL_PICKLE_TEXT && v->length == strlen(text) && memcmp(v->text, text, v->length) == 0;
}

uint32_t nscl_pickle_count(const nscl_pickle *p, uint32_t index)
{
    return p->values[index].count;
}

uint32_t nscl_pickle_next(const nscl_pickle *p, uint32_t at, uint32_t *item)
{
    uint32_t next = at ? p->cells[at].next : 0;
    if (next)
        *item = p->cells[next].item;
    return next;
}

uint32_t nscl_pickle_first(const nscl_pickle *p, uint32_t index, uint32_t *item)
{
    uint32_t first = p->values[index].first;
    if (first)
        *item = p->cells[first].item;
    return first;
}

int nscl_pickle_items(const nscl_pickle *p, uint32_t index, uint32_t *items, uint32_t count)
{
    uint32_t item = 0, n = 0;
    for (uint32_t at = nscl_pickle_first(p, index, &item); at && n < count; at = nscl_pickle_next(p, at, &item))
        items[n++] = item;
    return n == count;
}

size_t nscl_pickle_storage_count(const nscl_pickle *p)
{
    return p->storage_count;
}

nscl_pickle_storage *nscl_pickle_storage_at(nscl_pickle *p, size_t index)
{
    return &p->storages[index];
}
