// SPDX-License-Identifier: Apache-2.0
/*
 * ledger: random operations, held against a model that knows the rules of ledger.h and nothing
 * of databases. A seed that fails is printed; MICA_SEED=N runs that one alone, and
 * MICA_TEST_ALL=1 runs many more.
 */
#include "ledger_fixture.h"

#include <sys/wait.h>

enum { ENTRIES = 4, PLACES = 2, OPS = 200, MOST = 3 * OPS, SEEDS = 16, MANY = 100, STATES = 7 };

static const char *const entries[ENTRIES] = { "a", "b", "c", "g1" };
static const char *const places[PLACES] = { "prod", "test" };

struct made {
	unsigned entry, number;
	enum record_kind kind;
	enum record_state state;
	enum revocation_reason reason;
	int64_t revoked_at;
};

struct model {
	struct made records[MOST];
	size_t n;
	int64_t delivered[PLACES][ENTRIES]; /* seq; 0: none */
	int64_t events;
	unsigned (*tried)[STATES]; /* from, to: not part of what is copied */
};

struct run {
	unsigned long seed;
	uint64_t dice;
	char *dir;
	struct ledger *ledger;
	int64_t now;
	struct model model;
	struct anchor anchors[OPS];
	size_t n_anchors;
};

static unsigned roll(struct run *run, unsigned sides)
{
	run->dice ^= run->dice >> 12;
	run->dice ^= run->dice << 25;
	run->dice ^= run->dice >> 27;
	return (unsigned)((run->dice * 0x2545f4914f6cdd1d) >> 33) % sides;
}

/* --- the model -------------------------------------------------------------------------- */

static bool is_active(const struct made *made)
{
	return made->state == RECORD_ISSUED || made->state == RECORD_DELIVERED ||
	       made->state == RECORD_SERVED;
}

static bool lies_somewhere(const struct model *model, int64_t seq)
{
	for (size_t p = 0; p < PLACES; p++) {
		for (size_t e = 0; e < ENTRIES; e++) {
			if (model->delivered[p][e] == seq)
				return true;
		}
	}
	return false;
}

static bool may_become(enum record_state from, enum record_state to)
{
	switch (to) {
	case RECORD_ISSUED:
		return from == RECORD_INTENDED;
	case RECORD_DELIVERED:
		return from == RECORD_ISSUED;
	case RECORD_SERVED:
		return from == RECORD_ISSUED || from == RECORD_DELIVERED;
	case RECORD_SUPERSEDED:
		return from == RECORD_ISSUED || from == RECORD_DELIVERED ||
		       from == RECORD_SERVED;
	case RECORD_ABANDONED:
		return from == RECORD_INTENDED || from == RECORD_ISSUED;
	case RECORD_REVOKED:
		return from != RECORD_REVOKED;
	default:
		return false;
	}
}

/* 0, or the kind of the error */
static int model_move(struct model *model, int64_t seq, enum record_state to)
{
	struct made *made;

	if (seq < 1 || (size_t)seq > model->n)
		return ERR_NOT_FOUND;
	made = &model->records[seq - 1];
	model->tried[made->state][to]++;
	if (!may_become(made->state, to))
		return ERR_FAILED;
	made->state = to;
	model->events++;
	return 0;
}

static int model_intend(struct model *model, const struct made *wanted)
{
	size_t active = 0, nowhere = 0;
	bool pending = false, used = false;

	for (size_t i = 0; i < model->n; i++) {
		const struct made *made = &model->records[i];

		used |= made->number == wanted->number;
		if (made->entry != wanted->entry || made->kind != wanted->kind)
			continue;
		pending |= made->state == RECORD_INTENDED;
		active += is_active(made);
		nowhere += is_active(made) && !lies_somewhere(model, (int64_t)i + 1);
	}
	if (pending)
		return ERR_REFUSED;
	if ((wanted->kind == RECORD_SERVER || wanted->kind == RECORD_CLIENT) && nowhere > 0 &&
	    active > 1)
		return ERR_REFUSED;
	if (used)
		return ERR_EXISTS;
	model->records[model->n] = *wanted;
	model->records[model->n++].state = RECORD_INTENDED;
	model->events++;
	return 0;
}

static int model_deliver(struct model *model, size_t place, unsigned entry, int64_t seq)
{
	struct made *made;

	if (seq < 1 || (size_t)seq > model->n || model->records[seq - 1].entry != entry)
		return ERR_NOT_FOUND;
	made = &model->records[seq - 1];
	if (made->state == RECORD_INTENDED || made->state == RECORD_ABANDONED)
		return ERR_FAILED;
	if (made->state == RECORD_ISSUED)
		(void)model_move(model, seq, RECORD_DELIVERED);
	model->delivered[place][entry] = seq;
	for (int64_t older = 1; older < seq; older++) {
		const struct made *other = &model->records[older - 1];

		if (other->entry == entry && is_active(other) &&
		    (other->kind == RECORD_SERVER || other->kind == RECORD_CLIENT) &&
		    !lies_somewhere(model, older))
			(void)model_move(model, older, RECORD_SUPERSEDED);
	}
	return 0;
}

static int model_publish(struct model *model, int64_t seq)
{
	const struct made *made = &model->records[seq - 1];

	if (seq < 1 || (size_t)seq > model->n || made->kind != RECORD_CRL)
		return ERR_NOT_FOUND;
	if (made->state != RECORD_DELIVERED && model_move(model, seq, RECORD_DELIVERED) != 0)
		return ERR_FAILED;
	for (size_t i = 0; i < model->n; i++) {
		struct made *other = &model->records[i];

		if (other->kind == RECORD_CRL && other->entry == made->entry &&
		    is_active(other) && other->number < made->number)
			(void)model_move(model, (int64_t)i + 1, RECORD_SUPERSEDED);
	}
	return 0;
}

/* --- both ------------------------------------------------------------------------------- */

/* A number's bytes: big endian at the end of the serial, so that CRLs have an order. */
static struct record record_of(const struct made *made)
{
	struct record record = make_record(entries[made->entry], made->kind, made->number);

	memset(record.serial, 0, sizeof(record.serial));
	for (int i = 0; i < 4; i++)
		record.serial[19 - i] = (uint8_t)(made->number >> 8 * i);
	return record;
}

/* The ledger did as the model says; what the model became is taken when it worked. */
static void settle(struct run *run, unsigned what, const struct model *after, int wanted,
    int status, const struct err *err)
{
	if ((status < 0) != (wanted != 0) || (status < 0 && (int)err->kind != wanted))
		fail_msg("seed %lu, operation %u: %d (%s), expected %d", run->seed, what,
		    status < 0 ? (int)err->kind : 0, status < 0 ? err->text : "", wanted);
	if (wanted == 0)
		run->model = *after;
}

static int64_t some_seq(struct run *run)
{
	/* mostly a late one; sometimes one that is not there */
	int64_t n = (int64_t)run->model.n;

	return roll(run, 2) ? n - (int64_t)roll(run, 6) + 1
	                    : 1 + (int64_t)roll(run, MOST) % (n + 1);
}

static struct made some_record(struct run *run)
{
	struct made made = { .entry = roll(run, ENTRIES), .number = roll(run, 1 << 20) };

	if (roll(run, 20) == 0 && run->model.n > 0)
		made.number = run->model.records[roll(run, (unsigned)run->model.n)].number;
	if (made.entry == ENTRIES - 1)
		made.kind = roll(run, 3) ? RECORD_CRL : RECORD_CA;
	else
		made.kind = roll(run, 5) ? RECORD_CLIENT : RECORD_SERVER;
	return made;
}

static void op_intend(struct run *run)
{
	struct model after = run->model;
	struct made wanted[2] = { some_record(run), some_record(run) };
	struct record records[2] = { record_of(&wanted[0]), record_of(&wanted[1]) };
	size_t n = 1 + (roll(run, 3) == 0);
	int expected = 0;
	struct err err = ERR_INIT;
	int status;

	for (size_t i = 0; expected == 0 && i < n; i++)
		expected = model_intend(&after, &wanted[i]);
	status = ledger_intend(run->ledger, records, n, &err);
	settle(run, 0, &after, expected, status, &err);
	record_clear(&records[0]);
	record_clear(&records[1]);
}

static void op_issue(struct run *run)
{
	struct model after = run->model;
	int64_t seq = some_seq(run);
	int expected = model_move(&after, seq, RECORD_ISSUED);
	MICA_AUTO(record_clear)
	struct record record = record_of(
	    expected == ERR_NOT_FOUND ? &(struct made){ 0 } : &run->model.records[seq - 1]);
	BUF_AUTO certificate = make_certificate(&record);
	struct err err = ERR_INIT;
	int status;

	if (roll(run, 8) == 0) { /* another's bytes */
		certificate.data[9] ^= 1;
		expected = expected ? expected : ERR_FAILED;
	}
	status = ledger_issued(run->ledger, &seq, &certificate, 1, &err);
	settle(run, 1, &after, expected, status, &err);
}

static void op_adopt(struct run *run)
{
	struct model after = run->model;
	struct made made = some_record(run);
	MICA_AUTO(record_clear) struct record record = record_of(&made);
	BUF_AUTO certificate = make_certificate(&record);
	struct err err = ERR_INIT;
	int expected = 0;
	int status;

	for (size_t i = 0; i < after.n; i++) {
		if (after.records[i].number == made.number)
			expected = ERR_EXISTS;
	}
	made.state = RECORD_ISSUED;
	after.records[after.n++] = made;
	after.events += 2;
	status = ledger_adopted(run->ledger, &record, &certificate, &err);
	settle(run, 2, &after, expected, status, &err);
}

static void op_deliver(struct run *run)
{
	struct model after = run->model;
	unsigned place = roll(run, PLACES);
	int64_t seq = some_seq(run);
	unsigned entry = seq >= 1 && (size_t)seq <= after.n && roll(run, 10)
	                     ? after.records[seq - 1].entry
	                     : roll(run, ENTRIES);
	struct delivery delivery = { .deployment = (char *)places[place],
		.entry = (char *)entries[entry],
		.seq = seq,
		.generation = (char *)"..1",
		.crl_due = seq };
	int expected = model_deliver(&after, place, entry, seq);
	struct err err = ERR_INIT;
	int status = ledger_delivered(run->ledger, &delivery, 1, &err);

	settle(run, 3, &after, expected, status, &err);
}

static void op_move(struct run *run)
{
	static const enum record_state ends[] = { RECORD_SERVED, RECORD_SUPERSEDED,
		RECORD_ABANDONED };
	struct model after = run->model;
	enum record_state to = ends[roll(run, 3)];
	int64_t seqs[2] = { some_seq(run), some_seq(run) };
	size_t n = 1 + roll(run, 2);
	int expected = 0;
	struct err err = ERR_INIT;
	int status;

	for (size_t i = 0; expected == 0 && i < n; i++) {
		if (seqs[i] >= 1 && (size_t)seqs[i] <= after.n &&
		    after.records[seqs[i] - 1].state == to)
			continue;
		expected = model_move(&after, seqs[i], to);
	}
	/* whether all are there is asked before anything is moved */
	for (size_t i = 0; i < n; i++) {
		if (expected == ERR_FAILED && (seqs[i] < 1 || (size_t)seqs[i] > after.n) &&
		    i == 0)
			expected = ERR_NOT_FOUND;
	}
	status = ledger_move(run->ledger, seqs, n, to, &err);
	settle(run, 4, &after, expected, status, &err);
}

static void op_revoke(struct run *run)
{
	struct model after = run->model;
	int64_t seq = some_seq(run);
	enum revocation_reason reason =
	    roll(run, 2) ? REVOKED_KEY_COMPROMISE : REVOKED_UNSPECIFIED;
	int expected = model_move(&after, seq, RECORD_REVOKED);
	struct err err = ERR_INIT;
	int status = ledger_revoke(run->ledger, &seq, 1, reason, &err);

	if (expected == ERR_FAILED)
		expected = ERR_EXISTS;
	if (expected == 0) {
		after.records[seq - 1].reason = reason;
		after.records[seq - 1].revoked_at = run->now;
	}
	settle(run, 5, &after, expected, status, &err);
}

static void op_publish(struct run *run)
{
	struct model after = run->model;
	int64_t seq = some_seq(run);
	int expected = seq < 1 ? ERR_NOT_FOUND : model_publish(&after, seq);
	struct err err = ERR_INIT;
	int status = ledger_published(run->ledger, seq, &err);

	settle(run, 6, &after, expected, status, &err);
}

static int die_in_transaction(const char *dir, int64_t now)
{
	struct ledger *ledger = open_ledger(dir, LEDGER_WRITE, now);
	struct record record = make_record("killed", RECORD_CLIENT, 0x7fffffff);
	struct err err = ERR_INIT;

	if (ledger_note(ledger, "killed", &record.tbs, &err) < 0)
		return 1;
	_exit(0); /* nothing is closed: the WAL stays */
}

/* Closed and opened again, later; now and then by a process that was killed in between. */
static void op_reopen(struct run *run)
{
	int status = -1;

	ledger_close(run->ledger);
	run->ledger = NULL;
	run->now += roll(run, 3600);
	if (roll(run, 4) == 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(die_in_transaction(run->dir, run->now));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	run->ledger = open_ledger(run->dir, LEDGER_WRITE, run->now);
}

/* --- comparing -------------------------------------------------------------------------- */

static int same_record(void *context, const struct record *record)
{
	struct run *run = context;
	const struct made *made = &run->model.records[record->seq - 1];
	MICA_AUTO(record_clear) struct record wanted = record_of(made);

	if (record->state != made->state || record->kind != made->kind ||
	    strcmp(record->entry, wanted.entry) != 0 ||
	    memcmp(record->serial, wanted.serial, sizeof(wanted.serial)) != 0 ||
	    !buf_same(&record->tbs, wanted.tbs.data, wanted.tbs.len))
		fail_msg("seed %lu: record %d is not as it was made (%s, not %s)", run->seed,
		    (int)record->seq, record_state_name(record->state),
		    record_state_name(made->state));
	return 0;
}

static void compare_actives(struct run *run)
{
	struct err err = ERR_INIT;

	for (unsigned e = 0; e < ENTRIES; e++) {
		for (int kind = RECORD_CA; kind <= RECORD_CRL; kind++) {
			MICA_AUTO(record_clear) struct record found = { 0 };
			int64_t wanted = 0;

			for (size_t i = 0; i < run->model.n; i++) {
				const struct made *made = &run->model.records[i];

				if (made->entry != e || (int)made->kind != kind ||
				    !is_active(made))
					continue;
				if (kind != RECORD_CRL || wanted == 0 ||
				    run->model.records[wanted - 1].number < made->number)
					wanted = (int64_t)i + 1;
			}
			if (ledger_current(run->ledger, (enum record_kind)kind, entries[e],
			        &found, &err) < 0)
				assert_int_equal(err.kind, ERR_NOT_FOUND);
			assert_int_equal(found.seq, wanted);
		}
	}
}

static void compare_deliveries(struct run *run)
{
	struct err err = ERR_INIT;

	for (size_t p = 0; p < PLACES; p++) {
		for (size_t e = 0; e < ENTRIES; e++) {
			MICA_AUTO(delivery_clear) struct delivery found = { 0 };
			bool there = false;

			ok(ledger_delivery(
			    run->ledger, places[p], entries[e], &found, &there, &err));
			assert_int_equal(found.seq, run->model.delivered[p][e]);
			assert_int_equal(found.crl_due, found.seq);
		}
	}
}

static void compare_revocations(struct run *run)
{
	MICA_FREE struct revocation *found = NULL;
	size_t n = 0;
	size_t wanted = 0;
	struct err err = ERR_INIT;

	ok(ledger_revocations(run->ledger, "g1", 0, &found, &n, &err));
	for (size_t i = 0; i < run->model.n; i++) {
		const struct made *made = &run->model.records[i];
		struct revocation one = { .at = 0 };

		if (made->state != RECORD_REVOKED)
			continue;
		wanted += made->kind != RECORD_CRL;
		ok(ledger_revocation(run->ledger, (int64_t)i + 1, &one, &err));
		assert_int_equal(one.at, made->revoked_at);
		assert_int_equal(one.reason, made->reason);
	}
	assert_int_equal(n, wanted);
	for (size_t i = 1; i < n; i++)
		assert_true(memcmp(found[i - 1].serial, found[i].serial, 20) < 0);
}

static void compare(struct run *run)
{
	struct anchor head = { 0 };
	struct err err = ERR_INIT;

	ok(ledger_anchor(run->ledger, &head, &err));
	assert_int_equal(head.events, run->model.events);
	assert_int_equal(head.records, run->model.n);
	ok(ledger_each(run->ledger, same_record, run, &err));
	compare_actives(run);
	compare_deliveries(run);
	compare_revocations(run);
	ok(ledger_verify(run->ledger, &err));
	for (size_t i = 0; i < run->n_anchors; i++)
		ok(ledger_check_anchor(run->ledger, &run->anchors[i], &err));
	run->anchors[run->n_anchors++] = head;
}

static void one_seed(unsigned long seed, unsigned (*tried)[STATES])
{
	static void (*const ops[])(struct run * run) = { op_intend, op_intend, op_intend,
		op_issue, op_issue, op_issue, op_issue, op_adopt, op_deliver, op_deliver,
		op_move, op_move, op_move, op_revoke, op_publish, op_publish, op_reopen };
	SCRATCH_AUTO dir = scratch_new_fast();
	struct run *run = mem_zalloc(sizeof(*run));

	run->seed = seed;
	run->model.tried = tried;
	run->dice = seed * 0x9e3779b97f4a7c15 + 1;
	run->dir = dir;
	run->now = NOW;
	run->ledger = open_ledger(dir, LEDGER_WRITE, NOW);
	for (unsigned i = 0; i < OPS; i++) {
		ops[roll(run, mem_count(ops))](run);
		if (i % 10 == 9)
			compare(run);
	}
	ledger_close(run->ledger);
	free(run);
}

static void test_as_the_model_says(void **state)
{
	unsigned tried[STATES][STATES] = { { 0 } };
	const char *one = getenv("MICA_SEED");
	unsigned long n = getenv("MICA_TEST_ALL") ? MANY : SEEDS;

	(void)state;
	if (one) {
		one_seed(strtoul(one, NULL, 10), tried);
		return;
	}
	for (unsigned long seed = 1; seed <= n; seed++)
		one_seed(seed, tried);
	/* the dice left no way out from one state to another */
	for (size_t from = 0; from < STATES; from++) {
		for (size_t to = RECORD_ISSUED; to < STATES; to++) {
			if (tried[from][to] == 0 && from != to && to != RECORD_DELIVERED)
				fail_msg("%s to %s was never tried",
				    record_state_name((enum record_state)from),
				    record_state_name((enum record_state)to));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_the_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
