// SPDX-License-Identifier: Apache-2.0
#include "stranger.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY = 86400 };

struct party {
	EVP_PKEY *key;
	X509 *certificate;
};

static void party_clear(struct party *party)
{
	EVP_PKEY_free(party->key);
	X509_free(party->certificate);
}

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static bool add_extension(X509 *to, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool added = extension && X509_add_ext(to, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return added;
}

static bool name_and_date(X509 *to, const char *subject, const char *issuer, int64_t now)
{
	X509_NAME *names[] = { X509_get_subject_name(to), X509_get_issuer_name(to) };
	const char *const texts[] = { subject, issuer };

	for (size_t i = 0; i < mem_count(names); i++) {
		if (X509_NAME_add_entry_by_NID(names[i], NID_commonName, MBSTRING_UTF8,
		        (const unsigned char *)texts[i], -1, -1, 0) != 1)
			return false;
	}
	return ASN1_TIME_set(X509_getm_notBefore(to), (time_t)(now - DAY)) &&
	       ASN1_TIME_set(X509_getm_notAfter(to), (time_t)(now + DAY));
}

/* All that a server could ask for, so that nothing but the signature is to blame. */
static bool extend(X509 *to, bool is_ca)
{
	return add_extension(to, NID_basic_constraints,
	           is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
	       add_extension(to, NID_key_usage,
	           is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
	       (is_ca || add_extension(to, NID_ext_key_usage, "clientAuth"));
}

/* issuer NULL: the CA itself */
static bool make(struct party *ret, const struct party *issuer, int64_t now)
{
	static const char ca_name[] = "mica's trial of a CA that nobody knows";
	const char *name = issuer ? "stranger" : ca_name;

	ret->key = EVP_EC_gen("P-256");
	ret->certificate = X509_new();
	return ret->key && ret->certificate &&
	       X509_set_version(ret->certificate, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(ret->certificate), issuer ? 2 : 1) == 1 &&
	       name_and_date(ret->certificate, name, ca_name, now) &&
	       X509_set_pubkey(ret->certificate, ret->key) == 1 &&
	       extend(ret->certificate, !issuer) &&
	       X509_sign(ret->certificate, issuer ? issuer->key : ret->key, EVP_sha256()) > 0;
}

static void take(BIO *from, struct buf *ret)
{
	char *bytes;
	long len = BIO_get_mem_data(from, &bytes);

	buf_add(ret, bytes, (size_t)len);
	(void)BIO_reset(from);
}

int stranger_make(
    int64_t now, struct buf *ret_cert_pem, struct buf *ret_key_pem, struct err *err)
{
	MICA_AUTO(party_clear) struct party ca = { NULL, NULL };
	MICA_AUTO(party_clear) struct party leaf = { NULL, NULL };
	MICA_AUTO(free_bio) BIO *bio = BIO_new(BIO_s_secmem());

	if (!bio || !make(&ca, NULL, now) || !make(&leaf, &ca, now) ||
	    !PEM_write_bio_X509(bio, leaf.certificate) ||
	    !PEM_write_bio_X509(bio, ca.certificate))
		return err_openssl(err, "cannot make a certificate for a trial");
	take(bio, ret_cert_pem);
	if (!PEM_write_bio_PKCS8PrivateKey(bio, leaf.key, NULL, NULL, 0, NULL, NULL))
		return err_openssl(err, "cannot make a key for a trial");
	take(bio, ret_key_pem);
	return 0;
}
