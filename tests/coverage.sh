#!/bin/sh
# coverage.sh DIRECTORY: what the tests of a build with --coverage have reached, by gcovr: a table of
# src/, and for each folder that decides or starts (config, admit, launch) at least LEAST per cent of
# its lines, or it fails. Started by tests/run.sh after that build's tests.
set -u
cd "$(dirname -- "$0")/.." || exit 99
build=$1
least=${LEAST:-90}
failed=0

report() {
    gcovr --root . --object-directory "$build" --filter "$@" 2>/dev/null
}

report 'src/' | grep -v '^-*$' | cut -c 1-72
for folder in config admit launch; do
    reached=$(report "src/$folder/" | sed -n 's/^TOTAL .* \([0-9]*\)%.*$/\1/p')
    if [ -n "$reached" ] && [ "$reached" -ge "$least" ]; then
        echo "ok - coverage of src/$folder: $reached % of its lines"
    else
        echo "not ok - coverage of src/$folder: ${reached:-0} % of its lines, and not $least"
        failed=1
    fi
done
exit "$failed"
