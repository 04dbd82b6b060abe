// SPDX-License-Identifier: Apache-2.0
/*
 * pki_world: what tests of pki stand on: a fixed clock, a counted randomness, a CA with a soft
 * key, and specifications that lint approves of.
 */
#ifndef MICA_TEST_PKI_WORLD_H
#define MICA_TEST_PKI_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <mica/approval.h>
#include <mica/ca.h>
#include <mica/clock.h>
#include <mica/key.h>
#include <mica/lint.h>

#include "soft_signer.h"

enum { WORLD_NOW = 1790000000 }; /* 2026-09-21 */

struct world {
	EVP_PKEY *ca_key;
	struct ca *ca;
	struct lint *lint;
	struct soft_signer soft;
	struct signer *signer;
};

static inline int world_random(void *context, void *bytes, size_t len)
{
	unsigned *count = context;

	memset(bytes, 0xa5, len);
	++*count;
	memcpy((unsigned char *)bytes + len - sizeof(*count), count, sizeof(*count));
	return 0;
}

static inline void world_serial(uint8_t ret[static SERIAL_LEN])
{
	static unsigned count;
	struct err err = ERR_INIT;

	assert_int_equal(serial_make(world_random, &count, ret, &err), 0);
}

static inline struct name world_dns(const char *text)
{
	return (struct name){ .kind = NAME_DNS, .text = mem_strdup(text) };
}

static inline struct name world_ip(const char *text, const void *bytes, size_t len)
{
	struct name name = { .kind = NAME_IP, .text = mem_strdup(text), .ip_len = len };

	memcpy(name.ip, bytes, len);
	return name;
}

static const struct rdn world_subject[] = { { (char *)"C", (char *)"US" },
	{ (char *)"O", (char *)"Example" }, { (char *)"CN", (char *)"Milvus CA g1" } };

static inline void world_print(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++)
		print_message("  %s: %s\n", findings->items[i].rule, findings->items[i].text);
}

/* Lints, signs and gives one certificate. */
static inline struct buf world_issue(const struct ca *issuer, struct lint *lint,
    struct signer *signer, const struct draft_spec *spec)
{
	FINDINGS_AUTO findings = FINDINGS_INIT;
	struct approval *approval = NULL;
	struct buf der = BUF_INIT;
	struct err err = ERR_INIT;

	if (lint_approve(lint, spec, WORLD_NOW, &findings, &approval, &err) < 0) {
		world_print(&findings);
		fail_msg("%s", err.text);
	}
	if (approvals_sign(signer, issuer, &approval, 1, NULL, &der, &err) < 0)
		fail_msg("%s", err.text);
	assert_null(approval);
	return der;
}

static inline struct draft_spec world_spec(enum profile profile, const struct buf *spki)
{
	static struct name names[3];
	struct draft_spec spec = {
		.profile = profile,
		.entry = profile_name(profile),
		.common_name = "localhost",
		.spki = spki,
		.not_before = WORLD_NOW - 3600,
		.not_after = WORLD_NOW + 90 * CLOCK_DAY,
	};

	if (!names[0].text) {
		names[0] = world_dns("localhost");
		names[1] = world_dns("*.milvus.example.com");
		names[2] = world_ip("127.0.0.1", "\x7f\0\0\1", 4);
	}
	if (profile == PROFILE_SERVER) {
		spec.names = names;
		spec.n_names = 3;
	}
	if (profile == PROFILE_CLIENT)
		spec.common_name = "Ingest \xc3\xa9t\xc3\xa9";
	if (profile == PROFILE_CA)
		spec.not_after = WORLD_NOW + 3650LL * CLOCK_DAY;
	world_serial(spec.serial);
	return spec;
}

/* A self-signed CA through the same gate as all else, then read back from its own PEM. */
static inline void world_init(struct world *world, enum algorithm algorithm)
{
	BUF_AUTO spki = BUF_INIT;
	BUF_AUTO der = BUF_INIT;
	struct err err = ERR_INIT;
	struct draft_spec spec;
	MICA_AUTO(ca_freep) struct ca *bare = NULL;
	MICA_AUTO(lint_freep) struct lint *lint = NULL;

	*world = (struct world){ 0 };
	world->ca_key = soft_key(algorithm);
	spki = soft_spki(world->ca_key);
	world->signer = soft_signer_new(&world->soft, world->ca_key, algorithm);
	assert_int_equal(
	    ca_of_key(world_subject, mem_count(world_subject), &spki, &bare, &err), 0);
	assert_int_equal(lint_new(bare, &lint, &err), 0);
	spec = world_spec(PROFILE_CA, NULL);
	der = world_issue(bare, lint, world->signer, &spec);
	assert_int_equal(ca_read("ca.der", &der, &world->ca, &err), 0);
	assert_int_equal(lint_new(world->ca, &world->lint, &err), 0);
}

static inline void world_clear(struct world *world)
{
	signer_free(world->signer);
	lint_free(world->lint);
	ca_free(world->ca);
	EVP_PKEY_free(world->ca_key);
}

/* For cmocka_run_group_tests(): one world of an EC CA for all tests, their *state. */
static inline int world_set_up(void **state)
{
	static struct world world;

	world_init(&world, ALG_EC_P256);
	*state = &world;
	return 0;
}

static inline int world_tear_down(void **state)
{
	world_clear(*state);
	return 0;
}

#endif
