#!/bin/sh
# The command beside a failing driver (fault_layer.h): what it says, its exit code, and what is left of its files.
#
# usage: NSCL_TEST_SOURCE=TREE tests/test_fault_command.sh PROGRAM, the command built with the layer
# Status: 0 all well, 1 a check failed, 77 skipped for want of a device.
# shellcheck source-path=SCRIPTDIR source=checks.sh
nscl=$1
. "$(dirname "$0")/checks.sh"
source=${NSCL_TEST_SOURCE:?the tree of sources}
unset NSCL_DEVICE
export NSCL_TUNE=off
export POCL_DEVICES="pthread basic" # two devices
pid=
kept=$(mktemp -d) fresh=$(mktemp -d)
export XDG_CACHE_HOME="$kept" # not what tests beside this one find out
# shellcheck disable=SC2317 # the trap calls it
at_end() {
    [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
    rm -rf "$kept" "$fresh"
}

says() { grep -qF -e "$1" said || fail "does not say '$1'"; }
given="--content $source/data/pictures/lakeside.jpg --styles $source/data/styles/swirls.jpg --output result.png --size 48 --iterations 4 --device portable"

# $1 is the fault, $2 the status it should end with; a picture, or nothing at all, is left. The rest are options.
paint() {
    fault=$1 wanted=$2
    shift 2
    rm -f result.png
    # shellcheck disable=SC2086 # a list of words
    NSCL_FAULT=$fault "$nscl" $given "$@" >said 2>&1 </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "$fault: status $status, not $wanted"
    left="$(ls)"
    [ $status -eq 0 ] && files="result.png said" || files=said
    # shellcheck disable=SC2086
    [ "$left" = "$(printf '%s\n' $files)" ] || fail "$fault: left behind: $left"
}

if ! "$nscl" --list-devices 2>said | grep -q Portable; then
    echo "skipped: no portable device"
    exit 77
fi

paint count 0 # may make more calls, for the self-test
paint count 0
runs=$(sed -n 's/^run //p' said)
reads_alone=$(sed -n 's/^read //p' said)
[ "${runs:-0}" -gt 100 ] || fail "only '$runs' kernels run"

# Another algorithm takes the place of what is refused.
paint run/winograd_conv:1+:-54 0
says "instead of winograd"

# The device is lost on the way: the message, and what would have helped.
paint "run:$((runs / 2))!:-36" 1
says "cannot run the kernel"
says "CL_INVALID_COMMAND_QUEUE (-36)"
says "with --fallback"
paint "run:$((runs / 2))!:-36" 0 --fallback
says "going on from evaluation"
paint build:1!:-11 0 --fallback
says "cannot compile"
says "going on from evaluation 0"
paint "run:$((runs / 2))+:-9999" 1 --fallback # and the other as well
says "(-9999)"
paint context:1:-6 1
says "cannot open device"
paint buffer:20+:-4 1
says "CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)"

# A compiler that crashes or hangs, met in a child process: another algorithm takes the place of what it was compiling, now and in the
# runs to come; what has no other way is told.
again() {
    XDG_CACHE_HOME=$fresh
    paint "$@"
    XDG_CACHE_HOME=$kept
}
lost() {
    rm -rf "$fresh/nscl"
    again "$@"
}
lost compile/winograd_conv:1+:crash 0 --verbose
says "the driver's compiler crashed"
again compile/winograd_conv:1+:crash 0 --verbose
says "is not used"
grep -qF "the driver's compiler crashed" said && fail "what crashed is tried again"
NSCL_COMPILER=6 lost compile/conv_direct_fwd:1+:hang 0 --verbose
says "the driver's compiler takes too long"
# The same where a driver crashes or hangs only when a kernel first runs, as some do that make its code then.
lost run/winograd_conv:1+:crash 0 --verbose
says "fails at convolution winograd6, tried in a child process (signal 9"
again run/winograd_conv:1+:crash 0 --verbose
says "is not used"
grep -qF "child process" said && fail "what crashed is tried again"
NSCL_COMPILER=6 lost run/conv_direct_fwd:1+:hang 0
says "tried in a child process (it does not come to an end in 6 s)"
lost run/gram_fwd:1+:crash 1
says "tried in a child process (signal 9"
lost compile/tv_fwd:1+:crash 0 --verbose --tv-weight 0 # in the program of many files; each then compiles by itself, and this one is not needed
says "the driver's compiler crashed"
again count 0 --verbose
grep -qF "is not used" said && fail "a convolution is excluded for another kernel's crash"
lost compile/image_affine:1+:crash 1
says "the driver's compiler crashed"

# What there is of memory ends on the way.
paint memory:12000000:-4 1 --size 200
says "the largest of this shape that fits is"

# It computes wrongly, from the first call on and from the middle of a run on: no picture, and what was there before stays.
NSCL_CACHE=off paint run/gram_fwd:1+:twice 1
says "fails at gram_fwd blocked"
echo before >result.png
# shellcheck disable=SC2086
NSCL_FAULT=run/conv_image_fwd:400+:twice "$nscl" $given --overwrite --iterations 600 --checkpoint-output c%s.png --checkpoint-iterations 300 \
    --save-state run.state --state-every 300 >said 2>&1 </dev/null
status=$?
[ $status -eq 1 ] || fail "wrong in mid-run: status $status, not 1"
says "computes relu1_1 wrongly"
[ "$(cat result.png)" = before ] || fail "wrong in mid-run: the output was replaced"
[ "$(ls)" = "$(printf 'c300.png\nresult.png\nrun.state\nsaid')" ] || fail "wrong in mid-run: there is $(ls)"
rm -f c300.png run.state

# A driver that ends the process leaves no half of a file.
paint "run:$((runs - 3)):crash" 137

# Ended while it saves its state: what that leaves goes with the next saving. Long enough for several: an optimiser at work on a step's
# length saves nothing.
saving="--save-state run.state --state-every 1"
longer="--iterations 16"
# shellcheck disable=SC2086
NSCL_FAULT=count "$nscl" $given $saving $longer >said 2>&1 </dev/null || fail "--save-state: status $?"
reads=$(sed -n 's/^read //p' said)
rm -f result.png run.state
while [ "${reads:-0}" -gt 0 ] && [ ! -e run.state.saving ]; do
    rm -f result.png run.state
    # shellcheck disable=SC2086
    NSCL_FAULT=read:$reads:crash "$nscl" $given $saving $longer >said 2>&1 </dev/null && fail "read:$reads:crash: status 0"
    reads=$((reads - 1))
done
[ -e run.state.saving ] || fail "no run was ended while it saved its state"
"$nscl" --resume run.state --output result.png --save-state run.state --state-every 1 --device portable >said 2>&1 || fail "--resume: status $?"
[ "$(ls)" = "$(printf 'result.png\nrun.state\nsaid')" ] || fail "left behind: $(ls)"
rm -f run.state

# One that hangs: the first Ctrl-C waits for it, the second does not.
rm -f result.png
# shellcheck disable=SC2086
NSCL_FAULT="run:$((runs / 2)):hang" "$nscl" $given >said 2>&1 </dev/null &
pid=$!
sleep 5
kill -INT $pid
sleep 1
kill -0 $pid 2>/dev/null || fail "the first Ctrl-C ended a run that was at work"
kill -INT $pid
wait $pid
status=$?
pid=
[ $status -eq 130 ] || fail "hang: status $status, not 130"
[ ! -e result.png ] || fail "hang: a picture"

# Without Ctrl-C the watchdog ends it, whichever call it is, and says where there is something to go on from.
paint "run:$((runs - 3)):hang" 3 --patience 1
says "it hangs"
says "(driver "
says "with --save-state there would be"
paint "read:$((reads_alone - 1)):hang" 3 --patience 1
paint context:1:hang 3 --patience 1 # fifteen times as long
says "the device's driver has done nothing for 15 s"
# shellcheck disable=SC2086
NSCL_FAULT="run:$((runs - 3)):hang" "$nscl" $given $saving --checkpoint-output c%s.png --checkpoint-iterations 2 --patience 1 >said 2>&1 </dev/null
status=$?
[ $status -eq 3 ] || fail "hang: status $status, not 3"
says "go on with --resume run.state"
says "the latest picture on the way is in c2.png"
[ "$(ls)" = "$(printf 'c2.png\nrun.state\nsaid')" ] || fail "hang: left behind: $(ls)"
"$nscl" --resume run.state --output result.png --device portable >said 2>&1 || fail "--resume after a hang: status $?"
rm -f result.png run.state c2.png

# A run that is stopped for longer than that, and goes on, does not hang.
# shellcheck disable=SC2086
"$nscl" $given --iterations 100000 --patience 4 >said 2>&1 </dev/null &
pid=$!
sleep 2
kill -STOP $pid
sleep 6
kill -CONT $pid
sleep 2
kill -INT $pid
wait $pid
status=$?
pid=
[ $status -eq 130 ] || fail "stopped and continued: status $status"

finish
