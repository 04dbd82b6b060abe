#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes an NSS database in a directory of its own, and says what mica.yaml needs to use it as a token.
#
#   token.sh DIRECTORY [LABEL]
#
# DIRECTORY then holds the database (cert9.db, key4.db) and pin (its password, 0600; made at random unless it is there).
# Repeated: nothing to do. The label is no part of the database: module-args says it.
set -euo pipefail
umask 077

case ${1-} in
-h | --help | '' | -*)
	sed -n '3,8s/^# \{0,1\}//p' "$0"
	[ "${1-}" = -h ] || [ "${1-}" = --help ] || exit 2
	exit 0
	;;
esac
[ $# -le 2 ] || { echo "token.sh: a directory and a label, no more" >&2; exit 2; }
label=${2-milvus-ca}
command -v certutil >/dev/null || { echo "token.sh: certutil is not there: install libnss3-tools" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
case $dir$label in
*[\'\"]*)
	echo "token.sh: module-args can hold no quotes, so neither can the directory or the label" >&2
	exit 2
	;;
esac
[ -e "$dir/pin" ] || od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >"$dir/pin"
[ -e "$dir/key4.db" ] || certutil -N -d "sql:$dir" -f "$dir/pin"
sed 's/^/    /' <<-END
	module: nss
	module-args: "configdir='sql:$dir' certPrefix='' keyPrefix='' secmod='' flags=noModDB dbTokenDescription='$label'"
	key: "pkcs11:token=$label;object=ca"
	pin: file:$dir/pin
END
