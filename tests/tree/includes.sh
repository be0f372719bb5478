#!/bin/sh
# The order of the house (DESIGN, "The house"): a folder uses only those above it; ctl and handlers
# use only base; admit knows neither launch nor warm.
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
    handlers | ctl) echo "base $1" ;;
    esac
}

for folder in base config admit launch warm serve handlers ctl; do
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

lines=$(wc -l <src/main.c)
if [ "$lines" -lt 100 ]; then
    echo "ok - main.c is short ($lines lines)"
else
    echo "not ok - main.c is short ($lines lines)"
    failed=1
fi
exit "$failed"
