/* nscl: neural style transfer on any OpenCL device.
 *
 * The whole public interface. A front end does, in this order:
 *     nscl_open            choose a device, make it ready
 *     nscl_weights_open    read a network ("builtin", a name, or a file)
 *     nscl_settings_init   defaults of a preset; then set what differs
 *     nscl_picture_read    the photograph and the paintings
 *     nscl_paint           the work, with a progress callback
 *     nscl_picture_write   the result
 * and releases what it opened. No function prints or exits, and there are no globals: two contexts may be
 * used in two threads, one context in one thread at a time. Paths are UTF-8 on every system.
 *
 * Every function that can fail takes an nscl_error (NULL if the text is not wanted; zero it first, for the first
 * failure is kept), fills it with a message that names the object at fault and the cure, and returns its code. */
#ifndef NSCL_H
#define NSCL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define NSCL_API
#else
#define NSCL_API __attribute__((visibility("default")))
#endif

#define NSCL_VERSION "0.1.0"

/* ---- Status and errors ---- */

typedef enum nscl_status {
    NSCL_OK = 0,
    NSCL_BAD_ARGUMENT, /* a setting or argument out of its range, or two that contradict each other */
    NSCL_BAD_FILE,     /* a file that cannot be opened, read, understood or written */
    NSCL_NO_DEVICE,    /* no OpenCL device, or none that matches */
    NSCL_NO_MEMORY,    /* host or device memory exhausted, or the work would not fit */
    NSCL_BAD_DEVICE,   /* an OpenCL or CLBlast call failed, or the device computes wrongly */
    NSCL_BAD_NUMBER,   /* the loss is not a number at the very start: nothing to go back to */
    NSCL_CANCELLED     /* the progress callback asked to stop; the result so far is delivered */
} nscl_status;

typedef struct nscl_error {
    nscl_status code;
    char text[1024]; /* one message, no newline at its end */
} nscl_error;

/* A short English name of the code, for example "bad file". Never NULL. */
NSCL_API const char *nscl_status_text(nscl_status code);

/* The version of the library that runs, for example "0.1.0". */
NSCL_API const char *nscl_version(void);

/* ---- Pictures ---- */

typedef struct nscl_picture {
    int width, height;
    int channels;     /* 3: RGB; 4: RGBA, alpha not premultiplied */
    int depth;        /* bits a sample: 8 (uint8_t) or 16 (uint16_t, host byte order) */
    void *samples;    /* height rows of width pixels of `channels` samples, top row first; malloc'ed */
    const char *note; /* NULL, or what to tell of the file: "its colour profile is damaged; ..."; lasts for ever */
} nscl_picture;

#define NSCL_MAX_PIXELS_DEFAULT ((uint64_t)256 << 20)

/* Reads a PNG or JPEG file (told apart by content, not by name) into sRGB samples with EXIF orientation applied. Grey is
 * replicated, palettes expanded, CMYK and YCCK converted; 16-bit files stay 16-bit. An embedded ICC profile
 * is converted to sRGB in the file's own depth; one that cannot be is ignored, with a note. max_pixels is checked
 * from the header before memory is taken (0: the default). Truncated or corrupt data is an error, never a partial picture.
 * On success the caller frees *out with nscl_picture_free; on failure *out is all zero. */
NSCL_API nscl_status nscl_picture_read(nscl_picture *out, const char *path, uint64_t max_pixels, nscl_error *error);

/* The same from `size` bytes in memory; `name` is used in messages. */
NSCL_API nscl_status nscl_picture_decode(nscl_picture *out, const void *bytes, size_t size, const char *name, uint64_t max_pixels, nscl_error *error);

typedef struct nscl_picture_options {
    int quality;         /* JPEG, 1 to 100; 0: 95 */
    const char *comment; /* settings text for a PNG text chunk (keyword "nscl") or a JPEG comment; NULL: none */
    int keep;            /* not 0: fail rather than replace a file */
} nscl_picture_options;

/* Writes PNG (8 or 16 bits as picture->depth says) or JPEG (16-bit samples are rounded to 8, alpha is dropped) by the
 * extension of `path` (.png, .jpg, .jpeg, in any case), to a temporary name in the same folder that is then
 * renamed: a failure leaves what was there before. `options` may be NULL. */
NSCL_API nscl_status nscl_picture_write(const nscl_picture *picture, const char *path, const nscl_picture_options *options, nscl_error *error);

/* Before long work: can a picture be written at `path`? Checks the extension, the folder, and, unless `overwrite`,
 * that nothing is there yet. Changes nothing on disk. */
NSCL_API nscl_status nscl_picture_check_path(const char *path, int overwrite, nscl_error *error);

/* The text that nscl_picture_options.comment put into a PNG or JPEG, or nscl_job.description into a saved state (told apart by content;
 * state_only: nothing else will do). *out is malloc'ed; a file without one is NSCL_BAD_FILE. */
NSCL_API nscl_status nscl_description_read(char **out, const char *path, int state_only, nscl_error *error);

/* SHA-256 of size, depth and samples as 64 hexadecimal digits and a NUL: the same for two files of the same picture. */
NSCL_API void nscl_picture_sha256(const nscl_picture *picture, char out[65]);

/* Frees the samples and zeroes the struct. NULL is accepted. */
NSCL_API void nscl_picture_free(nscl_picture *picture);

/* ---- Devices ---- */

typedef enum nscl_device_type { NSCL_DEVICE_CPU, NSCL_DEVICE_GPU, NSCL_DEVICE_ACCELERATOR, NSCL_DEVICE_OTHER } nscl_device_type;

typedef struct nscl_device_info {
    int index;            /* position in the list, from 0: the number `--device N` takes */
    int platform, device; /* P:D, both from 0 */
    nscl_device_type type;
    char name[128], vendor[128], platform_name[128], driver[128], version[128];
    uint64_t memory; /* bytes */
    double score;    /* higher is chosen first; see nscl-probe */
    int usable;      /* 0: cannot run nscl; why says the reason */
    char why[256];   /* how the score came about, or why the device is not usable */
} nscl_device_info;

/* Lists the devices of every platform, in platform order. *out is malloc'ed, free() it; NULL when *count is 0.
 * With no device returns NSCL_NO_DEVICE and a message that says what to install. */
NSCL_API nscl_status nscl_device_list(nscl_device_info **out, size_t *count, nscl_error *error);

typedef enum nscl_log_level { NSCL_LOG_WARNING, NSCL_LOG_INFO, NSCL_LOG_DEBUG } nscl_log_level;
typedef void (*nscl_log_fn)(nscl_log_level level, const char *line, void *user);

typedef struct nscl_open_options {
    const char *device;     /* auto, N, P:D, part of a device's or platform's name, cpu, gpu; NULL: $NSCL_DEVICE, else auto */
    const char *kernel_dir; /* .cl files here replace the embedded ones; NULL: $NSCL_KERNELS, else none */
    nscl_log_fn log;        /* what the library has to say; NULL: nothing */
    void *log_user;
    int fallback;      /* not 0: where the device fails, now or while painting, the work goes on on the next best, with a warning */
    int compile_apart; /* not 0: kernels are compiled the first time in a child process, so that a driver's compiler which crashes or hangs
                        * costs these kernels and not the process; for programs that begin with nscl_compiler_main */
} nscl_open_options;

typedef struct nscl_context nscl_context;

/* To be called at the start of main: -1 at once, unless the process was started by nscl_open_options.compile_apart. Then it compiles, and
 * returns the status to end with. */
NSCL_API int nscl_compiler_main(int argc, char **argv);

/* For a program that is about to read its files, open a device and paint; calling it is optional, and once is enough. A thread begins to
 * load the machine's drivers, which the first list of devices (nscl_open's, too) waits for. And where the C library is glibc, the heap
 * keeps what is freed rather than give it back to the system: a CPU's driver has its buffers there, and would have their pages cleared
 * anew for each picture of a run. */
NSCL_API void nscl_prepare(void);
/* Waits for that thread, where nothing has. To be called before exit: at the exit drivers are taken down, loaded or not. */
NSCL_API void nscl_prepare_end(void);

/* Opens a device. `options` may be NULL. The caller closes *out with nscl_close. */
NSCL_API nscl_status nscl_open(nscl_context **out, const nscl_open_options *options, nscl_error *error);

/* Releases everything the context owns. NULL is accepted. */
NSCL_API void nscl_close(nscl_context *context);

/* The device in use; valid while the context is open. With `fallback` it is another after a failure. */
NSCL_API const nscl_device_info *nscl_context_device(const nscl_context *context);

/* ---- Networks ---- */

typedef struct nscl_weights nscl_weights; /* a network's weights in host memory; no device needed */

/* Reads a network: "builtin"; "vgg19" or "vgg16" from the user's data folder; or a file (Keras .h5, MatConvNet .mat,
 * PyTorch .pth, .safetensors). NULL means "builtin". Format, input convention and shapes are detected and checked. The caller
 * frees *out with nscl_weights_free. */
NSCL_API nscl_status nscl_weights_open(nscl_weights **out, const char *name_or_path, nscl_error *error);
NSCL_API void nscl_weights_free(nscl_weights *weights);

/* 1 when nscl_weights_open finds a file for the name: "builtin" where the build has one, "vgg19" and "vgg16" where one of theirs is
 * in the user's folder, a path where there is a file. */
NSCL_API int nscl_weights_installed(const char *name_or_path);

/* One line: architecture, format, input convention. Valid until the weights are freed. */
NSCL_API const char *nscl_weights_text(const nscl_weights *weights);

/* SHA-256 of the file as 64 hexadecimal digits. Valid until the weights are freed. */
NSCL_API const char *nscl_weights_sha256(const nscl_weights *weights);

/* ---- Settings ---- */

/* Systems whose numbers are reproduced; the README says what each is. */
typedef enum nscl_preset {
    NSCL_PRESET_GATYS,
    NSCL_PRESET_NEURAL_STYLE,
    NSCL_PRESET_KERAS_LBFGS,
    NSCL_PRESET_TF2_ADAM,
    NSCL_PRESET_KERAS_VGG16,
    NSCL_PRESET_VGG19_ADAM,
    NSCL_PRESET_COUNT
} nscl_preset;
typedef enum nscl_pooling { NSCL_POOL_MAX, NSCL_POOL_AVERAGE } nscl_pooling;
typedef enum nscl_filter { NSCL_FILTER_NEAREST, NSCL_FILTER_BILINEAR, NSCL_FILTER_BICUBIC, NSCL_FILTER_LANCZOS, NSCL_FILTER_TF_BILINEAR } nscl_filter;
typedef enum nscl_tv { NSCL_TV_L2, NSCL_TV_L1, NSCL_TV_POWER } nscl_tv;
typedef enum nscl_optimizer { NSCL_LBFGS, NSCL_ADAM } nscl_optimizer;
/* Where eps is added: to the root as it stands (TensorFlow, Keras), or to the root corrected for its start at 0 (PyTorch). */
typedef enum nscl_adam_form { NSCL_ADAM_TENSORFLOW, NSCL_ADAM_PYTORCH } nscl_adam_form;
typedef enum nscl_line_search { NSCL_WOLFE, NSCL_FIXED_STEP } nscl_line_search;
/* What feature maps and their gradients are kept as; all arithmetic is in 32 bits. 16-bit floats take half the memory. */
typedef enum nscl_precision { NSCL_PRECISION_FP32, NSCL_PRECISION_FP16_STORAGE } nscl_precision;
typedef enum nscl_init { NSCL_INIT_CONTENT, NSCL_INIT_NOISE, NSCL_INIT_GRAY, NSCL_INIT_STYLE } nscl_init;

#define NSCL_MAX_LAYERS 16 /* style or content layers in one run */
#define NSCL_MAX_STYLES 16

typedef struct nscl_layer_weight {
    char name[24]; /* relu4_2, conv4_2 (before ReLU) or block4_conv2 (= relu4_2) */
    double weight; /* >= 0, multiplies what the preset gives the layer */
} nscl_layer_weight;

/* Everything that decides the picture, beside the pictures and the weights. Plain data: copy it freely. */
typedef struct nscl_settings {
    nscl_preset preset; /* fixes the normalisations of the losses (the README's table) */
    nscl_pooling pooling;
    int pool_round_up; /* at odd sizes: 0 down (Keras, PyTorch), 1 up (TensorFlow's SAME) */

    /* Size of the result; 0 where unset. At most one of {width and/or height}, size, short_side is used, in this
     * order: width with height stretches to both; either alone keeps the aspect; else size scales the longer side;
     * else short_side the shorter one; else the content's own size. Truncated to whole pixels. */
    int width, height, size, short_side;
    nscl_filter filter;

    int content_layer_count;
    nscl_layer_weight content_layers[NSCL_MAX_LAYERS];
    int style_layer_count;
    nscl_layer_weight style_layers[NSCL_MAX_LAYERS];

    double content_weight, style_weight, tv_weight; /* >= 0 */
    nscl_tv tv;
    double style_scales[NSCL_MAX_STYLES];        /* > 0; all 1 by default */
    double style_blend_weights[NSCL_MAX_STYLES]; /* >= 0, normalised to sum 1 over the styles given */

    nscl_optimizer optimizer;
    int iterations;       /* L-BFGS: evaluations of the loss. Adam: steps. >= 1 */
    int round_iterations; /* length of a round, after which L-BFGS begins anew where it is; Adam only counts them. At least 2, or
                           * 0: one round */
    int lbfgs_history;    /* pairs of vectors, of 16 bits an element (bfloat16) where precondition is over 0, of 32 where it is 0; 1 to 1000 */
    double precondition;  /* weight of each level of a pyramid to the finer one in L-BFGS's first guess of the inverse
                           * Hessian; 0: none. 0 to 4 */
    nscl_line_search line_search;
    double learning_rate;     /* Adam, and L-BFGS without line search; in units of the preset's picture (tf2-adam: 255 grey levels) */
    double beta1, beta2, eps; /* eps against gradients to such units */
    nscl_adam_form adam_form;
    int clip;                  /* Adam keeps the picture within 0 to 255 after each step */
    double ema;                /* Adam: 0, or the result is the exponential moving average of the steps' pictures with this decay, below 1 */
    int checkpoint_iterations; /* neural-style keeps the best of every so many steps and the last; 0: the last only */

    nscl_init init;
    double initial_noiseblend; /* 0 to 1: share of noise mixed into the start; below 0: what the preset does */
    uint64_t seed;             /* of the noise */
    int preserve_colors;       /* luma of the result, colour of the content */
    int depth;                 /* of the result: 8 or 16 bits a sample */
    nscl_precision precision;  /* a device that converts wrongly is an error of nscl_paint */
} nscl_settings;

/* Defaults of the preset. */
NSCL_API void nscl_settings_init(nscl_settings *settings, nscl_preset preset);

/* Sets the content layers to relu4_2 * blend + relu5_2 * (1 - blend), blend 0 to 1 (a term of weight 0 is left out). */
NSCL_API void nscl_settings_content_blend(nscl_settings *settings, double blend);

/* Weights of the present style layers in geometric progression with this ratio (neural-style's
 * style-layer-weight-exp), normalised to sum 1. */
NSCL_API void nscl_settings_style_exp(nscl_settings *settings, double ratio);

/* Checks every range and the layer names against the network; a name it does not have is an error that lists those
 * it has. nscl_paint does this too. style_count 1 to NSCL_MAX_STYLES. */
NSCL_API nscl_status nscl_settings_check(const nscl_settings *settings, const nscl_weights *weights, int style_count, nscl_error *error);

/* The preset's name ("gatys", "neural-style", ...), or NULL past the last. */
NSCL_API const char *nscl_preset_name(nscl_preset preset);

/* The network that the preset is defined on, a name for nscl_weights_open ("vgg19"; "builtin" for gatys), or NULL past the last.
 * Any other is possible. */
NSCL_API const char *nscl_preset_network(nscl_preset preset);

/* All layer names the network has ("relu1_1", ...), in order; NULL past the last. */
NSCL_API const char *nscl_weights_layer(const nscl_weights *weights, int index);

/* Size of the result for a content picture of this size. */
NSCL_API nscl_status nscl_settings_size(const nscl_settings *settings, int content_width, int content_height, int *width, int *height, nscl_error *error);

/* ---- Painting ---- */

typedef struct nscl_term {
    char name[32]; /* "content:relu4_2", "style:relu1_1", "tv" */
    double value;  /* its weighted contribution; the terms sum to the loss */
} nscl_term;

#define NSCL_MAX_TERMS (2 * NSCL_MAX_LAYERS + 1)

typedef struct nscl_progress {
    int evaluation;  /* evaluations of the loss done, from 1 */
    int evaluations; /* that are wanted in all */
    int step;        /* Adam: number, from 0, of the step that led to the picture this loss is of; -1 at the
                      * start. L-BFGS: evaluation - 1 */
    double loss;     /* at this evaluation; where that is not finite, the last that was */
    double seconds;  /* since painting began */
    int term_count;
    const nscl_term *terms;
    const char *note; /* NULL, or what happened: "loss not finite: history dropped, step shrunk"; without a callback a warning says it */
    void *internal;
} nscl_progress;

/* Called after each evaluation. Return 0 to go on, anything else to stop: the result so far is delivered. */
typedef int (*nscl_progress_fn)(const nscl_progress *progress, void *user);

/* Within the callback: the picture that nscl_paint would deliver if it ended with this evaluation. The caller frees it. */
NSCL_API nscl_status nscl_progress_picture(const nscl_progress *progress, nscl_picture *out, nscl_error *error);

typedef struct nscl_job {
    const nscl_picture *content;
    const nscl_picture *styles; /* style_count pictures */
    int style_count;
    const nscl_picture *initial; /* NULL: as settings->init says */
    nscl_progress_fn progress;   /* NULL: none */
    void *user;
    /* The state is saved after every state_every evaluations, but no sooner than state_seconds after the last time, by a temporary name
     * (PATH.saving, which goes with the next saving or resuming where a kill has left it), and a run that was killed goes on from it to the same bytes as if it
     * had not been. What was saved of other pictures, settings (but for iterations) or networks is refused. */
    const char *state_file;  /* NULL: not saved */
    int state_every;         /* >= 1 */
    double state_seconds;    /* 0: the evaluations alone decide */
    const char *resume_file; /* such a file to go on from; NULL: begin */
    uint64_t max_memory;     /* bytes of the device's memory that may be taken; 0: all but a sixteenth. A run that needs more is NSCL_NO_MEMORY */
    const char *description; /* kept in it, for nscl_description_read; NULL: none */
    /* Called before the state is saved, with NULL, and when it was: NSCL_OK or why not. The next saving tries again. NULL: a warning tells. */
    void (*saving)(const nscl_error *saved, void *user);
} nscl_job;

/* Paints, the first time on a device after a short self-test of what will be used: NSCL_BAD_DEVICE where that is wrong and nothing can
 * take its place. Returns NSCL_OK, NSCL_CANCELLED (with a result) or an error (without). The result has the content's alpha,
 * if it had any. The caller frees *out with nscl_picture_free. Where the context was opened with `fallback` and the device fails,
 * painting goes on on another from the last good picture, whose evaluation is reported again; the optimiser begins anew there. */
NSCL_API nscl_status nscl_paint(nscl_context *context, const nscl_weights *weights, const nscl_settings *settings, const nscl_job *job, nscl_picture *out,
                                nscl_error *error);

/* ---- Self-test ---- */

typedef enum nscl_verdict { NSCL_PASSED, NSCL_FAILED, NSCL_SKIPPED } nscl_verdict;

/* An operation, done one way, over several shapes of random data, against the same in double. */
typedef struct nscl_selftest_row {
    const char *operation; /* "conv_fwd", "pool_bwd", ..., "loss" (a whole network's, with its gradient) */
    const char *way;       /* the algorithm or form: "winograd4", "max"; "" where there is but one */
    nscl_precision precision;
    int cases;           /* shapes tried */
    const char *shape;   /* of the case whose elements were worst */
    double error, bound; /* of a whole result (Euclidean), or of the worst element where a result is a single number: relative; and
                          * what it may be: 0 where it must be exact */
    double share;        /* of what an element may be off by roundings, the worst element: over 1 fails */
    nscl_verdict verdict;
    const char *why; /* NULL, or what failed, or why it was skipped */
} nscl_selftest_row;

typedef struct nscl_selftest_result {
    uint64_t seed; /* of the random data */
    int passed, failed, skipped;
    double seconds;
} nscl_selftest_result;

/* Called after each row, whose texts last for the call. Return 0 to go on, anything else to stop. */
typedef int (*nscl_selftest_fn)(const nscl_selftest_row *row, void *user);

/* Holds what the program computes on this device, by every algorithm it may choose here, against double. seed 0: from the clock;
 * the same seed gives the same data. row and out may be NULL. NSCL_BAD_DEVICE where something failed, NSCL_CANCELLED where `row`
 * asked to stop. Convolution algorithms that fail are not used on this device and driver from then on, as the user's cache
 * folder remembers; one that passes again is. */
NSCL_API nscl_status nscl_selftest(nscl_context *context, uint64_t seed, nscl_selftest_fn row, void *user, nscl_selftest_result *out, nscl_error *error);

#ifdef __cplusplus
}
#endif
#endif
