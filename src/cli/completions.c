// SPDX-License-Identifier: Apache-2.0
/*
 * mica-completions SHELL: prints the completions for bash, zsh or fish, made from the tables of
 * verbs.c. Run while mica is built; not installed.
 */
#include <stdio.h>
#include <string.h>

#include <mica/mem.h>

#include "verbs.h"

static void print_names(const char *before)
{
	for (size_t i = 0; verb_at(i); i++)
		printf("%s%s", i > 0 ? before : "", verb_at(i)->name);
}

/* --- bash --------------------------------------------------------------------------------- */

static void bash_words(const struct opt_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		printf("%s--%s", i > 0 ? " " : "", set->items[i]->name);
}

static void print_bash(void)
{
	struct opt_set set;

	printf("# bash completion for mica; made from the program's own tables\n"
	       "_mica()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]} "
	       "before=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tlocal verb= words= i\n\tCOMPREPLY=()\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t-f | --file) ((i++)) ;;\n\t\t-*) ;;\n"
	       "\t\t*) verb=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
	       "\tcase $before in\n"
	       "\t-f | --file | --module | --config | --user | --helm | --operator | --ca | "
	       "--prometheus) "
	       "COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
	       "\t--at | --ahead | --only) return ;;\n\tesac\n\tcase $verb in\n");
	verb_options(NULL, &set);
	printf("\t'') words=\"");
	print_names(" ");
	printf(" help ");
	bash_words(&set);
	printf("\" ;;\n\thelp) words=\"");
	print_names(" ");
	printf("\" ;;\n");
	for (size_t i = 0; verb_at(i); i++) {
		verb_options(verb_at(i), &set);
		printf("\t%s) words=\"", verb_at(i)->name);
		bash_words(&set);
		printf("%s\" ;;\n", strcmp(verb_at(i)->name, "example") == 0
		                        ? " compose helm operator files"
		                        : "");
	}
	printf("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
	       "complete -F _mica mica\n");
}

/* --- zsh ---------------------------------------------------------------------------------- */

static void zsh_options(const struct opt_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct opt *opt = set->items[i];
		const char *argument = opt->argument ? opt->argument : "";
		const char *action = strcmp(argument, "FILE") == 0 ? ":_files" : ":";

		if (opt->letter)
			printf(" \\\n\t\t'(-%c --%s)'{-%c,--%s}", opt->letter, opt->name,
			    opt->letter, opt->name);
		else
			printf(" \\\n\t\t--%s", opt->name);
		printf("\"[%s]%s", opt->help, *argument ? ":" : "");
		for (; *argument; argument++)
			printf(*argument == ':' ? "\\:" : "%c", *argument);
		printf("%s\"", opt->argument ? action : "");
	}
	printf("\n");
}

static void print_zsh(void)
{
	struct opt_set set;

	printf("#compdef mica\n# zsh completion for mica; made from the program's own tables\n"
	       "local context state line\nlocal -a verbs=(\n");
	for (size_t i = 0; verb_at(i); i++)
		printf("\t\"%s:%s\"\n", verb_at(i)->name, verb_at(i)->summary);
	printf("\t\"help:show the help of a verb\"\n)\n_arguments -C");
	verb_options(NULL, &set);
	for (size_t i = 0; i < set.n; i++)
		if (set.items[i]->kind == OPT_SWITCH)
			printf(" --%s", set.items[i]->name);
	printf(" '(-f --file)'{-f,--file}':FILE:_files' '1: :->verb' '*:: :->rest'\n"
	       "case $state in\nverb) _describe verb verbs ;;\nrest)\n\tcase $words[1] in\n");
	for (size_t i = 0; verb_at(i); i++) {
		verb_options(verb_at(i), &set);
		printf("\t%s) _arguments", verb_at(i)->name);
		if (strcmp(verb_at(i)->name, "example") == 0)
			printf(" '1:kind:(compose helm operator files)'");
		zsh_options(&set);
		printf("\t\t;;\n");
	}
	printf("\thelp) _describe verb verbs ;;\n\tesac ;;\nesac\n");
}

/* --- fish --------------------------------------------------------------------------------- */

static void fish_options(const char *when, const struct opt_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct opt *opt = set->items[i];

		printf("complete -c mica -n \"%s\" -l %s", when, opt->name);
		if (opt->letter)
			printf(" -s %c", opt->letter);
		if (opt->argument)
			printf(" -r%s", strcmp(opt->argument, "FILE") == 0 ? " -F" : "");
		printf(" -d \"%s\"\n", opt->help);
	}
}

static void print_fish(void)
{
	struct opt_set set;

	printf("# fish completion for mica; made from the program's own tables\ncomplete -c "
	       "mica -f\n");
	for (size_t i = 0; verb_at(i); i++)
		printf("complete -c mica -n __fish_use_subcommand -a %s -d \"%s\"\n",
		    verb_at(i)->name, verb_at(i)->summary);
	printf(
	    "complete -c mica -n __fish_use_subcommand -a help -d \"show the help of a verb\"\n"
	    "complete -c mica -n \"__fish_seen_subcommand_from help\" -a \"");
	print_names(" ");
	printf("\"\ncomplete -c mica -n \"__fish_seen_subcommand_from example\" -a \"compose "
	       "helm operator files\"\n");
	verb_options(NULL, &set);
	fish_options("__fish_use_subcommand", &set);
	for (size_t i = 0; verb_at(i); i++) {
		MICA_FREE char *when =
		    mem_printf("__fish_seen_subcommand_from %s", verb_at(i)->name);

		verb_options(verb_at(i), &set);
		fish_options(when, &set);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *shell;
		void (*print)(void);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (size_t i = 0; argc == 2 && i < mem_count(shells); i++) {
		if (strcmp(argv[1], shells[i].shell) == 0) {
			shells[i].print();
			return fflush(stdout) == 0 ? 0 : 1;
		}
	}
	fprintf(stderr, "usage: mica-completions bash | zsh | fish\n");
	return 2;
}
