// SPDX-License-Identifier: Apache-2.0
/*
 * bench_pki: where each microsecond of a certificate goes, on one core: bench_pki [N
 * [CA-ALGORITHM]]
 *
 * The steps that mica runs for every certificate, each timed over N of them, beside the floor
 * that no issuer can go below: one key generation and one signature.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mica/approval.h>
#include <mica/clock.h>
#include <mica/csr.h>
#include <mica/lint.h>
#include <mica/num.h>

#include "../../src/pki/draft.h"
#include "../../src/pki/lint_private.h"
#include "../../src/pki/pkey.h"
#include "../unit/soft_signer.h"

struct bench {
	size_t n;
	enum algorithm ca_algorithm;
	EVP_PKEY *ca_key;
	struct ca *ca;
	struct lint *lint;
	struct key_maker *maker;
	struct soft_signer soft;
	struct signer *signer;
	X509_ALGOR *signature_algorithm;
	struct ambient ambient;
	struct name names[2];
	struct key **keys;
	struct draft_spec *specs;
	struct approval **approvals;
	struct buf *certificates;
};

static void must(int result, const struct err *err)
{
	if (result == 0)
		return;
	fprintf(stderr, "bench_pki: %s\n", err->text);
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double time_each(
    struct bench *bench, const char *what, void (*step)(struct bench *, size_t))
{
	double before = now_us();
	double each;

	for (size_t i = 0; i < bench->n; i++)
		step(bench, i);
	each = (now_us() - before) / (double)bench->n;
	printf("%-64s %8.1f us\n", what, each);
	return each;
}

/* --- the steps --- */

static void generate(struct bench *bench, size_t i)
{
	struct err err = ERR_INIT;

	must(key_make(bench->maker, ALG_EC_P256, &bench->keys[i], &err), &err);
}

static void write_key(struct bench *bench, size_t i)
{
	BUF_AUTO pem = BUF_INIT;
	struct err err = ERR_INIT;

	must(key_write_pem(bench->keys[i], &pem, &err), &err);
}

static void make_csr(struct bench *bench, size_t i)
{
	BUF_AUTO pem = BUF_INIT;
	struct err err = ERR_INIT;

	must(csr_make(bench->keys[i], "localhost", bench->names, mem_count(bench->names), &pem,
	         &err),
	    &err);
}

static void specify(struct bench *bench, struct draft_spec *spec, enum profile profile)
{
	struct err err = ERR_INIT;

	*spec = (struct draft_spec){
		.profile = profile,
		.entry = "bench",
		.common_name = "localhost",
		.not_before = bench->ambient.now - 3600,
		.not_after = bench->ambient.now + 90 * CLOCK_DAY,
	};
	must(serial_make(bench->ambient.random, bench->ambient.context, spec->serial, &err),
	    &err);
	if (profile == PROFILE_CA)
		return;
	spec->names = bench->names;
	spec->n_names = mem_count(bench->names);
}

static void prepare_spec(struct bench *bench, size_t i)
{
	specify(bench, &bench->specs[i], PROFILE_SERVER);
	bench->specs[i].spki = key_spki(bench->keys[i]);
}

static void approve(struct bench *bench, size_t i)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	must(lint_approve(bench->lint, &bench->specs[i], bench->ambient.now, &findings,
	         &bench->approvals[i], &err),
	    &err);
}

static void draft(struct bench *bench, size_t i)
{
	BUF_AUTO tbs = BUF_INIT;

	if (draft_make(bench->ca, &bench->specs[i], bench->signature_algorithm, &tbs) < 0)
		exit(1);
}

static void parse(struct bench *bench, size_t i)
{
	MICA_AUTO(parsed_freep)
	struct parsed *parsed =
	    parsed_of(bench->certificates[i].data, bench->certificates[i].len);

	if (!parsed)
		exit(1);
}

static void judge(struct bench *bench, size_t i)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(parsed_freep)
	struct parsed *parsed =
	    parsed_of(bench->certificates[i].data, bench->certificates[i].len);
	struct lint_case lint_case = { .certificate = parsed,
		.profile = PROFILE_SERVER,
		.entry = "bench",
		.now = bench->ambient.now };

	lint_judge(bench->lint, &lint_case, &findings);
	if (findings.n > 0)
		exit(1);
}

static void verify_bare(struct bench *bench, size_t i)
{
	struct parsed *parsed =
	    parsed_of(bench->certificates[i].data, bench->certificates[i].len);
	MICA_AUTO(md_ctx_freep)
	EVP_MD_CTX *verifying = pkey_verifying(bench->ca_key, bench->soft.digest);
	const unsigned char *tbs;
	size_t len;

	tbs = envelope_tbs(parsed->envelope, &len);
	if (pkey_verify(verifying, ASN1_STRING_get0_data(parsed->envelope->signature),
	        (size_t)ASN1_STRING_length(parsed->envelope->signature), tbs, len) < 0)
		exit(1);
	parsed_free(parsed);
}

static void sign_bare(struct bench *bench, size_t i)
{
	BUF_AUTO signature = BUF_INIT;
	const struct buf *tbs = &bench->certificates[i];

	if (soft_sign_one(&bench->soft, tbs->data, tbs->len, &signature) < 0)
		exit(1);
}

/* --- the whole --- */

static void make_ca(struct bench *bench)
{
	static const struct rdn subject[] = { { (char *)"O", (char *)"Example" },
		{ (char *)"CN", (char *)"Milvus CA" } };
	BUF_AUTO spki = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	struct approval *approval = NULL;
	struct draft_spec spec;
	struct err err = ERR_INIT;

	bench->ca_key = soft_key(bench->ca_algorithm);
	bench->signer = soft_signer_new(&bench->soft, bench->ca_key, bench->ca_algorithm);
	spki = soft_spki(bench->ca_key);
	specify(bench, &spec, PROFILE_CA);
	spec.not_before -= CLOCK_DAY;
	spec.not_after += 3650LL * CLOCK_DAY;
	must(ca_of_key(subject, mem_count(subject), &spki, &bare, &err), &err);
	must(lint_new(bare, &lint, &err), &err);
	must(lint_approve(lint, &spec, bench->ambient.now, &findings, &approval, &err), &err);
	must(approvals_sign(bench->signer, bare, &approval, 1, NULL, &der, &err), &err);
	must(ca_read("CA", &der, &bench->ca, &err), &err);
	must(lint_new(bench->ca, &bench->lint, &err), &err);
	must(key_maker_new(&bench->maker, &err), &err);
}

/* The one in the first certificate */
static X509_ALGOR *signature_algorithm(const struct bench *bench)
{
	MICA_AUTO(parsed_freep)
	struct parsed *parsed =
	    parsed_of(bench->certificates[0].data, bench->certificates[0].len);

	return X509_ALGOR_dup(parsed->tbs->signature);
}

static void run(struct bench *bench)
{
	double floor_us;
	double total;
	double sign_all;
	double before;
	struct err err = ERR_INIT;

	total = time_each(bench, "key generation", generate);
	floor_us = total;
	total += time_each(bench, "key as PKCS#8 PEM", write_key);
	total += time_each(bench, "request: made, signed, verified, PEM", make_csr);
	total += time_each(bench, "specification, serial number", prepare_spec);
	total += time_each(bench, "lint_approve: draft, twin, judgement, approval", approve);
	before = now_us();
	must(approvals_sign(bench->signer, bench->ca, bench->approvals, bench->n, NULL,
	         bench->certificates, &err),
	    &err);
	sign_all = (now_us() - before) / (double)bench->n;
	printf(
	    "%-64s %8.1f us\n", "approvals_sign: signature, envelope, verification", sign_all);
	total += sign_all;
	printf("%-64s %8.1f us\n\n", "all of it", total);
	printf("of which, each by itself:\n");
	bench->signature_algorithm = signature_algorithm(bench);
	time_each(bench, "  draft", draft);
	time_each(bench, "  parse", parse);
	time_each(bench, "  parse and judge", judge);
	time_each(bench, "  parse and verify", verify_bare);
	floor_us += time_each(bench, "  one bare signature by the CA's key", sign_bare);
	printf("%-64s %8.1f us\n", "floor: key generation and one signature", floor_us);
}

static void bench_clear(struct bench *bench)
{
	for (size_t i = 0; i < bench->n; i++) {
		key_free(bench->keys[i]);
		buf_clear(&bench->certificates[i]);
	}
	for (size_t i = 0; i < mem_count(bench->names); i++)
		free(bench->names[i].text);
	free(bench->keys);
	free(bench->specs);
	free(bench->approvals);
	free(bench->certificates);
	signer_free(bench->signer);
	lint_free(bench->lint);
	key_maker_free(bench->maker);
	ca_free(bench->ca);
	X509_ALGOR_free(bench->signature_algorithm);
	EVP_PKEY_free(bench->ca_key);
}

int main(int argc, char **argv)
{
	struct bench bench = { .ambient = ambient_system(), .ca_algorithm = ALG_EC_P256 };
	int64_t n = 1000;

	if (argc > 3 || (argc > 1 && num_parse(argv[1], 1, 1000000, &n) < 0) ||
	    (argc > 2 && algorithm_parse(argv[2], &bench.ca_algorithm) < 0)) {
		fprintf(stderr, "usage: bench_pki [N [CA-ALGORITHM]]\n");
		return 2;
	}
	bench.n = (size_t)n;
	bench.names[0] = (struct name){ .kind = NAME_DNS, .text = mem_strdup("localhost") };
	bench.names[1] =
	    (struct name){ .kind = NAME_DNS, .text = mem_strdup("milvus.example.com") };
	bench.keys = mem_array(bench.n, sizeof(*bench.keys));
	bench.specs = mem_array(bench.n, sizeof(*bench.specs));
	bench.approvals = mem_array(bench.n, sizeof(*bench.approvals));
	bench.certificates = mem_array(bench.n, sizeof(*bench.certificates));
	make_ca(&bench);
	printf("%zu certificates, P-256 leaf, %s CA; CPU time for each\n", bench.n,
	    algorithm_info(bench.ca_algorithm)->name);
	run(&bench);
	bench_clear(&bench);
	return 0;
}
