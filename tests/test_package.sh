#!/bin/sh
# The packages: an archive of the sources that builds where there is no git, and from that build a Debian package with
# all that belongs in it. With NSCL_TEST_ROOT, as root, it is installed in a bare Debian 12 there and paints.
#
# usage: NSCL_TEST_SOURCE=TREE [NSCL_TEST_ROOT=FOLDER] tests/test_package.sh
#   NSCL_TEST_ROOT   made by debootstrap --variant=minbase bookworm FOLDER; packages are installed in it
# Status: 0 all well, 1 a check failed, 77 skipped for want of Debian's tools.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"

source=${NSCL_TEST_SOURCE:?the tree of sources}
for tool in dpkg-deb dpkg-shlibdeps; do
    if ! command -v $tool >/dev/null 2>&1; then
        echo "skipped: no $tool"
        exit 77
    fi
done
root=${NSCL_TEST_ROOT:-}
at_end() {
    for place in proc sys dev; do
        [ -z "$root" ] || ! mountpoint -q "$root/$place" || umount "$root/$place"
    done
}

fail() {
    printf 'FAIL: %s\n' "$*"
    exit 1
}

# ---- the sources ---------------------------------------------------------------------------------------

step cmake -B first -S "$source" -DNSCL_TESTS=OFF
step cmake --build first --target package_source
archive=$(echo first/nscl-*.tar.gz)
step tar -xzf "$archive"
tree=$(basename "$archive" .tar.gz)
[ -f "$tree/CMakeLists.txt" ] || fail "the archive has no folder $tree"
find "$tree" \( -name .git -o -name CMakeCache.txt -o -name '*.o' \) >extra
[ ! -s extra ] || fail "the archive holds $(head -n 3 extra | tr '\n' ' ')"
if [ -e "$source/.git" ] && command -v git >/dev/null 2>&1; then
    git -C "$source" ls-files | while IFS= read -r file; do
        [ ! -f "$source/$file" ] || [ -f "$tree/$file" ] || echo "$file"
    done >missing
    [ ! -s missing ] || fail "the archive lacks $(head -n 3 missing | tr '\n' ' ')"
fi

# A git that must not be asked.
mkdir bin
printf '#!/bin/sh\ntouch "%s/git_was_asked"\nexit 1\n' "$work" >bin/git
chmod +x bin/git
PATH=$work/bin:$PATH
step cmake -B build -S "$tree" -DNSCL_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr
step cmake --build build --parallel 2
[ ! -e git_was_asked ] || fail "the build asks git"

# ---- the package ---------------------------------------------------------------------------------------

step sh -c 'cd build && cpack -G DEB'
deb=$(echo build/nscl_*.deb)
field() { dpkg-deb --field "$deb" "$1"; }
[ "$(field Package)" = nscl ] || fail "the package is called $(field Package)"
[ "$(field Section)" = graphics ] || fail "its section is $(field Section)"
[ "$(field Version)" = "$(build/nscl --version | sed -n '1s/^nscl //p')" ] || fail "its version is $(field Version)"
[ "$(field Recommends)" = "pocl-opencl-icd | opencl-icd" ] || fail "it recommends $(field Recommends)"
field Maintainer | grep -q '<.*@.*>' || fail "it has no maintainer's address"
[ "$(field Description | wc -l)" -ge 3 ] || fail "its description is short"
# Each library that a file in it names is of a package that it depends on.
for library in libc6 ocl-icd-libopencl1 libclblast1 libpng16-16 libjpeg62-turbo zlib1g libjansson4 libmd0 libmicrohttpd12; do
    if dpkg -s $library >/dev/null 2>&1; then
        field Depends | grep -qE "(^|[ ,|])$library( |,|$)" || fail "it does not depend on $library: $(field Depends)"
    fi
done
step dpkg-deb --extract "$deb" files
step dpkg-deb --control "$deb" control
grep -q '^libnscl 0 nscl' control/shlibs || fail "nothing can depend on its library"
for name in nscl nscl-probe nscl-bench nscl-tune nscl-selftest nscl-weights nscl-studio; do
    for file in bin/$name share/man/man1/$name.1 share/bash-completion/completions/$name share/zsh/site-functions/_$name \
        share/fish/vendor_completions.d/$name.fish; do
        [ -s "files/usr/$file" ] || fail "it lacks /usr/$file"
    done
done
for file in include/nscl.h share/doc/nscl/copyright share/doc/nscl/README.md share/nscl/pictures/lakeside.jpg share/nscl/styles/waves.jpg; do
    [ -s "files/usr/$file" ] || fail "it lacks /usr/$file"
done
[ "$(find files -name 'libnscl.so.0' | wc -l)" -eq 1 ] || fail "it has no libnscl.so.0"
if grep -rlF "$work" files >extra; then
    fail "the place of the build is named in $(head -n 3 extra | tr '\n' ' ')"
fi
find files -type f -perm /022 >extra
[ ! -s extra ] || fail "anyone may write $(head -n 3 extra | tr '\n' ' ')"
step files/usr/bin/nscl --version
step files/usr/bin/nscl-weights verify builtin

# ---- installed -----------------------------------------------------------------------------------------

if [ -z "$root" ]; then
    echo "all well; not installed, for want of NSCL_TEST_ROOT"
    exit 0
fi
if [ ! -x "$root/usr/bin/apt-get" ] || [ "$(id -u)" -ne 0 ]; then
    fail "NSCL_TEST_ROOT: needs root, and a Debian in $root"
fi
for place in proc sys dev; do
    step mount --bind "/$place" "$root/$place"
done
step cp "$deb" "$root/root/nscl.deb"
[ ! -e /etc/resolv.conf ] || step cp -L /etc/resolv.conf "$root/etc/resolv.conf"
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive HOME=/root "$@"; }
step inside apt-get -q update
step inside apt-get -q -y --reinstall install /root/nscl.deb
step inside rm -f /root/painted.png
step inside nscl --content /usr/share/nscl/pictures/lakeside.jpg --styles /usr/share/nscl/styles/waves.jpg --size 256 --iterations 20 --output /root/painted.png
[ -s "$root/root/painted.png" ] || fail "it paints nothing"
inside nscl-probe --quick | grep -i 'device\|auto' | head -n 3
echo "all well: installed, and painted $(wc -c <"$root/root/painted.png") bytes in $root/root/painted.png"
