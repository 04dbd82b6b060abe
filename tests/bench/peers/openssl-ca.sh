#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# openssl-ca.sh N: `openssl ca -infiles` for N requests that are there already: one process, no keys made.
# CA, URI, ENGINE_CONF and REQUESTS (a directory of 0001.csr ...) are in the environment; writes into the current
# directory, which holds an empty index.txt and a directory new/.
set -e
requests=("$REQUESTS"/*.csr)
OPENSSL_CONF=$ENGINE_CONF exec openssl ca -engine pkcs11 -keyform engine -keyfile "$URI" -cert "$CA" \
	-batch -notext -days 90 -infiles "${requests[@]:0:$1}"
