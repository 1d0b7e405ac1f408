#!/bin/sh
# nscl-selftest and nscl --selftest: usage, exit statuses, the table, JSON, the seed, and what nscl-probe shows of it.
#
# usage: NSCL_TEST_BUILD=FOLDER NSCL_TEST_SOURCE=FOLDER tests/test_selftest_tool.sh
# Status: 0 all well, 1 a check failed, 77 skipped for want of a device.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"
unset NSCL_KERNELS NSCL_FEATURES NSCL_CONV NSCL_BLOCK NSCL_SELFTEST

build=${NSCL_TEST_BUILD:?the folder of the build}
cl=${NSCL_TEST_SOURCE:?the folder of the sources}/cl

# run STATUS PROGRAM ARGUMENT...
run() {
    wanted=$1
    program=$2
    shift 2
    "$build/$program" "$@" >out 2>said </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: $program $*"
}
says() { grep -qF -e "$1" said || fail "does not complain of '$1'"; }
prints() { grep -q -e "$1" out || fail "does not print '$1'"; }

run 0 nscl-selftest --help
prints "usage: nscl-selftest"
run 2 nscl-selftest --no-such-option
says "--no-such-option"
run 2 nscl-selftest --seed 0
says "'0'"
run 2 nscl-selftest --seed x
OCL_ICD_VENDORS=/nonexistent run 1 nscl-selftest
says "no OpenCL platform"
OCL_ICD_VENDORS=/nonexistent run 1 nscl --selftest
says "no OpenCL platform"

if ! "$build/nscl-probe" --quick --device portable >out 2>said; then
    echo "skipped: needs the portable OpenCL device"
    [ $failures -eq 0 ] && exit 77
    exit 1
fi
# PoCL has no device where it cannot keep what it compiles; others may have one.
if ! POCL_CACHE_DIR=/dev/null/pocl "$build/nscl" --list-devices >out 2>said; then
    says "the folder of POCL_CACHE_DIR cannot be written"
fi
if ! env -u POCL_CACHE_DIR XDG_CACHE_HOME=/dev/null/cache "$build/nscl" --list-devices >out 2>said; then
    says "the user's cache folder cannot be written"
fi
run 2 nscl-selftest --device "no such device"
says "no such device"

NSCL_DEVICE=portable
XDG_CACHE_HOME=$work/cache
export NSCL_DEVICE XDG_CACHE_HOME

run 0 nscl-selftest --json --seed 20
prints '"verdict": "pass"$'
prints '"seed": 20,'
prints '"failed": 0,'
prints '"driver": "'
for operation in conv_fwd conv_bwd pool_fwd gram_bwd gram_loss content_loss tv_bwd dot_product adam_step lbfgs_update resize_pass network; do
    prints "\"operation\": \"$operation\""
done
for algorithm in image direct winograd4 winograd6 winograd2 winograd4-batched; do
    prints "\"algorithm\": \"$algorithm\""
done
prints '"precision": "fp16-storage"'
grep -q '^right winograd4 fp32' cache/nscl/selftest/*.txt || fail "what is right is not remembered"
"$build/nscl-probe" --quick --device portable >out
prints "excluded *nothing"

# A wrong sign in F(6x6, 3x3) alone.
mkdir kernels
sed 's/fma((floatb)16.0f, c_,/fma((floatb)-16.f, c_,/' "$cl/winograd_tile.cl" >kernels/winograd_tile.cl
! cmp -s "$cl/winograd_tile.cl" kernels/winograd_tile.cl || fail "there is nothing to break"
NSCL_KERNELS=$work/kernels
export NSCL_KERNELS
run 1 nscl --selftest
says "checks failed"
prints "^conv_fwd  *winograd6  *fp32 .* fail "
prints "^conv_bwd  *winograd6  *fp32 .* fail "
prints "^conv_fwd  *winograd6  *fp16-storage .* fail "
[ "$(grep -c ' fail ' out)" -eq 4 ] || fail "others fail, too"
prints "^network  *gradient  *fp32 .* pass "
prints "^[0-9]* passed, 4 failed, .* driver .*(seed [0-9]*)"
"$build/nscl-probe" --quick --device portable >out
prints "excluded *convolution winograd6, convolution winograd6 (fp16-storage)$"
"$build/nscl-probe" --quick --device portable --json >out
prints '"convolution winograd6"'

finish
