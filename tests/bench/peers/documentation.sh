#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# documentation.sh N: the commands of the gen.sh in Milvus's documentation, once for each certificate, with a
# P-256 key, and with the CA key on the token by the pkcs11 engine.
# CA, URI and ENGINE_CONF are in the environment; writes into the current directory.
set -e
for ((i = 1; i <= $1; i++)); do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$i.key"
	openssl req -new -key "$i.key" -out "$i.csr" -subj "/CN=client$i"
	OPENSSL_CONF=$ENGINE_CONF openssl x509 -req -days 90 -in "$i.csr" -out "$i.pem" -CA "$CA" \
		-engine pkcs11 -CAkeyform engine -CAkey "$URI" -CAserial ca.srl -CAcreateserial \
		-extfile "$ENGINE_CONF" -extensions leaf
done
