/* How long a connection may take. libmicrohttpd ends one on which nothing moves; one that moves a byte at a time would live for ever, so
 * each has a time by which its request must be there, or be answered, and a watchman who ends those that are late. */
#ifndef STUDIO_CONNECTION_H
#define STUDIO_CONNECTION_H

#include <microhttpd.h>

enum { STUDIO_MOST_CONNECTIONS = 128, STUDIO_IDLE = 20 /* seconds in which something must move */ };

typedef struct studio_connections studio_connections;

studio_connections *studio_connections_open(void);
void studio_connections_close(studio_connections *all);

/* For MHD_OPTION_NOTIFY_CONNECTION, with the connections as its closure. */
void studio_connection_notify(void *all, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code);

/* This request may take so many seconds from now; below 0: for ever. */
void studio_connection_allow(struct MHD_Connection *connection, double seconds);

#endif
