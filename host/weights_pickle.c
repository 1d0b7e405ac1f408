/* See weights_pickle.h and weights_pickle_machine.h. */
#include <stdlib.h>
#include <string.h>

#include "weights_pickle_machine.h"

#define MARK UINT32_MAX    /* on the stack: where a sequence of items begins */
#define UNKNOWN UINT32_MAX /* in the memo */

nscl_pickle *nscl_pickle_create(const char *path)
{
    nscl_pickle *p = calloc(1, sizeof *p);
    if (p) {
        p->path = path;
        p->cell_count = 1;
    }
    return p;
}

void nscl_pickle_free(nscl_pickle *p)
{
    if (!p)
        return;
    free(p->values);
    free(p->cells);
    free(p->stack);
    free(p->memo);
    free(p);
}

int nscl_pickle_damaged(nscl_pickle *p, const char *what)
{
    nscl_fail(p->error, NSCL_BAD_FILE, "'%s' is cut short or damaged: byte %llu of its pickle %s; fetch it again, or save it with torch.save", p->path,
              (unsigned long long)(p->at - p->begin), what);
    return 0;
}

/* Makes room for one more item of an array. */
static int grow(nscl_pickle *p, void **array, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return 1;
    if (count >= NSCL_PICKLE_LIMIT) {
        nscl_fail(p->error, NSCL_BAD_FILE, "'%s': its pickle makes more values than a VGG has; save model.state_dict() of a VGG alone", p->path);
        return 0;
    }
    size_t wanted = *room ? *room * 2 : 256;
    void *larger = realloc(*array, wanted * size);
    if (!larger) {
        nscl_fail(p->error, NSCL_NO_MEMORY, "no memory for the pickle of '%s'", p->path);
        return 0;
    }
    *array = larger;
    *room = wanted;
    return 1;
}

int nscl_pickle_push(nscl_pickle *p, uint32_t index)
{
    void *array = p->stack;
    if (!grow(p, &array, &p->stack_room, p->depth, sizeof *p->stack))
        return 0;
    p->stack = array;
    p->stack[p->depth++] = index;
    return 1;
}

int nscl_pickle_push_value(nscl_pickle *p, nscl_pickle_value v)
{
    void *array = p->values;
    if (!grow(p, &array, &p->value_room, p->value_count, sizeof *p->values))
        return 0;
    p->values = array;
    p->values[p->value_count] = v;
    return nscl_pickle_push(p, (uint32_t)p->value_count++);
}

static int push_number(nscl_pickle *p, nscl_pickle_kind kind, int64_t number)
{
    return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = kind, .number = number});
}

int nscl_pickle_pop(nscl_pickle *p, uint32_t *index)
{
    if (p->depth == 0 || p->stack[p->depth - 1] == MARK)
        return nscl_pickle_damaged(p, "takes from an empty stack");
    *index = p->stack[--p->depth];
    return 1;
}

/* The value on top, which must be of this kind; NULL after an error. */
static nscl_pickle_value *top(nscl_pickle *p, size_t depth, nscl_pickle_kind kind)
{
    uint32_t index = depth ? p->stack[depth - 1] : MARK;
    if (index == MARK || p->values[index].kind != kind) {
        nscl_pickle_damaged(p, "works on something of another type");
        return NULL;
    }
    return &p->values[index];
}

int nscl_pickle_append(nscl_pickle *p, nscl_pickle_value *v, uint32_t item)
{
    void *array = p->cells;
    if (item == MARK)
        return nscl_pickle_damaged(p, "takes from an empty stack");
    if (!grow(p, &array, &p->cell_room, p->cell_count, sizeof *p->cells))
        return 0;
    p->cells = array;
    uint32_t at = (uint32_t)p->cell_count++;
    p->cells[at] = (nscl_pickle_cell){item, 0};
    if (v->last)
        p->cells[v->last].next = at;
    else
        v->first = at;
    v->last = at;
    v->count++;
    return 1;
}

/* Moves what lies on the stack from `from` on to the end of `v`. */
static int gather(nscl_pickle *p, nscl_pickle_value *v, size_t from)
{
    for (size_t i = from; i < p->depth; i++)
        if (!nscl_pickle_append(p, v, p->stack[i]))
            return 0;
    p->depth = from;
    return 1;
}

static int push_tuple(nscl_pickle *p, size_t from)
{
    nscl_pickle_value v = {.kind = NSCL_PICKLE_TUPLE};
    return gather(p, &v, from) && nscl_pickle_push_value(p, v);
}

static int find_mark(nscl_pickle *p, size_t *at)
{
    for (size_t i = p->depth; i-- > 0;)
        if (p->stack[i] == MARK) {
            *at = i;
            return 1;
        }
    return nscl_pickle_damaged(p, "ends a sequence that never began");
}

/* TUPLE: of what lies on the stack from the last mark on. */
static int push_marked_tuple(nscl_pickle *p)
{
    size_t mark;
    nscl_pickle_value v = {.kind = NSCL_PICKLE_TUPLE};
    if (!find_mark(p, &mark) || !gather(p, &v, mark + 1))
        return 0;
    p->depth = mark;
    return nscl_pickle_push_value(p, v);
}

/* SETITEMS and APPENDS. */
static int add_items(nscl_pickle *p, nscl_pickle_kind kind)
{
    size_t mark;
    if (!find_mark(p, &mark))
        return 0;
    nscl_pickle_value *v = top(p, mark, kind);
    if (!v)
        return 0;
    if (kind == NSCL_PICKLE_DICT && (p->depth - mark - 1) % 2)
        return nscl_pickle_damaged(p, "sets a key without a value");
    if (!gather(p, v, mark + 1))
        return 0;
    p->depth = mark;
    return 1;
}

/* SETITEM and APPEND, of `count` things. */
static int add_item(nscl_pickle *p, nscl_pickle_kind kind, size_t count)
{
    if (p->depth < count)
        return nscl_pickle_damaged(p, "takes from an empty stack");
    nscl_pickle_value *v = top(p, p->depth - count, kind);
    return v && gather(p, v, p->depth - count);
}

static int take(nscl_pickle *p, size_t count, const unsigned char **out)
{
    if (count > p->size - p->at) {
        p->at = p->size;
        return nscl_pickle_damaged(p, "is missing");
    }
    *out = p->bytes + p->at;
    p->at += count;
    return 1;
}

static int take_number(nscl_pickle *p, size_t bytes, uint64_t *out)
{
    const unsigned char *b;
    *out = 0;
    if (!take(p, bytes, &b))
        return 0;
    for (size_t i = bytes; i-- > 0;)
        *out = *out << 8 | b[i];
    return 1;
}

static int push_text(nscl_pickle *p, size_t length_bytes)
{
    uint64_t length;
    const unsigned char *b;
    if (!take_number(p, length_bytes, &length) || !take(p, (size_t)length, &b))
        return 0;
    return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = NSCL_PICKLE_TEXT, .text = (const char *)b, .length = (size_t)length});
}

/* LONG1: a length, then so many bytes of two's complement. */
static int push_long(nscl_pickle *p)
{
    uint64_t length, bits = 0;
    const unsigned char *b;
    if (!take_number(p, 1, &length) || !take(p, (size_t)length, &b))
        return 0;
    if (length > 8)
        return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = NSCL_PICKLE_BIG, .text = (const char *)b, .length = (size_t)length});
    if (length && b[length - 1] & 0x80)
        bits = UINT64_MAX;
    for (size_t i = (size_t)length; i-- > 0;)
        bits = bits << 8 | b[i];
    return push_number(p, NSCL_PICKLE_NUMBER, (int64_t)bits);
}

static int set_memo(nscl_pickle *p, uint64_t index)
{
    if (p->depth == 0 || p->stack[p->depth - 1] == MARK)
        return nscl_pickle_damaged(p, "keeps what is not there");
    if (index >= NSCL_PICKLE_LIMIT)
        return nscl_pickle_damaged(p, "numbers its values in no order");
    while (index >= p->memo_room) {
        size_t old = p->memo_room;
        void *array = p->memo;
        if (!grow(p, &array, &p->memo_room, old, sizeof *p->memo))
            return 0;
        p->memo = array;
        for (size_t i = old; i < p->memo_room; i++)
            p->memo[i] = UNKNOWN;
    }
    p->memo[index] = p->stack[p->depth - 1];
    return 1;
}

static int get_memo(nscl_pickle *p, uint64_t index)
{
    if (index >= p->memo_room || p->memo[index] == UNKNOWN)
        return nscl_pickle_damaged(p, "recalls what was never kept");
    return nscl_pickle_push(p, p->memo[index]);
}

/* Up to the end of a line, without what a terminal would obey. */
static int take_line(nscl_pickle *p, char *out, size_t size)
{
    const unsigned char *b = p->bytes + p->at, *end = memchr(b, '\n', p->size - p->at);
    if (!end)
        return nscl_pickle_damaged(p, "begins a line without an end");
    size_t length = (size_t)(end - b);
    p->at += length + 1;
    if (length >= size)
        length = size - 1;
    for (size_t i = 0; i < length; i++)
        out[i] = (char)(b[i] >= ' ' && b[i] <= '~' ? b[i] : '?');
    out[length] = '\0';
    return 1;
}

static int push_global(nscl_pickle *p)
{
    char module[80], name[80];
    if (!take_line(p, module, sizeof module) || !take_line(p, name, sizeof name))
        return 0;
    return nscl_pickle_push_global(p, module, name);
}

/* BUILD: an object's other attributes. A dictionary's are of no use here, and nothing else has any. */
static int drop_state(nscl_pickle *p)
{
    uint32_t state;
    return nscl_pickle_pop(p, &state) && top(p, p->depth, NSCL_PICKLE_DICT) != NULL;
}

static int take_protocol(nscl_pickle *p)
{
    uint64_t version;
    if (!take_number(p, 1, &version))
        return 0;
    if (version == 2 || version == 3)
        return 1;
    nscl_fail(p->error, NSCL_BAD_FILE, "'%s' is a pickle of protocol %d; nscl reads 2 and 3: save it again without pickle_protocol", p->path, (int)version);
    return 0;
}

/* One instruction; *end is set by the last. */
static int step(nscl_pickle *p, int *end)
{
    uint64_t code, n = 0;
    if (!take_number(p, 1, &code))
        return 0;
    switch (code) {
    case 0x80: return take_protocol(p);
    case '.': *end = 1; return 1;
    case '(': return nscl_pickle_push(p, MARK);
    case 'N': return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = NSCL_PICKLE_NONE});
    case 0x88: return push_number(p, NSCL_PICKLE_BOOL, 1);
    case 0x89: return push_number(p, NSCL_PICKLE_BOOL, 0);
    case 'J': return take_number(p, 4, &n) && push_number(p, NSCL_PICKLE_NUMBER, n < 0x80000000u ? (int64_t)n : (int64_t)n - 0x100000000);
    case 'K': return take_number(p, 1, &n) && push_number(p, NSCL_PICKLE_NUMBER, (int64_t)n);
    case 'M': return take_number(p, 2, &n) && push_number(p, NSCL_PICKLE_NUMBER, (int64_t)n);
    case 0x8a: return push_long(p);
    case 'U': return push_text(p, 1);
    case 'T':
    case 'X': return push_text(p, 4);
    case '}': return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = NSCL_PICKLE_DICT});
    case ']': return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = NSCL_PICKLE_LIST});
    case ')': return push_tuple(p, p->depth);
    case 0x85:
    case 0x86:
    case 0x87: n = code - 0x84; return p->depth < n ? nscl_pickle_damaged(p, "takes from an empty stack") : push_tuple(p, p->depth - (size_t)n);
    case 't': return push_marked_tuple(p);
    case 'q': return take_number(p, 1, &n) && set_memo(p, n);
    case 'r': return take_number(p, 4, &n) && set_memo(p, n);
    case 'h': return take_number(p, 1, &n) && get_memo(p, n);
    case 'j': return take_number(p, 4, &n) && get_memo(p, n);
    case 's': return add_item(p, NSCL_PICKLE_DICT, 2);
    case 'u': return add_items(p, NSCL_PICKLE_DICT);
    case 'a': return add_item(p, NSCL_PICKLE_LIST, 1);
    case 'e': return add_items(p, NSCL_PICKLE_LIST);
    case 'c': return push_global(p);
    case 'Q': return nscl_pickle_push_storage(p);
    case 'R': return nscl_pickle_call(p);
    case 'b': return drop_state(p);
    default:
        nscl_fail(p->error, NSCL_BAD_FILE,
                  "'%s': byte %llu of its pickle is opcode 0x%02x, which no dictionary of tensors needs; it is damaged, or more than tensors: save"
                  " model.state_dict() with torch.save",
                  p->path, (unsigned long long)(p->at - p->begin - 1), (unsigned)code);
        return 0;
    }
}

nscl_status nscl_pickle_run(nscl_pickle *p, const unsigned char *bytes, size_t size, size_t *at, uint32_t *out, nscl_error *error)
{
    nscl_error own = {0};
    int end = 0, good = 1;
    p->error = error ? error : &own;
    p->bytes = bytes;
    p->begin = p->at = *at;
    p->size = size;
    p->depth = 0;
    for (size_t i = 0; i < p->memo_room; i++)
        p->memo[i] = UNKNOWN;
    while (good && !end) {
        good = step(p, &end);
        if (good && p->read + (p->at - p->begin) > NSCL_PICKLE_LIMIT)
            good = nscl_pickle_damaged(p, "is past the size that a VGG's has");
    }
    if (good && !nscl_pickle_pop(p, out))
        good = 0;
    p->read += p->at - p->begin;
    *at = p->at;
    return good ? NSCL_OK : p->error->code;
}
