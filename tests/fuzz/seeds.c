/* Writes the seeds of the corpus, FOLDER/TARGET/NAME: one small file of each kind that a parser knows.
 *
 * usage: fuzz_seeds FOLDER */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "pickle_make.h"
#include "profile_make.h"
#include "weights_make.h"

static const char *folder;

static char *place(const char *target, const char *name)
{
    char *inside = make_path(folder, target);
    mkdir(inside, 0777);
    char *path = make_path(inside, name);
    free(inside);
    return path;
}

/* Takes the bytes. */
static void put(const char *target, const char *name, struct make_bytes bytes)
{
    char *path = place(target, name);
    make_file(path, bytes.data, bytes.size);
    free(path);
    free(bytes.data);
}

static void put_text(const char *target, const char *name, const char *text)
{
    char *path = place(target, name);
    make_file(path, text, strlen(text));
    free(path);
}

static struct make_bytes bytes_of(const void *data, size_t size)
{
    struct make_bytes bytes = {calloc(1, 1), 0};
    make_insert(&bytes, 0, data, size);
    return bytes;
}

/* ---- Pictures ---- */

#ifdef NSCL_HAVE_LCMS
/* A profile for the target that takes them bare; `kind` is its first byte. */
static void put_profile(const char *name, int kind, struct make_bytes profile)
{
    const unsigned char first = (unsigned char)kind;
    make_insert(&profile, 0, &first, 1);
    put("profile", name, profile);
}
#endif

static void put_png_freight(void)
{
    static const char settings[] = "nscl\0{\"version\":\"0.1.0\",\"settings\":{\"size\":64}}";
    static const char utf8[] = "nscl\0\0\0\0\0{\"content\":\"\xc3\xa9.jpg\"}";
    const struct make_png kind = {.width = 5, .height = 3, .type = PNG_COLOR_TYPE_RGB, .bits = 8};
    struct make_bytes png = make_png(&kind, NULL), exif = make_exif(6, 1);
    enum { WORD = 22 };
    char text[400] = "Raw profile type exif", packed[400] = "Raw profile type exif", *to = text + WORD;
    uLongf room = sizeof packed - WORD - 1;
    make_chunk(&png, "tEXt", settings, sizeof settings - 1);
    make_gamma(&png, 45455, NULL);
    make_chunk(&png, "eXIf", exif.data + 6, exif.size - 6);
    put("picture", "png_settings", png);
    png = make_png(&kind, NULL);
    to += sprintf(to, "\nexif\n      %d\n", (int)exif.size);
    for (size_t i = 0; i < exif.size; i++)
        to += sprintf(to, "%02x", exif.data[i]);
    make_chunk(&png, "iTXt", utf8, sizeof utf8 - 1);
    make_chunk(&png, "tEXt", text, (size_t)(to - text));
    put("picture", "png_raw_profile", png);
    png = make_png(&kind, NULL);
    if (compress((unsigned char *)packed + WORD + 1, &room, (unsigned char *)text + WORD, (uLong)(to - text - WORD)) == Z_OK)
        make_chunk(&png, "zTXt", packed, room + WORD + 1);
    put("picture", "png_raw_profile_packed", png);
    free(exif.data);
}

static void put_pictures(void)
{
    static const struct make_png pngs[] = {
        {7, 5, PNG_COLOR_TYPE_GRAY, 1, 0, 1},      {9, 9, PNG_COLOR_TYPE_PALETTE, 4, 1, 1}, {5, 4, PNG_COLOR_TYPE_GRAY_ALPHA, 16, 0, 0},
        {4, 4, PNG_COLOR_TYPE_RGB_ALPHA, 8, 1, 0}, {3, 5, PNG_COLOR_TYPE_RGB, 16, 0, 1},
    };
    static const struct make_jpeg jpegs[] = {
        {.width = 16, .height = 9, .colours = MAKE_YCC},
        {.width = 17, .height = 16, .colours = MAKE_YCC, .progressive = 1},
        {.width = 9, .height = 8, .colours = MAKE_GREY, .restart = 1},
        {.width = 16, .height = 8, .colours = MAKE_YCCK},
        {.width = 8, .height = 8, .colours = MAKE_CMYK, .no_adobe = 1},
    };
    char name[32];
    for (size_t i = 0; i < sizeof pngs / sizeof pngs[0]; i++) {
        snprintf(name, sizeof name, "png_%zu", i);
        put("picture", name, make_png(&pngs[i], NULL));
    }
    for (size_t i = 0; i < sizeof jpegs / sizeof jpegs[0]; i++) {
        snprintf(name, sizeof name, "jpeg_%zu", i);
        put("picture", name, make_jpeg(&jpegs[i]));
    }
    put_png_freight();
    struct make_bytes jpeg = make_jpeg(&jpegs[0]), exif = make_exif(8, 0);
    unsigned char head[4] = {0xff, 0xe1, (unsigned char)((exif.size + 2) >> 8), (unsigned char)(exif.size + 2)};
    make_insert(&jpeg, 2, exif.data, exif.size);
    make_insert(&jpeg, 2, head, 4);
    make_insert(&jpeg, 2, "\xff\xfe\0\x0c{\"size\":9}", 14);
    put("picture", "jpeg_exif", jpeg);
    put("exif", "little", exif);
    put("exif", "big", make_exif(3, 1));
#ifdef NSCL_HAVE_LCMS
    const double wide[8] = {0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06};
    struct make_bytes profile = make_rgb_profile(wide, 2.2), png = make_png(&pngs[3], NULL);
    make_profile_chunk(&png, &profile);
    put("picture", "png_profile", png);
    jpeg = make_jpeg(&jpegs[0]);
    make_profile_segments(&jpeg, &profile, 2, 0);
    put("picture", "jpeg_profile", jpeg);
    put_profile("rgb", 1, profile);
    put_profile("rgb_wide", 1 | 4 | 8, make_rgb_profile(wide, 1.8));
    put_profile("grey", 0, make_grey_profile(1.7));
    put_profile("inks", 2, make_ink_profile());
#endif
}

/* ---- Weights ---- */

static void put_weights(void)
{
    static const int narrow[NSCL_BLOCKS] = {2, 3, 2, 2, 2};
    struct nscl_weights *own = make_network("vgg19", narrow, 4, 9), *w = make_network("vgg19", NULL, 1, 9);
    put("weights", "safetensors_own", make_safetensors(own, 'c', "F16", "vgg19", "bgr scale=1 mean=1,2,3 deviation=1,1,1"));
    put("weights", "safetensors_caffe", make_safetensors(w, 'c', "BF16", NULL, NULL));
    put("weights", "safetensors_torch", make_safetensors(w, 't', "BF16", NULL, NULL));
    put("weights", "pth_zip", make_pth(w, 't', "HalfStorage", MAKE_PTH_NOW, 1));
    put("weights", "pth_zip_wide", make_pth(w, 't', "BFloat16Storage", MAKE_PTH_PARAMETER, 2));
    put("weights", "pth_python2", make_pth(w, 'c', "HalfStorage", MAKE_PTH_PYTHON2, 0));
    char *path = place("weights", "h5_kernel");
#ifdef NSCL_HAVE_HDF5
    make_h5(path, w, 2, "", 0);
    free(path);
    path = place("weights", "h5_root");
    make_h5(path, w, 1, "model_weights", 1);
#endif
#ifdef NSCL_HAVE_MATIO
    static const double mean[3] = {123, 117, 104};
    for (int older = 0; older < 2; older++) {
        free(path);
        path = place("weights", older ? "mat_older" : "mat");
        make_mat(path, w, older, 0, 2, mean);
        struct make_bytes mat = make_read(path);
        mat.data[120] |= 1; /* the target packs it */
        put("weights", older ? "mat_older_packed" : "mat_packed", mat);
    }
    free(path);
    path = place("weights", "mat_double");
    make_mat(path, w, 0, 1, 1, mean);
#endif
    free(path);
    nscl_weights_free(own);
    nscl_weights_free(w);
}

/* ---- Texts ---- */

static void put_texts(void)
{
    put_text("tuning", "rows",
             "# a comment\n* conv USE=direct\ncpu:vector>=16:local>=256k:cache<=2M:shared=1 conv IN=64 OUT=1..64 SIDE=256.. USE=winograd4\n"
             "gpu:group>=256:units<=64 conv SIDE=..256 USE=gemm # why\n");
    put_text("tuning", "clblast", "any clblast.Xgemm MWG=32 NWG=32 GEMMK=1\nother:memory>=1G:block=8 clblast.GemmRoutine XGEMM_MIN_INDIRECT_SIZE=1\n");
    put_text("options", "short", "--content\na.jpg\n--styles\nb.jpg\nc.png\n--output\nd.png");
    put_text(
        "options", "layers",
        "--content=a\n--styles=b\n--output\nc.jpg\n--content-layers\nrelu4_2,conv5_2\n--content-layer-weights\n1,2\n--style-layers\nrelu1_1\nblock2_conv1\n"
        "--style-layer-weights\n1\n0.5\n--style-scales=1.5\n--tv\npower\n--tv-weight\n1e-3\n--width\n300\n--height=200\n--filter\nlanczos");
    put_text(
        "options", "adam",
        "--preset\nneural-style\n--content=a\n--styles=b\nc\n--output\nc.jpg\n--style-blend-weights\n1,3\n--optimizer\nadam\n--learning-rate\n10\n--beta1\n.9\n"
        "--beta2=0.999\n--eps\n1e-8\n--init\nnoise\n--seed\n7\n--checkpoint-output\nx_%04d.jpg\n--checkpoint-iterations\n50\n--iterations\n500");
    put_text("options", "rounds",
             "--preset\ntf2-adam\n--content=a\n--styles=b\n--output\nc.png\n--content-weight-blend\n0.3\n--style-layer-weight-exp=0.5\n--max-pixels\n1000\n--"
             "depth\n16\n"
             "--pooling\naverage\n--pool-rounding\nup\n--initial\ni.png\n--initial-noiseblend\n0.2\n--round-iterations\n20\n--precision\nfp16-storage\n--"
             "preserve-colors");
    put_text("options", "generate", "--generate\nzsh\n--device\n0:1\n--verbose");
    put("options", "bytes", bytes_of("--content\n\xff\xfe%s%n\n--styles\n\xc3\xa9\n--output\n%d.png", 41));
}

/* A text record of a saved state: host/state.c. */
static void add_text(struct make_bytes *state, const char *name, const char *text)
{
    unsigned char head[32] = {0};
    const uint64_t size = strlen(text) + 1;
    snprintf((char *)head, 23, "%s", name);
    head[23] = 't';
    memcpy(head + 24, &size, sizeof size);
    make_insert(state, state->size, head, sizeof head);
    make_insert(state, state->size, text, size);
}

static void put_states(void)
{
    static const char run[] = "{\"version\":\"0.1.0\",\"settings\":{\"content\":\"a.jpg\",\"styles\":[\"b.jpg\",\"c.jpg\"],\"preset\":\"gatys\","
                              "\"width\":0,\"size\":64,\"style-scales\":[1.0,0.5],\"content-layers\":[\"relu4_2\"],\"content-layer-weights\":[1.0],"
                              "\"preserve-colors\":true,\"seed\":7,\"tv-weight\":0.10000000000000001},\"sha256\":{\"content\":\"00\",\"styles\":[]}}";
    struct make_bytes state = bytes_of("", 1); /* 0: even */
    add_text(&state, "description", run);
    put("state", "description", state);
    state = bytes_of("", 1);
    add_text(&state, "description", "");
    add_text(&state, "settings", "0123456789abcdef");
    put("state", "bare", state);
    put_text("state", "foreign", "1nscl state 1\nand nothing else");
    put_text("state", "no_state", "1{}");
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: fuzz_seeds FOLDER\n", stderr);
        return 2;
    }
    folder = argv[1];
    put_pictures();
    put_weights();
    put_texts();
    put_states();
    return 0;
}
