/* The server: a thread a connection, of which there are a bounded number; checks first, then the body, then the answer. */
#ifndef STUDIO_SERVER_H
#define STUDIO_SERVER_H

#include "studio_app.h"

typedef struct studio_server studio_server;

/* Listens; s->port is where. NULL with the error filled. */
studio_server *studio_server_open(studio *s, nscl_error *error);
/* Ends every connection; s->ending must be set. */
void studio_server_close(studio_server *server);

/* 1 where the address is this machine's alone. */
int studio_is_loopback(const char *address);

#endif
