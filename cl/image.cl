/* Pictures as planes of floats, 0..255: resizing, and the way between picture and optimised variable. */
#include "common.cl"

/* One pass of separable resampling: y[o] = sum over t < count[o] of coefficient[o * taps + t] * x[first[o] + t], along
 * the columns (stride 1) or rows. x (lines, n) or (n, lines) seen through strides. `levels`: x and y are whole grey levels
 * 0..255 and the coefficients whole multiples of 2^-levels, given times 2^levels, so that every rounding is that of
 * 8-bit pictures. Work-items: output position, line, plane. */
kernel void resize_pass(global float *restrict y, global const float *restrict x, global const int *restrict first, global const int *restrict count,
                        global const float *restrict coefficient, int taps, int n, int on, int lines, int step, int line_step, int ostep,
                        int oline_step, int levels)
{
    int o = (int)get_global_id(0), line = (int)get_global_id(1);
    ulong plane = get_global_id(2);
    if (o >= on || line >= lines)
        return;
    global const float *in = x + plane * n * lines + (ulong)line * line_step + (ulong)first[o] * step;
    float v = 0.0f;
    if (levels) {
        int sum = 1 << (levels - 1);
        for (int t = 0; t < count[o]; t++)
            sum += (int)coefficient[(ulong)o * taps + t] * (int)(in[(ulong)t * step] + 0.5f);
        v = (float)clamp(sum >> levels, 0, 255);
    } else
        for (int t = 0; t < count[o]; t++)
            v = fma(coefficient[(ulong)o * taps + t], in[(ulong)t * step], v);
    y[plane * on * lines + (ulong)line * oline_step + (ulong)o * ostep] = v;
}

/* y[c] = x[c] * scale + shift[c], clamped to lo..hi where lo < hi. Planes of m. Work-items: pixel, plane. */
kernel void image_affine(global float *restrict y, global const float *restrict x, ulong m, float scale, float4 shift, float lo, float hi)
{
    ulong p = get_global_id(0);
    int c = (int)get_global_id(1);
    if (p >= m)
        return;
    float s = c == 0 ? shift.x : c == 1 ? shift.y : shift.z;
    float v = fma(x[c * m + p], scale, s);
    y[c * m + p] = lo < hi ? clamp(v, lo, hi) : v;
}

/* u[c] = clamp(u[c], -mean[c], 255 - mean[c]). Planes of m. Work-items: pixel, plane. */
kernel void image_box(global float *restrict u, ulong m, float4 mean)
{
    ulong p = get_global_id(0);
    int c = (int)get_global_id(1);
    if (p >= m)
        return;
    float v = c == 0 ? mean.x : c == 1 ? mean.y : mean.z;
    u[c * m + p] = clamp(u[c * m + p], -v, 255.0f - v);
}

/* y = (1 - t) * y + t * noise. n floats. */
kernel void image_blend(global float *restrict y, global const float *restrict noise, ulong n, float t)
{
    ulong i = get_global_id(0);
    if (i < n)
        y[i] = (1.0f - t) * y[i] + t * noise[i];
}

/* Luma (Rec. 601) of y, Cb and Cr of the content, both planar RGB 0..255: y + (luma_y - luma_content) has exactly
 * these, the content shifted along the grey axis. Work-items: pixel. */
kernel void image_keep_colours(global float *restrict y, global const float *restrict content, ulong m)
{
    ulong p = get_global_id(0);
    if (p >= m)
        return;
    float r = content[p], g = content[m + p], b = content[2 * m + p];
    float shift = 0.299f * (y[p] - r) + 0.587f * (y[m + p] - g) + 0.114f * (y[2 * m + p] - b);
    y[p] = r + shift;
    y[m + p] = g + shift;
    y[2 * m + p] = b + shift;
}
