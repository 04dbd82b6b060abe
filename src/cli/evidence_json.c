// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <mica/certificate.h>

#include "evidence.h"
#include "json.h"

static void set_digest(json_t *object, const char *key, struct digest digest)
{
	json_set_hex(object, key, digest.bytes, sizeof(digest.bytes));
}

/* words with blanks between them */
static json_t *words_json(const char *text)
{
	json_t *list = json_array();
	MICA_FREE char *copy = mem_strdup(text);
	char *rest = NULL;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		json_add_text(list, word);
	return list;
}

static json_t *ca_json(const struct evidence *evidence)
{
	const struct ca *ca = evidence->ca;
	json_t *object = json_object();

	json_set_text(object, "name", evidence->entry->name);
	json_set_text(object, "subject", ca_subject_text(ca));
	json_set_time(object, "not-after", ca_not_after(ca));
	set_digest(object, "sha256", ca_fingerprint(ca));
	set_digest(object, "spki-sha256", digest_of(ca_spki(ca)->data, ca_spki(ca)->len));
	json_set_text(object, "certificate", buf_text(ca_pem(ca)));
	return object;
}

static json_t *token_json(const struct token_identity *identity)
{
	json_t *object = json_object();

	json_set_text(object, "label", identity->label);
	json_set_text(object, "serial", identity->serial);
	json_set_text(object, "manufacturer", identity->manufacturer);
	json_set_text(object, "model", identity->model);
	json_set_text(object, "hardware-version", identity->hardware_version);
	json_set_text(object, "firmware-version", identity->firmware_version);
	json_set(object, "flags", words_json(identity->token_flags));
	return object;
}

static json_t *slot_json(const struct token_identity *identity)
{
	json_t *object = json_object();

	json_set_text(object, "description", identity->slot_description);
	json_set_text(object, "manufacturer", identity->slot_manufacturer);
	json_set_text(object, "hardware-version", identity->slot_hardware_version);
	json_set_text(object, "firmware-version", identity->slot_firmware_version);
	json_set(object, "flags", words_json(identity->slot_flags));
	return object;
}

static json_t *library_json(const struct token_identity *identity)
{
	json_t *object = json_object();

	json_set_text(object, "manufacturer", identity->library_manufacturer);
	json_set_text(object, "description", identity->library_description);
	json_set_text(object, "version", identity->library_version);
	json_set_text(object, "cryptoki-version", identity->cryptoki_version);
	json_set_text(object, "path", identity->module);
	set_digest(object, "sha256", identity->module_sha256);
	json_set_text(object, "known-software", token_software(identity));
	return object;
}

static json_t *attributes_json(const struct token_attributes *attributes)
{
	json_t *object = json_object();

	for (size_t i = 0; i < attributes->n; i++)
		json_set_flag(object, attributes->items[i].name, attributes->items[i].value);
	return object;
}

static json_t *key_json(const struct evidence *evidence)
{
	const struct token_proof *proof = &evidence->proof;
	json_t *object = json_object();
	json_t *mechanisms = proof->mechanisms_told ? json_array() : json_null();

	for (size_t i = 0; i < proof->n_mechanisms; i++)
		json_add_text(mechanisms, proof->mechanisms[i]);
	json_set_text(object, "uri", evidence->entry->key);
	json_set_text(object, "label", evidence->key->label);
	json_set_hex(object, "id", evidence->key->id.data, evidence->key->id.len);
	json_set_text(object, "algorithm", algorithm_info(evidence->key->algorithm)->name);
	json_set(object, "attributes", attributes_json(&proof->key));
	json_set(object, "allowed-mechanisms", mechanisms);
	return object;
}

static json_t *sibling_json(const struct token_proof *proof)
{
	json_t *object = json_object();

	json_set_bool(object, "made", proof->sibling.n > 0);
	json_set_text(object, "reason", proof->no_sibling);
	json_set(object, "attributes",
	    proof->sibling.n > 0 ? attributes_json(&proof->sibling) : json_null());
	return object;
}

static json_t *trials_json(const struct token_proof *proof)
{
	json_t *list = json_array();

	for (size_t i = 0; i < proof->n_trials; i++) {
		const struct token_trial *trial = &proof->trials[i];
		json_t *object = json_object();

		json_set_text(object, "name", trial->name);
		json_set_text(object, "aim", trial->aim == TOKEN_EXPORT ? "export" : "use");
		json_set_text(object, "tried", trial->tried);
		json_set_text(object, "verdict", evidence_verdict_name(trial->verdict));
		json_set_text(object, "answer", trial->answer);
		json_set_text(object, "reason", trial->reason);
		json_add(list, object);
	}
	return list;
}

static json_t *attestation_json(const struct evidence *evidence)
{
	const struct attest_result *result = &evidence->attestation;
	json_t *object = evidence->attested ? json_object() : json_null();
	json_t *facts = json_object();

	if (!evidence->attested) {
		json_decref(facts);
		return object;
	}
	for (size_t i = 0; i < result->n_facts; i++)
		json_set_text(facts, result->facts[i].name, result->facts[i].value);
	json_set_text(object, "kind", result->kind);
	json_set_text(
	    object, "from", evidence->source == EVIDENCE_FROM_FILE ? "file" : "token");
	json_set_text(object, "device", result->device);
	json_set(object, "facts", facts);
	json_set_text(object, "certificate-sha256", result->certificate_sha256);
	json_set_text(object, "root", result->issuer);
	json_set_text(object, "root-sha256", result->root_sha256);
	json_set_text(object, "pem", buf_text(&evidence->attested_pem));
	return object;
}

json_t *evidence_json(const struct evidence *evidence, const struct findings *findings)
{
	const struct token_identity *identity = &evidence->proof.identity;
	json_t *document = json_object();

	json_set_text(document, "format", "mica-evidence");
	json_set_count(document, "version", EVIDENCE_VERSION);
	json_set_text(document, "mica", MICA_VERSION);
	json_set_time(document, "time", evidence->now);
	json_set_text(document, "grade", evidence_grade_name(evidence->grade));
	json_set_text(document, "grade-reason", evidence->reason);
	json_set(document, "ca", ca_json(evidence));
	json_set(document, "token", token_json(identity));
	json_set(document, "slot", slot_json(identity));
	json_set(document, "library", library_json(identity));
	json_set(document, "key", key_json(evidence));
	json_set(document, "sibling", sibling_json(&evidence->proof));
	json_set(document, "trials", trials_json(&evidence->proof));
	json_set(document, "attestation", attestation_json(evidence));
	json_set(document, "findings", json_of_findings(findings));
	return document;
}
