// SPDX-License-Identifier: Apache-2.0
#include "madeview.h"

#include <stdio.h>

#include <mica/clock.h>
#include <mica/digest.h>
#include <mica/mem.h>

#include "json.h"
#include "keyview.h"
#include "table.h"

/* as 'openssl x509 -fingerprint -sha256' prints it */
static void fingerprint_text(const struct ca *ca, char ret[static DIGEST_LEN * 3])
{
	struct digest digest = ca_fingerprint(ca);

	for (size_t i = 0; i < DIGEST_LEN; i++)
		snprintf(
		    ret + 3 * i, 4, i + 1 < DIGEST_LEN ? "%02X:" : "%02X", digest.bytes[i]);
}

static void add_certificate(struct table *table, const struct madeview *made)
{
	char fingerprint[DIGEST_LEN * 3];
	char date[CLOCK_TEXT];

	fingerprint_text(made->ca, fingerprint);
	keyview_row(table, "subject", ca_subject_text(made->ca));
	keyview_row(table, "serial", made->serial);
	keyview_row(table, "expires", clock_date(ca_not_after(made->ca), date));
	keyview_row(table, "SHA-256", fingerprint);
	keyview_row(table, "certificate", made->path);
}

static void add_request(struct table *table, const struct madeview *made)
{
	keyview_row(table, "request", made->path);
	keyview_row(
	    table, "signed", made->requested_again ? "before: the same request again" : "now");
}

void madeview_print(const struct madeview *made)
{
	static const struct table_column columns[] = { { "", TABLE_WHOLE },
		{ "", TABLE_WHOLE } };
	MICA_AUTO(table_freep)
	struct table *table = table_new(TABLE_BARE, columns, mem_count(columns));
	MICA_FREE char *where = mem_printf(
	    "%s (serial %s, %s)", made->token->label, made->token->serial, made->token->model);

	keyview_row(table, "CA", made->name);
	if (made->ca)
		add_certificate(table, made);
	else
		add_request(table, made);
	keyview_row(table, "token", where);
	keyview_summary(table, made->key);
	table_print(table, stdout);
}

json_t *madeview_json(const struct madeview *made)
{
	json_t *object = json_object();
	char fingerprint[DIGEST_LEN * 3];

	json_set_text(object, "ca", made->name);
	if (made->ca) {
		fingerprint_text(made->ca, fingerprint);
		json_set_text(object, "subject", ca_subject_text(made->ca));
		json_set_text(object, "serial", made->serial);
		json_set_time(object, "not-before", ca_not_before(made->ca));
		json_set_time(object, "not-after", ca_not_after(made->ca));
		json_set_text(object, "sha-256", fingerprint);
		json_set_text(object, "certificate", made->path);
	} else {
		json_set_text(object, "request", made->path);
		json_set(object, "again", json_boolean(made->requested_again));
	}
	json_set(object, "token", keyview_token_json(made->token));
	json_set(object, "key", keyview_json(made->key));
	return object;
}
