// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <stdio.h>
#include <string.h>

#include <mica/mem.h>

/* Spans: a third of what is left of a short life would be another margin after an edit. */
static const struct life lives[] = {
	{ 90, "30d", 30 },
	{ 365, "60d", 60 },
	{ 60, "30d", 30 },
	{ 45, "28d", 28 },
	/* only where lives may be short */
	{ 30, "10d", 10 },
	{ 21, "12d", 12 },
	{ 12, "9d", 9 },
};

enum { LONG_LIVES = 4 };

static const struct life *any_life(const struct model *model, struct dice *dice)
{
	return &lives[dice_between(
	    dice, 0, model->long_lives ? LONG_LIVES - 1 : (int)mem_count(lives) - 1)];
}

/* --- parts ------------------------------------------------------------------------ */

static size_t add_entry(struct model *model, struct dice *dice, bool server)
{
	size_t i = model->n_entries++;
	struct model_entry *entry = &model->entries[i];

	*entry = (struct model_entry){
		.there = true, .server = server, .life = any_life(model, dice), .names = 1
	};
	snprintf(entry->name, sizeof(entry->name), "%s-%zu", server ? "server" : "client", i);
	return i;
}

static bool has_room(const struct model *model)
{
	return model->n_entries + MODEL_CLIENTS + 1 < MODEL_ENTRIES &&
	       model->n_deployments < MILVUS_MOST;
}

static void add_client(
    struct model *model, struct dice *dice, struct model_deployment *deployment)
{
	/* one that others use as well, now and then */
	if (model->n_entries > 4 && dice_percent(dice, 20)) {
		size_t other = (size_t)dice_between(dice, 0, (int)model->n_entries - 1);

		for (size_t i = 0; i < deployment->n_clients; i++)
			if (deployment->clients[i] == other)
				return;
		if (!model->entries[other].server && model->entries[other].there) {
			deployment->clients[deployment->n_clients++] = other;
			return;
		}
	}
	deployment->clients[deployment->n_clients++] = add_entry(model, dice, false);
}

static void add_deployment(struct model *model, struct dice *dice)
{
	static const char *const kinds[] = { "files", "compose", "files", "helm" };
	size_t i = model->n_deployments++;
	struct model_deployment *to = &model->deployments[i];
	int clients = dice_between(dice, 1, 3);

	*to = (struct model_deployment){
		.there = true,
		.kind = kinds[dice_between(dice, 0, mem_count(kinds) - 1)],
		.tls_mode = dice_percent(dice, 75) ? 2 : 1,
		.keep = dice_between(dice, 1, 3),
		.internal_tls = dice_percent(dice, 50),
	};
	to->runs = strcmp(to->kind, "helm") != 0;
	to->endpoint = to->runs && dice_percent(dice, 75);
	to->restart = to->runs && dice_percent(dice, 75);
	snprintf(to->name, sizeof(to->name), "prod-%zu", i);
	/* the server's certificate of another one, now and then */
	to->server = i > 0 && dice_percent(dice, 15) && model->deployments[i - 1].there
	                 ? model->deployments[i - 1].server
	                 : add_entry(model, dice, true);
	for (int k = 0; k < clients; k++)
		add_client(model, dice, to);
}

void model_begin(struct model *model, struct dice *dice)
{
	int n = dice_between(dice, 1, 4);

	*model = (struct model){
		.long_lives = dice_percent(dice, 50),
		.backdate = dice_between(dice, 1, 30),
		.cas = { MODEL_ISSUING, MODEL_ABSENT },
	};
	for (int i = 0; i < n; i++)
		add_deployment(model, dice);
}

/* --- as a text ---------------------------------------------------------------------- */

static bool is_used(const struct model *model, size_t entry)
{
	for (size_t i = 0; i < model->n_deployments; i++) {
		const struct model_deployment *deployment = &model->deployments[i];

		if (!deployment->there)
			continue;
		if (deployment->server == entry)
			return true;
		for (size_t k = 0; k < deployment->n_clients; k++)
			if (deployment->clients[k] == entry)
				return true;
	}
	return false;
}

static void write_entry(const struct model_entry *entry, struct buf *ret)
{
	buf_printf(ret,
	    "  - { name: %s, profile: %s, common-name: %s%s, days: %d, renew-before: %s",
	    entry->name, entry->server ? "server" : "client",
	    entry->server ? "milvus.example.com" : entry->name,
	    !entry->server && entry->names > 1 ? "-changed" : "", entry->life->days,
	    entry->life->renew_before);
	if (!entry->server && entry->names > 1)
		buf_printf(ret, ", dns: [n%u.example.com]", entry->names);
	if (entry->server) {
		buf_addstr(ret, ", dns: [milvus.example.com");
		for (unsigned i = 1; i < entry->names; i++)
			buf_printf(ret, ", n%u.example.com", i);
		buf_addstr(ret, "], ip: [127.0.0.1]");
	}
	buf_addstr(ret, " }\n");
}

static void write_deployment(const struct model *model, size_t i, const struct milvus *milvus,
    const char *restart, struct buf *ret)
{
	const struct model_deployment *from = &model->deployments[i];

	buf_printf(ret,
	    "  - name: %s\n    kind: %s\n    out: out/%s\n    server: %s\n    tls-mode: %d\n   "
	    " keep: %d\n"
	    "    internal-tls: %s\n    sni: milvus.example.com\n    clients: "
	    "[",
	    from->name, from->kind, from->name, model->entries[from->server].name,
	    from->tls_mode, from->keep, from->internal_tls ? "true" : "false");
	for (size_t k = 0; k < from->n_clients; k++)
		buf_printf(
		    ret, "%s%s", k > 0 ? ", " : "", model->entries[from->clients[k]].name);
	buf_addstr(ret, "]\n");
	if (from->endpoint)
		buf_printf(ret, "    endpoints: [\"%s\"]\n", milvus->all->one[i].address);
	if (from->restart)
		buf_printf(ret, "    deadline: 20s\n    restart: [\"%s\", \"%s\", \"%zu\"]\n",
		    restart, milvus->socket, i);
}

static void write_ca(const struct model *model, size_t i, struct buf *ret)
{
	static const char *const states[] = { "", "issuing", "trusted", "retired" };

	if (model->cas[i] == MODEL_ABSENT)
		return;
	buf_printf(ret,
	    "  - { name: g%zu, state: %s, module: softhsm2, key: "
	    "\"pkcs11:token=token-%zu;object=ca\",\n"
	    "      pin: \"file:pin-%zu\", subject: { O: Example, CN: Milvus CA g%zu }, days: "
	    "3650%s }\n",
	    i + 1, states[model->cas[i]], i + 1, i + 1, i + 1,
	    i == 1 && model->cross_sign ? ", cross-sign: true" : "");
}

size_t model_issuing(const struct model *model)
{
	return model->cas[1] == MODEL_ISSUING;
}

void model_write(const struct model *model, const struct milvus *milvus, const char *restart,
    struct buf *ret)
{
	buf_addstr(ret, "version: 1\nstate-dir: state\nca:\n");
	for (size_t i = 0; i < mem_count(model->cas); i++)
		write_ca(model, i, ret);
	buf_printf(ret, "shared-trust: true\ndefaults: { backdate: %dh }\ncertificates:\n",
	    model->backdate);
	for (size_t i = 0; i < model->n_entries; i++)
		if (model->entries[i].there && is_used(model, i))
			write_entry(&model->entries[i], ret);
	buf_addstr(ret, "milvus:\n");
	for (size_t i = 0; i < model->n_deployments; i++)
		if (model->deployments[i].there)
			write_deployment(model, i, milvus, restart, ret);
}

int model_margin(const struct model *model)
{
	int least = lives[0].margin;

	for (size_t i = 0; i < model->n_entries; i++)
		if (model->entries[i].there && is_used(model, i) &&
		    model->entries[i].life->margin < least)
			least = model->entries[i].life->margin;
	return least;
}

/* --- edits ---------------------------------------------------------------------------- */

static struct model_entry *any_entry(struct model *model, struct dice *dice)
{
	struct model_entry *entry =
	    &model->entries[dice_between(dice, 0, (int)model->n_entries - 1)];

	return entry->there && is_used(model, (size_t)(entry - model->entries)) ? entry : NULL;
}

static struct model_deployment *any_deployment(struct model *model, struct dice *dice)
{
	struct model_deployment *to =
	    &model->deployments[dice_between(dice, 0, (int)model->n_deployments - 1)];

	return to->there ? to : NULL;
}

static const char *edit_entry(struct model *model, struct dice *dice)
{
	struct model_entry *entry = any_entry(model, dice);

	if (!entry)
		return NULL;
	if (dice_percent(dice, 50)) {
		entry->names += entry->names > 1 && dice_percent(dice, 50) ? -1u : 1;
		return "other names in a certificate";
	}
	entry->life = any_life(model, dice);
	return "another lifetime";
}

static const char *edit_clients(struct model *model, struct dice *dice)
{
	struct model_deployment *to = any_deployment(model, dice);

	if (!to || !has_room(model))
		return NULL;
	if (to->n_clients > 1 && dice_percent(dice, 50)) {
		to->n_clients--;
		return "a client left";
	}
	if (to->n_clients == MODEL_CLIENTS)
		return NULL;
	add_client(model, dice, to);
	return "another client";
}

static const char *edit_settings(struct model *model, struct dice *dice)
{
	struct model_deployment *to = any_deployment(model, dice);

	if (!to)
		return NULL;
	switch (dice_between(dice, 0, 2)) {
	case 0:
		to->tls_mode = 3 - to->tls_mode;
		return "another tls-mode";
	case 1:
		to->keep = dice_between(dice, 1, 3);
		return "another number of generations";
	default:
		to->internal_tls = !to->internal_tls;
		return "another internal-tls";
	}
}

static const char *edit_deployments(struct model *model, struct dice *dice)
{
	struct model_deployment *to = any_deployment(model, dice);
	size_t n = 0;

	for (size_t i = 0; i < model->n_deployments; i++)
		n += model->deployments[i].there;
	if (to && n > 1 && dice_percent(dice, 50)) {
		to->there = false;
		return "a deployment left";
	}
	if (!has_room(model))
		return NULL;
	add_deployment(model, dice);
	return "another deployment";
}

/* An entry that left and comes back is retired, and then issued again. */
static const char *edit_back(struct model *model, struct dice *dice)
{
	for (size_t i = 0; i < model->n_entries; i++) {
		struct model_deployment *to = any_deployment(model, dice);

		if (model->entries[i].server || is_used(model, i) || !to ||
		    to->n_clients == MODEL_CLIENTS)
			continue;
		to->clients[to->n_clients++] = i;
		return "a client came back";
	}
	return NULL;
}

const char *model_edit(struct model *model, struct dice *dice)
{
	static const char *(*const edits[])(struct model *, struct dice *) = { edit_entry,
		edit_entry, edit_clients, edit_settings, edit_deployments, edit_back };

	return edits[dice_between(dice, 0, mem_count(edits) - 1)](model, dice);
}
