#!/bin/sh
# The installed program and library: a build as a packager makes it, a second CMake project (tests/consumer) that finds
# the library, the same through pkg-config, and the header alone in C and C++.
#
# usage: NSCL_TEST_SOURCE=TREE tests/test_install.sh
# Status: 0 all well, 1 a check failed. Without a device nothing is painted.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"

source=${NSCL_TEST_SOURCE:?the tree of sources}

step cmake -B build -S "$source" -DNSCL_TESTS=OFF -DCMAKE_INSTALL_PREFIX="$work/usr" -DCMAKE_INSTALL_LIBDIR=lib
step cmake --build build --parallel 2
step cmake --install build
for file in bin/nscl bin/nscl-probe bin/nscl-weights include/nscl.h lib/libnscl.so lib/pkgconfig/nscl.pc share/nscl/pictures/lakeside.jpg \
    share/man/man1/nscl.1 share/man/man1/nscl-bench.1 share/bash-completion/completions/nscl share/zsh/site-functions/_nscl \
    share/fish/vendor_completions.d/nscl.fish; do
    step test -s "usr/$file"
done
step usr/bin/nscl --version
step usr/bin/nscl-weights verify builtin
if [ -e usr/bin/nscl-studio ]; then # built where libmicrohttpd is
    step usr/bin/nscl-studio --version
fi

# What the library shows to others is what its header declares.
sed -n 's/.*[ *]\(nscl_[a-z0-9_]*\)(.*/\1/p' usr/include/nscl.h | sort -u >declared
nm -D --defined-only usr/lib/libnscl.so | sed -n 's/.* T //p' | sort -u >exported
comm -13 declared exported >extra
[ ! -s extra ] || { echo "FAIL: libnscl.so also exports: $(tr '\n' ' ' <extra)"; exit 1; }
comm -23 declared exported >missing
[ ! -s missing ] || { echo "FAIL: libnscl.so does not export: $(tr '\n' ' ' <missing)"; exit 1; }

printf '#include <nscl.h>\nint main(void) { return nscl_version() == 0; }\n' >header.c
step cc -std=c11 -Wall -Wextra -Werror -pedantic -Iusr/include header.c -o header -Lusr/lib -lnscl -Wl,-rpath,"$work/usr/lib"
step ./header
if command -v c++ >/dev/null 2>&1; then
    sed 's/(void)/()/' header.c >header.cc
    step c++ -std=c++17 -Wall -Wextra -Werror -pedantic -Iusr/include header.cc -o header -Lusr/lib -lnscl -Wl,-rpath,"$work/usr/lib"
    step ./header
fi

step cmake -B second -S "$source/tests/consumer" -DCMAKE_PREFIX_PATH="$work/usr"
step cmake --build second
PKG_CONFIG_PATH=$work/usr/lib/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # a list of options
step cc -std=c11 "$source/tests/consumer/consumer.c" -o third $(pkg-config --cflags --libs nscl) -Wl,-rpath,"$work/usr/lib"
step test "$(pkg-config --modversion nscl)" = "$(usr/bin/nscl --version | sed -n '1s/^nscl \([0-9.]*\).*/\1/p')"

if ! usr/bin/nscl --list-devices >said 2>&1; then
    echo "no device: the installed library was not run"
    exit 0
fi
step second/consumer usr/share/nscl/pictures/lakeside.jpg usr/share/nscl/styles/waves.jpg second.png
step ./third usr/share/nscl/pictures/lakeside.jpg usr/share/nscl/styles/waves.jpg third.png
step usr/bin/nscl --content usr/share/nscl/pictures/lakeside.jpg --styles usr/share/nscl/styles/waves.jpg --short-side 64 --iterations 5 --output first.png
step cmp second.png third.png
step test -s first.png
# An existing picture stays.
if second/consumer usr/share/nscl/pictures/lakeside.jpg usr/share/nscl/styles/waves.jpg second.png >said 2>&1; then
    echo "FAIL: the consumer wrote over a picture"
    exit 1
fi
step cmp second.png third.png
