// SPDX-License-Identifier: Apache-2.0
/* plan: what Milvus stands on, the targets of CDC, and the version that has them. Faults are
 * told in tests/cli/bad. */
#include "plan_support.h"

static struct inventory *read(const char *version, const char *more)
{
	MICA_FREE char *to = mem_printf("    version: \"%s\"\n%s", version, more);
	MICA_FREE char *text = changed_text("    version: \"2.6\"\n", to);

	return good_inventory(text);
}

static void all_of_it(void **state)
{
	MICA_AUTO(inventory_freep)
	struct inventory *inventory = read("2.6.12",
	    "    dependencies:\n"
	    "      etcd: { ca: /c/ca.pem, cert: //c//e.pem, key: /c/./e.key, min-version: 1.3 "
	    "}\n"
	    "      minio: { min-version: \"1.2\" }\n"
	    "      kafka: { ca: /c/k.pem, sasl: true }\n"
	    "    cdc:\n"
	    "      by-dev_2: { ca: /2/ca.pem, cert: /2/c.pem, key: /2/c.key }\n"
	    "      by-dev-2: { ca: /3/ca.pem, cert: /3/c.pem, key: /3/c.key }\n");
	const struct inv_deployment *prod = inventory->deployments;
	const struct inv_dependency *of = prod->dependencies;

	(void)state;
	assert_int_equal(prod->version, MILVUS_VERSION(2, 6));
	assert_int_equal(prod->patch, 12);
	assert_true(of[DEPENDENCY_ETCD].tls);
	assert_string_equal(of[DEPENDENCY_ETCD].cert, "/c/e.pem");
	assert_string_equal(of[DEPENDENCY_ETCD].key, "/c/e.key");
	assert_string_equal(of[DEPENDENCY_ETCD].min_version, "1.3");
	assert_true(of[DEPENDENCY_MINIO].tls);
	assert_null(of[DEPENDENCY_MINIO].ca);
	assert_string_equal(of[DEPENDENCY_MINIO].min_version, "1.2");
	assert_true(of[DEPENDENCY_KAFKA].sasl);
	assert_null(of[DEPENDENCY_KAFKA].cert);
	assert_false(of[DEPENDENCY_TIKV].tls);
	assert_int_equal(prod->n_cdc, 2);
	assert_string_equal(prod->cdc[0].id, "by-dev_2");
	assert_string_equal(prod->cdc[1].id, "by-dev-2");
	assert_string_equal(prod->cdc[1].ca, "/3/ca.pem");
}

static void nothing_said(void **state)
{
	MICA_AUTO(inventory_freep) struct inventory *inventory = read("2.6", "");
	const struct inv_deployment *prod = inventory->deployments;

	(void)state;
	assert_int_equal(prod->patch, -1);
	assert_int_equal(prod->n_cdc, 0);
	for (size_t i = 0; i < DEPENDENCY_COUNT; i++)
		assert_false(prod->dependencies[i].tls);
}

/* What came with a version is there in all later ones. */
static void later_versions(void **state)
{
	static const char cdc[] = "    cdc: { a: { ca: /a, cert: /b, key: /c } }\n";
	static const char kafka[] = "    dependencies: { kafka: { ca: /a } }\n";
	static const char minio[] = "    dependencies: { minio: { ca: /a } }\n";
	static const struct {
		const char *version, *more;
	} taken[] = {
		{ "2.6.12", cdc },
		{ "2.6.100", cdc },
		{ "3.0", cdc },
		{ "3.0.0", cdc },
		{ "2.5", kafka },
		{ "2.5", minio },
		{ "2.6", minio },
		{ "2.6", "    dependencies: { etcd: { ca: /a, cert: /b, key: /c } }\n" },
		{ "2.6", "    dependencies: { minio: {}, tikv: { ca: /a } }\n" },
		{ "2.6", "    dependencies: {}\n    cdc: {}\n" },
	};

	(void)state;
	for (size_t i = 0; i < mem_count(taken); i++)
		inventory_free(read(taken[i].version, taken[i].more));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(later_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
