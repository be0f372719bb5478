#!/bin/sh
# What has no place here: calls that overflow, guess, or start a shell; tests that pass where they can't
# run.
set -u
cd "${srcdir:-.}" || exit 99
failed=0

for call in sprintf vsprintf strcpy strcat gets atoi atol atoll strtok system popen mktemp tmpnam \
            signal; do
    # signal() has its place in tests; a comment may name anything.
    where=src
    [ "$call" = signal ] || where="src tests"
    # shellcheck disable=SC2086 # two words
    if grep -rnE --include='*.[ch]' "(^|[^a-zA-Z0-9_])${call}[ ]*\(" $where |
        grep -vE '^[^:]*:[0-9]+: *(/?\*|//)'; then
        echo "not ok - nobody calls $call"
        failed=1
    else
        echo "ok - nobody calls $call"
    fi
done

# A test that returns because of where it runs says so by SKIP_IF (tests/skip.h).
if awk '
    /^START_TEST/ { inside = 1 }
    /^END_TEST/ { inside = 0 }
    inside && /^ +return;/ && condition ~ /is_root|get[eu]+id|is_wrapped|has_program|command -v|getenv/ {
        print FILENAME ":" FNR ": " condition
        found = 1
    }
    { condition = $0 ~ /^ +if / ? $0 : /;/ ? "" : condition $0 }
    END { exit !found }' tests/*/*.c; then
    echo "not ok - no test returns early for where it runs"
    failed=1
else
    echo "ok - no test returns early for where it runs"
fi
exit "$failed"
