#!/bin/sh
# A service's program is open for writing (ETXTBSY), as in the middle of an install. Expected: one
# line, the service rests a second; served by itself afterwards.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

a_program
cp "$(command -v cat)" "$work/copy"
mv "$work/copy" "$work/handler"
exec 9>>"$work/handler"
program_fails 'Text file busy'
exec 9>&-
cat >"$work/copy" <<'SCRIPT'
#!/bin/sh
read -r word; echo HELLO
SCRIPT
chmod 755 "$work/copy"
mv "$work/copy" "$work/handler"
program_recovers
