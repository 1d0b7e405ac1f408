/* Pictures on the device: planes of floats, 0..255, and the resampling that Pillow and TensorFlow do. */
#ifndef NSCL_IMAGE_H
#define NSCL_IMAGE_H

#include "tensor.h"

/* The picture's colour planes, (3, height, width), and its alpha plane (NULL without one or where alpha is NULL), 0..255
 * whatever its depth. */
cl_mem nscl_image_upload(nscl_context *ctx, const nscl_picture *picture, cl_mem *alpha);

/* y (planes, oh, ow) of x (planes, h, w). Pillow's filters (antialiased when shrinking) and its rounding to whole grey
 * levels after each pass where round_levels is not 0; TensorFlow's bilinear is neither antialiased nor rounded. A new
 * buffer, padded to a whole vector and zero there. */
cl_mem nscl_image_resize(nscl_context *ctx, cl_mem x, int planes, int h, int w, int oh, int ow, nscl_filter filter, int round_levels);

/* u (3, h, w) = x - mean: the variable that is optimised; and back, clamped to 0..255. */
void nscl_image_to_variable(nscl_context *ctx, cl_mem u, cl_mem x, int h, int w, const float mean[3]);
void nscl_image_from_variable(nscl_context *ctx, cl_mem x, cl_mem u, int h, int w, const float mean[3]);

/* u where the picture is 0..255, the nearest such value elsewhere. */
void nscl_image_box(nscl_context *ctx, cl_mem u, int h, int w, const float mean[3]);

/* y = (1 - t) y + t noise; n floats. */
void nscl_image_blend(nscl_context *ctx, cl_mem y, cl_mem noise, size_t n, float t);

/* Luma (Rec. 601) of y stays, Cb and Cr become the content's. */
void nscl_image_keep_colours(nscl_context *ctx, cl_mem y, cl_mem content, int h, int w);

/* Samples of `depth` bits from planes of 0..255, rounded; alpha may be NULL. */
nscl_status nscl_image_download(nscl_context *ctx, nscl_picture *out, cl_mem x, cl_mem alpha, int h, int w, int depth);

#endif
