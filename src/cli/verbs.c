// SPDX-License-Identifier: Apache-2.0
#include "verbs.h"

#include <string.h>

#include <mica/mem.h>
#include <mica/nearest.h>

#define FIELD(name) offsetof(struct options, name)

/* --- options ------------------------------------------------------------------------- */

static const struct opt common[] = {
	{ 'f', "file", OPT_TEXT, "FILE", FIELD(file), "the inventory (default ./mica.yaml)" },
	{ 0, "json", OPT_SWITCH, NULL, FIELD(json), "the result as one JSON document" },
	{ 'q', "quiet", OPT_SWITCH, NULL, FIELD(quiet), "say nothing but warnings and errors" },
	{ 'v', "verbose", OPT_SWITCH, NULL, FIELD(verbose), "say more" },
	{ 'h', "help", OPT_SWITCH, NULL, FIELD(help), "this text" },
	{ 0, "version", OPT_SWITCH, NULL, FIELD(version), "print the version" },
};

static const struct opt init_options[] = {
	{ 0, "adopt", OPT_SWITCH, NULL, FIELD(adopt),
	    "use the key that is on the token already" },
	{ 0, "renew", OPT_SWITCH, NULL, FIELD(renew),
	    "another certificate for the key that the CA has" },
	{ 0, "csr", OPT_TEXT, "FILE", FIELD(csr), "write a request for the parent CA to sign" },
	{ 0, "certificate", OPT_TEXT, "FILE", FIELD(certificate),
	    "take the certificate that the parent CA signed" },
	{ 0, "unattended", OPT_SWITCH, NULL, FIELD(unattended),
	    "nobody is there to be asked for a PIN" },
	{ 0, "use-last-try", OPT_SWITCH, NULL, FIELD(use_last_try),
	    "log in although a wrong PIN was given before" },
};

static const struct opt plan_options[] = {
	{ 0, "only", OPT_TEXT, "DEPLOYMENT", FIELD(only), "this deployment and nothing else" },
	{ 0, "ahead", OPT_SPAN, "SPAN", FIELD(ahead),
	    "also what becomes due within this time: 60d" },
	{ 0, "at", OPT_DATE, "DATE", FIELD(at), "as it would be then: 2026-11-22" },
	{ 0, "exit-code", OPT_SWITCH, NULL, FIELD(exit_code),
	    "exit 4 when there is anything to do" },
};

static const struct opt apply_options[] = {
	{ 0, "only", OPT_TEXT, "DEPLOYMENT", FIELD(only), "this deployment and nothing else" },
	{ 0, "ahead", OPT_SPAN, "SPAN", FIELD(ahead),
	    "also what becomes due within this time: 60d" },
	{ 0, "restarted", OPT_TEXT, "DEPLOYMENT", FIELD(restarted),
	    "its Milvus was restarted by hand: nothing is owed from before" },
	{ 0, "unattended", OPT_SWITCH, NULL, FIELD(unattended),
	    "nobody is there to be asked for a PIN" },
	{ 0, "use-last-try", OPT_SWITCH, NULL, FIELD(use_last_try),
	    "log in although a wrong PIN was given before" },
};

static const struct opt rotate_options[] = {
	{ 0, "all", OPT_SWITCH, NULL, FIELD(all), "every certificate of the inventory" },
	{ 0, "only", OPT_TEXT, "DEPLOYMENT", FIELD(only), "this deployment and nothing else" },
	{ 0, "ahead", OPT_SPAN, "SPAN", FIELD(ahead),
	    "also what becomes due within this time: 60d" },
	{ 0, "unattended", OPT_SWITCH, NULL, FIELD(unattended),
	    "nobody is there to be asked for a PIN" },
	{ 0, "use-last-try", OPT_SWITCH, NULL, FIELD(use_last_try),
	    "log in although a wrong PIN was given before" },
};

static const struct opt status_options[] = {
	{ 0, "exit-code", OPT_SWITCH, NULL, FIELD(exit_code),
	    "exit 4 when anything is to be done, 5 when it is not served yet" },
	{ 0, "prometheus", OPT_TEXT, "FILE", FIELD(prometheus),
	    "write a page for Prometheus' textfile collector" },
};

static const struct opt check_options[] = {
	{ 0, "only", OPT_TEXT, "DEPLOYMENT", FIELD(only), "this deployment and nothing else" },
	{ 0, "ahead", OPT_SPAN, "SPAN", FIELD(ahead),
	    "tell what expires within this time (default 30d)" },
	{ 0, "at", OPT_DATE, "DATE", FIELD(at), "as it would be then: 2026-11-22" },
	{ 0, "config", OPT_TEXTS, "FILE", FIELD(configs),
	    "a whole milvus.yaml, then what is merged over it" },
	{ 0, "user", OPT_TEXT, "FILE", FIELD(user), "the user.yaml, merged last" },
	{ 0, "helm", OPT_TEXT, "FILE", FIELD(helm), "values of the Helm chart" },
	{ 0, "operator", OPT_TEXT, "FILE", FIELD(operator),
	    "a Milvus resource of the operator" },
	{ 0, "env", OPT_TEXTS, "KEY=VALUE", FIELD(variables),
	    "a variable that Milvus runs with" },
	{ 0, "mount", OPT_TEXTS, "INSIDE=HERE", FIELD(mounts),
	    "where a path of the container lies here" },
	{ 0, "milvus", OPT_TEXT, "VERSION", FIELD(milvus),
	    "the version of Milvus (default 2.6)" },
	{ 0, "client", OPT_TEXTS, "NAME=VALUE,...", FIELD(clients),
	    "what a client is told, by pymilvus' names" },
	{ 0, "ca", OPT_TEXT, "FILE", FIELD(ca), "what clients trust" },
	{ 0, "endpoint", OPT_TEXTS, "HOST:PORT", FIELD(endpoints),
	    "where Milvus answers; it is probed" },
	{ 0, "rest", OPT_TEXT, "HOST:PORT", FIELD(rest), "where its REST answers" },
	{ 0, "metrics", OPT_TEXT, "HOST:PORT", FIELD(metrics),
	    "where its port 9091 would answer" },
};

static const struct opt revoke_options[] = {
	{ 0, "reason", OPT_TEXT, "REASON", FIELD(reason),
	    "why: keyCompromise, superseded, cessationOfOperation, ..." },
	{ 0, "crl", OPT_SWITCH, NULL, FIELD(crl), "sign the CRL anew, and revoke nothing" },
	{ 0, "unattended", OPT_SWITCH, NULL, FIELD(unattended),
	    "nobody is there to be asked for a PIN" },
	{ 0, "use-last-try", OPT_SWITCH, NULL, FIELD(use_last_try),
	    "log in although a wrong PIN was given before" },
};

static const struct opt audit_options[] = {
	{ 0, "quick", OPT_SWITCH, NULL, FIELD(quick),
	    "verify the signatures of CAs and CRLs only" },
	{ 0, "full", OPT_SWITCH, NULL, FIELD(full),
	    "verify those of certificates that have expired as well" },
	{ 0, "evidence", OPT_TEXT, "FILE", FIELD(evidence),
	    "write all of it to this file, for somebody else to verify" },
	{ 0, "accept-restore", OPT_SWITCH, NULL, FIELD(accept_restore),
	    "take over what only lies outside: see docs/backup.md first" },
	{ 0, "verify", OPT_TEXT, "FILE", FIELD(verify),
	    "audit such a file: no inventory, no state directory" },
	{ 0, "ca", OPT_TEXT, "FILE", FIELD(ca),
	    "the CA certificates that are trusted, for --verify" },
};

static const struct opt token_options[] = {
	{ 0, "list", OPT_SWITCH, NULL, FIELD(list), "list the tokens only: no PIN, no login" },
	{ 0, "module", OPT_TEXT, "MODULE", FIELD(module),
	    "list this module's tokens; no inventory is read" },
	{ 0, "prove", OPT_TEXT, "FILE", FIELD(prove),
	    "write evidence of where the CA key lives to this file" },
	{ 0, "attestation", OPT_TEXT, "FILE", FIELD(attestation),
	    "what the device attests of the key, for --prove" },
	{ 0, "root", OPT_TEXT, "FILE", FIELD(root),
	    "the vendor's root certificate that the attestation leads to" },
	{ 0, "clear-latch", OPT_SWITCH, NULL, FIELD(clear_latch),
	    "forget that a PIN was refused: no login" },
	{ 0, "unattended", OPT_SWITCH, NULL, FIELD(unattended),
	    "nobody is there to be asked for a PIN" },
	{ 0, "use-last-try", OPT_SWITCH, NULL, FIELD(use_last_try),
	    "log in although a wrong PIN was given before" },
};

/* --- verbs --------------------------------------------------------------------------- */

#define OPTIONS(table) .options = (table), .n_options = mem_count(table)
#define REFUSED (1U << EXIT_REFUSED)
#define PENDING (1U << EXIT_PENDING)
#define UNSERVED (1U << EXIT_UNSERVED)

static const struct verb verbs[] = {
	{
	    .name = "example",
	    .operands = "KIND",
	    .summary = "print a commented mica.yaml to begin with",
	    .text = "Prints an inventory with a comment on every key, for a Milvus that runs "
	            "by Docker\n"
	            "Compose (compose), in Kubernetes by Helm (helm) or Milvus Operator "
	            "(operator), or\n"
	            "from a directory (files). It applies as it is.\n",
	    .example = "mica example compose >mica.yaml",
	    .common = "help",
	    .run = verb_example,
	},
	{
	    .name = "init",
	    .operands = "[CA]",
	    .summary = "make the CA's key on the token, and its certificate",
	    .text =
	        "Makes the key of every CA that has no certificate yet on its token, where it "
	        "stays, and\n"
	        "the CA's own certificate; or of the one that is named. A key that is there "
	        "already is\n"
	        "refused, or used with --adopt. With --renew, makes another certificate for "
	        "the key that a\n"
	        "CA has, before the first one ends.\n"
	        "\n"
	        "Where the inventory names a 'parent', that CA signs the certificate: --csr "
	        "makes the key\n"
	        "and writes a request, --certificate takes what was signed.\n",
	    .example = "mica init",
	    .common = "file json quiet verbose help",
	    OPTIONS(init_options),
	    .statuses = REFUSED,
	    .run = verb_init,
	},
	{
	    .name = "plan",
	    .summary = "say what apply would do, and why",
	    .text = "Holds the inventory against the ledger, the delivered files and the "
	            "clock. Every\n"
	            "certificate that is due is drafted and linted. Nothing is changed, and no "
	            "token is\n"
	            "needed.\n",
	    .example = "mica plan --at 2027-01-31",
	    .common = "file json quiet verbose help",
	    OPTIONS(plan_options),
	    .statuses = REFUSED | PENDING,
	    .run = verb_plan,
	},
	{
	    .name = "apply",
	    .summary = "issue what is missing, rotate what is due, deliver it",
	    .text = "Does what 'mica plan' says: makes keys, has the token sign the "
	            "certificates, with one\n"
	            "login, and delivers both with the configuration for Milvus. Where the "
	            "inventory names\n"
	            "endpoints, asks whether they serve what was delivered: Milvus reads its "
	            "files only at\n"
	            "its start. An interrupted run is completed by the next.\n",
	    .example = "mica apply --unattended --ahead 7d",
	    .common = "file json quiet verbose help",
	    OPTIONS(apply_options),
	    .statuses = REFUSED | UNSERVED,
	    .run = verb_apply,
	},
	{
	    .name = "rotate",
	    .operands = "NAME... | --all",
	    .summary = "apply, with new keys for the certificates that are named",
	    .text = "As apply does, and issues the named certificates anew, with new keys, due "
	            "or not.\n",
	    .example = "mica rotate ingest",
	    .common = "file json quiet verbose help",
	    OPTIONS(rotate_options),
	    .statuses = REFUSED | UNSERVED,
	    .run = verb_rotate,
	},
	{
	    .name = "status",
	    .summary = "show every certificate: expiry, stage, what is due",
	    .text = "Shows every certificate with its serial number, its expiry, whether it is "
	            "issued,\n"
	            "delivered or served, and what is due; and, if the token were lost now, "
	            "when the first\n"
	            "Milvus would go dark. With -v, where each lies as well.\n",
	    .example = "mica status --json",
	    .common = "file json quiet verbose help",
	    OPTIONS(status_options),
	    .statuses = REFUSED | PENDING | UNSERVED,
	    .run = verb_status,
	},
	{
	    .name = "check",
	    .summary = "say what is wrong with a deployment, and how to mend it",
	    .text = "Judges every deployment of the inventory as it is: its configuration as "
	            "Milvus merges\n"
	            "it, the files it names, the ledger, and what its endpoints serve and "
	            "refuse. With\n"
	            "--config, --user, --helm, --operator, --client or --endpoint it judges "
	            "what these name\n"
	            "instead, and needs no inventory. Nothing is changed. docs/check.md lists "
	            "the rules.\n",
	    .example = "mica check --config milvus.yaml --user user.yaml --mount "
	               "/milvus/tls=tls",
	    .common = "file json quiet verbose help",
	    OPTIONS(check_options),
	    .statuses = REFUSED,
	    .run = verb_check,
	},
	{
	    .name = "revoke",
	    .operands = "NAME | SERIAL | --crl [CA]",
	    .summary = "revoke a certificate, and sign the CRL",
	    .text = "Records that a certificate is revoked, has its CA sign a new CRL, and "
	            "delivers that\n"
	            "beside every ca.pem. Milvus reads no CRL: it says who accepts the "
	            "certificate all the\n"
	            "same, and until when. NAME is an entry, for its newest certificate.\n",
	    .example = "mica revoke ingest --reason keyCompromise",
	    .common = "file json quiet verbose help",
	    OPTIONS(revoke_options),
	    .statuses = REFUSED,
	    .run = verb_revoke,
	},
	{
	    .name = "audit",
	    .summary = "verify the ledger and all that the CA keys ever signed",
	    .text = "Verifies the ledger's hash chain, the anchors of it in the CRLs that lie "
	            "outside,\n"
	            "every certificate's bytes, signature and profile against its record, the "
	            "CRLs against\n"
	            "what was revoked, and the delivered files; and shows all that the CA keys "
	            "ever signed,\n"
	            "with -v one by one. Nothing is changed, and no token is needed.\n",
	    .example = "mica audit --evidence evidence.json",
	    .common = "file json quiet verbose help",
	    OPTIONS(audit_options),
	    .statuses = REFUSED,
	    .run = verb_audit,
	},
	{
	    .name = "token",
	    .operands = "[CA]",
	    .summary = "list tokens and show the CA key's attributes",
	    .text = "Lists the tokens of the inventory's module, then logs in and shows what "
	            "the token says\n"
	            "of the CA key: that of the issuing CA, or of the one that is named. With "
	            "--prove, writes\n"
	            "evidence of where the key lives, for others to judge.\n",
	    .example = "mica token --module softhsm2",
	    .common = "file json quiet verbose help",
	    OPTIONS(token_options),
	    .statuses = REFUSED,
	    .run = verb_token,
	},
};

const struct verb *verb_at(size_t i)
{
	return i < mem_count(verbs) ? &verbs[i] : NULL;
}

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < mem_count(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

const char *verb_nearest(const char *name)
{
	struct nearest nearest = NEAREST_INIT(name);

	for (size_t i = 0; i < mem_count(verbs); i++)
		nearest_offer(&nearest, verbs[i].name);
	return nearest.best;
}

static int has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; (at = strstr(at, word)); at += len)
		if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return 1;
	return 0;
}

void verb_options(const struct verb *verb, struct opt_set *ret)
{
	*ret = (struct opt_set){ .n = 0 };
	for (size_t i = 0; verb && i < verb->n_options; i++)
		opt_add(ret, &verb->options[i]);
	for (size_t i = 0; i < mem_count(common); i++)
		if (!verb || has_word(verb->common, common[i].name))
			opt_add(ret, &common[i]);
}

/* --- help ---------------------------------------------------------------------------- */

void verb_help(FILE *to, const struct verb *verb)
{
	unsigned statuses =
	    verb->statuses | 1U << EXIT_DONE | 1U << EXIT_FAILED | 1U << EXIT_USAGE;
	struct opt_set set;

	verb_options(verb, &set);
	fprintf(to, "usage: mica %s [OPTION...]%s%s\n\n%s\noptions:\n", verb->name,
	    verb->operands ? " " : "", verb->operands ? verb->operands : "", verb->text);
	opt_print(to, &set);
	fprintf(to, "\nexit status:\n");
	for (unsigned i = 0; i < EXIT_COUNT; i++)
		if (statuses & 1U << i)
			fprintf(to, "  %u  %s\n", i, exit_status_text((enum exit_status)i));
	fprintf(to, "\nexample:\n  %s\n", verb->example);
}

void verbs_help(FILE *to)
{
	struct opt_set set;

	fprintf(to,
	    "usage: mica VERB [OPTION...]\n\n"
	    "A certificate authority for Milvus, its key on a PKCS#11 token.\n\nverbs:\n");
	for (size_t i = 0; i < mem_count(verbs); i++)
		fprintf(to, "  %-8s  %s\n", verbs[i].name, verbs[i].summary);
	fprintf(to, "  %-8s  %s\n", "help", "this text, or that of one verb: mica help VERB");
	fprintf(to, "\noptions, before or behind the verb:\n");
	verb_options(NULL, &set);
	opt_print(to, &set);
	fprintf(to, "\nbegin with:\n  mica example compose >mica.yaml\n  mica init\n  mica "
	            "plan\n  mica apply\n");
}
