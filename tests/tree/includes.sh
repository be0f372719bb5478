#!/bin/sh
# The order of the house (tests/tree/rooms): a room includes only those before it, and no headers
# include each other in a circle. What the objects call is arrows.sh's.
set -u
cd "${srcdir:-.}" || exit 99
failed=0
rooms=$(grep -v '^#' tests/tree/rooms)

# ROOM: the rooms whose headers it may include.
allowed() {
    case $1 in
    handlers | import) echo "base $1" ;;
    ctl) echo "base import ctl" ;;
    launch) echo "base config launch" ;;
    *) echo "$rooms" | sed "s/\\b$1 .*//; s/\$/ $1/" ;;
    esac
}

for room in $rooms handlers import ctl; do
    wrong=0
    for file in "src/$room"/*.[ch]; do
        # shellcheck disable=SC2013 # rooms are words
        for used in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
            case " $(allowed "$room") " in
            *" $used "*) ;;
            *)
                echo "$file includes $used/"
                wrong=1
                ;;
            esac
        done
        # Every include of ours names its room.
        if grep -n '^#include "[^/]*"' "$file"; then
            wrong=1
        fi
    done
    if [ "$wrong" -eq 0 ]; then
        echo "ok - src/$room includes only what stands below it"
    else
        echo "not ok - src/$room includes only what stands below it"
        failed=1
    fi
done

# So that none is left out above.
# shellcheck disable=SC2086 # rooms are words
if [ "$(find src -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort)" = \
    "$(printf '%s\n' $rooms handlers import ctl | sort)" ]; then
    echo "ok - every folder of src is a room"
else
    echo "not ok - every folder of src is a room"
    failed=1
fi

if grep -n '^#include "import/' src/ctl/*.[ch] | grep -v '"import/run.h"'; then
    echo "not ok - src/ctl uses of import only run.h"
    failed=1
else
    echo "ok - src/ctl uses of import only run.h"
fi

# FILE HEADER, one a line, of headers alone: tsort complains of a circle.
if circles=$(grep -H '^#include "' src/*/*.h | sed 's#^src/\([^:]*\):.include "\(.*\)"#\1 \2#' |
    tsort 2>&1 >/dev/null) && [ -z "$circles" ]; then
    echo "ok - no headers include each other"
else
    echo "$circles"
    echo "not ok - no headers include each other"
    failed=1
fi

lines=$(wc -l <src/main.c)
if [ "$lines" -lt 100 ]; then
    echo "ok - main.c is short ($lines lines)"
else
    echo "not ok - main.c is short ($lines lines)"
    failed=1
fi
exit "$failed"
