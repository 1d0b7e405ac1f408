/* Keras' HDF5 weights, of Keras 1 (block1_conv1/block1_conv1_W_1:0) and later (block1_conv1/block1_conv1/kernel:0),
 * plain or under model_weights. Kernels are HWIO for BGR input. The file is opened from the bytes in memory without a
 * copy; nothing outside them is followed: no external links, external storage or virtual datasets. */
#include "weights_read.h"

#ifdef NSCL_HAVE_HDF5

#include <hdf5.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Most builds of HDF5 are not safe for threads, and its error printing is a setting of the process: one at a time. */
static pthread_mutex_t hdf5_lock = PTHREAD_MUTEX_INITIALIZER;

/* HDF5's core driver asks these for its memory: it gets the caller's bytes and never frees or grows them. */
typedef struct image {
    void *bytes;
    size_t size;
} image;

static void *image_malloc(size_t size, H5FD_file_image_op_t op, void *user)
{
    const image *m = user;
    (void)op;
    return size <= m->size ? m->bytes : NULL;
}

static void *image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *user)
{
    (void)from;
    (void)size;
    (void)op;
    (void)user;
    return to;
}

static void *image_realloc(void *bytes, size_t size, H5FD_file_image_op_t op, void *user)
{
    (void)bytes;
    (void)size;
    (void)op;
    (void)user;
    return NULL;
}

static herr_t image_free(void *bytes, H5FD_file_image_op_t op, void *user)
{
    (void)bytes;
    (void)op;
    (void)user;
    return 0;
}

static void *image_same_user(void *user)
{
    return user;
}

static herr_t image_keep_user(void *user)
{
    (void)user;
    return 0;
}

static hid_t open_image(image *m)
{
    H5FD_file_image_callbacks_t calls = {image_malloc, image_memcpy, image_realloc, image_free, image_same_user, image_keep_user, m};
    hid_t file = H5I_INVALID_HID, access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0)
        return access;
    if (H5Pset_fapl_core(access, 65536, 0) >= 0 && H5Pset_file_image_callbacks(access, &calls) >= 0 && H5Pset_file_image(access, m->bytes, m->size) >= 0)
        file = H5Fopen("image.h5", H5F_ACC_RDONLY, access);
    H5Pclose(access);
    return file;
}

/* Bytes that the superblock says the file has, or 0: a short file then has a better message than HDF5's. */
static unsigned long long stated_size(const unsigned char *bytes, size_t size)
{
    size_t at = size > 48 && bytes[8] < 2 ? 40 : 28;
    int width = size > 48 ? bytes[bytes[8] < 2 ? 13 : 9] : 0;
    unsigned long long end = 0;
    if (width != 8 || memcmp(bytes, "\211HDF", 4) != 0)
        return 0;
    for (size_t i = 8; i-- > 0;)
        end = end << 8 | bytes[at + i];
    return end;
}

static herr_t refuse_link(const char *group, const char *name, const char *file, const char *object, unsigned *flags, hid_t access, void *user)
{
    (void)group;
    (void)name;
    (void)file;
    (void)object;
    (void)flags;
    (void)access;
    (void)user;
    return -1;
}

/* Opens `group`/`name`; negative if there is none, or if it is elsewhere than in this file. */
static hid_t open_inside(hid_t group, const char *name)
{
    hid_t object = H5I_INVALID_HID, access = H5Pcreate(H5P_LINK_ACCESS);
    if (access >= 0 && H5Pset_elink_cb(access, refuse_link, NULL) >= 0)
        object = H5Oopen(group, name, access);
    if (access >= 0)
        H5Pclose(access);
    return object;
}

static hid_t open_dataset(hid_t group, const char *layer, const char *const *forms)
{
    char name[128];
    for (int i = 0; forms[i]; i++) {
        snprintf(name, sizeof name, forms[i][0] == '%' ? "%s%s" : "%s", forms[i][0] == '%' ? layer : forms[i], forms[i][0] == '%' ? forms[i] + 1 : "");
        hid_t set = open_inside(group, name);
        if (set >= 0 && H5Iget_type(set) == H5I_DATASET)
            return set;
        if (set >= 0)
            H5Oclose(set);
    }
    return H5I_INVALID_HID;
}

/* Rank and extents of a dataset of floating-point numbers stored plainly in this file; 0 if it is anything else. Keras
 * does not compress, and HDF5 trusts a packed chunk to unpack to its full size. */
static int dataset_shape(hid_t set, hsize_t extents[4])
{
    int rank = 0;
    hid_t space = H5Dget_space(set), type = H5Dget_type(set), made = H5Dget_create_plist(set);
    if (space < 0 || type < 0 || made < 0 || H5Tget_class(type) != H5T_FLOAT || H5Tget_size(type) > 8 || H5Pget_external_count(made) != 0 ||
        H5Pget_nfilters(made) != 0)
        goto done;
    H5D_layout_t layout = H5Pget_layout(made);
    if (layout != H5D_COMPACT && layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED)
        goto done;
    int n = H5Sget_simple_extent_ndims(space);
    if (n < 1 || n > 4 || H5Sget_simple_extent_dims(space, extents, NULL) != n)
        goto done;
    if (layout == H5D_CHUNKED) { /* a chunk is held whole */
        hsize_t chunk[4] = {0}, bytes = 1;
        if (H5Pget_chunk(made, 4, chunk) != n)
            goto done;
        for (int i = 0; i < n; i++) {
            bytes *= chunk[i];
            if (chunk[i] > NSCL_MAX_WIDTH || bytes > (hsize_t)1 << 24)
                goto done;
        }
    }
    rank = n;
done:
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    if (made >= 0)
        H5Pclose(made);
    return rank;
}

/* Reads one layer, if it is there. */
static nscl_status read_layer(struct nscl_weights *w, const char *path, hid_t root, int block, int number, nscl_error *error)
{
    static const char *const kernels[] = {"%_W_1:0", "%/kernel:0", "kernel:0", "%_W:0", "%/kernel", "kernel", "%_W", NULL};
    static const char *const biases[] = {"%_b_1:0", "%/bias:0", "bias:0", "%_b:0", "%/bias", "bias", "%_b", NULL};
    char layer[32];
    hsize_t k[4] = {0}, b[4] = {0};
    float *hwio = NULL;
    nscl_status status = NSCL_OK;
    hid_t kernel = H5I_INVALID_HID, bias = H5I_INVALID_HID;
    snprintf(layer, sizeof layer, "block%d_conv%d", block, number);
    htri_t exists = H5Lexists(root, layer, H5P_DEFAULT);
    if (exists < 0) /* not to be asked for every name: HDF5 may take much memory to find out */
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is an HDF5 file whose index is damaged; fetch it again", path);
    if (!exists)
        return NSCL_OK;
    hid_t group = open_inside(root, layer);
    if (group < 0 || H5Iget_type(group) != H5I_GROUP) {
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s': %s is damaged or in another file; fetch it again", path, layer);
        goto done;
    }
    kernel = open_dataset(group, layer, kernels);
    bias = open_dataset(group, layer, biases);
    if (kernel < 0 || bias < 0) {
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s': %s has no %s under a name that Keras gives it; save the file again with save_weights", path, layer,
                           kernel < 0 ? "kernel" : "bias");
        goto done;
    }
    if (dataset_shape(kernel, k) != 4 || dataset_shape(bias, b) != 1) {
        status = nscl_fail(error, NSCL_BAD_FILE,
                           "'%s': %s is not a kernel of four and a bias of one dimension, in floating point and not compressed;"
                           " fetch the file again, or save it without compression",
                           path, layer);
        goto done;
    }
    const uint64_t shape[4] = {k[3], k[2], k[0], k[1]};
    nscl_conv_weights *c = nscl_weights_add(w, path, block, number, shape, b[0], error);
    if (!c) {
        status = NSCL_BAD_FILE;
        goto done;
    }
    size_t cin = (size_t)c->cin, cout = (size_t)c->cout;
    hwio = malloc(9 * cin * cout * sizeof *hwio);
    if (!hwio) {
        status = nscl_fail(error, NSCL_NO_MEMORY, "no memory for %s of '%s'", layer, path);
        goto done;
    }
    if (H5Dread(kernel, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, hwio) < 0 ||
        H5Dread(bias, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->bias) < 0) {
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s': the data of %s cannot be read: the file is damaged or cut short; fetch it again", path, layer);
        goto done;
    }
    for (size_t o = 0; o < cout; o++)
        for (size_t i = 0; i < cin; i++)
            for (size_t hw = 0; hw < 9; hw++)
                c->kernel[(o * cin + i) * 9 + hw] = hwio[(hw * cin + i) * cout + o];
done:
    free(hwio);
    if (bias >= 0)
        H5Oclose(bias);
    if (kernel >= 0)
        H5Oclose(kernel);
    if (group >= 0)
        H5Oclose(group);
    return status;
}

static nscl_status read_file(struct nscl_weights *w, const char *path, hid_t file, nscl_error *error)
{
    static const char *const roots[] = {"/", "/model_weights", "/vgg19", "/vgg16", "/model_weights/vgg19", "/model_weights/vgg16"};
    nscl_status status = NSCL_OK;
    for (size_t r = 0; r < sizeof roots / sizeof roots[0] && w->conv_count == 0 && status == NSCL_OK; r++) {
        hid_t root = open_inside(file, roots[r]);
        if (root < 0)
            continue;
        if (H5Iget_type(root) == H5I_GROUP)
            for (int i = 0; i < NSCL_BLOCKS * 4 && status == NSCL_OK; i++)
                status = read_layer(w, path, root, i / 4 + 1, i % 4 + 1, error);
        H5Oclose(root);
    }
    if (status == NSCL_OK && w->conv_count == 0) {
        char where[256];
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is an HDF5 file without a VGG's layers (block1_conv1 ...); use %s", path,
                           nscl_weights_published(NULL, where, sizeof where));
    }
    return status;
}

nscl_status nscl_weights_read_h5(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    nscl_status status;
    union {
        const unsigned char *given;
        void *taken; /* HDF5's interface has no const; the file is opened for reading only */
    } memory = {bytes};
    image m = {memory.taken, size};
    H5E_auto2_t print = NULL;
    void *print_user = NULL;
    hid_t file = H5I_INVALID_HID;
    char where[256];
    unsigned long long stated = stated_size(bytes, size);
    nscl_weights_published(strstr(path, "16") ? "vgg16" : "vgg19", where, sizeof where);
    if (stated > size)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is cut short: it has %llu of the %llu bytes that it states; fetch it again: %s", path,
                         (unsigned long long)size, stated, where);
    w->input = nscl_input_caffe(1);
    snprintf(w->format, sizeof w->format, "Keras HDF5");
    pthread_mutex_lock(&hdf5_lock);
    H5Eget_auto2(H5E_DEFAULT, &print, &print_user);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    file = open_image(&m);
    if (file < 0)
        status = nscl_fail(error, NSCL_BAD_FILE, "'%s' is an HDF5 file, but damaged or cut short; fetch it again: %s", path, where);
    else
        status = read_file(w, path, file, error);
    if (file >= 0)
        H5Fclose(file);
    if (status == NSCL_OK) /* after damage HDF5 may have lost memory, which it would else complain of at exit */
        H5Eset_auto2(H5E_DEFAULT, print, print_user);
    pthread_mutex_unlock(&hdf5_lock);
    return status;
}

#else

nscl_status nscl_weights_read_h5(struct nscl_weights *w, const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    (void)w;
    (void)bytes;
    (void)size;
    return nscl_fail(error, NSCL_BAD_FILE,
                     "'%s' is a Keras HDF5 file, which this build cannot read; install libhdf5-dev and build again, or convert it to .safetensors", path);
}

#endif
