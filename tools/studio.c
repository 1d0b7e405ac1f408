/* nscl-studio: a page on this machine in which pictures are painted. The server itself neither decodes a picture nor calls OpenCL: children
 * do, each of them this program again with a first word that says as what. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "studio_devices.h"
#include "studio_job.h"
#include "studio_page.h"
#include "studio_picture.h"
#include "studio_process.h"
#include "studio_server.h"
#include "studio_store.h"
#include "studio_styles.h"
#include "studio_worker.h"

/* The status of a child's part, or -1: this is the server. */
static int run_child(int argc, char **argv)
{
    const char *as = argc > 1 ? argv[1] : "";
    if (strcmp(as, "--work") == 0 && argc == 3)
        return studio_worker(argv[2]);
    if (strcmp(as, "--decode") == 0 && argc == 6)
        return studio_decode_child(argv[2], argv[3], argv[4], argv[5]);
    if (strcmp(as, "--devices") == 0)
        return studio_devices_child(argc > 2 ? argv[2] : NULL);
    return nscl_compiler_main(argc, argv);
}

/* What contradicts itself, before anything is begun. */
static nscl_status check_options(const studio_options *o, nscl_error *error)
{
    if (!studio_is_loopback(o->bind) && !o->token)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--bind '%s' lets others in: give a --token that they must know", o->bind);
    if (o->token && (strlen(o->token) < 16 || strlen(o->token) > 200 ||
                     strspn(o->token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-") != strlen(o->token)))
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--token must be 16 to 200 letters, digits and . _ ~ -");
    if (o->network && !nscl_weights_installed(o->network))
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--network '%s' is not there; see nscl-weights", o->network);
    if (o->styles && !nscl_folder_exists(o->styles))
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "--styles '%s' is no folder; give one with pictures in it", o->styles);
    return NSCL_OK;
}

static nscl_status open_folder(studio *s, FILE **lock, nscl_error *error)
{
    char *own = s->options.output ? NULL : nscl_user_folder('d', 1);
    s->folder = s->options.output ? strdup(s->options.output) : own ? nscl_path_join(own, "studio") : NULL;
    free(own);
    if (!s->folder)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "no place for pictures: neither $HOME nor $XDG_DATA_HOME is set; --output names a folder");
    *lock = studio_store_open(s, error);
    return *lock ? NSCL_OK : NSCL_BAD_FILE;
}

static void say_where(const studio *s)
{
    const studio_options *o = &s->options;
    int any = strcmp(o->bind, "0.0.0.0") == 0 || strcmp(o->bind, "::") == 0;
    const char *host = any ? o->name ? o->name : "127.0.0.1" : o->bind;
    int six = strchr(host, ':') != NULL;
    printf("nscl-studio: http://%s%s%s:%d/%s%s\n", six ? "[" : "", host, six ? "]" : "", s->port, o->token ? "?token=" : "", o->token ? o->token : "");
    if (any && !o->name)
        printf("from elsewhere: the same with this machine's address or name (--name)\n");
    printf("pictures are kept in %s; Ctrl-C ends it\n", s->folder);
    fflush(stdout);
}

static nscl_status serve(studio *s, nscl_error *error)
{
    nscl_error devices = {NSCL_OK, ""};
    studio_devices_find(s, &devices);
    if (devices.code != NSCL_OK && s->options.device)
        return nscl_fail(error, NSCL_BAD_ARGUMENT, "%s", devices.text);
    if (devices.code != NSCL_OK)
        fprintf(stderr, "nscl-studio: %s\n", devices.text); /* one may be installed while it runs */
    studio_styles_scan(s);
    studio_store_count(s);
    if (!studio_jobs_open(s) || !studio_pages_open())
        return nscl_fail(error, NSCL_NO_MEMORY, "no memory for the jobs and the page");
    studio_server *server = studio_server_open(s, error);
    if (server) {
        say_where(s);
        studio_signals_wait();
    }
    pthread_mutex_lock(&s->lock);
    s->ending = 1;
    studio_changed(s);
    pthread_mutex_unlock(&s->lock);
    studio_server_close(server);
    studio_jobs_close(s);
    return server ? NSCL_OK : error->code;
}

int main(int argc, char **argv)
{
    static studio s;
    nscl_error error = {NSCL_OK, ""};
    FILE *lock = NULL;
    int child = run_child(argc, argv);
    if (child >= 0)
        return child;
    int ended = studio_read_options(&s.options, argc, argv);
    if (ended)
        return ended - 1;
    studio_signals_hold();
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    s.change = (uint64_t)(1e3 * studio_now());
    s.program = studio_program(argv[0]);
    s.devices = json_array();
    nscl_status status = check_options(&s.options, &error);
    if (status == NSCL_OK)
        status = open_folder(&s, &lock, &error);
    if (status == NSCL_OK)
        status = serve(&s, &error);
    if (status != NSCL_OK)
        fprintf(stderr, "nscl-studio: %s\n", error.text);
    studio_jobs_free(&s);
    studio_styles_free(&s);
    studio_pages_free();
    json_decref(s.devices);
    if (lock)
        fclose(lock);
    free(s.folder);
    free(s.program);
    return status == NSCL_OK ? TOOL_DONE : status == NSCL_BAD_ARGUMENT ? TOOL_USAGE : TOOL_FAILED;
}
