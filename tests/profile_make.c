#include "profile_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#ifdef NSCL_HAVE_LCMS
#include <lcms2.h>
#endif

static void need(int holds)
{
    if (!holds)
        abort();
}

/* ---- Where profiles go ---- */

void make_profile_chunk(struct make_bytes *png, const struct make_bytes *profile)
{
    uLongf n = compressBound((uLong)profile->size);
    unsigned char *packed = malloc(n + 6);
    need(packed != NULL);
    memcpy(packed, "made\0", 6);
    need(compress(packed + 6, &n, profile->data, (uLong)profile->size) == Z_OK);
    make_chunk(png, "iCCP", packed, n + 6);
    free(packed);
}

void make_profile_segments(struct make_bytes *jpeg, const struct make_bytes *profile, int count, int missing)
{
    for (int i = count; i >= 1; i--) {
        size_t from = profile->size * (size_t)(i - 1) / (size_t)count, to = profile->size * (size_t)i / (size_t)count, n = to - from + 16;
        unsigned char head[18] = {0xff, 0xe2, (unsigned char)(n >> 8), (unsigned char)n, 'I', 'C', 'C', '_', 'P', 'R', 'O', 'F', 'I', 'L', 'E', 0};
        head[16] = (unsigned char)i;
        head[17] = (unsigned char)count;
        if (i == missing)
            continue;
        make_insert(jpeg, 2, profile->data + from, to - from);
        make_insert(jpeg, 2, head, sizeof head);
    }
}

static void put32(unsigned char *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(value >> (24 - 8 * i));
}

void make_gamma(struct make_bytes *png, uint32_t gamma, const double *primaries)
{
    unsigned char bytes[32];
    put32(bytes, gamma);
    make_chunk(png, "gAMA", bytes, 4);
    for (int i = 0; primaries && i < 8; i++)
        put32(bytes + (size_t)i * 4, (uint32_t)lround(primaries[i] * 1e5));
    if (primaries)
        make_chunk(png, "cHRM", bytes, 32);
}

#ifdef NSCL_HAVE_LCMS

/* ---- Profiles ---- */

struct make_bytes make_profile(cmsHPROFILE profile)
{
    struct make_bytes out = {0};
    cmsUInt32Number n = 0;
    need(profile != NULL);
    need(cmsSaveProfileToMem(profile, NULL, &n));
    out.data = malloc(n);
    out.size = n;
    need(out.data && cmsSaveProfileToMem(profile, out.data, &n));
    cmsCloseProfile(profile);
    return out;
}

struct make_bytes make_rgb_profile(const double p[8], double gamma)
{
    cmsCIExyY white = {p[0], p[1], 1};
    cmsCIExyYTRIPLE primaries = {{p[2], p[3], 1}, {p[4], p[5], 1}, {p[6], p[7], 1}};
    cmsToneCurve *curve = cmsBuildGamma(NULL, gamma), *curves[3] = {curve, curve, curve};
    cmsHPROFILE profile = cmsCreateRGBProfile(&white, &primaries, curves);
    cmsFreeToneCurve(curve);
    return make_profile(profile);
}

struct make_bytes make_grey_profile(double gamma)
{
    cmsToneCurve *curve = cmsBuildGamma(NULL, gamma);
    cmsHPROFILE profile = cmsCreateGrayProfile(cmsD50_xyY(), curve);
    cmsFreeToneCurve(curve);
    return make_profile(profile);
}

/* Lightness of inks, 0 to 1 each: no real ink's, but easily told from what is done without a profile. */
double make_ink_lightness(const double inks[4])
{
    return 100 * (1 - inks[3]) * (1 - (inks[0] + inks[1] + inks[2]) / 3);
}

static cmsInt32Number sample_inks(const cmsUInt16Number in[], cmsUInt16Number out[], void *user)
{
    double inks[4];
    cmsCIELab lab = {0, 0, 0};
    (void)user;
    for (int c = 0; c < 4; c++)
        inks[c] = in[c] / 65535.0;
    lab.L = make_ink_lightness(inks);
    cmsFloat2LabEncoded(out, &lab);
    return 1;
}

struct make_bytes make_ink_profile(void)
{
    cmsHPROFILE profile = cmsCreateProfilePlaceholder(NULL);
    cmsPipeline *pipeline = cmsPipelineAlloc(NULL, 4, 3);
    cmsStage *table = cmsStageAllocCLut16bit(NULL, 6, 4, 3, NULL);
    cmsStage *before = cmsStageAllocToneCurves(NULL, 4, NULL), *behind = cmsStageAllocToneCurves(NULL, 3, NULL); /* the file format wants them */
    need(profile && pipeline && table && cmsStageSampleCLut16bit(table, sample_inks, NULL, 0));
    cmsSetProfileVersion(profile, 4.3);
    cmsSetDeviceClass(profile, cmsSigOutputClass);
    cmsSetColorSpace(profile, cmsSigCmykData);
    cmsSetPCS(profile, cmsSigLabData);
    need(cmsPipelineInsertStage(pipeline, cmsAT_END, before) && cmsPipelineInsertStage(pipeline, cmsAT_END, table) &&
         cmsPipelineInsertStage(pipeline, cmsAT_END, behind));
    need(cmsWriteTag(profile, cmsSigAToB0Tag, pipeline) && cmsWriteTag(profile, cmsSigAToB1Tag, pipeline));
    need(cmsWriteTag(profile, cmsSigMediaWhitePointTag, cmsD50_XYZ()));
    cmsPipelineFree(pipeline);
    return make_profile(profile);
}

#endif
