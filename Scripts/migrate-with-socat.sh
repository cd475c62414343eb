#!/bin/sh
# migrate-with-socat.sh SOCKET URI: moves the guest behind a QMP socket, with nothing but a shell and socat.
#
#   Scripts/migrate-with-socat.sh here.sock unix:move.sock
#
# The statuses are printed as they come. Exits 0 when the guest has moved, 1 when it stays, with the reason.
set -eu
[ $# -eq 2 ] || { sed -n 2,6p "$0" >&2; exit 2; }
command -v socat >/dev/null || { echo "$0: needs socat (as root: apt-get install socat)" >&2; exit 2; }

# A command per connection: an answer is the line that says "return" or "error".
qmp() {
    printf '%s\n' '{"execute": "qmp_capabilities"}' "$1" | socat -t 5 - "UNIX-CONNECT:$socket" |
        grep -E '^\{.*"(return|error)":' | sed -n 2p
}
socket=$1
answer=$(qmp "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"$2\"}}")
case $answer in *'"error"'* | '') echo "migrate: $answer" >&2; exit 1 ;; esac
last=
while :; do
    answer=$(qmp '{"execute": "query-migrate"}')
    status=$(printf '%s' "$answer" | sed -n 's/.*"status": *"\([a-z-]*\)".*/\1/p')
    [ "$status" = "$last" ] || echo "$status"
    last=$status
    case $status in
        completed) exit 0 ;;
        failed | cancelled | '') printf '%s\n' "$answer" >&2; exit 1 ;;
    esac
    sleep 0.1
done
