// SPDX-License-Identifier: Apache-2.0
/* What restarts a Milvus: words, and no shell. */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

#include <mica/mem.h>
#include <mica/num.h>

enum { DEFAULT_DEADLINE = 120, MAX_DEADLINE = 3600, MAX_WORDS = 64 };

static void free_words(char ***words)
{
	for (char **at = *words; at && *at; at++)
		free(*at);
	free(*words);
}

/* What only a shell takes for more than a word. As one of several words it may be meant so: an
 * argument of a program that reads it. As a word of its own it never does what was meant. */
static bool is_shells(const char *word)
{
	static const char *const operators[] = { "&&", "||", "|", ";", "&", ">", ">>", "<",
		"2>&1" };

	for (size_t i = 0; i < mem_count(operators); i++) {
		if (strcmp(word, operators[i]) == 0)
			return true;
	}
	return false;
}

static void judge_words(struct judge *judge, const struct schema_value *value)
{
	const struct doc_node *node = value->node;
	const char *first = schema_item(value, 0);

	if (node->n == 1 && first && strchr(first, ' ') && !strchr(first, '/'))
		doc_fault(judge->findings, "restart", &node->items[0]->mark,
		    "write [docker, compose, restart, standalone]",
		    "'restart' is a list of words, and this is one word with blanks in it");
	for (size_t i = 0; i < node->n; i++) {
		const char *word = schema_item(value, i);

		if (word && is_shells(word))
			doc_fault(judge->findings, "restart", &node->items[i]->mark,
			    "put it into a script, and name that",
			    "'restart' runs without a shell, to which alone '%s' has a meaning",
			    word);
	}
}

static char **copy_words(const struct schema_value *value)
{
	const size_t n = schema_count(value);
	MICA_AUTO(free_words) char **words = mem_array(n + 1, sizeof(*words));

	for (size_t i = 0; i < n; i++) {
		words[i] = mem_strdup(schema_item(value, i));
		if (!words[i])
			return NULL;
	}
	return mem_give(words);
}

static void judge_deadline(
    struct judge *judge, const struct schema_value *value, struct inv_deployment *out)
{
	out->deadline = DEFAULT_DEADLINE;
	if (!value->node)
		return;
	if (num_parse_duration(value->node->text, &out->deadline) < 0 || out->deadline < 1 ||
	    out->deadline > MAX_DEADLINE)
		doc_fault(judge->findings, "deadline", &value->node->mark, "such as 2m",
		    "'%s' is not a span of 1s to 1h", value->node->text);
}

void judge_restart(
    struct judge *judge, const struct milvus_keys *keys, struct inv_deployment *out)
{
	const size_t n = schema_count(&keys->restart);

	judge_deadline(judge, &keys->deadline, out);
	if (n > MAX_WORDS) {
		doc_fault(judge->findings, "restart", &keys->restart.node->mark,
		    "put it into a script, and name that", "'restart' has at most %d words",
		    MAX_WORDS);
		return;
	}
	if (n > 0) {
		judge_words(judge, &keys->restart);
		out->restart = copy_words(&keys->restart);
	} else if (keys->deadline.node && !keys->restart.faulty) {
		doc_fault(judge->findings, "deadline", &keys->deadline.node->mark,
		    "say with 'restart' what is to be done within it",
		    "there is nothing that this deadline is for");
	}
}
