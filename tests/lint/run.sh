#!/bin/sh
# run.sh [analyzer|tidy|cppcheck]…: static analysis of src/, each tool with an empty list of findings.
# What a tool is told not to say has its reason beside it: in .clang-tidy, in tests/lint/cppcheck.txt,
# here, and at a line that only it is wrong about. Started by tests/run.sh; bootstrap installs the tools.
set -u
cd "$(dirname -- "$0")/../.." || exit 99
findings=$(mktemp) || exit 99
trap 'rm -f "$findings"' EXIT
failed=0
jobs=$(nproc)

# result TOOL: what it found is in the file.
result() {
    if [ -s "$findings" ]; then
        cat "$findings"
        echo "not ok - $1"
        failed=1
    else
        echo "ok - $1 finds nothing"
    fi
}

# gcc's own. -Wanalyzer-malloc-leak is off: version 12 takes for lost what goes into a structure;
# leaks are valgrind's and LeakSanitizer's to find, which run every test.
analyzer() {
    find src -name '*.c' -print0 |
        xargs -0 -P "$jobs" -n 1 gcc -std=gnu11 -include tests/lint/defines.h -Isrc -O1 \
            -fanalyzer -Wno-analyzer-malloc-leak -c -o /dev/null 2>"$findings"
    result 'gcc -fanalyzer'
}

tidy() {
    find src -name '*.c' -print0 |
        xargs -0 -P "$jobs" -n 4 sh -c \
            'clang-tidy --quiet "$@" -- -std=gnu11 -include tests/lint/defines.h -Isrc' sh \
            >"$findings" 2>/dev/null
    result clang-tidy
}

check() {
    cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
        --suppressions-list=tests/lint/cppcheck.txt --include=tests/lint/defines.h \
        --library=posix --library=gnu -D__x86_64__ -Isrc -j "$jobs" src 2>"$findings"
    result cppcheck
}

# have TOOL: or it is skipped.
have() {
    command -v "$1" >/dev/null || ! echo "skip - there is no $1"
}

[ "$#" -gt 0 ] || set -- analyzer tidy cppcheck
for tool in "$@"; do
    case $tool in
    analyzer) have gcc && analyzer ;;
    tidy) have clang-tidy && tidy ;;
    cppcheck) have cppcheck && check ;;
    *) echo "run.sh: no such tool: $tool" && exit 64 ;;
    esac
done
exit "$failed"
