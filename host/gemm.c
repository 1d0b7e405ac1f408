#include "gemm.h"

#include <clblast_c.h>

void nscl_gemm(nscl_context *ctx, cl_mem c, cl_mem a, cl_mem b, size_t m, size_t n, size_t k, int ta, int tb, float alpha, float beta)
{
    if (ctx->error.code != NSCL_OK || m == 0 || n == 0 || k == 0)
        return;
    CLBlastStatusCode code = CLBlastSgemm(CLBlastLayoutRowMajor, ta ? CLBlastTransposeYes : CLBlastTransposeNo, tb ? CLBlastTransposeYes : CLBlastTransposeNo,
                                          m, n, k, alpha, a, 0, ta ? m : k, b, 0, tb ? k : n, beta, c, 0, n, &ctx->queue, NULL);
    if (code != CLBlastSuccess)
        nscl_fail(&ctx->error, (int)code == CL_MEM_OBJECT_ALLOCATION_FAILURE ? NSCL_NO_MEMORY : NSCL_BAD_DEVICE, "CLBlast's product %zux%zux%zu failed: %s", m,
                  n, k, nscl_cl_text((int)code));
}
