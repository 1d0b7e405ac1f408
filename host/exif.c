/* The one thing nscl wants from EXIF: which way is up. EXIF written by careless programs is common, so whatever libexif
 * cannot understand means "as stored", never an error. */
#include "picture.h"

#ifdef NSCL_HAVE_EXIF
#include <libexif/exif-data.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE ((size_t)1 << 20) /* a JPEG holds at most 64 KiB of it; PNG sets no bound */

int nscl_exif_orientation(const unsigned char *bytes, size_t size)
{
    static const unsigned char head[6] = {'E', 'x', 'i', 'f', 0, 0};
    int orientation = 0;
    ExifData *data = NULL;
    unsigned char *whole = NULL;
    size_t skip = size >= sizeof head && memcmp(bytes, head, sizeof head) == 0 ? sizeof head : 0;
    if (size <= skip || size > MAX_SIZE)
        return 0;
    whole = malloc(sizeof head + size - skip); /* libexif insists on the head */
    data = exif_data_new();
    if (!whole || !data)
        goto done;
    memcpy(whole, head, sizeof head);
    memcpy(whole + sizeof head, bytes + skip, size - skip);
    exif_data_unset_option(data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION); /* else it invents what is missing */
    exif_data_load_data(data, whole, (unsigned)(sizeof head + size - skip));
    const ExifEntry *entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
    if (entry && entry->data && entry->components >= 1) {
        ExifByteOrder order = exif_data_get_byte_order(data);
        if (entry->format == EXIF_FORMAT_SHORT && entry->size >= 2)
            orientation = exif_get_short(entry->data, order);
        else if (entry->format == EXIF_FORMAT_LONG && entry->size >= 4) {
            ExifLong value = exif_get_long(entry->data, order);
            orientation = value <= 8 ? (int)value : 0;
        }
    }
done:
    if (data)
        exif_data_unref(data);
    free(whole);
    return orientation >= 1 && orientation <= 8 ? orientation : 0;
}

#else

int nscl_exif_orientation(const unsigned char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return 0;
}

#endif
