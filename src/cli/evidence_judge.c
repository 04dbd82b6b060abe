// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "evidence.h"

static const char lowered[] = "the token lets keys leave it, or let this one";

/* What a CA key's attributes must be. */
static const struct rule {
	const char *attribute;
	enum token_flag bad;
	const char *name;
	const char *text;
} rules[] = {
	{ "CKA_EXTRACTABLE", TOKEN_FLAG_TRUE, "key-extractable", "can leave the token" },
	{ "CKA_SENSITIVE", TOKEN_FLAG_FALSE, "key-not-sensitive",
	    "can be read from the token in the clear" },
	{ "CKA_LOCAL", TOKEN_FLAG_FALSE, "key-imported",
	    "was made elsewhere and brought to the token: there may be copies" },
	{ "CKA_NEVER_EXTRACTABLE", TOKEN_FLAG_FALSE, "key-was-extractable",
	    "could leave the token once: there may be copies" },
	{ "CKA_ALWAYS_SENSITIVE", TOKEN_FLAG_FALSE, "key-was-not-sensitive",
	    "could once be read from the token: there may be copies" },
};

/* What is no leak, but more than a CA key needs. */
static const char *const idle[] = { "CKA_DECRYPT", "CKA_UNWRAP", "CKA_DERIVE" };

static enum token_flag look_up(const struct token_attributes *attributes, const char *name)
{
	for (size_t i = 0; i < attributes->n; i++) {
		if (strcmp(attributes->items[i].name, name) == 0)
			return attributes->items[i].value;
	}
	return TOKEN_FLAG_ABSENT;
}

/* --- the key ------------------------------------------------------------------------- */

/* What a device attests of a key counts more than what the module says of its past, but not
 * more than what it says that can be done now. */
static enum finding_level level_of(const struct evidence *evidence, const struct rule *rule)
{
	const bool now = strcmp(rule->attribute, "CKA_EXTRACTABLE") == 0 ||
	                 strcmp(rule->attribute, "CKA_SENSITIVE") == 0;

	return evidence->attested && !now ? FINDING_WARNING : FINDING_ERROR;
}

static void judge_key(const struct evidence *evidence, struct findings *findings)
{
	const struct mark *where = &evidence->entry->key_mark;

	for (size_t i = 0; i < mem_count(rules); i++) {
		const struct rule *rule = &rules[i];
		enum token_flag flag = look_up(&evidence->proof.key, rule->attribute);

		if (flag == rule->bad)
			findings_add(findings, level_of(evidence, rule), rule->name, where,
			    "a CA key must be made on the token, sensitive and not extractable",
			    "the token says that the CA key %s (%s is %s)", rule->text,
			    rule->attribute, flag == TOKEN_FLAG_TRUE ? "true" : "false");
		if (flag == TOKEN_FLAG_ABSENT)
			findings_add(findings, FINDING_WARNING, "key-attributes", where, NULL,
			    "the token does not tell %s of the CA key", rule->attribute);
	}
}

static void judge_uses(const struct evidence *evidence, struct findings *findings)
{
	BUF_AUTO names = BUF_INIT;

	for (size_t i = 0; i < mem_count(idle); i++) {
		if (look_up(&evidence->proof.key, idle[i]) == TOKEN_FLAG_TRUE)
			buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", idle[i]);
	}
	if (names.len > 0)
		findings_add(findings, FINDING_WARNING, "key-uses", &evidence->entry->key_mark,
		    NULL, "the CA key may be used for more than signing: %s", buf_text(&names));
}

/* --- the sibling --------------------------------------------------------------------- */

/* A token that cannot make a key for signing alone, and says so of the key, is not a token that
 * does what it says that it does not. */
static bool is_told(const struct evidence *evidence)
{
	const struct token_attributes *sibling = &evidence->proof.sibling;
	const bool rsa = algorithm_info(evidence->key->algorithm)->rsa;

	return look_up(sibling, rsa ? "CKA_DECRYPT" : "CKA_DERIVE") == TOKEN_FLAG_TRUE;
}

static void judge_allowed(
    const struct evidence *evidence, const struct token_trial *trial, struct findings *findings)
{
	static const char text[] = "what must fail was allowed on a key made as mica makes the "
	                           "CA's: %s (%s)";

	if (trial->aim == TOKEN_EXPORT)
		findings_add(findings, FINDING_ERROR, "export-allowed", NULL,
		    "take the CA key to be as weak, and use another token", text, trial->name,
		    trial->tried);
	else
		findings_add(findings, is_told(evidence) ? FINDING_WARNING : FINDING_ERROR,
		    "use-allowed", NULL,
		    is_told(evidence)
		        ? "this token makes no key of this kind for signing alone"
		        : "the token does not keep to the attributes that it shows",
		    text, trial->name, trial->tried);
}

static void judge_trials(
    const struct evidence *evidence, enum token_aim aim, struct findings *findings)
{
	for (size_t i = 0; i < evidence->proof.n_trials; i++) {
		const struct token_trial *trial = &evidence->proof.trials[i];

		if (trial->aim != aim)
			continue;
		if (trial->verdict == TOKEN_ALLOWED)
			judge_allowed(evidence, trial, findings);
		if (trial->verdict == TOKEN_IN_NAME)
			findings_add(findings, FINDING_WARNING, "allowed-in-name", NULL, NULL,
			    "the module let an attribute be changed that it must not: %s (%s); "
			    "%s",
			    trial->name, trial->tried, trial->reason);
		if (trial->verdict == TOKEN_UNCLEAR && aim == TOKEN_EXPORT)
			findings_add(findings, FINDING_WARNING, "export-unclear", NULL, NULL,
			    "whether this is refused could not be seen: %s (%s), answered with "
			    "%s",
			    trial->name, trial->tried, trial->answer);
	}
}

static void judge_sibling(const struct evidence *evidence, struct findings *findings)
{
	const struct token_proof *proof = &evidence->proof;
	BUF_AUTO names = BUF_INIT;

	if (proof->leftovers > 0)
		findings_add(findings, FINDING_NOTE, "leftovers", NULL, NULL,
		    "%zu object%s destroyed that an interrupted proof had left on the token",
		    proof->leftovers, proof->leftovers == 1 ? " was" : "s were");
	if (proof->no_sibling)
		findings_add(findings, FINDING_WARNING, "nothing-tried", NULL, NULL,
		    "nothing that must fail was tried: %s", proof->no_sibling);
	for (size_t i = 0; i < proof->sibling.n; i++) {
		const struct token_attribute *one = &proof->sibling.items[i];

		if (look_up(&proof->key, one->name) != one->value)
			buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", one->name);
	}
	if (names.len > 0)
		findings_add(findings, FINDING_WARNING, "sibling-differs",
		    &evidence->entry->key_mark, NULL,
		    "the CA key is not like the key that it was tried on: %s",
		    buf_text(&names));
}

/* --- the attestation ----------------------------------------------------------------- */

static void judge_touch(const struct evidence *evidence, struct findings *findings)
{
	const struct attest_result *result = &evidence->attestation;

	for (size_t i = 0; i < result->n_facts; i++) {
		const struct attest_fact *fact = &result->facts[i];

		if (strcmp(fact->name, "touch-policy") != 0 ||
		    (strcmp(fact->value, "never") != 0) == evidence->entry->touch)
			continue;
		findings_add(findings, FINDING_WARNING, "touch", &evidence->entry->key_mark,
		    evidence->entry->touch ? "take 'touch: true' out of the inventory"
		                           : "put 'touch: true' into the inventory",
		    "the inventory says that the key wants %s touch, the attestation says '%s'",
		    evidence->entry->touch ? "a" : "no", fact->value);
	}
}

/* --- the grade ----------------------------------------------------------------------- */

static void set_grade(struct evidence *evidence, enum evidence_grade grade, const char *reason)
{
	evidence->grade = grade;
	evidence->reason = reason;
}

static void judge_grade(struct evidence *evidence, size_t leaks)
{
	const struct token_identity *identity = &evidence->proof.identity;

	if (evidence->attested)
		set_grade(evidence, EVIDENCE_ATTESTED,
		    "the device's own statement leads to the root that was named");
	else if (token_software(identity))
		set_grade(
		    evidence, EVIDENCE_SOFTWARE, "the token is software by its own words");
	else if (!identity->hardware_slot)
		set_grade(evidence, EVIDENCE_SOFTWARE,
		    "the module does not say that the slot is a device (CKF_HW_SLOT)");
	else if (leaks > 0)
		set_grade(evidence, EVIDENCE_SOFTWARE, lowered);
	else
		set_grade(evidence, EVIDENCE_CLAIMED,
		    "the module says that the slot is a device (CKF_HW_SLOT); nothing proves "
		    "it");
}

void evidence_judge(struct evidence *evidence, struct findings *findings)
{
	const size_t before = findings->errors;

	judge_key(evidence, findings);
	judge_trials(evidence, TOKEN_EXPORT, findings);
	judge_grade(evidence, findings->errors - before);
	judge_trials(evidence, TOKEN_USE, findings);
	judge_uses(evidence, findings);
	judge_sibling(evidence, findings);
	judge_touch(evidence, findings);
}

const char *evidence_grade_name(enum evidence_grade grade)
{
	static const char *const names[] = {
		[EVIDENCE_SOFTWARE] = "software",
		[EVIDENCE_CLAIMED] = "claimed",
		[EVIDENCE_ATTESTED] = "attested",
	};

	return names[grade];
}

const char *evidence_verdict_name(enum token_verdict verdict)
{
	static const char *const names[] = {
		[TOKEN_REFUSED] = "refused",
		[TOKEN_ALLOWED] = "allowed",
		[TOKEN_IN_NAME] = "in name only",
		[TOKEN_UNCLEAR] = "unclear",
		[TOKEN_NOT_TRIED] = "not tried",
	};

	return names[verdict];
}
