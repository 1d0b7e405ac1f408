/* Every row of the table in host/check_table.c over all its shapes. A name on the command line runs the rows that match it
 * (with *). */
#include <stdlib.h>
#include <string.h>

#include "test.h"

static void run_row(void **state)
{
    const nscl_check_row *row = *state;
    test_row_seed();
    nscl_check_run(&test_check, row);
    test_row_end();
}

int main(int argc, char **argv)
{
    static nscl_check_row rows[NSCL_CHECK_MOST_ROWS];
    static char names[NSCL_CHECK_MOST_ROWS][64];
    struct CMUnitTest tests[NSCL_CHECK_MOST_ROWS];
    int status = test_open(), n = nscl_check_table(rows);
    size_t chosen = 0;
    if (status)
        return status;
    for (int i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "%s%s%s%s", rows[i].operation, rows[i].way[0] ? " " : "", rows[i].way, rows[i].half ? " half" : "");
        if (!test_is_skipped(names[i]))
            tests[chosen++] = (struct CMUnitTest){names[i], run_row, NULL, NULL, &rows[i]};
    }
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return test_close(_cmocka_run_group_tests("tests", tests, chosen, NULL, NULL) ? EXIT_FAILURE : EXIT_SUCCESS);
}
