#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Brings a SoftHSM2 token up in a directory of its own; the system's token store is not touched.
#
#   token.sh DIRECTORY [LABEL]
#
# DIRECTORY then holds softhsm2.conf (what SOFTHSM2_CONF must name), tokens/ (the token store), pin and
# so-pin (the PINs, 0600; made at random unless they are there). Repeated: nothing to do. Several labels
# may be made in one DIRECTORY: they share the PINs.
set -euo pipefail
umask 077

usage() {
	sed -n '3,10s/^# \{0,1\}//p' "$0"
}

random_pin() {
	od -An -N12 -tx1 /dev/urandom | tr -d ' \n'
}

case ${1-} in
-h | --help)
	usage
	exit 0
	;;
'' | -*)
	usage >&2
	exit 2
	;;
esac
[ $# -le 2 ] || { usage >&2; exit 2; }
label=${2-milvus-ca}
case $label in
*[!A-Za-z0-9._-]* | '')
	echo "token.sh: the label \"$label\" has other characters than letters, digits, '.', '_' and '-'" >&2
	exit 2
	;;
esac
command -v softhsm2-util >/dev/null || { echo "token.sh: softhsm2-util is not there: install softhsm2" >&2; exit 1; }

mkdir -p "$1"
dir=$(cd "$1" && pwd)
mkdir -p "$dir/tokens"
[ -e "$dir/softhsm2.conf" ] || cat >"$dir/softhsm2.conf" <<END
directories.tokendir = $dir/tokens
objectstore.backend = file
log.level = ERROR
slots.removable = false
END
for name in pin so-pin; do
	[ -e "$dir/$name" ] || random_pin >"$dir/$name"
done
export SOFTHSM2_CONF="$dir/softhsm2.conf"
if softhsm2-util --show-slots | grep -Eq "Label: +$label *\$"; then
	exit 0
fi

# softhsm2-util takes PINs from its arguments, which everybody can read, or from a terminal. It is given a
# terminal, and each PIN when it has asked for it: what is typed before is thrown away.
pin=$(cat "$dir/pin")
so_pin=$(cat "$dir/so-pin")
coproc terminal { exec script -qec "softhsm2-util --init-token --free --label $label" /dev/null; }
terminal_pid=$!
for answer in "$so_pin" "$so_pin" "$pin" "$pin"; do
	# the prompts end with ": "; the first lines before them tell about lengths
	read -r -t 20 -d ':' -u "${terminal[0]}" _ || break
	sleep 0.02
	printf '%s\n' "$answer" >&"${terminal[1]}"
done
said=$(timeout 20 cat <&"${terminal[0]}" || true)
wait "$terminal_pid" || { printf 'token.sh: softhsm2-util could not make the token:\n%s\n' "$said" >&2; exit 1; }
