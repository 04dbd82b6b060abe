// SPDX-License-Identifier: Apache-2.0
/*
 * crossed OLD-KEY OLD-ALGORITHM NEW-KEY NEW-ALGORITHM FOLDER [MORE]: two roots, the old one's
 * cross-certificate for the new one, the old one's next certificate, leaves of the new one, and
 * a revocation list of each, through the doors of pki with keys in files (PEM): for judges of
 * all pairs of key kinds, which no token is needed for.
 *
 *   old.pem new.pem cross.pem next.pem             next: old's renewed
 *   server.pem client.pem server-chain.pem         the chain: the server and the
 * cross-certificate revoked.pem                                    a client that new.crl
 * revokes old.crl new.crl
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/rand.h>

#include <mica/approval.h>
#include <mica/certificate.h>
#include <mica/clock.h>
#include <mica/crl.h>
#include <mica/file.h>
#include <mica/key.h>
#include <mica/lint.h>

#include "../unit/soft_signer.h"

struct made {
	EVP_PKEY *key;
	enum algorithm algorithm;
	struct soft_signer soft;
	struct signer *signer;
	struct ca *ca;
};

struct scene {
	const char *folder;
	int64_t now;
	struct made old, new;
	struct err err;
};

static void die(const struct scene *scene, const char *what)
{
	fprintf(stderr, "crossed: %s: %s\n", what, scene->err.text);
	exit(1);
}

static void write_file(struct scene *scene, const char *name, const struct buf *bytes)
{
	MICA_FREE char *path = mem_printf("%s/%s", scene->folder, name);

	if (file_replace(AT_FDCWD, path, bytes->data, bytes->len, 0644, &scene->err) < 0)
		die(scene, name);
}

static void write_pem(struct scene *scene, const char *name, const struct buf *der)
{
	BUF_AUTO pem = BUF_INIT;

	certificate_pem(der, &pem);
	write_file(scene, name, &pem);
}

static int random_bytes(void *context, void *bytes, size_t len)
{
	(void)context;
	return RAND_bytes(bytes, (int)len) == 1 ? 0 : -1;
}

static struct draft_spec spec_of(
    struct scene *scene, enum profile profile, const char *entry, int64_t days)
{
	struct draft_spec spec = {
		.profile = profile,
		.entry = entry,
		.common_name = "localhost",
		.not_before = scene->now - 3600,
		.not_after = scene->now + days * CLOCK_DAY,
	};

	if (serial_make(random_bytes, NULL, spec.serial, &scene->err) < 0)
		die(scene, "serial");
	return spec;
}

static struct buf sign_one(
    struct scene *scene, struct made *by, const struct ca *issuer, struct approval *approval)
{
	struct buf der = BUF_INIT;

	if (approvals_sign(by->signer, issuer, &approval, 1, NULL, &der, &scene->err) < 0)
		die(scene, "sign");
	return der;
}

static struct buf issue(struct scene *scene, struct made *by, const struct ca *issuer,
    const struct draft_spec *spec)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;

	if (lint_new(issuer, &lint, &scene->err) < 0 ||
	    lint_approve(lint, spec, scene->now, &findings, &approval, &scene->err) < 0)
		die(scene, spec->entry);
	return sign_one(scene, by, issuer, approval);
}

/* --- the CAs --- */

static void make_ca(struct scene *scene, struct made *made, const char *key,
    const char *algorithm, const char *name)
{
	const struct rdn subject[] = { { (char *)"O", (char *)"Example" },
		{ (char *)"CN", (char *)name } };
	const struct draft_spec spec = spec_of(scene, PROFILE_CA, name, 3650);
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	BUF_AUTO spki = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	FILE *file = fopen(key, "r");

	made->key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
	if (file)
		fclose(file);
	if (!made->key || algorithm_parse(algorithm, &made->algorithm) < 0)
		die(scene, key);
	made->signer = soft_signer_new(&made->soft, made->key, made->algorithm);
	spki = soft_spki(made->key);
	if (ca_of_key(subject, mem_count(subject), &spki, &bare, &scene->err) < 0)
		die(scene, name);
	der = issue(scene, made, bare, &spec);
	if (ca_read(name, &der, &made->ca, &scene->err) < 0)
		die(scene, name);
}

static void made_clear(struct made *made)
{
	ca_free(made->ca);
	signer_free(made->signer);
	EVP_PKEY_free(made->key);
}

/* --- what they sign --- */

static struct buf make_leaf(
    struct scene *scene, struct made *by, enum profile profile, const char *entry)
{
	MICA_AUTO(key_freep) struct key *key = NULL;
	struct draft_spec spec = spec_of(scene, profile, entry, 90);
	struct name name = { .kind = NAME_DNS, .text = (char *)"localhost" };
	struct buf der;

	if (key_generate(ALG_EC_P256, &key, &scene->err) < 0)
		die(scene, entry);
	spec.spki = key_spki(key);
	if (profile == PROFILE_SERVER) {
		spec.names = &name;
		spec.n_names = 1;
	}
	der = issue(scene, by, by->ca, &spec);
	return der;
}

/* This certificate and as many others; its serial number has 20 octets, theirs fewer. */
static struct revocation *make_revoked(
    struct scene *scene, const struct buf *certificate, size_t more)
{
	struct revocation *all = mem_array(more + 1, sizeof(*all));
	BUF_AUTO tbs = BUF_INIT;

	for (size_t i = 0; i < more; i++) {
		all[i] = (struct revocation){ .at = scene->now - 120 };
		for (size_t at = 0; at < 4; at++)
			all[i].serial[19 - at] = (uint8_t)((i + 1) >> 8 * at);
	}
	all[more] =
	    (struct revocation){ .at = scene->now - 60, .reason = REVOKED_KEY_COMPROMISE };
	if (certificate_parts(certificate, &tbs, all[more].serial, &scene->err) < 0)
		die(scene, "revoked");
	return all;
}

static void make_list(struct scene *scene, struct made *by, const char *file,
    const struct revocation *revoked, size_t n)
{
	const struct crl_spec spec = {
		.entry = file,
		.number = scene->now,
		.this_update = scene->now,
		.next_update = scene->now + 180 * CLOCK_DAY,
		.revoked = revoked,
		.n_revoked = n,
		.anchor = { .events = 1, .records = 1, .hash = digest_of("head", 4) },
	};
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO pem = BUF_INIT;

	if (lint_new(by->ca, &lint, &scene->err) < 0 ||
	    lint_approve_crl(lint, &spec, scene->now, &findings, &approval, &scene->err) < 0)
		die(scene, file);
	der = sign_one(scene, by, by->ca, approval);
	crl_pem(&der, &pem);
	write_file(scene, file, &pem);
}

static void cross(struct scene *scene)
{
	struct made *old = &scene->old;
	struct made *new = &scene->new;

	struct draft_spec spec = spec_of(scene, PROFILE_CA, "new:cross", 3000);
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO server = make_leaf(scene, new, PROFILE_SERVER, "server");
	BUF_AUTO chain = BUF_INIT;
	struct ca *certificate = NULL;

	spec.certified = new->ca;
	der = issue(scene, old, old->ca, &spec);
	write_pem(scene, "cross.pem", &der);
	if (ca_read("cross.pem", &der, &certificate, &scene->err) < 0 ||
	    ca_put_cross(new->ca, certificate, old->ca, &scene->err) < 0)
		die(scene, "cross");
	certificate_pem(&server, &chain);
	write_file(scene, "server.pem", &chain);
	ca_add_sent(new->ca, &chain);
	write_file(scene, "server-chain.pem", &chain);
}

static void renew(struct scene *scene)
{
	struct made *old = &scene->old;

	const struct draft_spec spec = spec_of(scene, PROFILE_CA, "old", 7000);
	BUF_AUTO der = issue(scene, old, old->ca, &spec);

	write_pem(scene, "next.pem", &der);
}

static void make_all(struct scene *scene, char **argv)
{
	const size_t more = argv[6] ? strtoul(argv[6], NULL, 10) : 0;
	MICA_FREE struct revocation *all = NULL;
	BUF_AUTO client = BUF_INIT;
	BUF_AUTO revoked = BUF_INIT;

	make_ca(scene, &scene->old, argv[1], argv[2], "Old CA");
	make_ca(scene, &scene->new, argv[3], argv[4], "New CA");
	write_file(scene, "old.pem", ca_pem(scene->old.ca));
	write_file(scene, "new.pem", ca_pem(scene->new.ca));
	cross(scene);
	renew(scene);
	client = make_leaf(scene, &scene->new, PROFILE_CLIENT, "client");
	revoked = make_leaf(scene, &scene->new, PROFILE_CLIENT, "revoked");
	write_pem(scene, "client.pem", &client);
	write_pem(scene, "revoked.pem", &revoked);
	all = make_revoked(scene, &revoked, more);
	make_list(scene, &scene->old, "old.crl", NULL, 0);
	make_list(scene, &scene->new, "new.crl", all, more + 1);
}

int main(int argc, char **argv)
{
	struct scene scene = { .now = (int64_t)time(NULL), .err = ERR_INIT };

	if (argc != 6 && argc != 7) {
		fprintf(stderr, "usage: crossed OLD-KEY OLD-ALGORITHM NEW-KEY NEW-ALGORITHM "
		                "FOLDER [MORE]\n");
		return 2;
	}
	scene.folder = argv[5];
	make_all(&scene, argv);
	made_clear(&scene.old);
	made_clear(&scene.new);
	return 0;
}
