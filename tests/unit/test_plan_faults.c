// SPDX-License-Identifier: Apache-2.0
/* Every fault of an inventory, with its place and its words. */
#include "plan_faults.h"
#include "plan_support.h"

static void one_fault_each(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(fault_cases); i++) {
		MICA_FREE char *text = changed_text(fault_cases[i].from, fault_cases[i].to);
		FINDINGS_AUTO findings = FINDINGS_INIT;
		BUF_AUTO told = BUF_INIT;
		struct inventory *inventory = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(parse_text(text, &findings, &inventory, &err), -1);
		assert_null(inventory);
		assert_int_equal(err.kind, ERR_FAILED);
		findings_text(&findings, &told);
		if (strcmp(buf_text(&told), fault_cases[i].faults) == 0)
			continue;
		print_error("%s:\n%s  instead of\n%s", fault_cases[i].name, buf_text(&told),
		    fault_cases[i].faults);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* No message holds what could be a PIN. */
static void no_pin_is_repeated(void **state)
{
	size_t seen = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(fault_cases); i++) {
		if (!strstr(fault_cases[i].to, "hunter2") &&
		    !strstr(fault_cases[i].to, "31415926"))
			continue;
		seen++;
		assert_null(strstr(fault_cases[i].faults, "hunter2"));
		assert_null(strstr(fault_cases[i].faults, "31415926"));
	}
	assert_true(seen >= 4);
}

static void all_at_once(void **state)
{
	static const char text[] = "version: 1\n"
	                           "stat-dir: state\n"
	                           "ca:\n"
	                           "  - name: g1\n"
	                           "    module: softhsm2\n"
	                           "    key: \"pkcs11:token=t;object=ca\"\n"
	                           "    subject: { CN: g1 }\n"
	                           "    pin: yes please\n"
	                           "certificates:\n"
	                           "  - name: server\n"
	                           "    profile: server\n"
	                           "    dns: [a_b, localhost]\n"
	                           "    days: 1e3\n"
	                           "milvus:\n"
	                           "  - name: prod\n"
	                           "    kind: swarm\n"
	                           "    server: server\n"
	                           "    keep: 0\n";
	static const char faults[] =
	    "2:1: unknown key 'stat-dir' in the inventory\n"
	    "    hint: did you mean 'state-dir'?\n"
	    "8:10: 'pin' must say where the PIN comes from\n"
	    "    hint: prompt, pad, none, file:PATH, fd:N or credential:NAME; the PIN itself "
	    "never stands in this file\n"
	    "12:11: 'a_b' has a '_' in it, which no host name may have\n"
	    "    hint: give the service a name with '-' instead\n"
	    "13:11: 'days' must be a whole number from 1 to 36500\n"
	    "    hint: digits alone, the first of them not 0\n"
	    "15:5: with 'tls-mode: 2' no client can use the deployment 'prod': it has none\n"
	    "    hint: name them under 'clients'\n"
	    "16:11: 'kind' must be 'compose', 'helm', 'operator' or 'files'\n"
	    "18:11: 'keep' must be a whole number from 1 to 100\n";
	FINDINGS_AUTO findings = FINDINGS_INIT;
	BUF_AUTO told = BUF_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse_text(text, &findings, &inventory, &err), -1);
	findings_text(&findings, &told);
	assert_string_equal(buf_text(&told), faults);
	assert_string_equal(err.text, "'mica.yaml' has 6 faults");
}

/* The defaults are told once, not for every certificate that uses them. */
static void defaults_once(void **state)
{
	BUF_AUTO text = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	(void)state;
	buf_addstr(&text, "version: 1\n"
	                  "ca: [{ name: g1, module: m, key: \"pkcs11:token=t;object=ca\", "
	                  "subject: { CN: g1 } }]\n"
	                  "defaults: { days: 5000 }\n"
	                  "certificates:\n"
	                  "  - { name: server, profile: server, dns: [localhost] }\n");
	for (int i = 0; i < 20; i++)
		buf_printf(&text, "  - { name: c%d, profile: client }\n", i);
	buf_addstr(&text, "milvus:\n  - { name: m, kind: files, server: server, clients: [c0");
	for (int i = 1; i < 20; i++)
		buf_printf(&text, ", c%d", i);
	buf_addstr(&text, "] }\n");
	assert_int_equal(parse_text(buf_text(&text), &findings, &inventory, &err), -1);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].text,
	    "a certificate of 5000 days would outlive its CA of 3650 days");
}

/* After a hundred faults it is enough. */
static void not_endlessly(void **state)
{
	BUF_AUTO text = BUF_INIT;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "key%d: 1\n", i);
	assert_int_equal(parse_text(buf_text(&text), &findings, &inventory, &err), -1);
	assert_int_equal(findings.n, 101);
	assert_string_equal(findings.items[100].text, "there are more faults than these 100");
	assert_string_equal(err.text, "'mica.yaml' has more than 100 faults");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_fault_each),
		cmocka_unit_test(no_pin_is_repeated),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(defaults_once),
		cmocka_unit_test(not_endlessly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
