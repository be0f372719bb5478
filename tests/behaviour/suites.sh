#!/bin/sh
# suites.sh: the suites of tests/behaviour/behaviour, each by itself and three at a time: most of a test
# is waiting. All that they say, suite by suite, and one line with the sum at the end, as Check has it.
# STDINETD_SUITES names those that are wanted (all); STDINETD_BEHAVIOUR the program.
set -u
cd "${srcdir:-.}" || exit 99
program=${STDINETD_BEHAVIOUR:-./build/tests/behaviour/behaviour}
results=$(mktemp -d "${TMPDIR:-/tmp}/stdinetd-suites.XXXXXX") || exit 99
trap 'rm -rf "$results"' EXIT
[ -n "${STDINETD_SUITES:-}" ] ||
    STDINETD_SUITES=$(sed -n 's/.*suite_create("\([^"]*\)").*/\1/p' tests/behaviour/test_*.c)

# run JOBS: the suites that are listed.
run() {
    # shellcheck disable=SC2016 # for the shells that xargs starts
    xargs -P "$1" -I NAME sh -c '
        began=$(date +%s)
        CK_RUN_SUITE=$2 "$1" >"$3/$2" 2>&1
        echo "$2: status $?, $(($(date +%s) - began)) s" >>"$3/$2"' - "$program" NAME "$results"
}

# The longest ones first, so that none is alone at the end.
# shellcheck disable=SC2086 # words
in_order() {
    longest=$(printf '%s\n' warm carried upgrade notify logs control)
    printf '%s\n' $longest | grep -xF "$(printf '%s\n' $STDINETD_SUITES)"
    printf '%s\n' $STDINETD_SUITES | grep -vxF "$longest"
}

# What burns the CPU on purpose, and what has but seconds to happen, is alone.
in_order | grep -vx -e faults -e hostile | run 3
# shellcheck disable=SC2086 # words
printf '%s\n' $STDINETD_SUITES | grep -x -e faults -e hostile | run 1

checks=0
failures=0
errors=0
for suite in $STDINETD_SUITES; do
    cat "$results/$suite"
    sum=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$results/$suite")
    # One that has no sum, or fails after it (a leak), has failed.
    case $sum in
    '') errors=$((errors + 1)) && continue ;;
    *' 0 0') grep -q ": status 0," "$results/$suite" || errors=$((errors + 1)) ;;
    esac
    # shellcheck disable=SC2086 # three numbers
    set -- $sum
    checks=$((checks + $1)) failures=$((failures + $2)) errors=$((errors + $3))
done
[ "$checks" -gt 0 ] || errors=1
printf '%d%%: Checks: %d, Failures: %d, Errors: %d\n' \
    "$((checks > 0 ? (checks - failures - errors) * 100 / checks : 0))" "$checks" "$failures" "$errors"
[ "$failures" -eq 0 ] && [ "$errors" -eq 0 ]
