#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An attestation key of a TPM, and a certificate for it from an attestation CA of one's own: for a TPM whose vendor
# gave it none.
#
#   ak.sh make DIRECTORY [rsa|ecc]    on the machine with the TPM: DIRECTORY/ak.handle (the key, persistent in the TPM),
#                                     and what the CA is to see: ek.pub, ak.pub, ak.name
#   ak.sh challenge DIRECTORY         on the attestation CA's machine (no TPM there): DIRECTORY/challenge, which goes to
#                                     the TPM, and DIRECTORY/secret, which stays
#   ak.sh answer DIRECTORY            on the machine with the TPM: DIRECTORY/answer, which only the TPM that holds both
#                                     ek.pub and ak.name can find
#   ak.sh issue DIRECTORY CA          on the attestation CA's machine: compares, looks at the key's attributes, and writes
#                                     DIRECTORY/ak.crt. CA holds root.key and root.pem; made unless they are there.
#
# That ek.pub is the key of a real TPM is for the CA to see, by the vendor's EK certificate (README.md).
# TPM2TOOLS_TCTI names the TPM.
set -euo pipefail
umask 077

die() {
	echo "ak.sh: $*" >&2
	exit 1
}

quiet() {
	local said
	said=$("$@" 2>&1) || die "$1 failed:
$said"
}

# bytes of a file in hex: FILE [FIRST [COUNT]]
hex() {
	od -An -v -tx1 -j "${2-0}" ${3+-N "$3"} "$1" | tr -d ' \n'
}

# its own contexts, and the sessions that it leaves, end with it
work=$(mktemp -d)
leave() {
	[ ! -e "$work/session" ] || tpm2_flushcontext "$work/session" >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap leave EXIT

endorsement_key() {
	quiet tpm2_createek -G rsa -c "$work/ek.ctx" -u "$1"
}

make_() {
	local scheme=ecdsa
	[ "$2" = ecc ] || scheme=rsassa
	mkdir -p "$1"
	[ ! -e "$1/ak.handle" ] || die "'$1/ak.handle' is there already"
	endorsement_key "$1/ek.pub"
	quiet tpm2_createak -C "$work/ek.ctx" -c "$work/ak.ctx" -G "$2" -g sha256 -s "$scheme" -u "$1/ak.pub" \
		-n "$1/ak.name" -f tss
	quiet tpm2_evictcontrol -C o -c "$work/ak.ctx" -o "$1/ak.handle"
}

challenge() {
	head -c 32 /dev/urandom >"$1/secret"
	quiet tpm2_makecredential -T none -u "$1/ek.pub" -s "$1/secret" -n "$(hex "$1/ak.name")" \
		-o "$1/challenge"
}

answer() {
	endorsement_key "$work/ek.pub"
	quiet tpm2_startauthsession --policy-session -S "$work/session"
	quiet tpm2_policysecret -S "$work/session" -c e
	quiet tpm2_activatecredential -c "$1/ak.handle" -C "$work/ek.ctx" -i "$1/challenge" -o "$1/answer" \
		-P "session:$work/session"
}

# What the certificate is to say of the key must be seen in what its name is the digest of: a restricted key signs
# nothing but what its TPM made itself.
judge() {
	local named attributes
	named=000b$(tail -c +3 "$1/ak.pub" | openssl dgst -sha256 -r | cut -d' ' -f1)
	[ "$(hex "$1/ak.name")" = "$named" ] || die "'$1/ak.name' is not the name of '$1/ak.pub'"
	attributes=0x$(hex "$1/ak.pub" 6 4)
	# fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign; and not decrypt
	[ $((attributes & 0x70032)) = $((0x50032)) ] || die "'$1/ak.pub' is no restricted signing key of a TPM ($attributes)"
}

issue() {
	mkdir -p "$2"
	if [ ! -e "$2/root.pem" ]; then
		quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -sha256 -days 7300 -keyout "$2/root.key" \
			-out "$2/root.pem" -subj "/O=Example/CN=TPM attestation root" -addext basicConstraints=critical,CA:TRUE \
			-addext keyUsage=critical,keyCertSign,cRLSign
	fi
	cmp -s "$1/secret" "$1/answer" || die "the answer is not the secret: that TPM does not hold the key"
	judge "$1"
	quiet tpm2_print -t TPM2B_PUBLIC -f pem "$1/ak.pub"
	tpm2_print -t TPM2B_PUBLIC -f pem "$1/ak.pub" >"$work/ak.pem"
	cat >"$work/extensions" <<-END
		basicConstraints = critical, CA:FALSE
		keyUsage = critical, digitalSignature
		extendedKeyUsage = 2.23.133.8.3
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
	END
	quiet openssl x509 -new -force_pubkey "$work/ak.pem" -subj "/O=Example/CN=TPM attestation key" -sha256 -days 3650 \
		-CA "$2/root.pem" -CAkey "$2/root.key" -extfile "$work/extensions" -out "$1/ak.crt"
}

for program in tpm2_createak openssl; do
	command -v "$program" >/dev/null || die "$program is not there: install tpm2-tools and openssl"
done
case "${1-} $#" in
'make 2') make_ "$2" ecc ;;
'make 3') make_ "$2" "$3" ;;
'challenge 2') challenge "$2" ;;
'answer 2') answer "$2" ;;
'issue 3') issue "$2" "$3" ;;
*)
	sed -n '3,19s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
