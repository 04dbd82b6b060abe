// SPDX-License-Identifier: Apache-2.0
/*
 * Fills a ledger through its own doors, and measures it.
 *
 *   bench_ledger fill DIR N [CA]   N records of certificates that were served and superseded
 *                                  (of a hundred, two are revoked and one abandoned; all
 * expired) under "history-0" to "history-9999"; a ledger that is there grows by them. CA: its
 * name, "g1" if none is given. bench_ledger verify DIR        ledger_verify(), in records a
 * second bench_ledger look DIR          what an apply of one certificate does to a ledger, in
 *                                  microseconds; it appends a few records
 *
 * The bytes of the certificates are made up, but as long as real ones and no two the same.
 */
#include <mica/ledger.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 10000, TBS = 640, SIGNATURE = 90, YEAR = 365 * 86400 };

struct filling {
	struct ledger *ledger;
	const char *ca;
	int64_t now;
	uint64_t next; /* makes serials and bytes */
	struct record *records;
	struct buf *certificates;
	int64_t *seqs;
};

static double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int say(const struct err *err)
{
	fprintf(stderr, "bench_ledger: %s\n", err->text);
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return 1;
}

/* xorshift64*: bytes that do not repeat; nothing here is secret */
static uint64_t next(struct filling *filling)
{
	filling->next ^= filling->next >> 12;
	filling->next ^= filling->next << 25;
	filling->next ^= filling->next >> 27;
	return filling->next * 0x2545f4914f6cdd1d;
}

static void add_bytes(struct filling *filling, struct buf *to, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(uint64_t)) {
		uint64_t part = next(filling);

		buf_add(to, &part, sizeof(part));
	}
}

static void make(struct filling *filling, size_t i)
{
	struct record *record = &filling->records[i];
	struct buf *certificate = &filling->certificates[i];

	record_clear(record);
	buf_reset(certificate);
	*record = (struct record){
		.entry = mem_printf("history-%zu", i),
		.kind = i % 10 == 0 ? RECORD_SERVER : RECORD_CLIENT,
		.ca = mem_strdup(filling->ca),
		.definition = digest_of(&i, sizeof(i)),
		.key = digest_of(&filling->next, sizeof(filling->next)),
		.created = filling->now - YEAR,
		.not_before = filling->now - YEAR,
		.not_after = filling->now - YEAR / 2,
	};
	for (size_t at = 0; at < sizeof(record->serial); at += 4) {
		uint64_t part = next(filling);

		memcpy(record->serial + at, &part, 4);
	}
	record->serial[0] = (record->serial[0] & 0x7f) | 0x40;
	add_bytes(filling, &record->tbs, TBS);
	buf_add(certificate, "head", 4);
	buf_add(certificate, record->tbs.data, record->tbs.len);
	add_bytes(filling, certificate, SIGNATURE);
}

static int fill_batch(struct filling *filling, size_t n, struct err *err)
{
	const size_t revoked = n / 50, abandoned = n / 100, kept = n - revoked - abandoned;
	const int64_t *seqs = filling->seqs;

	for (size_t i = 0; i < n; i++)
		make(filling, i);
	if (ledger_intend(filling->ledger, filling->records, n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		filling->seqs[i] = filling->records[i].seq;
	if (ledger_issued(filling->ledger, seqs, filling->certificates, kept + revoked, err) <
	        0 ||
	    ledger_move(filling->ledger, seqs, kept + revoked, RECORD_SERVED, err) < 0 ||
	    ledger_move(filling->ledger, seqs, kept, RECORD_SUPERSEDED, err) < 0)
		return -1;
	if (revoked > 0 &&
	    ledger_revoke(filling->ledger, seqs + kept, revoked, REVOKED_CESSATION, err) < 0)
		return -1;
	return ledger_move(
	    filling->ledger, seqs + kept + revoked, abandoned, RECORD_ABANDONED, err);
}

static void filling_clear(struct filling *filling)
{
	for (size_t i = 0; i < BATCH; i++)
		buf_clear(&filling->certificates[i]);
	records_free(filling->records, BATCH);
	free(filling->certificates);
	free(filling->seqs);
	ledger_close(filling->ledger);
}

static int fill(const char *dir, size_t n, const char *ca)
{
	struct filling filling = {
		.ca = ca,
		.now = (int64_t)time(NULL),
		.records = mem_array(BATCH, sizeof(struct record)),
		.certificates = mem_array(BATCH, sizeof(struct buf)),
		.seqs = mem_array(BATCH, sizeof(int64_t)),
	};
	struct err err = ERR_INIT;
	struct anchor anchor = { 0 };
	double start = clock_now();
	int status = ledger_open(dir, LEDGER_WRITE, filling.now, &filling.ledger, &err);

	if (status == 0)
		status = ledger_anchor(filling.ledger, &anchor, &err);
	/* so that what was filled before is not made again */
	memcpy(&filling.next, anchor.hash.bytes, sizeof(filling.next));
	for (size_t done = 0; status == 0 && done < n; done += BATCH)
		status = fill_batch(&filling, n - done < BATCH ? n - done : BATCH, &err);
	filling_clear(&filling);
	if (status < 0)
		return say(&err);
	printf("%zu records in %.1f s\n", n, clock_now() - start);
	return 0;
}

static int verify(const char *dir)
{
	MICA_AUTO(ledger_closep) struct ledger *ledger = NULL;
	struct err err = ERR_INIT;
	struct anchor anchor = { 0 };
	double start = clock_now();
	double took;

	if (ledger_open(dir, LEDGER_READ, (int64_t)time(NULL), &ledger, &err) < 0 ||
	    ledger_anchor(ledger, &anchor, &err) < 0 || ledger_verify(ledger, &err) < 0)
		return say(&err);
	took = clock_now() - start;
	printf("%" PRId64 " records, %" PRId64 " events verified in %.2f s: %.0f records/s\n",
	    anchor.records, anchor.events, took, (double)anchor.records / took);
	return 0;
}

/* --- what one certificate costs --- */

static int one_certificate(struct filling *filling, struct err *err)
{
	MICA_AUTO(record_clear) struct record current = { 0 };
	struct delivery delivery = { .deployment = (char *)"bench",
		.entry = (char *)"look",
		.generation = (char *)"..1" };
	struct record *listed = NULL;
	bool found = false;
	size_t n = 0;

	make(filling, 0);
	free(filling->records[0].entry);
	filling->records[0].entry = mem_strdup("look");
	if (ledger_in_state(filling->ledger, RECORD_INTENDED, &listed, &n, err) < 0)
		return -1;
	records_free(listed, n);
	if (ledger_latest(filling->ledger, "look", &current, &found, err) < 0 ||
	    ledger_intend(filling->ledger, filling->records, 1, err) < 0)
		return -1;
	delivery.seq = filling->records[0].seq;
	if (ledger_issued(filling->ledger, &delivery.seq, filling->certificates, 1, err) < 0)
		return -1;
	return ledger_delivered(filling->ledger, &delivery, 1, err);
}

static int look(const char *dir)
{
	enum { TIMES = 20 };
	struct filling filling = {
		.ca = "g1",
		.now = (int64_t)time(NULL),
		.next = (uint64_t)time(NULL),
		.records = mem_array(BATCH, sizeof(struct record)),
		.certificates = mem_array(BATCH, sizeof(struct buf)),
		.seqs = mem_array(BATCH, sizeof(int64_t)),
	};
	struct err err = ERR_INIT;
	double start = clock_now();
	int status = 0;

	for (int i = 0; status == 0 && i < TIMES; i++) {
		ledger_close(filling.ledger);
		filling.ledger = NULL;
		status = ledger_open(dir, LEDGER_WRITE, filling.now, &filling.ledger, &err);
		if (status == 0)
			status = one_certificate(&filling, &err);
	}
	filling_clear(&filling);
	if (status < 0)
		return say(&err);
	printf(
	    "opened, one certificate recorded: %.0f us\n", (clock_now() - start) / TIMES * 1e6);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "fill") == 0)
		return fill(argv[2], strtoul(argv[3], NULL, 10), argc > 4 ? argv[4] : "g1");
	if (argc == 3 && strcmp(argv[1], "verify") == 0)
		return verify(argv[2]);
	if (argc == 3 && strcmp(argv[1], "look") == 0)
		return look(argv[2]);
	fprintf(stderr, "usage: bench_ledger fill DIR N [CA] | verify DIR | look DIR\n");
	return 2;
}
