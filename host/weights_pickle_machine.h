/* The stack machine's state, for its two halves: instructions (weights_pickle.c) and calls (weights_pickle_calls.c).
 * Values never move or change their kind; those with items are chains of cells. Every value, cell and place on the stack
 * comes from bytes of the pickle that have been read, and the number of each has one limit. */
#ifndef NSCL_WEIGHTS_PICKLE_MACHINE_H
#define NSCL_WEIGHTS_PICKLE_MACHINE_H

#include "weights_pickle.h"

typedef struct nscl_pickle_value {
    nscl_pickle_kind kind;
    uint32_t first, last, count; /* cells; 0: none */
    int64_t number;
    const char *text;
    size_t length;
} nscl_pickle_value;

typedef struct nscl_pickle_cell {
    uint32_t item, next;
} nscl_pickle_cell;

struct nscl_pickle {
    const char *path;
    nscl_pickle_value *values;
    nscl_pickle_cell *cells; /* from 1 */
    uint32_t *stack, *memo;
    size_t value_count, value_room, cell_count, cell_room, depth, stack_room, memo_room;
    nscl_pickle_storage storages[NSCL_PICKLE_STORAGES];
    size_t storage_count;
    size_t read; /* bytes of earlier pickles */
    /* of the pickle at work */
    const unsigned char *bytes;
    size_t at, size, begin;
    nscl_error *error;
};

/* All these give 0 after an error, which they have told. "... byte N of its pickle WHAT ..." */
int nscl_pickle_damaged(nscl_pickle *p, const char *what);
int nscl_pickle_push(nscl_pickle *p, uint32_t index);
int nscl_pickle_push_value(nscl_pickle *p, nscl_pickle_value v);
int nscl_pickle_pop(nscl_pickle *p, uint32_t *index);
/* Adds an item to a value of a kind that has them. */
int nscl_pickle_append(nscl_pickle *p, nscl_pickle_value *v, uint32_t item);

/* GLOBAL: pushes something of the table by its name in Python. */
int nscl_pickle_push_global(nscl_pickle *p, const char *module, const char *name);
/* BINPERSID: pops a persistent id, pushes the storage. */
int nscl_pickle_push_storage(nscl_pickle *p);
/* REDUCE: pops arguments and what is called, pushes what that makes. */
int nscl_pickle_call(nscl_pickle *p);

#endif
