// SPDX-License-Identifier: Apache-2.0
/*
 * What an audit costs for each certificate of a ledger.
 *
 *   bench_audit DIR N [ALGORITHM]
 *
 * Fills a new ledger in DIR with a CA (its key in memory, ec-p256 unless said otherwise) and N
 * server certificates that it really signed, linted as mica's own are, and of which one in a
 * hundred has not expired, as after some years. Then judges it in three depths: every
 * signature; those of what has not expired, as is the default; none of leaves. All leaves share
 * one key, so that N may be large; nothing of an audit depends on that. Printed is the time of
 * processors as well: other work on the machine does not count in it.
 */
#include <mica/audit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mica/key.h>
#include <mica/lint.h>
#include <mica/parallel.h>

#include "../unit/soft_signer.h"

enum { BATCH = 5000, DAY = 86400, YEAR = 365 * DAY, LIFE = 90 * DAY, UNEXPIRED = 100 };

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int say(const struct err *err)
{
	fprintf(stderr, "bench_audit: %s\n", err->text);
	return 1;
}

struct bench {
	struct ledger *ledger;
	int64_t now;
	struct ca *ca;
	struct lint *lint;
	struct key *leaf;
	EVP_PKEY *pkey; /* of the CA */
	struct soft_signer soft;
	struct signer *signer;
	struct ambient ambient;
	struct record *records;
	struct approval **approvals;
	struct buf *ders;
	int64_t *seqs;
	size_t n;
};

/* --- the CA ------------------------------------------------------------------------- */

static void fill_record(struct record *record, const struct bench *bench, const char *entry,
    enum record_kind kind, const struct draft_spec *spec)
{
	*record = (struct record){
		.entry = mem_strdup(entry),
		.kind = kind,
		.ca = mem_strdup("g1"),
		.key = digest_of(spec->spki->data, spec->spki->len),
		.created = bench->now,
		.not_before = spec->not_before,
		.not_after = spec->not_after,
	};
	memcpy(record->serial, spec->serial, sizeof(record->serial));
}

static int make_ca(struct bench *bench, enum algorithm algorithm, struct err *err)
{
	struct rdn cn = { .type = (char *)"CN", .value = (char *)"Bench CA" };
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;
	MICA_AUTO(record_clear) struct record record = { 0 };
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	BUF_AUTO der = BUF_INIT;
	BUF_AUTO spki = BUF_INIT;
	struct draft_spec spec = { .profile = PROFILE_CA, .entry = "g1" };

	bench->pkey = soft_key(algorithm);
	bench->signer = soft_signer_new(&bench->soft, bench->pkey, algorithm);
	spki = soft_spki(bench->pkey);
	spec.spki = &spki;
	spec.not_before = bench->now - YEAR;
	spec.not_after = bench->now + 9 * (int64_t)YEAR;
	if (ca_of_key(&cn, 1, &spki, &bare, err) < 0 ||
	    serial_make(bench->ambient.random, bench->ambient.context, spec.serial, err) < 0 ||
	    lint_new(bare, &lint, err) < 0 ||
	    lint_approve(lint, &spec, bench->now, &findings, &approval, err) < 0)
		return -1;
	fill_record(&record, bench, "g1", RECORD_CA, &spec);
	buf_add(&record.tbs, approval_tbs(approval)->data, approval_tbs(approval)->len);
	if (approvals_sign(bench->signer, bare, &approval, 1, NULL, &der, err) < 0 ||
	    ledger_adopted(bench->ledger, &record, &der, err) < 0 ||
	    ca_read("g1", &der, &bench->ca, err) < 0)
		return -1;
	return lint_new(bench->ca, &bench->lint, err);
}

/* --- its leaves --------------------------------------------------------------------- */

static int make_one(void *context, size_t i, struct err *err)
{
	struct bench *bench = context;
	struct name names[] = { { .kind = NAME_DNS, .text = (char *)"localhost" },
		{ .kind = NAME_DNS, .text = (char *)"milvus.example.com" } };
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_FREE char *entry = mem_printf("history-%zu", i);
	const int64_t begun = bench->now - (i % UNEXPIRED == 0 ? 3600 : 2 * (int64_t)LIFE);
	struct draft_spec spec = {
		.profile = PROFILE_SERVER,
		.entry = entry,
		.common_name = "localhost",
		.names = names,
		.n_names = mem_count(names),
		.spki = key_spki(bench->leaf),
		.not_before = begun,
		.not_after = begun + LIFE,
	};

	if (serial_make(bench->ambient.random, bench->ambient.context, spec.serial, err) < 0 ||
	    lint_approve(bench->lint, &spec, begun, &findings, &bench->approvals[i], err) < 0)
		return -1;
	record_clear(&bench->records[i]);
	fill_record(&bench->records[i], bench, entry, RECORD_SERVER, &spec);
	buf_add(&bench->records[i].tbs, approval_tbs(bench->approvals[i])->data,
	    approval_tbs(bench->approvals[i])->len);
	return 0;
}

static int make_batch(struct bench *bench, size_t n, struct err *err)
{
	int status;

	if (parallel_each(n, make_one, bench, err) < 0 ||
	    ledger_intend(bench->ledger, bench->records, n, err) < 0 ||
	    approvals_sign(
	        bench->signer, bench->ca, bench->approvals, n, NULL, bench->ders, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		bench->seqs[i] = bench->records[i].seq;
	status = ledger_issued(bench->ledger, bench->seqs, bench->ders, n, err);
	for (size_t i = 0; i < n; i++)
		buf_clear(&bench->ders[i]);
	return status < 0 ? -1
	                  : ledger_move(bench->ledger, bench->seqs, n, RECORD_SUPERSEDED, err);
}

static int fill(struct bench *bench, enum algorithm algorithm, size_t n, struct err *err)
{
	if (make_ca(bench, algorithm, err) < 0 ||
	    key_generate(ALG_EC_P256, &bench->leaf, err) < 0)
		return -1;
	bench->records = mem_array(BATCH, sizeof(*bench->records));
	bench->approvals = mem_array(BATCH, sizeof(struct approval *));
	bench->ders = mem_array(BATCH, sizeof(*bench->ders));
	bench->seqs = mem_array(BATCH, sizeof(*bench->seqs));
	for (size_t done = 0; done < n; done += BATCH) {
		if (make_batch(bench, n - done < BATCH ? n - done : BATCH, err) < 0)
			return -1;
	}
	return 0;
}

static void bench_clear(struct bench *bench)
{
	records_free(bench->records, BATCH);
	free(bench->approvals);
	free(bench->ders);
	free(bench->seqs);
	lint_free(bench->lint);
	ca_free(bench->ca);
	key_free(bench->leaf);
	signer_free(bench->signer);
	EVP_PKEY_free(bench->pkey);
	ledger_close(bench->ledger);
}

/* --- judging ------------------------------------------------------------------------ */

static int judge(const char *dir, const struct bench *bench, enum audit_depth depth,
    const char *what, struct err *err)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = NULL;
	MICA_AUTO(audit_result_clear) struct audit_result result = { .records = 0 };
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct audit_subject subject = { .where = dir, .now = bench->now, .depth = depth };
	const double start = seconds(CLOCK_MONOTONIC);
	const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	double took;

	if (ledger_open(dir, LEDGER_AUDIT, bench->now, &ledger, err) < 0)
		return -1;
	subject.ledger = ledger;
	if (audit_judge(&subject, &findings, &result, err) < 0)
		return -1;
	if (findings.errors > 0)
		return err_set(err, ERR_FAILED, "%s", findings.items[0].text);
	took = seconds(CLOCK_MONOTONIC) - start;
	printf("%s: %zu records, %zu signatures in %.2f s: %.0f records/s, %.1f us of a "
	       "processor each\n",
	    what, result.records, result.signatures, took, (double)result.records / took,
	    (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)result.records * 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	MICA_AUTO(bench_clear) struct bench bench = { .ambient = ambient_system() };
	enum algorithm algorithm = ALG_EC_P256;
	struct err err = ERR_INIT;

	if (argc < 3 || (argc > 3 && algorithm_parse(argv[3], &algorithm) < 0)) {
		fprintf(stderr, "usage: bench_audit DIR N [ALGORITHM]\n");
		return 2;
	}
	bench.now = bench.ambient.now;
	if (ledger_open(argv[1], LEDGER_WRITE, bench.now, &bench.ledger, &err) < 0 ||
	    fill(&bench, algorithm, strtoul(argv[2], NULL, 10), &err) < 0)
		return say(&err);
	ledger_close(mem_give(bench.ledger));
	if (judge(argv[1], &bench, AUDIT_FULL, "every signature", &err) < 0 ||
	    judge(argv[1], &bench, AUDIT_VALID, "default", &err) < 0 ||
	    judge(argv[1], &bench, AUDIT_QUICK, "quick", &err) < 0)
		return say(&err);
	return 0;
}
