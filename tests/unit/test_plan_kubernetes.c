// SPDX-License-Identifier: Apache-2.0
/* Deployments in Kubernetes, and the names of their services. */
#include "plan_support.h"

/* base_text with kind and more keys of the deployment */
static char *deployment_text(const char *kind, const char *more)
{
	MICA_FREE char *line = mem_printf("    kind: %s\n%s", kind, more);

	return changed_text("    kind: compose\n", line);
}

/* --- faults ------------------------------------------------------------------------ */

static const struct {
	const char *kind, *more;
	const char *faults;
} cases[] = {
	{ "compose", "    namespace: milvus\n",
	    "23:16: 'namespace' has no meaning with 'kind: compose'\n"
	    "    hint: it is for the kinds helm and operator\n" },
	{ "compose", "    release: my-release\n",
	    "23:14: 'release' has no meaning with 'kind: compose'\n"
	    "    hint: it is for the kinds helm and operator\n" },
	{ "compose", "    labels: { team: search }\n",
	    "23:13: 'labels' has no meaning with 'kind: compose'\n"
	    "    hint: it is for the kinds helm and operator\n" },
	{ "files", "    secret-form: data\n",
	    "23:18: 'secret-form' has no meaning with 'kind: files'\n"
	    "    hint: it is for the kinds helm and operator\n" },
	{ "files", "    service-names: true\n",
	    "23:20: 'service-names' has no meaning with 'kind: files'\n"
	    "    hint: name the server's names under its 'dns'\n" },
	{ "helm", "    patch: true\n",
	    "23:12: 'patch' has no meaning with 'kind: helm'\n"
	    "    hint: it is for the kind operator\n" },
	{ "operator", "    milvus-yaml: milvus.yaml\n",
	    "23:18: 'milvus-yaml' has no meaning with 'kind: operator'\n"
	    "    hint: Milvus is told through the outlets of this kind\n" },
	{ "helm", "    namespace: Milvus\n",
	    "23:16: 'Milvus' cannot be a namespace\n"
	    "    hint: small letters, digits and '-', the ends a letter or digit, at most "
	    "63\n" },
	{ "helm", "    namespace: a.b\n",
	    "23:16: 'a.b' cannot be a namespace\n"
	    "    hint: small letters, digits and '-', the ends a letter or digit, at most "
	    "63\n" },
	{ "helm", "    release: 1st\n",
	    "23:14: '1st' cannot be the name of a release\n"
	    "    hint: small letters, digits and '-', the first a letter, the last a letter or "
	    "digit, at most 53\n" },
	{ "operator", "    release: my-release-\n",
	    "23:14: 'my-release-' cannot be the name of a release\n"
	    "    hint: small letters, digits and '-', the first a letter, the last a letter or "
	    "digit, at most 53\n" },
	{ "operator", "    release: a123456789b123456789c123456789d123456789e123456789f123\n",
	    "23:14: 'a123456789b123456789c123456789d123456789e123456789f123' cannot be the "
	    "name "
	    "of a release\n"
	    "    hint: small letters, digits and '-', the first a letter, the last a letter or "
	    "digit, at most 53\n" },
	{ "helm", "    labels: [a]\n", "23:13: 'labels' must be a map of texts\n" },
	{ "helm", "    labels: { team: 1 }\n",
	    "23:21: each item of 'labels' must be a text, not a number\n"
	    "    hint: put it between double quotes\n" },
	{ "helm", "    labels: { -team: x }\n",
	    "23:15: '-team' cannot be a label\n"
	    "    hint: such as example.com/team\n" },
	{ "helm", "    labels: { Example.com/team: x }\n",
	    "23:15: 'Example.com/team' cannot be a label\n"
	    "    hint: such as example.com/team\n" },
	{ "helm", "    labels: { a/b/c: x }\n",
	    "23:15: 'a/b/c' cannot be a label\n"
	    "    hint: such as example.com/team\n" },
	{ "helm", "    labels: { team: \"a b\" }\n",
	    "23:21: 'a b' cannot be the value of a label\n"
	    "    hint: letters, digits, '.', '_' and '-', the ends a letter or digit, at most "
	    "63\n" },
	{ "helm", "    labels: { mica-generation: x }\n",
	    "23:15: the label 'mica-generation' is mica's own\n" },
	{ "helm", "    labels: { app.kubernetes.io/managed-by: x }\n",
	    "23:15: the label 'app.kubernetes.io/managed-by' is mica's own\n" },
	{ "helm", "    secret-form: Data\n",
	    "23:18: 'secret-form' must be 'data' or 'stringData'\n"
	    "    hint: did you mean 'data'?\n" },
};

static void faults(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_FREE char *text = deployment_text(cases[i].kind, cases[i].more);
		FINDINGS_AUTO findings = FINDINGS_INIT;
		BUF_AUTO told = BUF_INIT;
		struct inventory *inventory = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(parse_text(text, &findings, &inventory, &err), -1);
		findings_text(&findings, &told);
		if (strcmp(buf_text(&told), cases[i].faults) == 0)
			continue;
		print_error(
		    "%s%s  instead of\n%s", cases[i].more, buf_text(&told), cases[i].faults);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void expect_fault(const char *text, const char *fault)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(parse_text(text, &findings, &inventory, &err), -1);
	assert_int_equal(findings.n, 1);
	assert_string_equal(findings.items[0].text, fault);
}

/* what is not there cannot go into a Secret */
static void server_of_a_request(void **state)
{
	MICA_FREE char *text = deployment_text("helm", "");
	char *at = strstr(text, "    dns: [localhost");
	MICA_FREE char *with =
	    mem_printf("%.*s    csr: server.csr\n%s", (int)(at - text), text, at);

	(void)state;
	expect_fault(with, "the key of 'server' is not here, and the Secret needs it");
}

/* a deployment's name stands in that of the Secret */
static void name_of_a_secret(void **state)
{
	MICA_FREE char *text = deployment_text("helm", "    release: my-release\n");
	MICA_FREE char *with = NULL;
	char *at = strstr(text, "- name: prod");

	(void)state;
	with = mem_printf("%.*s- name: pr_od%s", (int)(at - text), text, at + 12);
	expect_fault(with, "'pr_od' cannot be part of the name of a Secret");
}

static const char second[] = "  - name: test\n"
                             "    kind: helm\n"
                             "    tls-mode: 1\n"
                             "    server: server\n";

static void one_release_once(void **state)
{
	MICA_FREE char *text = deployment_text("helm", "    release: milvus\n");
	MICA_FREE char *twice = mem_printf("%s%s    release: milvus\n", text, second);
	MICA_FREE char *elsewhere =
	    mem_printf("%s%s    release: milvus\n    namespace: test\n", text, second);

	(void)state;
	expect_fault(twice,
	    "it is the release 'milvus' of the namespace 'default', as another deployment is");
	inventory_free(good_inventory(elsewhere));
}

/* --- what is taken ----------------------------------------------------------------- */

static void defaults(void **state)
{
	MICA_FREE char *text = deployment_text("helm", "");
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(text);
	const struct inv_deployment *deployment = &inventory->deployments[0];

	(void)state;
	assert_int_equal(deployment->kind, DEPLOY_HELM);
	assert_string_equal(deployment->kubernetes.namespace, "default");
	assert_string_equal(deployment->kubernetes.release, "prod");
	assert_int_equal(deployment->kubernetes.form, SECRET_DATA);
	assert_false(deployment->kubernetes.patch);
	assert_string_equal(deployment->mount, "/milvus/tls");
	assert_int_equal(inventory->certificates[0].n_names, 3);
}

static void everything(void **state)
{
	MICA_FREE char *text = deployment_text("operator",
	    "    namespace: vectors\n    release: my-release\n    patch: true\n"
	    "    labels: { zone: b, example.com/team: search }\n    secret-form: stringData\n");
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(text);
	const struct inv_kubernetes *kubernetes = &inventory->deployments[0].kubernetes;

	(void)state;
	assert_string_equal(kubernetes->namespace, "vectors");
	assert_string_equal(kubernetes->release, "my-release");
	assert_int_equal(kubernetes->form, SECRET_STRING_DATA);
	assert_true(kubernetes->patch);
	assert_int_equal(kubernetes->n_labels, 2);
	assert_string_equal(kubernetes->labels[0].key, "example.com/team");
	assert_string_equal(kubernetes->labels[1].value, "b");
}

/* the charts and the operator put the keys together themselves, of whatever version */
static void old_milvus(void **state)
{
	MICA_FREE char *text = changed_text("    kind: compose\n    version: \"2.6\"\n",
	    "    kind: operator\n    version: \"2.3\"\n");
	char *internal = strstr(text, "    internal-tls: true\n");
	MICA_FREE char *without = mem_printf("%.*s%s", (int)(internal - text), text,
	    internal + strlen("    internal-tls: true\n"));

	(void)state;
	inventory_free(good_inventory(without));
}

/* --- names of services -------------------------------------------------------------- */

static void expect_names(const struct inventory *inventory, const char *const *names)
{
	const struct inv_certificate *server = &inventory->certificates[0];
	size_t n = 0;

	for (; names[n]; n++) {
		assert_true(n < server->n_names);
		assert_string_equal(server->names[n].text, names[n]);
	}
	assert_int_equal(server->n_names, n);
}

static void names_of_kinds(void **state)
{
	static const struct {
		const char *kind, *more;
		const char *names[10];
	} kinds[] = {
		{ "compose", "",
		    { "localhost", "milvus.example.com", "127.0.0.1", "standalone",
		        "milvus-standalone" } },
		{ "helm", "    namespace: db\n    release: my-release\n",
		    { "localhost", "milvus.example.com", "127.0.0.1", "my-release-milvus",
		        "my-release-milvus.db", "my-release-milvus.db.svc",
		        "my-release-milvus.db.svc.cluster.local" } },
		/* the chart's own name in the release's is not said twice */
		{ "helm", "    release: milvus-prod\n",
		    { "localhost", "milvus.example.com", "127.0.0.1", "milvus-prod",
		        "milvus-prod.default", "milvus-prod.default.svc",
		        "milvus-prod.default.svc.cluster.local" } },
		{ "operator", "    release: milvus-prod\n",
		    { "localhost", "milvus.example.com", "127.0.0.1", "milvus-prod-milvus",
		        "milvus-prod-milvus.default", "milvus-prod-milvus.default.svc",
		        "milvus-prod-milvus.default.svc.cluster.local" } },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(kinds); i++) {
		MICA_FREE char *more = mem_printf("%s    service-names: true\n", kinds[i].more);
		MICA_FREE char *text = deployment_text(kinds[i].kind, more);
		MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(text);

		expect_names(inventory, kinds[i].names);
	}
}

/* one certificate of two deployments has the names of both; each may check for one of them */
static void names_of_all(void **state)
{
	static const char *const names[] = { "localhost", "milvus.example.com", "127.0.0.1",
		"prod-milvus", "prod-milvus.default", "prod-milvus.default.svc",
		"prod-milvus.default.svc.cluster.local", "test-milvus", "test-milvus.default",
		"test-milvus.default.svc", "test-milvus.default.svc.cluster.local", NULL };
	MICA_FREE char *text = deployment_text(
	    "helm", "    service-names: true\n    sni: test-milvus.default.svc\n");
	MICA_FREE char *both = mem_printf("%s%s    service-names: true\n", text, second);
	MICA_AUTO(inventory_freep) struct inventory *inventory = good_inventory(both);

	(void)state;
	expect_names(inventory, names);
	assert_string_equal(inventory->deployments[0].sni, "test-milvus.default.svc");
}

/* it is due when they are added */
static void names_are_of_the_definition(void **state)
{
	MICA_FREE char *with_text = deployment_text("helm", "    service-names: true\n");
	MICA_FREE char *without_text = deployment_text("helm", "    service-names: false\n");
	MICA_AUTO(inventory_freep) struct inventory *with = good_inventory(with_text);
	MICA_AUTO(inventory_freep) struct inventory *without = good_inventory(without_text);
	const struct digest a = inventory_definition(&with->certificates[0]);
	const struct digest b = inventory_definition(&without->certificates[0]);

	(void)state;
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void names_that_the_ca_may_not(void **state)
{
	MICA_FREE char *text = changed_text("    days: 3650\n",
	    "    days: 3650\n    permitted-dns: [localhost, example.com]\n");
	const char *at = strstr(text, "    kind: compose\n");
	MICA_FREE char *whole = NULL;
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct inventory *inventory = NULL;
	struct err err = ERR_INIT;

	(void)state;
	whole = mem_printf("%.*s    kind: compose\n    service-names: true\n%s",
	    (int)(at - text), text, at + strlen("    kind: compose\n"));
	assert_int_equal(parse_text(whole, &findings, &inventory, &err), -1);
	assert_int_equal(findings.n, 2);
	assert_string_equal(findings.items[0].text,
	    "the name 'standalone' is not within 'permitted-dns' of CA 'g1'");
	assert_int_equal(findings.items[0].line, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults),
		cmocka_unit_test(server_of_a_request),
		cmocka_unit_test(name_of_a_secret),
		cmocka_unit_test(one_release_once),
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(old_milvus),
		cmocka_unit_test(names_of_kinds),
		cmocka_unit_test(names_of_all),
		cmocka_unit_test(names_are_of_the_definition),
		cmocka_unit_test(names_that_the_ca_may_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
