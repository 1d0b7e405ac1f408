/* Runs a target on files, or on all files of folders, without libFuzzer. Each gets 20 seconds of processor time. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "fuzz.h"

static int inputs;

static void run_file(const char *path)
{
    const struct itimerval limit = {.it_value = {20, 0}};
    FILE *file = fopen(path, "rb");
    fuzz_need(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
    long size = ftell(file);
    fuzz_need(size >= 0, path);
    rewind(file);
    unsigned char *bytes = malloc(size ? (size_t)size : 1); /* of exactly this size, so that reading past the end shows */
    fuzz_need(bytes && fread(bytes, 1, (size_t)size, file) == (size_t)size, path);
    fclose(file);
    fprintf(stderr, "%s\n", path); /* before it runs: the last one is at fault */
    setitimer(ITIMER_PROF, &limit, NULL);
    LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    inputs++;
}

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        size_t room = strlen(path) + strlen(e->d_name) + 2;
        char *name = malloc(room);
        fuzz_need(name != NULL, "there is memory");
        snprintf(name, room, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.')
            run_file(name);
        free(name);
    }
    closedir(folder);
    return 1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!run_folder(argv[i]))
            run_file(argv[i]);
    printf("%d inputs\n", inputs);
    return inputs ? 0 : 1;
}
