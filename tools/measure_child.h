/* Another program as a child, for what may end or hang the process that does it. */
#ifndef MEASURE_CHILD_H
#define MEASURE_CHILD_H

#include <stddef.h>

/* Runs argv (NULL-ended; found on PATH) for `seconds` at most (0: no limit). What it wrote to its standard output,
 * malloc'ed, also where it failed; NULL where it could not be started. why: "" when it ended with status 0, else how
 * it ended. */
char *measure_child(char **argv, double seconds, char *why, size_t why_size);

#endif
