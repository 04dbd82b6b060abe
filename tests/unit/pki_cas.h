// SPDX-License-Identifier: Apache-2.0
/* pki_cas: a little hierarchy of CAs that were made elsewhere, to put under each other, to
 * adopt and to cross-sign. */
#ifndef MICA_TEST_PKI_CAS_H
#define MICA_TEST_PKI_CAS_H

#include <openssl/x509v3.h>

#include "../../src/pki/pem.h"
#include "../../src/pki/pkey.h"
#include "pki_world.h"

/* One CA of a little hierarchy. */
struct one {
	const char *name;
	const char *issuer;
	const char *basic, *constraints;
	int64_t days;
	const char *usage;  /* NULL: keyCertSign and cRLSign */
	const char *key_id; /* NULL: the hash of the key */
};

static const struct one hierarchy[] = {
	{ "root", "root", "critical,CA:TRUE", NULL, .days = 3000 },
	{ "policy", "root", "critical,CA:TRUE,pathlen:1", NULL, .days = 2000 },
	{ "g1", "policy", "critical,CA:TRUE,pathlen:0", NULL, .days = 2500 },
	{ "narrow", "root", "critical,CA:TRUE", "critical,permitted;DNS:example.com",
	    .days = 2000 },
	{ "g2", "narrow", "critical,CA:TRUE,pathlen:0", NULL, .days = 1000 },
	{ "end", "root", "critical,CA:TRUE,pathlen:0", NULL, .days = 2000 },
	{ "new", "new", "critical,CA:TRUE", NULL, .days = 2900 },
	{ "adopted", "adopted", "critical,CA:TRUE",
	    "critical,permitted;DNS:example.com,permitted;IP:10.0.0.0/255.0.0.0", .days = 3500,
	    .key_id = "0badcafe" },
	{ "mute", "mute", "critical,CA:TRUE", NULL, .days = 2000,
	    .usage = "critical,keyCertSign" },
};

enum { COUNT = mem_count(hierarchy) };

static struct {
	EVP_PKEY *key;
	struct buf der, pem;
} made[COUNT];

static inline size_t at(const char *name)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(hierarchy[i].name, name) == 0)
			return i;
	}
	fail_msg("there is no '%s'", name);
	return 0;
}

static inline void extend(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
	extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline void name_it(X509_NAME *name, const char *text)
{
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

static inline void make(size_t i)
{
	const struct one *one = &hierarchy[i];
	const size_t above = at(one->issuer);
	const unsigned char *bytes = made[above].der.data;
	X509_AUTO *issuer =
	    above == i ? NULL : d2i_X509(NULL, &bytes, (long)made[above].der.len);
	X509_AUTO *x509 = X509_new();
	unsigned char *der = NULL;
	int len;

	made[i].key = soft_key(ALG_EC_P256);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), (long)i + 1);
	name_it(X509_get_subject_name(x509), one->name);
	name_it(X509_get_issuer_name(x509), one->issuer);
	ASN1_TIME_set(X509_getm_notBefore(x509), WORLD_NOW - 7200);
	ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)(WORLD_NOW + one->days * CLOCK_DAY));
	X509_set_pubkey(x509, made[i].key);
	extend(x509, x509, NID_basic_constraints, one->basic);
	extend(x509, x509, NID_key_usage,
	    one->usage ? one->usage : "critical,keyCertSign,cRLSign");
	extend(x509, x509, NID_subject_key_identifier, one->key_id ? one->key_id : "hash");
	extend(x509, issuer ? issuer : x509, NID_authority_key_identifier, "keyid");
	if (one->constraints)
		extend(x509, x509, NID_name_constraints, one->constraints);
	assert_true(X509_sign(x509, made[above].key, EVP_sha256()) > 0);
	len = i2d_X509(x509, &der);
	buf_add(&made[i].der, der, (size_t)len);
	OPENSSL_free(der);
	pem_write("CERTIFICATE", &made[i].der, &made[i].pem);
}

/* names: blank between; each is a file of its own */
static inline struct chain *chain_of(const char *names)
{
	struct chain *chain = chain_new();
	MICA_FREE char *copy = mem_strdup(names);
	struct err err = ERR_INIT;
	char *rest = copy;
	char *name;

	while ((name = strtok_r(rest, " ", &rest)) != NULL) {
		if (chain_add(chain, name, &made[at(name)].pem, &err) < 0)
			fail_msg("%s", err.text);
	}
	return chain;
}

static inline struct ca *ca_of(const char *name)
{
	struct ca *ca = NULL;
	struct err err = ERR_INIT;

	if (ca_read(name, &made[at(name)].der, &ca, &err) < 0)
		fail_msg("%s", err.text);
	return ca;
}

static inline struct ca *ca_under(const char *name, const char *above)
{
	struct ca *ca = ca_of(name);
	struct err err = ERR_INIT;

	if (ca_put_under(ca, chain_of(above), &err) < 0)
		fail_msg("%s", err.text);
	return ca;
}

/* For cmocka_run_group_tests() */
static inline int cas_set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		make(i);
	return 0;
}

static inline int cas_tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		EVP_PKEY_free(made[i].key);
		buf_clear(&made[i].der);
		buf_clear(&made[i].pem);
	}
	return 0;
}

#endif
