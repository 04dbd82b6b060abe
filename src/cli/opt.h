// SPDX-License-Identifier: Apache-2.0
/*
 * opt: options from tables. One table entry is what the parser takes, what --help prints, what
 * the completions offer and what the man page is compared with.
 *
 * Reading is strict: nothing is abbreviated, nothing unknown is passed over, an option with a
 * value is given once, unless it is a list. Options and words may be mixed; "--" ends the
 * options.
 */
#ifndef MICA_CLI_OPT_H
#define MICA_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <mica/err.h>

/* The values of an option that may be given more than once, in their order. */
struct opt_list {
	char **items;
	size_t n;
};

/* What the options of all verbs set; a verb reads those of its own table. */
struct options {
	char *file; /* NULL: ./mica.yaml */
	bool quiet, verbose, json, help, version;
	char *only, *restarted;
	char *module;
	char *prove, *attestation, *root;
	char *csr, *certificate;
	char *evidence, *verify;
	bool accept_restore, quick, full;
	char *reason;
	bool crl;
	char *prometheus;
	/* check */
	struct opt_list configs, variables, mounts, endpoints, clients;
	char *user, *helm, *operator, * milvus, *ca, *rest, *metrics;
	char *at;    /* kept as written; at_time holds */
	char *ahead; /* kept as written; ahead_seconds holds */
	int64_t at_time;
	int64_t ahead_seconds;
	bool renew; /* init */
	bool exit_code, unattended, adopt, all, list, use_last_try, clear_latch;
	char **words; /* what is no option */
	size_t n_words;
};

void options_clear(struct options *options);

enum opt_kind {
	OPT_SWITCH, /* a bool */
	OPT_TEXT,   /* a char * */
	OPT_TEXTS,  /* a struct opt_list: it may be given more than once */
	OPT_DATE,   /* a char *, checked, and at_time */
	OPT_SPAN,   /* a char *, checked, and ahead_seconds */
};

struct opt {
	char letter; /* 0: none */
	const char *name;
	enum opt_kind kind;
	const char *argument; /* what the value is called: "FILE"; NULL for a switch */
	size_t where;         /* offset in struct options */
	const char *help;
};

enum { OPT_MAX = 64 };

/* The options that hold at one place of the command line. */
struct opt_set {
	const struct opt *items[OPT_MAX];
	size_t n;
	const struct opt_set *later; /* those that hold behind the verb only; NULL: none */
};

void opt_add(struct opt_set *set, const struct opt *opt);
const struct opt *opt_find(const struct opt_set *set, const char *name);

enum opt_order {
	OPT_MIXED,      /* options among the words */
	OPT_UNTIL_WORD, /* the first word ends the options: it and all behind it are the words
	                 */
};

/* argv: NULL-terminated, argv[0] is passed over. ERR_USAGE says the fault and, for a misspelt
 * option, the nearest one; the caller adds the hint. Options that were read before a fault
 * stay. */
int opt_parse(const struct opt_set *set, enum opt_order order, char *const *argv,
    struct options *options, struct err *err) MICA_CHECKED;

/* One line for each option, as --help shows them. */
void opt_print(FILE *to, const struct opt_set *set);

#endif
