#!/bin/sh
# nscl-weights: what it shows, verifies, converts and refuses.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER [NSCL_TEST_DATA=FOLDER] tests/test_weights_tool.sh
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"

tool=${NSCL_TEST_BUILD:?the folder of the build}/nscl-weights
tiny=${NSCL_TEST_SOURCE:?the tree of sources}/tests/golden/tiny.safetensors

# Runs the tool; $1 is the status it should end with.
run() {
    wanted=$1
    shift
    "$tool" "$@" >said 2>&1 </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: nscl-weights $*"
}
says() { grep -qE -e "$1" said || fail "does not say '$1'"; }

run 0 --help
says '^usage: nscl-weights'
run 0 --version
says '^nscl-weights [0-9]'
for usage in "" "paint x" "show" "show a b" "verify a --half" "convert a" "convert a b c" "convert a b.h5" "--no-such"; do
    # shellcheck disable=SC2086 # words
    run 2 $usage
done

run 0 show builtin
says '^network +narrow VGG-19'
says '^conv1_1\.weight +16 x 3 x 3 x 3 '
says '^conv5_4\.bias +128 '
says '^sha256 +[0-9a-f]{64}$'
run 0 show "$tiny"
says '^conv1_1\.weight +8 x 3 x 3 x 3 '
run 0 verify "$tiny"
says '^good: '
run 1 verify no_such_file
says "^bad: .*no_such_file"
head -c 1000 "$tiny" >cut.safetensors
run 1 verify cut.safetensors
says "^bad: .*cut.safetensors"
run 1 show cut.safetensors
echo "not weights" >text.h5
run 1 verify text.h5

# Converting keeps every value; half loses a thousandth at most, and half the size.
run 0 convert "$tiny" same.safetensors
"$tool" show "$tiny" | grep '^conv' >a
"$tool" show same.safetensors | grep '^conv' >b
cmp -s a b || fail "conversion changed values"
run 0 convert "$tiny" half.safetensors --half
[ "$(wc -c <half.safetensors)" -lt "$(($(wc -c <same.safetensors) * 6 / 10))" ] || fail "--half is not half the size"
run 0 verify half.safetensors
cp same.safetensors before
run 1 convert builtin same.safetensors
says "is there already"
cmp -s same.safetensors before || fail "an existing file was replaced"
run 0 convert builtin same.safetensors --overwrite
run 1 convert cut.safetensors same.safetensors --overwrite
"$tool" show same.safetensors | grep -q '16 x 3 x 3 x 3' || fail "a failed conversion harmed the file that was there"
run 1 convert "$tiny" no_folder/out.safetensors
says "no_folder"

for file in "${NSCL_TEST_DATA:-none}"/weights/vgg19*.h5; do
    if [ -f "$file" ]; then
        run 0 show "$file"
        says '^conv1_1\.bias +64 '
        says 'VGG-19 to conv5_4: 16 convolutions'
    else
        echo "skipped: no published network in the test data"
    fi
done
finish
