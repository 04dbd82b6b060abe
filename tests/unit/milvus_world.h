// SPDX-License-Identifier: Apache-2.0
/* A deployment to be rendered, and what was rendered held against tests/data/golden. */
#ifndef MICA_TEST_MILVUS_WORLD_H
#define MICA_TEST_MILVUS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>

#include <mica/file.h>
#include <mica/mem.h>
#include <mica/milvus.h>

static inline char *text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

struct world {
	struct name names[3];
	struct inv_certificate certificates[4];
	struct inventory inventory;
	size_t clients[3];
	char *endpoint;
	struct inv_deployment deployment;
};

static inline struct inv_deployment deployment_of(struct world *world)
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

static inline void make_world(struct world *ret)
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

/* One outlet; free() it. What lies in tls/ is not looked at. */
static inline char *outlet_of(
    const struct world *world, const struct milvus_given *given, const char *file)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct outlet *outlets = NULL;
	struct err err = ERR_INIT;
	char *found = NULL;
	size_t n = 0;

	if (milvus_outlets(&world->inventory, &world->deployment, given, &findings, &outlets,
	        &n, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(outlets[i].file, file) == 0)
			found = mem_strdup(buf_text(&outlets[i].text));
	}
	outlets_free(outlets, n);
	assert_non_null(found);
	return found;
}

static inline void expect_golden(const char *rendered, const char *name)
{
	const char *update = getenv("MICA_GOLDEN");
	MICA_FREE char *path = mem_printf("%s/golden/%s", TEST_DATA_DIR, name);
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

#endif
