/* One transfer over HTTP into a part of a file, with libcurl, which obeys redirections and the environment's proxies. A part
 * is only emptied once the server has begun to send something that may be the file: a web page in its place does no harm. */
#include "weights_tool.h"

#ifdef NSCL_HAVE_CURL

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "weights_read.h"

#define SLOW 100 /* bytes a second that count as nothing */

typedef struct transfer {
    weights_download *d;
    CURL *curl;
    uint64_t begin; /* bytes that were there */
    int answered;   /* the first bytes have come, and are welcome */
    uint64_t range; /* where the server says that its answer begins */
    weights_download_result result;
    int shows;           /* progress */
    double since, shown; /* seconds */
} transfer;

static int begins(const char *text, size_t size, const char *with)
{
    size_t n = strlen(with);
    if (size < n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)text[i]) != with[i])
            return 0;
    return 1;
}

/* Of each answer on the way, so that the last one's are what stays. */
static size_t take_header(char *line, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t n = size * count;
    if (begins(line, n, "http/"))
        t->range = 0;
    if (begins(line, n, "content-range:")) {
        size_t at = 14;
        while (at < n && !isdigit((unsigned char)line[at]))
            at++;
        for (t->range = 0; at < n && isdigit((unsigned char)line[at]) && t->range < UINT64_MAX / 16; at++)
            t->range = t->range * 10 + (uint64_t)(line[at] - '0');
    }
    return n;
}

static int refuse(transfer *t, weights_download_result result, const char *reason)
{
    t->result = result;
    snprintf(t->d->reason, sizeof t->d->reason, "%s", reason);
    return 0;
}

/* Is the beginning of an answer one to be kept? */
static int begin_answer(transfer *t, const unsigned char *bytes, size_t size)
{
    long code = 0;
    char *type = NULL, reason[sizeof t->d->reason];
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
    t->answered = 1;
    if (code == 206 && t->begin)
        return t->range == t->begin || refuse(t, WEIGHTS_DOWNLOAD_AGAIN, "the server sends another part than it was asked for");
    const char *look =
        type && begins(type, strlen(type), "text/html") ? "a web page, which a server sent in place of the file" : nscl_weights_look(bytes, size);
    if (look) {
        snprintf(reason, sizeof reason, "what is there is %s", look);
        return refuse(t, WEIGHTS_DOWNLOAD_REFUSED, reason);
    }
    if (t->d->size && !nscl_part_clear(t->d->part))
        return refuse(t, WEIGHTS_DOWNLOAD_DISK, strerror(errno));
    t->d->size = 0;
    return 1;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t n = size * count;
    if (!n)
        return n;
    if (!t->answered && !begin_answer(t, (const unsigned char *)bytes, n))
        return 0;
    if (n > t->d->limit - t->d->size) {
        refuse(t, WEIGHTS_DOWNLOAD_REFUSED, "it is larger than any file of weights");
        return 0;
    }
    errno = 0;
    size_t written = fwrite(bytes, 1, n, t->d->part);
    t->d->size += written;
    if (written != n)
        refuse(t, WEIGHTS_DOWNLOAD_DISK, errno ? strerror(errno) : "the disk takes no more");
    return written;
}

static int show_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    transfer *t = user;
    double time = nscl_seconds(), pace = time > t->since ? (double)now / (time - t->since) : 0;
    (void)up_total;
    (void)up_now;
    if (time - t->shown < 0.2)
        return 0;
    t->shown = time;
    fprintf(stderr, "\r\033[K%.60s: %.1f", t->d->title, (double)t->d->size / 1e6);
    if (total > 0)
        fprintf(stderr, " of %.1f", ((double)t->d->size + (double)(total - now)) / 1e6);
    fprintf(stderr, " MB, %.2f MB/s", pace / 1e6);
    if (total > now && pace > 1)
        fprintf(stderr, ", %.0f s left", (double)(total - now) / pace);
    fflush(stderr);
    return 0;
}

static void set_protocols(CURL *curl, const char *url)
{
    int safe = begins(url, strlen(url), "https:"); /* and stays so */
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, safe ? "https" : "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, (long)(safe ? CURLPROTO_HTTPS : CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* What curl's code means for the part. */
static weights_download_result judge(transfer *t, CURLcode code, const char *text)
{
    weights_download *d = t->d;
    long answer = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &answer);
    if (t->result != WEIGHTS_DOWNLOAD_DONE || code == CURLE_OK)
        return t->result;
    switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
        snprintf(d->reason, sizeof d->reason, "the server answers %ld%s", answer, answer == 404 ? " (there is no such file)" : "");
        return answer == 416 && t->begin ? WEIGHTS_DOWNLOAD_AGAIN : WEIGHTS_DOWNLOAD_NETWORK;
    case CURLE_UNSUPPORTED_PROTOCOL:
        snprintf(d->reason, sizeof d->reason, "it leads to an address that is not of %s", begins(d->url, strlen(d->url), "https:") ? "https" : "http or https");
        return WEIGHTS_DOWNLOAD_REFUSED;
    case CURLE_FILESIZE_EXCEEDED: snprintf(d->reason, sizeof d->reason, "it is larger than any file of weights"); return WEIGHTS_DOWNLOAD_REFUSED;
    case CURLE_PARTIAL_FILE: snprintf(d->reason, sizeof d->reason, "the connection was cut"); return WEIGHTS_DOWNLOAD_NETWORK;
    case CURLE_OPERATION_TIMEDOUT:
        snprintf(d->reason, sizeof d->reason, "hardly anything came for %d seconds (%s)", d->stall, *text ? text : curl_easy_strerror(code));
        return WEIGHTS_DOWNLOAD_NETWORK;
    default: snprintf(d->reason, sizeof d->reason, "%s", *text ? text : curl_easy_strerror(code)); return WEIGHTS_DOWNLOAD_NETWORK;
    }
}

weights_download_result weights_download_run(weights_download *d)
{
    char text[CURL_ERROR_SIZE] = "", range[32], agent[64];
    transfer t = {.d = d, .begin = d->size, .result = WEIGHTS_DOWNLOAD_DONE, .shows = nscl_terminal(stderr), .since = nscl_seconds()};
    d->reason[0] = '\0';
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(t.curl = curl_easy_init())) {
        refuse(&t, WEIGHTS_DOWNLOAD_NETWORK, "libcurl does not start");
        return t.result;
    }
    setvbuf(d->part, NULL, _IONBF, 0); /* so that a full disk shows where it is */
    snprintf(agent, sizeof agent, "nscl-weights/%s", nscl_version());
    snprintf(range, sizeof range, "%llu-", (unsigned long long)d->size);
    curl_easy_setopt(t.curl, CURLOPT_URL, d->url);
    set_protocols(t.curl, d->url);
    curl_easy_setopt(t.curl, CURLOPT_USERAGENT, agent);
    curl_easy_setopt(t.curl, CURLOPT_ERRORBUFFER, text);
    curl_easy_setopt(t.curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(t.curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(t.curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(t.curl, CURLOPT_CONNECTTIMEOUT, (long)d->stall);
    curl_easy_setopt(t.curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW);
    curl_easy_setopt(t.curl, CURLOPT_LOW_SPEED_TIME, (long)d->stall);
    curl_easy_setopt(t.curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)d->limit);
    curl_easy_setopt(t.curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(t.curl, CURLOPT_HEADERDATA, &t);
    curl_easy_setopt(t.curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(t.curl, CURLOPT_WRITEDATA, &t);
    if (d->size)
        curl_easy_setopt(t.curl, CURLOPT_RANGE, range);
    if (t.shows) {
        curl_easy_setopt(t.curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(t.curl, CURLOPT_XFERINFOFUNCTION, show_progress);
        curl_easy_setopt(t.curl, CURLOPT_XFERINFODATA, &t);
    }
    CURLcode code = curl_easy_perform(t.curl);
    if (t.shows)
        fputs("\r\033[K", stderr);
    t.result = judge(&t, code, text);
    curl_easy_cleanup(t.curl);
    curl_global_cleanup();
    return t.result;
}

int weights_download_possible(void)
{
    return 1;
}

#else

weights_download_result weights_download_run(weights_download *d)
{
    snprintf(d->reason, sizeof d->reason, "this build has no libcurl");
    return WEIGHTS_DOWNLOAD_NETWORK;
}

int weights_download_possible(void)
{
    return 0;
}

#endif
