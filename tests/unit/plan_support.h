// SPDX-License-Identifier: Apache-2.0
/* An inventory to begin with, changed in one place, and what is said of it. */
#ifndef PLAN_SUPPORT_H
#define PLAN_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mica/buf.h>
#include <mica/findings.h>
#include <mica/inventory.h>
#include <mica/mem.h>

static const char base_text[] = "version: 1\n"
                                "state-dir: state\n"
                                "ca:\n"
                                "  - name: g1\n"
                                "    module: softhsm2\n"
                                "    key: \"pkcs11:token=milvus-ca;object=ca\"\n"
                                "    pin: prompt\n"
                                "    subject: { C: US, O: Example, CN: Milvus CA g1 }\n"
                                "    days: 3650\n"
                                "defaults: { days: 90, renew-before: 1/3 }\n"
                                "certificates:\n"
                                "  - name: server\n"
                                "    profile: server\n"
                                "    common-name: localhost\n"
                                "    dns: [localhost, milvus.example.com]\n"
                                "    ip: [127.0.0.1]\n"
                                "  - name: ingest\n"
                                "    profile: client\n"
                                "    common-name: ingest\n"
                                "milvus:\n"
                                "  - name: prod\n"
                                "    kind: compose\n"
                                "    version: \"2.6\"\n"
                                "    out: out/prod\n"
                                "    server: server\n"
                                "    clients: [ingest]\n"
                                "    tls-mode: 2\n"
                                "    internal-tls: true\n"
                                "    endpoints: [\"127.0.0.1:19530\"]\n";

/* The base with the first `from` in it replaced; the whole of it when from is NULL; free() it.
 */
static inline char *changed_text(const char *from, const char *to)
{
	const char *at = from ? strstr(base_text, from) : base_text;

	if (!from)
		return mem_strdup(to);
	if (!at)
		fail_msg("the base has no '%s'", from);
	return mem_printf("%.*s%s%s", (int)(at - base_text), base_text, to, at + strlen(from));
}

/* "line:column: text" and "    hint: ..." of each finding, a line each */
static inline void findings_text(const struct findings *findings, struct buf *ret)
{
	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->items[i];

		assert_string_equal(finding->file, "mica.yaml");
		buf_printf(ret, "%d:%d: %s\n", finding->line, finding->column, finding->text);
		if (finding->hint)
			buf_printf(ret, "    hint: %s\n", finding->hint);
	}
}

static inline int parse_text(
    const char *text, struct findings *findings, struct inventory **ret, struct err *err)
{
	return inventory_parse(
	    "mica.yaml", "/etc/mica", text, strlen(text), findings, ret, err);
}

/* The inventory of a text that must be valid, without any finding. */
static inline struct inventory *good_inventory(const char *text)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	if (parse_text(text, &findings, &inventory, &err) < 0) {
		BUF_AUTO told = BUF_INIT;

		findings_text(&findings, &told);
		fail_msg("%s\n%s", err.text, buf_text(&told));
	}
	assert_int_equal(findings.n, 0);
	return inventory;
}

#endif
