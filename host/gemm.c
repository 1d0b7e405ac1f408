#include "gemm.h"

#include <clblast_c.h>

void nscl_gemm(nscl_context *ctx, cl_mem c, cl_mem a, cl_mem b, size_t m, size_t n, size_t k, int ta, int tb, float alpha, float beta)
{
    if (ctx->error.code != NSCL_OK || ctx->rehearsing || m == 0 || n == 0 || k == 0)
        return;
    CLBlastStatusCode code = CLBlastSgemm(CLBlastLayoutRowMajor, ta ? CLBlastTransposeYes : CLBlastTransposeNo, tb ? CLBlastTransposeYes : CLBlastTransposeNo,
                                          m, n, k, alpha, a, 0, ta ? m : k, b, 0, tb ? k : n, beta, c, 0, n, &ctx->queue, NULL);
    if (code != CLBlastSuccess)
        nscl_fail_cl(ctx, (cl_int)code, "CLBlast's product %zux%zux%zu failed", m, n, k);
}

void nscl_gemm_batch(nscl_context *ctx, cl_mem c, cl_mem a, cl_mem b, size_t m, size_t n, size_t k, size_t c_stride, size_t a_stride, size_t count)
{
    if (ctx->error.code != NSCL_OK || ctx->rehearsing || m == 0 || n == 0 || k == 0)
        return;
    CLBlastStatusCode code = CLBlastSgemmStridedBatched(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n, k, 1.0f, a, 0, k, a_stride, b, 0,
                                                        n, k * n, 0.0f, c, 0, n, c_stride, count, &ctx->queue, NULL);
    if (code != CLBlastSuccess)
        nscl_fail_cl(ctx, (cl_int)code, "CLBlast's %zu products %zux%zux%zu failed", count, m, n, k);
}

int nscl_gemm_tune(nscl_context *ctx, const char *kernel, size_t count, const char **names, const size_t *values)
{
    CLBlastStatusCode code = CLBlastOverrideParameters(ctx->facts.device, kernel, CLBlastPrecisionSingle, count, names, values);
    if (code != CLBlastSuccess)
        nscl_log(ctx, NSCL_LOG_WARNING, "CLBlast does not take the parameters for its kernel %s: %s", kernel, nscl_cl_text((int)code));
    return code == CLBlastSuccess;
}
