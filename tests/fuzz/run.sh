#!/bin/sh
# Builds the fuzzing targets with clang and runs libFuzzer on each from the corpus. What it finds stays in BUILD/found/TARGET (inputs
# that reach new code) and BUILD/bad (inputs that a target does not survive).
#
# usage: tests/fuzz/run.sh [--seconds N] [--build BUILD] [--keep] [--minimise] [TARGET]...
#   --seconds N    on each target (3)
#   --build BUILD  where (build-fuzz)
#   --keep         go on from what earlier runs found; pictures also begin from those in $NSCL_TEST_DATA/pictures/edge
#   --minimise     afterwards put what is found into the corpus: few and small inputs
#   TARGET         picture, weights, ... as the files fuzz_TARGET.c (all)
# Status: 0 nothing bad, 1 something bad was found, 2 wrong usage, 77 no clang with libFuzzer.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
seconds=3 build=$source/build-fuzz keep=no minimise=no targets=
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=${2:?} && shift ;;
        --build) build=${2:?} && shift ;;
        --keep) keep=yes ;;
        --minimise) minimise=yes ;;
        -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0" && exit 0 ;;
        -*) echo "fuzz: unknown option $1" >&2 && exit 2 ;;
        *) targets="$targets $1" ;;
    esac
    shift
done

mkdir -p "$build/bad"
cd "$build"
echo '#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) { return size && !data; }' >can.c
if ! clang -fsanitize=fuzzer,address,undefined can.c -o can >can.log 2>&1; then
    echo "skipped: no clang with libFuzzer (on Debian: the packages clang and libclang-rt-dev)"
    exit 77
fi
if [ -z "$targets" ]; then
    for file in "$source"/tests/fuzz/fuzz_*.c; do
        target=${file##*/fuzz_}
        targets="$targets ${target%.c}"
    done
fi

if ! { CC=clang cmake -S "$source" -B . -DCMAKE_BUILD_TYPE=RelWithDebInfo -DNSCL_FUZZ=ON &&
    cmake --build . --target fuzz --parallel "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)"; } >build.log 2>&1; then
    grep -E -A 8 'error: |Error at|undefined reference' build.log >&2 || tail -n 30 build.log >&2
    echo "fuzz: building failed, see above and $build/build.log" >&2
    exit 1
fi

# The inputs of at most 1 KiB that between them reach all that the seeds (files with a name of their own) do not.
minimise() {
    rm -rf small pool
    mkdir small pool
    find "found/$1" "$corpus" -type f -size -1025c -exec cp {} pool/ \;
    "tests/fuzz/fuzz_$1" -set_cover_merge=1 -use_counters=0 small "$corpus" pool >>"$1.log" 2>&1
    find "$corpus" -type f | grep -E '/[0-9a-f]{40}$' | while IFS= read -r file; do
        rm "$file"
    done
    for file in "$corpus"/*; do
        for twin in small/*; do
            ! cmp -s "$file" "$twin" || rm "$twin"
        done
    done
    cp small/* "$corpus/" 2>/dev/null || :
}

[ $keep = yes ] || rm -rf found
seed=1 # chance is the same in every short run, which judges the program and not luck
[ $keep = no ] || seed=0
leaks=1
ASAN_OPTIONS=detect_leaks=1 ./can -runs=9 >can.log 2>&1 || leaks=0 # not where processes may not be traced, as in some containers
export ASAN_OPTIONS=detect_leaks=$leaks
worst=0
for target in $targets; do
    corpus=$source/tests/fuzz/corpus/$target
    mkdir -p "found/$target" found/edge
    set -- "found/$target" "$corpus"
    if [ $keep = yes ] && [ "$target" = picture ] && [ -d "${NSCL_TEST_DATA:-none}/pictures/edge" ]; then
        set -- found/edge "$@" "$NSCL_TEST_DATA/pictures/edge" # apart: what is made from those stays out of the corpus
    fi
    status=0
    "tests/fuzz/fuzz_$target" -max_total_time="$seconds" -seed=$seed -max_len=32768 -timeout=60 -rss_limit_mb=768 -malloc_limit_mb=64 \
        -artifact_prefix="bad/$target-" -print_final_stats=1 "$@" >"$target.log" 2>&1 || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log")
    reach=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\).*/\1 edges/p' "$target.log" | tail -n 1)
    echo "$target: ${runs:-0} inputs, ${reach:-none}"
    if [ $status -ne 0 ]; then
        worst=1
        grep -E 'ERROR|SUMMARY|runtime error|not so:|Test unit written' "$target.log" || tail -n 20 "$target.log"
        echo "again with: $build/tests/fuzz/fuzz_$target FILE"
    fi
    [ $minimise = no ] || minimise "$target"
done
exit $worst
