// SPDX-License-Identifier: Apache-2.0
/* milvus: every outlet of every kind, version and mode, held against tests/data/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include <mica/doc.h>
#include <mica/file.h>
#include <mica/mem.h>
#include <mica/milvus.h>

static char *text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

/* --- an inventory ---------------------------------------------------------------- */

static struct name server_names[] = {
	{ NAME_DNS, NULL, { 0 }, 0 },
	{ NAME_DNS, NULL, { 0 }, 0 },
	{ NAME_IP, NULL, { 127, 0, 0, 1 }, 4 },
};
static struct inv_certificate certificates[3];
static size_t client_indexes[] = { 1, 2 };
static char *endpoints[1];
static struct inventory inventory;

static void set_inventory(void)
{
	server_names[0].text = text("localhost");
	server_names[1].text = text("milvus.example.com");
	server_names[2].text = text("127.0.0.1");
	memset(certificates, 0, sizeof(certificates));
	certificates[0].name = text("server");
	certificates[0].names = server_names;
	certificates[0].n_names = 3;
	certificates[1].name = text("ingest");
	certificates[1].profile = PROFILE_CLIENT;
	certificates[2].name = text("reports");
	certificates[2].profile = PROFILE_CLIENT;
	inventory = (struct inventory){ .certificates = certificates, .n_certificates = 3 };
}

struct variant {
	enum deployment_kind kind;
	int version;
	const char *version_text;
	int tls_mode;
	bool internal_tls;
	bool patch; /* of the operator */
};

static struct inv_deployment deployment_of(const struct variant *variant)
{
	const bool files = variant->kind == DEPLOY_FILES;

	set_inventory();
	return (struct inv_deployment){
		.name = text("prod"),
		.kind = variant->kind,
		.version = variant->version,
		.version_text = text(variant->version_text),
		.out = text("/nonexistent/mica/out/prod"),
		.clients = client_indexes,
		.n_clients = 1,
		.tls_mode = variant->tls_mode,
		.internal_tls = variant->internal_tls,
		.sni = text("localhost"),
		.rest_port = 8080,
		.mount = text(files ? "/nonexistent/mica/out/prod/tls" : "/milvus/tls"),
		.key_mode = 0600,
		.kubernetes = { .namespace = text("milvus"),
		    .release = text("my-release"),
		    .service = text("my-release-milvus"),
		    .patch = variant->patch },
	};
}

/* --- rendered and compared ------------------------------------------------------- */

static const char MILVUS_YAML[] = "# an excerpt\n"
                                  "proxy:\n"
                                  "  http:\n"
                                  "    enabled: true # Whether to enable the http server\n"
                                  "  port: 19530\n"
                                  "\n"
                                  "# Configure the proxy tls enable.\n"
                                  "tls:\n"
                                  "  serverPemPath: configs/cert/server.pem\n"
                                  "  serverKeyPath: configs/cert/server.key\n"
                                  "  caPemPath: configs/cert/ca.pem\n"
                                  "\n"
                                  "common:\n"
                                  "  security:\n"
                                  "    authorizationEnabled: false\n"
                                  "    tlsMode: 0\n"
                                  "  session:\n"
                                  "    ttl: 30\n";

struct rendered {
	struct outlet *outlets;
	size_t n;
	struct findings findings;
	struct err err;
};

/* what lies in tls/, of Kubernetes kinds */
static struct milvus_given given_tls(void)
{
	static struct buf pem[3];
	static char certificate[] = "-----BEGIN CERTIFICATE-----\nc2VydmVy\n-----END "
	                            "CERTIFICATE-----\n";
	static char key[] = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE "
	                    "KEY-----\n";
	static char ca[] = "-----BEGIN CERTIFICATE-----\nY2E=\n-----END CERTIFICATE-----\n";

	pem[0] = (struct buf){ (unsigned char *)certificate, strlen(certificate), 0 };
	pem[1] = (struct buf){ (unsigned char *)key, strlen(key), 0 };
	pem[2] = (struct buf){ (unsigned char *)ca, strlen(ca), 0 };
	return (struct milvus_given){ NULL, &pem[0], &pem[1], &pem[2] };
}

static int render(
    const struct inv_deployment *deployment, const char *milvus_yaml, struct rendered *ret)
{
	struct milvus_given given = given_tls();
	BUF_AUTO yaml = BUF_INIT;

	*ret = (struct rendered){ .outlets = NULL };
	if (milvus_yaml)
		buf_addstr(&yaml, milvus_yaml);
	given.milvus_yaml = milvus_yaml ? &yaml : NULL;
	return milvus_outlets(
	    &inventory, deployment, &given, &ret->findings, &ret->outlets, &ret->n, &ret->err);
}

static void rendered_clear(struct rendered *rendered)
{
	outlets_free(rendered->outlets, rendered->n);
	findings_clear(&rendered->findings);
}

static const struct buf *outlet_text(const struct rendered *rendered, const char *file)
{
	for (size_t i = 0; i < rendered->n; i++) {
		if (strcmp(rendered->outlets[i].file, file) == 0)
			return &rendered->outlets[i].text;
	}
	return NULL;
}

static void expect_golden(const char *name, const struct rendered *rendered)
{
	const char *update = getenv("MICA_GOLDEN");
	MICA_FREE char *path = mem_printf("%s/golden/%s.txt", TEST_DATA_DIR, name);
	struct err err = ERR_INIT;
	BUF_AUTO all = BUF_INIT;
	BUF_AUTO golden = BUF_INIT;

	/* clients.md has golden files of its own, of test_milvus_clients.c */
	for (size_t i = 0; i < rendered->n; i++) {
		if (strcmp(rendered->outlets[i].file, "clients.md") != 0)
			buf_printf(&all, "=== %s\n%s", rendered->outlets[i].file,
			    buf_text(&rendered->outlets[i].text));
	}
	if (update && strcmp(update, "update") == 0)
		assert_int_equal(
		    file_replace(AT_FDCWD, path, all.data, all.len, 0644, &err), 0);
	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &golden, &err) < 0)
		fail_msg("%s", err.text);
	if (strcmp(buf_text(&all), buf_text(&golden)) != 0)
		fail_msg("%s differs; rendered was:\n%s", path, buf_text(&all));
}

/* what a YAML reader finds at "a.b.c"; "" when there is nothing */
static char *value_at(const struct buf *yaml, const char *path)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	MICA_AUTO(doc_freep) struct doc *doc = NULL;
	MICA_FREE char *rest = mem_strdup(path);
	const struct doc_node *node;
	struct err err = ERR_INIT;
	char *at = rest;

	if (doc_parse("rendered", buf_text(yaml), yaml->len, &findings, &doc, &err) < 0)
		fail_msg("%s: %s", err.text, findings.items[0].text);
	node = doc_root(doc);
	for (const char *key = strsep(&at, "."); key && node; key = strsep(&at, "."))
		node = doc_get(node, key);
	return mem_strdup(node && node->text ? node->text : "");
}

static void expect_key(const struct buf *yaml, const char *path, const char *expected)
{
	MICA_FREE char *value = value_at(yaml, path);

	assert_string_equal(value, expected);
}

/* read by a YAML reader, each key at its level */
static void expect_keys(const struct variant *variant, const struct buf *yaml)
{
	const bool files = variant->kind == DEPLOY_FILES;
	char mode[2] = { (char)('0' + variant->tls_mode), '\0' };

	expect_key(yaml, "common.security.tlsMode", mode);
	expect_key(yaml, "proxy.http.enabled", "true");
	expect_key(yaml, "proxy.http.port", "8080");
	expect_key(yaml, "tls.serverKeyPath",
	    files ? "/nonexistent/mica/out/prod/tls/server.key" : "/milvus/tls/server.key");
	expect_key(yaml, "internaltls.sni", variant->internal_tls ? "localhost" : "");
	expect_key(yaml, "common.security.internaltlsEnabled",
	    variant->version < 205  ? ""
	    : variant->internal_tls ? "true"
	                            : "false");
}

static const char *const kinds[] = {
	[DEPLOY_COMPOSE] = "compose",
	[DEPLOY_FILES] = "files",
	[DEPLOY_HELM] = "helm",
	[DEPLOY_OPERATOR] = "operator",
};

static char *golden_name(const struct variant *variant)
{
	return mem_printf("%s-%s-mode%d%s%s", kinds[variant->kind], variant->version_text,
	    variant->tls_mode, variant->internal_tls ? "-internal" : "",
	    variant->patch ? "-patch" : "");
}

static void check_files(const struct variant *variant)
{
	struct inv_deployment deployment = deployment_of(variant);
	const bool merged = variant->version < 204;
	const char *config = merged ? "milvus.yaml" : "user.yaml";
	MICA_AUTO(rendered_clear) struct rendered rendered;
	MICA_FREE char *name = golden_name(variant);

	if (render(&deployment, merged ? MILVUS_YAML : NULL, &rendered) < 0)
		fail_msg("%s: %s", name, rendered.err.text);
	assert_int_equal(rendered.findings.n,
	    variant->version >= 300 && variant->kind == DEPLOY_COMPOSE); /* owner-unset */
	expect_golden(name, &rendered);
	assert_non_null(outlet_text(&rendered, config));
	expect_keys(variant, outlet_text(&rendered, config));
	assert_int_equal(outlet_text(&rendered, "docker-compose.override.yaml") != NULL,
	    variant->kind == DEPLOY_COMPOSE);
	assert_non_null(outlet_text(&rendered, "clients.md"));
}

/* a text of Kubernetes carries the Secret's name; what awaits the files has none */
static void check_kubernetes(const struct variant *variant)
{
	struct inv_deployment deployment = deployment_of(variant);
	const char *pods = variant->kind == DEPLOY_HELM ? "values.yaml"
	                   : variant->patch             ? "milvus.patch.yaml"
	                                                : "milvus.yaml";
	MICA_AUTO(rendered_clear) struct rendered rendered;
	MICA_FREE char *name = golden_name(variant);
	MICA_FREE char *secret = NULL;

	if (render(&deployment, NULL, &rendered) < 0)
		fail_msg("%s: %s", name, rendered.err.text);
	assert_int_equal(rendered.findings.n, 0);
	expect_golden(name, &rendered);
	assert_int_equal(rendered.n, 4);
	secret = value_at(outlet_text(&rendered, "secret.yaml"), "metadata.name");
	assert_non_null(strstr(buf_text(outlet_text(&rendered, pods)), secret));
	assert_non_null(strstr(buf_text(outlet_text(&rendered, "deploy.md")), secret));
	for (size_t i = 0; i < rendered.n; i++) {
		const struct outlet *outlet = &rendered.outlets[i];
		const bool is_secret = strcmp(outlet->file, "secret.yaml") == 0;

		assert_int_equal(outlet->kind == OUTLET_SECRET, is_secret);
		assert_int_equal(
		    strstr(buf_text(&outlet->text), "c2VjcmV0") ||
		        strstr(buf_text(&outlet->text), "LS0tLS1CRUdJTiBQUklWQVRF"),
		    is_secret);
		assert_int_equal(outlet->of_delivery, strcmp(outlet->file, "clients.md") != 0);
	}
}

static void check_variant(const struct variant *variant)
{
	if (variant->kind == DEPLOY_HELM || variant->kind == DEPLOY_OPERATOR)
		check_kubernetes(variant);
	else
		check_files(variant);
}

static void test_golden(void **state)
{
	static const struct {
		int number;
		const char *text;
	} versions[] = { { 203, "2.3" }, { 204, "2.4" }, { 206, "2.6" }, { 300, "3.0" } };

	(void)state;
	for (size_t i = 0; i < mem_count(versions) * mem_count(kinds) * 6; i++) {
		struct variant variant = {
			.kind = (enum deployment_kind)(i % mem_count(kinds)),
			.tls_mode = (int)(i / mem_count(kinds) % 3),
			.internal_tls = i / mem_count(kinds) / 3 % 2,
			.version = versions[i / mem_count(kinds) / 6].number,
			.version_text = versions[i / mem_count(kinds) / 6].text,
		};

		/* internal TLS came with 2.5 */
		if (variant.internal_tls && variant.version < 205)
			continue;
		check_variant(&variant);
		variant.patch = true;
		if (variant.kind == DEPLOY_OPERATOR && variant.tls_mode == 2)
			check_variant(&variant);
	}
}

/* --- what is odd ----------------------------------------------------------------- */

static const struct variant usual = { DEPLOY_COMPOSE, 206, "2.6", 2, true, false };

/* names that must be quoted, a client that keeps its key, an endpoint that the certificate
 * lacks */
static void test_odd(void **state)
{
	struct inv_deployment deployment = deployment_of(&usual);
	MICA_AUTO(rendered_clear) struct rendered rendered;

	(void)state;
	deployment.out = text("/nonexistent/Bob's $HOME/\"x\"/prod");
	deployment.n_clients = 2;
	certificates[2].csr = text("reports.csr");
	endpoints[0] = text("[2001:db8::1]:443");
	deployment.endpoints = endpoints;
	deployment.n_endpoints = 1;
	assert_int_equal(render(&deployment, NULL, &rendered), 0);
	expect_golden("odd-compose", &rendered);
	expect_key(outlet_text(&rendered, "docker-compose.override.yaml"),
	    "services.standalone.image", "");
}

static void test_odd_files(void **state)
{
	struct inv_deployment deployment =
	    deployment_of(&(struct variant){ DEPLOY_FILES, 206, "2.6", 1, false, false });
	MICA_AUTO(rendered_clear) struct rendered rendered;

	(void)state;
	/* a wildcard alone cannot be connected to; REST is off; no clients */
	server_names[0].text = text("*.milvus.example.com");
	certificates[0].n_names = 1;
	deployment.rest_port = 0;
	deployment.n_clients = 0;
	assert_int_equal(render(&deployment, NULL, &rendered), 0);
	expect_golden("odd-files", &rendered);
	expect_key(outlet_text(&rendered, "user.yaml"), "proxy.http.enabled", "false");
	expect_key(outlet_text(&rendered, "user.yaml"), "proxy.http.port", "");
}

static bool clients_say(const struct inv_deployment *deployment, const char *words)
{
	MICA_AUTO(rendered_clear) struct rendered rendered;

	assert_int_equal(render(deployment, NULL, &rendered), 0);
	return strstr(buf_text(outlet_text(&rendered, "clients.md")), words) != NULL;
}

/* the name to check is given only where the address is not in the certificate */
static void test_address(void **state)
{
	static const struct {
		const char *endpoint, *uri;
		bool covered;
	} cases[] = {
		{ NULL, "uri=\"https://localhost:19530\"", true },
		{ "127.0.0.1:19531", "uri=\"https://127.0.0.1:19531\"", true },
		{ "127.0.0.2:19530", "uri=\"https://127.0.0.2:19530\"", false },
		{ "MILVUS.example.com:19530", "uri=\"https://MILVUS.example.com:19530\"",
		    true },
		{ "a.milvus.example.com:19530", "uri=\"https://a.milvus.example.com:19530\"",
		    false },
		{ "[::1]:19530", "uri=\"https://[::1]:19530\"", false },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		struct inv_deployment deployment = deployment_of(&usual);

		endpoints[0] = text(cases[i].endpoint);
		deployment.endpoints = endpoints;
		deployment.n_endpoints = cases[i].endpoint != NULL;
		assert_true(clients_say(&deployment, cases[i].uri));
		assert_int_equal(
		    clients_say(&deployment, "server_name=\"localhost\""), !cases[i].covered);
		assert_int_equal(clients_say(&deployment, "--connect-to"), !cases[i].covered);
	}
}

static void test_wildcard(void **state)
{
	struct inv_deployment deployment = deployment_of(&usual);

	(void)state;
	server_names[0].text = text("*.example.org");
	endpoints[0] = text("db.example.org:19530");
	deployment.endpoints = endpoints;
	deployment.n_endpoints = 1;
	assert_false(clients_say(&deployment, "server_name="));
	endpoints[0] = text("a.db.example.org:19530");
	assert_true(clients_say(&deployment, "server_name=\"milvus.example.com\""));
}

/* a file that was not changed is not written again: the text is the same, run after run */
static void test_stable(void **state)
{
	struct inv_deployment deployment = deployment_of(&usual);
	MICA_AUTO(rendered_clear) struct rendered first;
	MICA_AUTO(rendered_clear) struct rendered second;

	(void)state;
	assert_int_equal(render(&deployment, NULL, &first), 0);
	assert_int_equal(render(&deployment, NULL, &second), 0);
	assert_int_equal(first.n, second.n);
	for (size_t i = 0; i < first.n; i++)
		assert_string_equal(
		    buf_text(&first.outlets[i].text), buf_text(&second.outlets[i].text));
}

/* --- merged ---------------------------------------------------------------------- */

static void test_merged(void **state)
{
	struct inv_deployment deployment = deployment_of(&usual);
	MICA_AUTO(rendered_clear) struct rendered rendered;
	const struct buf *merged;

	(void)state;
	assert_int_equal(render(&deployment, MILVUS_YAML, &rendered), 0);
	assert_null(outlet_text(&rendered, "user.yaml"));
	merged = outlet_text(&rendered, "milvus.yaml");
	expect_keys(&usual, merged);
	expect_key(merged, "proxy.port", "19530");
	assert_non_null(
	    strstr(buf_text(merged), "enabled: true # Whether to enable the http server\n"));
	assert_non_null(strstr(buf_text(outlet_text(&rendered, "docker-compose.override.yaml")),
	    "target: \"/milvus/configs/milvus.yaml\""));
}

static void test_merge_refused(void **state)
{
	struct inv_deployment deployment = deployment_of(&usual);
	MICA_AUTO(rendered_clear) struct rendered rendered;

	(void)state;
	deployment.milvus_yaml = text("conf/milvus.yaml");
	assert_int_equal(render(&deployment, "common:\n  security: on\n", &rendered), -1);
	assert_int_equal(rendered.err.kind, ERR_FAILED);
	assert_null(rendered.outlets);
	assert_string_equal(rendered.findings.items[0].file, "conf/milvus.yaml");
	assert_int_equal(rendered.findings.items[0].line, 2);
}

/* a line of a comment must not end early */
static void test_control_character(void **state)
{
	struct inv_deployment deployment = deployment_of(&usual);
	MICA_AUTO(rendered_clear) struct rendered rendered;

	(void)state;
	deployment.out = text("/nonexistent/a\nservices:/prod");
	assert_int_equal(render(&deployment, NULL, &rendered), -1);
	assert_string_equal(rendered.err.text,
	    "the path '/nonexistent/a\\x0aservices:/prod' holds a control character");
}

static void test_old_version(void **state)
{
	struct inv_deployment deployment =
	    deployment_of(&(struct variant){ DEPLOY_FILES, 203, "2.3.5", 2, false, false });
	MICA_AUTO(rendered_clear) struct rendered rendered;

	(void)state;
	assert_int_equal(render(&deployment, NULL, &rendered), -1);
	assert_string_equal(rendered.err.text, "Milvus 2.3.5 does not read user.yaml");
	assert_non_null(strstr(rendered.err.hint, "milvus-yaml"));
}

/* --- Kubernetes ------------------------------------------------------------------ */

static const struct variant helm = { DEPLOY_HELM, 206, "2.6", 2, true, false };

/* labels that YAML would read as something else, a mount with a blank, a text as it is */
static void test_odd_helm(void **state)
{
	struct inv_deployment deployment = deployment_of(&helm);
	struct inv_label labels[] = { { text("example.com/team"), text("search") },
		{ text("on"), text("1e3") }, { text("y"), text("null") } };
	MICA_AUTO(rendered_clear) struct rendered rendered;

	(void)state;
	deployment.kubernetes.labels = labels;
	deployment.kubernetes.n_labels = mem_count(labels);
	deployment.kubernetes.form = SECRET_STRING_DATA;
	deployment.mount = text("/my \"tls\"");
	deployment.rest_port = 0;
	deployment.out = text("/nonexistent/Bob's $HOME/prod");
	assert_int_equal(render(&deployment, NULL, &rendered), 0);
	expect_golden("odd-helm", &rendered);
	expect_key(outlet_text(&rendered, "secret.yaml"), "stringData.server.key", "");
	expect_key(outlet_text(&rendered, "secret.yaml"), "metadata.labels.on", "1e3");
}

static char *generation(const struct milvus_given *given)
{
	struct inv_deployment deployment = deployment_of(&helm);
	MICA_AUTO(rendered_clear) struct rendered rendered = { .outlets = NULL };

	assert_int_equal(milvus_outlets(&inventory, &deployment, given, &rendered.findings,
	                     &rendered.outlets, &rendered.n, &rendered.err),
	    0);
	return value_at(outlet_text(&rendered, "secret.yaml"), "metadata.name");
}

/* another certificate, another ca.pem: another name; the name tells nothing of the key */
static void test_generation(void **state)
{
	const struct buf other = { (unsigned char *)text("other"), 5, 0 };
	struct milvus_given given = given_tls();
	MICA_FREE char *first = generation(&given);
	MICA_FREE char *key = NULL;
	MICA_FREE char *ca = NULL;
	MICA_FREE char *certificate = NULL;

	(void)state;
	given.key = &other;
	key = generation(&given);
	assert_string_equal(key, first);
	given.ca = &other;
	ca = generation(&given);
	assert_string_not_equal(ca, first);
	given.certificate = &other;
	certificate = generation(&given);
	assert_string_not_equal(certificate, ca);
	assert_int_equal(strlen(first), strlen("prod-tls-0123456789"));
}

/* before the first delivery it is known which files there will be, and not what they say */
static void test_not_delivered(void **state)
{
	static const char *const files[] = { "secret.yaml", "milvus.yaml", "deploy.md" };
	struct inv_deployment deployment =
	    deployment_of(&(struct variant){ DEPLOY_OPERATOR, 206, "2.6", 2, true, false });
	const struct milvus_given given = { NULL, NULL, NULL, NULL };
	MICA_AUTO(rendered_clear) struct rendered rendered = { .outlets = NULL };

	(void)state;
	assert_int_equal(milvus_outlets(&inventory, &deployment, &given, &rendered.findings,
	                     &rendered.outlets, &rendered.n, &rendered.err),
	    0);
	assert_int_equal(rendered.n, 4);
	for (size_t i = 0; i < mem_count(files); i++) {
		assert_string_equal(rendered.outlets[i].file, files[i]);
		assert_int_equal(rendered.outlets[i].text.len, 0);
	}
	assert_true(rendered.outlets[3].text.len > 0);
}

/* clients in the cluster are told its Service, where the certificate holds that name */
static void test_in_cluster(void **state)
{
	struct inv_deployment deployment = deployment_of(&helm);

	(void)state;
	assert_true(clients_say(&deployment, "uri=\"https://localhost:19530\""));
	server_names[1].text = text("my-release-milvus.milvus.svc.cluster.local");
	assert_true(clients_say(
	    &deployment, "uri=\"https://my-release-milvus.milvus.svc.cluster.local:19530\""));
}

/* a configuration that changes replaces the operator's pods as well */
static void test_config_rolls(void **state)
{
	struct inv_deployment deployment =
	    deployment_of(&(struct variant){ DEPLOY_OPERATOR, 206, "2.6", 2, true, false });
	MICA_AUTO(rendered_clear) struct rendered before;
	MICA_AUTO(rendered_clear) struct rendered after;
	MICA_FREE char *first = NULL;
	MICA_FREE char *second = NULL;

	(void)state;
	assert_int_equal(render(&deployment, NULL, &before), 0);
	deployment.tls_mode = 1;
	assert_int_equal(render(&deployment, NULL, &after), 0);
	first = value_at(
	    outlet_text(&before, "milvus.yaml"), "spec.components.podAnnotations.mica-config");
	second = value_at(
	    outlet_text(&after, "milvus.yaml"), "spec.components.podAnnotations.mica-config");
	assert_int_equal(strlen(first), 10);
	assert_string_not_equal(first, second);
}

/* a command is one line of a shell, whatever the page makes of it */
static void test_steps(void **state)
{
	struct inv_deployment deployment = deployment_of(&helm);
	struct err err = ERR_INIT;
	char **steps = NULL;
	size_t n = 0;

	(void)state;
	assert_int_equal(milvus_steps(&deployment, &steps, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_string_equal(steps[0],
	    "kubectl apply --server-side --filename /nonexistent/mica/out/prod/secret.yaml");
	for (size_t i = 0; i < n; i++) {
		assert_null(strchr(steps[i], '\n'));
		assert_null(strchr(steps[i], '\\'));
		free(steps[i]);
	}
	free(steps);
	deployment.kind = DEPLOY_COMPOSE;
	assert_int_equal(milvus_steps(&deployment, &steps, &n, &err), 0);
	assert_int_equal(n, 0);
}

/* --- warnings -------------------------------------------------------------------- */

static void test_owner(void **state)
{
	struct inv_deployment deployment =
	    deployment_of(&(struct variant){ DEPLOY_COMPOSE, 300, "3.0", 2, true, false });
	MICA_AUTO(rendered_clear) struct rendered unset;
	MICA_AUTO(rendered_clear) struct rendered set;

	(void)state;
	assert_int_equal(render(&deployment, NULL, &unset), 0);
	assert_int_equal(unset.findings.warnings, 1);
	assert_string_equal(unset.findings.items[0].rule, "owner-unset");
	deployment.owner_set = true;
	assert_int_equal(render(&deployment, NULL, &set), 0);
	assert_int_equal(set.findings.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_wildcard),
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_merge_refused),
		cmocka_unit_test(test_control_character),
		cmocka_unit_test(test_old_version),
		cmocka_unit_test(test_odd_helm),
		cmocka_unit_test(test_generation),
		cmocka_unit_test(test_not_delivered),
		cmocka_unit_test(test_in_cluster),
		cmocka_unit_test(test_config_rolls),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
