// SPDX-License-Identifier: Apache-2.0
/* milvus: clients.md of every version and mode, held against tests/data/golden; what is odd. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include <mica/file.h>
#include <mica/mem.h>
#include <mica/milvus.h>

static char *text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

/* --- an inventory ---------------------------------------------------------------- */

struct world {
	struct name names[3];
	struct inv_certificate certificates[4];
	struct inventory inventory;
	size_t clients[3];
	char *endpoint;
	struct inv_deployment deployment;
};

static struct inv_deployment deployment_of(struct world *world)
{
	return (struct inv_deployment){
		.name = text("prod"),
		.kind = DEPLOY_COMPOSE,
		.version = 206,
		.version_text = text("2.6"),
		.out = text("/nonexistent/mica/out/prod"),
		.clients = world->clients,
		.n_clients = 2,
		.tls_mode = 2,
		.sni = text("localhost"),
		.rest_port = 8080,
		.mount = text("/milvus/tls"),
		.key_mode = 0600,
		.milvus_yaml = NULL,
	};
}

static void make_world(struct world *ret)
{
	static const char *const names[] = { "server", "ingest", "reports", "own" };

	*ret = (struct world){
		.names = { { NAME_DNS, text("localhost"), { 0 }, 0 },
		    { NAME_DNS, text("milvus.example.com"), { 0 }, 0 },
		    { NAME_IP, text("127.0.0.1"), { 127, 0, 0, 1 }, 4 } },
		.clients = { 1, 2, 3 },
	};
	for (size_t i = 0; i < mem_count(names); i++) {
		ret->certificates[i].name = text(names[i]);
		ret->certificates[i].profile = i ? PROFILE_CLIENT : PROFILE_SERVER;
	}
	ret->certificates[0].names = ret->names;
	ret->certificates[0].n_names = mem_count(ret->names);
	ret->inventory =
	    (struct inventory){ .certificates = ret->certificates, .n_certificates = 4 };
	ret->deployment = deployment_of(ret);
}

static void set_endpoint(struct world *world, const char *endpoint)
{
	world->endpoint = text(endpoint);
	world->deployment.endpoints = &world->endpoint;
	world->deployment.n_endpoints = endpoint != NULL;
}

/* clients.md; free() it */
static char *page(const struct world *world)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct outlet *outlets = NULL;
	struct err err = ERR_INIT;
	BUF_AUTO yaml = BUF_INIT;
	struct milvus_given given = { &yaml, NULL, NULL, NULL };
	char *found = NULL;
	size_t n = 0;

	if (milvus_outlets(&world->inventory, &world->deployment, &given, &findings, &outlets,
	        &n, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(outlets[i].file, "clients.md") == 0)
			found = mem_strdup(buf_text(&outlets[i].text));
	}
	outlets_free(outlets, n);
	assert_non_null(found);
	return found;
}

static void expect_golden(const struct world *world, const char *name)
{
	const char *update = getenv("MICA_GOLDEN");
	MICA_FREE char *path = mem_printf("%s/golden/clients-%s.md", TEST_DATA_DIR, name);
	MICA_FREE char *rendered = page(world);
	struct err err = ERR_INIT;
	BUF_AUTO golden = BUF_INIT;

	if (update && strcmp(update, "update") == 0)
		assert_int_equal(
		    file_replace(AT_FDCWD, path, rendered, strlen(rendered), 0644, &err), 0);
	if (file_read(AT_FDCWD, path, FILE_MAX_TEXT, &golden, &err) < 0)
		fail_msg("%s", err.text);
	if (strcmp(rendered, buf_text(&golden)) != 0)
		fail_msg("%s differs; rendered was:\n%s", path, rendered);
}

static void expect_says(const struct world *world, const char *words, bool expected)
{
	MICA_FREE char *rendered = page(world);

	if ((strstr(rendered, words) != NULL) != expected)
		fail_msg("'%s' is %s in\n%s", words, expected ? "not" : "", rendered);
}

/* --- golden ---------------------------------------------------------------------- */

/* REST is another from 2.4 on, Attu from 2.5 on */
static void test_versions(void **state)
{
	static const struct {
		int number;
		const char *text;
	} versions[] = { { 203, "2.3" }, { 204, "2.4" }, { 206, "2.6" } };

	(void)state;
	for (size_t i = 0; i < mem_count(versions) * 3; i++) {
		MICA_FREE char *name = mem_printf("%s-mode%zu", versions[i / 3].text, i % 3);
		struct world world;

		make_world(&world);
		world.deployment.version = versions[i / 3].number;
		world.deployment.version_text = text(versions[i / 3].text);
		world.deployment.tls_mode = (int)(i % 3);
		expect_golden(&world, name);
	}
}

/* an address that the certificate lacks, a path that every language must quote, a key that is
 * not here */
static void test_odd(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.kind = DEPLOY_FILES;
	world.deployment.out =
	    text("/nonexistent/Bob's $HOME,\"x\"\\u0041\xc3\xa9\xf0\x9f\x98\x80/prod");
	world.certificates[1].csr = text("ingest.csr");
	world.deployment.n_clients = 3;
	set_endpoint(&world, "[2001:db8::1]:443");
	expect_golden(&world, "odd");
}

/* every client keeps its key */
static void test_no_keys(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.n_clients = 1;
	world.certificates[1].csr = text("ingest.csr");
	expect_golden(&world, "no-keys");
}

/* REST is off, and nobody is let in yet */
static void test_nobody(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.rest_port = 0;
	world.deployment.n_clients = 0;
	expect_golden(&world, "nobody");
	world.deployment.tls_mode = 1;
	expect_golden(&world, "no-rest");
}

/* --- addresses ------------------------------------------------------------------- */

/* the name to check is given only where the address is not in the certificate; Java, Attu and
 * milvus-backup are always given it */
static void test_address(void **state)
{
	static const struct {
		const char *endpoint, *uri, *java;
		bool covered;
	} cases[] = {
		{ NULL, "https://localhost:19530", "localhost", true },
		{ "127.0.0.1:19531", "https://127.0.0.1:19531", "127.0.0.1", true },
		{ "127.0.0.2:19530", "https://127.0.0.2:19530", "localhost", false },
		{ "MILVUS.example.com:1", "https://MILVUS.example.com:1", "MILVUS.example.com",
		    true },
		{ "a.b.example.com:1", "https://a.b.example.com:1", "localhost", false },
		{ "[::1]:19530", "https://[::1]:19530", "localhost", false },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(cases); i++) {
		MICA_FREE char *python = mem_printf("uri=\"%s\"", cases[i].uri);
		MICA_FREE char *go = mem_printf("Address: \"%s\"", cases[i].uri);
		MICA_FREE char *java = mem_printf(".uri(\"%s\")", cases[i].uri);
		MICA_FREE char *node = mem_printf("address: \"%s\"", cases[i].uri);
		MICA_FREE char *java_name = mem_printf(".serverName(\"%s\")", cases[i].java);
		MICA_FREE char *attu = mem_printf("TLS_SERVER_NAME=%s", cases[i].java);
		MICA_FREE char *backup = mem_printf("serverName: \"%s\"\n", cases[i].java);
		const char *always[] = { python, go, java, node, java_name, attu, backup };
		static const char *const detours[] = { "server_name=\"localhost\"",
			"config.ServerName = \"localhost\"", "serverName: \"localhost\",",
			"--connect-to" };
		struct world world;

		make_world(&world);
		set_endpoint(&world, cases[i].endpoint);
		for (size_t k = 0; k < mem_count(always); k++)
			expect_says(&world, always[k], true);
		for (size_t k = 0; k < mem_count(detours); k++)
			expect_says(&world, detours[k], !cases[i].covered);
	}
}

/* an IPv6 address in the certificate is told to whom it can be told */
static void test_ipv6(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.names[2] = (struct name){ NAME_IP, text("::1"), { [15] = 1 }, 16 };
	set_endpoint(&world, "[::1]:19530");
	expect_says(&world, "server_name=", false);
	expect_says(&world, "    address: \"::1\"\n", true);
	expect_says(&world, ".serverName(\"localhost\")", true);
}

/* Attu runs beside Milvus, and checks the name by which it reaches it there */
static void test_attu(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	expect_says(&world, "ADDRESS=standalone:19530", true);
	expect_says(&world, "SERVER_NAME=localhost", true);
	world.names[1].text = text("standalone");
	expect_says(&world, "SERVER_NAME=standalone", true);
	world.deployment.kind = DEPLOY_FILES;
	expect_says(&world, "--network host", true);
	expect_says(&world, "ADDRESS=localhost:19530", true);
	expect_says(&world, "SERVER_NAME=localhost", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_attu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
