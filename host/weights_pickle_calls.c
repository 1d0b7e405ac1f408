/* What a pickle may call: the names that stand in the state dictionaries PyTorch has written since 2017, and nothing else. */
#include <string.h>

#include "weights_pickle_machine.h"

#define COUNT_LIMIT ((int64_t)1 << 40)

enum { ORDERED_DICT, REBUILD_V1, REBUILD_V2, REBUILD_PARAMETER, SIZE, STORAGE };

static const struct {
    const char *module, *name;
    int call, readable;
    nscl_value_type type;
    size_t value_size;
} globals[] = {
    {"collections", "OrderedDict", ORDERED_DICT, 0, NSCL_VALUE_F32, 0},
    {"torch._utils", "_rebuild_tensor_v2", REBUILD_V2, 0, NSCL_VALUE_F32, 0},
    {"torch._utils", "_rebuild_tensor", REBUILD_V1, 0, NSCL_VALUE_F32, 0},
    {"torch._utils", "_rebuild_parameter", REBUILD_PARAMETER, 0, NSCL_VALUE_F32, 0},
    {"torch", "Size", SIZE, 0, NSCL_VALUE_F32, 0},
    {"torch", "FloatStorage", STORAGE, 1, NSCL_VALUE_F32, 4},
    {"torch", "HalfStorage", STORAGE, 1, NSCL_VALUE_F16, 2},
    {"torch", "BFloat16Storage", STORAGE, 1, NSCL_VALUE_BF16, 2},
    {"torch", "DoubleStorage", STORAGE, 1, NSCL_VALUE_F64, 8},
    {"torch", "LongStorage", STORAGE, 0, NSCL_VALUE_F32, 8}, /* counters beside the weights */
    {"torch", "IntStorage", STORAGE, 0, NSCL_VALUE_F32, 4},
    {"torch", "ShortStorage", STORAGE, 0, NSCL_VALUE_F32, 2},
    {"torch", "CharStorage", STORAGE, 0, NSCL_VALUE_F32, 1},
    {"torch", "ByteStorage", STORAGE, 0, NSCL_VALUE_F32, 1},
    {"torch", "BoolStorage", STORAGE, 0, NSCL_VALUE_F32, 1},
};

static int push_number(nscl_pickle *p, nscl_pickle_kind kind, size_t number)
{
    return nscl_pickle_push_value(p, (nscl_pickle_value){.kind = kind, .number = (int64_t)number});
}

int nscl_pickle_push_global(nscl_pickle *p, const char *module, const char *name)
{
    for (size_t i = 0; i < sizeof globals / sizeof globals[0]; i++)
        if (strcmp(module, globals[i].module) == 0 && strcmp(name, globals[i].name) == 0)
            return push_number(p, NSCL_PICKLE_GLOBAL, i);
    nscl_fail(p->error, NSCL_BAD_FILE,
              "'%s': its pickle wants Python's %s.%s, which no dictionary of tensors needs; nscl runs nothing of a file: if you trust it, load it in"
              " PyTorch and save model.state_dict()",
              p->path, module, name);
    return 0;
}

/* A persistent id: ('storage', type, key, place, count[, None]). */
int nscl_pickle_push_storage(nscl_pickle *p)
{
    uint32_t id, item[6] = {0};
    if (!nscl_pickle_pop(p, &id))
        return 0;
    uint32_t count = nscl_pickle_count(p, id);
    if (nscl_pickle_kind_of(p, id) != NSCL_PICKLE_TUPLE || (count != 5 && count != 6) || !nscl_pickle_items(p, id, item, count) ||
        !nscl_pickle_is_text(p, item[0], "storage") || nscl_pickle_kind_of(p, item[1]) != NSCL_PICKLE_GLOBAL ||
        nscl_pickle_kind_of(p, item[2]) != NSCL_PICKLE_TEXT || nscl_pickle_kind_of(p, item[4]) != NSCL_PICKLE_NUMBER)
        return nscl_pickle_damaged(p, "refers to something that is no storage");
    size_t global = (size_t)nscl_pickle_number(p, item[1]), length;
    int64_t values = nscl_pickle_number(p, item[4]);
    const char *key = nscl_pickle_text(p, item[2], &length);
    if (globals[global].call != STORAGE || values < 0 || values > COUNT_LIMIT)
        return nscl_pickle_damaged(p, "refers to something that is no storage");
    if (count == 6 && nscl_pickle_kind_of(p, item[5]) != NSCL_PICKLE_NONE)
        return nscl_pickle_damaged(p, "refers to a part of a storage, as PyTorch before 0.4 did");
    for (size_t i = 0; i < p->storage_count; i++) {
        const nscl_pickle_storage *s = &p->storages[i];
        if (s->key_length == length && memcmp(s->key, key, length) == 0) {
            if (s->kind != globals[global].name || s->count != (uint64_t)values)
                return nscl_pickle_damaged(p, "tells a storage's size in two ways");
            return push_number(p, NSCL_PICKLE_STORAGE, i);
        }
    }
    if (p->storage_count == NSCL_PICKLE_STORAGES) {
        nscl_fail(p->error, NSCL_BAD_FILE, "'%s' holds more than %d tensors, which no VGG has; use vgg19 or vgg16", p->path, NSCL_PICKLE_STORAGES);
        return 0;
    }
    p->storages[p->storage_count] = (nscl_pickle_storage){
        key, length, globals[global].name, globals[global].readable, globals[global].type, globals[global].value_size, (uint64_t)values, NULL};
    return push_number(p, NSCL_PICKLE_STORAGE, p->storage_count++);
}

/* OrderedDict(), or, from Python 2, OrderedDict([[key, value], ...]). */
static int push_ordered_dict(nscl_pickle *p, uint32_t arguments)
{
    nscl_pickle_value v = {.kind = NSCL_PICKLE_DICT};
    uint32_t list = 0, pair = 0, items[2] = {0};
    if (nscl_pickle_count(p, arguments) > 1 || (nscl_pickle_items(p, arguments, &list, 1) && nscl_pickle_kind_of(p, list) != NSCL_PICKLE_LIST))
        return nscl_pickle_damaged(p, "makes a dictionary of something else than a list");
    if (nscl_pickle_count(p, arguments) == 1)
        for (uint32_t at = nscl_pickle_first(p, list, &pair); at; at = nscl_pickle_next(p, at, &pair)) {
            nscl_pickle_kind kind = nscl_pickle_kind_of(p, pair);
            if ((kind != NSCL_PICKLE_LIST && kind != NSCL_PICKLE_TUPLE) || nscl_pickle_count(p, pair) != 2 || !nscl_pickle_items(p, pair, items, 2))
                return nscl_pickle_damaged(p, "makes a dictionary of something else than pairs");
            if (!nscl_pickle_append(p, &v, items[0]) || !nscl_pickle_append(p, &v, items[1]))
                return 0;
        }
    return nscl_pickle_push_value(p, v);
}

/* REDUCE: a call. What it makes shares its arguments' cells. */
int nscl_pickle_call(nscl_pickle *p)
{
    uint32_t arguments, callee, item[4] = {0};
    if (!nscl_pickle_pop(p, &arguments) || !nscl_pickle_pop(p, &callee))
        return 0;
    if (nscl_pickle_kind_of(p, callee) != NSCL_PICKLE_GLOBAL || nscl_pickle_kind_of(p, arguments) != NSCL_PICKLE_TUPLE)
        return nscl_pickle_damaged(p, "calls what cannot be called");
    nscl_pickle_value v = p->values[arguments];
    switch (globals[p->values[callee].number].call) {
    case ORDERED_DICT: return push_ordered_dict(p, arguments);
    case REBUILD_V1:
    case REBUILD_V2:
        if (!nscl_pickle_items(p, arguments, item, 4) || nscl_pickle_kind_of(p, item[0]) != NSCL_PICKLE_STORAGE ||
            nscl_pickle_kind_of(p, item[1]) != NSCL_PICKLE_NUMBER || nscl_pickle_kind_of(p, item[2]) != NSCL_PICKLE_TUPLE ||
            nscl_pickle_kind_of(p, item[3]) != NSCL_PICKLE_TUPLE)
            return nscl_pickle_damaged(p, "makes a tensor of the wrong parts");
        v.kind = NSCL_PICKLE_TENSOR;
        return nscl_pickle_push_value(p, v);
    case REBUILD_PARAMETER:
        if (!nscl_pickle_items(p, arguments, item, 1) || nscl_pickle_kind_of(p, item[0]) != NSCL_PICKLE_TENSOR)
            return nscl_pickle_damaged(p, "makes a parameter of no tensor");
        return nscl_pickle_push(p, item[0]);
    case SIZE:
        if (nscl_pickle_count(p, arguments) != 1 || !nscl_pickle_items(p, arguments, item, 1) ||
            (nscl_pickle_kind_of(p, item[0]) != NSCL_PICKLE_TUPLE && nscl_pickle_kind_of(p, item[0]) != NSCL_PICKLE_LIST))
            return nscl_pickle_damaged(p, "makes a size of the wrong parts");
        v = p->values[item[0]];
        v.kind = NSCL_PICKLE_TUPLE;
        return nscl_pickle_push_value(p, v);
    default: return nscl_pickle_damaged(p, "calls what cannot be called");
    }
}
