// SPDX-License-Identifier: Apache-2.0
#include "key_private.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "key_ec.h"
#include "pem.h"
#include "pkey.h"

static struct key *key_new(EVP_PKEY *pkey, enum algorithm algorithm)
{
	struct key *key = mem_zalloc(sizeof(*key));

	key->pkey = pkey;
	key->algorithm = algorithm;
	return key;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	buf_clear(&key->spki);
	free(key);
}

const struct buf *key_spki(const struct key *key)
{
	return &key->spki;
}

enum algorithm key_algorithm(const struct key *key)
{
	return key->algorithm;
}

/* --- making --- */

struct key_maker {
	EVP_PKEY *groups[ALG_EC_P384 + 1]; /* by algorithm; RSA keys share nothing */
};

void key_maker_free(struct key_maker *maker)
{
	if (!maker)
		return;
	for (size_t i = 0; i < mem_count(maker->groups); i++)
		EVP_PKEY_free(maker->groups[i]);
	free(maker);
}

int key_maker_new(struct key_maker **ret, struct err *err)
{
	MICA_AUTO(key_maker_freep) struct key_maker *maker = mem_zalloc(sizeof(*maker));

	for (size_t i = 0; i < mem_count(maker->groups); i++) {
		maker->groups[i] = pkey_group(algorithm_info((enum algorithm)i)->group);
		if (!maker->groups[i])
			return err_openssl(err, "cannot prepare %s keys",
			    algorithm_info((enum algorithm)i)->name);
	}
	*ret = mem_give(maker);
	return 0;
}

static EVP_PKEY *make(const struct key_maker *maker, enum algorithm algorithm)
{
	const struct algorithm_info *info = algorithm_info(algorithm);

	if (info->rsa)
		return pkey_generate_rsa(info->bits);
	return maker ? pkey_generate_like(maker->groups[algorithm])
	             : pkey_generate_ec(info->group);
}

int key_make(
    const struct key_maker *maker, enum algorithm algorithm, struct key **ret, struct err *err)
{
	const struct algorithm_info *info = algorithm_info(algorithm);
	EVP_PKEY *pkey = make(maker, algorithm);
	MICA_AUTO(key_freep) struct key *key = NULL;
	int done;

	if (!pkey)
		return err_openssl(err, "cannot generate an %s key", info->name);
	key = key_new(pkey, algorithm);
	done = info->rsa ? pkey_spki(pkey, &key->spki, &key->algorithm)
	                 : key_ec_spki(pkey, algorithm, &key->spki);
	if (done < 0)
		return err_openssl(err, "cannot encode an %s key", info->name);
	*ret = mem_give(key);
	return 0;
}

int key_generate(enum algorithm algorithm, struct key **ret, struct err *err)
{
	return key_make(NULL, algorithm, ret, err);
}

/* --- writing --- */

/* RSA keys take long to make, so OpenSSL's encoder does no harm; its memory is the secure heap.
 */
static int rsa_pem(const struct key *key, struct buf *ret)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *text = NULL;
	long len;
	int ok;

	ok = bio &&
	     PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
	len = ok ? BIO_get_mem_data(bio, &text) : 0;
	if (len > 0)
		buf_add(ret, text, (size_t)len);
	BIO_free(bio);
	return len > 0 ? 0 : -1;
}

int key_write_pem(const struct key *key, struct buf *ret, struct err *err)
{
	BUF_AUTO der = BUF_INIT;
	int done;

	if (algorithm_info(key->algorithm)->rsa)
		done = rsa_pem(key, ret);
	else
		done = key_ec_pkcs8(key->pkey, key->algorithm, &key->spki, &der);
	if (done < 0)
		return err_openssl(
		    err, "cannot encode an %s key", algorithm_info(key->algorithm)->name);
	if (der.len > 0)
		pem_write("PRIVATE KEY", &der, ret);
	return 0;
}

/* --- reading --- */

/* Called when the PEM is encrypted; asks nobody. */
static int no_password(char *text, int size, int writing, void *context)
{
	bool *asked = context;

	(void)text;
	(void)size;
	(void)writing;
	*asked = true;
	return -1;
}

/* A file whose two halves do not belong together would serve a certificate that nobody can use.
 */
static bool halves_match(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool match = context && EVP_PKEY_pairwise_check(context) == 1;

	EVP_PKEY_CTX_free(context);
	return match;
}

int key_read_pem(const char *name, const struct buf *pem, struct key **ret, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(buf_text(pem), (int)pem->len);
	MICA_AUTO(key_freep) struct key *key = key_new(NULL, ALG_EC_P256);
	bool asked = false;

	if (bio)
		key->pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, &asked);
	BIO_free(bio);
	if (asked) {
		ERR_clear_error();
		err_set(err, ERR_FAILED, "the key in '%s' is encrypted", name);
		return err_hint(err, "Milvus reads unencrypted PKCS#8 keys only");
	}
	if (!key->pkey)
		return err_openssl(err, "'%s' holds no private key that can be read", name);
	if (pkey_spki(key->pkey, &key->spki, &key->algorithm) < 0)
		return err_set(err, ERR_FAILED,
		    "the key in '%s' is of a kind that mica does not use", name);
	if (!halves_match(key->pkey)) {
		ERR_clear_error();
		return err_set(
		    err, ERR_FAILED, "the two halves of the key in '%s' do not match", name);
	}
	*ret = mem_give(key);
	return 0;
}
