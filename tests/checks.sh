#!/bin/sh
# For the tests in shell, which begin with
#     . "$(dirname "$0")/checks.sh"
# A folder of their own, $work, in which they go on and which goes when they end; fail counts a check that failed and
# shows what the file `said` holds; finish ends the test. at_end may be defined anew, for what else must go.
set -u
LC_ALL=C
export LC_ALL

work=$(mktemp -d)
at_end() { :; }
trap 'at_end; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 1

failures=0
fail() {
    failures=$((failures + 1))
    printf 'FAIL: %s\n' "$*"
    [ ! -s "$work/said" ] || sed 's/^/    | /' "$work/said" | head -n 12
}

# Runs a step that the others need, in silence; if it fails, says what it said and ends.
step() {
    if ! "$@" >"$work/said" 2>&1; then
        printf 'FAIL: %s\n' "$*"
        tail -n 30 "$work/said"
        exit 1
    fi
}

finish() {
    if [ "$failures" -ne 0 ]; then
        echo "$failures checks failed"
        exit 1
    fi
    echo "all well"
}
