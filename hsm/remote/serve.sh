#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Offers a token of this machine to another one: p11-kit server in the foreground, on a socket that only its owner can
# connect to. The module's own environment (SOFTHSM2_CONF and the like) goes through to it.
#
#   serve.sh SOCKET MODULE "pkcs11:token=LABEL"
#
# It ends with all that it started when it is sent SIGTERM.
set -euo pipefail
umask 077

if [ $# -ne 3 ] || [[ $3 != pkcs11:* ]]; then
	sed -n '6,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
command -v p11-kit >/dev/null || { echo "serve.sh: p11-kit is not there: install p11-kit" >&2; exit 1; }
[ -e "$2" ] || { echo "serve.sh: the module '$2' is not there" >&2; exit 1; }

# p11-kit server leaves the processes of its connections behind: they are in its group, and go with it
set -m
p11-kit server --foreground --name "$1" --provider "$2" "$3" &
server=$!
trap 'kill -TERM -- -$server 2>/dev/null; rm -f -- "$1"' EXIT
trap 'exit 0' TERM INT
wait "$server"
