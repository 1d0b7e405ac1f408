/* Server-sent events: a stream of what changes. A watcher that is slow gets less, not late: what it is sent is the present state of each
 * job that changed since it was last sent something. */
#ifndef STUDIO_EVENTS_H
#define STUDIO_EVENTS_H

#include "studio_request.h"

enum { STUDIO_MOST_WATCHERS = 64 };

/* Answers with the events of all jobs from the change `since` on or, where `only` is an id, of that job, until it has ended. */
enum MHD_Result studio_events_reply(studio_request *r, const char *only, uint64_t since);

#endif
