/* Colour profiles in PNG and JPEG against colours worked out here in double; what is sRGB already, which must stay bit for
 * bit; and profiles that are damaged, hostile or for pictures of another kind, which must cost the picture nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#ifdef NSCL_HAVE_LCMS
#include <lcms2.h>
#endif
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "picture_make.h"
#include "profile_make.h"

static nscl_picture decode_ok(const struct make_bytes *file)
{
    nscl_picture p;
    nscl_error error = {0};
    if (nscl_picture_decode(&p, file->data, file->size, "made", 0, &error) != NSCL_OK)
        fail_msg("%s", error.text);
    return p;
}

#ifdef NSCL_HAVE_LCMS
static double sample(const nscl_picture *p, int i, int c)
{
    size_t at = (size_t)i * (size_t)p->channels + (size_t)c;
    return p->depth == 16 ? ((const uint16_t *)p->samples)[at] / 65535.0 : ((const uint8_t *)p->samples)[at] / 255.0;
}
#endif

/* ---- Colours in double ---- */

static const double srgb_primaries[8] = {0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06}; /* white, red, green, blue */
static const double wide_primaries[8] = {0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06};

#ifdef NSCL_HAVE_LCMS

static double determinant(double m[3][3])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/* Solves m x = y by Cramer's rule. */
static void solve(double x[3], double m[3][3], const double y[3])
{
    for (int k = 0; k < 3; k++) {
        double changed[3][3];
        memcpy(changed, m, sizeof changed);
        for (int i = 0; i < 3; i++)
            changed[i][k] = y[i];
        x[k] = determinant(changed) / determinant(m);
    }
}

/* RGB to XYZ, the white's Y being 1. */
static void matrix_of(double m[3][3], const double p[8])
{
    double white[3] = {p[0] / p[1], 1, (1 - p[0] - p[1]) / p[1]}, scale[3];
    for (int c = 0; c < 3; c++) {
        m[0][c] = p[2 + 2 * c];
        m[1][c] = p[3 + 2 * c];
        m[2][c] = 1 - m[0][c] - m[1][c];
    }
    solve(scale, m, white);
    for (int i = 0; i < 3; i++)
        for (int c = 0; c < 3; c++)
            m[i][c] *= scale[c];
}

static double encode(double light)
{
    light = fmin(fmax(light, 0), 1);
    return light <= 0.0031308 ? 12.92 * light : 1.055 * pow(light, 1 / 2.4) - 0.055;
}

/* Of samples 0 to 1 whose light is sample^gamma; both whites are D65, so that none is adapted. */
static void to_srgb(double out[3], const double in[3], const double primaries[8], double gamma)
{
    double from[3][3], to[3][3], xyz[3] = {0}, light[3];
    matrix_of(from, primaries);
    matrix_of(to, srgb_primaries);
    for (int i = 0; i < 3; i++)
        for (int c = 0; c < 3; c++)
            xyz[i] += from[i][c] * pow(in[c], gamma);
    solve(light, to, xyz);
    for (int c = 0; c < 3; c++)
        out[c] = encode(light[c]);
}

/* `converted` against `plain`, which is the same picture without its profile. A profile holds numbers to 1 / 65536, which
 * the steep foot of sRGB's curve multiplies by 13. */
static void check_converted(const struct make_bytes *plain, const struct make_bytes *marked, const double primaries[8], double gamma)
{
    nscl_picture from = decode_ok(plain), to = decode_ok(marked);
    double slack = from.depth == 16 ? 64 / 65535.0 : 1 / 255.0, most = 0;
    assert_true(to.width == from.width && to.height == from.height && to.channels == from.channels && to.depth == from.depth);
    if (to.note)
        fail_msg("%d channels, %d bits: %s", to.channels, to.depth, to.note);
    for (int i = 0; i < from.width * from.height; i++) {
        double in[3], wanted[3];
        for (int c = 0; c < 3; c++)
            in[c] = sample(&from, i, c);
        to_srgb(wanted, in, primaries, gamma);
        for (int c = 0; c < 3; c++) {
            most = fmax(most, fabs(in[c] - wanted[c]));
            if (fabs(sample(&to, i, c) - wanted[c]) > slack + 1e-9)
                fail_msg("%d bits, pixel %d, channel %d: %.6f instead of %.6f", from.depth, i, c, sample(&to, i, c), wanted[c]);
        }
        if (from.channels == 4)
            assert_true(sample(&to, i, 3) == sample(&from, i, 3));
    }
    assert_true(most > 8 / 255.0); /* or there was nothing to be seen */
    nscl_picture_free(&from);
    nscl_picture_free(&to);
}

#endif

static void check_same(const struct make_bytes *plain, const struct make_bytes *marked, const char *note)
{
    nscl_picture from = decode_ok(plain), to = decode_ok(marked);
    assert_true(to.width == from.width && to.height == from.height && to.channels == from.channels && to.depth == from.depth);
    assert_memory_equal(from.samples, to.samples, (size_t)from.width * (size_t)from.height * (size_t)from.channels * (size_t)(from.depth / 8));
    if (!note != !to.note || (note && !strstr(to.note, note)))
        fail_msg("the note is '%s' and should say '%s'", to.note ? to.note : "none", note ? note : "none");
    nscl_picture_free(&from);
    nscl_picture_free(&to);
}

static const struct make_png kinds[] = {
    {31, 9, PNG_COLOR_TYPE_RGB, 8, 0, 0},  {31, 9, PNG_COLOR_TYPE_RGB_ALPHA, 8, 1, 0},  {9, 31, PNG_COLOR_TYPE_RGB, 16, 1, 0},
    {40, 7, PNG_COLOR_TYPE_RGB, 16, 0, 1}, {9, 31, PNG_COLOR_TYPE_RGB_ALPHA, 16, 0, 0}, {16, 16, PNG_COLOR_TYPE_PALETTE, 8, 0, 1},
};
static const struct make_png grey_kinds[] = {
    {31, 9, PNG_COLOR_TYPE_GRAY, 8, 0, 0},        {9, 31, PNG_COLOR_TYPE_GRAY, 16, 0, 0}, {31, 9, PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, 0},
    {9, 31, PNG_COLOR_TYPE_GRAY_ALPHA, 16, 1, 0}, {16, 16, PNG_COLOR_TYPE_GRAY, 4, 0, 1},
};
enum { KINDS = sizeof kinds / sizeof kinds[0], GREY_KINDS = sizeof grey_kinds / sizeof grey_kinds[0] };

#ifdef NSCL_HAVE_LCMS

/* ---- Tests ---- */

static void test_rgb(void **state)
{
    struct make_bytes profile = make_rgb_profile(wide_primaries, 2.2);
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct make_bytes plain = make_png(&kinds[i], NULL), marked = make_png(&kinds[i], NULL);
        make_profile_chunk(&marked, &profile);
        check_converted(&plain, &marked, wide_primaries, 2.2);
        free(plain.data);
        free(marked.data);
    }
    free(profile.data);
}

/* Grey by its own profile, and by that of an RGB program. */
static void test_grey(void **state)
{
    struct make_bytes profiles[2] = {make_grey_profile(1.8), make_rgb_profile(wide_primaries, 1.8)};
    const struct make_jpeg jpeg_kind = {.width = 21, .height = 10, .colours = MAKE_GREY};
    (void)state;
    for (int p = 0; p < 2; p++) {
        for (size_t i = 0; i < GREY_KINDS; i++) {
            struct make_bytes plain = make_png(&grey_kinds[i], NULL), marked = make_png(&grey_kinds[i], NULL);
            make_profile_chunk(&marked, &profiles[p]);
            check_converted(&plain, &marked, srgb_primaries, 1.8);
            free(plain.data);
            free(marked.data);
        }
        struct make_bytes plain = make_jpeg(&jpeg_kind), marked = make_jpeg(&jpeg_kind);
        make_profile_segments(&marked, &profiles[p], 1, 0);
        check_converted(&plain, &marked, srgb_primaries, 1.8);
        free(plain.data);
        free(marked.data);
        free(profiles[p].data);
    }
}

/* A profile that calls the first channel blue: its colours come out with red and blue exchanged. */
static void test_segments(void **state)
{
    static const double swapped[8] = {0.3127, 0.329, 0.15, 0.06, 0.3, 0.6, 0.64, 0.33};
    struct make_bytes profile = make_rgb_profile(swapped, 2.2);
    const struct make_jpeg jpegs[] = {{.width = 21, .height = 10, .colours = MAKE_YCC}, {.width = 21, .height = 10, .colours = MAKE_RGB, .progressive = 1}};
    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int count = 1; count <= 7; count += 2) {
            struct make_bytes plain = make_jpeg(&jpegs[i]), marked = make_jpeg(&jpegs[i]);
            make_profile_segments(&marked, &profile, count, 0);
            check_converted(&plain, &marked, swapped, 2.2);
            free(marked.data);
            marked = make_jpeg(&jpegs[i]);
            make_profile_segments(&marked, &profile, count, (count + 1) / 2);
            check_same(&plain, &marked, count > 1 ? "damaged" : NULL); /* of one segment, none is left */
            free(plain.data);
            free(marked.data);
        }
    free(profile.data);
}

static void test_inks(void **state)
{
    static const unsigned char inks[][4] = {{0, 0, 0, 0}, {0, 0, 0, 102}, {153, 153, 153, 0}, {255, 0, 51, 51}, {51, 102, 204, 153}, {0, 0, 0, 255}};
    struct make_bytes profile = make_ink_profile();
    (void)state;
    for (size_t i = 0; i < sizeof inks / sizeof inks[0]; i++)
        for (int kind = 0; kind < 3; kind++) {
            struct make_jpeg jpeg = {.width = 21, .height = 10, .colours = kind == 2 ? MAKE_YCCK : MAKE_CMYK, .no_adobe = kind == 0};
            double amounts[4];
            for (int c = 0; c < 4; c++) {
                jpeg.value[c] = (unsigned char)(kind == 0 ? inks[i][c] : 255 - inks[i][c]); /* with Adobe's marker: what is left of the light */
                amounts[c] = inks[i][c] / 255.0;
            }
            if (memcmp(jpeg.value, "\0\0\0\0", 4) == 0)
                continue; /* that stands for a pattern */
            double lightness = make_ink_lightness(amounts), y = (lightness + 16) / 116;
            double wanted = encode(lightness > 8 ? y * y * y : lightness * 27 / 24389);
            struct make_bytes marked = make_jpeg(&jpeg);
            make_profile_segments(&marked, &profile, 3, 0);
            nscl_picture p = decode_ok(&marked);
            assert_null(p.note);
            for (int c = 0; c < 3; c++)
                if (fabs(sample(&p, 5, c) - wanted) > 3 / 255.0) /* a table of few points, and JPEG's own loss */
                    fail_msg("inks %d, kind %d: %.1f instead of %.1f", (int)i, kind, 255 * sample(&p, 5, c), 255 * wanted);
            nscl_picture_free(&p);
            free(marked.data);
        }
    free(profile.data);
}

/* Profiles of sRGB change no bit; nor does one that is for another kind of picture, which is told. */
static void test_unchanged(void **state)
{
    struct make_bytes srgb = make_profile(cmsCreate_sRGBProfile()), inks = make_ink_profile(), grey = make_grey_profile(1.8),
                      lab = make_profile(cmsCreateLab4Profile(NULL));
    const struct make_jpeg jpeg_kind = {.width = 21, .height = 10, .colours = MAKE_YCC}, inks_kind = {.width = 21, .height = 10, .colours = MAKE_CMYK};
    const struct {
        const struct make_bytes *profile;
        const char *note;
    } rows[] = {{&srgb, NULL}, {&inks, "another kind"}, {&grey, "another kind"}, {&lab, "another kind"}};
    (void)state;
    for (size_t r = 0; r < 4; r++) {
        for (size_t i = 0; i < KINDS + (r == 0 ? GREY_KINDS : 0); i++) {
            const struct make_png *kind = i < KINDS ? &kinds[i] : &grey_kinds[i - KINDS];
            struct make_bytes plain = make_png(kind, NULL), marked = make_png(kind, NULL);
            make_profile_chunk(&marked, rows[r].profile);
            check_same(&plain, &marked, rows[r].note);
            free(plain.data);
            free(marked.data);
        }
        struct make_bytes plain = make_jpeg(&jpeg_kind), marked = make_jpeg(&jpeg_kind);
        make_profile_segments(&marked, rows[r].profile, 2, 0);
        check_same(&plain, &marked, rows[r].note);
        free(plain.data);
        free(marked.data);
    }
    struct make_bytes plain = make_jpeg(&inks_kind), marked = make_jpeg(&inks_kind);
    make_profile_segments(&marked, &srgb, 1, 0);
    check_same(&plain, &marked, "another kind");
    free(plain.data);
    free(marked.data);
    free(srgb.data);
    free(inks.data);
    free(grey.data);
    free(lab.data);
}

/* Cut short anywhere, changed anywhere, or claiming to be huge: the picture is there, and where there is a note it is as
 * it would be without a profile. */
static void test_hostile(void **state)
{
    struct make_bytes profiles[] = {make_rgb_profile(wide_primaries, 2.2), make_grey_profile(1.8), make_ink_profile()};
    const struct make_jpeg inks_kind = {.width = 9, .height = 5, .colours = MAKE_CMYK};
    struct make_bytes plains[] = {make_png(&kinds[0], NULL), make_png(&grey_kinds[1], NULL), make_jpeg(&inks_kind)};
    uint32_t seed = 5;
    int noted = 0;
    (void)state;
    for (int i = 0; i < 900; i++) {
        int p = i % 3;
        struct make_bytes bad = {0}, marked = {0};
        make_insert(&bad, 0, profiles[p].data, profiles[p].size);
        make_insert(&marked, 0, plains[p].data, plains[p].size);
        if (i / 3 % 2)
            bad.size = make_random(&seed) % bad.size;
        else
            for (uint32_t n = make_random(&seed) % 8 + 1; n; n--) /* most of what matters is at the head */
                bad.data[make_random(&seed) % (n % 2 ? bad.size : 256)] = (unsigned char)make_random(&seed);
        if (p == 2)
            make_profile_segments(&marked, &bad, 2, 0);
        else
            make_profile_chunk(&marked, &bad);
        nscl_picture picture = decode_ok(&marked);
        const char *note = picture.note;
        nscl_picture_free(&picture);
        if (note)
            check_same(&plains[p], &marked, "profile");
        noted += note != NULL;
        free(bad.data);
        free(marked.data);
    }
    assert_true(noted > 300);
    for (int p = 0; p < 3; p++) {
        free(profiles[p].data);
        free(plains[p].data);
    }
}

/* Two pictures of 16 bits that differ by less than 8 bits can tell stay different. */
static void test_depth(void **state)
{
    struct make_bytes profile = make_rgb_profile(wide_primaries, 2.2), marked;
    char *folder = make_folder(), *path = make_path(folder, "ramp.png");
    nscl_picture ramp = make_picture(600, 1, 3, 16, 1);
    nscl_error error = {0};
    int different = 0;
    (void)state;
    for (int i = 0; i < 1800; i++)
        ((uint16_t *)ramp.samples)[i] = (uint16_t)(20000 + i / 3);
    assert_int_equal(nscl_picture_write(&ramp, path, NULL, &error), NSCL_OK);
    marked = make_read(path);
    make_profile_chunk(&marked, &profile);
    nscl_picture p = decode_ok(&marked);
    assert_int_equal(p.depth, 16);
    for (int i = 1; i < 600; i++)
        different += sample(&p, i, 1) > sample(&p, i - 1, 1);
    assert_true(different > 560); /* but for rounding, all */
    nscl_picture_free(&p);
    nscl_picture_free(&ramp);
    free(marked.data);
    free(profile.data);
    free(path);
    make_folder_end(folder);
}

#else

/* Without lcms2 nothing is converted, and what would have been is told. */
static void test_built_without(void **state)
{
    static const char other[] = "\0\0\1\0 a profile of Adobe RGB (1998)", srgb[] = "\0\0\1\0 of sRGB";
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct make_bytes plain = make_png(&kinds[i], NULL), marked = make_png(&kinds[i], NULL);
        unsigned char profile[256] = {0};
        memcpy(profile, other, sizeof other);
        make_profile_chunk(&marked, &(struct make_bytes){profile, sizeof profile});
        check_same(&plain, &marked, "without lcms2");
        free(marked.data);
        memset(profile, 0, sizeof profile);
        memcpy(profile, srgb, sizeof srgb);
        marked = make_png(&kinds[i], NULL);
        make_profile_chunk(&marked, &(struct make_bytes){profile, sizeof profile});
        check_same(&plain, &marked, NULL);
        free(plain.data);
        free(marked.data);
    }
}

#endif

/* Gamma and primaries, which change nothing, and profiles that are no sense. */
static void test_chunks(void **state)
{
    static const double none[8] = {0.3127, 0, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06};
    struct make_bytes plain = make_png(&kinds[0], NULL);
    (void)state;
    for (int i = 0; i < 9; i++) {
        struct make_bytes marked = make_png(&kinds[0], NULL);
        const char *note = NULL;
        switch (i) {
        case 0: make_gamma(&marked, 45455, NULL); break;
        case 1: make_gamma(&marked, 45455, srgb_primaries); break;
        case 2:
            make_chunk(&marked, "sRGB", "\0", 1);
            make_gamma(&marked, 100000, wide_primaries);
            break;
        case 3: make_gamma(&marked, 0, NULL); break;
        case 4: make_gamma(&marked, 45000, none); break;
        case 5:
            make_chunk(&marked, "iCCP", "name without end", 16);
            note = "damaged";
            break;
        case 6:
            make_chunk(&marked, "iCCP", "name\0\0no stream", 15);
            note = "damaged";
            break;
        case 7:
            make_chunk(&marked, "iCCP", "", 0);
            note = "damaged";
            break;
        default: /* a stream that is short and says it is 16 MiB */
        {
            unsigned char claim[64] = {1};
            make_profile_chunk(&marked, &(struct make_bytes){claim, sizeof claim});
            note = "damaged";
        }
        }
        check_same(&plain, &marked, note);
        free(marked.data);
    }
    free(plain.data);
}

/* PNG says that it is sRGB; JPEG, which everything takes for sRGB, says nothing. */
static void test_written(void **state)
{
    char *folder = make_folder(), *png = make_path(folder, "a.png"), *jpeg = make_path(folder, "a.jpg");
    nscl_picture picture = make_picture(7, 5, 3, 16, 1);
    nscl_error error = {0};
    (void)state;
    assert_int_equal(nscl_picture_write(&picture, png, NULL, &error), NSCL_OK);
    assert_int_equal(nscl_picture_write(&picture, jpeg, NULL, &error), NSCL_OK);
    struct make_bytes file = make_read(png);
    size_t at = make_find(&file, "sRGB");
    assert_true(file.data[at + 3] == 1 && file.data[at + 8] == 0);
    free(file.data);
    file = make_read(jpeg);
    for (size_t i = 0; i + 12 <= file.size; i++)
        assert_memory_not_equal(file.data + i, "ICC_PROFILE", 12);
    free(file.data);
    nscl_picture_free(&picture);
    free(png);
    free(jpeg);
    make_folder_end(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef NSCL_HAVE_LCMS
        cmocka_unit_test(test_rgb),       cmocka_unit_test(test_grey),    cmocka_unit_test(test_segments), cmocka_unit_test(test_inks),
        cmocka_unit_test(test_unchanged), cmocka_unit_test(test_hostile), cmocka_unit_test(test_depth),
#else
        cmocka_unit_test(test_built_without),
#endif
        cmocka_unit_test(test_chunks),    cmocka_unit_test(test_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
