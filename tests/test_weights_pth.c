/* PyTorch's files: every way in which they have stored a VGG gives the same tensors, as do files that PyTorch itself has
 * written; a pickle that wants anything else is refused by a message that says what, and none takes the program down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "pickle_make.h"
#include "weights_read.h"

static nscl_status decode(struct nscl_weights **w, const void *bytes, size_t size, nscl_error *error)
{
    unsigned char *copy = malloc(size ? size : 1); /* of exactly this size, so that reading past the end shows */
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(error, 0, sizeof *error);
    nscl_status status = nscl_weights_decode(w, "some/net.pth", copy, size, NULL, error);
    if (status != NSCL_OK) {
        free(copy);
        if (*w || error->code != status || !strstr(error->text, "some/net.pth"))
            fail_msg("status %d and '%s'", (int)status, error->text);
        return status;
    }
    nscl_weights_sha256(*w); /* after which the bytes are not needed */
    free(copy);
    return status;
}

static void accept(const struct nscl_weights *want, struct make_bytes bytes, double tolerance, const char *format)
{
    struct nscl_weights *w = NULL;
    nscl_error error;
    if (decode(&w, bytes.data, bytes.size, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    if (want)
        make_compare(want, w, tolerance);
    if (format)
        assert_string_equal(w->format, format);
    nscl_weights_free(w);
    free(bytes.data);
}

static void refuse(struct make_bytes bytes, const char *word)
{
    struct nscl_weights *w = NULL;
    nscl_error error;
    if (decode(&w, bytes.data, bytes.size, &error) != NSCL_BAD_FILE || !strstr(error.text, word))
        fail_msg("'%s' does not say '%s'", error.text, word);
    free(bytes.data);
}

static void test_forms(void **state)
{
    static const char *const storages[] = {"FloatStorage", "HalfStorage", "BFloat16Storage", "DoubleStorage"};
    static const double tolerances[] = {0, 0x1p-11, 0x1p-7, 0};
    (void)state;
    struct nscl_weights *w = make_network("vgg19", NULL, 2, 7);
    for (int s = 0; s < 4; s++)
        for (enum make_pth_style style = MAKE_PTH_NOW; style <= MAKE_PTH_PARAMETER; style++)
            for (int zip = 0; zip < 3; zip++) {
                int caffe = (s + zip) % 2;
                accept(w, make_pth(w, caffe ? 'c' : 't', storages[s], style, zip), tolerances[s],
                       zip     ? caffe ? "PyTorch, Caffe names" : "PyTorch, torchvision names"
                       : caffe ? "PyTorch (before 1.6), Caffe names"
                               : "PyTorch (before 1.6), torchvision names");
            }
    nscl_weights_free(w);
    w = make_network("vgg16", NULL, 8, 8); /* conv4_1 without conv3_4 tells VGG-16 */
    for (int zip = 0; zip < 2; zip++)
        accept(w, make_pth(w, 't', "HalfStorage", MAKE_PTH_NOW, zip), 0x1p-11, NULL);
    nscl_weights_free(w);
}

/* What tools/make_pth.py wrote with PyTorch. */
static void test_golden(void **state)
{
    static const struct {
        const char *file, *format;
    } rows[] = {{"torch_zip.pth", "PyTorch, torchvision names"}, {"torch_legacy.pth", "PyTorch (before 1.6), Caffe names"}};
    const char *source = getenv("NSCL_TEST_SOURCE");
    (void)state;
    struct nscl_weights *w = make_network("vgg19", NULL, 1, 1);
    for (int i = 0; i < 64 * 27; i++)
        w->conv[0].kernel[i] = (float)((i * 37 + 11) % 257 - 128) / 512.0f;
    for (int i = 0; i < 64; i++)
        w->conv[0].bias[i] = (float)((i * 29 + 5) % 64 - 32) / 64.0f;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *folder = nscl_path_join(source ? source : ".", "tests/golden"), *path = nscl_path_join(folder, rows[i].file);
        accept(w, make_read(path), 0, rows[i].format);
        free(path);
        free(folder);
    }
    nscl_weights_free(w);
}

/* Rows of pickles, and what their refusal says. */
#define ROW(pickle, word)               \
    {                                   \
        pickle, sizeof pickle - 1, word \
    }
#define TEXT(letters, text) "X" letters "\0\0\0" text
#define STORAGE(count) "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\1", "1") TEXT("\3", "cpu") count "t"

static void test_hostile(void **state)
{
    static const struct {
        const char *pickle;
        size_t size;
        const char *word;
    } rows[] = {
        ROW("cos\nsystem\n" TEXT("\4", "true") "\x85R.", "os.system"),
        ROW("cposix\nsystem\n" TEXT("\4", "true") "\x85R.", "posix.system"),
        ROW("c__builtin__\neval\n" TEXT("\2", "()") "\x85R.", "__builtin__.eval"),
        ROW("cbuiltins\nexec\n.", "builtins.exec"),
        ROW("ccollections\nOrderedDict.__init__\n.", "collections.OrderedDict.__init__"),
        ROW("ctorch\nload\n.", "torch.load"),
        ROW("ctorch.nn.modules.conv\nConv2d\n.", "torch.nn.modules.conv.Conv2d"),
        ROW("c\x1b[2J\nevil\n.", "?[2J.evil"),
        ROW("ctorch\n", "without an end"),
        ROW("(ios\nsystem\n.", "opcode 0x69"),
        ROW("(ccollections\nOrderedDict\no.", "opcode 0x6f"),
        ROW("ccollections\nOrderedDict\n)\x81.", "opcode 0x81"),
        ROW("X\2\0\0\0osX\6\0\0\0system\x93.", "opcode 0x93"),
        ROW("\x82\1.", "opcode 0x82"),
        ROW("P1\n.", "opcode 0x50"),
        ROW("\x80\4N.", "protocol 4"),
        ROW("X\377\377\377\377a", "missing"),
        ROW("X\377\377\377\177a", "missing"),
        ROW("T\377\377\377\377a", "missing"),
        ROW("\x8a\377a", "missing"),
        ROW("J\1", "missing"),
        ROW("Nr\377\377\377\377.", "in no order"),
        ROW("q\1.", "not there"),
        ROW("(q\1.", "not there"),
        ROW("h\1.", "never kept"),
        ROW("j\377\377\377\377.", "never kept"),
        ROW(".", "empty stack"),
        ROW("(.", "empty stack"),
        ROW("(N\x86.", "empty stack"),
        ROW("N\x86.", "empty stack"),
        ROW("u.", "never began"),
        ROW("t.", "never began"),
        ROW("(u.", "another type"),
        ROW("}(Nu.", "without a value"),
        ROW("](NNu.", "another type"),
        ROW("}(Ne.", "another type"),
        ROW("}Na.", "another type"),
        ROW("]NNs.", "another type"),
        ROW("NNs.", "another type"),
        ROW("Ns.", "empty stack"),
        ROW("N}b.", "another type"),
        ROW("b.", "empty stack"),
        ROW("N)R.", "cannot be called"),
        ROW("ctorch\nFloatStorage\n)R.", "cannot be called"),
        ROW("ccollections\nOrderedDict\n]R.", "cannot be called"),
        ROW("ccollections\nOrderedDict\nN\x85R.", "than a list"),
        ROW("ccollections\nOrderedDict\n]]\x86R.", "than a list"),
        ROW("ccollections\nOrderedDict\n](Ne\x85R.", "than pairs"),
        ROW("ccollections\nOrderedDict\n](](Nee\x85R.", "than pairs"),
        ROW("ctorch._utils\n_rebuild_tensor_v2\n)R.", "wrong parts"),
        ROW("ctorch._utils\n_rebuild_tensor_v2\n(NK\0))tR.", "wrong parts"),
        ROW("ctorch._utils\n_rebuild_tensor\n(" STORAGE("K\1") "QK\0)NtR.", "wrong parts"),
        ROW("ctorch._utils\n_rebuild_parameter\n)R.", "no tensor"),
        ROW("ctorch._utils\n_rebuild_parameter\nN\x85R.", "no tensor"),
        ROW("ctorch\nSize\n)R.", "wrong parts"),
        ROW("NQ.", "no storage"),
        ROW("Q.", "empty stack"),
        ROW(")Q.", "no storage"),
        ROW("(NNNNNtQ.", "no storage"),
        ROW(STORAGE("\x8a\10\0\0\0\0\0\0\0\100") "Q.", "no storage"),
        ROW(STORAGE("J\377\377\377\377") "Q.", "no storage"),
        ROW(STORAGE("K\1K\1") "Q.", "part of a storage"),
        ROW(STORAGE("K\1") "Q" STORAGE("K\2") "Q.", "two ways"),
        ROW("N.", "no dictionary"),
        ROW("}.", "no tensors"),
        ROW("}(NNu.", "no tensors"),
        ROW("}(" TEXT("\3", "key") "K\1u.", "no tensors"),
    };
    static const char tail[] = "\x80\2].";
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct make_bytes pickle = {malloc(rows[i].size + 2), rows[i].size + 2};
        assert_non_null(pickle.data);
        memcpy(pickle.data, "\x80\2", 2);
        memcpy(pickle.data + 2, rows[i].pickle, rows[i].size);
        refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, NULL, NULL, 0), rows[i].word);
        /* What is missing in a zip archive is taken from the list of storages here. */
        if (!strstr(rows[i].word, "missing") && !strstr(rows[i].word, "without an end") && !strstr(rows[i].word, "no tensors") &&
            !strstr(rows[i].word, "no dictionary"))
            refuse(make_legacy(pickle.data, pickle.size, tail, sizeof tail - 1), rows[i].word);
        free(pickle.data);
    }
}

/* `before`, `count` times `again`, `after`. */
static void refuse_many(const char *before, const char *again, size_t again_size, size_t count, const char *after, const char *word)
{
    size_t begin = strlen(before), size = begin + count * again_size + strlen(after) + 2;
    char *pickle = malloc(size + 1);
    assert_non_null(pickle);
    snprintf(pickle, size, "\x80\2%s", before);
    for (size_t i = 0; i < count; i++)
        memcpy(pickle + 2 + begin + i * again_size, again, again_size);
    memcpy(pickle + 2 + begin + count * again_size, after, strlen(after));
    refuse(make_zip(MAKE_ZIP_WIDE, pickle, size, NULL, NULL, 0), word);
    free(pickle);
}

static void test_bounds(void **state)
{
    const size_t many = 900000;
    (void)state;
    refuse_many("", "(", 1, many, ".", "empty stack");
    refuse_many("N", "\x85", 1, many, ".", "no dictionary"); /* a tuple in a tuple in a tuple */
    refuse_many("]", "]a", 2, many / 2, ".", "no dictionary");
    refuse_many("}", "}q\1h\1NNs", 8, many / 8, ".", "no tensors");
    refuse_many("}", "}", 1, 2 * many, ".", "that a VGG's has");
    refuse_many("N", "q\1", 2, many, ".", "that a VGG's has");
    /* Each call, of a few bytes, would make a dictionary of the whole list. */
    static const char call[] = "ccollections\nOrderedDict\nh\1\x85R";
    char list[3000] = "]q\1(";
    size_t used = 4;
    for (int i = 0; i < 500; i++, used += 5)
        memcpy(list + used, "](NNe", 5);
    memcpy(list + used, "e", 2);
    refuse_many(list, call, sizeof call - 1, 5000, ".", "than a VGG has");
    static const char before[] = "(" TEXT("\7", "storage") "ctorch\nFloatStorage\n" TEXT("\4", ""), after[] = TEXT("\3", "cpu") "K\1tQ";
    struct make_bytes all = {malloc(1100 * (sizeof before + 4 + sizeof after) + 2), 2};
    assert_non_null(all.data);
    memcpy(all.data, "\x80\2", 2);
    for (int i = 0; i < 1100; i++) {
        char key[16];
        snprintf(key, sizeof key, "%04d", i);
        memcpy(all.data + all.size, before, sizeof before - 1);
        memcpy(all.data + all.size + sizeof before - 1, key, 4);
        memcpy(all.data + all.size + sizeof before + 3, after, sizeof after - 1);
        all.size += sizeof before + sizeof after + 2;
    }
    refuse(make_zip(MAKE_ZIP_PLAIN, all.data, all.size, NULL, NULL, 0), "more than 1024");
    free(all.data);
}

static void test_views(void **state)
{
    static const uint64_t good[4] = {64, 3, 3, 3}, packed[4] = {27, 9, 3, 1};
    static const struct {
        uint64_t stored, offset;
        int rank;
        uint64_t shape[4], stride[4];
        const char *word;
    } rows[] = {
        {1728 + 64, 64, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, NULL}, /* ends with the storage */
        {1728 + 64, 0, 4, {64, 3, 3, 3}, {1, 64, 192, 576}, NULL},
        {1728 + 64, 65, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "does not fit"},
        {1728 + 64, 1728 + 64, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "does not fit"},
        {1728 + 64, (uint64_t)1 << 62, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "does not fit"},
        {1728 + 64, UINT64_MAX, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {64, 3, 3, 4}, {36, 12, 4, 1}, "does not fit"},
        {1728 + 64, 0, 4, {64, 3, 3, 3}, {28, 9, 3, 15}, "does not fit"},
        {1728 + 64, 0, 4, {64, 3, 3, 3}, {29, 9, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {64, 3, 3, 3}, {(uint64_t)1 << 62, 9, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {64, 3, 3, 3}, {UINT64_MAX, 9, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {(uint64_t)1 << 32, (uint64_t)1 << 32, 3, 3}, {0, 0, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {UINT64_MAX, 3, 3, 3}, {27, 9, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {0, 3, 3, 3}, {27, 9, 3, 1}, "does not fit"},
        {1728 + 64, 0, 4, {512, 512, 3, 3}, {0, 0, 3, 1}, "does not fit"},
        {1728 + 64, 0, 2, {64, 27}, {27, 1}, "dimensions"},
        {1728 + 64, 0, 0, {0}, {0}, "does not fit"},
        {1728 + 65, 0, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "cut short"},
        {1728 + 63, 0, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "bytes follow"},
        {(uint64_t)1 << 40, 0, 4, {64, 3, 3, 3}, {27, 9, 3, 1}, "cut short"},
    };
    (void)state;
    accept(NULL, make_view(1728 + 64, 0, 4, good, packed), 0, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct make_bytes bytes = make_view(rows[i].stored, rows[i].offset, rows[i].rank, rows[i].shape, rows[i].stride);
        if (rows[i].word)
            refuse(bytes, rows[i].word);
        else
            accept(NULL, bytes, 0, NULL);
    }
}

static void test_archives(void **state)
{
    (void)state;
    struct nscl_weights *w = make_network("vgg19", NULL, 1, 3);
    struct make_bytes pickle = make_state_dict(w, 't', "FloatStorage", MAKE_PTH_NOW, 0), whole = make_pth(w, 't', "FloatStorage", MAKE_PTH_NOW, 1);
    refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, NULL, NULL, 0), "archive/data/20' should have 1728 values of 4 bytes, but is not there");
    refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, "archive/data/20", "....", 4), "has others");
    static const char longer[1729 * 4] = "";
    refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, "archive/data/20", longer, sizeof longer), "has others");
    refuse(make_zip(MAKE_ZIP_LONG, pickle.data, pickle.size, NULL, NULL, 0), "damaged (archive/data.pkl)");
    refuse(make_zip(MAKE_ZIP_PACKED, pickle.data, pickle.size, NULL, NULL, 0), "compressed");
    refuse(make_zip(MAKE_ZIP_LOCKED, pickle.data, pickle.size, NULL, NULL, 0), "encrypted");
    refuse(make_zip(MAKE_ZIP_CHECKSUM, pickle.data, pickle.size, NULL, NULL, 0), "checksum");
    refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, "archive/data.pkl", "N.", 2), "twice");
    refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, "archive/byteorder", "big", 3), "byte order");
    for (size_t i = 0; i + 8 < whole.size; i++) /* every "data.pkl" becomes "data.pkx" */
        if (memcmp(whole.data + i, "data.pkl", 8) == 0)
            whole.data[i + 7] = 'x';
    refuse(whole, "no data.pkl");
    refuse(make_legacy(pickle.data, pickle.size, "\x80\2N.", 4), "list of storages");
    refuse(make_legacy(pickle.data, pickle.size, "\x80\2].", 4), "list of storages");
    static const char other[] = "\x80\2N.\x80\2N.\x80\2N.\x80\2N.\x80\2N.";
    struct make_bytes bytes = {malloc(sizeof other), sizeof other};
    assert_non_null(bytes.data);
    memcpy(bytes.data, other, sizeof other);
    refuse(bytes, "not one of torch.save");
    free(pickle.data);
    pickle = make_state_dict(w, 't', "LongStorage", MAKE_PTH_NOW, 0);
    refuse(make_zip(MAKE_ZIP_PLAIN, pickle.data, pickle.size, NULL, NULL, 0), "'features.0.weight' is stored as LongStorage");
    free(pickle.data);
    nscl_weights_free(w);
    w = make_network("vgg19", (const int[]){3, 4, 5, 6, 7}, 2, 3);
    refuse(make_pth(w, 't', "FloatStorage", MAKE_PTH_NOW, 1), "64 from 3");
    nscl_weights_free(w);
}

static struct make_bytes make_small(int form)
{
    struct nscl_weights *w = make_network("vgg19", NULL, 1, 9);
    struct make_bytes bytes = make_pth(w, 't', "HalfStorage", form < 3 ? MAKE_PTH_NOW : MAKE_PTH_PYTHON2, form % 3);
    nscl_weights_free(w);
    return bytes;
}

static void test_truncated(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        struct make_bytes bytes = make_small(form);
        for (size_t size = 0; size < bytes.size; size++) {
            struct nscl_weights *w = NULL;
            nscl_error error;
            if (decode(&w, bytes.data, size, &error) != NSCL_BAD_FILE)
                fail_msg("form %d cut to %zu of %zu bytes is read", form, size, bytes.size);
        }
        accept(NULL, bytes, 0, NULL);
    }
}

static void test_flipped(void **state)
{
    static const unsigned char masks[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    (void)state;
    for (int form = 0; form < 4; form++) {
        struct make_bytes bytes = make_small(form), pickle = {NULL, 0};
        struct nscl_weights *w = make_network("vgg19", NULL, 1, 9);
        pickle = make_state_dict(w, 't', "HalfStorage", MAKE_PTH_NOW, 0);
        nscl_weights_free(w);
        for (size_t i = 0; i<bytes.size; i += i> 1500 && i + 1000 < bytes.size ? 53 : 1) /* fewer of the values, alike as they are */
            for (size_t m = 0; m < sizeof masks; m++) {
                nscl_error error;
                w = NULL;
                bytes.data[i] ^= masks[m];
                nscl_status status = decode(&w, bytes.data, bytes.size, &error);
                bytes.data[i] ^= masks[m];
                nscl_weights_free(w);
                if ((form == 1 || form == 2) && i >= 64 && i < 64 + pickle.size && (status != NSCL_BAD_FILE || !strstr(error.text, "checksum")))
                    fail_msg("form %d: byte %zu of the pickle counts for nothing", form, i - 64);
            }
        free(pickle.data);
        free(bytes.data);
    }
}

static void test_random(void **state)
{
    static const char codes[] = "(.NJKMUX})]tqhsuaecQRb\x80\x85\x86\x87\x88\x8a";
    (void)state;
    for (int form = 0; form < 4; form++) {
        struct make_bytes bytes = make_small(form);
        unsigned char *good = malloc(bytes.size);
        uint32_t seed = 11;
        assert_non_null(good);
        memcpy(good, bytes.data, bytes.size);
        for (int i = 0; i < 2000; i++) {
            struct nscl_weights *w = NULL;
            nscl_error error;
            size_t reach = form % 3 && i % 2 ? 300 : form % 3 ? bytes.size : 700, from = form % 3 && i % 4 == 0 ? bytes.size - 300 : 0;
            for (uint32_t k = make_random(&seed) % 4 + 1; k-- > 0;) {
                uint32_t r = make_random(&seed);
                size_t at = from + make_random(&seed) % (reach - from);
                bytes.data[at] = r & 1 ? (unsigned char)codes[(r >> 1) % (sizeof codes - 1)] : (unsigned char)(r >> 4 & 255);
            }
            decode(&w, bytes.data, bytes.size, &error);
            nscl_weights_free(w);
            memcpy(bytes.data, good, bytes.size);
        }
        free(good);
        free(bytes.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),     cmocka_unit_test(test_golden),  cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_bounds),    cmocka_unit_test(test_views),   cmocka_unit_test(test_archives),
        cmocka_unit_test(test_truncated), cmocka_unit_test(test_flipped), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
