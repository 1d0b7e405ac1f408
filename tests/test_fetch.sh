#!/bin/sh
# nscl-weights fetch against a server on loopback that redirects, cuts, stalls, lies and is not there: what it fetches is
# whole or not there at all, and what it says leads on.
#
# usage: NSCL_TEST_SOURCE=TREE NSCL_TEST_BUILD=FOLDER tests/test_fetch.sh
# Status: 0 all well, 1 a check failed, 77 no python3 for the server, or a build without libcurl.
# shellcheck source-path=SCRIPTDIR source=checks.sh
. "$(dirname "$0")/checks.sh"

source=${NSCL_TEST_SOURCE:?the tree of sources}
tool=${NSCL_TEST_BUILD:?the folder of the build}/nscl-weights
tiny=$source/tests/golden/tiny.safetensors
server=
disk=
# shellcheck disable=SC2317 # the trap calls it
at_end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    [ -z "$disk" ] || umount "$disk"
}

unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
XDG_DATA_HOME=$work/data
export XDG_DATA_HOME
folder=$work/data/nscl
whole=$folder/vgg19.safetensors
part=$whole.part
h5=$folder/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5

# Runs the tool; $1 is the status it should end with.
run() {
    wanted=$1
    shift
    "$tool" "$@" >said 2>&1 </dev/null
    status=$?
    [ $status -eq "$wanted" ] || fail "status $status, not $wanted: nscl-weights $*"
    [ "$(wc -l <said)" -eq 1 ] || [ "$wanted" -eq 0 ] || fail "says more or less than one line: nscl-weights $*"
}
says() { grep -qF -e "$1" said || fail "does not say '$1'"; }
# What the data folder holds is exactly these files.
holds() {
    there=$(cd "$folder" 2>/dev/null && printf '%s ' *)
    [ "$there" = "${*:-*} " ] || fail "the folder holds $there, not ${*:-nothing}"
}
clean() { rm -rf "$work/data"; }
# The last request was for this range.
asked() { [ "$(tail -n 1 log)" = "$1" ] || fail "asked for '$(tail -n 1 log)', not '$1'"; }
bytes() { wc -c <"$1" | tr -d ' '; }
hash_of() { python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

# ---- without a server ----
run 2 fetch
run 2 fetch vgg11
says "vgg11"
run 2 fetch vgg19 vgg16
run 2 fetch vgg19 --from
run 2 fetch vgg19 --from "file://$tiny"
says "http://"
run 2 fetch vgg19 --from "ftp://127.0.0.1/vgg19.h5"
run 2 fetch vgg19 --sha256 00
run 2 fetch vgg19 --from "http://127.0.0.1/a" --sha256 12345
run 2 fetch vgg19 --from "http://127.0.0.1/imagenet-vgg-verydeep-16.mat" --half
run 2 fetch vgg16 --from "http://127.0.0.1/imagenet-vgg-verydeep-16.mat"
says "no hash is published of imagenet-vgg-verydeep-16.mat"
run 2 fetch vgg19 --timeout 0
run 2 show builtin --timeout 5
run 2 show builtin --from "http://127.0.0.1/"

"$tool" fetch vgg19 --from "http://127.0.0.1:1/x" >said 2>&1 </dev/null
if grep -q "no libcurl" said; then
    says "https://storage.googleapis.com/tensorflow/keras-applications/vgg19/vgg19_weights"
    says "$folder"
    [ $failures -eq 0 ] || exit 1
    echo "skipped: built without libcurl"
    exit 77
fi
if ! command -v python3 >/dev/null 2>&1; then
    echo "skipped: no python3 to be the server"
    exit 77
fi

: >log
python3 "$source/tests/fetch_server.py" "$tiny" "$work/log" >port 2>server_said &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ ! -s port ] || break
    sleep 0.5
done
[ -s port ] || { cat server_said; echo "FAIL: the server does not start"; exit 1; }
base=http://127.0.0.1:$(cat port)
sha=$(hash_of "$tiny")
name=net.safetensors
size=$(bytes "$tiny")

# ---- what works ----
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
says "$whole"
says "--network vgg19"
holds vgg19.safetensors
cmp -s "$tiny" "$whole" || fail "the file is not what the server has"
run 0 verify vgg19
requests=$(wc -l <log)
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$(echo "$sha" | tr a-f A-F)"
says "there already"
[ "$(wc -l <log)" -eq "$requests" ] || fail "a file that is there is fetched again"
echo other >"$whole"
run 1 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
says "--overwrite"
[ "$(cat "$whole")" = other ] || fail "another file was replaced"
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$sha" --overwrite
cmp -s "$tiny" "$whole" || fail "--overwrite does not replace"
clean
run 0 fetch vgg19 --from "$base/redirect/$name?key=1#part" --sha256 "$sha"
holds vgg19.safetensors
clean
http_proxy=$base "$tool" fetch vgg19 --from "http://weights.invalid/good/$name" --sha256 "$sha" >said 2>&1 || fail "the proxy is not used"
asked "http://weights.invalid/good/$name -"
clean

# ---- cut, and gone on with ----
run 3 fetch vgg19 --from "$base/cut/$name" --sha256 "$sha"
says "cut"
says "$((size / 2)) bytes of it are kept in '$part'"
says "$base/cut/$name"
says "'$folder'"
holds vgg19.safetensors.part
[ "$(bytes "$part")" -eq $((size / 2)) ] || fail "the part has not what came"
run 3 fetch vgg19 --from "$base/cut/$name" --sha256 "$sha"
asked "/cut/$name bytes=$((size / 2))-"
[ "$(bytes "$part")" -eq $((size / 2 + (size - size / 2) / 2)) ] || fail "the part does not grow"
cp "$part" before
run 3 fetch vgg19 --from "$base/no/$name" --sha256 "$sha" # what is there outlives other failures
cmp -s "$part" before || fail "a missing file harms the part"
run 1 fetch vgg19 --from "$base/page/$name" --sha256 "$sha"
cmp -s "$part" before || fail "a web page harms the part"
run 1 fetch vgg19 --from "$base/hidden/$name" --sha256 "$sha"
cmp -s "$part" before || fail "a hidden web page harms the part"
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
asked "/good/$name bytes=$(bytes before)-"
cmp -s "$tiny" "$whole" || fail "the file put together is not what the server has"
holds vgg19.safetensors
for kind in plain shift; do # no ranges, or a wrong one: from the beginning
    rm "$whole"
    cp before "$part"
    run 0 fetch vgg19 --from "$base/$kind/$name" --sha256 "$sha"
    cmp -s "$tiny" "$whole" || fail "$kind: the file is not what the server has"
done
rm "$whole"
cp "$tiny" "$part" # whole, but for its name
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
asked "/good/$name bytes=$size-"
holds vgg19.safetensors
rm "$whole"
{ cat "$tiny"; echo more; } >"$part" # longer than the file
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
cmp -s "$tiny" "$whole" || fail "a part that is too long spoils the file"
clean

# ---- what the server should not do ----
run 3 fetch vgg19 --from "$base/no/$name" --sha256 "$sha"
says "404"
holds
run 3 fetch vgg16 --from "$base/nothing"
says "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
holds
for kind in page hidden; do
    run 1 fetch vgg19 --from "$base/$kind/x.h5"
    says "web page"
    holds
done
run 1 fetch vgg19 --from "$base/good/x.h5"
says "MD5"
says "not 253f8cb515780f3b799900260a226db6"
holds
run 1 fetch vgg19 --from "$base/good/vgg19-dcbb9e9d.pth"
says "not dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"
says "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
holds
run 1 fetch vgg19 --from "$base/wrong/$name" --sha256 "$sha"
says "SHA-256"
holds
head -c 1000 "$tiny" >"$h5.part" # of a file that it never was
run 1 fetch vgg19 --from "$base/good/x.h5"
holds
run 3 fetch vgg19 --from "$base/loop/$name" --sha256 "$sha"
says "redirect"
holds
run 1 fetch vgg19 --from "$base/away/$name" --sha256 "$sha"
says "not of http"
holds
run 1 fetch vgg19 --from "$base/large/$name" --sha256 "$sha"
says "larger"
holds
run 3 fetch vgg19 --from "$base/reset/$name" --sha256 "$sha"
holds
run 3 fetch vgg19 --from "http://127.0.0.1:1/$name" --sha256 "$sha"
says "127.0.0.1"
says "by hand"
holds
run 3 fetch vgg19 --from "http://weights.invalid/$name" --sha256 "$sha" --timeout 5
says "weights.invalid"
holds
run 3 fetch vgg19 --from "$base/stall/$name" --sha256 "$sha" --timeout 2
says "2 seconds"
[ "$(bytes "$part")" -ge 5000 ] || fail "a stall leaves less than came"
run 3 fetch vgg19 --from "$base/slow/$name" --sha256 "$sha" --timeout 2
clean
"$tool" fetch vgg19 --from "$base/stall/$name" --sha256 "$sha" --timeout 6 >/dev/null 2>&1 </dev/null &
first=$!
sleep 2
run 1 fetch vgg19 --from "$base/good/$name" --sha256 "$sha" # while another is at it
says "another process"
wait $first
[ "$(bytes "$part")" -ge 5000 ] || fail "a second process harms the part of the first"
clean
echo "this is no network" >text
run 1 fetch vgg19 --from "$base/good/$name" --sha256 "$(hash_of text)"
holds
clean

# ---- full disks ----
(
    ulimit -f 64 # blocks of 512 bytes
    "$tool" fetch vgg19 --from "$base/good/$name" --sha256 "$sha" >said 2>&1 </dev/null
    [ $? -eq 1 ]
) || fail "a limit on the size of files does not end with status 1"
says "large"
says "$part"
holds vgg19.safetensors.part
[ "$(bytes "$part")" -eq 32768 ] || fail "the part is not what fits"
run 0 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
asked "/good/$name bytes=32768-"
clean
mkdir -p "$folder"
if mount -t tmpfs -o size=64k none "$folder" 2>/dev/null; then
    disk=$folder
    run 1 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
    says "No space left"
    holds vgg19.safetensors.part
    umount "$folder"
    disk=
else
    echo "no file system of its own could be mounted: the full disk is only the limit above"
fi
clean
mkdir -p "$work/data"
echo >"$folder" # where the folder should be
run 1 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
says "$folder"
clean
[ "$(id -u)" -eq 0 ] || {
    mkdir -p "$folder"
    chmod a-w "$folder"
    run 1 fetch vgg19 --from "$base/good/$name" --sha256 "$sha"
    says "Permission denied"
    chmod u+w "$folder"
}
finish
