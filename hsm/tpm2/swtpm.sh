#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A TPM 2.0 in software, to try and to test with: swtpm behind tpm2-abrmd, which does for it what the kernel's
# /dev/tpmrm0 does for a real one (it clears away what a program that was killed left in the TPM's few slots).
#
#   swtpm.sh DIRECTORY
#
# Runs until it is ended; says "ready" on a line of its own once the TPM answers. The TPM's memory stays in
# DIRECTORY/tpm: started again with the same DIRECTORY it is the same TPM. DIRECTORY/tcti names it, for
# TPM2_PKCS11_TCTI, DIRECTORY/address its bus, for DBUS_SESSION_BUS_ADDRESS, and DIRECTORY/swtpm.pid its process. Its
# path should be short: a Unix socket lies in it.
set -euo pipefail
umask 077

die() {
	echo "swtpm.sh: $*" >&2
	exit 1
}

[ $# = 1 ] && [ "${1#-}" = "$1" ] || { sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 2; }
for program in swtpm dbus-daemon tpm2-abrmd; do
	command -v "$program" >/dev/null || PATH=$PATH:/usr/sbin
	command -v "$program" >/dev/null || die "$program is not there: install swtpm, dbus-daemon and tpm2-abrmd"
done
mkdir -p "$1/tpm"
dir=$(cd "$1" && pwd)
[ ${#dir} -lt 90 ] || die "the path '$dir' is too long for a Unix socket in it"
rm -f "$dir/bus" "$dir/swtpm.pid"

# what is started dies with this script
children=()
leave() {
	trap - EXIT
	[ ${#children[@]} = 0 ] || kill -KILL "${children[@]}" 2>/dev/null || true
	wait
}
trap leave EXIT
trap 'exit 143' TERM INT HUP

run() {
	local log=$1
	shift
	setpriv --pdeathsig KILL -- "$@" </dev/null >>"$dir/$log.log" 2>&1 &
	children+=($!)
}

# a pair of ports that nobody has: swtpm ends when one is taken
port=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	try=$((10000 + (RANDOM << 15 | RANDOM) % 20000))
	run swtpm swtpm socket --tpm2 --tpmstate "dir=$dir/tpm" --server "type=tcp,port=$try" \
		--ctrl "type=tcp,port=$((try + 1))" --flags not-need-init,startup-clear --pid "file=$dir/swtpm.pid"
	for _ in $(seq 100); do
		[ ! -s "$dir/swtpm.pid" ] || { port=$try; break 2; }
		kill -0 $! 2>/dev/null || break
		sleep 0.02
	done
done
[ -n "$port" ] || die "swtpm does not start: $(tail -n 3 "$dir/swtpm.log")"

run bus dbus-daemon --session --nofork --nopidfile "--address=unix:path=$dir/bus"
for _ in $(seq 200); do
	[ ! -S "$dir/bus" ] || break
	sleep 0.02
done
DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus run abrmd tpm2-abrmd --session --allow-root \
	"--tcti=swtpm:host=127.0.0.1,port=$port"
printf 'tabrmd:bus_type=session\n' >"$dir/tcti"
printf 'unix:path=%s\n' "$dir/bus" >"$dir/address"
for _ in $(seq 200); do
	! DBUS_SESSION_BUS_ADDRESS=unix:path=$dir/bus dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.GetNameOwner string:com.intel.tss2.Tabrmd >/dev/null 2>&1 || { echo ready; wait; exit; }
	kill -0 "${children[-1]}" 2>/dev/null || break
	sleep 0.02
done
die "tpm2-abrmd does not start: $(tail -n 3 "$dir/abrmd.log")"
