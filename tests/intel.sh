#!/bin/sh
# Runs a test program with Intel's CPU runtime beside PoCL: NSCL_TEST_ICD_DIR, else FOLDER, holds their .icd files, which
# tools/setup.sh --tests puts there.
#
# usage: tests/intel.sh FOLDER PROGRAM [ARGUMENT]...
set -eu
folder=${NSCL_TEST_ICD_DIR:-$1}
shift
if [ ! -f "$folder/intel.icd" ]; then
    echo "skipped: no $folder/intel.icd; tools/setup.sh --tests installs Intel's CPU runtime"
    exit 77
fi
OCL_ICD_VENDORS=$folder exec "$@"
