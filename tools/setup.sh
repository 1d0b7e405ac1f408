#!/bin/sh
# Installs what is missing to build nscl and, with --tests, to test it.
# Debian and its relatives: through apt, as root or with sudo; where all is there already, nothing is
# called that takes time. Elsewhere it names the packages and checks that the libraries are found.
#
# usage: tools/setup.sh [--tests]
#   NSCL_NO_INTEL=1   leave out the optional CPU runtime from PyPI (700 MB) that --tests adds
# Status: 0 all that is required is there, 1 something is missing, 2 wrong usage.
set -eu

tests=no
for arg in "$@"; do
    case $arg in
        --tests) tests=yes ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "setup: unknown argument '$arg' (only --tests is known)" >&2; exit 2 ;;
    esac
done

say() { printf 'setup: %s\n' "$*"; }
warn() { printf 'setup: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Whether the word $1 is among the words of $2.
among() {
    case " $(printf '%s' "$2" | tr '\n' ' ') " in *" $1 "*) return 0 ;; esac
    return 1
}

part=
apt_log=
trap 'rm -rf ${part:+"$part" "$part.log"} ${apt_log:+"$apt_log"}' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/nscl

# ---- what is needed ---------------------------------------------------------------------------------

# Programs, as program:package of Debian. A compiler under its general name will do.
build_programs="cmake:cmake make:make cc:gcc c++:g++ pkg-config:pkg-config"
test_programs="clang:clang shellcheck:shellcheck python3:python3 oclgrind:oclgrind"

# Required libraries, by their pkg-config name. OpenCL is a part of macOS.
modules="clblast libpng zlib libjpeg jansson libmd"
[ "$(uname -s)" = Darwin ] || modules="OpenCL $modules"
[ $tests = no ] || modules="$modules cmocka"

# Each for a feature of its own, built without where it is not there.
optional_modules="libexif lcms2 matio libcurl libmicrohttpd"

build_packages="ocl-icd-opencl-dev opencl-c-headers libclblast-dev libpng-dev zlib1g-dev libjpeg-dev libexif-dev
    liblcms2-dev libmatio-dev libjansson-dev libcurl4-openssl-dev libmicrohttpd-dev libmd-dev ca-certificates"
test_packages="libcmocka-dev libhdf5-dev libclang-rt-dev pocl-opencl-icd mesa-opencl-icd python3-venv chromium chromium-driver"

# Not in every release: the tests that use them are skipped without.
optional_packages="oclgrind mesa-opencl-icd shellcheck libclang-rt-dev chromium chromium-driver"

# An OpenCL device: true when some driver is registered. Mesa's registers everywhere but shows a device
# only where it is asked to, so it does not count.
have_driver() {
    for icd in "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}"/*.icd; do
        case $icd in
            */mesa.icd | */rusticl.icd) ;;
            *) [ ! -f "$icd" ] || return 0 ;;
        esac
    done
    return 1
}

# ---- Debian and its relatives -----------------------------------------------------------------------

# Sets $missing to the packages that are to be installed.
find_missing() {
    programs=$build_programs
    packages=$build_packages
    if [ $tests = yes ]; then
        programs="$programs $test_programs"
        packages="$packages $test_packages"
    elif ! have_driver; then
        packages="$packages pocl-opencl-icd"
    fi
    missing=
    for pair in $programs; do
        have "${pair%%:*}" || missing="$missing ${pair#*:}"
    done
    # shellcheck disable=SC2086 # a list of words
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | sed -n 's/^installed //p' || :)
    for package in $packages; do
        among "$package" "$installed" || missing="$missing $package"
    done
}

# Runs apt-get by hand of root.
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 "$@"
}

# Takes out of $missing what is optional and not in apt's lists.
drop_unknown() {
    kept=
    for package in $missing; do
        if ! among "$package" "$optional_packages" || apt-cache show "$package" >/dev/null 2>&1; then
            kept="$kept $package"
        fi
    done
    missing=$kept
}

have_lists() {
    for list in /var/lib/apt/lists/*_Packages*; do
        [ ! -f "$list" ] || return 0
    done
    return 1
}

setup_apt() {
    find_missing
    [ -n "$missing" ] || return 0
    ! have_lists || drop_unknown
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        as_root=sudo
    else
        warn "these packages are missing and only root can install them. Run, as root:"
        echo "    apt-get update && apt-get install -y --no-install-recommends$missing" >&2
        return 1
    fi
    apt_log=$(mktemp)
    if ! apt update >"$apt_log" 2>&1; then
        warn "apt-get update failed; going on with the lists that are there:"
        tail -n 3 "$apt_log" >&2
    fi
    drop_unknown
    [ -n "$missing" ] || return 0
    say "installing:$missing"
    # shellcheck disable=SC2086 # a list of words
    if ! apt --no-install-recommends install $missing >"$apt_log" 2>&1; then
        tail -n 20 "$apt_log" >&2
        warn "apt-get could not install:$missing"
        return 1
    fi
}

# ---- other systems ----------------------------------------------------------------------------------

# Whether nothing at all is to be found missing, so that there is nothing to say.
all_there() {
    for program in cmake make cc c++ pkg-config; do
        have $program || return 1
    done
    # shellcheck disable=SC2086
    pkg-config --exists $modules $optional_modules
}

# $1: the system's name, $2: the command that installs, $3: packages to build, $4: packages to test.
advise() {
    say "$1: these packages are needed (not installed by this script):"
    [ $tests = no ] || set -- "$1" "$2" "$3 $4"
    echo "    $2 $3"
}

setup_other() {
    case $1 in
        fedora)
            advise Fedora "sudo dnf install" \
                "cmake make gcc gcc-c++ pkgconf-pkg-config 'pkgconfig(OpenCL)' opencl-headers clblast-devel libpng-devel zlib-devel libjpeg-turbo-devel \
libexif-devel lcms2-devel matio-devel jansson-devel libcurl-devel libmicrohttpd-devel libmd-devel pocl" \
                "libcmocka-devel hdf5-devel compiler-rt mesa-libOpenCL clang ShellCheck python3 chromium chromedriver" ;;
        arch)
            advise Arch "sudo pacman -S --needed" \
                "cmake make gcc pkgconf ocl-icd opencl-headers clblast libpng zlib libjpeg-turbo libexif lcms2 libmatio jansson curl libmicrohttpd libmd pocl" \
                "cmocka hdf5 compiler-rt opencl-mesa clang shellcheck python chromium" ;;
        macos)
            advise macOS "brew install" \
                "cmake pkgconf clblast libpng jpeg-turbo libexif little-cms2 libmatio jansson curl libmicrohttpd libmd" \
                "cmocka hdf5 shellcheck python" ;;
        *)
            say "this system is not known here; needed are the development files of"
            echo "    OpenCL (loader and headers), CLBlast, libpng, zlib, libjpeg-turbo, jansson, libmd, and a driver such as PoCL"
            echo "    and, each for a feature of its own: libexif, lcms2, matio, libcurl, libmicrohttpd"
            [ $tests = no ] || echo "    and for the tests: cmocka, HDF5, clang, shellcheck, python3, chromium with its driver"
            ;;
    esac
}

# Says what is required and not there.
check_required() {
    lacking=
    for program in cmake make cc c++ pkg-config; do
        have $program || lacking="$lacking $program"
    done
    if have pkg-config; then
        for module in $modules; do
            pkg-config --exists "$module" || lacking="$lacking $module"
        done
    else
        lacking="$lacking $modules"
    fi
    [ -n "$lacking" ] || return 0
    warn "still missing:$lacking"
    return 1
}

# ---- a second CPU runtime, for the tests ------------------------------------------------------------

# Intel's CPU runtime beside PoCL gives a machine without a GPU the devices of two vendors. Its licence
# does not let anyone ship it, so it is fetched into a virtual environment outside the tree. Not required.
setup_intel() {
    home=$cache/intel
    if [ ! -e "$home/lib/libintelocl.so" ]; then
        [ "${NSCL_NO_INTEL:-0}" != 1 ] || { say "NSCL_NO_INTEL=1: going on without Intel's CPU runtime"; return 0; }
        case $(uname -s)-$(uname -m) in
            Linux-x86_64) ;;
            *) return 0 ;;
        esac
        # Made under another name and then moved, so that a download that is cut off leaves nothing behind.
        part=$home.part.$$
        mkdir -p "$cache" 2>/dev/null || { say "cannot make $cache: going on without Intel's CPU runtime"; return 0; }
        log=$part.log
        say "fetching Intel's CPU runtime from PyPI (700 MB; NSCL_NO_INTEL=1 leaves it out)"
        if python3 -m venv "$part" >"$log" 2>&1 &&
            "$part/bin/python" -m pip install -q --retries 1 --no-cache-dir intel-opencl-rt intel-cmplr-lib-rt >"$log" 2>&1 &&
            [ -e "$part/lib/libintelocl.so" ]; then
            [ -e "$home" ] || mv "$part" "$home"
        else
            tail -n 3 "$log" >&2
            warn "could not fetch Intel's CPU runtime; the tests that use it will be skipped"
            return 0
        fi
    fi
    mkdir -p "$cache/icd"
    [ "$(cat "$cache/icd/intel.icd" 2>/dev/null)" = "$home/lib/libintelocl.so" ] ||
        echo "$home/lib/libintelocl.so" >"$cache/icd/intel.icd"
    for icd in /etc/OpenCL/vendors/pocl*.icd; do
        [ ! -f "$icd" ] || cmp -s "$icd" "$cache/icd/${icd##*/}" || cp "$icd" "$cache/icd/"
    done
}

# ---- which system -----------------------------------------------------------------------------------

system=unknown
if [ "$(uname -s)" = Darwin ]; then
    system=macos
elif [ -r /etc/os-release ]; then
    ids=$(sed -n -e 's/^ID=//p' -e 's/^ID_LIKE=//p' /etc/os-release | tr -d \"\' | tr '\n' ' ')
    for id in $ids; do
        case $id in
            debian | ubuntu) system=debian ;;
            fedora | rhel | centos) system=fedora ;;
            arch) system=arch ;;
            *) continue ;;
        esac
        break
    done
fi
if [ $system = debian ] && have apt-get && have dpkg-query; then
    setup_apt || exit 1
else
    all_there || setup_other $system
fi
check_required || exit 1
[ $tests = no ] || setup_intel
