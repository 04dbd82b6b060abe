#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes a token of a TPM 2.0 for tpm2-pkcs11, its store in a directory of its own.
#
#   token.sh DIRECTORY [LABEL]
#
# TPM2_PKCS11_TCTI names the TPM; without it the kernel's /dev/tpmrm0 is taken. DIRECTORY then holds store/ (what
# TPM2_PKCS11_STORE must name: the keys, wrapped by the TPM, of use with this TPM alone), pin and so-pin (the PINs,
# 0600; made at random unless they are there) and env, which a shell or a systemd unit's EnvironmentFile= reads.
# Repeated: nothing to do. Several labels may be made in one DIRECTORY: they share the PINs.
set -euo pipefail
umask 077

usage() {
	sed -n '3,11s/^# \{0,1\}//p' "$0"
}

die() {
	echo "token.sh: $*" >&2
	exit 1
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
command -v pkcs11-tool >/dev/null || die "pkcs11-tool is not there: install opensc"
for module in /usr/lib/*/pkcs11/libtpm2_pkcs11.so /usr/lib/*/libtpm2_pkcs11.so.1 /usr/lib64/pkcs11/libtpm2_pkcs11.so ''; do
	[ ! -e "$module" ] || break
done
[ -n "$module" ] || die "the module libtpm2_pkcs11.so is not there: install libtpm2-pkcs11-1"

mkdir -p "$1/store"
dir=$(cd "$1" && pwd)
export TPM2_PKCS11_STORE=$dir/store TPM2_PKCS11_TCTI=${TPM2_PKCS11_TCTI-device:/dev/tpmrm0}
for name in pin so-pin; do
	[ -e "$dir/$name" ] || random_pin >"$dir/$name"
done
printf 'TPM2_PKCS11_STORE="%s"\nTPM2_PKCS11_TCTI="%s"\n' "$TPM2_PKCS11_STORE" "$TPM2_PKCS11_TCTI" >"$dir/env"

# PINs go by the environment, which this user and root can read, not by arguments, which everybody can. (tpm2_ptool
# takes them as arguments only.)
PIN=$(cat "$dir/pin")
SO_PIN=$(cat "$dir/so-pin")
export PIN SO_PIN

tool() {
	pkcs11-tool --module "$module" "$@" 2>&1
}

slots=$(tool --list-slots) || die "the TPM cannot be reached by $TPM2_PKCS11_TCTI:
$slots"
if ! grep -Eq "^ *token label *: $label\$" <<<"$slots"; then
	free=$(awk '/^Slot /{ slot = $2 } /token state: *uninitialized/{ print slot; exit }' <<<"$slots")
	[ -n "$free" ] || die "there is no slot without a token:
$slots"
	said=$(tool --init-token --slot-index "$free" --label "$label" --so-pin env:SO_PIN) ||
		die "the token cannot be made:
$said"
fi
# The module says "PIN initialized" of every token, so the PIN itself is tried: without one the TPM counts no try.
said=$(tool --token-label "$label" --login --pin env:PIN --list-objects) && exit 0
grep -q CKR_USER_PIN_NOT_INITIALIZED <<<"$said" || die "the token '$label' does not take the PIN in '$dir/pin':
$said"
said=$(tool --init-pin --token-label "$label" --login --login-type so --so-pin env:SO_PIN --new-pin env:PIN) ||
	die "the token's PIN cannot be set:
$said"
