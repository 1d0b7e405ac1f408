/* A run as one JSON object: version, preset, every setting in force under the name of its option, device, network. It
 * opens the log and is the picture's comment, and holds all that is needed to paint the same picture again. */
#ifndef NSCL_CLI_DESCRIBE_H
#define NSCL_CLI_DESCRIBE_H

#include <jansson.h>

#include "options.h"

/* A string; bytes that are not UTF-8 become '?'. */
json_t *nscl_json_text(const char *text);

/* The value an option has, or NULL where it has none. */
json_t *nscl_option_json(const nscl_option *row, const nscl_options *options);

/* The run; width and height are the result's. NULL without memory. */
json_t *nscl_cli_describe(const nscl_options *options, const nscl_device_info *device, const nscl_weights *weights, int width, int height);

#endif
