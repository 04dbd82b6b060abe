// SPDX-License-Identifier: Apache-2.0
/* What a valid inventory becomes. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "plan_support.h"

#include <mica/clock.h>
#include <mica/file.h>

static struct inventory *good(const char *from, const char *to)
{
	MICA_FREE char *text = changed_text(from, to);

	return good_inventory(text);
}

/* The least that can be said. */
static const char least_text[] = "version: 1\n"
                                 "ca:\n"
                                 "  - name: g1\n"
                                 "    module: softhsm2\n"
                                 "    key: \"pkcs11:token=t;object=ca\"\n"
                                 "    subject: { CN: Milvus CA }\n"
                                 "certificates:\n"
                                 "  - name: server\n"
                                 "    profile: server\n"
                                 "    dns: [\"*.example.com\", Milvus.example.com]\n"
                                 "    ip: [\"::1\"]\n"
                                 "  - name: ingest\n"
                                 "    profile: client\n"
                                 "milvus:\n"
                                 "  - name: prod\n"
                                 "    kind: compose\n"
                                 "    server: server\n"
                                 "    clients: [ingest]\n";

static void defaults(void **state)
{
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(least_text);
	const struct inv_ca *ca = inventory_issuer(inventory);
	const struct inv_certificate *server = inventory_certificate(inventory, "server");
	const struct inv_deployment *prod = inventory_deployment(inventory, "prod");

	(void)state;
	assert_string_equal(inventory->file, "mica.yaml");
	assert_string_equal(inventory->dir, "/etc/mica");
	assert_string_equal(inventory->state_dir, "/etc/mica/state");
	assert_int_equal(inventory->n_trust, 0);
	assert_int_equal(ca->state, CA_ISSUING);
	assert_int_equal(ca->pin.source, PIN_PROMPT);
	assert_int_equal(ca->algorithm, ALG_EC_P256);
	assert_int_equal(ca->days, 3650);
	assert_null(ca->module_args);
	assert_null(ca->certificate);
	assert_int_equal(server->algorithm, ALG_EC_P256);
	assert_int_equal(server->days, 90);
	assert_int_equal(server->renew_before.num, 1);
	assert_int_equal(server->renew_before.den, 3);
	assert_int_equal(server->backdate, 3600);
	assert_string_equal(server->common_name, "*.example.com");
	assert_string_equal(inventory_certificate(inventory, "ingest")->common_name, "ingest");
	assert_int_equal(prod->version, MILVUS_VERSION(2, 6));
	assert_string_equal(prod->version_text, "2.6");
	assert_string_equal(prod->out, "/etc/mica/out/prod");
	assert_int_equal(prod->tls_mode, 2);
	assert_false(prod->internal_tls);
	assert_string_equal(
	    prod->sni, "milvus.example.com"); /* a wildcard cannot be looked for */
	assert_int_equal(prod->rest_port, 8080);
	assert_string_equal(prod->mount, "/milvus/tls");
	assert_false(prod->owner_set);
	assert_int_equal(prod->key_mode, 0600);
	assert_int_equal(prod->keep, 2);
	assert_int_equal(prod->n_endpoints, 0);
	assert_null(prod->milvus_yaml);
}

static void everything_said(void **state)
{
	static const char text[] =
	    "version: 1\n"
	    "state-dir: /var/lib/mica/\n"
	    "ca:\n"
	    "  - name: g1\n"
	    "    state: issuing\n"
	    "    module: ./lib//x.so\n"
	    "    module-args: \"configdir='/x'\"\n"
	    "    key: \"pkcs11:token=t;object=ca\"\n"
	    "    pin: file:secrets/pin\n"
	    "    algorithm: rsa-3072\n"
	    "    subject: { OU: Search, CN: Milvus CA, C: DE, O: B\xc3\xbc"
	    "cher }\n"
	    "    days: 36500\n"
	    "    touch: false\n"
	    "trust: [old.pem, /abs/old2.pem]\n"
	    "shared-trust: true\n"
	    "defaults: { algorithm: rsa-2048, days: 10, renew-before: 20h, backdate: 5m }\n"
	    "certificates:\n"
	    "  - name: server\n"
	    "    profile: server\n"
	    "    common-name: B\xc3\xbc"
	    "cher.example\n"
	    "    dns: [localhost, b\xc3\xbc"
	    "cher.example]\n"
	    "    ip: [10.0.0.1]\n"
	    "    algorithm: ec-p384\n"
	    "    days: 20\n"
	    "    renew-before: 2/5\n"
	    "    backdate: 0s\n"
	    "  - { name: a, profile: client, common-name: \"A, CN=b\" }\n"
	    "  - { name: b, profile: client, csr: b.csr, dns: [b.example] }\n"
	    "milvus:\n"
	    "  - name: one\n"
	    "    kind: files\n"
	    "    version: 2.3.5\n"
	    "    out: x/../one/./\n"
	    "    server: server\n"
	    "    clients: [b, a]\n"
	    "    tls-mode: 1\n"
	    "    sni: localhost\n"
	    "    rest-port: 0\n"
	    "    owner: 1000:2000\n"
	    "    key-mode: 0440\n"
	    "    keep: 100\n"
	    "    endpoints: [\"LocalHost:19530\", \"[2001:DB8::1]:1\", 10.0.0.1:19530]\n"
	    "    milvus-yaml: conf/milvus.yaml\n"
	    "    restart: []\n"
	    "  - { name: two, kind: compose, server: server, clients: [a], internal-tls: "
	    "true,\n"
	    "      sni: 10.0.0.1, mount: /a//b/, owner: null, version: \"3.0\", out: two,\n"
	    "      restart: [./restart, -t, 30, \"a b\"], deadline: 90s }\n";
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(text);
	const struct inv_ca *ca = inventory_issuer(inventory);
	const struct inv_certificate *server = inventory_certificate(inventory, "server");
	const struct inv_certificate *b = inventory_certificate(inventory, "b");
	const struct inv_deployment *one = inventory_deployment(inventory, "one");
	const struct inv_deployment *two = inventory_deployment(inventory, "two");

	(void)state;
	assert_string_equal(inventory->state_dir, "/var/lib/mica");
	assert_string_equal(inventory->trust[0], "/etc/mica/old.pem");
	assert_string_equal(inventory->trust[1], "/abs/old2.pem");
	assert_int_equal(inventory->trust_marks[1].line, 14);
	assert_string_equal(ca->module, "/etc/mica/lib/x.so");
	assert_string_equal(ca->module_args, "configdir='/x'");
	assert_int_equal(ca->pin.source, PIN_FILE);
	assert_string_equal(ca->pin.path, "/etc/mica/secrets/pin");
	assert_int_equal(ca->pin.mark.line, 9);
	assert_int_equal(ca->algorithm, ALG_RSA_3072);
	assert_int_equal(ca->n_subject, 4);
	assert_string_equal(ca->subject[0].type, "OU");
	assert_string_equal(ca->subject[3].value, "B\xc3\xbc"
	                                          "cher");
	assert_string_equal(server->common_name, "xn--bcher-kva.example");
	assert_int_equal(server->n_names, 3);
	assert_string_equal(server->names[1].text, "xn--bcher-kva.example");
	assert_int_equal(server->names[2].kind, NAME_IP);
	assert_int_equal(server->name_marks[2].line, 22);
	assert_int_equal(server->algorithm, ALG_EC_P384);
	assert_int_equal(server->days, 20);
	assert_int_equal(server->renew_before.num, 2);
	assert_int_equal(server->renew_before.den, 5);
	assert_int_equal(server->backdate, 0);
	assert_int_equal(b->renew_before.den, 0);
	assert_int_equal(b->renew_before.seconds, 20 * 3600);
	assert_int_equal(b->backdate, 300);
	assert_int_equal(b->days, 10);
	assert_string_equal(b->csr, "/etc/mica/b.csr");
	assert_string_equal(b->common_name, "b");
	assert_int_equal(one->version, 203);
	assert_string_equal(one->version_text, "2.3.5");
	assert_string_equal(one->out, "/etc/mica/x/../one");
	assert_string_equal(one->mount, "/etc/mica/one/tls");
	assert_int_equal(one->n_clients, 2);
	assert_ptr_equal(&inventory->certificates[one->clients[0]], b);
	assert_string_equal(one->sni, "localhost");
	assert_int_equal(one->rest_port, 0);
	assert_null(one->restart);
	assert_int_equal(one->deadline, 120);
	assert_string_equal(two->restart[2], "30");
	assert_string_equal(two->restart[3], "a b");
	assert_null(two->restart[4]);
	assert_int_equal(two->deadline, 90);
	assert_true(one->owner_set);
	assert_int_equal(one->uid, 1000);
	assert_int_equal(one->gid, 2000);
	assert_int_equal(one->key_mode, 0440);
	assert_int_equal(one->keep, 100);
	assert_int_equal(one->n_endpoints, 3);
	assert_string_equal(one->endpoints[0], "localhost:19530");
	assert_string_equal(one->endpoints[1], "[2001:db8::1]:1");
	assert_string_equal(one->milvus_yaml, "/etc/mica/conf/milvus.yaml");
	assert_int_equal(one->milvus_yaml_mark.line, 43);
	assert_string_equal(two->sni, "10.0.0.1");
	assert_string_equal(two->mount, "/a/b");
	assert_false(two->owner_set);
	assert_int_equal(two->version, 300);
	assert_null(inventory_certificate(inventory, "c"));
	assert_null(inventory_deployment(inventory, "three"));
}

/* Marks outlive the text, and name the inventory's own copy of the file name. */
static void marks(void **state)
{
	MICA_AUTO(inventory_freep) struct inventory *inventory = good(NULL, base_text);

	(void)state;
	assert_ptr_equal(inventory->cas[0].mark.file, inventory->file);
	assert_int_equal(inventory->cas[0].key_mark.line, 6);
	assert_int_equal(inventory->cas[0].key_mark.column, 10);
	assert_int_equal(inventory->certificates[1].mark.line, 17);
	assert_int_equal(inventory->deployments[0].mark.line, 21);
}

static void taken(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "pin: prompt", "pin: none" },
		{ "pin: prompt", "pin: fd:0" },
		{ "pin: prompt", "pin: fd:1023" },
		{ "\"2.6\"", "2.6" },
		{ "\"2.6\"", "'2.5.10'" },
		{ "    tls-mode: 2", "    tls-mode: 2\n    sni: milvus.example.com" },
		{ "milvus.example.com]", "\"*.example.com\"]" },
		{ "common-name: localhost", "common-name: 127.0.0.1" },
		{ "common-name: localhost", "common-name: LOCALHOST" },
		{ "common-name: ingest", "common-name: \"Ingest, O=x/y \xe2\x82\xac\"" },
		{ "renew-before: 1/3", "renew-before: 89d" },
		{ "days: 90", "days: 3650" },
		{ "    days: 3650\n", "    certificate: ca.pem\n    days: 90\n" },
		{ "    subject: { C: US, O: Example, CN: Milvus CA g1 }\n    days: 3650\n",
		    "    certificate: ca.pem\n" },
		{ "    tls-mode: 2", "    tls-mode: 2\n    key-mode: \"400\"" },
		{ "version: 1", "--- # one document\nversion: 1" },
		{ "out: out/prod", "out: ." },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_FREE char *text = changed_text(cases[i].from, cases[i].to);

		inventory_free(good_inventory(text));
	}
}

static struct findings told;

static int parse(const char *text, struct inventory **ret, struct err *err)
{
	findings_clear(&told);
	return parse_text(text, &told, ret, err);
}

static int clear(void **state)
{
	(void)state;
	findings_clear(&told);
	return 0;
}

static void warnings(void **state)
{
	static const struct {
		const char *from, *to, *words;
	} cases[] = {
		{ "    clients: [ingest]\n", "",
		    "with 'tls-mode: 2' no client can use the deployment 'prod': it has none" },
		{ "    tls-mode: 2\n    internal-tls: true\n    endpoints: "
		  "[\"127.0.0.1:19530\"]\n",
		    "    tls-mode: 0\n",
		    "nothing that the deployment 'prod' sends is protected" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_FREE char *text = changed_text(cases[i].from, cases[i].to);
		MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;
		struct err err = ERR_INIT;
		char *spare = i == 0 ? strstr(text, "  - name: ingest") : NULL;

		if (spare) { /* nobody uses it then */
			const char *milvus = strstr(spare, "milvus:");

			memmove(spare, milvus, strlen(milvus) + 1);
		}
		assert_int_equal(parse(text, &inventory, &err), 0);
		assert_int_equal(told.n, 1);
		assert_int_equal(told.items[0].level, FINDING_WARNING);
		assert_string_equal(told.items[0].text, cases[i].words);
		assert_int_equal(told.items[0].line, inventory->deployments[0].mark.line);
	}
}

static const char second_text[] = "  - name: test\n"
                                  "    kind: files\n"
                                  "    server: server\n"
                                  "    clients: [ingest]\n";

static void shared_trust(void **state)
{
	MICA_FREE char *refused = mem_printf("%s%s", base_text, second_text);
	MICA_FREE char *one_way = mem_printf("%s%s    tls-mode: 1\n", base_text, second_text);
	MICA_FREE char *meant = mem_printf("%s%sshared-trust: true\n", base_text, second_text);
	MICA_FREE char *faulty = mem_printf("%s%s    keep: 0\n", base_text, second_text);
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(parse(refused, &inventory, &err), -1);
	assert_null(inventory);
	assert_int_equal(err.kind, ERR_REFUSED);
	assert_string_equal(err.text, "policy forbids what 'mica.yaml' says");
	assert_int_equal(told.n, 1);
	assert_int_equal(told.items[0].level, FINDING_ERROR);
	assert_string_equal(told.items[0].rule, "shared-trust");
	assert_int_equal(told.items[0].line, 30);
	assert_string_equal(told.items[0].text,
	    "the deployments 'prod' and 'test' have one CA and 'tls-mode: 2', so "
	    "each lets in the other's clients");
	/* a fault beside it: invalid, not refused */
	assert_int_equal(parse(faulty, &inventory, &err), -1);
	assert_int_equal(err.kind, ERR_FAILED);
	assert_int_equal(told.n, 2);
	inventory_free(good_inventory(one_way));
	inventory_free(good_inventory(meant));
}

static void outs_of_deployments(void **state)
{
	static const struct {
		const char *out;
		bool good;
	} cases[] = {
		{ "out/prod", false },
		{ "/etc/mica/out/prod/", false },
		{ "out/x/../prod", false },
		{ "out/prod/more", false },
		{ "out", false },
		{ ".", false },
		{ "/", false },
		{ "state/x", false },
		{ "out/prod2", true },
		{ "out/prod-2", true },
		{ "out/pro", true },
		{ "/srv/out", true },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_FREE char *text = mem_printf("%s%s    out: %s\nshared-trust: true\n",
		    base_text, second_text, cases[i].out);
		MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(parse(text, &inventory, &err), cases[i].good ? 0 : -1);
		assert_int_equal(told.n, cases[i].good ? 0 : 1);
		if (cases[i].good)
			continue;
		assert_string_equal(told.items[0].rule, "out");
		assert_int_equal(told.items[0].line, 34);
	}
}

static void definition(void **state)
{
	static const struct {
		const char *from, *to;
		bool same;
	} cases[] = {
		{ "days: 90", "days: 30", true },
		{ "renew-before: 1/3", "renew-before: 1/2", true },
		{ "common-name: localhost", "common-name: LocalHost", true },
		{ "out: out/prod", "out: out/x", true },
		{ "common-name: localhost", "common-name: milvus.example.com", false },
		{ "[localhost, milvus.example.com]", "[localhost]", false },
		{ "[localhost, milvus.example.com]", "[localhost, milvus.example.com, x]",
		    false },
		{ "[127.0.0.1]", "[127.0.0.2]", false },
		{ "    ip: [127.0.0.1]\n", "", false },
		{ "days: 90", "algorithm: ec-p384", false },
		{ "    ip: [127.0.0.1]\n", "    ip: [127.0.0.1]\n    csr: server.csr\n",
		    false },
	};
	MICA_AUTO(inventory_freep) struct inventory *base = good(NULL, base_text);
	const struct digest first = inventory_definition(&base->certificates[0]);
	const struct digest other = inventory_definition(&base->certificates[1]);

	(void)state;
	assert_memory_not_equal(&first, &other, sizeof(first));
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_AUTO(inventory_freep)
		struct inventory *changed = good(cases[i].from, cases[i].to);
		const struct digest digest = inventory_definition(&changed->certificates[0]);

		assert_int_equal(memcmp(&digest, &first, sizeof(first)) == 0, cases[i].same);
	}
}

/* Ledgers hold these digests: they must not change from one version to the next. */
static void definition_is_settled(void **state)
{
	MICA_AUTO(inventory_freep) struct inventory *base = good(NULL, base_text);
	static const char parts[] =
	    "6:server,9:localhost,7:ec-p256,3:dns,9:localhost,3:dns,18:milvus.example.com,"
	    "2:ip,9:127.0.0.1,";
	const struct digest wanted = digest_of(parts, strlen(parts));
	const struct digest got = inventory_definition(&base->certificates[0]);

	(void)state;
	assert_memory_equal(&got, &wanted, sizeof(got));
}

static void examples_apply(void **state)
{
	static const struct {
		const char *name;
		enum deployment_kind kind;
	} kinds[] = { { "compose", DEPLOY_COMPOSE }, { "files", DEPLOY_FILES },
		{ "helm", DEPLOY_HELM }, { "operator", DEPLOY_OPERATOR } };

	(void)state;
	for (size_t i = 0; i < mem_count(kinds); i++) {
		MICA_AUTO(inventory_freep)
		struct inventory *inventory = good_inventory(inventory_example(kinds[i].name));

		assert_string_equal(inventory->cas[0].key, "pkcs11:token=milvus-ca;object=ca");
		assert_int_equal(inventory->cas[0].pin.source, PIN_FILE);
		assert_int_equal(inventory->deployments[0].kind, kinds[i].kind);
		assert_int_equal(inventory->deployments[0].n_clients, 2);
	}
	assert_null(inventory_example("swarm"));
	assert_null(inventory_example(""));
}

/* Whatever an example shows behind a '#' is right as well: without the '#' it is read. */
static void comments_of_examples_are_right(void **state)
{
	static const char *const off[] = { "csr: query.csr",
		"milvus-yaml:", "certificate: ca.pem", "permitted-dns:" };
	const char *text = inventory_example("files");
	BUF_AUTO all = BUF_INIT;
	size_t opened = 0;

	(void)state;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		const size_t len = strcspn(line, "\n") + 1;
		const size_t blanks = strspn(line, " ");
		const char *key = line + blanks + 2;
		bool comment = line[blanks] == '#' && memchr(line, ':', len);

		for (size_t i = 0; i < mem_count(off); i++)
			comment = comment && strncmp(key, off[i], strlen(off[i])) != 0;
		if (comment && (blanks == 4 || strncmp(line, "# trust", 7) == 0 ||
		                   strncmp(line, "# shared", 8) == 0 ||
		                   strncmp(line, "# defaults", 10) == 0)) {
			buf_printf(
			    &all, "%*s%.*s", (int)blanks, "", (int)(len - blanks - 2), key);
			opened++;
		} else if (strncmp(line, "#   ", 4) == 0 && line[4] != 'm') {
			buf_printf(&all, "  %.*s", (int)(len - 4), line + 4);
			opened++;
		} else {
			buf_add(&all, line, len);
		}
	}
	assert_true(opened > 14);
	inventory_free(good_inventory(buf_text(&all)));
}

static void loaded_from_a_file(void **state)
{
	char dir[] = "/tmp/mica-inventory-XXXXXX";
	MICA_FREE char *path = NULL;
	MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = mem_printf("%s/mica.yaml", dir);
	assert_int_equal(inventory_load(path, &findings, &inventory, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_memory_equal(err.hint, "mica example compose > ", 23);
	assert_string_equal(err.hint + 23, path);
	assert_int_equal(
	    file_replace(AT_FDCWD, path, least_text, strlen(least_text), 0600, &err), 0);
	assert_int_equal(inventory_load(path, &findings, &inventory, &err), 0);
	assert_string_equal(inventory->dir, dir);
	assert_memory_equal(inventory->state_dir, dir, strlen(dir));
	assert_string_equal(inventory->state_dir + strlen(dir), "/state");
	unlink(path);
	assert_int_equal(inventory_load(dir, &findings, &inventory, &err), -1);
	assert_non_null(strstr(err.text, "is not a regular file"));
	rmdir(dir);
}

/* ten thousand entries */
static void many(void **state)
{
	enum { N = 10000 };
	MICA_AUTO(inventory_freep) struct inventory *inventory = NULL;
	BUF_AUTO text = BUF_INIT;
	const char *milvus = strstr(base_text, "milvus:");
	char name[32];

	(void)state;
	buf_add(&text, base_text, (size_t)(milvus - base_text));
	for (int i = 0; i < N; i++)
		buf_printf(&text, "  - { name: c%d, profile: client }\n", i);
	buf_addstr(&text, "shared-trust: true\nmilvus:\n");
	for (int i = 0; i < N; i++)
		buf_printf(&text,
		    "  - { name: d%d, kind: files, server: server, clients: [ingest, c%d] }\n",
		    i, i);
	inventory = good_inventory(buf_text(&text));
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_string_equal(inventory_certificate(inventory, name)->name, name);
		snprintf(name, sizeof(name), "d%d", i);
		assert_string_equal(inventory_deployment(inventory, name)->name, name);
	}
}

static void three_generations(void **state)
{
	char *text =
	    changed_text("defaults:", "  - name: g2\n"
	                              "    state: trusted\n"
	                              "    module: softhsm2\n"
	                              "    key: \"pkcs11:token=milvus-ca;object=ca2\"\n"
	                              "    subject: { C: US, O: Example, CN: Milvus CA g2 }\n"
	                              "    cross-sign: true\n"
	                              "    days: 30\n"
	                              "    permitted-dns: [example.net]\n"
	                              "  - name: g0\n"
	                              "    state: retired\n"
	                              "    module: /lib/x.so\n"
	                              "    key: \"pkcs11:token=milvus-ca;object=ca\"\n"
	                              "    subject: { C: US, O: Example, CN: Milvus CA g0 }\n"
	                              "defaults:");
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(text);

	(void)state;
	assert_int_equal(inventory->n_cas, 3);
	assert_ptr_equal(inventory_issuer(inventory), &inventory->cas[0]);
	assert_int_equal(inventory->cas[1].state, CA_TRUSTED);
	assert_true(inventory->cas[1].cross_sign);
	assert_false(inventory->cas[0].cross_sign);
	assert_int_equal(inventory->cas[2].state, CA_RETIRED);
	free(text);
}

/* The second of the list: its days and names count, and it keeps its cross-certificate. */
static void the_second_issues(void **state)
{
	static const char text[] =
	    "version: 1\n"
	    "ca:\n"
	    "  - { name: g1, state: trusted, module: softhsm2, key: "
	    "\"pkcs11:token=t;object=1\",\n"
	    "      subject: { CN: g1 }, days: 30, permitted-dns: [example.net] }\n"
	    "  - { name: g2, module: softhsm2, key: \"pkcs11:token=t;object=2\",\n"
	    "      subject: { CN: g2 }, cross-sign: true, permitted-dns: [example.com] }\n"
	    "certificates:\n"
	    "  - { name: server, profile: server, dns: [milvus.example.com] }\n"
	    "  - { name: a, profile: client }\n"
	    "milvus:\n"
	    "  - { name: prod, kind: files, server: server, clients: [a], tls-mode: 2 }\n";
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(text);

	(void)state;
	assert_string_equal(inventory_issuer(inventory)->name, "g2");
	assert_int_equal(inventory->issuing, 1);
	assert_true(inventory->cas[1].cross_sign);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_generations),
		cmocka_unit_test(the_second_issues),
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_said),
		cmocka_unit_test(marks),
		cmocka_unit_test(taken),
		cmocka_unit_test_teardown(warnings, clear),
		cmocka_unit_test_teardown(shared_trust, clear),
		cmocka_unit_test_teardown(outs_of_deployments, clear),
		cmocka_unit_test(definition),
		cmocka_unit_test(definition_is_settled),
		cmocka_unit_test(examples_apply),
		cmocka_unit_test(comments_of_examples_are_right),
		cmocka_unit_test(loaded_from_a_file),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
