/* The devices, found by a child of its own: a driver that crashes when it is asked takes no server down. */
#ifndef STUDIO_DEVICES_H
#define STUDIO_DEVICES_H

#include "studio_app.h"

/* Looks for devices: an array of {"id": "P:D", "name", "platform", "type", "memory", "default", "usable", "why"}; on failure it is
 * empty and *error says what to install. Takes the lock when it has an answer. */
void studio_devices_find(studio *s, nscl_error *error);

/* Under the lock: the id and name of the device that an order names ("auto": the default one). 0 where there is no such. */
int studio_device_find(const studio *s, const char *wanted, char id[16], char name[128]);

/* The child's side; selector NULL: $NSCL_DEVICE, else auto. */
int studio_devices_child(const char *selector);

#endif
