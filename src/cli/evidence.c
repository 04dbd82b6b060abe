// SPDX-License-Identifier: Apache-2.0
#include "evidence.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <mica/file.h>

#include "json.h"
#include "login.h"

static void evidence_clear(struct evidence *evidence)
{
	token_proof_clear(&evidence->proof);
	attest_result_clear(&evidence->attestation);
	buf_clear(&evidence->attested_pem);
}

/* --- before the token ---------------------------------------------------------------- */

int evidence_check_options(const struct options *options, struct err *err)
{
	if (!options->prove && (options->attestation || options->root))
		return err_set(err, ERR_USAGE, "--%s goes with --prove FILE",
		    options->attestation ? "attestation" : "root");
	if (!options->prove)
		return 0;
	if (options->attestation && !options->root) {
		err_set(err, ERR_USAGE, "--attestation needs --root FILE");
		return err_hint(err,
		    "an attestation is worth what the vendor's root certificate is: name it");
	}
	if (options->module || options->list || options->clear_latch)
		return err_set(err, ERR_USAGE, "--prove and --%s exclude each other",
		    options->module ? "module"
		    : options->list ? "list"
		                    : "clear-latch");
	return 0;
}

static int read_file(const char *path, struct buf *ret, struct err *err)
{
	return path ? file_read(AT_FDCWD, path, FILE_MAX_TEXT, ret, err) : 0;
}

static int check_attestation(struct evidence *evidence, const struct buf *root, struct err *err)
{
	if (attest_verify(&evidence->attested_pem, root, ca_spki(evidence->ca), evidence->now,
	        &evidence->attestation, err) < 0)
		return -1;
	evidence->attested = true;
	return 0;
}

/* All that can be judged without a login. */
static int begin(const struct run *run, const struct issue *issue, struct buf *ret_root,
    struct evidence *ret, struct err *err)
{
	if (run_ca(run, issue_inventory(issue), &ret->entry, err) < 0)
		return -1;
	ret->ca = issue_ca_of(issue, ret->entry);
	ret->now = run->ambient.now;
	if (!ret->ca) {
		err_set(err, ERR_FAILED,
		    "CA '%s' has no certificate yet that evidence could be of",
		    ret->entry->name);
		return err_hint(err, "mica init makes it");
	}
	if (read_file(run->options.root, ret_root, err) < 0 ||
	    read_file(run->options.attestation, &ret->attested_pem, err) < 0)
		return -1;
	ret->source = EVIDENCE_FROM_FILE;
	return run->options.attestation ? check_attestation(ret, ret_root, err) : 0;
}

/* --- with the token ------------------------------------------------------------------ */

/* Some tokens show what they attest. */
static int find_attestation(struct evidence *evidence, const struct buf *root, struct err *err)
{
	const struct token_proof *proof = &evidence->proof;

	if (attest_piv_gather(proof->certificates, proof->n_certificates, ca_spki(evidence->ca),
	        &evidence->attested_pem, err) < 0) {
		err->kind = ERR_REFUSED;
		return err_hint(err, "ask the token's own tool for one and name the file with "
		                     "--attestation");
	}
	evidence->source = EVIDENCE_FROM_TOKEN;
	return check_attestation(evidence, root, err);
}

/* What is attested is a device's key; a copy of it in software would be another matter. */
static int refuse_software(const struct evidence *evidence, struct err *err)
{
	const char *name = token_software(&evidence->proof.identity);

	if (!evidence->attested || !name)
		return 0;
	err_set(err, ERR_REFUSED,
	    "the attestation says that a device holds the key, but this token is %s", name);
	return err_hint(err, "either the root or the key is not what it should be");
}

static int gather(const struct run *run, struct login *login, const struct buf *root,
    struct evidence *ret, struct err *err)
{
	if (login_enter(login, err) < 0 ||
	    login_find(login, ca_spki(ret->ca), &ret->key, err) < 0 ||
	    token_prove(login_token(login), ret->key, &ret->proof, err) < 0)
		return -1;
	if (run->options.root && !ret->attested && find_attestation(ret, root, err) < 0)
		return -1;
	return refuse_software(ret, err);
}

/* --- the result ---------------------------------------------------------------------- */

static int write_document(
    const struct run *run, json_t *document, char **ret_text, struct err *err)
{
	char *json = json_dumps(document, JSON_INDENT(2));
	MICA_FREE char *text = json ? mem_printf("%s\n", json) : NULL;

	free(json);
	if (!text)
		return err_set(err, ERR_FAILED, "cannot write the evidence as JSON");
	if (file_replace(AT_FDCWD, run->options.prove, text, strlen(text), 0644, err) < 0)
		return -1;
	*ret_text = mem_give(text);
	return 0;
}

static int conclude(struct run *run, struct evidence *evidence, struct err *err)
{
	const struct findings *findings = &run->report.findings;
	MICA_FREE char *text = NULL;
	json_t *document;
	int written;

	evidence_judge(evidence, &run->report.findings);
	document = evidence_json(evidence, findings);
	written = write_document(run, document, &text, err);
	json_decref(document);
	if (written < 0)
		return -1;
	if (run->options.json)
		fputs(text, stdout);
	if (run_prints(run))
		evidence_print(evidence, run->options.prove);
	report_findings(&run->report);
	if (findings->errors == 0)
		return EXIT_DONE;
	err_set(err, ERR_REFUSED, "the evidence speaks against the key: %zu error%s",
	    findings->errors, findings->errors == 1 ? "" : "s");
	return err_hint(err, "it was written to '%s' all the same", run->options.prove);
}

int evidence_prove(struct run *run, const struct issue *issue, struct err *err)
{
	MICA_AUTO(evidence_clear) struct evidence evidence = { 0 };
	MICA_AUTO(login_freep) struct login *login = NULL;
	struct login_params login_params = { NULL, issue_inventory(issue)->state_dir,
		run->ambient.now, &run->options, &run->report };
	BUF_AUTO root = BUF_INIT;

	if (begin(run, issue, &root, &evidence, err) < 0)
		return -1;
	login_params.ca = evidence.entry;
	if (login_begin(&login_params, &login, err) < 0 ||
	    gather(run, login, &root, &evidence, err) < 0)
		return -1;
	login_leave(login);
	return conclude(run, &evidence, err);
}
