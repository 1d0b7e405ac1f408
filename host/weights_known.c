/* What is known of weight files beside their content: which ones are published, where, and with which hash; what a
 * file that is no weight file looks like; which names the user's data folder is searched for. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <md5.h>
#include <sha256.h>

#include "os.h"
#include "weights_read.h"

#define KERAS "https://storage.googleapis.com/tensorflow/keras-applications/"
#define VLFEAT "https://www.vlfeat.org/matconvnet/models/beta16/"
#define TORCH "https://download.pytorch.org/models/"

const nscl_published nscl_published_files[] = {
    {"vgg19", "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5", KERAS "vgg19/", "Keras VGG-19 without top", "253f8cb515780f3b799900260a226db6", ""},
    {"vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5", KERAS "vgg16/", "Keras VGG-16 without top", "6d6bbae143d832006294945121d1f1fc", ""},
    {"vgg19", "vgg19_weights_tf_dim_ordering_tf_kernels.h5", KERAS "vgg19/", "Keras VGG-19", "", ""},
    {"vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels.h5", KERAS "vgg16/", "Keras VGG-16", "", ""},
    {"vgg19", "imagenet-vgg-verydeep-19.mat", VLFEAT, "MatConvNet VGG-19 (beta16)", "8ee3263992981a1d26e73b3ca028a123", ""},
    {"vgg16", "imagenet-vgg-verydeep-16.mat", VLFEAT, "MatConvNet VGG-16 (beta16)", "", ""},
    {"vgg19", "vgg19-dcbb9e9d.pth", TORCH, "torchvision VGG-19", "", "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"},
    {"vgg16", "vgg16-397923af.pth", TORCH, "torchvision VGG-16", "", "397923af"},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

static const nscl_published *find_hash(const unsigned char *bytes, size_t size, const char *sha256)
{
    char md5[MD5_DIGEST_STRING_LENGTH] = "";
    if (size >= (size_t)1 << 20) /* every published file has 50 million bytes and more */
        MD5Data(bytes, size, md5);
    for (const nscl_published *p = nscl_published_files; p->network; p++)
        if ((p->md5[0] && strcmp(p->md5, md5) == 0) || (p->sha256[0] && strncmp(p->sha256, sha256, strlen(p->sha256)) == 0))
            return p;
    return NULL;
}

void nscl_weights_recognise(const unsigned char *bytes, size_t size, char sha256[65], char known[96])
{
    SHA256Data(bytes, size, sha256);
    const nscl_published *p = find_hash(bytes, size, sha256);
    snprintf(known, 96, "%s", p ? p->title : "");
}

char *nscl_weights_published(const char *network, char *text, size_t size)
{
    const char *wanted = network && strcmp(network, "vgg16") == 0 ? "vgg16" : "vgg19";
    const nscl_published *p = nscl_published_files;
    while (strcmp(p->network, wanted) != 0)
        p++;
    snprintf(text, size, "%s, published at %s (MD5 %s)", p->file, p->place, p->md5);
    return text;
}

static int begins(const unsigned char *bytes, size_t size, const char *with)
{
    size_t n = strlen(with);
    if (size < n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (tolower(bytes[i]) != tolower((unsigned char)with[i]))
            return 0;
    return 1;
}

const char *nscl_weights_look(const unsigned char *bytes, size_t size)
{
    static const struct {
        const char *begin, *what;
    } rows[] = {
        {"version https://git-lfs", "a Git-LFS pointer, not the file it stands for ('git lfs pull' fetches that)"},
        {"\037\213", "gzip-compressed (unpack it first)"},
        {"\211PNG", "a PNG picture"},
        {"\377\330\377", "a JPEG picture"},
        {"{", "JSON text"},
    };
    size_t skip = begins(bytes, size, "\357\273\277") ? 3 : 0;
    while (skip < size && isspace(bytes[skip]))
        skip++;
    if (skip == size)
        return "blank";
    static const char *const pages[] = {"<!doctype", "<html", "<head", "<body", "<?xml", "<!--"};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (begins(bytes + skip, size - skip, pages[i]))
            return "a web page, which a server sent in place of the file";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (begins(bytes, size, rows[i].begin))
            return rows[i].what;
    return NULL;
}

nscl_status nscl_weights_refuse(const char *path, const unsigned char *bytes, size_t size, nscl_error *error)
{
    char where[256], look[128];
    const char *network = strstr(path, "16") ? "vgg16" : "vgg19";
    nscl_weights_published(network, where, sizeof where);
    if (size == 0)
        return nscl_fail(error, NSCL_BAD_FILE, "'%s' is empty; fetch %s", path, where);
    const char *what = nscl_weights_look(bytes, size);
    if (!what && size < 16)
        what = "cut short";
    if (!what) {
        snprintf(look, sizeof look, "no weight file that nscl knows (it begins with bytes %02x %02x %02x %02x)", bytes[0], bytes[1], bytes[2], bytes[3]);
        what = look;
    }
    return nscl_fail(error, NSCL_BAD_FILE, "'%s' is %s; nscl reads Keras .h5, MatConvNet .mat, PyTorch .pth and .safetensors: fetch %s", path, what, where);
}

char *nscl_weights_locate(const char *network, nscl_error *error)
{
    char own[32], names[512] = "", where[256];
    char *folder = nscl_user_folder('d', 0), *path = NULL;
    size_t used = 0;
    if (!folder) {
        nscl_fail(error, NSCL_BAD_FILE, "network '%s': there is no data folder to look in; set HOME or XDG_DATA_HOME, or name a file", network);
        return NULL;
    }
    snprintf(own, sizeof own, "%s.safetensors", network);
    const nscl_published *p = NULL; /* our own name first, then the table's rows */
    do {
        const char *name = p ? p->file : own;
        if (!p || strcmp(p->network, network) == 0) {
            free(path);
            path = nscl_path_join(folder, name);
            if (!path) {
                nscl_fail(error, NSCL_NO_MEMORY, "no memory to look for network '%s'", network);
                goto done;
            }
            if (nscl_file_exists(path))
                goto done;
            int n = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", name);
            used += n > 0 && (size_t)n < sizeof names - used ? (size_t)n : 0;
        }
        p = p ? p + 1 : nscl_published_files;
    } while (p->network);
    free(path);
    path = NULL;
    nscl_fail(error, NSCL_BAD_FILE, "network '%s' is not in '%s'; put one of these there: %s; for example %s", network, folder, names,
              nscl_weights_published(network, where, sizeof where));
done:
    free(folder);
    return path;
}
