/* Parameters to try for CLBlast's Xgemm, which multiplies the rows that im2col makes, and from which size on it is used:
 * CLBlast has no entry for most CPUs, and takes its slow XgemmDirect there for all products up to 1280 cubed. Its own search
 * takes hours; these are its usual sets, small ones for devices with few registers, and small work-groups for CPUs. Work an
 * item is MWG / MDIMC by NWG / NDIMC; MWG must be a multiple of MDIMC * VWM and of MDIMA * VWM, NWG likewise, KWG of KWI and
 * of MDIMC * NDIMC / MDIMA and / NDIMB. */
#include "tune.h"

#define INDIRECT "* clblast.GemmRoutine XGEMM_MIN_INDIRECT_SIZE=256\n"
#define XGEMM "* clblast.Xgemm GEMMK=0 KREG=1 STRM=0 STRN=0 "

static const char *const sets[] = {
    INDIRECT,
    INDIRECT XGEMM "KWG=32 KWI=2 MDIMA=8 MDIMC=8 MWG=64 NDIMB=8 NDIMC=8 NWG=64 SA=1 SB=1 VWM=4 VWN=4\n",
    INDIRECT XGEMM "KWG=16 KWI=2 MDIMA=16 MDIMC=16 MWG=128 NDIMB=16 NDIMC=16 NWG=128 SA=1 SB=1 VWM=4 VWN=4\n",
    INDIRECT XGEMM "KWG=16 KWI=2 MDIMA=8 MDIMC=8 MWG=32 NDIMB=8 NDIMC=8 NWG=32 SA=0 SB=0 VWM=2 VWN=2\n",
    INDIRECT "* clblast.Xgemm GEMMK=1 KREG=4 STRM=0 STRN=0 KWG=1 KWI=1 MDIMA=8 MDIMC=8 MWG=32 NDIMB=8 NDIMC=8 NWG=32 SA=0 SB=0 VWM=4 VWN=4\n",
    INDIRECT XGEMM "KWG=32 KWI=2 MDIMA=1 MDIMC=1 MWG=32 NDIMB=1 NDIMC=1 NWG=8 SA=0 SB=0 VWM=8 VWN=4\n",
    INDIRECT XGEMM "KWG=16 KWI=2 MDIMA=2 MDIMC=2 MWG=64 NDIMB=2 NDIMC=2 NWG=16 SA=0 SB=0 VWM=8 VWN=4\n",
};

int nscl_tune_clblast_count(void)
{
    return (int)(sizeof sets / sizeof *sets);
}

const char *nscl_tune_clblast_rows(int index)
{
    return sets[index];
}
