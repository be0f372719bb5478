#!/bin/sh
# page.sh: a status page over HTTP by a shell script. Standard input is the browser's request,
# standard output our answer; stdinetd has put who is asking into the environment.
#
# The client may send anything: nothing that it says is executed, opened or shown.
set -u
export LC_ALL=C
carriage_return=$(printf '\r')

# The request: a line "METHOD /path HTTP/1.1", headers, and an empty line. We read it to its end
# before we answer: closing while something is unread makes the kernel reset the connection, and
# the client may lose the answer.
read_request() {
    body_length=
    read -r method _ || return 1
    while IFS= read -r line; do
        line=${line%"$carriage_return"}
        case $line in
        '')
            skip_body
            return 0
            ;;
        [Cc]ontent-[Ll]ength:*)
            body_length=${line#*:}
            body_length=${body_length# }
            ;;
        esac
    done
    return 1
}

# What comes with a POST, up to six digits of bytes, is read and dropped.
skip_body() {
    case $body_length in
    '' | *[!0-9]* | ???????*) ;;
    *) head -c "$body_length" >/dev/null ;;
    esac
}

# answer STATUS BODY
answer() {
    printf '%s\r\n' "HTTP/1.1 $1" 'Content-Type: text/html; charset=utf-8' 'Allow: GET, HEAD' \
        "Content-Length: ${#2}" 'Connection: close' ''
    if [ "$method" != HEAD ]; then
        printf '%s' "$2"
    fi
}

load() {
    if read -r one five fifteen _ 2>/dev/null </proc/loadavg; then
        echo "$one, $five, $fifteen"
    else
        echo unknown
    fi
}

uptime() {
    if IFS=. read -r seconds _ 2>/dev/null </proc/uptime; then
        echo "$((seconds / 86400)) days, $((seconds / 3600 % 24)) h, $((seconds / 60 % 60)) min"
    else
        echo unknown
    fi
}

page() {
    cat <<EOF
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>stdinetd</title>
<link rel="icon" href="data:,">
<style>
body { font: 1.1em/1.6 system-ui, sans-serif; max-width: 34em; margin: 3em auto; padding: 0 1em }
h1 { font-weight: 300 }
th { text-align: left; font-weight: normal; color: #777; padding-right: 2em }
</style>
</head>
<body>
<h1>A page from a shell script</h1>
<table>
<tr><th>date</th><td>$(date)</td></tr>
<tr><th>load</th><td>$(load)</td></tr>
<tr><th>uptime</th><td>$(uptime)</td></tr>
<tr><th>who is asking</th><td>${REMOTE_ADDR-unknown}, port ${REMOTE_PORT-unknown}</td></tr>
<tr><th>connection</th><td>number ${STDINETD_CONNECTION-unknown}</td></tr>
<tr><th>process</th><td>$$, started for you alone</td></tr>
</table>
</body>
</html>
EOF
}

read_request || exit 0
case $method in
GET | HEAD) answer '200 OK' "$(page)" ;;
*) answer '405 Method Not Allowed' '<p>This page can only be read.' ;;
esac
