// SPDX-License-Identifier: Apache-2.0
/* milvus: clients.md of every version and mode, held against tests/data/golden; what is odd. */
#include <stdio.h>

#include "milvus_world.h"

static void set_endpoint(struct world *world, const char *endpoint)
{
	world->endpoint = text(endpoint);
	world->deployment.endpoints = &world->endpoint;
	world->deployment.n_endpoints = endpoint != NULL;
}

/* clients.md; free() it */
static char *page(const struct world *world)
{
	BUF_AUTO yaml = BUF_INIT; /* without one, older versions are refused */
	const struct milvus_given given = { &yaml, NULL, NULL, NULL };

	return outlet_of(world, &given, "clients.md");
}

static void expect_page(const struct world *world, const char *name)
{
	MICA_FREE char *rendered = page(world);
	MICA_FREE char *file = mem_printf("clients-%s.md", name);

	expect_golden(rendered, file);
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
		expect_page(&world, name);
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
	expect_page(&world, "odd");
}

/* curl takes what follows a colon for the key's password */
static void test_colon(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.out = text("/nonexistent/a:b");
	expect_says(&world,
	    "--cert '/nonexistent/a\\:b/clients/ingest/client.pem' \\\n"
	    "    --key /nonexistent/a:b/clients/ingest/client.key",
	    true);
}

/* every client keeps its key */
static void test_no_keys(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.n_clients = 1;
	world.certificates[1].csr = text("ingest.csr");
	expect_page(&world, "no-keys");
}

/* REST is off, and nobody is let in yet */
static void test_nobody(void **state)
{
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.rest_port = 0;
	world.deployment.n_clients = 0;
	expect_page(&world, "nobody");
	world.deployment.tls_mode = 1;
	expect_page(&world, "no-rest");
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
		cmocka_unit_test(test_colon),
		cmocka_unit_test(test_no_keys),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_attu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
