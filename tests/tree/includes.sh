#!/bin/sh
# The order of the house (DESIGN, "The house"): a folder uses only those above it; import and handlers
# use only base, ctl base and the one function of import; admit knows neither launch nor warm.
set -u
cd "${srcdir:-.}" || exit 99
failed=0

# FOLDER: the folders whose headers it may include.
allowed() {
    case $1 in
    base) echo "base" ;;
    config) echo "base config" ;;
    admit) echo "base config admit" ;;
    launch) echo "base config launch" ;;
    warm) echo "base config launch warm" ;;
    serve) echo "base config admit launch warm serve" ;;
    handlers | import) echo "base $1" ;;
    ctl) echo "base import ctl" ;;
    esac
}

for folder in base config admit launch warm serve handlers import ctl; do
    [ -d "src/$folder" ] || continue
    wrong=0
    for file in "src/$folder"/*.[ch]; do
        [ -e "$file" ] || continue
        # shellcheck disable=SC2013 # folders are words
        for used in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
            case " $(allowed "$folder") " in
            *" $used "*) ;;
            *)
                echo "$file includes $used/"
                wrong=1
                ;;
            esac
        done
        # Every include of ours names its folder.
        if grep -n '^#include "[^/]*"' "$file"; then
            wrong=1
        fi
    done
    if [ "$wrong" -eq 0 ]; then
        echo "ok - src/$folder includes only what stands above it"
    else
        echo "not ok - src/$folder includes only what stands above it"
        failed=1
    fi
done

# Of the importers stdinetctl needs their command, and nothing else.
if grep -n '^#include "import/' src/ctl/*.[ch] | grep -v '"import/run.h"'; then
    echo "not ok - src/ctl uses of import only run.h"
    failed=1
else
    echo "ok - src/ctl uses of import only run.h"
fi

lines=$(wc -l <src/main.c)
if [ "$lines" -lt 100 ]; then
    echo "ok - main.c is short ($lines lines)"
else
    echo "not ok - main.c is short ($lines lines)"
    failed=1
fi
exit "$failed"
