#!/bin/sh
# run.sh [CASE]...: every case of this folder, or those that are named, six at a time: most of a
# case is waiting. One line a case, and all that a failed one said.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
export srcdir
results=$(mktemp -d "${TMPDIR:-/tmp}/stdinetd-faults.XXXXXX") || exit 99
trap 'rm -rf "$results"' EXIT

failed=0
if [ $# -eq 0 ]; then
    for file in "$srcdir"/tests/faults/*.sh; do
        case ${file##*/} in
        lib.sh | run.sh) ;;
        *) set -- "$@" "$(basename "$file" .sh)" ;;
        esac
    done
    for case; do
        grep -q "^| $case | " "$srcdir/tests/faults/README.md" || {
            echo "not ok - README.md has $case"
            failed=1
        }
    done
fi
# Backwards: the longest ones stand near the end of the alphabet.
# shellcheck disable=SC2016 # for the shells that xargs starts
printf '%s\n' "$@" | sort -r | xargs -P 6 -I CASE sh -c '
    timeout 300 sh "$srcdir/tests/faults/$1.sh" >"$2/$1" 2>&1 </dev/null
    echo $? >"$2/$1.status"' - CASE "$results"

for case; do
    case $(cat "$results/$case.status") in
    0) echo "ok - $case" ;;
    77) sed -n "s/^skip -/& $case:/p" "$results/$case" ;;
    *)
        echo "not ok - $case"
        sed 's/^/#   /' "$results/$case"
        failed=1
        ;;
    esac
done
exit "$failed"
