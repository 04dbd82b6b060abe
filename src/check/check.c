// SPDX-License-Identifier: Apache-2.0
/* The order in which a deployment is judged: its texts, its files, its clients, its endpoints.
 */
#include "world.h"

#include <string.h>

#include <mica/inventory.h>

/* --- texts ----------------------------------------------------------------------- */

static void add_user_yaml(struct world *world)
{
	const struct check_target *target = world->target;
	const struct mark where = { target->user ? target->user->file : NULL, 0, 0 };

	if (!target->user)
		return;
	if (target->version < MILVUS_VERSION(2, 4))
		check_say(world->findings, CHECK_USER_YAML_UNREAD, &where,
		    "Milvus %d.%d does not read it", target->version / 100,
		    target->version % 100);
	else
		config_add_file(
		    world->config, target->user->file, &target->user->text, world->findings);
}

/* Where somebody would write what is missing. */
static const char *main_file(const struct check_target *target)
{
	if (target->user)
		return target->user->file;
	if (target->helm)
		return target->helm->file;
	if (target->operator)
		return target->operator->file;
	return target->n_texts > 0 ? target->texts[0].file : NULL;
}

static int judge_texts(struct world *world, struct err *err)
{
	const struct check_target *target = world->target;

	for (size_t i = 0; i < target->n_texts; i++)
		config_add_file(world->config, target->texts[i].file, &target->texts[i].text,
		    world->findings);
	if (target->helm)
		check_helm(target->helm, world->config, world->findings);
	if (target->operator)
		check_operator(target->operator, world->config, world->findings);
	add_user_yaml(world);
	for (size_t i = 0; i < target->n_variables; i++) {
		if (config_add_variable(world->config, target->variables[i], err) < 0)
			return -1;
	}
	if (target->base != CHECK_BASE_NONE)
		check_config(&(struct check_texts){ world->config, target->version,
		    target->base, main_file(target), world->findings });
	return 0;
}

/* --- files ----------------------------------------------------------------------- */

static bool is_set(const struct world *world, const char *key)
{
	return config_text(world->config, key, "")[0] != '\0';
}

/* In one-way mode Milvus does not read its CA file: what is not there does no harm. */
static const struct certificates *external_ca(struct world *world, int tls_mode)
{
	NAMED_AUTO named = { .path = NULL };
	FINDINGS_AUTO unsaid = FINDINGS_INIT;
	struct findings *findings = world->findings;
	const struct certificates *ca;

	if (tls_mode == 2) {
		named = world_setting(world, "tls.caPemPath");
		return world_certificates(world, &named, ROLE_CA);
	}
	if (!is_set(world, "tls.caPemPath"))
		return NULL;
	world->findings = &unsaid;
	named = world_setting(world, "tls.caPemPath");
	ca = world_certificates(world, &named, ROLE_TRUST);
	world->findings = findings;
	for (size_t i = 0; ca && i < unsaid.n; i++) {
		const struct finding *finding = &unsaid.items[i];
		const struct mark where = { finding->file, finding->line, finding->column };

		findings_add(findings, finding->level, finding->rule, &where, finding->hint,
		    "%s", finding->text);
	}
	return ca;
}

static const struct certificates *judge_external(struct world *world)
{
	const int tls_mode = (int)config_number(world->config, "common.security.tlsMode", 0);
	NAMED_AUTO certificate = { .path = NULL };
	NAMED_AUTO key = { .path = NULL };
	struct pair pair;

	/* with TLS off they are judged where they lie here: the image names its own ones then
	 * too */
	if (tls_mode != 1 && tls_mode != 2 && !world_has(world, "tls.serverPemPath"))
		return NULL;
	certificate = world_setting(world, "tls.serverPemPath");
	key = world_setting(world, "tls.serverKeyPath");
	pair = world_pair(world, &certificate, &key, ROLE_SERVER);
	world->ca = external_ca(world, tls_mode);
	if (pair.certificates && world->ca)
		world_judge_path(world, pair.certificates, world->ca, CHECK_CHAIN_INCOMPLETE);
	return pair.certificates;
}

static void judge_sni(struct world *world, const struct certificates *server)
{
	const char *sni = config_text(world->config, "internaltls.sni", "localhost");
	const struct setting *setting = config_find(world->config, "internaltls.sni");
	const struct mark own = { server->path, 0, 0 };

	if (sni[0] != '\0' && !inspected_holds(&server->items[0], sni))
		check_say(world->findings, CHECK_SNI_MISSING, setting ? &setting->mark : &own,
		    "internaltls.sni is %s'%s', which is not among the names of '%s'",
		    setting ? "" : "left out, which means ", sni, server->path);
}

/* What keeps the pair from being used makes the nodes talk in plaintext. */
static void judge_fallback(struct world *world, const struct pair *pair)
{
	const struct setting *on =
	    config_find(world->config, "common.security.internaltlsEnabled");
	const char *fault = NULL;

	if (!pair->certificates)
		fault = "its certificate cannot be used";
	else if (!pair->key || !pair->key->usable)
		fault = "its key cannot be used";
	else if (memcmp(&pair->certificates->items[0].spki, &pair->key->spki,
	             sizeof(struct digest)) != 0)
		fault = "its key is not the certificate's";
	if (fault)
		check_say(world->findings, CHECK_INTERNAL_FALLBACK, on ? &on->mark : NULL,
		    "internal TLS is on, and %s", fault);
}

static void judge_internal(struct world *world)
{
	NAMED_AUTO certificate = { .path = NULL };
	NAMED_AUTO key = { .path = NULL };
	NAMED_AUTO trust = { .path = NULL };
	const struct certificates *trusted;
	struct pair pair;

	if (world->target->version < MILVUS_VERSION(2, 5) ||
	    !config_bool(world->config, "common.security.internaltlsEnabled", false))
		return;
	certificate = world_setting(world, "internaltls.serverPemPath");
	key = world_setting(world, "internaltls.serverKeyPath");
	trust = world_setting(world, "internaltls.caPemPath");
	pair = world_pair(world, &certificate, &key, ROLE_SERVER);
	trusted = world_certificates(world, &trust, ROLE_CA);
	if ((certificate.path && certificate.sure) || (key.path && key.sure))
		judge_fallback(world, &pair);
	if (!pair.certificates)
		return;
	judge_sni(world, pair.certificates);
	if (trusted)
		world_judge_path(world, pair.certificates, trusted, CHECK_CHAIN_INCOMPLETE);
}

/* Pairs that Milvus shows to others; each only where it is named. */
static void judge_other_pairs(struct world *world)
{
	static const struct {
		const char *on, *certificate, *key, *ca;
	} pairs[] = {
		{ "etcd.ssl.enabled", "etcd.ssl.tlsCert", "etcd.ssl.tlsKey",
		    "etcd.ssl.tlsCACert" },
		{ "kafka.ssl.enabled", "kafka.ssl.tlsCert", "kafka.ssl.tlsKey",
		    "kafka.ssl.tlsCaCert" },
		{ "tikv.ssl.enabled", "tikv.ssl.tlsCert", "tikv.ssl.tlsKey",
		    "tikv.ssl.tlsCACert" },
	};

	for (size_t i = 0; i < mem_count(pairs); i++) {
		NAMED_AUTO certificate = { .path = NULL };
		NAMED_AUTO key = { .path = NULL };
		NAMED_AUTO ca = { .path = NULL };

		if (!config_bool(world->config, pairs[i].on, false))
			continue;
		if (is_set(world, pairs[i].certificate) && is_set(world, pairs[i].key)) {
			certificate = world_setting(world, pairs[i].certificate);
			key = world_setting(world, pairs[i].key);
			(void)world_pair(world, &certificate, &key, ROLE_CLIENT);
		}
		if (!is_set(world, pairs[i].ca))
			continue;
		ca = world_setting(world, pairs[i].ca);
		(void)world_certificates(world, &ca, ROLE_TRUST);
	}
}

static int tls_mode_of(const struct world *world)
{
	if (world->target->base == CHECK_BASE_NONE)
		return -1;
	return (int)config_number(world->config, "common.security.tlsMode", 0);
}

int check_target(const struct check_target *target, struct findings *findings, struct err *err)
{
	MICA_AUTO(world_clear)
	struct world world = { .target = target, .config = config_new(), .findings = findings };
	const struct certificates *server = NULL;

	if (judge_texts(&world, err) < 0)
		return -1;
	if (target->base != CHECK_BASE_NONE) {
		server = judge_external(&world);
		judge_internal(&world);
		judge_other_pairs(&world);
	}
	for (size_t i = 0; i < target->n_clients; i++) {
		check_client_texts(&target->clients[i], tls_mode_of(&world), findings);
		world_judge_client(&world, &target->clients[i], server);
	}
	world_judge_endpoints(&world, server);
	world_judge_shared_keys(&world);
	world_judge_beside(&world);
	world_judge_crls(&world);
	return 0;
}
