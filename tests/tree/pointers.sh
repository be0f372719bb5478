#!/bin/sh
# The function pointers through which a room calls one above it stand in CONTRIBUTING.md, at most ten
# rows of them. Each one that a header of src declares is there, or is a row's of a table whose rows are
# in the same room.
set -u
cd "${srcdir:-.}" || exit 99
failed=0

# The section's table, without its head.
table=$(sed -n '/^## Function pointers/,/^## How/p' CONTRIBUTING.md | grep '^| .*(.*[.]h)')
rows=$(echo "$table" | wc -l)
if [ "$rows" -ge 1 ] && [ "$rows" -le 10 ]; then
    echo "ok - $rows rows of function pointers"
else
    echo "not ok - $rows rows of function pointers, of at most 10"
    failed=1
fi

# Called by their own room alone: HEADER NAME.
own='
config/option.h parse
config/option.h print
launch/engine.h open
launch/engine.h close
launch/engine.h fd
launch/engine.h pace
launch/engine.h start
launch/engine.h is_idle
launch/engine.h tend
launch/engine.h collect
launch/engine.h settle
report/counters.h name
pool/pool.h answers
control/request.h run
carry/adoption.h collect
carry/adoption.h apply
connection/children.h ended
'

# HEADER NAME, one a line, of each member that is a pointer to a function.
rooms=$(grep -v '^#' tests/tree/rooms)
found=$(for room in $rooms; do
    grep -H '^    [a-z].*(\*[a-z_]*)(' "src/$room"/*.h
done | sed 's#^src/\([^:]*\):[^(]*(\*\([a-z_]*\))(.*#\1 \2#' | sort -u)

unknown=$(echo "$found" | while read -r header name; do
    echo "$own" | grep -qx "$header $name" && continue
    echo "$table" | grep -q "[.\`]$name\`.*$header" || echo "src/$header: $name"
done)
if [ -z "$unknown" ]; then
    echo "ok - each function pointer is known"
else
    echo "$unknown"
    echo "not ok - each function pointer is known"
    failed=1
fi
exit "$failed"
