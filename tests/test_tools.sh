#!/bin/sh
# nscl-probe and nscl-bench: that they run, that their JSON is sound, what they say without a device or when one fails.
# Speeds are not judged here; memory is, since the largest picture that nscl-probe promises rests on a formula.
#
# usage: NSCL_TEST_BUILD=FOLDER NSCL_TEST_SOURCE=FOLDER tests/test_tools.sh
# Status: 0 all well, 1 a check failed, 77 skipped for want of a device or of python3.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"
unset NSCL_DEVICE NSCL_KERNELS

build=${NSCL_TEST_BUILD:?the folder of the build}
source=${NSCL_TEST_SOURCE:?the folder of the sources}

# Runs a tool with a variable set; $2 is the status it should end with. Its output goes to out, what it complains of to said.
run_with() {
    variable=$1
    wanted=$2
    tool=$3
    shift 3
    env "$variable" "$build/$tool" "$@" >out 2>said </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: $tool $*"
}
run() { run_with NSCL_NOTHING= "$@"; }
says() { grep -qF -e "$1" said || fail "does not complain of '$1'"; }
prints() { grep -qF -e "$1" out || fail "does not print '$1'"; }

# A Python expression on j, the JSON in out, must be true.
holds() {
    python3 - "$1" <<'PY' >>said 2>&1 || fail "does not hold: $1"
import json, sys
j = json.load(open("out"))
sys.exit(0 if eval(sys.argv[1]) else 1)
PY
}

# ---- usage, which needs no device ---------------------------------------------------------------------

for tool in nscl-probe nscl-bench; do
    run 0 "$tool" --help
    prints "usage: $tool"
    awk 'length > 100 { wide = 1 } END { exit wide }' out || fail "$tool --help is wider than 100 columns"
    run 0 "$tool" --version
    prints "$tool 0."
    run 2 "$tool" --no-such-option
    says "--no-such-option"
    run 2 "$tool" --device
    run_with OCL_ICD_VENDORS=/nonexistent 1 "$tool"
    says "no OpenCL platform"
    says "pocl-opencl-icd"
done
run 2 nscl-bench --size 4
says "--size '4'"
run 2 nscl-bench --evaluations 0
run 2 nscl-bench --pairs x

run 0 nscl-probe --quick
if [ $status -ne 0 ] || ! command -v python3 >/dev/null 2>&1; then
    echo "skipped: needs an OpenCL device and python3"
    [ $failures -eq 0 ] && exit 77
    exit 1
fi
prints "Platform 0"
prints "--device auto takes this one"
prints "bytes a pixel"

# ---- nscl-probe ---------------------------------------------------------------------------------------

run 0 nscl-probe --quick --json
python3 -m json.tool out /dev/null || fail "nscl-probe --json is not JSON"
holds 'all(k in d for d in j["devices"] for k in """name vendor driver opencl opencl_c type compute_units clock_mhz
    memory_bytes largest_buffer_bytes local_memory_bytes work_group_limit vector_width_native fp16 fp64 subgroups
    alignment_bits extensions quirks score why use largest_picture""".split())'
holds 'len(j["platforms"]) >= 1 and sum(d["auto"] for d in j["devices"]) == 1'
holds 'all("measured" not in d for d in j["devices"])'
holds 'all(d["largest_picture"]["pixels"] > 1e4 for d in j["devices"] if not d["emulated"])'

run 0 nscl-probe --device auto --json
holds 'len(j["devices"]) == 1'
if grep -q '"emulated": false' out; then
    holds 'j["devices"][0]["measured"]["failed"] == []'
    holds 'all(j["devices"][0]["measured"][k]["gflops"] > 0 for k in ("fma", "gemm"))'
    holds 'j["devices"][0]["measured"]["copy"]["gbytes"] > 0'
    holds 'all(j["devices"][0]["measured"][k][w + "_gflops"] > 0 for k in ("conv_64", "conv_256") for w in ("forward", "backward"))'

    # A kernel that does not compile fails two figures; the others come all the same.
    mkdir kernels
    printf 'kernel void probe_fma(global float *y) { no such thing; }\nkernel void probe_copy(global float *y) {}\n' >kernels/probe.cl
    run_with "NSCL_KERNELS=$work/kernels" 0 nscl-probe --device auto --json
    holds 'len(j["devices"][0]["measured"]["failed"]) == 2'
    holds '"cannot compile" in j["devices"][0]["measured"]["failed"][0]["why"]'
    holds 'j["devices"][0]["measured"]["conv_256"]["forward_gflops"] > 0'
fi
run 2 nscl-probe --device "no such device"
says "no such device"

# ---- nscl-bench ---------------------------------------------------------------------------------------

run 0 nscl-bench --size 64 96 --evaluations 2 --json
holds 'j["seconds_per_evaluation"] > 0 and j["size"] == 96 and [s["size"] for s in j["sizes"]] == [64, 96]'
holds 'len(j["layers"]) == 13 and all(l[d]["seconds"] > 0 for l in j["layers"] for d in ("forward", "backward"))'
holds '0 < j["roofline"]["seconds"]'
# measure_memory_of (tools/measure.c) must follow activations.c, loss.c and lbfgs.c.
holds 'all(abs((s["memory"]["peak_bytes"] - s["memory"]["scratch_bytes"]) / s["memory"]["predicted_bytes"] - 1) < 0.02 for s in j["sizes"])'
holds 'all(s["memory"]["bytes_per_pixel"] > 1000 for s in j["sizes"])'
run 0 nscl-bench --size 96 --evaluations 1 --products --algorithm winograd4 --json
holds 'j["products"]["share"] > 0' # tiny, so that more cannot be said
run 0 nscl-bench --size 32 --evaluations 1 --algorithm direct
prints "direct"
prints "roofline"
run 2 nscl-bench --size 32 --algorithm nonsense
says "winograd"
run 0 nscl-bench --size 32 48 --evaluations 1 --sweep sweep.svg
prints "bytes/pixel"
python3 -c 'import sys, xml.dom.minidom as m; sys.exit(len(m.parse("sweep.svg").getElementsByTagName("polyline")) != 2)' ||
    fail "the plot is not as it should be"
# Kernels whose first gradient is summed twenty times, and only that.
mkdir -p twenty && sed 's/for (ulong b = 0; b < (ulong)blocks; b++)/for (ulong n = 0; n < 20; n++) &/' "$source/cl/conv_image.cl" >twenty/conv_image.cl
run 0 nscl-bench --size 64 --evaluations 1 --kernels twenty --json
holds 'j["layers"][0]["kernels"]["backward"]["ratio"] > 4'
holds 'all(set(l["kernels"]) >= {"forward", "backward"} and 0.2 < l["kernels"]["forward"]["ratio"] < 4 for l in j["layers"])'
holds '[l["name"] for l in j["layers"] if "gram" in l["kernels"]] == ["conv%d_1" % b for b in (1, 2, 3, 4, 5)]'
run 2 nscl-bench --size 32 --evaluations 1 --kernels nowhere
says "nowhere"
run 2 nscl-bench --size 32 --kernels twenty --sweep both.svg
says "give one of the two"
run 2 nscl-bench --size 32 --evaluations 1 --peer-python python3 --peer-script nothing.py
says "nothing.py"
# A peer that takes a second for anything.
echo 'print("""{"seconds": 1.0, "torch": "0", "channels_last": true, "compiled": false}""")' >peer.py
run 0 nscl-bench --size 32 --evaluations 1 --peer-python python3 --peer-script peer.py --pairs 2 --json
holds 'abs(j["peer"]["ratio"] - 1 / j["seconds_per_evaluation"]) < 0.5 / j["seconds_per_evaluation"] and len(j["peer"]["pairs"]) == 2'

finish
