// SPDX-License-Identifier: Apache-2.0
#include <mica/revocation.h>

#include <ctype.h>
#include <stdbool.h>

#include <mica/mem.h>
#include <mica/nearest.h>

static const struct {
	enum revocation_reason reason;
	const char *name;
} reasons[] = {
	{ REVOKED_UNSPECIFIED, "unspecified" },
	{ REVOKED_KEY_COMPROMISE, "keyCompromise" },
	{ REVOKED_CA_COMPROMISE, "cACompromise" },
	{ REVOKED_AFFILIATION_CHANGED, "affiliationChanged" },
	{ REVOKED_SUPERSEDED, "superseded" },
	{ REVOKED_CESSATION, "cessationOfOperation" },
	{ REVOKED_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn" },
	{ REVOKED_AA_COMPROMISE, "aACompromise" },
};

const char *revocation_reason_name(enum revocation_reason reason)
{
	for (size_t i = 0; i < mem_count(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return NULL;
}

/* "Key-Compromise" is "keyCompromise". */
static bool means(const char *text, const char *name)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '_')
			continue;
		if (tolower((unsigned char)*text) != tolower((unsigned char)*name))
			return false;
		name++;
	}
	return *name == '\0';
}

int revocation_reason_read(const char *text, enum revocation_reason *ret, struct err *err)
{
	struct nearest nearest = NEAREST_INIT(text);

	for (size_t i = 0; i < mem_count(reasons); i++) {
		if (!means(text, reasons[i].name))
			continue;
		*ret = reasons[i].reason;
		return 0;
	}
	for (size_t i = 0; i < mem_count(reasons); i++)
		nearest_offer(&nearest, reasons[i].name);
	err_set(err, ERR_USAGE, "'%s' is no reason for a revocation", text);
	if (nearest.best)
		return err_hint(err, "did you mean '%s'?", nearest.best);
	return err_hint(err, "keyCompromise, cACompromise, affiliationChanged, superseded, "
	                     "cessationOfOperation, privilegeWithdrawn or unspecified");
}
