#!/bin/sh
# The arrows of the house run one way (tests/tree/rooms): no object uses a name of a room above its
# own, and no files use each other in a circle. Asked of the objects, so that tables of functions
# count, too. STDINETD_OBJECTS is the folder of objects, src of a build.
set -u
cd "${srcdir:-.}" || exit 99
objects=${STDINETD_OBJECTS:-build/src}
command -v nm >/dev/null || {
    echo "skip - nm is not here"
    exit 77
}
rooms=$(grep -v '^#' tests/tree/rooms)
work=$(mktemp -d "${TMPDIR:-/tmp}/stdinetd-arrows.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
failed=0

# Each name, with the file that has it: defined, and used.
for room in $rooms handlers import ctl; do
    for source in "src/$room"/*.c; do
        file=${source#src/}
        file=${file%.c}
        object=$objects/$file.o
        [ -e "$object" ] || continue
        nm -g "$object" | awk -v file="$file" -v defined="$work/defined" -v used="$work/used" '
            NF == 3 { print $3, file >>defined }
            NF == 2 && $1 == "U" { print $2, file >>used }'
    done
done
if [ "$(cut -d ' ' -f 2 "$work/defined" | sort -u | wc -l)" -lt 100 ]; then
    echo "skip - there are no objects in $objects"
    exit 77
fi

# USER USED NAME, one a line. A program's main, and what handlers have each of their own, is nobody's.
awk 'FNR == NR { seen[$1]++; where[$1] = seen[$1] > 1 ? "" : $2; next }
     where[$1] != "" && where[$1] != $2 { print $2, where[$1], $1 }' \
    "$work/defined" "$work/used" >"$work/arrows"

if [ "$(wc -l <"$work/arrows")" -lt 500 ]; then
    echo "not ok - there are arrows to look at"
    failed=1
fi
if awk -v rooms="$rooms" '
    BEGIN { count = split(rooms, list, " "); for (i = 1; i <= count; i++) floor[list[i]] = i }
    {
        split($1, user, "/")
        split($2, used, "/")
        beside = !(user[1] in floor) || !(used[1] in floor)
        if (!beside && floor[used[1]] > floor[user[1]])
            wrong = "which stands above it"
        else if (user[1] == "launch" && used[1] == "admit")
            wrong = "which it does not know"
        else if (beside && user[1] != used[1] && used[1] != "base" && $3 != "import_run")
            wrong = "which it does not know"
        else
            next
        print $1 " uses " $3 " of " $2 ", " wrong
        bad = 1
    }
    END { exit bad }' "$work/arrows"; then
    echo "ok - no arrow runs up"
else
    echo "not ok - no arrow runs up"
    failed=1
fi

if cut -d ' ' -f 1,2 "$work/arrows" | sort -u | tsort >/dev/null 2>"$work/circles" &&
    [ ! -s "$work/circles" ]; then
    echo "ok - no circle of files"
else
    sed 's/^tsort: //' "$work/circles"
    echo "not ok - no circle of files"
    failed=1
fi
exit "$failed"
