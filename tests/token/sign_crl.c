// SPDX-License-Identifier: Apache-2.0
/*
 * sign_crl MODULE MODULE-ARGS URI PIN-FILE CA.pem COUNT OUT.der [CERTIFICATE...]: a revocation
 * list of COUNT entries and those of the certificates, through mica's own doors:
 * lint_approve_crl(), approvals_sign() with the CA key on a token (include/mica/token.h),
 * crl_read(). For the scenarios: a job of megabytes. MODULE-ARGS may be empty. Says how long
 * each step took.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mica/certificate.h>
#include <mica/clock.h>
#include <mica/crl.h>
#include <mica/file.h>
#include <mica/mem.h>
#include <mica/token.h>

enum { PIN_FILE_MAX = 256, CA_MAX = 1 << 20 };

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "sign_crl: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
	exit(1);
}

static void step(const char *what)
{
	static double last;
	struct timespec now;
	double seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	if (what)
		printf("%s %.2f s\n", what, seconds - last);
	last = seconds;
}

/* --- what is revoked --- */

static int by_serial(const void *a, const void *b)
{
	return memcmp(((const struct revocation *)a)->serial,
	    ((const struct revocation *)b)->serial, sizeof(((struct revocation *)0)->serial));
}

/* 20 octets each, spread by a multiplication modulo 2^64, which gives none twice */
static struct revocation nobodys(uint64_t number, int64_t now)
{
	static const enum revocation_reason reasons[] = { REVOKED_UNSPECIFIED,
		REVOKED_KEY_COMPROMISE, REVOKED_SUPERSEDED, REVOKED_CESSATION };
	const uint64_t spread = number * 0x9e3779b97f4a7c15ULL;
	struct revocation one = { .at = now - (int64_t)(number % 10000),
		.reason = reasons[number % mem_count(reasons)] };

	memset(one.serial, 0x5a, sizeof(one.serial));
	for (int i = 0; i < 8; i++)
		one.serial[i + 1] = (uint8_t)(spread >> 8 * i);
	return one;
}

static struct revocation of_certificate(const char *path, int64_t now)
{
	struct revocation one = { .at = now, .reason = REVOKED_KEY_COMPROMISE };
	struct err err = ERR_INIT;
	struct buf *ders = NULL;
	BUF_AUTO bytes = BUF_INIT;
	BUF_AUTO tbs = BUF_INIT;
	size_t n = 0;

	if (file_read(AT_FDCWD, path, CA_MAX, &bytes, &err) < 0 ||
	    chain_read_ders(path, &bytes, &ders, &n, &err) < 0 ||
	    certificate_parts(&ders[0], &tbs, one.serial, &err) < 0)
		die("a certificate cannot be read", &err);
	chain_free_ders(ders, n);
	return one;
}

static struct revocation *make_list(size_t count, char **paths, size_t n_paths, int64_t now)
{
	struct revocation *all = mem_array(count + n_paths + 1, sizeof(*all));

	for (size_t i = 0; i < count; i++)
		all[i] = nobodys(i + 1, now);
	for (size_t i = 0; i < n_paths; i++)
		all[count + i] = of_certificate(paths[i], now);
	qsort(all, count + n_paths, sizeof(*all), by_serial);
	return all;
}

/* --- the doors --- */

static struct ca *read_ca(const char *path)
{
	struct ca *ca = NULL;
	struct err err = ERR_INIT;
	BUF_AUTO bytes = BUF_INIT;

	if (file_read(AT_FDCWD, path, CA_MAX, &bytes, &err) < 0 ||
	    ca_read(path, &bytes, &ca, &err) < 0)
		die("the CA certificate cannot be read", &err);
	return ca;
}

static struct approval *approve(const struct ca *ca, const struct crl_spec *spec)
{
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct err err = ERR_INIT;

	if (lint_new(ca, &lint, &err) < 0 ||
	    lint_approve_crl(lint, spec, spec->this_update, &findings, &approval, &err) < 0)
		die("lint", &err);
	for (size_t i = 0; i < findings.n; i++)
		fprintf(stderr, "sign_crl: %s\n", findings.items[i].text);
	return approval;
}

static struct token *log_in(char **argv)
{
	const struct token_params params = { .module = argv[1],
		.module_args = argv[2][0] != '\0' ? argv[2] : NULL };
	struct token *token = NULL;
	struct err err = ERR_INIT;
	BUF_AUTO pin = BUF_INIT;

	if (file_read(AT_FDCWD, argv[4], PIN_FILE_MAX, &pin, &err) < 0)
		die("the PIN cannot be read", &err);
	buf_cut(&pin, strcspn(buf_text(&pin), "\n"));
	if (token_open(&params, &token, &err) < 0 ||
	    token_select(token, argv[3], NULL, &err) < 0 || token_login(token, &pin, &err) < 0)
		die("no login", &err);
	return token;
}

static void sign(char **argv, const struct ca *ca, struct approval **approval, struct buf *ret)
{
	MICA_AUTO(token_closep) struct token *token = log_in(argv);
	MICA_AUTO(token_key_clear) struct token_key key = { 0 };
	MICA_AUTO(signer_freep) struct signer *signer = NULL;
	struct err err = ERR_INIT;

	if (token_find_key(token, &key, &err) < 0 ||
	    token_signer(token, &key, TOKEN_USE_ISSUE, ca_subject(ca), &signer, &err) < 0)
		die("no key", &err);
	step("login");
	if (approvals_sign(signer, ca, approval, 1, NULL, ret, &err) < 0)
		die("no signature", &err);
	step("sign");
}

/* What was written is read as anybody's, and says all that it was to say. */
static void read_back(const struct buf *der, const struct ca *ca, const struct crl_spec *spec)
{
	struct crl **all = NULL;
	struct err err = ERR_INIT;
	struct revocation found;
	size_t n = 0;

	if (crl_read("the list", der, &all, &n, &err) < 0)
		die("cannot read", &err);
	if (n != 1 || !crl_is_from(all[0], ca) || crl_count(all[0]) != spec->n_revoked)
		die("the list is another", NULL);
	for (size_t i = 0; i < spec->n_revoked; i++) {
		if (!crl_has(all[0], spec->revoked[i].serial, &found) ||
		    found.at != spec->revoked[i].at || found.reason != spec->revoked[i].reason)
			die("an entry is missing", NULL);
	}
	crls_free(all, n);
	step("read");
}

int main(int argc, char **argv)
{
	const int64_t now = (int64_t)time(NULL);
	struct crl_spec spec = {
		.entry = "g1",
		.number = now,
		.this_update = now,
		.next_update = now + CLOCK_DAY,
		.anchor = { .events = 1, .records = 1, .hash = digest_of("head", 4) },
	};
	MICA_AUTO(ca_freep) struct ca *ca = NULL;
	MICA_FREE struct revocation *all = NULL;
	struct approval *approval;
	struct err err = ERR_INIT;
	BUF_AUTO der = BUF_INIT;

	if (argc < 8) {
		fprintf(stderr, "usage: sign_crl MODULE MODULE-ARGS URI PIN-FILE CA.pem COUNT "
		                "OUT.der [CERTIFICATE...]\n");
		return 2;
	}
	ca = read_ca(argv[5]);
	spec.n_revoked = strtoull(argv[6], NULL, 10);
	all = make_list(spec.n_revoked, argv + 8, (size_t)argc - 8, now);
	spec.n_revoked += (size_t)argc - 8;
	spec.revoked = all;
	step(NULL);
	approval = approve(ca, &spec);
	step("lint");
	sign(argv, ca, &approval, &der);
	read_back(&der, ca, &spec);
	if (file_replace(AT_FDCWD, argv[7], der.data, der.len, 0600, &err) < 0)
		die("the list cannot be written", &err);
	return 0;
}
