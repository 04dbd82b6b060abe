#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# certtool.sh N: GnuTLS, a key and a certificate at a time, the CA key on the token.
# CA, URI, MODULE and GNUTLS_PIN are in the environment; writes into the current directory.
set -e
for ((i = 1; i <= $1; i++)); do
	printf 'cn = client%d\nexpiration_days = 90\nsigning_key\ntls_www_client\n' "$i" >"$i.template"
	certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile "$i.key"
	certtool --provider "$MODULE" --generate-certificate --template "$i.template" --load-privkey "$i.key" \
		--load-ca-certificate "$CA" --load-ca-privkey "$URI" --outfile "$i.pem"
done
