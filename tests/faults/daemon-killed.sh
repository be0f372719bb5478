#!/bin/sh
# The daemon gets SIGKILL while handlers run; another is started with the same file. Expected:
# handlers are not harmed; pid file, ports and unix sockets are taken over at once.
set -u
srcdir=${srcdir:-$(dirname -- "$0")/../..}
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$srcdir/tests/faults/lib.sh"

need nc mkfifo
two_services <<INI
[stdinetd]
pid-file = $work/pid

[path]
listen = unix:$work/socket
exec = tr a-z A-Z

[echo]
listen = unix:$work/echo
exec = cat

INI
start "$work/ini"
mkfifo "$work/words"
behind session sh -c "exec nc -N -U $work/echo <$work/words"
exec 9>"$work/words"
echo before >&9
check 'a session runs' in_time grep -q before "$work/session"
kill -s KILL "$daemon"
wait "$daemon" 2>/dev/null
echo meanwhile >&9
check 'it goes on without the daemon' in_time grep -q meanwhile "$work/session"
start "$work/ini"
check 'the pid file is the new one' grep -qx "$daemon" "$work/pid"
check 'the path is served' answers "$work/socket"
echo afterwards >&9
check 'the session still goes on' in_time grep -q afterwards "$work/session"
exec 9>&-
check 'and it has waited for nobody' logged_at_most pending 0
note_fds
recovers
