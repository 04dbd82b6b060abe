#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Initialises a token of opencryptoki: its label, its SO PIN and its user PIN.
#
#   token.sh LABEL PIN-FILE SO-PIN-FILE [SLOT]
#
# The daemon must run. The files hold the PINs to be set, 4 to 8 digits on the software token. Only a SLOT (default 0)
# that was never initialised is touched; one whose token has the label already is what was wanted.
set -euo pipefail

[ $# = 3 ] || [ $# = 4 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
label=$1 pin=$(cat "$2") so_pin=$(cat "$3") slot=${4-0}
first_so_pin=87654321 # of every token that was never initialised

token_says() {
	pkcsconf -t -c "$slot" | sed -n "s/^[[:space:]]*$1: *//p" | sed 's/ *$//'
}

# pkcsconf asks for what it is not given in its arguments, where everybody could read it
ask() {
	local said
	said=$(printf '%s\n' "${@:2}" | pkcsconf "$1" -c "$slot" 2>&1) || {
		printf 'token.sh: pkcsconf %s: %s\n' "$1" "$said" >&2
		exit 1
	}
}

[ "$(token_says Label)" != "$label" ] || exit 0
case $(token_says Flags) in
*'|TOKEN_INITIALIZED|'*)
	echo "token.sh: slot $slot holds the token '$(token_says Label)' already" >&2
	exit 1
	;;
esac
ask -I "$first_so_pin" "$label"
ask -P "$first_so_pin" "$so_pin" "$so_pin"
ask -u "$so_pin" "$pin" "$pin" # the SO sets it, and the user must change it before anything else
ask -p "$pin" "$pin" "$pin"
case $(token_says Label)/$(token_says Flags) in
"$label"/*USER_PIN_INITIALIZED*) ;;
*) echo "token.sh: slot $slot has no token '$label' with a PIN now" >&2; exit 1 ;;
esac
