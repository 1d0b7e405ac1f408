#!/bin/sh
# nscl-tune: usage, a dry run, a file that later runs obey, and candidates that fail.
#
# usage: NSCL_TEST_BUILD=FOLDER tests/test_tune.sh
# Status: 0 all well, 1 a check failed, 77 skipped for want of a device.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"
unset NSCL_DEVICE NSCL_KERNELS NSCL_TUNE NSCL_FEATURES

build=${NSCL_TEST_BUILD:?the folder of the build}

# Runs nscl-tune with a variable set; $2 is the status it should end with.
run_with() {
    variable=$1
    wanted=$2
    shift 2
    env "$variable" "$build/nscl-tune" "$@" >out 2>said </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: nscl-tune $*"
}
run() { run_with NSCL_NOTHING= "$@"; }
says() { grep -qF -e "$1" said || fail "does not complain of '$1'"; }
prints() { grep -q -e "$1" out || fail "does not print '$1'"; }

run 0 --help
prints "usage: nscl-tune"
awk 'length > 110 { wide = 1 } END { exit wide }' out || fail "--help is wider than 110 columns"
run 0 --version
prints "nscl-tune 0\."
run 2 --no-such-option
says "--no-such-option"
run 2 word
says "word"
run 2 --device
says "--device"
run 2 --size
run 2 --size 4
says "'4'"
run 2 --seconds 0
run 2 --rounds x
run 2 --measure 0:0 1
run_with OCL_ICD_VENDORS=/nonexistent 1
says "no OpenCL platform"

if ! "$build/nscl-probe" --quick --device cpu >out 2>said; then
    echo "skipped: needs an OpenCL device"
    [ $failures -eq 0 ] && exit 77
    exit 1
fi
run 2 --device "no such device"
says "no such device"
run 1 --device cpu --network /nonexistent.h5 --dry-run
says "/nonexistent.h5"

# Of the built-in network, whose layers are thin, at a size that takes no time.
cache=$work/cache
XDG_CACHE_HOME=$cache
export XDG_CACHE_HOME
run 0 --device cpu --network builtin --size 32 --rounds 1 --seconds 45 --dry-run
prints "gemm, CLBlast's own"
prints "^16 > 16, 32 x 32 .* chosen"
prints "^\* conv IN=16 OUT=16 SIDE=[0-9.]* USE=[a-z0-9-]*$"
[ ! -e "$cache/nscl/tuning" ] || fail "--dry-run leaves a file"
run_with NSCL_FEATURES=14 0 --device cpu --network builtin --size=32 --rounds=1 --seconds=25 --output rows.txt
prints "written to rows.txt"
grep -q '^# .*driver' rows.txt || fail "the file does not name the driver"
grep -q '^\* conv IN=16 OUT=32 ' rows.txt || fail "the file has no row for a layer"
[ ! -e "$cache/nscl/tuning" ] || fail "--output leaves the user's file"

# Kernels that do not compile: only those candidates fail.
mkdir kernels
echo 'kernel void winograd_conv(global float *y) { no such thing; }' >kernels/winograd.cl
NSCL_FEATURES=14
export NSCL_FEATURES
run_with "NSCL_KERNELS=$work/kernels" 0 --device cpu --network builtin --size 32 --rounds 1 --seconds 25
prints "winograd4 .*cannot compile"
prints "written to $cache/nscl/tuning/"
set -- "$cache"/nscl/tuning/*.txt
[ -f "$1" ] || fail "the user's file is not there"
! grep -q 'USE=winograd4' "$1" || fail "a candidate that fails is chosen"

finish
