// SPDX-License-Identifier: Apache-2.0
/*
 * san: a subjectAltName made of typed values (RFC 5280 4.2.1.6). No text of the inventory is
 * ever handed to OpenSSL's extension language, so none can say more than one name.
 */
#ifndef MICA_PKI_SAN_H
#define MICA_PKI_SAN_H

#include <openssl/x509v3.h>

#include <mica/names.h>

/* NULL on failure */
GENERAL_NAMES *san_make(const struct name *names, size_t n);

/* A subject of one common name; NULL or "": empty. NULL on failure. */
X509_NAME *subject_of_cn(const char *common_name);

#endif
