// SPDX-License-Identifier: Apache-2.0
/* Rules on the crl.pem that lies beside a CA file: is it of one of its CAs, does it still hold,
 * and whom of those here does it revoke? */
#include "world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/clock.h>
#include <mica/crl.h>
#include <mica/file.h>

/* Of some 100,000 entries. */
enum { MOST_CRL = 64 << 20 };

/* One directory's crl.pem. */
struct lists {
	struct world *world;
	const struct certificates *ca; /* the CA file beside it */
	struct mark where;
	struct crl **crls;
	size_t n;
};

/* The CA of the file beside it that signed it; NULL: none did. */
static const struct inspected *signer_of(const struct lists *lists, const struct crl *crl)
{
	for (size_t i = 0; i < lists->ca->n; i++)
		if (inspected_signed_crl(&lists->ca->items[i], crl_der(crl)))
			return &lists->ca->items[i];
	return NULL;
}

static void judge_time(
    const struct lists *lists, const struct crl *crl, const struct inspected *ca)
{
	const int64_t end = crl_next_update(crl);
	char date[CLOCK_TEXT];

	if (end != 0 && end <= lists->world->target->now)
		check_say(lists->world->findings, CHECK_CRL_STALE, &lists->where,
		    "the CRL of '%s' ran out on %s", ca->subject, clock_date(end, date));
}

static bool is_told(const struct findings *findings, const char *file)
{
	const char *rule = check_rule_at(CHECK_REVOKED)->name;

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *finding = &findings->items[i];

		if (finding->rule == rule && finding->file && strcmp(finding->file, file) == 0)
			return true;
	}
	return false;
}

/* Once, however many lists say so. */
static void judge_leaf(const struct lists *lists, const struct crl *crl,
    const struct inspected *ca, const struct certificates *file)
{
	const struct mark where = { file->path, 0, 0 };
	struct revocation revocation;
	uint8_t serial[20];
	char date[CLOCK_TEXT];

	if (!inspected_serial(&file->items[0], serial) || !crl_has(crl, serial, &revocation) ||
	    !inspected_signed_by(&file->items[0], ca) ||
	    is_told(lists->world->findings, file->path))
		return;
	check_say(lists->world->findings, CHECK_REVOKED, &where,
	    "the certificate of '%s' was revoked on %s (%s), says '%s'", file->items[0].subject,
	    clock_date(revocation.at, date), revocation_reason_name(revocation.reason),
	    lists->where.file);
}

static void judge_list(const struct lists *lists, const struct crl *crl)
{
	const struct inspected *ca = signer_of(lists, crl);
	struct world *world = lists->world;

	if (!ca) {
		check_say(world->findings, CHECK_CRL_FOREIGN, &lists->where,
		    "no CA of '%s' signed this CRL", lists->ca->path);
		return;
	}
	judge_time(lists, crl, ca);
	for (size_t i = 0; i < world->n_certificates; i++) {
		const struct certificates *file = world->certificates[i];

		if (file->n > 0 && (file->role == ROLE_SERVER || file->role == ROLE_CLIENT))
			judge_leaf(lists, crl, ca, file);
	}
}

static void judge_beside(struct world *world, const struct certificates *ca, const char *path)
{
	struct lists lists = { world, ca, { path, 0, 0 }, NULL, 0 };
	BUF_AUTO bytes = BUF_INIT;
	struct err err = ERR_INIT;

	if (file_read(AT_FDCWD, path, MOST_CRL, &bytes, &err) < 0 ||
	    crl_read(path, &bytes, &lists.crls, &lists.n, &err) < 0) {
		if (err.kind != ERR_NOT_FOUND)
			check_say(
			    world->findings, CHECK_CRL_FOREIGN, &lists.where, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < lists.n; i++)
		judge_list(&lists, lists.crls[i]);
	crls_free(lists.crls, lists.n);
}

static char *crl_beside(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? mem_printf("%.*s/crl.pem", (int)(slash - path), path)
	             : mem_strdup("crl.pem");
}

static bool is_ca_file(const struct certificates *file)
{
	bool any = false;

	for (size_t i = 0; i < file->n; i++)
		any |= file->items[i].ca || file->items[i].self_signed;
	return any && (file->role == ROLE_CA || file->role == ROLE_TRUST);
}

/* Two CA files in one directory, a server's ca.pem and the trust.pem of its clients, have one
 * crl.pem: it is held against the first. */
void world_judge_crls(struct world *world)
{
	char **seen = mem_array(world->n_certificates + 1, sizeof(*seen));
	size_t n = 0;

	for (size_t i = 0; i < world->n_certificates; i++) {
		const struct certificates *file = world->certificates[i];
		MICA_FREE char *path = crl_beside(file->path);
		bool known = !is_ca_file(file);

		for (size_t k = 0; k < n && !known; k++)
			known = strcmp(seen[k], path) == 0;
		if (known)
			continue;
		judge_beside(world, file, path);
		seen[n++] = mem_give(path);
	}
	for (size_t i = 0; i < n; i++)
		free(seen[i]);
	free(seen);
}
