#!/bin/sh
# Checks what the compilers do not: layout, the rules that keep the library silent and its kernels
# portable, and that every .cl file and script is sound by itself. One line a problem, FILE:LINE: WHAT;
# status 1 if there is any. clang and shellcheck are used where they are there.
#
# usage: tools/check_style.sh
set -eu
cd "$(dirname "$0")/.."
LC_ALL=C
export LC_ALL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The tree's files: what git tracks, else what a find sees.
if git rev-parse --is-inside-work-tree >/dev/null 2>&1 && [ -e .git ]; then
    git ls-files
else
    find . -type f ! -path './.git/*' ! -path './build*' | sed 's,^\./,,'
fi | while IFS= read -r file; do
    [ ! -f "$file" ] || printf '%s\n' "$file"
done >"$work/all"

select_files() { grep -E "$1" "$work/all" || :; }
select_files '\.(c|h|cl|sh|py|cmake|md|in)$|(^|/)CMakeLists\.txt$|^\.ci/run$' >"$work/text"
select_files '^cl/[^/]*\.cl$' >"$work/kernels"
select_files '\.sh$|^\.ci/run$' >"$work/scripts"

# ---- text, in one pass ------------------------------------------------------------------------------
cat >"$work/text.awk" <<'AWK'
function problem(what) { printf "%s:%d: %s\n", FILENAME, FNR, what }

# The line without comments (which may go on over lines) and, in `bare`, without the insides of strings.
function strip(line,    out, i, n, c, two, quote) {
    out = bare = quote = ""
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++ }
            continue
        }
        if (quote != "") {
            out = out c
            if (c == "\\") { i++; out = out substr(line, i, 1) }
            else if (c == quote) { quote = ""; bare = bare c }
            continue
        }
        if (two == "//") break
        if (two == "/*") { in_comment = 1; i++; out = out " "; bare = bare " "; continue }
        if (c == "\"" || c == "'") quote = c
        out = out c
        bare = bare c
    }
    return out
}

FNR == 1 {
    in_comment = 0
    code = FILENAME ~ /\.(c|h|cl)$/
    kernel = FILENAME ~ /^cl\/.*\.cl$/
    host = FILENAME ~ /^host\/.*\.c$/
    silent = host && FILENAME !~ /^host\/(main|options|cli|progress)[^\/]*\.c$/
    neutral = kernel || host && FILENAME !~ /^host\/(device|quirk[^\/]*)\.c$/
}
/[ \t\r]$/ { problem("blank at the end of the line") }
length($0) > 160 && FILENAME !~ /\.md$/ { problem("line of " length($0) " columns (at most 160)") }
!code { next }
/\t/ { problem("tab") }
/[^ -~\t\r]/ { problem("character outside ASCII") }
!silent && !neutral { next }
{
    text = strip($0)
    if (kernel && bare ~ /(^|[^A-Za-z0-9_])mad[ ]*\(/)
        problem("mad() promises no accuracy: use fma() or a * b + c")
    if (silent && match(bare, /(^|[^A-Za-z0-9_.>])(v?printf|puts|putchar|perror|exit|_Exit|abort|quick_exit)[ ]*\(/)) {
        call = substr(bare, RSTART, RLENGTH)
        sub(/^[^A-Za-z_]/, "", call)
        problem("the library neither prints nor ends the process: " call ")")
    }
    if (silent && bare ~ /(^|[^A-Za-z0-9_])(stdout|stderr)([^A-Za-z0-9_]|$)/)
        problem("the library does not print: stdout or stderr")
    if (neutral) {
        # Names of extensions and of platforms' macros tell features, not vendors.
        text = tolower(text)
        gsub(/(cl|intel)_[a-z0-9_]+|__apple__/, " ", text)
        if (match(text, /(^|[^a-z0-9])(nvidia|geforce|amd|radeon|intel|apple|qualcomm|adreno|mali|powervr|pocl|mesa|rusticl|llvmpipe)([^a-z0-9]|$)/)) {
            name = substr(text, RSTART, RLENGTH)
            gsub(/[^a-z0-9]/, "", name)
            problem("vendor's name outside host/device.c and host/quirk*.c: " name)
        }
    }
}
AWK
if [ -s "$work/text" ]; then
    tr '\n' '\0' <"$work/text" | xargs -0 awk -f "$work/text.awk" >>"$work/problems"
fi

# ---- every kernel file compiles alone ---------------------------------------------------------------
# Warnings count, but for functions of common.cl that a file does not use.
if command -v clang >/dev/null 2>&1; then
    while IFS= read -r file; do
        clang -x cl -cl-std=CL1.2 -Xclang -finclude-default-header -fsyntax-only -Wall -Wextra -Wno-unused-function \
            -fno-caret-diagnostics -fno-color-diagnostics -Icl "$file" 2>&1 |
            sed -n -e 's/^\([^ :]*:[0-9]*\):[0-9]*: \(warning\|error\|fatal error\): /\1: /p' >>"$work/problems"
    done <"$work/kernels"
fi

# ---- scripts ----------------------------------------------------------------------------------------
if command -v shellcheck >/dev/null 2>&1 && [ -s "$work/scripts" ]; then
    tr '\n' '\0' <"$work/scripts" | xargs -0 shellcheck -x -f gcc |
        sed 's/^\([^:]*:[0-9]*\):[0-9]*: [a-z]*: /\1: /' >>"$work/problems" || :
fi

[ -s "$work/problems" ] || exit 0
sort -t: -k1,1 -k2,2n "$work/problems" | uniq
exit 1
