#!/bin/sh
# Runs that are killed and go on, and runs that are painted again: the same bytes each time; and what of them is refused.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER tests/test_state.sh [KILLS]
# KILLS (20) is the number of times that a run is killed at some moment.
# Status: 0 all well, 1 a check failed, 77 skipped for want of a device.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"
unset NSCL_DEVICE

source=${NSCL_TEST_SOURCE:?the tree of sources}
nscl=${NSCL_TEST_BUILD:?the folder of the build}/bin/nscl
[ -x "$nscl" ] || nscl=$NSCL_TEST_BUILD/nscl
kills=${1:-20}
"$nscl" --list-devices >/dev/null 2>&1 || {
    echo "skipped: no OpenCL device"
    exit 77
}
cp "$source/data/pictures/lakeside.jpg" photo.jpg
cp "$source/data/styles/swirls.jpg" painting.jpg
cp "$source/data/styles/waves.jpg" other.jpg

# $1 is the status it should end with. What it says goes to $work/said.
run() {
    wanted=$1
    shift
    "$nscl" --overwrite "$@" >"$work/said" 2>&1 </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: nscl $*"
}
says() { grep -qF -e "$1" "$work/said" || fail "does not say '$1'"; }
same() { cmp -s "$1" "$2" || fail "$1 and $2 differ: $3"; }

# Waits until the log $1 of process $pid has $2 lines.
evaluated() {
    until [ -f "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ]; do
        kill -0 $pid 2>/dev/null || return
        sleep 0.05
    done
}

lbfgs="--content photo.jpg --styles painting.jpg --size 96 --iterations 60 --init noise --seed 3 --round-iterations 25 --tv-weight 0.1"
# shellcheck disable=SC2034 # by name, below
adam="--content photo.jpg --styles painting.jpg --size 96 --iterations 60 --preset neural-style --checkpoint-iterations 7 --ema 0.5 --depth 16"
best="--content photo.jpg --styles painting.jpg other.jpg --style-scales 1 0.7 --width 96 --iterations 60 --preset neural-style --checkpoint-iterations 7"

# ---- the settings in a picture paint it again ---------------------------------------------------------

for name in lbfgs adam best; do
    eval "settings=\$$name"
    # shellcheck disable=SC2086,SC2154 # lists of words
    run 0 $settings --output "$name.png" --save-state "$name.state" --state-every 7
    run 0 --from "$name.png" --output again.png
    same "$name.png" again.png "--from $name.png"
done
run 0 --from best.png --output best.jpg --quality 90
run 0 --from best.jpg --output again.jpg
same best.jpg again.jpg "--from a JPEG"
run 0 --from lbfgs.png --output again.png --seed 4
! cmp -s lbfgs.png again.png || fail "--seed beside --from changes nothing"
run 0 --from lbfgs.png --output again.png --short-side 32 --iterations 2 # the size that was recorded gives way
run 0 --from best.png --output again.png --styles painting.jpg --iterations 2 # and lists that belong to others
run 0 --from best.png --output again.png --content-weight-blend 0.5 --iterations 2
run 0 --from lbfgs.png --output again.png --preset tf2-adam --iterations 2
cp other.jpg elsewhere.jpg
run 0 --from lbfgs.png --output again.png --content elsewhere.jpg --iterations 2
says "is not what it was"
run 1 --from photo.jpg --output again.png
says "holds no settings"
run 2 --from lbfgs.png
says "--output is missing"

# So do those of a picture on the way, which is what the run would have written had it ended there.
small="--content photo.jpg --styles painting.jpg --size 64"
steep="--preset neural-style --learning-rate 30 --beta1 0 --beta2 0.9" # whose last step is seldom its best
for settings in "--line-search wolfe" "--line-search none --learning-rate 0.5" "$steep"; do
    # shellcheck disable=SC2086
    run 0 $small --iterations 10 $settings --checkpoint-iterations 1 --checkpoint-output way-%d.png --output end.png
    for number in 2 5 6 9; do
        run 0 --from way-$number.png --checkpoint-output none --output again.png
        same way-$number.png again.png "--from a picture on the way, $settings"
    done
    rm -f way-*.png
done

# And of one that was interrupted.
# shellcheck disable=SC2086
"$nscl" --quiet $small --iterations 5000 $steep --checkpoint-iterations 1 --checkpoint-output none \
    --log cut.jsonl --output cut.png >"$work/said" 2>&1 </dev/null &
pid=$!
evaluated cut.jsonl 20
kill -INT $pid
wait $pid
run 0 --from cut.png --checkpoint-output none --output again.png
same cut.png again.png "--from an interrupted picture of a preset that keeps the best"
rm -f cut.png cut.jsonl

# ---- killed at any moment -----------------------------------------------------------------------------

# Kills a run $1 times, after seconds that are spread over its length, and lets it end; its bytes must be $2's.
killed() {
    left=$1 whole=$2
    shift 2
    rm -f run.state run.png
    start=$(date +%s%N)
    "$nscl" --quiet --overwrite "$@" --output run.png
    length=$(($(date +%s%N) - start))
    rm -f run.png
    while [ "$left" -gt 0 ]; do
        resume=
        [ ! -f run.state ] || resume="--resume run.state"
        # shellcheck disable=SC2086 # none or two words
        "$nscl" --quiet --overwrite "$@" --output run.png --save-state run.state --state-every 2 $resume >said 2>&1 &
        pid=$!
        # The golden ratio's multiples are spread evenly, whatever their number.
        sleep "$(awk -v n="$left" -v whole="$length" 'BEGIN { x = n * 0.618034; printf "%.3f", (0.2 + 0.8 * (x - int(x))) * whole / 1e9 }')"
        if kill -9 "$pid" 2>/dev/null; then
            left=$((left - 1))
            wait "$pid" 2>/dev/null
            [ ! -f run.png ] || same run.png "$whole" "killed after the picture was written"
            rm -f run.png
        else
            wait "$pid" || fail "a resumed run ends with status $?"
            same run.png "$whole" "ended before it was killed"
            rm -f run.png run.state
        fi
    done
    resume=
    [ ! -f run.state ] || resume="--resume run.state"
    # shellcheck disable=SC2086
    "$nscl" --quiet --overwrite "$@" --output run.png --save-state run.state --state-every 2 $resume >said 2>&1 || fail "a resumed run ends with status $?"
    same run.png "$whole" "after kills"
    for left in run.*.saving*; do
        [ ! -e "$left" ] || fail "a kill has left $left"
    done
}
# shellcheck disable=SC2086
killed $((kills - kills / 2)) lbfgs.png $lbfgs
# shellcheck disable=SC2086
killed $((kills / 2)) best.png $best

# The state says by itself what run it is of; a finished one goes on to more iterations, as if it had not stopped.
run 0 --resume adam.state --output again.png
same adam.png again.png "--resume alone"
# shellcheck disable=SC2086
run 0 $lbfgs --iterations 80 --output longer.png
run 0 --resume lbfgs.state --iterations 80 --output again.png
same longer.png again.png "--resume with more --iterations"
for name in lbfgs adam; do
    run 1 --resume $name.state --iterations 9 --output fewer.png
    says "of a run that shall have 9; give --iterations"
    [ ! -e fewer.png ] || fail "--resume with fewer --iterations than are done paints"
done

# ---- resumed among its own pictures -----------------------------------------------------------------------

rounds="--content photo.jpg --styles painting.jpg --preset keras-lbfgs --width 96"
mkdir rounds
# shellcheck disable=SC2086
"$nscl" --quiet $rounds --output rounds/end.png --log rounds/log.jsonl --save-state rounds/run.state --state-every 5 >"$work/said" 2>&1 </dev/null &
pid=$!
evaluated rounds/log.jsonl 50
kill -9 $pid
wait $pid 2>/dev/null
[ -f rounds/01.png ] || fail "no picture on the way"
cp rounds/00.png first.png
"$nscl" --quiet --resume rounds/run.state --output rounds/end.png >"$work/said" 2>&1 </dev/null || fail "--resume alone, among the run's own pictures"
same rounds/00.png first.png "a picture on the way from before"
rm rounds/end.png
cp photo.jpg rounds/01.png
"$nscl" --quiet --resume rounds/run.state --output rounds/end.png >"$work/said" 2>&1 </dev/null && fail "--resume replaces a picture of another run"
says "exists already"
same rounds/01.png photo.jpg "a picture that is not the run's"

# ---- a state that cannot be saved ---------------------------------------------------------------------

# shellcheck disable=SC2086
run 2 $lbfgs --iterations 30 --output no.png --save-state gone/no.state
says "there is no folder"
mkdir gone
# shellcheck disable=SC2086
"$nscl" --quiet --overwrite $lbfgs --iterations 5000 --log no.jsonl --output no.png --save-state gone/no.state --state-every 2 >"$work/said" 2>&1 </dev/null &
pid=$!
evaluated no.jsonl 10
rm -r gone
evaluated no.jsonl $(($(wc -l <no.jsonl) + 10))
kill -INT $pid
wait $pid
says "the state was not saved"
[ "$(grep -c "the state was not saved" "$work/said")" -eq 1 ] || fail "the same is told again and again"
rm -f no.png no.jsonl
# shellcheck disable=SC2086
run 0 $lbfgs --iterations 3 --output no.png --log no.jsonl
cp no.jsonl kept.jsonl
# shellcheck disable=SC2086
run 1 $lbfgs --iterations 3 --output no.png --log no.jsonl --max-memory 1
same no.jsonl kept.jsonl "the log of a run that was refused"

# ---- what is replaced ----------------------------------------------------------------------------------

# $1 is what it says; the rest are options of a run that replaces nothing unasked.
keeps() {
    wanted=$1
    shift
    # shellcheck disable=SC2086
    "$nscl" --quiet $lbfgs --iterations 3 "$@" >"$work/said" 2>&1 </dev/null && fail "replaces a file: $*"
    says "$wanted"
}
echo notes >notes.txt
keeps "exists already" --output new.png --save-state notes.txt
keeps "exists already" --output new.png --save-state lbfgs.state
[ "$(cat notes.txt)" = notes ] || fail "--save-state replaces what is no state"
mkfifo pipe
keeps "is no file" --output new.png --save-state pipe
[ -p pipe ] || fail "--save-state replaces a pipe"
cp lbfgs.state kept.state
"$nscl" --quiet --overwrite --resume lbfgs.state --output new.png --log lbfgs.state >"$work/said" 2>&1 </dev/null && fail "--log replaces the state of --resume"
says "the same file as that of --resume"
same lbfgs.state kept.state "the state of --resume"
"$nscl" --quiet --overwrite --from lbfgs.png --output new.png --log lbfgs.png >"$work/said" 2>&1 </dev/null && fail "--log replaces the picture of --from"
says "the same file as that of --from"
[ ! -e new.png ] || fail "a run that was refused has painted"
# What comes to be there during the run.
# shellcheck disable=SC2086
"$nscl" $lbfgs --iterations 5000 --log late.jsonl --output late.png --checkpoint-iterations 2000 --checkpoint-output late_%d.png >"$work/said" 2>&1 </dev/null &
pid=$!
evaluated late.jsonl 3
echo notes >late.png
kill -INT $pid
wait $pid
says "the result is in 'late-2.png'"
[ "$(cat late.png)" = notes ] || fail "a file that came during the run is replaced"
run 0 --from late-2.png --output again.png
same late-2.png again.png "--from late-2.png"
# A pipe is written to, and a link to nowhere is no file.
cat pipe >piped.jsonl &
reader=$!
ln -s nowhere.png link.png
# shellcheck disable=SC2086
"$nscl" --quiet $lbfgs --iterations 3 --output link.png --log pipe >"$work/said" 2>&1 </dev/null || fail "--log to a pipe, --output to a link to nowhere"
wait $reader
[ "$(wc -l <piped.jsonl)" -ge 4 ] || fail "the pipe of --log has $(wc -l <piped.jsonl) lines"
[ -f link.png ] || fail "a link to nowhere is taken for a file that is there"
if [ -c /dev/full ]; then
    for option in --help --version --list-devices; do
        "$nscl" $option >/dev/full 2>"$work/said" && fail "$option to a full disk ends with 0"
        says "standard output cannot be written"
    done
fi

# ---- names as long as names may be --------------------------------------------------------------------

for letter in x $(printf '\344\270\212'); do
    name=
    while [ "$(printf %s "$name$letter.png" | wc -c)" -le 255 ]; do name=$name$letter; done
    # shellcheck disable=SC2086
    run 0 $lbfgs --iterations 2 --output "$name.png"
    [ -s "$name.png" ] || fail "a name of 255 bytes is not written"
    # shellcheck disable=SC2086
    run 2 $lbfgs --iterations 2 --output "$name$letter$letter.png"
    says "too long"
    rm -f "$name.png"
done
# shellcheck disable=SC2086
(umask 027 && run 0 $lbfgs --iterations 2 --output mine.png)
[ "$(stat -c %a mine.png)" = 640 ] || fail "a file has other rights than the user's umask gives"

# ---- what is left of a saving that was cut ------------------------------------------------------------

# As a kill leaves it (test_fault_command.sh sees one).
cut() {
    echo half >"$1"
    chmod 200 "$1"
}
save() {
    # shellcheck disable=SC2086
    run 0 $lbfgs --iterations 20 --output cut.png --save-state cut.state --state-every 7
    [ -s cut.state ] || fail "no state was saved"
}
cut cut.state.saving
cut cut.state.saving-1
cut cut.png.saving
save
for left in cut.*.saving*; do
    [ ! -e "$left" ] || fail "$left stays after the next saving"
done
cut cut.state.saving-1
run 0 --resume cut.state --output cut.png --iterations 21
[ ! -e cut.state.saving-1 ] || fail "what was left stays after the run was resumed"
# Another process is at work on it; files of others that have the name; links.
cut cut.state.saving
exec 9>>cut.state.saving
if flock -n 9; then
    save
    [ -s cut.state.saving ] || fail "a file that is being written was removed"
fi
exec 9>&-
save
[ ! -e cut.state.saving ] || fail "what is locked no more stays"
echo mine >cut.state.saving
echo "mine, too" >other.saving
chmod 200 other.saving
ln -s other.saving cut.state.saving-1
mkdir cut.state.saving-2
save
[ "$(cat cut.state.saving)" = mine ] || fail "another's file was removed"
chmod 600 other.saving
[ -h cut.state.saving-1 ] || fail "a link was removed"
[ "$(cat other.saving)" = "mine, too" ] || fail "a link was followed"
[ "$(stat -c %a cut.state 2>/dev/null || stat -f %Lp cut.state)" = "$(printf '%o' $((0666 & ~$(umask))))" ] || fail "the state has unusual rights"

# ---- what is refused, before anything is written ------------------------------------------------------

rm -f again.png
refused() {
    text=$1
    shift
    run 1 --output again.png "$@"
    says "$text"
    [ ! -e again.png ] || fail "a refused state wrote a picture"
}
refused "another content picture" --resume lbfgs.state --content other.jpg
refused "other style pictures" --resume lbfgs.state --styles other.jpg
refused "other settings" --resume lbfgs.state --tv-weight 0.2
refused "other settings" --resume adam.state --ema 0.4
refused "another network" --resume lbfgs.state --network "$source/tests/golden/tiny.safetensors"
refused "no state" --resume photo.jpg
refused "cannot be opened" --resume nothing.state
size=$(wc -c <lbfgs.state)
for bytes in 0 5 16 200 $((size / 2)) $((size - 64)) $((size - 1)); do
    head -c "$bytes" lbfgs.state >cut.state
    run 1 --resume cut.state --output again.png
done
for at in 20 300 $((size / 3)) $((size - 70)) $((size - 3)); do
    cp lbfgs.state bad.state
    printf 'X' | dd of=bad.state bs=1 seek="$at" conv=notrunc 2>/dev/null
    cmp -s bad.state lbfgs.state || refused "checksum does not match" --resume bad.state
done
run 2 --resume lbfgs.state --output lbfgs.png --save-state photo.jpg
says "--save-state: 'photo.jpg' is the same file as that of --content"
run 2 --resume lbfgs.state --output again.png --save-state nowhere/x.state
says "--save-state"
finish
