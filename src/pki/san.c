// SPDX-License-Identifier: Apache-2.0
#include "san.h"

#include <stdbool.h>
#include <string.h>

static GENERAL_NAME *one_name(const struct name *name)
{
	bool dns = name->kind == NAME_DNS;
	const void *bytes = dns ? (const void *)name->text : name->ip;
	size_t len = dns ? strlen(name->text) : name->ip_len;
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(dns ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);

	if (!general || !value || ASN1_STRING_set(value, bytes, (int)len) != 1) {
		GENERAL_NAME_free(general);
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(general, dns ? GEN_DNS : GEN_IPADD, value);
	return general;
}

GENERAL_NAMES *san_make(const struct name *names, size_t n)
{
	GENERAL_NAMES *san = GENERAL_NAMES_new();

	for (size_t i = 0; san && i < n; i++) {
		GENERAL_NAME *general = one_name(&names[i]);

		if (general && sk_GENERAL_NAME_push(san, general) > 0)
			continue;
		GENERAL_NAME_free(general);
		GENERAL_NAMES_free(san);
		return NULL;
	}
	return san;
}

X509_NAME *subject_of_cn(const char *common_name)
{
	X509_NAME *subject = X509_NAME_new();

	if (!subject || !common_name || common_name[0] == '\0')
		return subject;
	if (X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
	        (const unsigned char *)common_name, -1, -1, 0) == 1)
		return subject;
	X509_NAME_free(subject);
	return NULL;
}
