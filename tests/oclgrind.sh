#!/bin/sh
# Runs a test program on the simulator Oclgrind and fails on what it reports: data races, use of uninitialised values,
# accesses out of bounds. Kernels are compiled without optimisation, whose undefined lanes the check would take for a
# program's own.
#
# usage: tests/oclgrind.sh PROGRAM [ARGUMENT]...
set -eu
if ! command -v oclgrind >/dev/null 2>&1; then
    echo "skipped: oclgrind is not installed"
    exit 77
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
oclgrind --build-options -cl-opt-disable --data-races --uninitialized --log "$log" "$@" || status=$?
if [ -s "$log" ]; then
    head -n 60 "$log"
    echo "oclgrind reported $(grep -c 'Kernel:' "$log" || :) faults, the first above"
    exit 1
fi
exit $status
