#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An opencryptoki of one's own: its daemon and a blank software token in a directory, beside the system's.
#
#   private.sh start DIRECTORY               runs the daemon (pkcsslotd) until this is killed
#   private.sh run DIRECTORY PROGRAM [ARG]   runs a program that sees this opencryptoki
#
# DIRECTORY/pid is there when the daemon answers. DIRECTORY/daemon.pid is the daemon's; after a kill of that,
# SIGUSR1 to the former starts it again.
#
# opencryptoki has one daemon a machine: its paths are compiled in, and it speaks by shared memory. So this one lives
# in mount and IPC namespaces of its own, where DIRECTORY holds /var/lib/opencryptoki, /run, /dev/shm and
# opencryptoki.conf; both commands need root.
set -euo pipefail

usage() {
	sed -n '3,9s/^# \{0,1\}//p' "$0"
}

# In the namespaces: everything that the daemon and the module have paths for; then they stay until this process ends
serve() {
	local dir=$1
	mount --bind "$dir/lib" /var/lib/opencryptoki
	mount --bind "$dir/run" /run
	mount --bind "$dir/shm" /dev/shm
	mount --bind "$dir/opencryptoki.conf" /etc/opencryptoki/opencryptoki.conf
	echo $$ >"$dir/pid.new"
	"$0" daemon "$dir" &
	until pkcsconf -s >/dev/null 2>&1; do
		sleep 0.05
	done
	trap '"$0" daemon "$dir" &' USR1
	trap 'trap - TERM; kill $(jobs -p); wait; exit 0' TERM
	mv "$dir/pid.new" "$dir/pid"
	setpriv --pdeathsig KILL sleep infinity &
	local idle=$!
	while kill -0 "$idle" 2>/dev/null; do
		wait "$idle" || true # a signal that was trapped interrupts it
	done
}

# Newer ones have a user of their own.
daemon() {
	local user=()
	! id pkcsslotd >/dev/null 2>&1 || user=(--reuid pkcsslotd --regid pkcs11 --init-groups)
	echo $$ >"$1/daemon.pid"
	exec setpriv "${user[@]}" --pdeathsig KILL pkcsslotd -f
}

# One slot; with the better format of the token's files where this opencryptoki knows it
configuration() {
	local system=/etc/opencryptoki/opencryptoki.conf
	grep -m 1 '^version' $system
	printf 'slot 0\n{\nstdll = libpkcs11_sw.so\n'
	! grep -q -m 1 '^tokversion = 3.12' $system || echo 'tokversion = 3.12'
	echo '}'
}

start() {
	local dir propagation=()
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	rm -rf "$dir/pid" "$dir/pid.new" "$dir/run" "$dir/shm"
	mkdir -p -m 1777 "$dir/shm"
	mkdir -p "$dir/lib/swtok/TOK_OBJ" "$dir/run/lock/opencryptoki/swtok" "$dir/run/opencryptoki"
	chown -R root:pkcs11 "$dir/lib" "$dir/run/lock/opencryptoki"
	chmod -R u=rwX,g=rwX,o= "$dir/lib" "$dir/run/lock/opencryptoki"
	chmod 755 "$dir/run" "$dir/run/lock"
	! id pkcsslotd >/dev/null 2>&1 || chown -R pkcsslotd:pkcs11 "$dir/run/opencryptoki"
	chmod 710 "$dir/run/opencryptoki"
	configuration >"$dir/opencryptoki.conf"
	chmod 644 "$dir/opencryptoki.conf"
	# in a chroot / is no mount, whose propagation could be changed
	mountpoint -q / || propagation=(--propagation unchanged)
	exec setpriv --pdeathsig KILL unshare --mount --ipc "${propagation[@]}" "$0" serve "$dir"
}

run() {
	local pid
	pid=$(cat "$1/pid")
	shift
	exec nsenter --target "$pid" --mount --ipc --root env -C "$PWD" "$@"
}

case ${1-} in
start) [ $# = 2 ] || { usage >&2; exit 2; } ;;
run) [ $# -ge 3 ] || { usage >&2; exit 2; } ;;
serve | daemon) [ $# = 2 ] || { usage >&2; exit 2; } ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo "private.sh: namespaces of its own need root" >&2; exit 1; }
for program in pkcsslotd pkcsconf nsenter unshare setpriv; do
	command -v $program >/dev/null || { echo "private.sh: $program is not there" >&2; exit 1; }
done
"$@"
