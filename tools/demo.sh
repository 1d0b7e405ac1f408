#!/bin/sh
# From a fresh checkout to a painted picture: installs what is missing, builds in build/, paints.
#
# usage: tools/demo.sh [OPTION OF nscl]...      e.g. tools/demo.sh --size 256 --iterations 100
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# Runs a step in silence: $1 what it is; if it fails, the end of what it said is shown.
step() {
    what=$1
    shift
    if ! "$@" >>build/demo.log 2>&1; then
        tail -n 25 build/demo.log >&2
        fail "$what failed: the lines above are the end of build/demo.log"
    fi
}

tools/setup.sh || fail "setup failed: see above for what is missing"
mkdir -p build
: >build/demo.log
step "configuring" cmake -B build -S . -DCMAKE_BUILD_TYPE=Release
step "building" cmake --build build --parallel "$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)"

# The arguments go last, so that they override; the picture's name is looked up for the message.
picture=build/demo.png
previous=
for arg in "$@"; do
    case $previous in --output) picture=$arg ;; esac
    case $arg in --output=*) picture=${arg#*=} ;; esac
    previous=$arg
done
build/nscl --content data/pictures/lakeside.jpg --styles data/styles/swirls.jpg --output build/demo.png \
    --size 512 --iterations 200 --overwrite "$@" || fail "painting failed with status $?: see above"
[ -s "$picture" ] || fail "nscl ended well but left no picture at $picture"
case $picture in
    /*) ;;
    *) picture=$(pwd)/$picture ;;
esac
echo "demo: the picture is $picture"
