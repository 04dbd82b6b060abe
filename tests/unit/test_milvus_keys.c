// SPDX-License-Identifier: Apache-2.0
/* milvus: TLS to what Milvus stands on and to targets of CDC, at each kind's own level; and a
 * milvus.yaml that spells a key otherwise. */
#include <stdio.h>

#include "milvus_world.h"

static struct buf pem(const char *constant)
{
	return (struct buf){ (unsigned char *)(uintptr_t)constant, strlen(constant), 0 };
}

static void depend_on_all(struct world *ret)
{
	static struct inv_cdc cdc[2];
	struct inv_dependency *of = ret->deployment.dependencies;

	of[DEPENDENCY_ETCD] = (struct inv_dependency){ true, text("/certs/etcd/ca.pem"),
		text("/certs/etcd/client.pem"), text("/certs/etcd/client.key"), text("1.2"),
		false };
	of[DEPENDENCY_MINIO] = (struct inv_dependency){
		.tls = true, .ca = text("/certs/it's \"minio\".pem"), .min_version = text("1.3")
	};
	of[DEPENDENCY_KAFKA] = (struct inv_dependency){ .tls = true,
		.ca = text("/certs/kafka/ca.pem"),
		.cert = text("/certs/kafka/client.pem"),
		.key = text("/certs/kafka/client.key") };
	of[DEPENDENCY_TIKV] =
	    (struct inv_dependency){ .tls = true, .ca = text("/certs/tikv/ca.pem") };
	cdc[0] = (struct inv_cdc){ text("by-dev2"), text("/certs/2/ca.pem"),
		text("/certs/2/client.pem"), text("/certs/2/client.key") };
	cdc[1] = (struct inv_cdc){ text("3"), text("/certs/3/ca.pem"),
		text("/certs/3/client.pem"), text("/certs/3/client.key") };
	ret->deployment.cdc = cdc;
	ret->deployment.n_cdc = mem_count(cdc);
	ret->deployment.patch = 12;
}

static void test_every_kind(void **state)
{
	static const struct {
		enum deployment_kind kind;
		const char *file, *golden;
	} kinds[] = {
		{ DEPLOY_FILES, "user.yaml", "dependencies-user.yaml" },
		{ DEPLOY_HELM, "values.yaml", "dependencies-values.yaml" },
		{ DEPLOY_OPERATOR, "milvus.yaml", "dependencies-resource.yaml" },
	};
	const struct buf certificate = pem("CERTIFICATE\n"), key = pem("KEY\n");
	const struct milvus_given given = { NULL, &certificate, &key, &certificate };

	(void)state;
	for (size_t i = 0; i < mem_count(kinds); i++) {
		MICA_FREE char *rendered = NULL;
		struct world world;

		make_world(&world);
		depend_on_all(&world);
		world.deployment.kind = kinds[i].kind;
		world.deployment.kubernetes.namespace = text("milvus");
		world.deployment.kubernetes.release = text("my-release");
		world.deployment.kubernetes.service = text("my-release-milvus");
		rendered = outlet_of(&world, &given, kinds[i].file);
		expect_golden(rendered, kinds[i].golden);
	}
}

/* The least that may be said of each. */
static void test_little(void **state)
{
	const struct milvus_given given = { NULL, NULL, NULL, NULL };
	MICA_FREE char *rendered = NULL;
	struct world world;

	(void)state;
	make_world(&world);
	world.deployment.dependencies[DEPENDENCY_MINIO].tls = true;
	world.deployment.dependencies[DEPENDENCY_KAFKA] = (struct inv_dependency){
		.tls = true, .ca = text("/certs/kafka/ca.pem"), .sasl = true
	};
	rendered = outlet_of(&world, &given, "user.yaml");
	assert_non_null(strstr(rendered, "\nminio:\n  useSSL: true\nkafka:\n"));
	assert_non_null(strstr(rendered,
	    "\nkafka:\n  securityProtocol: \"SASL_SSL\"\n  ssl:\n    enabled: true\n"
	    "    tlsCaCert: \"/certs/kafka/ca.pem\"\n"));
	assert_null(strstr(rendered, "etcd:"));
	assert_null(strstr(rendered, "tikv:"));
}

/* --- merged ---------------------------------------------------------------------- */

static int merge(const char *yaml, struct findings *findings, struct err *err)
{
	const struct buf text = pem(yaml);
	const struct milvus_given given = { &text, NULL, NULL, NULL };
	struct outlet *outlets = NULL;
	struct world world;
	size_t n = 0;
	int status;

	make_world(&world);
	depend_on_all(&world);
	status = milvus_outlets(
	    &world.inventory, &world.deployment, &given, findings, &outlets, &n, err);
	if (status == 0)
		outlets_free(outlets, n);
	return status;
}

static void test_spellings(void **state)
{
	static const struct {
		const char *yaml, *key;
		int line, column;
	} refused[] = {
		{ "tls.serverPemPath: x\n", "tls.serverPemPath", 1, 20 },
		{ "a: 1\nTLS:\n  serverpempath: x\n", "tls.serverPemPath", 3, 18 },
		{ "common:\n  security:\n    tlsMode: 0\n    tls_mode: 1\n",
		    "common.security.tlsMode", 4, 15 },
		{ "etcd:\n  ssl.tlsCert: x\n", "etcd.ssl.tlsCert", 2, 16 },
		{ "kafka:\n  SSL:\n    tlsCACert: x\n", "kafka.ssl.tlsCaCert", 3, 16 },
		{ "tls:\n  clusters:\n    by-DEV2:\n      caPemPath: x\n",
		    "tls.clusters.by-dev2.caPemPath", 4, 18 },
		{ "x: &x { tlsMode: 0 }\ncommon:\n  security:\n    <<: *x\n    a: 1\n",
		    "common.security.tlsMode", 1, 18 },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(refused); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		struct err err = ERR_INIT;

		assert_int_equal(merge(refused[i].yaml, &findings, &err), -1);
		assert_int_equal(err.kind, ERR_FAILED);
		assert_int_equal(findings.n, 1);
		assert_string_equal(findings.items[0].rule, "ambiguous-key");
		assert_non_null(strstr(findings.items[0].text, refused[i].key));
		assert_int_equal(findings.items[0].line, refused[i].line);
		assert_int_equal(findings.items[0].column, refused[i].column);
	}
}

/* What is near such a key, and is none. */
static void test_no_spellings(void **state)
{
	static const char *const taken[] = {
		"tls:\n  serverPemPath: x\n",
		"TLS:\n  serverPemPaths: x\n",
		"tls:\n  clusters:\n    by-dev4:\n      caPemPath: x\n",
		"# tls.serverPemPath: x\n",
		"Common:\n  security:\n    authorizationEnabled: true\n",
		"kafka:\nminio:\n  ssl:\n",
	};

	(void)state;
	for (size_t i = 0; i < mem_count(taken); i++) {
		FINDINGS_AUTO findings = FINDINGS_INIT;
		struct err err = ERR_INIT;

		if (merge(taken[i], &findings, &err) < 0)
			fail_msg(
			    "%s\n%s", findings.n ? findings.items[0].text : err.text, taken[i]);
		assert_int_equal(findings.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_little),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_no_spellings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
