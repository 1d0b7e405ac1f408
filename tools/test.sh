#!/bin/sh
# Builds in build-test/ with sanitizers and warnings as errors, and runs the tests but the slow ones.
#
# usage: tools/test.sh [ARGUMENT OF ctest]...   e.g. tools/test.sh -R gram, tools/test.sh -L slow
set -eu
cd "$(dirname "$0")/.."

tools/setup.sh --tests

mkdir -p build-test/pocl
# One folder for PoCL's compiled kernels, so that a run neither uses nor fills the user's.
POCL_CACHE_DIR=$(pwd)/build-test/pocl
export POCL_CACHE_DIR
# Tests that want the devices of two vendors take this as OCL_ICD_VENDORS.
icd=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/nscl/icd
if [ -d "$icd" ]; then
    NSCL_TEST_ICD_DIR=$icd
    export NSCL_TEST_ICD_DIR
fi

log=build-test/build.log
if ! cmake -B build-test -S . -DCMAKE_BUILD_TYPE=RelWithDebInfo -DNSCL_SANITIZE=ON -DNSCL_WERROR=ON >$log 2>&1; then
    cat $log >&2
    echo "test: configuring failed, see above" >&2
    exit 1
fi
if ! cmake --build build-test --parallel "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" >$log 2>&1; then
    grep -E -A 8 '(error|warning): |undefined reference|\*\*\* ' $log >&2 || tail -n 40 $log >&2
    echo "test: building failed, see above and $log" >&2
    exit 1
fi

# A label given by hand replaces "all but the slow ones".
cd build-test
for arg in "$@"; do
    case $arg in -L* | --label*) exec ctest --output-on-failure -j 2 "$@" ;; esac
done
exec ctest --output-on-failure -LE slow -j 2 "$@"
