#!/bin/sh
# The command end to end, on pictures of a few pixels: what it refuses and says, what it writes, how it ends, and that
# each option does something (its check fails when the option is ignored).
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER [NSCL_TEST_DATA=FOLDER] tests/test_cli.sh
# Status: 0 all well, 1 a check failed, 77 skipped for want of a device or of pictures.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"
unset NSCL_DEVICE

source=${NSCL_TEST_SOURCE:?the tree of sources}
nscl=${NSCL_TEST_BUILD:?the folder of the build}/bin/nscl
[ -x "$nscl" ] || nscl=$NSCL_TEST_BUILD/nscl
pid=
# shellcheck disable=SC2317 # the trap calls it
at_end() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; }

have() { command -v "$1" >/dev/null 2>&1; }

# Runs the command; $1 is the status it should end with. What it says goes to $work/said.
run() {
    wanted=$1
    shift
    "$nscl" "$@" >"$work/said" 2>&1 </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: nscl $*"
}

says() { grep -qF -e "$1" "$work/said" || fail "does not say '$1'"; }
says_not() { ! grep -qF -e "$1" "$work/said" || fail "says '$1'"; }

# ---- usage, which needs neither pictures nor a device -------------------------------------------------

run 2
says "usage: nscl"
run 0 --help
says "usage: nscl"
awk 'length > 100 { wide = 1 } END { exit wide }' said || fail "--help is wider than 100 columns"
options=$(sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' said)
for option in $options; do
    grep -Eq -e "--$option([ '=\"]|\$)" "$source/tests/test_cli.sh" "$source/tests/test_state.sh" "$source/tests/test_selftest_tool.sh" ||
        fail "no check of --$option here"
done
run 0 --version
says "nscl 0."
for form in man bash zsh fish; do # test_pages.sh looks at what is in them
    run 0 --generate $form
    says content
done

# $1: what must be said; the rest: arguments.
bad() {
    text=$1
    shift
    run 2 "$@"
    says "$text"
    [ ! -e result.png ] || fail "bad usage wrote a picture"
}

touch a.png b.png # refused before they are read
given="--content a.png --styles b.png --output result.png"
bad "--contnt is not an option; the nearest is --content" --contnt a.png
bad "--style is not an option; the nearest is --styles" --style=a.png
bad "'a.png' belongs to no option" a.png
bad "--generate: 'roff' is not known" --generate roff
bad "--content: its value is missing; give FILE" --content --styles b.png --output result.png
bad "--content: its value is missing" --content= --styles b.png --output result.png
bad "--content is missing" --styles b.png --output result.png
bad "--styles is missing" --content a.png --output result.png
bad "--output is missing" --content a.png --styles b.png
# shellcheck disable=SC2086 # lists of words, here and below
{
    bad "--overwrite takes no value" $given --overwrite=yes
    bad "--fallback takes no value" $given --fallback=yes # test_fault_command.sh has the rest
    bad "--preset: 'gatis' is not known; give one of gatys, neural-style" $given --preset gatis
    bad "--pooling: 'min' is not known; give one of max, average" $given --pooling min
    bad "--depth: '12' is not known; give one of 8, 16" $given --depth 12
    bad "--size: 'large' is not a whole number; give a number, 0 to 65535" $given --size large
    bad "--size: '1.5' is not a whole number" $given --size 1.5
    bad "--size: '-1' is out of range" $given --size -1
    bad "--size: '99999999999999999999' is out of range" $given --size 99999999999999999999
    bad "--iterations: '0' is out of range" $given --iterations 0
    bad "--iterations: its value is missing; give N" $given --iterations
    bad "--content-weight: '1x' is not a number" $given --content-weight 1x
    bad "--content-weight: 'nan' is not a number" $given --content-weight nan
    bad "--content-weight: '1e999' is out of range" $given --content-weight 1e999
    bad "--beta1: '1' is out of range; give a number, 0 to below 1" $given --beta1 1
    bad "--learning-rate: '0' is out of range; give a number, above 0" $given --learning-rate 0
    bad "--initial-noiseblend: '1.1' is out of range; give a number, 0 to 1" $given --initial-noiseblend 1.1
    bad "--quality: '101' is out of range; give a number, 1 to 100" $given --quality 101
    bad "--seed: '-1' is out of range" $given --seed -1
    bad "--style-scales: 2 values for 1 style; give one for each" $given --style-scales 1 2
    bad "--style-scales: 1 value for 2 styles; give one for each" $given --styles b.png a.png --style-scales 1
    bad "--style-blend-weights: 3 values for 1 style" $given --style-blend-weights 1,2,3
    bad "--style-blend-weights: its value is missing" $given --style-blend-weights ,
    bad "--style-layers: layer 'relu1_1' is given twice" $given --style-layers relu1_1 relu2_1 relu1_1
    bad "--style-layers: layer 'block1_conv1' is given twice" $given --style-layers relu1_1,block1_conv1
    bad "--content-layers: layer 'relu4_2' is given twice" $given --content-layers relu4_2,relu4_2
    bad "--style-layer-weights: 2 values for 5 layers" $given --style-layer-weights 1 2
    bad "--content-layer-weights: 2 values for 1 layer;" $given --content-layer-weights 1 2
    bad "--width and --size contradict each other" $given --size 10 --width 10
    bad "--height and --short-side contradict each other" $given --height 10 --short-side 10
    bad "--size and --short-side contradict each other" $given --size 10 --short-side 10
    bad "--content-weight-blend and --content-layers contradict" $given --content-weight-blend 0.5 --content-layers relu4_2
    bad "--style-layer-weight-exp and --style-layer-weights contradict" $given --style-layer-weight-exp 2 --style-layer-weights 1 1 1 1 1
    bad "--initial and --init contradict" $given --initial a.png --init noise
    bad "--quiet and --verbose contradict" $given --quiet --verbose
    bad "give --checkpoint-iterations N too" $given --checkpoint-output c_%s.png
    bad "'c.png' has no place for the number; give one %s or %d" $given --checkpoint-output c.png --checkpoint-iterations 1
    bad "has more than one place" $given --checkpoint-output %d/c_%s.png --checkpoint-iterations 1
    bad "has a '%' that is no" $given --checkpoint-output c_%x.png --checkpoint-iterations 1
    # Names of files, before any is read.
    bad "--output: cannot write 'none/r.png': there is no folder" $given --output none/r.png
    bad "end the name in .png" $given --output result.gif
    bad "--output: './b.png' is the same file as one of --styles" $given --output ./b.png --overwrite
    bad "--output: 'a.png' is the same file as that of --content" $given --output a.png --overwrite
    bad "--output: 'b.png' exists already" --content a.png --styles a.png --output b.png
    bad "--log: 'a.png' is the same file" $given --log a.png --overwrite
    bad "is the same file as that of --log" $given --log ./result.png
    bad "--log: cannot write 'none/x': there is no folder" $given --log none/x
    bad "--checkpoint-output: 'r2.png' is the same file as that of --output" $given --output r2.png \
        --checkpoint-output r%d.png --checkpoint-iterations 1 --iterations 2
    touch r2.png
    bad "--checkpoint-output: 'r2.png' exists already" $given --checkpoint-output r%d.png --checkpoint-iterations 1 --iterations 2
    # The picture itself: a failure, not bad usage.
    run 1 $given --content none.png
    says "none.png"
    run 1 $given
    says "a.png"
}
ln -s a.png link.png
bad "is the same file as that of --content" --content a.png --styles b.png --output link.png --overwrite
rm -f link.png r2.png

# ---- with a device, a network and pictures ------------------------------------------------------------

skip() {
    [ "$failures" -eq 0 ] || exit 1
    echo "skipped after the checks of usage: $*"
    exit 77
}

photo=
for file in "$source"/data/pictures/*.jpg "${NSCL_TEST_DATA:-none}"/pictures/content/*.jpg; do
    [ -n "$photo" ] || [ ! -f "$file" ] || photo=$file
done
painting=
for file in "$source"/data/styles/*.jpg "${NSCL_TEST_DATA:-none}"/pictures/style/*.jpg; do
    [ -n "$painting" ] || [ ! -f "$file" ] || painting=$file
done
if [ -z "$photo" ] || [ -z "$painting" ]; then skip "no pictures"; fi
"$nscl" --list-devices >devices 2>&1 || skip "no device"

# Small pictures once, so that the rest is quick: the photograph and the painting, hardly changed.
run 0 --content "$photo" --styles "$painting" --output photo.png --size 96 --iterations 1
run 0 --content "$painting" --styles "$photo" --output painting.png --size 96 --iterations 1
if [ ! -s photo.png ] || [ ! -s painting.png ]; then
    fail "no pictures to go on with"
    exit 1
fi

# Runs with few evaluations; what is given counts over this.
paint() {
    wanted_status=$1
    shift
    run "$wanted_status" --content photo.png --styles painting.png --iterations 3 "$@"
}

# ---- output --------------------------------------------------------------------------------------------

paint 0 --output one.png --size 48
says "wrote one.png (48 x "
says "evaluation 1/3"
says "evaluation 3/3"
says_not "evaluation 2/3"
cp one.png kept.png
paint 2 --output one.png --size 48
says "'one.png' exists already; give another name, or --overwrite"
cmp -s one.png kept.png || fail "a picture that was there changed"
paint 0 --output one.png --size 40 --overwrite
cmp -s one.png kept.png && fail "--overwrite wrote nothing"
paint 0 --output=one.jpg --size=48 --quality=95
paint 0 --output two.jpg --size 48 --quality 5
[ "$(wc -c <two.jpg)" -lt "$(wc -c <one.jpg)" ] || fail "--quality 5 is no smaller than 95"
grep -aq '"preset":"gatys"' one.jpg || fail "no settings in the JPEG's comment"
paint 0 --output deep.png --size 48 --depth 16
[ "$(od -An -tu1 -j24 -N1 deep.png | tr -d ' ')" = 16 ] || fail "--depth 16 wrote another depth"
[ "$(od -An -tu1 -j24 -N1 one.png | tr -d ' ')" = 8 ] || fail "the default depth is not 8"
paint 1 --output big.png --max-pixels 100
says "photo.png"
[ ! -e big.png ] || fail "--max-pixels wrote a picture"
paint 1 --output big.png --size 600 --max-memory 40
says "the largest of this shape that fits is"
[ ! -e big.png ] || fail "--max-memory wrote a picture"
size=$(sed -n 's/.*give --size \([0-9]*\).*/\1/p' said)
paint 0 --output fits.png --size "${size:-0}" --iterations 1 --max-memory 40 --patience 0
# Asked for in other words it is told in these.
for asked in "--width 600" "--height 600" "--short-side 600" "--width 600 --height 400"; do
    # shellcheck disable=SC2086
    paint 1 --output big.png $asked --max-memory 40
    told=$(sed -n 's/.*: give \(--[a-z-]* [0-9]*\( --height [0-9]*\)*\).*/\1/p' said)
    [ "$(echo "$told" | tr -d 0-9)" = "$(echo "$asked" | tr -d 0-9)" ] || fail "asked for $asked, it is told '$told'"
    # shellcheck disable=SC2086
    paint 0 --output fits.png $told --iterations 1 --max-memory 40 --patience 0 --overwrite
done
paint 2 --output big.png --patience -1
says "--patience"
head -c 200 photo.png >broken.png
paint 1 --content broken.png --output big.png --device nosuch # told before the device is looked for
says "broken.png"
paint 2 --output big.png --style-layers relu9_9
says "relu9_9"
paint 1 --output big.png --network nosuch.h5
says "nosuch.h5"

# ---- what is said ----------------------------------------------------------------------------------------

paint 0 --output q.png --size 32 --quiet
[ ! -s said ] || fail "--quiet is not"
paint 0 --output v.png --size 32 --verbose
says "style:relu1_1"
says "network: "
paint 0 --output p.png --size 32 --print-iterations 1
says "evaluation 2/3"
paint 0 --output w.png --size 32 --beta1 0.5
says "warning: --beta1 has no effect"
if have script && script -qec true /dev/null >/dev/null 2>&1; then
    TERM=xterm script -qec "'$nscl' --content photo.png --styles painting.png --output t.png --size 32 --iterations 3" \
        /dev/null >said 2>&1 </dev/null
    says "] 3/3  loss"
    says_not "evaluation 3/3"
else
    echo "skipped: the bar on a terminal (no script command)"
fi

# ---- device ----------------------------------------------------------------------------------------------

run 0 --list-devices
says "0:"
first=$(head -n 1 devices | cut -d ' ' -f 1)
paint 0 --output d.png --size 32 --device "$first"
paint 2 --output e.png --size 32 --device nosuch
says "nosuch"
says "0:0" # the list
paint 2 --output e.png --size 32 --device all
says "0:0"
NSCL_DEVICE=nosuch
export NSCL_DEVICE
paint 1 --output e.png --size 32
says "nosuch"
[ ! -e e.png ] || fail "a picture without a device"
paint 0 --output e.png --size 32 --device auto # the option outranks the variable
unset NSCL_DEVICE

# ---- log ---------------------------------------------------------------------------------------------------

# The evaluations of a log, without the time they took.
evaluations() { sed -e 1d -e 's/,"seconds":[^,}]*//' "$1"; }

paint 0 --output l.png --size 48 --log l.jsonl --tv-weight 1
[ "$(wc -l <l.jsonl)" -eq 4 ] || fail "the log has not 1 + 3 lines"
for key in version preset settings device driver network network_sha256; do
    head -n 1 l.jsonl | grep -qF "\"$key\":" || fail "the log's first object has no $key"
done
for key in evaluation loss terms seconds content:relu4_2 style:relu1_1 style:relu5_1 tv; do
    sed -n 2p l.jsonl | grep -qF "\"$key\":" || fail "an evaluation's object has no $key"
done
if have python3; then
    python3 - l.jsonl >said 2>&1 <<'PY' || fail "the log does not add up"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
for i, e in enumerate(lines[1:], 1):
    assert e["evaluation"] == i, e
    assert abs(sum(e["terms"].values()) - e["loss"]) <= 1e-9 * abs(e["loss"]), e
PY
elif have jq; then
    jq -es '.[1:] | to_entries | all(.value.evaluation == .key + 1 and
        ((([.value.terms[]] | add) - .value.loss) | fabs) <= 1e-9 * (.value.loss | fabs))' l.jsonl >said 2>&1 || fail "the log does not add up"
else
    echo "skipped: the sum of a log's terms (neither python3 nor jq)"
fi
paint 2 --output m.png --size 48 --log l.jsonl
says "--log: 'l.jsonl' exists already"
paint 0 --output m.png --size 48 --log l.jsonl --overwrite --iterations 1
[ "$(wc -l <l.jsonl)" -eq 2 ] || fail "--iterations 1 logged another number of evaluations"
if [ -e /dev/full ]; then
    paint 1 --output full.png --size 32 --log /dev/full
    says "--log: cannot write '/dev/full'"
fi

# ---- checkpoints -------------------------------------------------------------------------------------------

paint 0 --output c.png --size 32 --iterations 5 --checkpoint-output 'c_%04d.png' --checkpoint-iterations 2
[ "$(echo c_*.png)" = "c_0002.png c_0004.png" ] || fail "L-BFGS' checkpoints are $(echo c_*.png)"
paint 0 --output s.png --size 32 --iterations 5 --preset neural-style --checkpoint-output 's_%s.jpg' --checkpoint-iterations 2
[ "$(echo s_*.jpg)" = "s_0.jpg s_2.jpg s_4.jpg" ] || fail "Adam's checkpoints are $(echo s_*.jpg)"

# Names and lines of the programs that the presets follow.
mkdir k
paint 0 --output k/out.png --preset keras-lbfgs --width 32 --height 24 --iterations 41
[ "$(cd k && echo ./*.png)" = "./00.png ./01.png ./02.png ./out.png" ] || fail "keras-lbfgs writes $(cd k && echo ./*.png)"
says "note: preset keras-lbfgs has its numbers from vgg19"
grep -q '^round 1  [0-9.]* s  evaluation 40/41  loss ' said || fail "keras-lbfgs prints no line for its second round"
[ "$(grep -c '^round' said)" = 3 ] || fail "keras-lbfgs prints $(grep -c '^round' said) lines for three rounds"
rm k/out.png
paint 2 --output k/out.png --preset keras-lbfgs --width 32 --height 24 --iterations 41
says "'k/00.png' exists already"
paint 0 --output k/out.png --preset keras-lbfgs --width 32 --height 24 --iterations 20 --checkpoint-output none
paint 0 --output g%.jpg --preset keras-vgg16 --height 24 --iterations 20
[ -f g%_at_iteration_0.png ] || fail "keras-vgg16 writes no g%_at_iteration_0.png"
paint 0 --output tf.png --preset tf2-adam --size 32 --iterations 40
[ "$(echo tf_*.png)" = "tf_0.png tf_1.png" ] || fail "tf2-adam writes $(echo tf_*.png)"
paint 0 --output vg.png --preset vgg19-adam --width 32 --height 32 --iterations 101
[ "$(echo vg_*.png)" = "vg_0.png vg_100.png" ] || fail "vgg19-adam writes $(echo vg_*.png)"
[ "$(grep -c '^step' said)" = 101 ] || fail "vgg19-adam prints $(grep -c '^step' said) lines for 101 steps"

# ---- each option does something ------------------------------------------------------------------------------

# Compares the losses of two runs, without ($1) and with ($1 $2) an option. They must differ, and the log must record
# $3 with the option only.
bases=
effect() {
    base=base.$(printf %s "$1" | cksum | cut -d ' ' -f 1)
    case $bases in
        *" $base "*) ;;
        *)
            # shellcheck disable=SC2086
            paint 0 --quiet --output e.png --overwrite --iterations 4 $1 --log "$base"
            bases="$bases $base "
            ;;
    esac
    # shellcheck disable=SC2086
    paint 0 --quiet --output e.png --overwrite --iterations 4 $1 $2 --log with.jsonl
    evaluations "$base" >base.losses
    evaluations with.jsonl >with.losses
    ! cmp -s base.losses with.losses || fail "$2 changes no loss (beside: $1)"
    head -n 1 with.jsonl | grep -qF -e "$3" || fail "$2: $3 is not in the log"
    ! head -n 1 "$base" | grep -qF -e "$3" || fail "$3 is in the log without $2"
}

small="--size 48"
effect "$small" "--preset neural-style" '"preset":"neural-style"'
effect "$small" "--content-weight 7" '"content-weight":7.0'
effect "$small" "--content-layers relu3_1" '"content-layers":["relu3_1"]'
effect "$small --content-layers relu3_1,block4_conv2" "--content-layer-weights 1 3" '"content-layer-weights":[1.0,3.0]'
effect "$small" "--content-weight-blend 0.25" '"content-layers":["relu4_2","relu5_2"],"content-layer-weights":[0.25,0.75]'
effect "$small" "--style-weight 7" '"style-weight":7.0'
effect "$small" "--style-layers relu1_1, relu2_1" '"style-layers":["relu1_1","relu2_1"]'
effect "$small" "--style-layer-weights 1,2,3,4,5" '"style-layer-weights":[1.0,2.0,3.0,4.0,5.0]'
effect "$small --style-layers relu1_1,relu2_1" "--style-layer-weight-exp 3" '"style-layer-weights":[0.25,0.75]'
effect "$small" "--style-scales 0.5" '"style-scales":[0.5]'
effect "$small" "--styles painting.png photo.png" '"styles":["painting.png","photo.png"]'
effect "$small --styles painting.png photo.png" "--style-blend-weights 1 3" '"style-blend-weights":[1.0,3.0]'
effect "$small" "--content painting.png" '"content":"painting.png"'
effect "$small" "--tv-weight 5" '"tv-weight":5.0'
effect "$small --tv-weight 5" "--tv l1" '"tv":"l1"'
effect "$small" "--pooling average" '"pooling":"average"'
effect "--size 45" "--pool-rounding up" '"pool-rounding":"up"'
effect "$small" "--filter nearest" '"filter":"nearest"'
effect "$small" "--init gray" '"init":"gray"'
effect "$small" "--init noise" '"init":"noise"'
effect "$small --init noise" "--seed 5" '"seed":5'
effect "$small --preset neural-style" "--seed 5" '"seed":5'
effect "$small" "--initial painting.png" '"initial":"painting.png"'
effect "$small" "--initial-noiseblend 0.5" '"initial-noiseblend":0.5'
effect "$small --preset neural-style" "--init style" '"init":"style","initial-noiseblend":0.0'
effect "$small" "--optimizer adam" '"optimizer":"adam"'
effect "$small --optimizer adam" "--learning-rate 3" '"learning-rate":3.0'
effect "$small --optimizer adam" "--beta1 0.5" '"beta1":0.5'
effect "$small --optimizer adam" "--beta2 0.5" '"beta2":0.5'
effect "$small --optimizer adam" "--eps 10" '"eps":10.0'
effect "$small --optimizer adam --eps 10" "--adam-form pytorch" '"adam-form":"pytorch"'
effect "$small --optimizer adam --learning-rate 50" "--clip on" '"clip":"on"'
effect "$small --preset tf2-adam --learning-rate 0.3" "--clip off" '"clip":"off"'
effect "$small --iterations 12" "--lbfgs-history 1" '"lbfgs-history":1,'
effect "$small --iterations 4" "--precondition 0" '"precondition":0.0,'
effect "$small --iterations 4" "--round-iterations 2" '"round-iterations":2'
effect "$small" "--line-search none" '"line-search":"none"'
effect "$small" "--precision fp16-storage" '"precision":"fp16-storage"'
effect "$small" "--iterations 2" '"iterations":2'
own="--preset neural-style" # the photograph's own size
effect "$own" "--size 32" '"width":32,"height":'
effect "$own" "--width 32" '"width":32,"height":'
effect "$own" "--width 32 --height 40" '"width":32,"height":40,"device"'
effect "$own" "--height 24" '"height":24,"device"'
effect "$own" "--short-side 24" '"height":24,"device"'
# What a preset decides gives way to what is given, wherever it stands.
effect "$small --preset neural-style" "--content-weight 7 --preset neural-style" '"content-weight":7.0'
effect "$small" "--network $source/tests/golden/tiny.safetensors" "\"network\":\"$source/tests/golden/tiny.safetensors\""

# Two results are the same picture when a run that starts from them has the same losses.
fingerprint() {
    rm -f f.jsonl
    paint 0 --quiet --content "$1" --output f.png --overwrite --size 48 --iterations 1 --log f.jsonl
    evaluations f.jsonl >"$2"
}
paint 0 --output plain.png --size 48 --init noise
paint 0 --output again.png --size 48 --init noise
paint 0 --output colors.png --size 48 --init noise --preserve-colors
paint 0 --output last.png --size 48 --optimizer adam --iterations 6
paint 0 --output mean.png --size 48 --optimizer adam --iterations 6 --ema 0.9
fingerprint plain.png plain.losses
fingerprint again.png again.losses
fingerprint colors.png colors.losses
fingerprint last.png last.losses
fingerprint mean.png mean.losses
cmp -s plain.losses again.losses || fail "the same settings paint another picture"
! cmp -s plain.losses colors.losses || fail "--preserve-colors changes nothing"
! cmp -s last.losses mean.losses || fail "--ema changes nothing"

# ---- Ctrl-C --------------------------------------------------------------------------------------------------

# Begins a long run with the arguments and waits for its first evaluation.
begin() {
    rm -f i.jsonl
    "$nscl" --content photo.png --styles painting.png --iterations 1000000 --log i.jsonl "$@" >said 2>&1 &
    pid=$!
    waited=0
    until [ -f i.jsonl ] && [ "$(wc -l <i.jsonl)" -ge 2 ]; do
        if ! kill -0 "$pid" 2>/dev/null || [ $waited -ge 120 ]; then
            fail "a long run did not begin"
            break
        fi
        sleep 1
        waited=$((waited + 1))
    done
}
# Waits for its end, which should have status 130.
ended() {
    wait "$pid"
    status=$?
    pid=
    [ $status -eq 130 ] || fail "status $status, not 130, after $1"
}
begin --output i.png --size 48
kill -INT "$pid"
ended Ctrl-C
says "interrupted: wrote i.png"
fingerprint i.png i.losses
begin --output j.png --short-side 400 # slow enough that the second comes before the evaluation's end
kill -INT "$pid"
sleep 0.05 2>/dev/null || :
kill -INT "$pid" 2>/dev/null
ended "a second Ctrl-C"
[ ! -e j.png ] || echo "note: the evaluation ended before the second Ctrl-C came"

leftover=$(find . -name '*.png.*' -o -name '*.jpg.*')
[ -z "$leftover" ] || fail "temporary files are left: $leftover"
finish
