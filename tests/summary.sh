#!/bin/sh
# summary.sh DIRECTORY…: adds up what the test logs below the directories say, lists what failed and
# why something was skipped, and closes with "N passed, N failed, N skipped". Exit 1 when anything
# failed or nothing was run.
set -u
passed=0
failed=0
skipped=0

add_up() {
    log=$1
    result=$(sed -n 's/^:test-result: //p' "${log%.log}.trs")
    # Check's line, or the scripts' lines.
    checks=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$log" | tail -n 1)
    good=$(grep -c '^ok ' "$log")
    bad=$(grep -c '^not ok ' "$log")
    skips=$(grep -c '^skip ' "$log")
    # "skip - what: why", and of a whole test just why.
    sed -n 's/^skip - \(.*: \)\{0,1\}/skipped: /p' "$log" >>"$work/reasons"
    [ "$result" != SKIP ] || [ "$skips" -gt 0 ] || skips=1
    # For Check what was skipped has passed (tests/skip.h).
    if [ -n "$checks" ]; then
        # shellcheck disable=SC2086 # three numbers
        set -- $checks
        good=$((good + $1 - $2 - $3 - skips))
        bad=$((bad + $2 + $3))
    fi
    # A program that fails without a line of its own (a crash, a leak at exit) counts too.
    if [ "$result" = FAIL ] || [ "$result" = ERROR ]; then
        [ "$bad" -gt 0 ] || bad=1
        printf '%s: %s\n' "$result" "$log"
        grep -E '^not ok |:[FE]:|ERROR|Sanitizer|runtime error' "$log"
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + skips))
}

work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
: >"$work/reasons"
find "$@" -name '*.trs' | sort >"$work/list"
while read -r trs; do
    add_up "${trs%.trs}.log"
done <"$work/list"
sort "$work/reasons" | uniq -c | sort -rn
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
