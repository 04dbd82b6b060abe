// SPDX-License-Identifier: Apache-2.0
#include "evidence.h"
#include "keyview.h"
#include "table.h"

static const struct table_column pair[] = { { "", TABLE_WHOLE }, { "", TABLE_WRAP } };

static void row_printf(struct table *table, const char *name, const char *fmt, ...)
    MICA_PRINTF(3, 4);

static void row_printf(struct table *table, const char *name, const char *fmt, ...)
{
	MICA_FREE char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = mem_vprintf(fmt, args);
	va_end(args);
	keyview_row(table, name, text);
}

static void print_identity(const struct evidence *evidence, struct table *table)
{
	const struct token_identity *identity = &evidence->proof.identity;

	row_printf(table, "token", "%s, serial %s", identity->label, identity->serial);
	row_printf(table, "", "%s %s, hardware %s, firmware %s", identity->manufacturer,
	    identity->model, identity->hardware_version, identity->firmware_version);
	row_printf(table, "library", "%s %s, %s", identity->library_description,
	    identity->library_version, identity->library_manufacturer);
	keyview_row(table, "", identity->module);
}

static void print_attestation(const struct attest_result *result, struct table *table)
{
	row_printf(table, "attestation", "%s: %s", result->kind, result->device);
	for (size_t i = 0; i < result->n_facts; i++)
		row_printf(table, "", "%s %s", result->facts[i].name, result->facts[i].value);
	row_printf(table, "root", "%s", result->issuer);
	keyview_row(table, "", result->root_sha256);
}

static void print_attributes(const struct token_attributes *attributes, struct table *table)
{
	static const char *const words[] = { "not told", "no", "yes" };

	for (size_t i = 0; i < attributes->n; i++)
		keyview_row(
		    table, attributes->items[i].name, words[attributes->items[i].value + 1]);
}

static void print_trials(const struct token_proof *proof)
{
	static const struct table_column columns[] = {
		{ "TRIED ON A SIBLING", TABLE_WHOLE },
		{ "VERDICT", TABLE_WHOLE },
		{ "THE TOKEN SAID", TABLE_WHOLE },
		{ "WHY", TABLE_WRAP },
	};
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_HEADED, columns, mem_count(columns));

	for (size_t i = 0; i < proof->n_trials; i++) {
		const struct token_trial *trial = &proof->trials[i];
		const char *const cells[] = { trial->name,
			evidence_verdict_name(trial->verdict), trial->answer, trial->reason };

		table_row(table, cells);
	}
	printf("\n");
	table_print(table, stdout);
}

void evidence_print(const struct evidence *evidence, const char *file)
{
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_BARE, pair, mem_count(pair));
	const struct digest digest = ca_fingerprint(evidence->ca);
	BUF_AUTO hex = BUF_INIT;

	buf_addhex(&hex, digest.bytes, sizeof(digest.bytes));
	keyview_row(table, "grade", evidence_grade_name(evidence->grade));
	keyview_row(table, "", evidence->reason);
	row_printf(table, "CA", "%s, %s", evidence->entry->name, ca_subject_text(evidence->ca));
	keyview_row(table, "", buf_text(&hex));
	print_identity(evidence, table);
	if (evidence->attested)
		print_attestation(&evidence->attestation, table);
	print_attributes(&evidence->proof.key, table);
	keyview_row(table, "evidence", file);
	table_print(table, stdout);
	if (evidence->proof.sibling.n > 0)
		print_trials(&evidence->proof);
}
